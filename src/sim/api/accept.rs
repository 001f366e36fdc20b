//! Which form of an answer a client asked for.

use super::request::Request;
use crate::sim::resource::Res;
use crate::sim::status::Status;

/// How much of the object stands in a Table's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Include {
    None,
    Metadata,
    Object,
}

/// The form in which objects are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Whole objects.
    Json,
    /// `meta.k8s.io/v1` Table.
    Table(Include),
    /// `PartialObjectMetadata`, and its List.
    Partial,
    /// Whole objects in protobuf.
    Protobuf,
    /// `PartialObjectMetadata` in protobuf.
    PartialProtobuf,
}

/// The media type of protobuf.
pub(crate) const PROTOBUF: &str = "application/vnd.kubernetes.protobuf";

impl Format {
    /// The content type of a whole answer.
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Format::Json | Format::Table(_) | Format::Partial => "application/json",
            Format::Protobuf | Format::PartialProtobuf => PROTOBUF,
        }
    }

    /// The content type of a watch.
    pub(crate) fn stream_type(self) -> &'static str {
        match self {
            Format::Json | Format::Table(_) | Format::Partial => "application/json",
            Format::Protobuf | Format::PartialProtobuf => {
                "application/vnd.kubernetes.protobuf;stream=watch"
            }
        }
    }
}

/// Whether an answer that is no object of a resource, such as a Status, goes as protobuf.
pub(crate) fn status_in_protobuf(accept: &str) -> bool {
    for clause in accept.split(',').filter(|c| !c.contains("as=")) {
        match clause.split(';').next().unwrap_or_default().trim() {
            PROTOBUF => return true,
            "application/json" | "application/*" | "*/*" => return false,
            _ => {}
        }
    }
    false
}

/// Reads the `Accept` header: the first form that we can give.
///
/// # Errors
/// 406 when none is JSON or protobuf; 400 for an unknown `includeObject`.
pub(crate) fn format(req: &Request, res: Res) -> Result<Format, Status> {
    if req.accept.trim().is_empty() {
        return Ok(Format::Json);
    }
    for clause in req.accept.split(',') {
        let mut parts = clause.split(';').map(str::trim);
        let media = parts.next().unwrap_or_default();
        let protobuf = media == PROTOBUF;
        if protobuf && !res.has_protobuf() {
            continue;
        }
        if !protobuf && !matches!(media, "application/json" | "application/*" | "*/*") {
            continue;
        }
        let (mut kind, mut version, mut group) = ("", "", "");
        for (key, value) in parts.filter_map(|part| part.split_once('=')) {
            match key {
                "as" => kind = value,
                "v" => version = value,
                "g" => group = value,
                _ => {}
            }
        }
        match kind {
            "" if protobuf => return Ok(Format::Protobuf),
            "" => return Ok(Format::Json),
            // A Table has no protobuf form.
            "Table" if protobuf => {}
            "Table" if version == "v1" && group == "meta.k8s.io" => {
                return Ok(Format::Table(include(req)?));
            }
            "PartialObjectMetadata" | "PartialObjectMetadataList"
                if version == "v1" && group == "meta.k8s.io" =>
            {
                return Ok(if protobuf {
                    Format::PartialProtobuf
                } else {
                    Format::Partial
                });
            }
            _ => {}
        }
    }
    Err(Status::new(
        406,
        "NotAcceptable",
        "only the following media types are accepted: application/json, application/vnd.kubernetes.protobuf",
    ))
}

fn include(req: &Request) -> Result<Include, Status> {
    match req.param("includeObject") {
        None | Some("Metadata") => Ok(Include::Metadata),
        Some("None") => Ok(Include::None),
        Some("Object") => Ok(Include::Object),
        Some(other) => Err(Status::bad_request(format!(
            "unrecognized value for includeObject: \"{other}\""
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::resource::resource;

    #[test]
    fn forms() {
        let read = |accept: &str| {
            let mut req = Request::get("/api/v1/pods");
            req.accept = accept.to_owned();
            format(&req, resource("pods")).map_err(|s| s.code)
        };
        let table = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
        assert_eq!(read(table), Ok(Format::Table(Include::Metadata)));
        assert_eq!(
            read("application/json;as=Table;v=v1beta1;g=meta.k8s.io,*/*"),
            Ok(Format::Json)
        );
        assert_eq!(
            read("application/vnd.kubernetes.protobuf,application/json"),
            Ok(Format::Protobuf)
        );
        assert_eq!(
            read("application/vnd.kubernetes.protobuf;stream=watch,application/json"),
            Ok(Format::Protobuf)
        );
        assert_eq!(
            read("application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io"),
            Err(406)
        );
        assert_eq!(
            read("application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"),
            Ok(Format::PartialProtobuf)
        );
        assert_eq!(read("application/yaml"), Err(406));
        assert_eq!(
            read("application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"),
            Ok(Format::Partial)
        );
        assert_eq!(read(""), Ok(Format::Json));
    }
}

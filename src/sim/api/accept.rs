//! Which form of an answer a client asked for.

use super::request::Request;
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
}

/// Reads the `Accept` header: the first form that we can give.
///
/// # Errors
/// 406 when none is JSON; 400 for an unknown `includeObject`.
pub(crate) fn format(req: &Request) -> Result<Format, Status> {
    if req.accept.trim().is_empty() {
        return Ok(Format::Json);
    }
    for clause in req.accept.split(',') {
        let mut parts = clause.split(';').map(str::trim);
        let media = parts.next().unwrap_or_default();
        if !matches!(media, "application/json" | "application/*" | "*/*") {
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
            "" => return Ok(Format::Json),
            "Table" if version == "v1" && group == "meta.k8s.io" => {
                return Ok(Format::Table(include(req)?));
            }
            "PartialObjectMetadata" | "PartialObjectMetadataList"
                if version == "v1" && group == "meta.k8s.io" =>
            {
                return Ok(Format::Partial);
            }
            _ => {}
        }
    }
    Err(Status::new(
        406,
        "NotAcceptable",
        "only the following media types are accepted: application/json",
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

    #[test]
    fn forms() {
        let read = |accept: &str| {
            let mut req = Request::get("/api/v1/pods");
            req.accept = accept.to_owned();
            format(&req).map_err(|s| s.code)
        };
        let table = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
        assert_eq!(read(table), Ok(Format::Table(Include::Metadata)));
        assert_eq!(
            read("application/json;as=Table;v=v1beta1;g=meta.k8s.io,*/*"),
            Ok(Format::Json)
        );
        assert_eq!(
            read("application/vnd.kubernetes.protobuf,application/json"),
            Ok(Format::Json)
        );
        assert_eq!(read("application/vnd.kubernetes.protobuf"), Err(406));
        assert_eq!(
            read("application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"),
            Ok(Format::Partial)
        );
        assert_eq!(read(""), Ok(Format::Json));
    }
}

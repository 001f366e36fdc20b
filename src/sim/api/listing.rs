//! A list as it is sent: made piece by piece, so that a large one takes no more memory than its items do.

use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::accept::Format;
use super::table;
use crate::sim::object::Obj;
use crate::sim::proto;
use crate::sim::resource::Res;

/// What is left of a list to be sent.
#[derive(Debug)]
pub struct Listing {
    now: DateTime<Utc>,
    format: Format,
    /// The beginning, until it is sent.
    head: Vec<u8>,
    items: std::vec::IntoIter<Arc<Obj>>,
    /// No item was sent yet.
    first: bool,
    ended: bool,
}

impl Listing {
    pub(crate) fn new(
        now: DateTime<Utc>,
        res: Res,
        page: Vec<Arc<Obj>>,
        format: Format,
        metadata: &Value,
    ) -> Listing {
        let head = match format {
            Format::Json => format!(
                r#"{{"kind":"{}List","apiVersion":"{}","metadata":{metadata},"items":["#,
                res.kind,
                res.api_version()
            )
            .into_bytes(),
            Format::Partial => format!(
                r#"{{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1","metadata":{metadata},"items":["#
            )
            .into_bytes(),
            Format::Table(_) => table_head(res, metadata),
            Format::Protobuf => proto_head(
                &res.api_version(),
                &format!("{}List", res.kind),
                metadata,
                page.iter().map(|obj| obj.proto_len()),
            ),
            Format::PartialProtobuf => proto_head(
                super::list::META_VERSION,
                "PartialObjectMetadataList",
                metadata,
                page.iter().map(|obj| proto::metadata(&obj.proto()).len()),
            ),
        };
        Listing {
            now,
            format,
            head,
            items: page.into_iter(),
            first: true,
            ended: false,
        }
    }

    /// How the whole is to be read.
    pub(crate) fn content_type(&self) -> &'static str {
        self.format.content_type()
    }

    /// How many items are still to be sent.
    pub(crate) fn left(&self) -> usize {
        self.items.len()
    }

    /// The next piece: of at least that many bytes, but for the last one.
    pub fn next_piece(&mut self, at_least: usize) -> Option<Bytes> {
        if self.ended {
            return None;
        }
        let mut out = std::mem::take(&mut self.head);
        out.reserve(at_least.min(1 << 20) + 8192);
        while out.len() < at_least {
            let Some(obj) = self.items.next() else {
                self.ended = true;
                out.extend_from_slice(match self.format {
                    Format::Json | Format::Table(_) | Format::Partial => b"]}",
                    Format::Protobuf | Format::PartialProtobuf => proto::TAIL,
                });
                break;
            };
            self.put(&mut out, &obj);
            self.first = false;
        }
        Some(out.into())
    }

    /// All of it.
    pub(crate) fn whole(mut self) -> Bytes {
        self.next_piece(usize::MAX).unwrap_or_default()
    }

    fn put(&self, out: &mut Vec<u8>, obj: &Obj) {
        let comma = !self.first;
        match self.format {
            Format::Json | Format::Table(_) | Format::Partial if comma => out.push(b','),
            _ => {}
        }
        match self.format {
            Format::Json => obj.put_item(out),
            Format::Partial => {
                out.extend_from_slice(table::PARTIAL);
                out.extend_from_slice(&obj.metadata());
                out.push(b'}');
            }
            Format::Table(include) => table::row(out, self.now, obj, include),
            Format::Protobuf => {
                proto::field_head(out, 2, obj.proto_len());
                obj.put_proto(out);
            }
            Format::PartialProtobuf => proto::field(out, 2, proto::metadata(&obj.proto())),
        }
    }
}

/// `{"kind":"Table",…,"rows":[`
pub(crate) fn table_head(res: Res, metadata: &Value) -> Vec<u8> {
    let definitions = table::definitions(res);
    format!(
        r#"{{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{metadata},"columnDefinitions":{definitions},"rows":["#,
    )
    .into_bytes()
}

/// The envelope and the list's own metadata; the items, of these lengths, follow.
fn proto_head(
    version: &str,
    kind: &str,
    metadata: &Value,
    items: impl Iterator<Item = usize>,
) -> Vec<u8> {
    let metadata = proto::message("ListMeta", metadata);
    let size = proto::field_size(metadata.len()) + items.map(proto::field_size).sum::<usize>();
    let mut out = proto::envelope_head(version, kind, size);
    proto::field(&mut out, 1, &metadata);
    out
}

/// A Table's metadata for one object.
pub(crate) fn table_of_one(obj: &Obj) -> Vec<u8> {
    table_head(obj.res, &json!({"resourceVersion": obj.rv.to_string()}))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::api::accept::Include;
    use crate::sim::resource::resource;

    #[test]
    fn the_pieces_are_the_whole() {
        let pods = resource("pods");
        let page: Vec<Arc<Obj>> = (0..9)
            .map(|i| {
                let value =
                    json!({"metadata": {"name": format!("p-{i}"), "namespace": "a"}, "spec": {}});
                Arc::new(Obj::new(pods, 7 + i, value))
            })
            .collect();
        let now = DateTime::from_timestamp(1_770_000_000, 0).unwrap();
        for format in [
            Format::Json,
            Format::Partial,
            Format::Table(Include::Metadata),
            Format::Protobuf,
            Format::PartialProtobuf,
        ] {
            let of = |page: &[Arc<Obj>]| {
                let metadata = json!({"resourceVersion": "99"});
                Listing::new(now, pods, page.to_vec(), format, &metadata)
            };
            let mut list = of(&page);
            let mut pieces = Vec::new();
            while let Some(piece) = list.next_piece(100) {
                pieces.push(piece);
            }
            assert!(pieces.len() > 2, "{format:?}");
            let whole = of(&page).whole();
            assert_eq!(pieces.concat(), whole, "{format:?}");
            if !matches!(format, Format::Protobuf | Format::PartialProtobuf) {
                let value: Value = serde_json::from_slice(&whole).unwrap();
                let items = value["items"].as_array().or(value["rows"].as_array());
                assert_eq!(items.map(Vec::len), Some(9), "{format:?}");
            }
        }
        assert_eq!(
            Listing::new(now, pods, Vec::new(), Format::Json, &json!({}))
                .whole()
                .last(),
            Some(&b'}')
        );
    }
}

//! Get and list: whole answers, spliced from stored bytes.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde_json::json;

use super::accept::{self, Format};
use super::request::Request;
use super::response::Response;
use super::route::Target;
use super::select::Selector;
use super::table;
use crate::sim::object::Obj;
use crate::sim::proto;
use crate::sim::resource::Res;
use crate::sim::status::{Details, Status};
use crate::sim::store::Store;

/// One object.
///
/// # Errors
/// 404, 406, and 504 for a resourceVersion in the future.
pub(crate) fn get(
    store: &Store,
    now: DateTime<Utc>,
    req: &Request,
    t: &Target,
) -> Result<Response, Status> {
    let format = accept::format(req)?;
    if let Some(rv) = revision(req)? {
        not_in_the_future(store, rv)?;
    }
    let obj = store
        .get(t.res, t.ns(), t.object())
        .ok_or_else(|| Status::not_found(t.res, t.object()))?;
    Ok(one(now, obj, format, 200))
}

/// An answer that holds one object, in the form asked for.
pub(crate) fn one(now: DateTime<Utc>, obj: &Obj, format: Format, status: u16) -> Response {
    let body = match format {
        Format::Json => obj.body.clone(),
        Format::Partial => partial(obj),
        Format::Table(include) => {
            let mut out = table_head(obj.res, &json!({"resourceVersion": obj.rv.to_string()}));
            table::row(&mut out, now, obj, include);
            out.extend_from_slice(b"]}");
            out.into()
        }
        Format::Protobuf => proto::of(obj.res, obj.proto()).into(),
        Format::PartialProtobuf => partial_proto(obj).into(),
    };
    Response::typed(status, format.content_type(), body)
}

/// The object's metadata alone, in its envelope.
pub(crate) fn partial_proto(obj: &Obj) -> Vec<u8> {
    proto::envelope(
        META_VERSION,
        "PartialObjectMetadata",
        proto::metadata(obj.proto()),
    )
}

const META_VERSION: &str = "meta.k8s.io/v1";

/// The object's metadata alone.
pub(crate) fn partial(obj: &Obj) -> Bytes {
    [table::PARTIAL, obj.metadata(), b"}"].concat().into()
}

/// `{"kind":"Table",…,"rows":[`
fn table_head(res: Res, metadata: &serde_json::Value) -> Vec<u8> {
    format!(
        r#"{{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{metadata},"columnDefinitions":{},"rows":["#,
        table::definitions(res)
    )
    .into_bytes()
}

/// A collection, or a page of it.
///
/// # Errors
/// 400 for bad options, 410 for a resourceVersion no longer known, 504 for one in the future.
pub(crate) fn list(
    store: &Store,
    now: DateTime<Utc>,
    req: &Request,
    t: &Target,
) -> Result<Response, Status> {
    let format = accept::format(req)?;
    let selector = Selector::read(req, t.res, None)?;
    let limit = number(req, "limit")?.unwrap_or(0);
    let wanted = revision(req)?;
    let exact = match_rule(req, wanted, limit)?;
    let from = req.param("continue").map(Continue::read).transpose()?;
    if from.is_some() && wanted.is_some_and(|rv| rv > 0) {
        return Err(Status::bad_request(
            "specifying resource version is not allowed when using continue",
        ));
    }
    if let Some(rv) = wanted {
        not_in_the_future(store, rv)?;
    }
    let rv = match (&from, wanted) {
        (Some(from), _) => from.rv,
        (None, Some(rv)) if exact && rv > 0 => rv,
        _ => store.revision(),
    };
    let after = from.as_ref().map(|from| from.after.as_str());
    let ns = t.namespace.as_deref();
    let all = at_revision(store, t.res, ns, after, rv).ok_or_else(|| expired(from.is_some()))?;
    let mut matching = all.filter(|obj| selector.matches(obj)).peekable();
    let page: Vec<Arc<Obj>> = if limit == 0 {
        matching.collect()
    } else {
        matching.by_ref().take(limit).collect()
    };
    let mut metadata = json!({"resourceVersion": rv.to_string()});
    // `matching` is spent unless a limit cut it.
    if let Some(last) = page.last().filter(|_| limit > 0 && page.len() == limit) {
        let rest = at_revision(store, t.res, ns, Some(&last.key()), rv)
            .into_iter()
            .flatten();
        let rest = if selector.is_empty() {
            rest.count()
        } else {
            rest.filter(|obj| selector.matches(obj)).take(1).count()
        };
        if rest > 0 {
            metadata["continue"] = Continue {
                rv,
                after: last.key(),
            }
            .write()
            .into();
            if selector.is_empty() {
                metadata["remainingItemCount"] = rest.into();
            }
        }
    }
    let body = match format {
        Format::Json | Format::Table(_) | Format::Partial => {
            encode(now, t.res, &page, format, &metadata)
        }
        Format::Protobuf => encode_proto(
            &t.res.api_version(),
            &format!("{}List", t.res.kind),
            &metadata,
            page.iter().map(|obj| &**obj.proto()),
        ),
        Format::PartialProtobuf => encode_proto(
            META_VERSION,
            "PartialObjectMetadataList",
            &metadata,
            page.iter().map(|obj| proto::metadata(obj.proto())),
        ),
    };
    Ok(Response::typed(200, format.content_type(), body))
}

fn encode_proto<'a>(
    version: &str,
    kind: &str,
    metadata: &serde_json::Value,
    items: impl Iterator<Item = &'a [u8]> + Clone,
) -> Bytes {
    let metadata = proto::message("ListMeta", metadata);
    let size = proto::field_size(metadata.len())
        + items
            .clone()
            .map(|i| proto::field_size(i.len()))
            .sum::<usize>();
    let mut out = proto::envelope_head(version, kind, size);
    out.reserve(size + proto::TAIL.len());
    proto::field(&mut out, 1, &metadata);
    for item in items {
        proto::field(&mut out, 2, item);
    }
    out.extend_from_slice(proto::TAIL);
    out.into()
}

fn encode(
    now: DateTime<Utc>,
    res: Res,
    page: &[Arc<Obj>],
    format: Format,
    metadata: &serde_json::Value,
) -> Bytes {
    let size: usize = match format {
        Format::Json => page.iter().map(|obj| obj.rest().len() + 1).sum(),
        _ => page.len() * 1024,
    };
    let mut out = match format {
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
        Format::Protobuf | Format::PartialProtobuf => return Bytes::new(),
    };
    out.reserve(size + 2);
    for (i, obj) in page.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        match format {
            // Items of a list carry neither kind nor apiVersion.
            Format::Json => {
                out.push(b'{');
                out.extend_from_slice(&obj.rest()[1..]);
            }
            Format::Partial => {
                out.extend_from_slice(table::PARTIAL);
                out.extend_from_slice(obj.metadata());
                out.push(b'}');
            }
            Format::Table(include) => table::row(&mut out, now, obj, include),
            // These are not spliced.
            Format::Protobuf | Format::PartialProtobuf => {}
        }
    }
    out.extend_from_slice(b"]}");
    out.into()
}

/// The objects as they were at a revision; `None` when the log does not reach back that far.
fn at_revision<'s>(
    store: &'s Store,
    res: Res,
    ns: Option<&str>,
    after: Option<&str>,
    rv: u64,
) -> Option<impl Iterator<Item = Arc<Obj>> + use<'s>> {
    // What has changed since, as it was then.
    let mut then: BTreeMap<String, Option<Arc<Obj>>> = BTreeMap::new();
    for change in store.changes_after(rv).ok()?.filter(|c| c.obj.res == res) {
        let inside = ns.is_none_or(|ns| *change.obj.namespace == *ns);
        let key = change.obj.key();
        if inside && after.is_none_or(|after| key.as_str() > after) {
            then.entry(key).or_insert_with(|| change.old.clone());
        }
    }
    let unchanged = then.is_empty();
    let mut old: Vec<Arc<Obj>> = then.values().flatten().cloned().collect();
    old.reverse();
    let mut now = store
        .list_after(res, ns, after)
        .filter(move |obj| unchanged || !then.contains_key(&obj.key()))
        .peekable();
    Some(std::iter::from_fn(move || match (old.last(), now.peek()) {
        (Some(a), Some(b)) if a.key() < b.key() => old.pop(),
        (Some(_), None) => old.pop(),
        _ => now.next().cloned(),
    }))
}

fn expired(continued: bool) -> Status {
    if continued {
        Status::expired(
            "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.",
        )
    } else {
        Status::expired("The resourceVersion for the provided list is too old.")
    }
}

/// Whether the list must be at exactly that revision.
fn match_rule(req: &Request, rv: Option<u64>, limit: usize) -> Result<bool, Status> {
    let forbidden = |why: &str| {
        Err(Status::new(
            422,
            "Invalid",
            format!("ListOptions.meta.k8s.io \"\" is invalid: {why}"),
        )
        .with(Details {
            group: "meta.k8s.io".into(),
            kind: "ListOptions".into(),
            ..Details::default()
        }))
    };
    match (req.param("resourceVersionMatch"), rv) {
        (None, rv) => Ok(limit > 0 && rv.is_some_and(|rv| rv > 0)),
        (Some(_), None) => forbidden(
            "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided",
        ),
        (Some("Exact"), Some(0)) => forbidden(
            "resourceVersionMatch: Forbidden: resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"",
        ),
        (Some("Exact"), _) => Ok(true),
        (Some("NotOlderThan"), _) => Ok(false),
        (Some(other), _) => forbidden(&format!(
            "resourceVersionMatch: Unsupported value: \"{other}\": supported values: \"Exact\", \"NotOlderThan\", \"\""
        )),
    }
}

/// `resourceVersion`, if one is given.
pub(crate) fn revision(req: &Request) -> Result<Option<u64>, Status> {
    req.param("resourceVersion")
        .map(|text| {
            text.parse().map_err(|_| {
                Status::bad_request(format!("invalid resource version \"{text}\": strconv.ParseUint: parsing \"{text}\": invalid syntax"))
            })
        })
        .transpose()
}

/// 504 for a revision that has not been yet.
pub(crate) fn not_in_the_future(store: &Store, rv: u64) -> Result<(), Status> {
    if rv <= store.revision() {
        return Ok(());
    }
    let message = format!(
        "Too large resource version: {rv}, current: {}",
        store.revision()
    );
    let details = Details {
        retry_after_seconds: Some(1),
        ..Details::default()
    };
    Err(Status::new(504, "Timeout", format!("Timeout: {message}"))
        .with(details)
        .cause("ResourceVersionTooLarge", "Too large resource version", ""))
}

/// A query parameter that is a number.
pub(crate) fn number(req: &Request, name: &str) -> Result<Option<usize>, Status> {
    req.param(name)
        .map(|text| {
            text.parse().map_err(|_| {
                Status::bad_request(format!(
                    "strconv.ParseInt: parsing \"{text}\": invalid syntax"
                ))
            })
        })
        .transpose()
}

/// Where the next page begins.
struct Continue {
    rv: u64,
    after: String,
}

impl Continue {
    /// Opaque to clients: hexadecimal digits of `revision:key`.
    fn write(&self) -> String {
        format!("{}:{}", self.rv, self.after)
            .bytes()
            .map(|b| format!("{b:02x}"))
            .collect()
    }

    fn read(token: &str) -> Result<Continue, Status> {
        let bad = || Status::bad_request("continue key is not valid: illegal continue token");
        let bytes: Option<Vec<u8>> = token
            .as_bytes()
            .chunks(2)
            .map(|pair| {
                std::str::from_utf8(pair)
                    .ok()
                    .and_then(|p| u8::from_str_radix(p, 16).ok())
            })
            .collect();
        let text = bytes
            .and_then(|b| String::from_utf8(b).ok())
            .ok_or_else(bad)?;
        let (rv, after) = text.split_once(':').ok_or_else(bad)?;
        Ok(Continue {
            rv: rv.parse().map_err(|_| bad())?,
            after: after.to_owned(),
        })
    }
}

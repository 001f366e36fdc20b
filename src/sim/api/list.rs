//! Get and list: whole answers, spliced from stored bytes.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde_json::json;

use super::accept::{self, Format};
use super::listing::{self, Listing};
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
    let format = accept::format(req, t.res)?;
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
        Format::Json => obj.body(),
        Format::Partial => partial(obj),
        Format::Table(include) => {
            let mut out = listing::table_of_one(obj);
            table::row(&mut out, now, obj, include);
            out.extend_from_slice(b"]}");
            out.into()
        }
        Format::Protobuf => proto::of(obj.res, &obj.proto()).into(),
        Format::PartialProtobuf => partial_proto(obj).into(),
    };
    Response::typed(status, format.content_type(), body)
}

/// The object's metadata alone, in its envelope.
pub(crate) fn partial_proto(obj: &Obj) -> Vec<u8> {
    proto::envelope(
        META_VERSION,
        "PartialObjectMetadata",
        proto::metadata(&obj.proto()),
    )
}

pub(crate) const META_VERSION: &str = "meta.k8s.io/v1";

/// The object's metadata alone.
pub(crate) fn partial(obj: &Obj) -> Bytes {
    [table::PARTIAL, &obj.metadata(), b"}"].concat().into()
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
    let format = accept::format(req, t.res)?;
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
        matching.by_ref().collect()
    } else {
        matching.by_ref().take(limit).collect()
    };
    let mut metadata = json!({"resourceVersion": rv.to_string()});
    // `matching` is spent unless a limit cut it.
    if let Some(last) = page.last().filter(|_| limit > 0 && page.len() == limit) {
        // The first page counts what follows; from then on it is known.
        let known = from.as_ref().and_then(|from| from.remaining);
        let rest = match known {
            Some(known) => known.saturating_sub(page.len()),
            None if selector.is_empty() => matching.count(),
            None => usize::from(matching.peek().is_some()),
        };
        if rest > 0 {
            metadata["continue"] = Continue {
                rv,
                remaining: selector.is_empty().then_some(rest),
                after: last.key(),
            }
            .write()
            .into();
            if selector.is_empty() {
                metadata["remainingItemCount"] = rest.into();
            }
        }
    }
    let listing = Listing::new(now, t.res, page, format, &metadata);
    if req.in_pieces && listing.left() > MANY {
        return Ok(Response::List(listing));
    }
    let kind = listing.content_type();
    Ok(Response::typed(200, kind, listing.whole()))
}

/// Longer lists are made while they are sent, for who can take them so.
const MANY: usize = 200;

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
    for change in store
        .changes_after(rv)
        .ok()?
        .filter(|c| c.obj.res.index() == res.index())
    {
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
    /// How many items follow, where no selector narrows them down.
    remaining: Option<usize>,
    after: String,
}

impl Continue {
    /// Opaque to clients: hexadecimal digits of `revision:remaining:key`.
    fn write(&self) -> String {
        let remaining = self.remaining.map(|n| n.to_string()).unwrap_or_default();
        format!("{}:{remaining}:{}", self.rv, self.after)
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
        let mut parts = text.splitn(3, ':');
        let mut part = || parts.next().ok_or_else(bad);
        let (rv, remaining, after) = (part()?, part()?, part()?);
        Ok(Continue {
            rv: rv.parse().map_err(|_| bad())?,
            remaining: remaining.parse().ok(),
            after: after.to_owned(),
        })
    }
}

//! The three kinds of patch, and which of them a request carries.

mod json;
mod merge;
mod strategic;

use serde_json::Value;

use super::request::Request;
use crate::sim::status::Status;

/// How a patch is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Json,
    Merge,
    Strategic,
    /// Server-side apply, taken as a strategic merge of what is given: no field is ever taken away.
    Apply,
}

impl Kind {
    /// By the content type.
    ///
    /// # Errors
    /// 415 for any other.
    pub(crate) fn of(req: &Request) -> Result<Kind, Status> {
        let media = req
            .content_type
            .split(';')
            .next()
            .unwrap_or_default()
            .trim();
        Ok(match media {
            "application/json-patch+json" => Kind::Json,
            "application/merge-patch+json" => Kind::Merge,
            "application/strategic-merge-patch+json" => Kind::Strategic,
            "application/apply-patch+yaml" => Kind::Apply,
            _ => {
                return Err(unknown(&MEDIA));
            }
        })
    }
}

/// Content types of patches; custom resources take all but the last.
pub(crate) const MEDIA: [&str; 4] = [
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/apply-patch+yaml",
    "application/strategic-merge-patch+json",
];

/// 415, naming what would be accepted.
pub(crate) fn unknown(accepted: &[&str]) -> Status {
    let accepted = accepted.join(", ");
    Status::new(
        415,
        "UnsupportedMediaType",
        format!(
            "the body of the request was in an unknown format - accepted media types include: {accepted}"
        ),
    )
}

/// Applies a patch to an object.
///
/// # Errors
/// 400 for a body that is no patch, 422 for one that does not fit the object.
pub(crate) fn apply(kind: Kind, body: &[u8], target: &mut Value) -> Result<(), Status> {
    let patch: Value = serde_json::from_slice(body)
        .map_err(|e| Status::bad_request(format!("error decoding patch: {e}")))?;
    if kind == Kind::Json {
        return json::apply(&patch, target);
    }
    if !patch.is_object() {
        return Err(Status::bad_request(
            "error decoding patch: json: cannot unmarshal into Go value of type map[string]interface {}",
        ));
    }
    match kind {
        Kind::Merge => merge::apply(&patch, target),
        _ => strategic::apply(&patch, target),
    }
    Ok(())
}

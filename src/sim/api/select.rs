//! Label and field selectors.

mod field;
mod label;

pub(crate) use label::Labels;

use super::request::Request;
use crate::sim::object::Obj;
use crate::sim::resource::Res;
use crate::sim::status::Status;
use field::Fields;

/// What a list or a watch is narrowed to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Selector {
    labels: Labels,
    fields: Fields,
}

impl Selector {
    /// Reads `labelSelector` and `fieldSelector`; a name in the path is a field too.
    ///
    /// # Errors
    /// 400 for one that cannot be read, or for a field that the resource does not select by.
    pub(crate) fn read(req: &Request, res: Res, name: Option<&str>) -> Result<Selector, Status> {
        let labels = Labels::parse(req.param("labelSelector").unwrap_or_default())?;
        let mut fields = Fields::parse(res, req.param("fieldSelector").unwrap_or_default())
            .map_err(|why| {
                Status::bad_request(format!(
                    "Unable to find {:?} that match label selector {:?}, field selector {:?}: {why}",
                    format!("{}, Resource={}", slashed(res), res.plural),
                    req.param("labelSelector").unwrap_or_default(),
                    req.param("fieldSelector").unwrap_or_default(),
                ))
            })?;
        if let Some(name) = name {
            fields.require_name(name);
        }
        Ok(Selector { labels, fields })
    }

    /// Whether everything matches.
    pub(crate) fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    /// Whether this object matches.
    pub(crate) fn matches(&self, obj: &Obj) -> bool {
        self.labels.matches(|key| obj.labels.get(key)) && self.fields.matches(obj)
    }
}

/// `/v1` or `apps/v1`, as Go prints a GroupVersion with an empty group.
fn slashed(res: Res) -> String {
    format!("{}/{}", res.group, res.version)
}

//! `metav1.Status` as data, worded as the real API server words it.

use serde_json::{Value, json};

use super::proto;
use super::resource::Res;

/// An answer that is no object: an error, or the success of a deletion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// HTTP status code.
    pub code: u16,
    /// Machine-readable reason (`NotFound`, `Conflict`, …), empty on plain success.
    pub reason: &'static str,
    /// The sentence for people.
    pub message: String,
    /// What it is about.
    pub details: Option<Box<Details>>,
}

/// `status.details`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Details {
    /// Name of the object.
    pub name: String,
    /// Its API group.
    pub group: String,
    /// The resource's plural (the server calls it kind).
    pub kind: String,
    /// Its uid.
    pub uid: String,
    /// Causes: type, message, field.
    pub causes: Vec<Cause>,
    /// Seconds after which to ask again.
    pub retry_after_seconds: Option<u32>,
}

/// One of `status.details.causes`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cause {
    /// Type of the cause, in the field `reason`.
    pub reason: String,
    /// The sentence for people.
    pub message: String,
    /// The field it is about.
    pub field: String,
}

impl Details {
    /// Details that name an object of a resource.
    pub fn of(res: Res, name: &str) -> Details {
        Details {
            name: name.to_owned(),
            group: res.group.to_owned(),
            kind: res.plural.to_owned(),
            ..Details::default()
        }
    }
}

impl Status {
    /// An error with this code, reason and message.
    pub fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Status {
        Status {
            code,
            reason,
            message: message.into(),
            details: None,
        }
    }

    /// The same with details.
    pub fn with(mut self, details: Details) -> Status {
        self.details = Some(Box::new(details));
        self
    }

    /// The same with one more cause.
    pub fn cause(mut self, reason: &str, message: impl Into<String>, field: &str) -> Status {
        let details = self.details.get_or_insert_default();
        details.causes.push(Cause {
            reason: reason.to_owned(),
            message: message.into(),
            field: field.to_owned(),
        });
        self
    }

    /// 200, `Success`, naming what it was about.
    pub fn success(details: Details) -> Status {
        Status::new(200, "", "").with(details)
    }

    /// 404 for an object.
    pub fn not_found(res: Res, name: &str) -> Status {
        Status::new(
            404,
            "NotFound",
            format!("{} \"{name}\" not found", res.qualified()),
        )
        .with(Details::of(res, name))
    }

    /// 404 for a path that the server does not serve.
    pub fn no_such_path() -> Status {
        Status::new(
            404,
            "NotFound",
            "the server could not find the requested resource",
        )
        .with(Details::default())
    }

    /// 409: an object of this name exists.
    pub fn already_exists(res: Res, name: &str) -> Status {
        Status::new(
            409,
            "AlreadyExists",
            format!("{} \"{name}\" already exists", res.qualified()),
        )
        .with(Details::of(res, name))
    }

    /// 409: the object changed, or a precondition does not hold.
    pub fn conflict(res: Res, name: &str, why: &str) -> Status {
        Status::new(
            409,
            "Conflict",
            format!(
                "Operation cannot be fulfilled on {} \"{name}\": {why}",
                res.qualified()
            ),
        )
        .with(Details::of(res, name))
    }

    /// 409 of an update that carries an old resourceVersion.
    pub fn modified(res: Res, name: &str) -> Status {
        Status::conflict(
            res,
            name,
            "the object has been modified; please apply your changes to the latest version and try again",
        )
    }

    /// 400.
    pub fn bad_request(message: impl Into<String>) -> Status {
        Status::new(400, "BadRequest", message)
    }

    /// 422 with one cause for one field.
    pub fn invalid(res: Res, name: &str, field: &str, reason: &str, message: &str) -> Status {
        let kind = if res.group.is_empty() {
            res.kind.to_owned()
        } else {
            format!("{}.{}", res.kind, res.group)
        };
        let details = Details {
            kind: res.kind.to_owned(),
            ..Details::of(res, name)
        };
        Status::new(
            422,
            "Invalid",
            format!("{kind} \"{name}\" is invalid: {field}: {message}"),
        )
        .with(details)
        .cause(reason, message, field)
    }

    /// 405.
    pub fn method_not_allowed() -> Status {
        Status::new(
            405,
            "MethodNotAllowed",
            "the server does not allow this method on the requested resource",
        )
        .with(Details::default())
    }

    /// 410: a resourceVersion that is no longer known.
    pub fn expired(message: impl Into<String>) -> Status {
        Status::new(410, "Expired", message)
    }

    /// The whole object in protobuf, in its envelope.
    pub(crate) fn protobuf(&self) -> Vec<u8> {
        proto::envelope("v1", "Status", &proto::message("Status", &self.value()))
    }

    /// The whole object.
    pub fn value(&self) -> Value {
        let mut out = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {},
            "status": if self.code < 400 { "Success" } else { "Failure" },
        });
        if !self.message.is_empty() {
            out["message"] = self.message.clone().into();
        }
        if !self.reason.is_empty() {
            out["reason"] = self.reason.into();
        }
        if let Some(details) = &self.details {
            out["details"] = details.value();
        }
        // The server leaves the code out of a success that answers a deletion.
        if self.code >= 400 {
            out["code"] = self.code.into();
        }
        out
    }
}

impl Details {
    fn value(&self) -> Value {
        let mut out = json!({});
        for (key, value) in [
            ("name", &self.name),
            ("group", &self.group),
            ("kind", &self.kind),
            ("uid", &self.uid),
        ] {
            if !value.is_empty() {
                out[key] = value.as_str().into();
            }
        }
        if !self.causes.is_empty() {
            out["causes"] = self.causes.iter().map(Cause::value).collect();
        }
        if let Some(seconds) = self.retry_after_seconds {
            out["retryAfterSeconds"] = seconds.into();
        }
        out
    }
}

impl Cause {
    fn value(&self) -> Value {
        let mut out = json!({});
        for (key, value) in [
            ("reason", &self.reason),
            ("message", &self.message),
            ("field", &self.field),
        ] {
            if !value.is_empty() {
                out[key] = value.as_str().into();
            }
        }
        out
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Status {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::resource::find;

    #[test]
    fn worded_as_the_server() {
        let res = find("apps", "deployments").unwrap();
        assert_eq!(
            Status::not_found(res, "web").value(),
            json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
                "message": "deployments.apps \"web\" not found", "reason": "NotFound",
                "details": {"name": "web", "group": "apps", "kind": "deployments"}, "code": 404})
        );
    }
}

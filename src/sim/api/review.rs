//! Reviews of one's own rights and name: `kubectl auth can-i`, `kubectl auth whoami`.

use serde_json::{Value, json};

use super::request::Request;
use super::response::Response;
use super::rights::{self, Attributes};
use super::write;
use crate::sim::status::Status;

/// Answers a review that was posted.
///
/// # Errors
/// 405 for another method, 400 for a body that is no JSON.
pub(crate) fn review(req: &Request, plural: &str) -> Result<Response, Status> {
    if req.method != http::Method::POST {
        return Err(Status::method_not_allowed());
    }
    let mut value = write::body(req)?;
    if !value["metadata"].is_object() {
        value["metadata"] = json!({});
    }
    value["status"] = match plural {
        "selfsubjectaccessreviews" => access(&req.user, &value["spec"]),
        "selfsubjectrulesreviews" => {
            let namespace = value["spec"]["namespace"].as_str().unwrap_or_default();
            json!({
                "resourceRules": rights::rules(&req.user, namespace),
                "nonResourceRules": [{"verbs": ["get"], "nonResourceURLs":
                    ["/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi", "/openapi/*", "/readyz", "/version"]}],
                "incomplete": false,
            })
        }
        _ => {
            let groups = match req.user.as_str() {
                "admin" => json!(["system:masters", "system:authenticated"]),
                _ => json!(["system:authenticated"]),
            };
            json!({"userInfo": {"username": req.user, "groups": groups}})
        }
    };
    Ok(Response::json(201, value.to_string()))
}

fn access(user: &str, spec: &Value) -> Value {
    let allowed = if spec["resourceAttributes"].is_object() {
        let text = |field: &str| {
            spec["resourceAttributes"][field]
                .as_str()
                .unwrap_or_default()
        };
        let attributes = Attributes {
            verb: text("verb"),
            group: text("group"),
            resource: text("resource"),
            subresource: text("subresource"),
            namespace: text("namespace"),
            name: text("name"),
        };
        rights::allowed(user, &attributes)
    } else {
        user == "admin" || spec["nonResourceAttributes"]["verb"] == "get"
    };
    if allowed {
        json!({"allowed": true, "reason": "RBAC: allowed by the simulated cluster's rules"})
    } else {
        json!({"allowed": false})
    }
}

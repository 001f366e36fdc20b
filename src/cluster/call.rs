//! The engine's calls over the client, and their answers as data.

use std::time::Duration;

use futures::future::BoxFuture;
use http::header::{ACCEPT, CONTENT_TYPE, RETRY_AFTER};
use http::{Method, Request};
use kube::client::Body;
use serde::Deserialize;
use serde_json::Value;

use super::connect::{Connection, why};
use super::harmless;
use super::meter::Who;
use crate::engine::effect::Verb;
use crate::engine::{Accept, Call, Reply};
use crate::model::Text;

/// Makes the call once. An answer that does not come in time, or breaks off, is [`Reply::Lost`]: for all we
/// know the server did what it was asked.
pub fn run(connection: &Connection, call: Call) -> BoxFuture<'static, Reply> {
    let connection = connection.clone();
    Box::pin(async move {
        // Nothing has been sent while it waits for the budget, so that this is no part of its patience.
        let waited = connection.budget.request().await;
        connection.meters.of(Who::Calls).asked(waited);
        let patience = Duration::from_secs(u64::from(call.timeout_s.max(1)));
        match tokio::time::timeout(patience, answer(&connection, &call)).await {
            Ok(reply) => reply,
            Err(_) => Reply::Lost(format!("no answer within {} s", patience.as_secs()).into()),
        }
    })
}

async fn answer(connection: &Connection, call: &Call) -> Reply {
    let request = match request(call) {
        Ok(request) => request,
        // Nothing was sent: that is an answer too.
        Err(error) => return refused(400, "BadRequest", &error.to_string()),
    };
    let response = match connection.send(Who::Calls, request).await {
        Ok(response) => response,
        Err(error) if never_sent(&error) => {
            return refused(0, "Unreachable", &why(&error));
        }
        Err(error) => return Reply::Lost(why(&error).into()),
    };
    let (parts, body) = response.into_parts();
    let retry_after = parts
        .headers
        .get(RETRY_AFTER)
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.parse().ok());
    match body.collect_bytes().await {
        Ok(body) => {
            connection
                .meters
                .of(Who::Calls)
                .bytes(body.len(), body.len());
            read_as(&call.accept, parts.status.as_u16(), retry_after, &body)
        }
        Err(error) => Reply::Lost(why(&error).into()),
    }
}

/// A connection that was refused, or credentials that could not be had: the server saw nothing of the call.
fn never_sent(error: &kube::Error) -> bool {
    match error {
        kube::Error::Auth(_) => true,
        error => {
            let why = why(error).to_lowercase();
            why.contains("connection refused") || why.contains("dns error")
        }
    }
}

/// Method and content type of a verb.
pub(crate) fn method(verb: Verb) -> (Method, &'static str) {
    match verb {
        Verb::Get => (Method::GET, "application/json"),
        Verb::Post => (Method::POST, "application/json"),
        Verb::Put => (Method::PUT, "application/json"),
        Verb::Delete => (Method::DELETE, "application/json"),
        Verb::MergePatch => (Method::PATCH, "application/merge-patch+json"),
        Verb::JsonPatch => (Method::PATCH, "application/json-patch+json"),
        Verb::StrategicPatch => (Method::PATCH, "application/strategic-merge-patch+json"),
    }
}

/// The header that asks for a form.
pub(crate) fn accept(form: &Accept) -> &'static str {
    match form {
        Accept::Metric(_) => "text/plain;version=0.0.4,text/plain",
        Accept::Metadata => {
            "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
        }
        Accept::Json | Accept::Shown | Accept::Hidden(_) => "application/json",
        Accept::Table => "application/json;as=Table;v=v1;g=meta.k8s.io,application/json",
        Accept::Discovery => {
            "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
        }
    }
}

/// An answer in the form that was asked for.
pub(crate) fn read_as(form: &Accept, code: u16, retry_after: Option<u32>, body: &[u8]) -> Reply {
    if let (Accept::Metric(name), 200..300) = (form, code) {
        let page = String::from_utf8_lossy(body);
        return Reply::Done(super::prometheus::sum(&page, name).map_or(Value::Null, Value::from));
    }
    match read(code, retry_after, body) {
        Reply::Done(value) => Reply::Done(super::answer::turn(form, value)),
        other => other,
    }
}

fn request(call: &Call) -> http::Result<Request<Body>> {
    let (method, kind) = method(call.verb);
    let request = Request::builder()
        .method(method)
        .uri(&call.path)
        .header(ACCEPT, accept(&call.accept));
    if call.body.is_null() {
        request.body(Body::empty())
    } else {
        request
            .header(CONTENT_TYPE, kind)
            .body(Body::from(call.body.to_string().into_bytes()))
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Status {
    reason: Option<String>,
    message: Option<String>,
    details: Option<Details>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Details {
    causes: Option<Vec<Cause>>,
    retry_after_seconds: Option<u32>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Cause {
    reason: Option<String>,
    message: Option<String>,
}

/// An answer as data. `retry_after`: the header's seconds.
pub(crate) fn read(code: u16, retry_after: Option<u32>, body: &[u8]) -> Reply {
    if (200..300).contains(&code) {
        if body.iter().all(u8::is_ascii_whitespace) {
            return Reply::Done(Value::Null);
        }
        return match serde_json::from_slice(body) {
            Ok(value) => Reply::Done(value),
            // It was done; what was done cannot be read.
            Err(error) => Reply::Lost(format!("unreadable answer: {error}").into()),
        };
    }
    let Ok(status) = serde_json::from_slice::<Status>(body) else {
        let text = String::from_utf8_lossy(&body[..body.len().min(200)]);
        return refused(code, "", &text);
    };
    let details = status.details.unwrap_or_default();
    let text = |t: Option<String>| Text::from(harmless::plain(&t.unwrap_or_default()));
    Reply::Refused {
        code,
        reason: text(status.reason),
        message: text(status.message),
        causes: details
            .causes
            .unwrap_or_default()
            .into_iter()
            .map(|c| (text(c.reason), text(c.message)))
            .collect(),
        retry_after: retry_after.or(details.retry_after_seconds.filter(|s| *s > 0)),
    }
}

fn refused(code: u16, reason: &str, message: &str) -> Reply {
    Reply::Refused {
        code,
        reason: reason.into(),
        message: harmless::plain(message).into(),
        causes: Vec::new(),
        retry_after: None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn answers_as_data() {
        let eviction = json!({
            "kind": "Status", "status": "Failure", "code": 429, "reason": "TooManyRequests",
            "message": "Cannot evict pod as it would violate the pod's disruption budget.",
            "details": {"causes": [{"reason": "DisruptionBudget", "message": "The disruption budget b needs 2 healthy pods and has 2 currently"}]}
        });
        for (code, header, body, want) in [
            (
                200,
                None,
                "{\"a\":1}".to_owned(),
                Reply::Done(json!({"a": 1})),
            ),
            (200, None, String::new(), Reply::Done(Value::Null)),
            (
                201,
                None,
                "{".to_owned(),
                Reply::Lost(
                    "unreadable answer: EOF while parsing an object at line 1 column 1".into(),
                ),
            ),
            (
                429,
                None,
                eviction.to_string(),
                Reply::Refused {
                    code: 429,
                    reason: "TooManyRequests".into(),
                    message: "Cannot evict pod as it would violate the pod's disruption budget."
                        .into(),
                    causes: vec![(
                        "DisruptionBudget".into(),
                        "The disruption budget b needs 2 healthy pods and has 2 currently".into(),
                    )],
                    retry_after: None,
                },
            ),
            (
                429,
                Some(3),
                json!({"message": "busy", "details": {"retryAfterSeconds": 10}}).to_string(),
                Reply::Refused {
                    code: 429,
                    reason: "".into(),
                    message: "busy".into(),
                    causes: vec![],
                    retry_after: Some(3),
                },
            ),
            (
                502,
                None,
                "<html>\u{1b}[31mBad Gateway".to_owned(),
                refused(502, "", "<html>Bad Gateway"),
            ),
            (
                404,
                None,
                "{\"details\":null,\"message\":null}".to_owned(),
                refused(404, "", ""),
            ),
        ] {
            assert_eq!(read(code, header, body.as_bytes()), want, "{body}");
        }
    }

    #[test]
    fn requests_carry_their_patch_type() {
        let call = Call {
            verb: Verb::MergePatch,
            path: "/api/v1/nodes/p-1?dryRun=All".into(),
            body: json!({"spec": {"unschedulable": true}}),
            accept: Accept::Table,
            timeout_s: 5,
        };
        let request = request(&call).unwrap();
        assert_eq!(request.method(), Method::PATCH);
        assert_eq!(request.uri().to_string(), "/api/v1/nodes/p-1?dryRun=All");
        assert_eq!(
            request.headers()[CONTENT_TYPE],
            "application/merge-patch+json"
        );
        assert_eq!(
            request.headers()[ACCEPT],
            "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
        );
    }
}

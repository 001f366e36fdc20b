//! What the HTTP shell hands over, free of HTTP's types beyond the method.

use bytes::Bytes;
use chrono::{DateTime, Utc};

/// One request, its path and query decoded.
#[derive(Debug, Clone)]
pub struct Request {
    /// Method.
    pub method: http::Method,
    /// Path, percent-decoded, without the query.
    pub path: String,
    /// Query parameters in their order, decoded.
    pub query: Vec<(String, String)>,
    /// The `Accept` header, empty if there is none.
    pub accept: String,
    /// The `Content-Type` header, empty if there is none.
    pub content_type: String,
    /// Who asks: a user's name; `admin` when no token came.
    pub user: String,
    /// Body.
    pub body: Bytes,
    /// Whether who asks can take a long list piece by piece ([`Response::List`](super::Response::List)).
    pub in_pieces: bool,
    /// The subprotocols of a WebSocket's upgrade, as offered; none for a plain request.
    pub upgrade: Option<String>,
}

impl Request {
    /// A request of the admin, JSON both ways; `target` is path and query, not percent-encoded.
    pub fn new(method: http::Method, target: &str, body: impl Into<Bytes>) -> Request {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        Request {
            method,
            path: path.to_owned(),
            query: pairs
                .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
                .map(|(k, v)| (k.to_owned(), v.to_owned()))
                .collect(),
            accept: "application/json".to_owned(),
            content_type: "application/json".to_owned(),
            user: "admin".to_owned(),
            body: body.into(),
            in_pieces: false,
            upgrade: None,
        }
    }

    /// A GET of the admin.
    pub fn get(target: &str) -> Request {
        Request::new(http::Method::GET, target, Bytes::new())
    }

    /// The first value of a query parameter that is not empty.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(k, v)| k == name && !v.is_empty())
            .map(|(_, v)| v.as_str())
    }

    /// Whether a query parameter is true, as the server reads booleans.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.query
            .iter()
            .find(|(k, _)| k == name)
            .is_some_and(|(_, v)| !matches!(v.as_str(), "false" | "0" | "f" | "F" | "False"))
    }
}

/// `PodLogOptions`, without the container, which the caller has resolved.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogOptions {
    /// Goes on with new lines.
    pub follow: bool,
    /// The container's previous run.
    pub previous: bool,
    /// Puts the time before each line.
    pub timestamps: bool,
    /// Only lines at or after this time (`sinceSeconds` is turned into it).
    pub since: Option<DateTime<Utc>>,
    /// Only so many of the last lines.
    pub tail_lines: Option<usize>,
    /// Ends after so many bytes.
    pub limit_bytes: Option<usize>,
}

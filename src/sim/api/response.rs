//! What a request gets: a whole answer, or a stream that the caller draws from.

use bytes::Bytes;

use super::listing::Listing;
use super::request::LogOptions;
use super::watch::Watch;
use crate::sim::exec::Session;
use crate::sim::status::Status;

/// An answer.
#[derive(Debug)]
pub enum Response {
    /// Whole.
    Done {
        /// HTTP status.
        status: u16,
        /// Content type.
        content_type: &'static str,
        /// Further headers.
        headers: Vec<(&'static str, String)>,
        /// Body.
        body: Bytes,
    },
    /// A long list, for a request that takes it in pieces.
    List(Listing),
    /// A watch: draw frames with `World::watch_next`.
    Watch(Watch),
    /// A followed log: draw bytes with `World::log_next`.
    Log(LogFollow),
    /// A connection to a container: let it go on with `World::session_next`.
    Upgrade(Box<Session>),
}

impl Response {
    /// JSON.
    pub(crate) fn json(status: u16, body: impl Into<Bytes>) -> Response {
        Response::typed(status, "application/json", body)
    }

    /// Plain text.
    pub(crate) fn text(status: u16, body: impl Into<Bytes>) -> Response {
        Response::typed(status, "text/plain", body)
    }

    /// Any content type.
    pub(crate) fn typed(
        status: u16,
        content_type: &'static str,
        body: impl Into<Bytes>,
    ) -> Response {
        Response::Done {
            status,
            content_type,
            headers: Vec::new(),
            body: body.into(),
        }
    }

    /// A Status, with the `Retry-After` that it asks for.
    pub(crate) fn status(status: &Status) -> Response {
        let seconds = status.details.as_ref().and_then(|d| d.retry_after_seconds);
        Response::Done {
            status: status.code,
            content_type: "application/json",
            headers: seconds
                .map(|s| ("Retry-After", s.to_string()))
                .into_iter()
                .collect(),
            body: status.value().to_string().into(),
        }
    }
}

impl Response {
    /// The same for a client that accepts this; only a Status is turned into another form.
    pub(crate) fn refused(status: &Status, accept: &str) -> Response {
        let mut response = Response::status(status);
        // What it accepts cannot be given: the real server answers in JSON then.
        if status.code != 406
            && super::accept::status_in_protobuf(accept)
            && let Response::Done {
                content_type, body, ..
            } = &mut response
        {
            *content_type = super::accept::PROTOBUF;
            *body = status.protobuf().into();
        }
        response
    }
}

impl From<Status> for Response {
    fn from(status: Status) -> Response {
        Response::status(&status)
    }
}

/// A followed log: which one, and how far it was read.
#[derive(Debug, Clone)]
pub struct LogFollow {
    /// Namespace of the pod.
    pub namespace: String,
    /// Name of the pod.
    pub pod: String,
    /// Its uid: a new pod of the same name is another log.
    pub uid: String,
    /// Container.
    pub container: String,
    /// What was asked for.
    pub options: LogOptions,
    /// How far it was read; the log decides what it counts. `None` before the first reading.
    pub position: Option<u64>,
    /// The line at which a followed log was opened.
    pub opened: Option<u64>,
    /// Bytes sent so far, for `limit_bytes`.
    pub sent: usize,
}

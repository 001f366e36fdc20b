//! What the platform asks of the API server, and what it is told: plain values, so that a test can compare them.

use super::seen::Seen;
use serde_json::Value;

/// Names one call until its reply has been handled. Never used twice by one [`super::Platform`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u64);

/// The verbs that the platform uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Reads one object.
    Get,
    /// Creates one object.
    Post,
    /// Changes one object by a JSON merge patch.
    Patch,
    /// Deletes one object.
    Delete,
}

impl Method {
    /// As HTTP writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
        }
    }
}

/// One request to the API server.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// Comes back with the reply.
    pub id: CallId,
    /// HTTP method.
    pub method: Method,
    /// Path without a query, from the server's root.
    pub path: String,
    /// Content type of the body; empty without one.
    pub content_type: &'static str,
    /// JSON body; `Null` stands for none.
    pub body: Value,
}

/// What is listed and watched. Each kind is one watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Pods of jobs.
    RunnerPods,
    /// Pods of the platform's own workloads.
    SystemPods,
    /// The queue's ConfigMaps.
    Queues,
    /// Ingresses that the API handlers registered.
    Ingresses,
}

impl Kind {
    /// Every kind, in the order in which they are best listed.
    pub const ALL: [Kind; 4] = [
        Kind::Queues,
        Kind::RunnerPods,
        Kind::SystemPods,
        Kind::Ingresses,
    ];

    /// Path of the collection to list and watch.
    pub fn path(self) -> &'static str {
        match self {
            Kind::RunnerPods => "/api/v1/namespaces/ci-jobs/pods",
            Kind::SystemPods => "/api/v1/namespaces/ci-system/pods",
            Kind::Queues => "/api/v1/namespaces/ci-system/configmaps",
            Kind::Ingresses => "/apis/networking.k8s.io/v1/namespaces/ci-system/ingresses",
        }
    }

    /// Label selector for list and watch.
    pub fn selector(self) -> &'static str {
        match self {
            Kind::RunnerPods => "jobs.constable/component=runner,!sim.constable/filled",
            Kind::SystemPods => "jobs.constable/component in (api,worker)",
            Kind::Queues => "jobs.constable/component=queue",
            Kind::Ingresses => "jobs.constable/component=api",
        }
    }
}

/// What a shell tells the platform.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// A whole list of one kind; what it does not contain is gone.
    Listed(Kind, Vec<Seen>),
    /// An object was created or changed.
    Applied(Seen),
    /// An object is gone; its last state.
    Deleted(Seen),
    /// The answer to a call: HTTP status, and the body's `metadata.resourceVersion` and what else is used of it.
    Reply {
        /// Which call.
        id: CallId,
        /// HTTP status.
        status: u16,
        /// The body as JSON, or `Null`.
        body: bytes::Bytes,
    },
    /// A call without an answer: whether it took effect is unknown.
    Failed {
        /// Which call.
        id: CallId,
        /// In the transport's words.
        why: String,
    },
    /// Time has come: see [`super::Platform::next_due`].
    Tick,
}

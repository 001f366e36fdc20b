//! Bytes of the API server into the model's types, slim.
//!
//! Each object is read in one pass into the few fields that are used; all else is skipped without a copy. One
//! [`Decoder`] belongs to one feed: it shares repeated texts, makes every text harmless
//! ([`harmless`]) and never fails but for the object at hand.
//!
//! Of annotations only those are kept whose keys [`keeps_annotation`] knows.

mod direct;
mod error;
mod event;
mod frame;
mod kept;
mod memo;
mod meta;
mod network;
mod node;
mod pod;
mod proto;
mod raw;
mod requests;
#[cfg(test)]
mod tests;
mod usage;
mod visit;
mod workload;

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use serde::{Deserialize, Deserializer};

pub use error::{DecodeError, Wire};
pub use frame::{Frame, ListHead, Page, ServerError, status};
pub use proto::Fault;
pub(super) use proto::{MAGIC, Reader};
pub use usage::metrics;

use self::proto::Message;
use super::harmless;
use super::intern::{Interner, Pool};
use crate::ci::{Kept, projection};
use crate::model::labels::Keys;
use crate::model::{Kind, Object, Owner, PodSpec, Said, Text, Words, WorkloadKind};

/// The annotation by which the bookmark that ends a streaming list is known.
const INITIAL_EVENTS_END: &str = "k8s.io/initial-events-end";

/// What the CI systems and the console declared.
static DECLARED: LazyLock<Kept> = LazyLock::new(projection);

/// Annotations that decoding itself looks at.
const KEPT: [&str; 3] = [
    // Which container `kubectl logs` takes.
    "kubectl.kubernetes.io/default-container",
    network::OLD_CLASS,
    INITIAL_EVENTS_END,
];

/// Whether the value of an annotation is kept.
pub fn keeps_annotation(key: &str) -> bool {
    KEPT.contains(&key) || DECLARED.annotation(key)
}

/// Where a raw shape can be read from.
trait Source<'de> {
    type Error;

    fn raw<R: Deserialize<'de> + Message<'de>>(self) -> Result<R, Self::Error>;
}

/// Anything that serde reads.
struct Json<D>(D);

impl<'de, D: Deserializer<'de>> Source<'de> for Json<D> {
    type Error = D::Error;

    fn raw<R: Deserialize<'de> + Message<'de>>(self) -> Result<R, D::Error> {
        R::deserialize(self.0)
    }
}

/// The message of one object.
struct Protobuf<'de>(&'de [u8]);

impl<'de> Source<'de> for Protobuf<'de> {
    type Error = Fault;

    fn raw<R: Deserialize<'de> + Message<'de>>(self) -> Result<R, Fault> {
        R::read(self.0)
    }
}

/// Reads one feed's objects.
#[derive(Debug, Default)]
pub struct Decoder {
    interner: Interner,
    keys: Pool<Keys>,
    owners: Pool<Owner>,
    specs: Pool<PodSpec>,
    said: Pool<[Said]>,
    words: Pool<Words>,
    direct: direct::Direct,
}

impl Clone for Decoder {
    /// What is shared is known to the decoder that met it: a copy begins anew.
    fn clone(&self) -> Self {
        Self::new()
    }
}

impl Decoder {
    /// With nothing shared yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// What it shares: names and numbers of entries.
    pub fn census(&self) -> [(&'static str, usize); 6] {
        [
            ("texts", self.interner.len()),
            ("sets of keys", self.keys.len()),
            ("shared owners", self.owners.len()),
            ("specs", self.specs.len()),
            ("conditions", self.said.len()),
            ("words", self.words.len()),
        ]
    }

    /// One object of `kind` from its JSON.
    pub fn object(&mut self, kind: Kind, json: &[u8]) -> Result<Object, serde_json::Error> {
        let mut from = serde_json::Deserializer::from_slice(json);
        self.read(kind, Json(&mut from)).map(|(object, _)| object)
    }

    /// One object and its resourceVersion, from its message.
    fn message<'a>(
        &mut self,
        kind: Kind,
        message: &'a [u8],
    ) -> Result<(Object, Cow<'a, str>), Fault> {
        if kind == Kind::Pod
            && let Some((pod, version)) = self.direct(message)
        {
            return Ok((Object::Pod(pod), version));
        }
        self.read(kind, Protobuf(message))
    }

    /// One object and its resourceVersion.
    fn read<'de, S: Source<'de>>(
        &mut self,
        kind: Kind,
        from: S,
    ) -> Result<(Object, Cow<'de, str>), S::Error> {
        macro_rules! read {
            ($raw:ty, $object:ident, $decode:expr) => {{
                let raw: $raw = from.raw()?;
                let decode: fn(&mut Self, &$raw) -> _ = $decode;
                let object = Object::$object(Arc::new(decode(self, &raw)));
                (object, raw.metadata.0.resource_version.0)
            }};
        }
        use workload::RawWorkload;
        Ok(match kind {
            Kind::Node => read!(node::RawNode<'_>, Node, |d, r| d.node(r)),
            Kind::Pod => read!(pod::RawPod<'_>, Pod, |d, r| d.pod(r)),
            Kind::Ingress => read!(network::RawIngress<'_>, Ingress, |d, r| d.ingress(r)),
            Kind::Service => read!(network::RawService<'_>, Service, |d, r| d.service(r)),
            Kind::EndpointSlice => read!(network::RawSlice<'_>, EndpointSlice, |d, r| d.slice(r)),
            Kind::BatchJob => read!(workload::RawJob<'_>, BatchJob, |d, r| d.batch_job(r)),
            Kind::ReplicaSet => read!(RawWorkload<'_, workload::ReplicaSet>, Workload, |d, r| d
                .workload(WorkloadKind::ReplicaSet, r)),
            Kind::StatefulSet => read!(RawWorkload<'_, workload::StatefulSet>, Workload, |d, r| d
                .workload(WorkloadKind::StatefulSet, r)),
            Kind::Deployment => read!(RawWorkload<'_, workload::Deployment>, Workload, |d, r| d
                .workload(WorkloadKind::Deployment, r)),
            Kind::DaemonSet => read!(RawWorkload<'_, workload::DaemonSet>, Workload, |d, r| d
                .workload(WorkloadKind::DaemonSet, r)),
            Kind::CronJob => read!(workload::RawCronJob<'_>, CronJob, |d, r| d.cron_job(r)),
            Kind::Autoscaler => read!(workload::RawAutoscaler<'_>, Autoscaler, |d, r| d
                .autoscaler(r)),
            Kind::Budget => read!(workload::RawBudget<'_>, Budget, |d, r| d.budget(r)),
            Kind::Event | Kind::Warning => read!(event::RawEvent<'_>, Event, |d, r| d.happening(r)),
        })
    }

    /// Harmless and shared: for what repeats.
    fn text(&mut self, text: &str) -> Text {
        // What is shared already is harmless.
        if let Some(known) = self.interner.known(text.as_bytes()) {
            return known;
        }
        match harmless::plain(text) {
            Cow::Borrowed(text) => self.interner.intern(text),
            Cow::Owned(text) => self.interner.intern(&text),
        }
    }

    /// Harmless and its own copy: for what is unique, as names and uids are.
    fn own(&mut self, text: &str) -> Text {
        if text.is_empty() {
            return self.empty();
        }
        match harmless::plain(text) {
            Cow::Borrowed(text) => text.into(),
            Cow::Owned(text) => text.into(),
        }
    }

    fn empty(&self) -> Text {
        self.interner.empty()
    }
}

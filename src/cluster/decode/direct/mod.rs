//! A pod straight from its message, without a raw shape between.
//!
//! Pods are nearly all of what a big cluster sends, and most of a pod is like another's. So the bytes from
//! which a shared part is made (of the spec: names, images, amounts, tolerations, …) are strung together and
//! looked up among what was read before; only what is new is decoded. What is not written as API servers do
//! (a field twice, text that is no text) is left to the reading by raw shapes: `None` says so, and is also
//! the answer to bytes that are at fault, for the other way to name the fault.

mod key;
mod known;
#[cfg(test)]
mod tests;

pub(super) use self::known::Direct;
use self::known::{KnownSpec, Packed, emptied};
use std::borrow::Cow;
use std::sync::Arc;

use self::key::{
    Controller, INIT_STATUS, MAIN_STATUS, Seen, condition, controller, entry, once, record,
    running, seen, spec_key, texts, time,
};
use super::pod::{RawPod, RawStatus};
use super::proto::{Message, Reader, Value, text};
use super::raw::RawTime;
use super::{Decoder, harmless, requests};
use crate::model::condition::Conditions;
use crate::model::labels::{Keys, Labels};
use crate::model::{
    ContainerState, ContainerStatus, Meta, Owner, Pod, PodPhase, PodSpec, Terminated, Text, Uid,
};

/// What a status says of the pod itself.
#[derive(Default)]
struct Standing<'a> {
    phase: &'a [u8],
    reason: &'a [u8],
    message: &'a [u8],
    ip: &'a [u8],
    started: RawTime,
    init: Vec<Seen<'a>>,
    main: Vec<Seen<'a>>,
}

impl Decoder {
    /// The pod and its resourceVersion; `None` where it has to be read in the other way.
    pub(super) fn direct<'a>(&mut self, message: &'a [u8]) -> Option<(Arc<Pod>, Cow<'a, str>)> {
        let (mut meta, mut spec, mut status) = (None, None, None);
        let mut reader = Reader(message);
        while let Some(field) = reader.next()? {
            match field {
                (1, Value::Bytes(bytes)) => once(&mut meta, bytes)?,
                (2, Value::Bytes(bytes)) => once(&mut spec, bytes)?,
                (3, Value::Bytes(bytes)) => once(&mut status, bytes)?,
                _ => {}
            }
        }
        let (spec, status) = (spec.unwrap_or_default(), status.unwrap_or_default());
        let (meta, version) = self.direct_meta(meta.unwrap_or_default())?;
        self.direct.key.clear();
        let node = spec_key(&mut self.direct.key, spec)?;
        let standing = self.standing(status)?;
        let KnownSpec { spec, init } = self.known_spec(message)?;
        let conditions = self.direct_conditions(status)?;
        let statuses = self.direct_statuses(&spec, init, &standing)?;
        self.direct.seen = [standing.init, standing.main].map(emptied);
        let pod = Arc::new(Pod {
            meta,
            spec,
            node: (!node.is_empty()).then(|| self.text_of(node)),
            conditions,
            statuses,
            words: (!standing.reason.is_empty() || !standing.message.is_empty())
                .then(|| self.words(&text(standing.reason), &text(standing.message))),
            started: standing.started.whole(),
            ip: std::str::from_utf8(standing.ip)
                .ok()
                .and_then(|ip| ip.parse().ok()),
            phase: match standing.phase {
                b"Pending" | b"" => PodPhase::Pending,
                b"Running" => PodPhase::Running,
                b"Succeeded" => PodPhase::Succeeded,
                b"Failed" => PodPhase::Failed,
                _ => PodPhase::Unknown,
            },
        });
        Some((pod, version))
    }

    fn direct_meta<'a>(&mut self, bytes: &'a [u8]) -> Option<(Meta, Cow<'a, str>)> {
        let (mut name, mut namespace, mut uid, mut version): (&[u8], &[u8], &[u8], &'a [u8]) =
            (b"", b"", b"", b"");
        let (mut created, mut deleting) = (RawTime::default(), RawTime::default());
        let (mut owner, mut last_label, mut last_annotation): (_, &[u8], &[u8]) = (None, b"", b"");
        self.direct.labels.clear();
        self.direct.annotations.clear();
        self.direct.at = 0;
        let mut reader = Reader(bytes);
        while let Some((number, value)) = reader.next()? {
            match (number, value) {
                (1, Value::Bytes(bytes)) => name = bytes,
                (3, Value::Bytes(bytes)) => namespace = bytes,
                (5, Value::Bytes(bytes)) => uid = bytes,
                (6, Value::Bytes(bytes)) => version = bytes,
                (8, Value::Bytes(_)) => created = time(value)?,
                (9, Value::Bytes(_)) => deleting = time(value)?,
                (11, Value::Bytes(bytes)) => {
                    let (key, value) = entry(bytes)?;
                    self.direct.labels.push(&mut last_label, key, value)?;
                }
                (12, Value::Bytes(bytes)) => {
                    let (key, value) = entry(bytes)?;
                    if self.direct.keeps(key)? {
                        let annotations = &mut self.direct.annotations;
                        annotations.push(&mut last_annotation, key, value)?;
                    }
                }
                (13, Value::Bytes(bytes)) => {
                    let found = controller(bytes)?;
                    owner = owner.or(found);
                }
                _ => {}
            }
        }
        let meta = Meta {
            uid: self.uid_of(uid),
            namespace: self.namespace_of(namespace),
            name: self.own_of(name),
            created: created.time().unwrap_or_default(),
            deleting: deleting.time(),
            labels: self.packed(|d| &mut d.labels)?,
            annotations: self.packed(|d| &mut d.annotations)?,
            owner: owner.map(|o| self.direct_owner(&o)),
        };
        Some((meta, text(version).0))
    }

    fn packed(&mut self, which: fn(&mut Direct) -> &mut Packed) -> Option<Labels> {
        if which(&mut self.direct).count == 0 {
            return Some(Labels::default());
        }
        let mut packed = std::mem::take(which(&mut self.direct));
        let same = |keys: &Arc<Keys>| packed.alike && packed.count == keys.len();
        let keys = match packed.before.take_if(|keys| same(keys)) {
            Some(keys) => keys,
            None => {
                if packed.alike {
                    packed.part();
                }
                match self.direct.keys.get(&packed.keys) {
                    Some(known) => known,
                    None => self.new_keys(&packed.keys)?,
                }
            }
        };
        packed.before = Some(keys.clone());
        let values = std::str::from_utf8(&packed.values).ok()?;
        let labels = Labels::packed(keys, values);
        *which(&mut self.direct) = packed;
        Some(labels)
    }

    fn new_keys(&mut self, strung: &[u8]) -> Option<Arc<Keys>> {
        let mut keys: Vec<&str> = Vec::new();
        let mut rest = strung;
        while let Some((head, after)) = rest.split_first_chunk::<5>() {
            let length = u32::from_le_bytes([head[1], head[2], head[3], head[4]]) as usize;
            let (key, after) = after.split_at_checked(length)?;
            keys.push(plain(key)?);
            rest = after;
        }
        let shared = self.shared_keys(keys.iter().copied());
        self.direct.keys.put(strung, shared.clone());
        Some(shared)
    }

    fn direct_owner(&mut self, owner: &Controller<'_>) -> Arc<Owner> {
        let uid = self.uid_of(owner.uid);
        self.shared_owner(uid, &text(owner.kind), &text(owner.name))
    }

    /// What a status says; of its conditions the key, of its containers' amounts the spec's key.
    fn standing<'a>(&mut self, bytes: &'a [u8]) -> Option<Standing<'a>> {
        let direct = &mut self.direct;
        let [init, main] = std::mem::take(&mut direct.seen).map(emptied);
        let mut standing = Standing {
            init,
            main,
            ..Standing::default()
        };
        direct.said_key.clear();
        direct.since.clear();
        let mut reader = Reader(bytes);
        while let Some((number, value)) = reader.next()? {
            match (number, value) {
                (1, Value::Bytes(bytes)) => standing.phase = bytes,
                (2, Value::Bytes(bytes)) => {
                    let since = condition(&mut direct.said_key, bytes)?;
                    direct.since.push(since.whole());
                }
                (3, Value::Bytes(bytes)) => standing.message = bytes,
                (4, Value::Bytes(bytes)) => standing.reason = bytes,
                (6, Value::Bytes(bytes)) => standing.ip = bytes,
                (7, Value::Bytes(_)) => standing.started = time(value)?,
                (8, Value::Bytes(bytes)) => {
                    record(&mut direct.key, MAIN_STATUS, b"");
                    standing.main.push(seen(&mut direct.key, bytes)?);
                }
                (10, Value::Bytes(bytes)) => {
                    record(&mut direct.key, INIT_STATUS, b"");
                    standing.init.push(seen(&mut direct.key, bytes)?);
                }
                _ => {}
            }
        }
        Some(standing)
    }

    /// The spec of the key that was strung together; if it is new, from the whole message.
    fn known_spec(&mut self, message: &[u8]) -> Option<KnownSpec> {
        if let Some(known) = self.direct.specs.get(&self.direct.key) {
            return Some(known);
        }
        let raw = RawPod::read(message).ok()?;
        let (init, main) = (&raw.spec.init_containers, &raw.spec.containers);
        let mut names = init.iter().chain(main.iter()).map(|c| &c.name.0);
        if !names.all(|name| harmless::is_plain(name.as_bytes())) {
            return None;
        }
        let known = KnownSpec {
            init: init.len(),
            spec: self.spec(&raw.spec, requests::of_pod(&raw)),
        };
        self.direct.specs.put(&self.direct.key, known.clone());
        Some(known)
    }

    fn direct_conditions(&mut self, status: &[u8]) -> Option<Conditions> {
        if self.direct.since.is_empty() {
            return Some(Conditions::default());
        }
        let said = match self.direct.said.get(&self.direct.said_key) {
            Some(known) => known,
            None => {
                let raw = RawStatus::read(status).ok()?;
                let said = self.said(&raw.conditions);
                self.direct.said.put(&self.direct.said_key, said.clone());
                said
            }
        };
        Some(Conditions::new(said, self.direct.since.as_slice().into()))
    }

    /// The status of each container, in the order of the spec.
    fn direct_statuses(
        &mut self,
        spec: &PodSpec,
        init: usize,
        standing: &Standing<'_>,
    ) -> Option<Box<[Option<ContainerStatus>]>> {
        if standing.main.is_empty() && standing.init.is_empty() {
            return Some(Box::default());
        }
        let mut statuses = Vec::with_capacity(spec.containers.len());
        for (at, container) in spec.containers.iter().enumerate() {
            let (all, at) = match at.checked_sub(init) {
                None => (&standing.init, at),
                Some(at) => (&standing.main, at),
            };
            let name = container.name.as_bytes();
            let place = match all.get(at) {
                Some(seen) if seen.name == name => Some(at),
                _ => all.iter().position(|seen| seen.name == name),
            };
            statuses.push(match place {
                Some(at) => Some(self.direct_status(&all[at], at)?),
                None => None,
            });
        }
        Some(statuses.into())
    }

    fn direct_status(&mut self, seen: &Seen<'_>, at: usize) -> Option<ContainerStatus> {
        let last = match seen.last {
            None | Some([]) => None,
            Some(bytes) => match self.direct_state(bytes)? {
                ContainerState::Terminated(end) => Some(end),
                ContainerState::Unset => None,
                ContainerState::Waiting(_) | ContainerState::Running { .. } => return None,
            },
        };
        Some(ContainerStatus {
            state: self.direct_state(seen.state.unwrap_or_default())?,
            last,
            restarts: seen.restarts,
            at: u16::try_from(at).unwrap_or(u16::MAX),
            ready: seen.ready,
            started: seen.started,
        })
    }

    fn direct_state(&mut self, bytes: &[u8]) -> Option<ContainerState> {
        let mut reader = Reader(bytes);
        let mut state = ContainerState::Unset;
        while let Some((number, value)) = reader.next()? {
            let (1..=3, Value::Bytes(bytes)) = (number, value) else {
                continue;
            };
            if !matches!(state, ContainerState::Unset) {
                return None;
            }
            state = match number {
                1 => {
                    let [reason, message] = texts(bytes, [1, 2])?;
                    ContainerState::Waiting(self.words(&text(reason), &text(message)))
                }
                2 => ContainerState::Running {
                    since: running(bytes)?.whole(),
                },
                _ => ContainerState::Terminated(Box::new(self.direct_end(bytes)?)),
            };
        }
        Some(state)
    }

    fn direct_end(&mut self, bytes: &[u8]) -> Option<Terminated> {
        let (mut exit, mut signal) = (0, 0);
        let (mut reason, mut message): (&[u8], &[u8]) = (b"", b"");
        let (mut started, mut finished) = (RawTime::default(), RawTime::default());
        let mut reader = Reader(bytes);
        while let Some((number, value)) = reader.next()? {
            match (number, value) {
                (1, Value::Number(number)) => exit = number as i32,
                (2, Value::Number(number)) => signal = number as i32,
                (3, Value::Bytes(bytes)) => reason = bytes,
                (4, Value::Bytes(bytes)) => message = bytes,
                (5, Value::Bytes(_)) => started = time(value)?,
                (6, Value::Bytes(_)) => finished = time(value)?,
                _ => {}
            }
        }
        Some(Terminated {
            exit,
            signal,
            words: self.words(&text(reason), &text(message)),
            started: started.whole(),
            finished: finished.whole(),
        })
    }

    /// Mostly that of the pod before.
    fn namespace_of(&mut self, bytes: &[u8]) -> Text {
        if self.direct.namespace.as_bytes() != bytes {
            self.direct.namespace = self.text_of(bytes);
        }
        self.direct.namespace.clone()
    }

    /// Harmless and shared. What is shared already is harmless.
    fn text_of(&mut self, bytes: &[u8]) -> Text {
        match self.interner.known(bytes) {
            Some(known) => known,
            None => self.text(&text(bytes)),
        }
    }

    fn own_of(&mut self, bytes: &[u8]) -> Text {
        match plain(bytes) {
            Some("") | None => self.own(&text(bytes)),
            Some(plain) => plain.into(),
        }
    }

    fn uid_of(&mut self, bytes: &[u8]) -> Uid {
        match plain(bytes) {
            Some(plain) => plain.into(),
            None => self.uid(&text(bytes)),
        }
    }
}

/// The text, if nothing in it needs a second look.
#[inline]
fn plain(bytes: &[u8]) -> Option<&str> {
    harmless::is_plain(bytes)
        .then(|| std::str::from_utf8(bytes).ok())
        .flatten()
}

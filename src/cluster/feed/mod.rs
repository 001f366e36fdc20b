//! One stream a kind: list, follow, resume, and say how it stands.
//!
//! | kind | watched | verbs it needs | scope |
//! |---|---|---|---|
//! | nodes | always | list, watch on `nodes` | cluster |
//! | pods | always | list, watch on `pods` | namespace, labels |
//! | ingresses | always | list, watch on `ingresses.networking.k8s.io` | namespace |
//! | services | always | list, watch on `services` | namespace |
//! | endpointslices | always | list, watch on `endpointslices.discovery.k8s.io` | namespace |
//! | jobs | always | list, watch on `jobs.batch` | namespace |
//! | replicasets | always | list, watch on `replicasets.apps` | namespace |
//! | statefulsets | always | list, watch on `statefulsets.apps` | namespace |
//! | deployments | always | list, watch on `deployments.apps` | namespace |
//! | daemonsets | always | list, watch on `daemonsets.apps` | namespace |
//! | poddisruptionbudgets | while an action needs them | list, watch on `poddisruptionbudgets.policy` | namespace |
//! | events about something | while the screen shows them | list, watch on `events` | its namespace, a field selector |
//! | events of type Warning | while the screen shows them | list, watch on `events` | namespace, `type=Warning` |
//!
//! What is denied is said (`Denied`) and asked again every half minute; the others go on. Where all
//! namespaces are denied and the context names one, that one is watched ([`Feeds::narrowed`] tells).
//!
//! A feed asks for protobuf and takes JSON; the reply's content type says which it is. [`inflate`],
//! [`splitter`] and [`items`] turn a body into frames or items, [`machine`] those into steps, all without IO; [`task`](self) drives
//! them over a client. We do not use kube's watcher: it reads JSON only, hides bookmarks, resumes in silence,
//! has no way back from streaming lists and stops for ever at one object that cannot be read.
//!
//! What a feed asks of the server: one watch a kind, ended after one to five minutes and resumed where it was;
//! a list only at the start and after an expired version, streamed or in pages; few lists at a time, nodes and
//! pods first ([`super::budget`]). After an outage each comes back at its own time within a second; a
//! `Retry-After` is the least that is waited.

pub mod elements;
mod exchange;
pub mod figures;
mod held;
pub mod inflate;
pub mod items;
pub mod machine;
mod outbox;
pub mod splitter;
mod task;
mod terms;

pub use terms::Lists;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::engine::Event;
use crate::engine::effect::About;
use crate::model::{FeedState, Kind, Text};

use super::backoff::{Backoff, seed};
use super::connect::Connection;

/// Watches are longer by up to this.
const WATCH_SPREAD: Duration = Duration::from_secs(30);

/// What part of the cluster is watched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// This namespace alone; `None`: all.
    pub namespace: Option<String>,
    /// Watched instead where all namespaces are denied.
    pub fallback: Option<String>,
    /// `-l`: only pods with these labels.
    pub selector: Option<String>,
    /// Of events only those whose fields are so.
    pub fields: Option<String>,
}

impl Scope {
    /// The part that one feed watches; `about` is what the events are about.
    pub fn of(&self, kind: Kind, about: Option<&About>) -> Self {
        let mut scope = self.clone();
        match (kind, about) {
            (Kind::Warning, _) => scope.fields = Some("type=Warning".to_owned()),
            (Kind::Event, Some(about)) => {
                if let Some(namespace) = &about.namespace {
                    scope.namespace = Some(namespace.to_string());
                    scope.fallback = None;
                }
                let fields = Some(about.fields.to_string());
                scope.fields = fields.filter(|fields| !fields.is_empty());
            }
            _ => {}
        }
        scope
    }
}

/// How the server was when last asked ([`super::pulse`]).
#[derive(Clone, Debug, PartialEq)]
pub enum Pulse {
    /// It answers.
    Answers,
    /// It does not.
    Silent {
        /// When it last did.
        since: DateTime<Utc>,
        /// Why.
        why: Text,
    },
}

/// The feeds of one connection. Dropping it ends them.
#[derive(Debug)]
pub struct Feeds {
    connection: Connection,
    scope: Scope,
    lists: Lists,
    pulse: watch::Receiver<Pulse>,
    events: mpsc::Sender<Event>,
    tasks: BTreeMap<Kind, JoinHandle<()>>,
    about: Option<About>,
    narrowed: Arc<Mutex<BTreeSet<Kind>>>,
}

impl Feeds {
    /// None runs yet. Events go to `events`; when it is full the streams wait.
    pub fn new(
        connection: Connection,
        scope: Scope,
        lists: Lists,
        pulse: watch::Receiver<Pulse>,
        events: mpsc::Sender<Event>,
    ) -> Self {
        Self {
            connection,
            scope,
            lists,
            pulse,
            events,
            tasks: BTreeMap::new(),
            about: None,
            narrowed: Arc::default(),
        }
    }

    /// The kinds that are watched all the time.
    pub fn always() -> impl Iterator<Item = Kind> {
        Kind::ALL.into_iter().filter(|k| !k.on_demand())
    }

    /// Starts or stops a feed. Stopping says `Off`.
    pub fn set(&mut self, kind: Kind, on: bool) {
        let old = self.tasks.remove(&kind);
        match (on, old) {
            (true, Some(running)) => {
                self.tasks.insert(kind, running);
            }
            (true, None) => self.start(kind, None),
            (false, Some(running)) => {
                running.abort();
                let (no, events) = (self.connection.no, self.events.clone());
                tokio::spawn(async move {
                    // Nothing of the old stream may come after `Off`.
                    let _ = running.await;
                    let _ = events
                        .send(Event::Feed(no, kind, Box::new(FeedState::Off)))
                        .await;
                });
            }
            (false, None) => {}
        }
    }

    /// Watches the events of something, instead of those of something else, or none.
    pub fn events(&mut self, about: Option<About>) {
        self.about = about;
        if self.about.is_none() {
            return self.set(Kind::Event, false);
        }
        let old = self.tasks.remove(&Kind::Event);
        if let Some(old) = &old {
            old.abort();
        }
        self.start(Kind::Event, old);
    }

    /// Watches another part of the cluster: all running feeds begin again.
    pub fn rescope(&mut self, namespace: Option<String>) {
        self.scope.namespace = namespace;
        self.narrowed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
        for (kind, old) in std::mem::take(&mut self.tasks) {
            old.abort();
            self.start(kind, Some(old));
        }
    }

    /// Kinds of which only the fallback namespace is seen, because all namespaces are denied.
    pub fn narrowed(&self) -> BTreeSet<Kind> {
        self.narrowed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The namespace of which pods are watched; `None`: all.
    pub fn namespace(&self) -> Option<String> {
        let narrowed = self.narrowed().contains(&Kind::Pod);
        let fallback = self.scope.fallback.clone().filter(|_| narrowed);
        self.scope.namespace.clone().or(fallback)
    }

    /// The namespace that is watched where all are denied.
    pub fn fallback(&self) -> Option<&str> {
        self.scope.fallback.as_deref()
    }

    fn start(&mut self, kind: Kind, after: Option<JoinHandle<()>>) {
        let mut backoff = Backoff::new(seed());
        // Watches of one start must not all end at the same instant either.
        let spread = backoff.within(WATCH_SPREAD).as_secs();
        let scope = self.scope.of(kind, self.about.as_ref());
        let lists = match kind {
            // The server keeps no cache of events: it has nothing to stream a list from.
            Kind::Event | Kind::Warning => Lists::Pages,
            _ => self.lists,
        };
        let machine =
            machine::Machine::new(kind, scope, lists).spread(u32::try_from(spread).unwrap_or(0));
        let task = task::Task {
            connection: self.connection.clone(),
            machine,
            backoff,
            turn: None,
            plain: false,
            events: self.events.clone(),
            pulse: self.pulse.clone(),
            narrowed: self.narrowed.clone(),
        };
        let handle = tokio::spawn(async move {
            if let Some(old) = after {
                // The old stream's last batch must not come after our first.
                let _ = old.await;
            }
            task.run().await;
        });
        self.tasks.insert(kind, handle);
    }
}

impl Drop for Feeds {
    fn drop(&mut self) {
        for task in self.tasks.values() {
            task.abort();
        }
    }
}

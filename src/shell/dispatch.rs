//! Effects into what they ask for, and what the sessions tell on its way to the engine.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::task::{Context, Poll};

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::audit::Audit;
use super::remote::RemoteAsk;
use super::run::Source;
use super::session::{self, Ask, Start};
use crate::cluster::connect::{ConnectError, Target};
use crate::cluster::exec::Pipes;
use crate::engine::remote::{Remote, RemoteEnd, RemoteEvent, RemoteId, Terminal};
use crate::engine::settings::Api;
use crate::engine::{Call, CallId, Effect, Event, Key, Reply};
use crate::model::{ClusterNo, Text};

/// Events of a cluster that may wait for the engine; its streams wait when it is full, those of others do not.
const EVENTS: usize = 256;
/// The same for feeds, whose events are batches of some hundred objects.
const BATCHES: usize = 12;
/// Asks that may wait for a connection.
const ASKS: usize = 1024;

/// What an effect wants of the loop itself.
#[derive(Debug, PartialEq)]
pub(super) enum Wanted {
    Quit,
    Suspend,
    Bell,
    Copy(Box<str>),
    ConsoleLogKey(Key),
    Theme(Text),
    /// The terminal is lent to a process in a container.
    Lend(ClusterNo, RemoteId, Terminal),
}

/// Told how a configuration was found.
pub(super) type Found = oneshot::Receiver<Result<(), ConnectError>>;

/// How every session asks.
#[derive(Clone)]
pub(super) struct Terms {
    /// Only this namespace.
    pub(super) namespace: Option<String>,
    /// Only pods with these labels.
    pub(super) selector: Option<String>,
    pub(super) api: Api,
}

/// The sessions under way, one a cluster, and the audit trail.
pub(super) struct Dispatch {
    /// What the console began with: a context that is asked for by name may be among them.
    sources: Vec<Source>,
    terms: Terms,
    sessions: BTreeMap<ClusterNo, Link>,
    /// Whose news are looked at first: each in its turn.
    turn: usize,
    audit: Option<Audit>,
    /// Answers that we give ourselves.
    own: Vec<Event>,
}

struct Link {
    asks: mpsc::Sender<Ask>,
    events: mpsc::Receiver<Event>,
    batches: mpsc::Receiver<Event>,
    task: JoinHandle<()>,
}

impl Link {
    fn open(no: ClusterNo, source: Source, terms: &Terms) -> (Self, Found) {
        let (told, events) = mpsc::channel(EVENTS);
        let (feeds, batches) = mpsc::channel(BATCHES);
        let (asks, asked) = mpsc::channel(ASKS);
        let (opened, found) = oneshot::channel();
        let start = Start {
            no,
            source,
            terms: terms.clone(),
            feeds,
            opened,
        };
        let task = tokio::spawn(session::run(start, told, asked));
        let link = Self {
            asks,
            events,
            batches,
            task,
        };
        (link, found)
    }

    /// Takes what there is, at most so much and one batch; returns how much.
    fn take(&mut self, cx: &mut Context<'_>, events: &mut Vec<Event>, most: usize) -> usize {
        let before = events.len();
        // A session that ended by itself has nothing more to say.
        let _ = self.events.poll_recv_many(cx, events, most);
        if let Poll::Ready(Some(batch)) = self.batches.poll_recv(cx) {
            events.push(batch);
        }
        events.len() - before
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Dispatch {
    /// Begins to connect, each source on its own. The receivers tell how the configurations were found.
    pub(super) fn begin(
        sources: Vec<Source>,
        terms: Terms,
        audit: Option<Audit>,
    ) -> (Self, Vec<Found>) {
        let mut sessions = BTreeMap::new();
        let mut found = Vec::new();
        for (no, source) in (0..=u8::MAX).map(ClusterNo).zip(&sources) {
            let (link, opened) = Link::open(no, source.clone(), &terms);
            sessions.insert(no, link);
            found.push(opened);
        }
        let dispatch = Self {
            sources,
            terms,
            sessions,
            turn: 0,
            audit,
            own: Vec::new(),
        };
        (dispatch, found)
    }

    /// News of the clusters, as many as there are up to about `most`: a cluster that has much to tell gets its
    /// share and no more.
    pub(super) async fn recv(&mut self, events: &mut Vec<Event>, most: usize) {
        if !self.own.is_empty() {
            events.append(&mut self.own);
            return;
        }
        let Self { sessions, turn, .. } = self;
        let count = sessions.len().max(1);
        let share = (most / count).max(1);
        *turn = (*turn + 1) % count;
        let first = *turn;
        poll_fn(|cx| {
            let mut some = 0;
            // Each is looked at even when an earlier one had something: its turn is now.
            for at in 0..count {
                let at = (first + at) % count;
                if let Some(link) = sessions.values_mut().nth(at) {
                    some += link.take(cx, events, share);
                }
            }
            if some > 0 {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }

    /// Does what an effect asks for, or says what the loop has to do for it.
    pub(super) fn take(&mut self, effect: Effect) -> Option<Wanted> {
        match effect {
            Effect::Quit => return Some(Wanted::Quit),
            Effect::Suspend => return Some(Wanted::Suspend),
            Effect::Bell => return Some(Wanted::Bell),
            Effect::Copy(text) => return Some(Wanted::Copy(text)),
            Effect::Save(saving) => {
                let end = super::save::save(&saving);
                self.own.push(Event::Saved(Box::new(end)));
            }
            Effect::ConsoleLogKey(key) => return Some(Wanted::ConsoleLogKey(key)),
            Effect::Theme(name) => return Some(Wanted::Theme(name)),
            Effect::Connect(no, context) => self.connect(no, &context),
            Effect::Disconnect(no) => {
                // What it still had to tell goes with its channels.
                self.sessions.remove(&no);
            }
            Effect::Scope(no, namespace) => {
                self.terms.namespace = namespace.map(|name| name.to_string());
                self.ask(no, Ask::Scope(self.terms.namespace.clone()));
            }
            Effect::Feed(no, kind, on) => self.ask(no, Ask::Feed(kind, on)),
            Effect::Events(no, about) => self.ask(no, Ask::Events(about)),
            Effect::Measure(no, of) => self.ask(no, Ask::Measure(of)),
            Effect::OpenLog(no, id, source) => self.ask(no, Ask::OpenLog(id, source)),
            Effect::CloseLog(no, id) => self.ask(no, Ask::CloseLog(id)),
            Effect::OpenRemote(no, id, remote) => match *remote {
                Remote::Terminal(terminal) => return Some(Wanted::Lend(no, id, terminal)),
                Remote::Forward(forward) => self.remote(no, id, RemoteAsk::Forward(id, forward)),
            },
            Effect::LeadRemote(no, id, to) => self.remote(no, id, RemoteAsk::Lead(id, *to)),
            Effect::CloseRemote(no, id) => self.remote(no, id, RemoteAsk::Close(id)),
            Effect::ParkLog(no, id, park) => self.ask(no, Ask::ParkLog(id, park)),
            Effect::Call(no, id, call) => self.call(no, id, call),
            Effect::Audit(line) => match &self.audit {
                Some(audit) => audit.write(*line),
                None => log::error!("no audit trail; its line: {line}"),
            },
        }
        None
    }

    fn connect(&mut self, no: ClusterNo, context: &str) {
        let stands = |source: &&Source| match source {
            Source::Connected(connection) => *connection.context == *context,
            Source::Cluster(_) => false,
        };
        let target = self.sources.iter().find_map(|source| match source {
            Source::Cluster(target) => Some(target),
            Source::Connected(_) => None,
        });
        let source = match (self.sources.iter().find(stands), target) {
            (Some(source), _) => source.clone(),
            (None, Some(target)) => Source::Cluster(Target {
                context: Some(context.to_owned()),
                ..target.clone()
            }),
            (None, None) => {
                log::error!("context {context:?} is not opened: this console has no kubeconfig");
                return;
            }
        };
        log::info!("connecting to context {context}");
        // An old session's events go with its channels.
        let link = Link::open(no, source, &self.terms).0;
        self.sessions.insert(no, link);
    }

    fn ask(&mut self, no: ClusterNo, ask: Ask) {
        let Some(session) = self.sessions.get(&no) else {
            return;
        };
        if let Err(error) = session.asks.try_send(ask) {
            log::error!(
                "dropped, too much waits for the connection: {:?}",
                error.into_inner()
            );
        }
    }

    /// Connects the terminal to its process.
    pub(super) fn lend(&mut self, no: ClusterNo, id: RemoteId, terminal: Terminal, pipes: Pipes) {
        self.remote(no, id, RemoteAsk::Terminal(id, terminal, pipes));
    }

    fn remote(&mut self, no: ClusterNo, id: RemoteId, ask: RemoteAsk) {
        let session = self.sessions.get(&no);
        if session.is_none_or(|s| s.asks.try_send(Ask::Remote(ask)).is_err()) {
            let end = RemoteEnd::Failed("too much waits for the connection".into());
            let event = RemoteEvent::Ended(end);
            self.own.push(Event::Remote(id, Box::new(event)));
        }
    }

    fn call(&mut self, no: ClusterNo, id: CallId, call: Box<Call>) {
        let session = self.sessions.get(&no);
        if session.is_none_or(|s| s.asks.try_send(Ask::Call(id, call)).is_err()) {
            let reply = Reply::Refused {
                code: 0,
                reason: "Unreachable".into(),
                message: "too much waits for the connection; nothing was sent".into(),
                causes: Vec::new(),
                retry_after: None,
            };
            self.own.push(Event::Reply(id, Box::new(reply)));
        }
    }
}

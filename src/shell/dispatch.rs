//! Effects into what they ask for.

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::audit::Audit;
use super::run::Source;
use super::session::{self, Ask, Start};
use crate::cluster::connect::{ConnectError, Target};
use crate::engine::settings::Api;
use crate::engine::{Call, CallId, Effect, Event, Key, Reply};
use crate::model::Text;

/// Events that may wait for the engine; streams wait when it is full.
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
    ConsoleLogKey(Key),
    Theme(Text),
}

/// The connection under way and the audit trail.
pub(super) struct Dispatch {
    target: Option<Target>,
    namespace: Option<String>,
    selector: Option<String>,
    api: Api,
    session: Link,
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
    fn open(
        source: Source,
        namespace: Option<String>,
        selector: Option<String>,
        api: Api,
    ) -> (Self, oneshot::Receiver<Result<(), ConnectError>>) {
        let (told, events) = mpsc::channel(EVENTS);
        let (feeds, batches) = mpsc::channel(BATCHES);
        let (asks, asked) = mpsc::channel(ASKS);
        let (opened, found) = oneshot::channel();
        let start = Start {
            source,
            namespace,
            selector,
            api,
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
}

impl Drop for Link {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Dispatch {
    /// Begins to connect. The receiver tells how the configuration was found.
    pub(super) fn begin(
        source: Source,
        namespace: Option<String>,
        selector: Option<String>,
        api: Api,
        audit: Option<Audit>,
    ) -> (Self, oneshot::Receiver<Result<(), ConnectError>>) {
        let target = match &source {
            Source::Cluster(target) => Some(target.clone()),
            Source::Connected(_) => None,
        };
        let (session, found) = Link::open(source, namespace.clone(), selector.clone(), api);
        let dispatch = Self {
            target,
            namespace,
            selector,
            api,
            session,
            audit,
            own: Vec::new(),
        };
        (dispatch, found)
    }

    /// News of the cluster, as many as there are up to `most`.
    pub(super) async fn recv(&mut self, events: &mut Vec<Event>, most: usize) {
        if !self.own.is_empty() {
            events.append(&mut self.own);
            return;
        }
        let Link {
            events: news,
            batches,
            ..
        } = &mut self.session;
        let some = tokio::select! {
            some = news.recv_many(events, most) => some,
            Some(batch) = batches.recv() => {
                events.push(batch);
                1
            }
        };
        if some == 0 {
            // The session ended by itself; nothing will come from it.
            std::future::pending::<()>().await;
        }
    }

    /// Does what an effect asks for, or says what the loop has to do for it.
    pub(super) fn take(&mut self, effect: Effect) -> Option<Wanted> {
        match effect {
            Effect::Quit => return Some(Wanted::Quit),
            Effect::Suspend => return Some(Wanted::Suspend),
            Effect::Bell => return Some(Wanted::Bell),
            Effect::ConsoleLogKey(key) => return Some(Wanted::ConsoleLogKey(key)),
            Effect::Theme(name) => return Some(Wanted::Theme(name)),
            Effect::Connect(context) => self.connect(&context),
            Effect::Scope(namespace) => {
                self.namespace = namespace.map(|name| name.to_string());
                self.ask(Ask::Scope(self.namespace.clone()));
            }
            Effect::Feed(kind, on) => self.ask(Ask::Feed(kind, on)),
            Effect::Events(about) => self.ask(Ask::Events(about)),
            Effect::OpenLog(id, source) => self.ask(Ask::OpenLog(id, source)),
            Effect::CloseLog(id) => self.ask(Ask::CloseLog(id)),
            Effect::Call(id, call) => self.call(id, call),
            Effect::Audit(line) => match &self.audit {
                Some(audit) => audit.write(*line),
                None => log::error!("no audit trail; its line: {line}"),
            },
        }
        None
    }

    fn connect(&mut self, context: &str) {
        let Some(target) = &mut self.target else {
            log::error!("this console has one cluster only; context {context:?} is not opened");
            return;
        };
        target.context = Some(context.to_owned());
        log::info!("connecting to context {context}");
        let source = Source::Cluster(target.clone());
        // The old session's events go with its channel.
        let (namespace, selector) = (self.namespace.clone(), self.selector.clone());
        self.session = Link::open(source, namespace, selector, self.api).0;
    }

    fn ask(&mut self, ask: Ask) {
        if let Err(error) = self.session.asks.try_send(ask) {
            log::error!(
                "dropped, too much waits for the connection: {:?}",
                error.into_inner()
            );
        }
    }

    fn call(&mut self, id: CallId, call: Box<Call>) {
        if self.session.asks.try_send(Ask::Call(id, call)).is_err() {
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

//! One connection: feeds, log streams and calls. It begins in the background and tries again until it has
//! a server; ending its task ends all that it started.

use std::collections::HashMap;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

use super::dispatch::Terms;
use super::remote::{RemoteAsk, Remotes};
use super::run::Source;
use crate::cluster::connect::{ConnectError, Connection, Greeting};
use crate::cluster::feed::figures::measure;
use crate::cluster::feed::{Feeds, Lists, Pulse, Scope};
use crate::cluster::log::{LogStream, Pressure};
use crate::cluster::{call, pulse};
use crate::engine::effect::About;
use crate::engine::{Call, CallId, Event, LogId, LogSource};
use crate::model::{ClusterNo, Kind, Measured};

/// What a session is asked for.
#[derive(Debug)]
pub(super) enum Ask {
    Scope(Option<String>),
    Feed(Kind, bool),
    Events(Option<Box<About>>),
    Measure(Measured),
    OpenLog(LogId, Box<LogSource>),
    CloseLog(LogId),
    ParkLog(LogId, bool),
    Call(CallId, Box<Call>),
    Remote(RemoteAsk),
}

/// Between two attempts to connect: doubled up to the second.
const RETRY: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(30));

/// Between two looks at what our requests cost.
const FIGURES: Duration = Duration::from_secs(1);

/// What a session starts with.
pub(super) struct Start {
    /// The cluster's place in the console.
    pub(super) no: ClusterNo,
    pub(super) source: Source,
    pub(super) terms: Terms,
    /// Where feeds report: few batches wait there, so that a cluster is not decoded faster than it is taken in.
    pub(super) feeds: mpsc::Sender<Event>,
    /// Told how the configuration was found, once.
    pub(super) opened: oneshot::Sender<Result<(), ConnectError>>,
}

/// Runs until nobody asks any more.
pub(super) async fn run(start: Start, events: mpsc::Sender<Event>, mut asks: mpsc::Receiver<Ask>) {
    let Start {
        no,
        source,
        terms,
        feeds,
        opened,
    } = start;
    let Some((connection, greeting)) = connect(no, &source, opened, &terms, &events).await else {
        return;
    };
    let scope = Scope {
        namespace: terms.namespace,
        fallback: connection.namespace.clone(),
        selector: terms.selector,
        fields: None,
    };
    let mut session = Session::begin(connection, greeting, scope, events, feeds);
    loop {
        tokio::select! {
            ask = asks.recv() => match ask {
                Some(ask) => session.take(ask),
                None => return,
            },
            // Ended tasks are taken out as they end.
            Some(_) = session.tasks.join_next() => {}
        }
    }
}

/// Until a server answers. `None`: nobody waits for it any more.
async fn connect(
    no: ClusterNo,
    source: &Source,
    opened: oneshot::Sender<Result<(), ConnectError>>,
    terms: &Terms,
    events: &mpsc::Sender<Event>,
) -> Option<(Connection, Greeting)> {
    let mut opened = Some(opened);
    let mut wait = RETRY.0;
    loop {
        let connection = match source {
            Source::Connected(connection) => Ok((**connection).clone()),
            Source::Cluster(target) => Connection::open(target).await,
        };
        if let Some(opened) = opened.take() {
            let told = connection.as_ref().map(|_| ()).map_err(Clone::clone);
            // Nobody waits for it after a while.
            let _ = opened.send(told);
        }
        let failed = match connection {
            Ok(connection) => {
                let connection = connection.with(&terms.api).at(no);
                match connection.greet().await {
                    Ok(greeting) => return Some((connection, greeting)),
                    Err(error) => error,
                }
            }
            Err(error) => error,
        };
        log::error!("{failed}");
        let failed = Event::ConnectFailed(no, failed.to_string().into_boxed_str());
        events.send(failed).await.ok()?;
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(RETRY.1);
    }
}

struct Session {
    connection: Connection,
    feeds: Feeds,
    events: mpsc::Sender<Event>,
    /// Until the engine closes them; an ended one takes no room to speak of.
    logs: HashMap<LogId, LogStream>,
    /// Terminals and forwards.
    remotes: Remotes,
    /// The pulse and calls: they end with the session.
    tasks: JoinSet<()>,
}

impl Session {
    fn begin(
        connection: Connection,
        greeting: Greeting,
        scope: Scope,
        events: mpsc::Sender<Event>,
        feeds: mpsc::Sender<Event>,
    ) -> Self {
        log::info!(
            "connected to {} ({}) in {} ms",
            connection.address,
            if greeting.version.is_empty() {
                "version unknown"
            } else {
                &greeting.version
            },
            greeting.took.as_millis()
        );
        let (told, pulse) = watch::channel(Pulse::Answers);
        let lists = Lists::of(greeting.minor);
        let mut feeds = Feeds::new(connection.clone(), scope, lists, pulse, feeds);
        for kind in Feeds::always() {
            feeds.set(kind, true);
        }
        let mut tasks = JoinSet::new();
        // Feeds do not wait for the cluster's id.
        tasks.spawn(meet(connection.clone(), greeting, told, events.clone()));
        tasks.spawn(figures(connection.clone(), events.clone()));
        Self {
            connection,
            feeds,
            events,
            logs: HashMap::new(),
            remotes: Remotes::default(),
            tasks,
        }
    }

    fn take(&mut self, ask: Ask) {
        match ask {
            Ask::Scope(namespace) => self.feeds.rescope(namespace),
            Ask::Feed(kind, on) => self.feeds.set(kind, on),
            Ask::Measure(of) => {
                let connection = self.connection.clone();
                let namespace = self.feeds.namespace();
                let round = measure(connection, of, namespace, self.events.clone());
                self.tasks.spawn(round);
            }
            Ask::Events(about) => self.feeds.events(about.map(|about| *about)),
            Ask::OpenLog(id, source) => {
                let stream = LogStream::open(
                    self.connection.clone(),
                    id,
                    *source,
                    Pressure::Drop,
                    self.events.clone(),
                );
                self.logs.insert(id, stream);
            }
            Ask::ParkLog(id, park) => {
                if let Some(stream) = self.logs.get(&id) {
                    stream.park(park);
                }
            }
            Ask::CloseLog(id) => {
                self.logs.remove(&id);
            }
            Ask::Remote(ask) => self.remotes.take(ask, &self.connection, &self.events),
            Ask::Call(id, asked) => {
                let answer = call::run(&self.connection, *asked);
                let events = self.events.clone();
                self.tasks.spawn(async move {
                    let reply = Box::new(answer.await);
                    let _ = events.send(Event::Reply(id, reply)).await;
                });
            }
        }
    }
}

/// Tells the engine whom we are connected to, then keeps asking whether it is still there.
async fn meet(
    connection: Connection,
    greeting: Greeting,
    told: watch::Sender<Pulse>,
    events: mpsc::Sender<Event>,
) {
    let cluster = connection.cluster_id().await;
    let info = connection.info(cluster.clone(), &greeting, None);
    let server = Event::Server(connection.no, Box::new(info));
    if events.send(server).await.is_ok() {
        pulse::run(connection, cluster, greeting, told, events).await;
    }
}

/// Tells what our requests cost when that has changed, once a second at most.
async fn figures(connection: Connection, events: mpsc::Sender<Event>) {
    let mut told = Vec::new();
    loop {
        tokio::time::sleep(FIGURES).await;
        let figures = connection.meters.figures();
        if figures == told {
            continue;
        }
        told.clone_from(&figures);
        let event = Event::Figures(connection.no, figures.into_boxed_slice());
        if events.send(event).await.is_err() {
            return;
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        for figure in self.connection.meters.figures() {
            log::debug!("requests: {figure}");
        }
    }
}

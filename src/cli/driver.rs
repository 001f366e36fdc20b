//! The actions over a session without a screen: effects out, events in.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::CliError;
use super::session::{Heard, Session};
use crate::cluster::call;
use crate::config::{self, Config};
use crate::engine::action::plan::Plan;
use crate::engine::action::run::ActionId;
use crate::engine::action::{Actions, DryRun, Scene, who};
use crate::engine::remote::{Remote, RemoteEvent, RemoteId, Terminal};
use crate::engine::{Effect, Event, Now};
use crate::model::ClusterId;
use crate::shell::audit::Audit;
use crate::shell::remote::{RemoteAsk, Remotes};

/// Between two looks at what may have fallen due.
const BEAT: Duration = Duration::from_millis(500);

/// The actions over a session: effects out, events in.
pub(super) struct Driver {
    pub(super) session: Session,
    pub(super) actions: Actions,
    /// What is to be connected to this terminal.
    pub(super) terminal: Option<(RemoteId, Terminal)>,
    effects: Vec<Effect>,
    audit: Option<Audit>,
    began: Instant,
    cluster: ClusterId,
    remotes: Remotes,
}

impl Driver {
    pub(super) async fn new(session: Session, config: &Config) -> Self {
        let who = who(&session.connection.user, &config::operator());
        let mut actions = Actions::new(false, config.unlock, who);
        let context = session.connection.context.clone();
        actions.gate_mut(session.connection.no).production = config.is_production(&context);
        Self {
            cluster: session.connection.cluster_id().await,
            actions,
            terminal: None,
            effects: Vec::new(),
            audit: Audit::at_home(),
            began: Instant::now(),
            remotes: Remotes::default(),
            session,
        }
    }

    fn now(&self) -> Now {
        Now {
            wall: self.session.now(),
            boot: self.began.elapsed(),
        }
    }

    pub(super) async fn ask_rights(&mut self, plan: &Plan) -> Result<(), CliError> {
        let now = self.now();
        let no = self.session.connection.no;
        self.actions.review(no, now, plan, &mut self.effects);
        self.dispatch();
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            match self.actions.rights(no, plan) {
                Some(None) => return Ok(()),
                Some(Some(denied)) => return Err(CliError::Refused(denied)),
                None => {}
            }
            // No answer in time: the server decides at the call.
            if timeout_at(deadline, self.step()).await.is_err() {
                return Ok(());
            }
        }
    }

    pub(super) fn start(&mut self, plan: Plan, dry_run: DryRun) -> ActionId {
        let now = self.now();
        let scene = scene(&self.session, &self.cluster, now);
        let id = self.actions.start(scene, plan, dry_run, &mut self.effects);
        self.dispatch();
        id
    }

    /// Sends nothing more of it.
    pub(super) fn stop(&mut self, id: ActionId) {
        let now = self.now();
        let scene = scene(&self.session, &self.cluster, now);
        self.actions.stop(scene, id, &mut self.effects);
        self.dispatch();
    }

    /// One event, or a beat without one.
    pub(super) async fn step(&mut self) {
        let heard = tokio::time::timeout(BEAT, self.session.next()).await;
        let now = self.now();
        let scene = scene(&self.session, &self.cluster, now);
        match &heard {
            Ok(Some(Heard::Other(Event::Reply(id, reply)))) => {
                self.actions
                    .reply(|_| Some(scene), *id, reply, &mut self.effects);
            }
            Ok(Some(Heard::Other(Event::Remote(id, event)))) => {
                self.actions
                    .remote(|_| Some(scene), *id, event, &mut self.effects);
            }
            _ => {}
        }
        self.actions.poll(scene, &mut self.effects);
        self.dispatch();
        if matches!(heard, Ok(None)) {
            tokio::time::sleep(BEAT).await;
        }
    }

    fn dispatch(&mut self) {
        for effect in std::mem::take(&mut self.effects) {
            match effect {
                Effect::Call(_, id, asked) => {
                    let answer = call::run(&self.session.connection, *asked);
                    let events = self.session.events.clone();
                    tokio::spawn(async move {
                        let reply = Box::new(answer.await);
                        // Nobody waits for it once the session is over.
                        let _ = events.send(Event::Reply(id, reply)).await;
                    });
                }
                Effect::Audit(line) => {
                    if let Some(audit) = &self.audit {
                        audit.write(*line);
                    }
                }
                Effect::OpenRemote(_, id, remote) => match *remote {
                    Remote::Terminal(terminal) => self.terminal = Some((id, terminal)),
                    Remote::Forward(forward) => self.remote(RemoteAsk::Forward(id, forward)),
                },
                Effect::LeadRemote(_, id, to) => self.remote(RemoteAsk::Lead(id, *to)),
                Effect::CloseRemote(_, id) => self.remote(RemoteAsk::Close(id)),
                // The session watches what the plan needs from its start; the rest is the screen's.
                Effect::Quit
                | Effect::Suspend
                | Effect::Connect(..)
                | Effect::Disconnect(_)
                | Effect::Scope(..)
                | Effect::Feed(..)
                | Effect::Events(..)
                | Effect::Measure(..)
                | Effect::OpenLog(..)
                | Effect::CloseLog(..)
                | Effect::ParkLog(..)
                | Effect::Copy(_)
                | Effect::Save(_)
                | Effect::Bell
                | Effect::ConsoleLogKey(_)
                | Effect::Theme(_) => {}
            }
        }
    }

    fn remote(&mut self, ask: RemoteAsk) {
        let Session {
            connection, events, ..
        } = &self.session;
        self.remotes.take(ask, connection, events);
    }

    /// The terminal that was opened has news.
    pub(super) fn told(&mut self, id: RemoteId, event: &RemoteEvent) {
        let now = self.now();
        let scene = scene(&self.session, &self.cluster, now);
        self.actions
            .remote(|_| Some(scene), id, event, &mut self.effects);
        self.dispatch();
    }
}

fn scene<'a>(session: &'a Session, cluster: &'a ClusterId, now: Now) -> Scene<'a> {
    Scene {
        no: session.connection.no,
        model: &session.model,
        now,
        cluster: cluster.as_str(),
        context: &session.connection.context,
    }
}

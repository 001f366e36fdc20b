//! Connections to containers: whether the kubelet opens them, and how they go on.

use chrono::{DateTime, Utc};

use super::World;
use crate::sim::api::{LogFollow, LogOptions, Response};
use crate::sim::exec::{Ask, Session};
use crate::sim::{Status, resource};

impl World {
    /// What a connection gets that the API server lets through: itself, or the kubelet's refusal.
    pub(super) fn open_session(&mut self, mut session: Box<Session>) -> Response {
        let place = session.place().clone();
        let at = self.actors.kubelets.pod(session.uid());
        if let Some(run) = at
            && !self.actors.kubelets.node_up(&run.node)
        {
            let (ip, sub) = (&run.host_ip, path(session.ask()));
            let (namespace, pod) = (&place.namespace, &place.pod);
            return Response::status(&Status::new(
                500,
                "InternalError",
                format!(
                    "error dialing backend: dial tcp {ip}:10250: i/o timeout: {sub}/{namespace}/{pod}"
                ),
            ));
        }
        let Some(since) = self.runs_since(&session) else {
            let name = &place.container;
            let full = format!("{}_{}", place.pod, place.namespace);
            return match session.ask() {
                Ask::Exec(..) => Response::text(500, format!("container not found (\"{name}\")")),
                Ask::Attach(_) => {
                    Response::text(500, format!("container {name} not found in pod {full}"))
                }
                Ask::Forward(_) => Response::text(500, format!("pod not found (\"{full}\")")),
            };
        };
        session.begin(Some(since));
        if let Ask::Attach(options) = session.ask() {
            if place.stdin && options.stdin {
                let command = match place.command.first() {
                    Some(first) if !first.starts_with("/usr/local/bin/") => place.command.clone(),
                    _ => vec!["sh".to_owned()],
                };
                session.own_process(&command);
            } else {
                session.own_output(LogFollow {
                    namespace: place.namespace.clone(),
                    pod: place.pod.clone(),
                    uid: place.uid.clone(),
                    container: place.container.clone(),
                    options: LogOptions {
                        follow: true,
                        since: Some(self.now),
                        ..LogOptions::default()
                    },
                    position: None,
                    opened: None,
                    sent: 0,
                });
            }
        }
        Response::Upgrade(session)
    }

    /// Lets a connection live until now: takes what the client said, makes what it is told.
    pub fn session_next(&mut self, session: &mut Session) {
        if session.ended() {
            return;
        }
        let alive = self
            .runs_since(session)
            .is_some_and(|at| Some(at) == session.since());
        if !alive {
            session.killed();
            return;
        }
        let run = self.actors.kubelets.pod(session.uid());
        if run.is_some_and(|run| !self.actors.kubelets.node_up(&run.node)) {
            return; // the connection hangs
        }
        if let Some(mut log) = session.log().cloned() {
            let (bytes, ended) = self.log_next(&mut log);
            if let Some(own) = session.log() {
                *own = log;
            }
            session.show(&bytes, ended);
            return;
        }
        session.advance(self.now, &self.store);
        if let Some(code) = session.signal().or(session.process_ended()) {
            let place = session.place().clone();
            self.actors.end_container(
                self.now,
                &mut self.store,
                &place.uid,
                &place.container,
                code,
            );
            self.react();
        }
    }

    /// When the run began that a connection would belong to; none when nothing runs.
    fn runs_since(&self, session: &Session) -> Option<DateTime<Utc>> {
        let run = self.actors.kubelets.pod(session.uid())?;
        let place = session.place();
        let there = self
            .store
            .get(resource("pods"), &place.namespace, &place.pod);
        if there.is_none_or(|pod| pod.uid != run.uid) {
            return None;
        }
        let mut all = run.containers.iter();
        if matches!(session.ask(), Ask::Forward(_)) {
            return all.any(|c| c.running().is_some()).then_some(run.started);
        }
        all.find(|c| *c.name == *place.container)?
            .running()
            .map(|r| r.at)
    }
}

fn path(ask: &Ask) -> &'static str {
    match ask {
        Ask::Exec(..) => "exec",
        Ask::Attach(_) => "attach",
        Ask::Forward(_) => "portForward",
    }
}

//! A forwarded port: where it leads is chosen here, from what the watch shows, and again when that pod goes.

use std::time::Duration;

use super::super::super::effect::Effect;
use super::super::super::event::Reply;
use super::super::call;
use super::super::task::{Calls, Cx, Outcome, Tag, backoff, busy, refused};
use super::Goal;
use crate::engine::remote::{Forward, PodPort, Remote, RemoteEnd, RemoteEvent, RemoteId, Traffic};
use crate::model::{ClusterNo, Kind, Model, Pod, Text, Truth, Uid};

/// Attempts to read a Service's ports.
const TRIES: u32 = 4;

/// The machine.
#[derive(Clone, Debug)]
pub struct ForwardTask {
    goal: Goal,
    /// The controller of a pod that is the goal: another pod of it takes over.
    owner: Option<Uid>,
    local: u16,
    remote: u16,
    title: Text,
    state: State,
    /// Where it leads; the pod's uid beside it.
    lead: Option<(PodPort, Uid)>,
    /// Why it leads elsewhere than at first, or nowhere; empty: neither.
    turned: Text,
    /// There is no pod to lead to.
    nowhere: bool,
    /// What has turned and was not told yet.
    news: Option<Text>,
    traffic: Traffic,
    tell: Vec<Tell>,
}

#[derive(Clone, Debug)]
enum Tell {
    Open(Forward),
    Lead(PodPort),
    Close,
}

#[derive(Clone, Debug, PartialEq)]
enum State {
    Start {
        tries: u32,
        not_before: Duration,
    },
    /// Which port of its pods a Service's port is.
    Reading {
        tries: u32,
    },
    Opening,
    Listening(u16),
    Over(Outcome),
}

/// A ready pod for the goal, the one called `like` if it is among them.
pub(super) fn pick<'m>(
    model: &'m Model,
    goal: &Goal,
    owner: Option<&Uid>,
    like: Option<&Text>,
) -> Option<&'m Pod> {
    let ready = |pod: &&Pod| is_ready(pod);
    let best = |pods: &mut dyn Iterator<Item = &'m Pod>| {
        let mut found: Option<&Pod> = None;
        for pod in pods {
            if Some(&pod.meta.name) == like {
                return Some(pod);
            }
            found = Some(found.map_or(pod, |best| {
                // Whatever order they come in, it is the same one.
                if pod.meta.name < best.meta.name {
                    pod
                } else {
                    best
                }
            }));
        }
        found
    };
    match goal {
        Goal::Pod(uid) => match model.pod(uid).filter(ready) {
            Some(pod) => Some(pod),
            None => best(&mut model.pods_of(owner?).filter(ready)),
        },
        Goal::Job(key) => model.pod(model.job(key)?.pod()?).filter(|pod| !gone(pod)),
        Goal::Service(namespace, name) => best(
            &mut model
                .slices_of(namespace, name)
                .flat_map(|slice| slice.endpoints.iter())
                .filter(|endpoint| endpoint.ready && !endpoint.pod.is_empty())
                .filter_map(|endpoint| model.pod_named(namespace, &endpoint.pod))
                .filter(|pod| !gone(pod)),
        ),
    }
}

fn gone(pod: &Pod) -> bool {
    pod.ended() || pod.meta.deleting.is_some()
}

fn is_ready(pod: &Pod) -> bool {
    let ready = pod.condition("Ready");
    !gone(pod) && ready.is_some_and(|condition| condition.status() == Truth::True)
}

impl ForwardTask {
    pub(super) fn new(
        goal: Goal,
        owner: Option<Uid>,
        local: u16,
        remote: u16,
        title: Text,
    ) -> Self {
        Self {
            goal,
            owner,
            local,
            remote,
            title,
            state: State::Start {
                tries: 0,
                not_before: Duration::ZERO,
            },
            lead: None,
            turned: "".into(),
            nowhere: false,
            news: None,
            traffic: Traffic::default(),
            tell: Vec::new(),
        }
    }

    /// Port on 127.0.0.1, once it listens.
    pub fn listens(&self) -> Option<u16> {
        match self.state {
            State::Listening(port) => Some(port),
            State::Start { .. } | State::Reading { .. } | State::Opening | State::Over(_) => None,
        }
    }

    /// Where it leads now.
    pub fn leads_to(&self) -> Option<&PodPort> {
        self.lead.as_ref().map(|(to, _)| to)
    }

    /// What went through it so far.
    pub fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    /// Why it leads elsewhere than at first, or nowhere; empty: neither.
    pub fn turned(&self) -> &Text {
        &self.turned
    }

    pub(in crate::engine::action) fn poll(&mut self, cx: Cx<'_>, out: &mut Calls) {
        match self.state {
            State::Start { tries, not_before } if cx.now.boot >= not_before => match &self.goal {
                Goal::Service(namespace, name) => {
                    out.push((0, call::get(&slices_path(namespace, name))));
                    self.state = State::Reading { tries };
                }
                Goal::Pod(_) | Goal::Job(_) => self.open(cx, self.remote),
            },
            State::Opening | State::Listening(_) => self.follow(cx),
            State::Start { .. } | State::Reading { .. } | State::Over(_) => {}
        }
    }

    fn open(&mut self, cx: Cx<'_>, port: u16) {
        let Some(pod) = pick(cx.model, &self.goal, self.owner.as_ref(), None) else {
            let text = format!("{}: no pod of it is ready", self.title);
            self.state = State::Over(Outcome::Failed(text.into()));
            return;
        };
        let to = lead(pod, port);
        self.lead = Some((to.clone(), pod.meta.uid.clone()));
        let local = self.local;
        self.tell.push(Tell::Open(Forward { to, local }));
        self.state = State::Opening;
    }

    /// Leads elsewhere when its pod is gone and another one is there.
    fn follow(&mut self, cx: Cx<'_>) {
        let Some((to, uid)) = &self.lead else { return };
        // While the feed is not live nothing counts as gone.
        if !cx.live(Kind::Pod) {
            return;
        }
        let now = cx.model.pod(uid);
        let well = now.is_some_and(|pod| match self.goal {
            Goal::Job(_) => !gone(pod),
            Goal::Pod(_) | Goal::Service(..) => is_ready(pod),
        });
        if well {
            if std::mem::take(&mut self.nowhere) {
                self.turned = "".into();
            }
            return;
        }
        let other = pick(cx.model, &self.goal, self.owner.as_ref(), Some(&to.pod))
            .filter(|pod| pod.meta.uid != *uid);
        match other {
            Some(pod) => {
                let new = lead(pod, to.port);
                let text = format!("{} is gone: leads to {}", to.pod, new.pod);
                self.nowhere = false;
                self.turn(text.into());
                self.lead = Some((new.clone(), pod.meta.uid.clone()));
                self.tell.push(Tell::Lead(new));
            }
            None => {
                let how = match now {
                    None => "is gone",
                    Some(pod) if gone(pod) => "ends",
                    Some(_) => "is not ready",
                };
                let text = format!("{} {how}, and there is no other", to.pod);
                self.nowhere = true;
                self.turn(text.into());
            }
        }
    }

    fn turn(&mut self, text: Text) {
        if self.turned != text {
            self.news = Some(format!("{}: {text}", self.title).into());
            self.turned = text;
        }
    }

    /// What has turned since the last look.
    pub(in crate::engine::action) fn news(&mut self) -> Option<Text> {
        self.news.take()
    }

    /// Whether there is no pod to lead to.
    pub fn nowhere(&self) -> bool {
        self.nowhere
    }

    pub(in crate::engine::action) fn reply(
        &mut self,
        cx: Cx<'_>,
        _: Tag,
        reply: &Reply,
        _: &mut Calls,
    ) {
        let State::Reading { tries } = self.state else {
            return;
        };
        let Goal::Service(namespace, name) = &self.goal else {
            return;
        };
        let Reply::Done(slices) = reply else {
            let passing = matches!(reply, Reply::Lost(_)) || busy(reply);
            self.state = if passing && tries < TRIES {
                State::Start {
                    tries: tries + 1,
                    not_before: cx.now.boot + backoff(tries + 1, reply),
                }
            } else {
                let what = format!("{}: read the ports of {namespace}/{name}", self.title);
                State::Over(refused(&what, reply))
            };
            return;
        };
        let service = cx.model.service(namespace, name);
        let named = service
            .and_then(|s| s.ports.iter().find(|port| port.port == self.remote))
            .map(|port| port.name.clone());
        let port = named.and_then(|named| target_port(slices, &named));
        match port {
            Some(port) => self.open(cx, port),
            None => {
                let text = format!(
                    "{}: no endpoint of service {name} serves port {}",
                    self.title, self.remote
                );
                self.state = State::Over(Outcome::Failed(text.into()));
            }
        }
    }

    /// What listens has news.
    pub(in crate::engine::action) fn remote(&mut self, event: &RemoteEvent) {
        match (event, &self.state) {
            (_, State::Over(_)) | (RemoteEvent::Opened, _) => {}
            (RemoteEvent::Listening(port), _) => self.state = State::Listening(*port),
            (RemoteEvent::Traffic(traffic), _) => self.traffic = traffic.clone(),
            (RemoteEvent::Ended(end), _) => {
                let why = match end {
                    RemoteEnd::Failed(why)
                    | RemoteEnd::Lost(why)
                    | RemoteEnd::Denied(why)
                    | RemoteEnd::NoCommand(why) => why.clone(),
                    RemoteEnd::Exited(_) | RemoteEnd::Ended | RemoteEnd::Left => "ended".into(),
                };
                let text = format!("{}: {why}", self.title);
                self.state = State::Over(Outcome::Failed(text.into()));
            }
        }
    }

    pub(in crate::engine::action) fn stop(&mut self) {
        let text = match self.state {
            State::Over(_) => return,
            State::Listening(port) => format!(
                "127.0.0.1:{port} closed after {}",
                crate::engine::text::plural(self.traffic.connections, "connection")
            ),
            State::Start { .. } | State::Reading { .. } | State::Opening => {
                format!("{}: stopped", self.title)
            }
        };
        self.tell.push(Tell::Close);
        self.state = State::Over(Outcome::Stopped(text.into()));
    }

    /// What the shell is to do for it.
    pub(in crate::engine::action) fn effects(
        &mut self,
        no: ClusterNo,
        id: RemoteId,
        out: &mut Vec<Effect>,
    ) {
        out.extend(self.tell.drain(..).map(|tell| match tell {
            Tell::Open(forward) => Effect::OpenRemote(no, id, Box::new(Remote::Forward(forward))),
            Tell::Lead(to) => Effect::LeadRemote(no, id, Box::new(to)),
            Tell::Close => Effect::CloseRemote(no, id),
        }));
    }

    pub(in crate::engine::action) fn outcome(&self) -> Option<&Outcome> {
        match &self.state {
            State::Over(outcome) => Some(outcome),
            State::Start { .. } | State::Reading { .. } | State::Opening | State::Listening(_) => {
                None
            }
        }
    }

    pub(in crate::engine::action) fn doing(&self) -> String {
        let State::Listening(port) = self.state else {
            return "opening".to_owned();
        };
        let to = self.lead.as_ref().map_or_else(String::new, |(to, _)| {
            format!(" leads to {}/{}:{}", to.namespace, to.pod, to.port)
        });
        let taken = if self.local != 0 && self.local != port {
            format!(" ({} is in use)", self.local)
        } else {
            String::new()
        };
        let turned = if self.turned.is_empty() {
            String::new()
        } else {
            format!("; {}", self.turned)
        };
        format!("127.0.0.1:{port}{taken}{to}{turned}")
    }
}

fn lead(pod: &Pod, port: u16) -> PodPort {
    PodPort {
        namespace: pod.meta.namespace.clone(),
        pod: pod.meta.name.clone(),
        port,
    }
}

fn slices_path(namespace: &str, service: &str) -> String {
    format!(
        "/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3D{service}"
    )
}

/// The port that the endpoints of a Service serve under a port's name.
fn target_port(slices: &serde_json::Value, name: &str) -> Option<u16> {
    let slices = slices["items"].as_array()?;
    slices
        .iter()
        .flat_map(|slice| slice["ports"].as_array().into_iter().flatten())
        .find(|port| port["name"].as_str().unwrap_or_default() == name)
        .and_then(|port| u16::try_from(port["port"].as_u64()?).ok())
}

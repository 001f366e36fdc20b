//! A terminal to a process in a container: what it needs is made ready, it is opened, and when it has ended
//! what was made for it alone is taken away.

use std::time::Duration;

use serde_json::json;

use super::super::super::effect::Effect;
use super::super::super::event::Reply;
use super::super::call::{self, DryRun};
use super::super::task::{Calls, Cx, Outcome, Tag, refused};
use super::How;
use super::body::{self, Standing};
use crate::engine::remote::{Process, Remote, RemoteId, Terminal};
use crate::model::{ClusterNo, Text, Uid};

/// Between two looks at a pod.
const LOOK: Duration = Duration::from_secs(1);
/// For an image to be pulled and a container to start.
const PATIENCE: Duration = Duration::from_secs(120);

/// What is opened, with what only that needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Shell {
        command: Vec<Text>,
        tty: bool,
        stdin: bool,
    },
    Attach {
        write: bool,
    },
    Debug {
        image: Text,
        target: Text,
    },
    Node {
        image: Text,
        node: Text,
    },
}

/// The machine.
#[derive(Clone, Debug)]
pub(in crate::engine::action) struct TerminalTask {
    pub(super) kind: Kind,
    pub(super) namespace: Text,
    /// Empty until a node shell's pod has its name.
    pub(super) pod: Text,
    pub(super) uid: Option<Uid>,
    pub(super) container: Text,
    /// `shell in build of ci-jobs/x`.
    pub(super) title: Text,
    pub(super) state: State,
    /// Stopped before it was known what was made.
    pub(super) stopping: bool,
    /// What the shell is to be told.
    pub(super) tell: Vec<Tell>,
}

#[derive(Clone, Debug)]
pub(super) enum Tell {
    Open(Terminal),
    Close,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum State {
    Start,
    /// The debug container or the pod has been asked for.
    Preparing,
    Waiting {
        until: Duration,
        look: Duration,
        why: Text,
    },
    Looking {
        until: Duration,
        why: Text,
    },
    Open {
        since: Duration,
    },
    /// Which exit code it was.
    Ended {
        after: Duration,
        looks: u32,
        look: Duration,
    },
    ReadingEnd {
        after: Duration,
        looks: u32,
    },
    /// The pod is to be deleted, then this is the outcome.
    Delete {
        then: Outcome,
        tries: u32,
        not_before: Duration,
    },
    Deleting {
        then: Outcome,
        tries: u32,
    },
    Over(Outcome),
}

impl TerminalTask {
    pub(super) fn new(
        kind: Kind,
        namespace: &Text,
        pod: &Text,
        uid: Option<Uid>,
        container: &Text,
        title: Text,
    ) -> Self {
        Self {
            kind,
            namespace: namespace.clone(),
            pod: pod.clone(),
            uid,
            container: container.clone(),
            title,
            state: State::Start,
            stopping: false,
            tell: Vec::new(),
        }
    }

    fn how(&self) -> How {
        match self.kind {
            Kind::Shell { .. } => How::Shell,
            Kind::Attach { .. } => How::Attach,
            Kind::Debug { .. } => How::Debug,
            Kind::Node { .. } => How::NodeShell,
        }
    }

    fn path(&self) -> String {
        call::pod_path(&self.namespace, &self.pod)
    }

    pub(in crate::engine::action) fn poll(&mut self, cx: Cx<'_>, out: &mut Calls) {
        let now = cx.now.boot;
        match &self.state {
            State::Start => self.begin(cx, out),
            State::Waiting { until, why, .. } if now >= *until => {
                let why = if why.is_empty() { "no news of it" } else { why };
                let text = format!("did not run within {} s: {why}", PATIENCE.as_secs());
                self.fail(cx, &text);
                self.poll(cx, out);
            }
            State::Waiting { until, look, why } if now >= *look => {
                let (until, why) = (*until, why.clone());
                out.push((0, call::get(&self.path())));
                self.state = State::Looking { until, why };
            }
            State::Ended { after, looks, look } if now >= *look => {
                let (after, looks) = (*after, *looks);
                out.push((0, call::get(&self.path())));
                self.state = State::ReadingEnd { after, looks };
            }
            State::Delete {
                then,
                tries,
                not_before,
            } if now >= *not_before => {
                let (then, tries) = (then.clone(), *tries);
                match &self.uid {
                    Some(uid) => {
                        let options = json!({ "gracePeriodSeconds": 0 });
                        let delete = call::delete(&self.path(), uid, options, DryRun::Off);
                        out.push((0, delete));
                        self.state = State::Deleting { then, tries };
                    }
                    // It was never seen to be there.
                    None => self.state = State::Over(then),
                }
            }
            State::Preparing
            | State::Waiting { .. }
            | State::Looking { .. }
            | State::Open { .. }
            | State::Ended { .. }
            | State::ReadingEnd { .. }
            | State::Delete { .. }
            | State::Deleting { .. }
            | State::Over(_) => {}
        }
    }

    fn begin(&mut self, cx: Cx<'_>, out: &mut Calls) {
        // Nothing else tells two of them apart for ever.
        let serial = cx.now.wall.timestamp_millis() / 100 % 0x10_0000_0000;
        match self.kind.clone() {
            Kind::Shell {
                command,
                tty,
                stdin,
            } => self.open(cx, Process::Exec(command), stdin, tty),
            Kind::Attach { .. } => self.wait(cx, Duration::ZERO),
            Kind::Debug { image, target } => {
                self.container = format!("constable-{serial:09x}").into();
                let uid = self.uid.clone().unwrap_or_else(|| Uid::from(""));
                let body = body::debug_container(&self.container, &image, &target, &uid);
                let path = format!("{}/ephemeralcontainers", self.path());
                out.push((0, call::strategic(&path, body, cx.dry_run)));
                self.state = State::Preparing;
            }
            Kind::Node { image, node } => {
                self.pod = format!("constable-node-shell-{serial:09x}").into();
                let body = body::node_pod(&self.pod, &self.namespace, &node, &image, cx.who);
                let path = format!("/api/v1/namespaces/{}/pods", self.namespace);
                out.push((0, call::create(&path, body, cx.dry_run)));
                self.state = State::Preparing;
            }
        }
    }

    fn wait(&mut self, cx: Cx<'_>, first: Duration) {
        self.state = State::Waiting {
            until: cx.now.boot + PATIENCE,
            look: cx.now.boot + first,
            why: "".into(),
        };
    }

    fn open(&mut self, cx: Cx<'_>, process: Process, stdin: bool, tty: bool) {
        self.tell.push(Tell::Open(Terminal {
            namespace: self.namespace.clone(),
            pod: self.pod.clone(),
            container: self.container.clone(),
            process,
            stdin,
            tty,
            title: self.title.clone(),
        }));
        self.state = State::Open { since: cx.now.boot };
    }

    pub(in crate::engine::action) fn reply(
        &mut self,
        cx: Cx<'_>,
        _: Tag,
        reply: &Reply,
        _: &mut Calls,
    ) {
        match self.state.clone() {
            State::Preparing => self.prepared(cx, reply),
            State::Looking { until, why } => self.looked(cx, reply, until, why),
            State::ReadingEnd { after, looks } => self.read_end(cx, reply, after, looks),
            State::Deleting { then, tries } => self.deleted(cx, reply, then, tries),
            State::Start
            | State::Waiting { .. }
            | State::Open { .. }
            | State::Ended { .. }
            | State::Delete { .. }
            | State::Over(_) => {}
        }
    }

    fn prepared(&mut self, cx: Cx<'_>, reply: &Reply) {
        match reply {
            Reply::Done(_) if cx.dry_run == DryRun::Server => {
                let text = format!("{}: the server would take it", self.title);
                self.state = State::Over(Outcome::Done(text.into()));
            }
            Reply::Done(made) => {
                if let Kind::Node { .. } = self.kind {
                    self.uid = made["metadata"]["uid"].as_str().map(Uid::from);
                }
                self.wait(cx, Duration::ZERO);
                self.stop_late(cx);
            }
            // Whether it is there is seen by looking.
            Reply::Lost(_) => self.wait(cx, LOOK),
            Reply::Refused { code, message, .. } => {
                let next = match &self.kind {
                    Kind::Node { .. } if message.contains("violates PodSecurity") => {
                        format!(
                            "; namespace {} admits no privileged pods: set node_namespace of [shell] in the configuration to one that does",
                            self.namespace
                        )
                    }
                    Kind::Node { .. } if message.contains("disallowed by cluster policy") => {
                        "; this API server admits no privileged pods (--allow-privileged)"
                            .to_owned()
                    }
                    _ => String::new(),
                };
                let text = format!("{}: {message}{next}", self.title);
                self.state = State::Over(if *code == 403 {
                    Outcome::Refused(text.into())
                } else {
                    Outcome::Failed(text.into())
                });
            }
        }
    }

    fn looked(&mut self, cx: Cx<'_>, reply: &Reply, until: Duration, why: Text) {
        let pod = match reply {
            Reply::Done(pod) => pod,
            Reply::Refused { code: 404, .. } => {
                return self.fail(cx, "the pod is not there");
            }
            Reply::Refused { code: 403, .. } => {
                let what = format!("{}: look at its pod", self.title);
                return self.finish(cx, refused(&what, reply));
            }
            Reply::Refused { .. } | Reply::Lost(_) => {
                self.state = State::Waiting {
                    until,
                    look: cx.now.boot + LOOK,
                    why,
                };
                return;
            }
        };
        let uid = pod["metadata"]["uid"].as_str().map(Uid::from);
        match (&self.uid, uid) {
            (Some(mine), Some(theirs)) if *mine != theirs => {
                return self.fail(cx, "the pod has been replaced by another of its name");
            }
            (None, Some(theirs)) => self.uid = Some(theirs),
            _ => {}
        }
        if self.stopping {
            return self.stop_late(cx);
        }
        match body::standing(pod, &self.container) {
            Standing::Running => {
                let spec = body::container(pod, &self.container);
                let has = |what: &str| spec.is_some_and(|c| c[what] == true);
                let (stdin, tty) = (has("stdin"), has("tty"));
                match self.kind {
                    Kind::Attach { write: true } if !stdin => {
                        self.fail(cx, "its process takes no input (stdin is false)");
                    }
                    Kind::Attach { write } => self.open(cx, Process::Attach, write, tty),
                    Kind::Shell { .. } | Kind::Debug { .. } | Kind::Node { .. } => {
                        self.open(cx, Process::Attach, stdin, tty);
                    }
                }
            }
            Standing::Stuck(why) => self.fail(cx, &why),
            Standing::Ended(code, why) => {
                let text = format!("its container has ended: exit {code} {why}");
                self.fail(cx, text.trim_end());
            }
            // A lost patch has not come through.
            Standing::Absent => self.fail(cx, "the pod has no such container"),
            Standing::Waiting(why) => {
                self.state = State::Waiting {
                    until,
                    look: cx.now.boot + LOOK,
                    why,
                };
            }
        }
    }

    /// What the shell is to do for it.
    pub(in crate::engine::action) fn effects(
        &mut self,
        no: ClusterNo,
        id: RemoteId,
        out: &mut Vec<Effect>,
    ) {
        out.extend(self.tell.drain(..).map(|tell| match tell {
            Tell::Open(terminal) => {
                Effect::OpenRemote(no, id, Box::new(Remote::Terminal(terminal)))
            }
            Tell::Close => Effect::CloseRemote(no, id),
        }));
    }

    /// It is neither open nor over: the person waits for it.
    pub(in crate::engine::action) fn prepares(&self) -> bool {
        matches!(
            self.state,
            State::Start | State::Preparing | State::Waiting { .. } | State::Looking { .. }
        )
    }

    pub(in crate::engine::action) fn outcome(&self) -> Option<&Outcome> {
        match &self.state {
            State::Over(outcome) => Some(outcome),
            State::Start
            | State::Preparing
            | State::Waiting { .. }
            | State::Looking { .. }
            | State::Open { .. }
            | State::Ended { .. }
            | State::ReadingEnd { .. }
            | State::Delete { .. }
            | State::Deleting { .. } => None,
        }
    }

    pub(in crate::engine::action) fn doing(&self) -> String {
        match &self.state {
            State::Start | State::Preparing => format!("{}: asked for", self.how().word()),
            State::Waiting { why, .. } | State::Looking { why, .. } if why.is_empty() => {
                "waiting for its container to run".to_owned()
            }
            State::Waiting { why, .. } | State::Looking { why, .. } => {
                format!("waiting for its container to run: {why}")
            }
            State::Open { .. } => "open".to_owned(),
            State::Ended { .. } | State::ReadingEnd { .. } => "ended".to_owned(),
            State::Delete { .. } | State::Deleting { .. } => {
                format!("deleting pod {}/{}", self.namespace, self.pod)
            }
            State::Over(_) => String::new(),
        }
    }
}

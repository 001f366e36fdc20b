//! A model filled from JSON, the actions over it, and a hand on the clock.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use constable::ci::Reader;
use constable::cluster::decode::Decoder;
use constable::engine::action::drain::plan::DrainOptions;
use constable::engine::action::plan::Plan;
use constable::engine::action::run::{ActionId, Run};
use constable::engine::action::{Actions, DryRun, Operation, Refusal, Request, Scene, Target};
use constable::engine::remote::{RemoteEvent, RemoteId};
use constable::engine::{Call, CallId, Effect, Now, Reply};
use constable::model::{Batch, ClusterNo, Delta, FeedState, Kind, Model, Uid};
use serde_json::{Value, json};

pub(crate) struct Lab {
    pub(crate) model: Model,
    pub(crate) actions: Actions,
    pub(crate) effects: Vec<Effect>,
    boot: u64,
    decoder: Decoder,
}

impl Lab {
    pub(crate) fn new() -> Self {
        let mut lab = Self {
            model: Model::default(),
            actions: Actions::new(false, Duration::from_secs(600), "oncall".into()),
            effects: Vec::new(),
            boot: 100,
            decoder: Decoder::new(),
        };
        for kind in Kind::ALL {
            lab.batch(kind, vec![Delta::SyncStart, Delta::SyncEnd]);
            lab.feed(kind, FeedState::Live);
        }
        lab
    }

    pub(crate) fn now(&self) -> Now {
        let start: DateTime<Utc> = "2026-01-05T08:00:00Z".parse().unwrap();
        let passed = TimeDelta::seconds(i64::try_from(self.boot).unwrap());
        Now {
            wall: start + passed,
            boot: Duration::from_secs(self.boot),
        }
    }

    pub(crate) fn feed(&mut self, kind: Kind, state: FeedState) {
        self.model.set_feed(self.now().wall, kind, state, &Reader);
        self.poll();
    }

    pub(crate) fn batch(&mut self, kind: Kind, deltas: Vec<Delta>) {
        self.model
            .apply(self.now().wall, Batch { kind, deltas }, &Reader);
        self.poll();
    }

    pub(crate) fn put(&mut self, kind: Kind, object: &Value) {
        let object = self
            .decoder
            .object(kind, object.to_string().as_bytes())
            .unwrap();
        self.batch(kind, vec![Delta::Upsert(object)]);
    }

    pub(crate) fn remove(&mut self, kind: Kind, namespace: &str, name: &str, uid: &str) {
        let gone = Delta::Remove {
            uid: uid.into(),
            namespace: namespace.into(),
            name: name.into(),
        };
        self.batch(kind, vec![gone]);
    }

    pub(crate) fn node(&mut self, name: &str, cordoned: bool) {
        self.put(
            Kind::Node,
            &json!({
                "metadata": {"name": name, "uid": format!("uid-{name}"), "creationTimestamp": "2026-01-01T00:00:00Z"},
                "spec": {"unschedulable": cordoned},
                "status": {"conditions": [{"type": "Ready", "status": "True"}]},
            }),
        );
    }

    /// A pod `ns/name` on a node; `more` is merged into it.
    pub(crate) fn pod(&mut self, name: &str, node: &str, more: Value) {
        let mut pod = json!({
            "metadata": {
                "namespace": "ci-jobs", "name": name, "uid": format!("uid-{name}"),
                "creationTimestamp": "2026-01-05T07:59:00Z",
                "ownerReferences": [{"controller": true, "kind": "ReplicaSet", "name": "api", "uid": "rs"}],
            },
            "spec": {"nodeName": node, "containers": [{"name": "main"}]},
            "status": {"phase": "Running", "containerStatuses": [
                {"name": "main", "ready": true, "state": {"running": {"startedAt": "2026-01-05T07:59:10Z"}}}]},
        });
        merge(&mut pod, more);
        self.put(Kind::Pod, &pod);
    }

    /// A running job pod of the platform's scheme: bare, with emptyDir.
    pub(crate) fn job(&mut self, id: &str, node: &str, phase: &str) {
        let state = match phase {
            "Running" => json!({"running": {"startedAt": "2026-01-05T07:59:10Z"}}),
            _ => json!({"terminated": {"exitCode": i32::from(phase == "Failed"), "reason": "x"}}),
        };
        self.pod(
            &format!("job-{id}-1"),
            node,
            json!({
                "metadata": {
                    "ownerReferences": null,
                    "labels": {"jobs.constable/id": id, "jobs.constable/attempt": "1"},
                    "annotations": {
                        "jobs.constable/project": "shop/api", "jobs.constable/name": "test",
                        "jobs.constable/run": "8121", "jobs.constable/queue": "ci-system/queue-1",
                    },
                },
                "spec": {"volumes": [{"name": "work", "emptyDir": {}}], "containers": [{"name": "step-test"}]},
                "status": {"phase": phase, "containerStatuses": [{"name": "step-test", "state": state}]},
            }),
        );
    }

    pub(crate) fn scene(&self) -> Scene<'_> {
        scene_of(&self.model, self.now())
    }

    pub(crate) fn request(operation: Operation, target: Target) -> Request {
        Request {
            operation,
            targets: vec![target],
            drain: DrainOptions::INTERACTIVE,
            hidden: 0,
        }
    }

    pub(crate) fn plan(&self, request: &Request) -> Result<Plan, Refusal> {
        self.actions.plan(&self.model, request)
    }

    /// Confirms and starts.
    pub(crate) fn start(&mut self, request: &Request, dry_run: DryRun) -> ActionId {
        let plan = self.plan(request).unwrap();
        assert_eq!(plan.refusals, Vec::<String>::new());
        let now = self.now();
        let scene = scene_of(&self.model, now);
        self.actions.start(scene, plan, dry_run, &mut self.effects)
    }

    pub(crate) fn run(&self, id: ActionId) -> &Run {
        self.actions.run(id).unwrap()
    }

    pub(crate) fn poll(&mut self) {
        let now = self.now();
        let scene = scene_of(&self.model, now);
        self.actions.poll(scene, &mut self.effects);
    }

    pub(crate) fn pass(&mut self, seconds: u64) {
        self.boot += seconds;
        self.poll();
    }

    pub(crate) fn reply(&mut self, id: CallId, reply: &Reply) {
        let now = self.now();
        let scene = scene_of(&self.model, now);
        self.actions
            .reply(|_| Some(scene), id, reply, &mut self.effects);
    }

    pub(crate) fn stop(&mut self, id: ActionId) {
        let now = self.now();
        let scene = scene_of(&self.model, now);
        self.actions.stop(scene, id, &mut self.effects);
    }

    pub(crate) fn remote(&mut self, id: RemoteId, event: &RemoteEvent) {
        let now = self.now();
        let scene = scene_of(&self.model, now);
        self.actions
            .remote(|_| Some(scene), id, event, &mut self.effects);
    }

    /// The lines of the audit trail since the last look.
    pub(crate) fn audits(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.effects)
            .into_iter()
            .filter_map(|effect| match effect {
                Effect::Audit(line) => Some(*line),
                _ => None,
            })
            .collect()
    }

    /// The calls since the last look.
    pub(crate) fn calls(&mut self) -> Vec<(CallId, Call)> {
        std::mem::take(&mut self.effects)
            .into_iter()
            .filter_map(|effect| match effect {
                Effect::Call(_, id, call) => Some((id, *call)),
                _ => None,
            })
            .collect()
    }

    /// The one call since the last look.
    pub(crate) fn call(&mut self) -> (CallId, Call) {
        let mut calls = self.calls();
        assert_eq!(calls.len(), 1, "{calls:#?}");
        calls.remove(0)
    }
}

/// What actions see. Not a method: they are borrowed beside it.
pub(crate) fn scene_of(model: &Model, now: Now) -> Scene<'_> {
    Scene {
        no: ClusterNo::FIRST,
        model,
        now,
        cluster: "c1",
        context: "prod",
    }
}

pub(crate) fn target_pod(name: &str) -> Target {
    Target::Pod(Uid::from(&*format!("uid-{name}")))
}

pub(crate) fn done() -> Reply {
    Reply::Done(json!({}))
}

pub(crate) fn refused(code: u16, message: &str) -> Reply {
    Reply::Refused {
        code,
        reason: "".into(),
        message: message.into(),
        causes: vec![],
        retry_after: None,
    }
}

pub(crate) fn budget_refusal() -> Reply {
    Reply::Refused {
        code: 429,
        reason: "TooManyRequests".into(),
        message: "Cannot evict pod as it would violate the pod's disruption budget.".into(),
        causes: vec![(
            "DisruptionBudget".into(),
            "The disruption budget api needs 2 healthy pods and has 2 currently".into(),
        )],
        retry_after: None,
    }
}

fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from,
    }
}

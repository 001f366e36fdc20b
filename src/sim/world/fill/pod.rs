//! A pod of the bulk load in each step of its life, as an object out of a stencil.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{FILLED, NAMESPACE};
use crate::sim::LabelSet;
use crate::sim::actors::dice::Dice;
use crate::sim::object::Obj;
use crate::sim::resource::resource;
use crate::sim::stencil::{Own, Slot, Stamp, Stencil};

/// Where a pod stands in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Step {
    /// Created, not yet seen by the scheduler.
    Pending,
    /// Bound; its init container runs.
    Init,
    Running,
    /// It runs, and its readiness probe fails.
    Unready,
    Succeeded,
    Failed,
}

impl Step {
    fn phase(self) -> &'static str {
        match self {
            Step::Pending | Step::Init => "Pending",
            Step::Running | Step::Unready => "Running",
            Step::Succeeded => "Succeeded",
            Step::Failed => "Failed",
        }
    }
}

/// What is known of a pod beside its number.
#[derive(Debug, Clone)]
pub(super) struct Card {
    /// Its number among all that were made.
    pub number: u64,
    pub node: u32,
    pub uid: Arc<str>,
    pub step: Step,
    pub created: DateTime<Utc>,
    /// When its first step since it was bound began.
    pub bound: DateTime<Utc>,
    /// When its work began.
    pub started: DateTime<Utc>,
    /// When the last of its steps began, or what was last written of it.
    pub last: DateTime<Utc>,
    /// What it says of its progress, 0 to 99.
    pub progress: u8,
}

impl Card {
    pub(super) fn id(&self) -> u64 {
        100_000 + self.number
    }

    pub(super) fn name(&self) -> String {
        format!("job-{}-1", self.id())
    }
}

/// The slots of every pod, in the order of [`texts`](Maker::object).
mod slot {
    pub(super) const RV: usize = 0;
    pub(super) const ID: usize = 1;
    pub(super) const UID: usize = 2;
    pub(super) const NODE: usize = 3;
    pub(super) const PROJECT: usize = 4;
    pub(super) const RUN: usize = 5;
    pub(super) const AUTHOR: usize = 6;
    pub(super) const IP: usize = 7;
    pub(super) const POOL: usize = 8;
    pub(super) const PROGRESS: usize = 9;
    pub(super) const CREATED: usize = 10;
    pub(super) const BOUND: usize = 11;
    pub(super) const STARTED: usize = 12;
    pub(super) const LAST: usize = 13;
    pub(super) const ALL: usize = 14;
}

const PROJECTS: [&str; 5] = [
    "shop/api",
    "shop/web",
    "infra/base",
    "data/etl",
    "mobile/app",
];
const POOLS: [&str; 2] = ["runner-large", "runner-small"];
/// The node's pool, by its number.
pub(super) fn pool(node: usize) -> &'static str {
    POOLS[node % 2]
}

const LABELS: [&str; 4] = [
    "jobs.constable/id",
    "jobs.constable/attempt",
    "jobs.constable/component",
    FILLED,
];
const IMAGE: &str = "registry.example.com/ci/build-base:7";

/// Makes the objects; keeps their stencils.
#[derive(Clone, Debug, Default)]
pub(super) struct Maker {
    stencils: HashMap<(Step, [Slot; slot::ALL]), Arc<Stencil>>,
    words: HashMap<&'static str, Arc<str>>,
}

impl Maker {
    fn word(&mut self, text: &'static str) -> Arc<str> {
        self.words
            .entry(text)
            .or_insert_with(|| text.into())
            .clone()
    }

    /// The object of this card at a revision.
    pub(super) fn object(&mut self, dice: Dice, card: &Card, node: &Arc<str>, rv: u64) -> Obj {
        let number = card.number;
        let (revision, id) = (rv.to_string(), card.id().to_string());
        let run = (100_000 + number / 7).to_string();
        let author = (number % 9).to_string();
        let ip = format!(
            "10.{}.{}.{}",
            100 + number / 22_500 % 100,
            100 + number / 150 % 150,
            100 + number % 150
        );
        let progress = format!("{:02}", card.progress % 100);
        let seconds = |at: DateTime<Utc>| Own::Time(at.timestamp());
        let own: [Own<'_>; slot::ALL] = [
            Own::Text(&revision),
            Own::Text(&id),
            Own::Text(&card.uid),
            Own::Text(node),
            Own::Text(dice.on("project").at(number).pick(&PROJECTS)),
            Own::Text(&run),
            Own::Text(&author),
            Own::Text(&ip),
            Own::Text(pool(card.node as usize)),
            Own::Text(&progress),
            seconds(card.created),
            seconds(card.bound),
            seconds(card.started),
            seconds(card.last),
        ];
        let (res, step) = (resource("pods"), card.step);
        let slots = own.map(Own::slot);
        let stencil = self
            .stencils
            .entry((step, slots))
            .or_insert_with(|| Arc::new(Stencil::cut(res, &slots, |texts| value(step, texts))))
            .clone();
        let values = [
            id.as_str().into(),
            self.word("1"),
            self.word("runner"),
            self.word("true"),
        ];
        let labels = LABELS.map(|key| self.word(key)).into_iter().zip(values);
        let mut obj = Obj::stamped(res, rv, Stamp::new(stencil, &own));
        obj.namespace = self.word(NAMESPACE);
        obj.name = card.name().into();
        obj.uid = card.uid.clone();
        obj.labels = LabelSet::new(labels.collect());
        obj.node = match step {
            Step::Pending => self.word(""),
            Step::Init | Step::Running | Step::Unready | Step::Succeeded | Step::Failed => {
                node.clone()
            }
        };
        obj.phase = self.word(step.phase());
        obj
    }
}

/// The pod in full.
fn value(step: Step, texts: &[String]) -> Value {
    let text = |slot: usize| texts.get(slot).map(String::as_str).unwrap_or_default();
    let id = text(slot::ID);
    let env = |name: &str, value: &str| json!({"name": name, "value": value});
    let mount = json!([{"name": "work", "mountPath": "/work"}]);
    let mut pod = json!({
        "metadata": {"name": format!("job-{id}-1"), "namespace": NAMESPACE, "uid": text(slot::UID),
            "creationTimestamp": text(slot::CREATED), "generation": 1,
            "labels": {LABELS[0]: id, LABELS[1]: "1", LABELS[2]: "runner", LABELS[3]: "true"},
            "annotations": {"jobs.constable/project": text(slot::PROJECT), "jobs.constable/pipeline": "build",
                "jobs.constable/run": text(slot::RUN), "jobs.constable/name": "test",
                "jobs.constable/ref": "main", "jobs.constable/author": format!("dev-{}", text(slot::AUTHOR)),
                "sim.constable/progress": text(slot::PROGRESS)},
            "resourceVersion": text(slot::RV)},
        "spec": {"restartPolicy": "Never", "terminationGracePeriodSeconds": 30,
            "nodeSelector": {"cloud.google.com/gke-nodepool": text(slot::POOL)},
            "tolerations": [{"key": "jobs.constable/public", "operator": "Exists"}],
            "volumes": [{"name": "work", "emptyDir": {}}],
            "initContainers": [{"name": "fetch", "image": IMAGE, "volumeMounts": mount,
                "resources": {"requests": {"cpu": "200m", "memory": "256Mi"}}}],
            "containers": [{"name": "step-test", "image": IMAGE, "volumeMounts": mount,
                "command": ["/bin/sh", "-c", "make -C /work test"],
                "env": [env("CI", "true"), env("CI_JOB_ID", id), env("CI_PROJECT", text(slot::PROJECT)), env("CI_REF", "main")],
                "resources": {"requests": {"cpu": "1500m", "memory": "3Gi"}, "limits": {"memory": "6Gi"}}}]},
        "status": status(step, &text),
    });
    if step != Step::Pending {
        pod["spec"]["nodeName"] = text(slot::NODE).into();
    }
    crate::sim::defaults::apply(resource("pods"), &mut pod);
    pod
}

fn status<'a>(step: Step, text: &impl Fn(usize) -> &'a str) -> Value {
    if step == Step::Pending {
        return json!({"phase": "Pending", "qosClass": "Burstable"});
    }
    let (bound, started, last) = (text(slot::BOUND), text(slot::STARTED), text(slot::LAST));
    let over = match step {
        Step::Succeeded => Some("PodCompleted"),
        Step::Failed => Some("PodFailed"),
        Step::Pending | Step::Init | Step::Running | Step::Unready => None,
    };
    let condition = |kind: &str, on: bool, since: &str, reason: Option<&str>| {
        let mut c = json!({"type": kind, "status": if on { "True" } else { "False" }, "lastProbeTime": null,
            "lastTransitionTime": since});
        if let Some(reason) = reason {
            c["reason"] = reason.into();
        }
        c
    };
    // What of the conditions Ready and ContainersReady holds, since when and why.
    let ready = match step {
        Step::Pending | Step::Init => (false, bound, Some("ContainersNotInitialized")),
        Step::Running => (true, last, None),
        Step::Unready => (false, last, Some("ContainersNotReady")),
        Step::Succeeded | Step::Failed => (false, last, over),
    };
    let init = step == Step::Init;
    let conditions = json!([
        condition(
            "PodReadyToStartContainers",
            over.is_none(),
            if over.is_some() { last } else { bound },
            None
        ),
        condition(
            "Initialized",
            !init,
            if init { bound } else { started },
            if init {
                ready.2
            } else {
                over.filter(|_| step == Step::Succeeded)
            }
        ),
        condition("Ready", ready.0, ready.1, ready.2),
        condition("ContainersReady", ready.0, ready.1, ready.2),
        condition("PodScheduled", true, bound, None),
    ]);
    let ended = |code: i64, from: &str, to: &str| {
        json!({"terminated": {"exitCode": code, "reason": if code == 0 { "Completed" } else { "Error" },
            "startedAt": from, "finishedAt": to, "containerID": format!("containerd://{}", "7".repeat(64))}})
    };
    let container = |name: &str, state: Value, ready: bool, begun: bool| {
        let id = if begun {
            format!("containerd://{}", "7".repeat(64))
        } else {
            String::new()
        };
        json!({"name": name, "state": state, "lastState": {}, "ready": ready, "restartCount": 0, "image": IMAGE,
            "imageID": if begun { "registry.example.com/ci/build-base@sha256:0f1e" } else { "" },
            "containerID": id, "started": begun && ready})
    };
    let fetch = if init {
        container(
            "fetch",
            json!({"running": {"startedAt": last}}),
            false,
            true,
        )
    } else {
        container("fetch", ended(0, bound, started), true, true)
    };
    let step_test = match step {
        Step::Pending | Step::Init => container(
            "step-test",
            json!({"waiting": {"reason": "PodInitializing"}}),
            false,
            false,
        ),
        Step::Running | Step::Unready => container(
            "step-test",
            json!({"running": {"startedAt": started}}),
            step == Step::Running,
            true,
        ),
        Step::Succeeded => container("step-test", ended(0, started, last), false, true),
        Step::Failed => container("step-test", ended(1, started, last), false, true),
    };
    let ip = text(slot::IP);
    json!({"phase": step.phase(), "conditions": conditions, "hostIP": "10.128.0.2",
        "hostIPs": [{"ip": "10.128.0.2"}], "podIP": ip, "podIPs": [{"ip": ip}], "startTime": bound,
        "initContainerStatuses": [fetch], "containerStatuses": [step_test], "qosClass": "Burstable"})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::proto;

    #[test]
    fn each_step_is_the_pod_in_full() {
        let at = |s: i64| DateTime::from_timestamp(1_770_000_000 + s, 0).unwrap();
        let mut maker = Maker::default();
        for (i, step) in [
            Step::Pending,
            Step::Init,
            Step::Running,
            Step::Unready,
            Step::Succeeded,
            Step::Failed,
        ]
        .into_iter()
        .enumerate()
        {
            for number in [0, 7, 24_999, 900_001] {
                let card = Card {
                    number,
                    node: 1,
                    uid: "00000000-0000-4000-8000-000000000001".into(),
                    step,
                    created: at(1),
                    bound: at(2),
                    started: at(70),
                    last: at(200_000),
                    progress: 7,
                };
                let rv = 90 + 10 * i as u64;
                let obj = maker.object(Dice::new(1), &card, &"f-00002".into(), rv);
                // What it carries is what its bytes say, and the bytes are those of an object encoded whole.
                let whole = Obj::new(obj.res, 0, obj.value());
                assert_eq!(
                    (&obj.name, &obj.namespace, &obj.uid, &obj.labels),
                    (&whole.name, &whole.namespace, &whole.uid, &whole.labels)
                );
                assert_eq!((&obj.node, &obj.phase), (&whole.node, &whole.phase));
                assert_eq!(obj.value()["metadata"]["resourceVersion"], rv.to_string());
                assert_eq!(
                    (obj.body(), obj.metadata()),
                    (whole.body(), whole.metadata())
                );
                assert_eq!(obj.proto(), proto::message("Pod", &obj.value()));
                let (mut a, mut b) = (Vec::new(), Vec::new());
                obj.put_item(&mut a);
                whole.put_item(&mut b);
                assert_eq!(a, b);
            }
        }
    }
}

//! A node's life: it registers, becomes Ready, posts heartbeats, falls silent, comes back, goes.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};

use super::ctx::{Ctx, mark_deleted, set_condition};
use super::event::{About, Source};
use super::kubelet::Kubelets;
use super::pods::{PodDoc, Taint};
use super::queue::{NodeTick, Timer};
use crate::sim::{Obj, resource, timestamp};

mod status;

use self::status::beat;
pub(crate) use self::status::{add_taint, conditions, fill_status, remove_taint};

/// The annotation by which a person breaks a node: `not-ready` or `disk-pressure`.
pub(crate) const FAULT: &str = "sim.constable/fault";
/// Annotation: seconds from registration to Ready.
const READY_AFTER: &str = "sim.constable/ready-after";
/// Annotation: with the value `none` the node is an object alone, no kubelet runs its pods.
const KUBELET: &str = "sim.constable/kubelet";

/// Without a heartbeat for this long, a node counts as lost (the controller's default).
const GRACE_S: i64 = 50;
/// Pods are evicted from a lost node after this long (the default tolerations).
const PATIENCE_S: i64 = 300;
const HEARTBEAT_S: i64 = 300;

#[derive(Clone, Debug, Default)]
struct Life {
    uid: Arc<str>,
    fault: Arc<str>,
    down: Option<DateTime<Utc>>,
    lost: bool,
}

/// Kubelets' and node controller's view of all nodes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Nodes {
    lives: BTreeMap<Arc<str>, Life>,
}

impl Nodes {
    /// A node was created or changed.
    pub(crate) fn on_node(
        &mut self,
        ctx: &mut Ctx<'_>,
        kubelets: &mut Kubelets,
        obj: &Obj,
        value: &Value,
    ) {
        if value["metadata"]["annotations"][KUBELET] == "none" {
            return;
        }
        let fault: Arc<str> = value["metadata"]["annotations"][FAULT]
            .as_str()
            .unwrap_or_default()
            .into();
        if !self.lives.contains_key(&*obj.name) {
            let name: Arc<str> = (&*obj.name).into();
            kubelets.add_node(&name);
            self.lives.insert(
                name.clone(),
                Life {
                    uid: obj.uid.clone(),
                    ..Life::default()
                },
            );
            let dice = ctx.dice.on(&name);
            let ready = value["status"]["conditions"]
                .as_array()
                .is_some_and(|c| c.iter().any(|c| c["type"] == "Ready"));
            if ready {
                let phase = i64::try_from(dice.on("beat").below(300)).unwrap_or(0);
                ctx.queue.push(
                    ctx.now + Duration::seconds(phase + 1),
                    Timer::Node(name, NodeTick::Heartbeat),
                );
            } else {
                self.register(ctx, kubelets, &name, value);
                let given = value["metadata"]["annotations"][READY_AFTER].as_str();
                let given = given.and_then(|s| s.parse::<i64>().ok());
                let usual = i64::try_from(dice.on("ready").range(3500, 9000)).unwrap_or(5000);
                let ms = given.map_or(usual, |s| s.clamp(1, 3600) * 1000);
                ctx.queue.push(
                    ctx.now + Duration::milliseconds(ms * 2 / 5),
                    Timer::Node(name.clone(), NodeTick::Initialized),
                );
                ctx.queue.push(
                    ctx.now + Duration::milliseconds(ms),
                    Timer::Node(name, NodeTick::Ready),
                );
            }
        }
        let Some(life) = self.lives.get_mut(&*obj.name) else {
            return;
        };
        if life.fault != fault {
            let old = std::mem::replace(&mut life.fault, fault.clone());
            let name: Arc<str> = (&*obj.name).into();
            match &*old {
                "not-ready" => self.set_down(ctx, kubelets, &name, false),
                "disk-pressure" => self.set_pressure(ctx, &name, false),
                _ => {}
            }
            match &*fault {
                "not-ready" => self.set_down(ctx, kubelets, &name, true),
                "disk-pressure" => self.set_pressure(ctx, &name, true),
                _ => {}
            }
        }
    }

    pub(crate) fn remove(&mut self, ctx: &mut Ctx<'_>, kubelets: &mut Kubelets, name: &str) {
        self.lives.remove(name);
        kubelets.remove_node(name);
        ctx.queue.push(
            ctx.now + Duration::seconds(40),
            Timer::Node(name.into(), NodeTick::Orphans),
        );
    }

    /// What a kubelet writes when it registers: not ready yet.
    fn register(&mut self, ctx: &mut Ctx<'_>, kubelets: &Kubelets, name: &Arc<str>, value: &Value) {
        let ip = kubelets
            .nodes
            .get(name)
            .map(super::kubelet::NodeRun::host_ip)
            .unwrap_or_default();
        let now = ctx.now;
        let has_taint = value["spec"]["taints"]
            .as_array()
            .is_some_and(|t| t.iter().any(|t| t["key"] == NOT_READY));
        ctx.edit(resource("nodes"), "", name, |v| {
            fill_status(&mut v["status"], name, &ip);
            v["status"]["conditions"] = conditions(now, false);
            if !has_taint {
                add_taint(v, NOT_READY, "NoSchedule", None);
            }
        });
        if let Some(life) = self.lives.get(name) {
            status::registered(ctx, name, &life.uid.clone());
        }
    }

    /// A timer of a node.
    pub(crate) fn tick(
        &mut self,
        ctx: &mut Ctx<'_>,
        kubelets: &mut Kubelets,
        name: &Arc<str>,
        tick: NodeTick,
    ) {
        if tick == NodeTick::Orphans {
            return orphans(ctx, kubelets, name);
        }
        let Some(life) = self.lives.get_mut(name) else {
            return;
        };
        let uid = life.uid.clone();
        match tick {
            NodeTick::Orphans => {}
            NodeTick::Initialized => status::initialized(ctx, name, &uid),
            NodeTick::Ready | NodeTick::Heartbeat => {
                ctx.queue.push(
                    ctx.now + Duration::seconds(HEARTBEAT_S),
                    Timer::Node(name.clone(), NodeTick::Heartbeat),
                );
                if life.down.is_some() {
                    return;
                }
                let now = timestamp(ctx.now);
                if tick == NodeTick::Ready {
                    self.write_ready(ctx, name, &uid);
                } else {
                    ctx.edit(resource("nodes"), "", name, |v| beat(v, &now));
                }
            }
            NodeTick::Lost => {
                let due = life
                    .down
                    .is_some_and(|d| d + Duration::seconds(GRACE_S) <= ctx.now);
                if due && !life.lost {
                    life.lost = true;
                    lose(ctx, kubelets, name, &uid);
                    ctx.queue.push(
                        ctx.now + Duration::seconds(PATIENCE_S),
                        Timer::Node(name.clone(), NodeTick::Evict),
                    );
                }
            }
            NodeTick::Evict => {
                let long = Duration::seconds(GRACE_S + PATIENCE_S);
                if life.lost && life.down.is_some_and(|d| d + long <= ctx.now) {
                    evict_all(ctx, kubelets, name);
                }
            }
            NodeTick::Pressure => {
                if &*life.fault == "disk-pressure" {
                    press(ctx, kubelets, name);
                    ctx.queue.push(
                        ctx.now + Duration::seconds(45),
                        Timer::Node(name.clone(), NodeTick::Pressure),
                    );
                }
            }
        }
    }

    fn write_ready(&mut self, ctx: &mut Ctx<'_>, name: &Arc<str>, uid: &str) {
        let now = ctx.now;
        ctx.edit(resource("nodes"), "", name, |v| {
            let fresh = conditions(now, true);
            for c in fresh.as_array().into_iter().flatten() {
                set_condition(&mut v["status"], c.clone());
            }
            for key in [NOT_READY, UNREACHABLE] {
                remove_taint(v, key);
            }
        });
        let text = format!("Node {name} status is now: NodeReady");
        ctx.event(
            Source::Kubelet(name),
            About::node(name, uid),
            false,
            "NodeReady",
            &text,
        );
    }

    /// The kubelet falls silent, or speaks again.
    pub(crate) fn set_down(
        &mut self,
        ctx: &mut Ctx<'_>,
        kubelets: &mut Kubelets,
        name: &Arc<str>,
        down: bool,
    ) {
        let Some(life) = self.lives.get_mut(name) else {
            return;
        };
        if life.down.is_some() == down {
            return;
        }
        if down {
            life.down = Some(ctx.now);
            life.lost = false;
            kubelets.set_up(ctx, name, false);
            ctx.queue.push(
                ctx.now + Duration::seconds(GRACE_S),
                Timer::Node(name.clone(), NodeTick::Lost),
            );
        } else {
            life.down = None;
            let was_lost = std::mem::take(&mut life.lost);
            let uid = life.uid.clone();
            if was_lost {
                self.write_ready(ctx, name, &uid);
            }
            kubelets.set_up(ctx, name, true);
        }
    }

    /// The node's disk fills up, or is clean again.
    pub(crate) fn set_pressure(&mut self, ctx: &mut Ctx<'_>, name: &Arc<str>, on: bool) {
        let Some(life) = self.lives.get(name) else {
            return;
        };
        let uid = life.uid.clone();
        let now = timestamp(ctx.now);
        ctx.edit(resource("nodes"), "", name, |v| {
            let (status, reason, message) = if on {
                ("True", "KubeletHasDiskPressure", "kubelet has disk pressure")
            } else {
                ("False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure")
            };
            set_condition(&mut v["status"], json!({"type": "DiskPressure", "status": status,
                "lastHeartbeatTime": now, "lastTransitionTime": now, "reason": reason, "message": message}));
            if on {
                add_taint(v, DISK_PRESSURE, "NoSchedule", None);
            } else {
                remove_taint(v, DISK_PRESSURE);
            }
        });
        let reason = if on {
            "NodeHasDiskPressure"
        } else {
            "NodeHasNoDiskPressure"
        };
        let text = format!("Node {name} status is now: {reason}");
        ctx.event(
            Source::Kubelet(name),
            About::node(name, &uid),
            false,
            reason,
            &text,
        );
        if on {
            ctx.queue.push(
                ctx.now + Duration::seconds(15),
                Timer::Node(name.clone(), NodeTick::Pressure),
            );
        }
    }
}

const NOT_READY: &str = "node.kubernetes.io/not-ready";
const UNREACHABLE: &str = "node.kubernetes.io/unreachable";
const DISK_PRESSURE: &str = "node.kubernetes.io/disk-pressure";

/// The node controller has heard nothing: conditions Unknown, taints, pods not ready.
fn lose(ctx: &mut Ctx<'_>, kubelets: &Kubelets, name: &Arc<str>, uid: &str) {
    let now = timestamp(ctx.now);
    ctx.edit(resource("nodes"), "", name, |v| {
        for kind in ["MemoryPressure", "DiskPressure", "PIDPressure", "Ready"] {
            let beat = v["status"]["conditions"]
                .as_array()
                .and_then(|c| c.iter().find(|c| c["type"] == kind))
                .map(|c| c["lastHeartbeatTime"].clone())
                .unwrap_or_else(|| now.clone().into());
            set_condition(
                &mut v["status"],
                json!({"type": kind, "status": "Unknown",
                "lastHeartbeatTime": beat, "lastTransitionTime": now,
                "reason": "NodeStatusUnknown", "message": "Kubelet stopped posting node status."}),
            );
        }
        add_taint(v, UNREACHABLE, "NoSchedule", Some(&now));
        add_taint(v, UNREACHABLE, "NoExecute", Some(&now));
    });
    let source = Source::Controller("node-controller");
    let text = format!("Node {name} status is now: NodeNotReady");
    ctx.event(source, About::node(name, uid), false, "NodeNotReady", &text);
    for (ns, pod, uid) in pods_of(kubelets, name) {
        let mut changed = false;
        ctx.edit(resource("pods"), &ns, &pod, |v| {
            if let Some(list) = v["status"]["conditions"].as_array_mut() {
                for c in list
                    .iter_mut()
                    .filter(|c| c["type"] == "Ready" && c["status"] == "True")
                {
                    c["status"] = "False".into();
                    c["lastTransitionTime"] = now.clone().into();
                    changed = true;
                }
            }
        });
        if changed {
            ctx.event(
                source,
                About::pod(&ns, &pod, &uid),
                true,
                "NodeNotReady",
                "Node is not ready",
            );
        }
    }
}

/// The taint manager deletes the pods that do not stand a lost node for ever.
fn evict_all(ctx: &mut Ctx<'_>, kubelets: &Kubelets, name: &Arc<str>) {
    let taint = Taint {
        key: UNREACHABLE.into(),
        value: String::new(),
        effect: "NoExecute".into(),
    };
    for (ns, pod, uid) in pods_of(kubelets, name) {
        let Some(obj) = ctx.store.get(resource("pods"), &ns, &pod).cloned() else {
            continue;
        };
        let Ok(doc) = serde_json::from_slice::<PodDoc>(&obj.body()) else {
            continue;
        };
        let stays = doc
            .spec
            .tolerations
            .iter()
            .any(|t| t.tolerates(&taint) && t.toleration_seconds.is_none());
        if stays || obj.deleting || matches!(&*obj.phase, "Succeeded" | "Failed") {
            continue;
        }
        let now = timestamp(ctx.now);
        ctx.edit(resource("pods"), &ns, &pod, |v| {
            set_condition(&mut v["status"], json!({"type": "DisruptionTarget", "status": "True",
                "lastProbeTime": null, "lastTransitionTime": now, "reason": "DeletionByTaintManager",
                "message": "Taint manager: deleting due to NoExecute taint"}));
        });
        let text = format!("Marking for deletion Pod {ns}/{pod}");
        ctx.event(
            Source::Controller("taint-eviction-controller"),
            About::pod(&ns, &pod, &uid),
            false,
            "TaintManagerEviction",
            &text,
        );
        mark_deleted(
            ctx.store,
            ctx.now,
            &obj,
            doc.spec.termination_grace_period_seconds.unwrap_or(30),
        );
    }
}

/// The kubelet frees disk: one running pod, by luck, as usage is not simulated.
fn press(ctx: &mut Ctx<'_>, kubelets: &mut Kubelets, name: &Arc<str>) {
    let mut victims: Vec<(Arc<str>, Arc<str>)> = Vec::new();
    for (ns, pod, uid) in pods_of(kubelets, name) {
        let Some(obj) = ctx.store.get(resource("pods"), &ns, &pod) else {
            continue;
        };
        if &*obj.phase != "Running" || obj.deleting {
            continue;
        }
        let Ok(doc) = serde_json::from_slice::<PodDoc>(&obj.body()) else {
            continue;
        };
        let daemon = doc
            .metadata
            .owner_references
            .iter()
            .any(|o| o.kind == "DaemonSet" || o.kind == "Node");
        if let (false, Some(c)) = (daemon, doc.spec.containers.first()) {
            victims.push((uid, c.name.as_str().into()));
        }
    }
    if victims.is_empty() {
        return;
    }
    let drawn = ctx.dice.on(name).on("press").at(ctx.store.revision());
    let at = usize::try_from(drawn.below(victims.len() as u64)).unwrap_or(0);
    let (uid, container) = &victims[at];
    let (gi, avail) = (
        drawn.at(1).range(9, 31),
        drawn.at(2).range(900_000, 4_900_000),
    );
    let text = format!(
        "The node was low on resource: ephemeral-storage. Threshold quantity: 10Gi, available: {avail}Ki. Container {container} was using {gi}Gi, request is 0, has larger consumption of ephemeral-storage. "
    );
    kubelets.evict(ctx, uid, &text);
}

/// The pod garbage collector removes pods whose node is gone.
fn orphans(ctx: &mut Ctx<'_>, kubelets: &Kubelets, name: &Arc<str>) {
    if kubelets.nodes.contains_key(name) {
        return;
    }
    let lost: Vec<Arc<Obj>> = ctx
        .store
        .list(resource("pods"), None)
        .filter(|p| *p.node == **name)
        .cloned()
        .collect();
    for obj in lost {
        ctx.delete(&obj);
    }
}

fn pods_of(kubelets: &Kubelets, name: &str) -> Vec<(Arc<str>, Arc<str>, Arc<str>)> {
    kubelets
        .nodes
        .get(name)
        .into_iter()
        .flat_map(|n| &n.pods)
        .filter_map(|uid| kubelets.pod(uid))
        .map(|run| (run.namespace.clone(), run.name.clone(), run.uid.clone()))
        .collect()
}

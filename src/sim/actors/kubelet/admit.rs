//! A pod that was bound to a node, or came running already, becomes its kubelet's.

use std::collections::HashSet;
use std::sync::Arc;

use chrono::Duration;

use super::Kubelets;
use super::container::{Cont, Ended, Exit, Kind, Run, State};
use super::pod::{FOREVER_MS, Flag, PodRun, Restart};
use crate::sim::Obj;
use crate::sim::actors::ctx::Ctx;
use crate::sim::actors::pods::{Container, PodDoc};
use crate::sim::logs::Meta;
use crate::sim::script::{self, Script};

impl Kubelets {
    /// Takes a pod that was bound to a node.
    pub(crate) fn admit(&mut self, ctx: &mut Ctx<'_>, obj: &Obj) {
        let Some((node_name, _)) = self.nodes.get_key_value(&*obj.node) else {
            return;
        };
        let node_name = node_name.clone();
        let Ok(doc) = serde_json::from_slice::<PodDoc>(&obj.body()) else {
            return;
        };
        let Some(node) = self.nodes.get_mut(&node_name) else {
            return;
        };
        let scripts = doc
            .metadata
            .annotations
            .get(script::ANNOTATION)
            .map(|text| {
                if let Some(known) = self.scripts.get(text) {
                    return known.clone();
                }
                // What cannot be read is no script: the container then runs for ever.
                let read = Arc::new(script::parse(text).unwrap_or_default());
                if self.scripts.len() > 1_000 {
                    self.scripts.clear(); // a cache of texts, most of them used once
                }
                self.scripts.insert(text.clone(), read.clone());
                read
            });
        let spec = &doc.spec;
        let mut containers = Vec::with_capacity(spec.init_containers.len() + spec.containers.len());
        let all = spec
            .init_containers
            .iter()
            .map(|c| (c, Kind::Init))
            .chain(spec.containers.iter().map(|c| (c, Kind::Main)))
            .chain(
                spec.ephemeral_containers
                    .iter()
                    .map(|c| (c, Kind::Ephemeral)),
            );
        for (c, kind) in all {
            let script = scripts.as_ref().and_then(|s| s.get(&c.name).cloned());
            containers.push(container(&mut self.images, c, kind, script));
        }
        let uid: Arc<str> = (&*obj.uid).into();
        let dice = ctx.dice.on(&uid);
        let host_ip = node.host_ip();
        let already = doc.status.phase == "Running" && !doc.status.container_statuses.is_empty();
        let ip = if spec.host_network {
            host_ip.clone()
        } else if already && !doc.status.pod_ip.is_empty() {
            doc.status.pod_ip.clone()
        } else {
            node.draw_ip()
        };
        let started = doc.status.start_time.filter(|_| already).unwrap_or(ctx.now);
        let limit = |s: i64| Duration::seconds(s.clamp(0, FOREVER_MS / 1000));
        let flag = Flag {
            on: already,
            since: started,
        };
        let mut run = PodRun {
            namespace: intern(&mut self.images, &obj.namespace),
            name: (&*obj.name).into(),
            uid: uid.clone(),
            node: node_name.clone(),
            host_ip: host_ip.into(),
            ip: ip.into(),
            restart: match spec.restart_policy.as_str() {
                "Never" => Restart::Never,
                "OnFailure" => Restart::OnFailure,
                _ => Restart::Always,
            },
            grace: spec.termination_grace_period_seconds.unwrap_or(30),
            started,
            deadline: spec.active_deadline_seconds.map(|s| started + limit(s)),
            sandbox_at: ctx.now
                + Duration::milliseconds(
                    i64::try_from(dice.on("sandbox").range(250, 900)).unwrap_or(500),
                ),
            inits: spec.init_containers.len(),
            containers,
            stop: None,
            end: None,
            sandbox: flag,
            initialized: flag,
            ready: flag,
            unready: ctx.faults.unready(&obj.namespace, &obj.name),
            dirty: true,
            about: about(&doc),
            wake: None,
        };
        if already {
            resume(&mut run, &doc);
        }
        node.pods.insert(uid.clone());
        self.pods.insert(uid.clone(), run);
        self.look(ctx, &uid, |_, _, _| {});
    }

    /// Debug containers that have joined a pod since.
    pub(super) fn join(&mut self, ctx: &mut Ctx<'_>, uid: &str, all: &[Container]) {
        let Some(run) = self.pods.get_mut(uid) else {
            return;
        };
        let mut new = false;
        for c in all {
            if run.containers.iter().all(|known| *known.name != *c.name) {
                let joined = container(&mut self.images, c, Kind::Ephemeral, None);
                run.containers.push(joined);
                run.dirty = true;
                new = true;
            }
        }
        if new {
            let uid = run.uid.clone();
            self.look(ctx, &uid, |_, _, _| {});
        }
    }
}

fn intern(set: &mut HashSet<Arc<str>>, text: &str) -> Arc<str> {
    if let Some(known) = set.get(text) {
        return known.clone();
    }
    let new: Arc<str> = text.into();
    set.insert(new.clone());
    new
}

fn container(
    images: &mut HashSet<Arc<str>>,
    c: &Container,
    kind: Kind,
    script: Option<Arc<Script>>,
) -> Cont {
    Cont {
        name: intern(images, &c.name),
        image: intern(images, &c.image),
        never_pull: c.image_pull_policy == "Never",
        kind: match kind {
            Kind::Init if c.is_sidecar() => Kind::Sidecar,
            kind => kind,
        },
        script: script.or_else(|| script::of_command(&c.command, &c.args).map(Arc::new)),
        state: State::Queued,
        last: None,
        restarts: 0,
        failed_pulls: 0,
        ready: false,
    }
}

/// What a job's log speaks of, by the job platform's annotations.
fn about(doc: &PodDoc) -> Option<Arc<Meta>> {
    let get = |key: &str| {
        doc.metadata
            .annotations
            .get(&format!("jobs.constable/{key}"))
            .cloned()
    };
    Some(Arc::new(Meta {
        project: get("project")?,
        reference: get("ref").unwrap_or_else(|| "main".into()),
        commit: get("commit").unwrap_or_default(),
        name: get("name").unwrap_or_default(),
        id: get("run").unwrap_or_default(),
    }))
}

/// A pod that came with a running status (bulk load): its containers run since then.
fn resume(run: &mut PodRun, doc: &PodDoc) {
    for c in &mut run.containers {
        let at = run.started;
        let going = Run {
            at,
            ready_at: at,
            work: Some(at),
            ends: None,
            plan: None,
        };
        if c.kind == Kind::Init {
            let exit = Exit::code(0);
            c.state = State::Ended(Box::new(Ended {
                run: going,
                at,
                exit,
            }));
        } else {
            let known = doc
                .status
                .container_statuses
                .iter()
                .find(|s| s["name"] == *c.name);
            c.restarts = known
                .and_then(|s| s["restartCount"].as_u64())
                .and_then(|n| u32::try_from(n).ok())
                .unwrap_or(0);
            let mut going = going;
            if let Some(ms) = c.script.as_ref().and_then(|s| s.run_ms) {
                let ms = i64::try_from(ms).unwrap_or(FOREVER_MS).min(FOREVER_MS);
                let code = c.script.as_ref().map_or(0, |s| s.exit);
                let end = at + Duration::milliseconds(ms);
                going.plan = Some((end, code));
                going.ends = Some((end, Exit::code(code)));
            }
            c.state = State::Running(going);
        }
        c.ready = true;
    }
    run.dirty = false;
}

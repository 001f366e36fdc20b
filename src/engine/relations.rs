//! `r`: a menu of what the thing under the cursor is tied to, and the way there.
//!
//! What the model knows stands in it at once; what the object itself names, and the budgets over it, follow as
//! they are read.

use serde_json::Value;

use super::asks::{Answer, Purpose, ScreenNo, get};
use super::doc::{Form, KindRef, ObjectRef};
use super::overlay::{Choice, Entry, Layer, Menu};
use super::screen::{Screen, Thing};
use super::table::{Scope, TableKind, TableState};
use super::ties::{Tie, named, pod_labels, selects};
use super::view::Tone;
use super::{Accept, Effect, Engine};
use crate::model::{Backend, ClusterNo, JobKey, Kind, Model, Text, Uid};

/// Pods that are listed one by one; of more the first.
const CHILDREN: usize = 20;

/// Where a tie leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Object(ClusterNo, Box<ObjectRef>),
    Job(ClusterNo, JobKey),
    Node(ClusterNo, Text),
    /// Pods behind a Service.
    Behind(ClusterNo, Text, Text),
}

/// A part of what is read for the menu.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum TiePart {
    Object,
    Budgets,
}

/// The menu that is open.
#[derive(Clone, Debug)]
pub(super) struct Relations {
    no: ScreenNo,
    cluster: ClusterNo,
    object: ObjectRef,
    body: Option<Answer>,
    budgets: Option<Answer>,
}

impl Engine {
    /// `r`.
    pub(super) fn relations(&mut self, out: &mut Vec<Effect>) {
        let (cluster, object) = match self.object() {
            Ok(found) => found,
            Err(why) => return self.say(why, Tone::Warn),
        };
        let no = self.asks.screen();
        // A document that is open has read it already.
        let body = match self.screens.top() {
            Screen::Text(pane) => pane.body.clone().map(Ok),
            _ => None,
        };
        if body.is_none() {
            let call = get(object.path(), Accept::Shown);
            self.ask(cluster, Purpose::Ties(no, TiePart::Object), call, out);
        }
        if object.kind.namespaced {
            let kind = KindRef::known(
                "policy",
                "v1",
                "poddisruptionbudgets",
                "PodDisruptionBudget",
                true,
            );
            let path = format!("{}?limit=500", kind.path(Some(&object.namespace)));
            let call = get(path, Accept::Shown);
            self.ask(cluster, Purpose::Ties(no, TiePart::Budgets), call, out);
        }
        // Owners of kinds that only this server has.
        self.ask_kinds(cluster, out);
        let title = format!("tied to {}", object.title());
        self.ties = Some(Relations {
            no,
            cluster,
            object,
            body,
            budgets: None,
        });
        let entries = self.tie_entries();
        self.menu(&title, entries);
    }

    /// Takes an answer for the menu, if it is still open.
    pub(super) fn ties_answer(&mut self, no: ScreenNo, part: TiePart, answer: Answer) {
        let Some(relations) = self.ties.as_mut().filter(|r| r.no == no) else {
            return;
        };
        match part {
            TiePart::Object => relations.body = Some(answer),
            TiePart::Budgets => relations.budgets = Some(answer),
        }
        let title = format!("tied to {}", relations.object.title());
        let entries = self.tie_entries();
        if let Some(Layer::Menu(menu)) = self.layers.last_mut()
            && menu.title == title
        {
            retake(menu, entries);
        }
    }

    fn tie_entries(&self) -> Vec<Entry> {
        let Some(relations) = &self.ties else {
            return Vec::new();
        };
        let Relations {
            cluster: no,
            object,
            body,
            budgets,
            ..
        } = relations;
        let mut entries = Vec::new();
        let mut add = |relation: &str, what: String, target: Result<Target, String>| {
            let text = format!("{relation:<16} {what}");
            let (choice, why_not) = match target {
                Ok(target) => (Choice::Follow(Box::new(target)), String::new()),
                Err(why) => (Choice::Nothing, why),
            };
            if !entries.iter().any(|e: &Entry| e.text == text) {
                entries.push(Entry {
                    text,
                    key: String::new(),
                    why_not,
                    choice,
                });
            }
        };
        let named_ties = match body {
            Some(Ok(body)) => named(&object.kind.kind, body),
            Some(Err(_)) | None => Vec::new(),
        };
        let model = self.model_of(*no);
        // Upwards: the owners, to the top.
        for tie in named_ties.iter().filter(|tie| tie.relation == "owner") {
            add("owner", tie.title(), self.target(*no, tie));
        }
        if let (Some(model), Some(uid)) = (model, &object.uid) {
            for (depth, owner) in chain(model, uid, object).into_iter().enumerate() {
                let relation = if depth == 0 { "owner" } else { "its owner" };
                add(relation, owner.title(), self.target(*no, &owner));
            }
            if let Some(key) = model.job_key_of_pod(uid) {
                let title = model
                    .job(&key)
                    .map(super::text::job_title)
                    .unwrap_or_default();
                add("job", title, Ok(Target::Job(*no, key)));
            }
            for (relation, target, what) in downwards(model, *no, object, uid) {
                add(relation, what, Ok(target));
            }
            if let Some(Ok(body)) = body {
                for (relation, what) in around(model, object, body) {
                    let title = what.title();
                    add(relation, title, Ok(Target::Object(*no, Box::new(what))));
                }
            }
        }
        if &*object.kind.kind == "Service" {
            let target = Target::Behind(*no, object.namespace.clone(), object.name.clone());
            add(
                "pods behind it",
                "as its endpoints have them".to_owned(),
                Ok(target),
            );
        }
        match (budgets, body) {
            (Some(Ok(list)), Some(Ok(body))) => {
                for tie in covering(&object.kind.kind, body, list) {
                    add("budget", tie.title(), self.target(*no, &tie));
                }
            }
            (Some(Err(failure)), _) => {
                add(
                    "budget",
                    "?".to_owned(),
                    Err(failure.span().text.into_owned()),
                );
            }
            (_, _) => {}
        }
        for tie in named_ties.iter().filter(|tie| tie.relation != "owner") {
            add(tie.relation, tie.title(), self.target(*no, tie));
        }
        match body {
            None => add(
                "…",
                "◌ reading the object".to_owned(),
                Err("it is still being read".to_owned()),
            ),
            Some(Err(failure)) => {
                let why = failure.span().text.into_owned();
                add("…", "what it names could not be read".to_owned(), Err(why));
            }
            Some(Ok(_)) => {}
        }
        entries
    }

    /// Where a tie leads: our own screen where there is one.
    fn target(&self, no: ClusterNo, tie: &Tie) -> Result<Target, String> {
        if tie.kind == "Node" && tie.api_version == "v1" {
            return Ok(Target::Node(no, tie.name.as_str().into()));
        }
        if let Some(object) = tie.known() {
            return Ok(Target::Object(no, Box::new(object)));
        }
        let (group, _) = tie.group();
        let kinds = self.clusters.get(no).map(|c| &c.kinds);
        let served = kinds.and_then(|kinds| kinds.of(group, &tie.kind));
        match served {
            Some(served) => {
                let namespace = if served.namespaced {
                    &*tie.namespace
                } else {
                    ""
                };
                let object = ObjectRef::new(served.clone(), namespace, &tie.name);
                Ok(Target::Object(no, Box::new(object)))
            }
            None => Err(format!(
                "the server does not tell of {} {}",
                tie.api_version, tie.kind
            )),
        }
    }

    /// Goes where a tie leads.
    pub(super) fn follow_tie(&mut self, target: Target, out: &mut Vec<Effect>) {
        match target {
            Target::Object(no, object) => self.push_document(no, *object, Form::Describe, out),
            Target::Job(no, key) => self.enter_thing(Thing::Job(no, key), out),
            Target::Node(no, name) => self.enter_thing(Thing::Node(no, name), out),
            Target::Behind(no, namespace, name) => {
                let scope = Scope::Service(no, namespace, name);
                self.push(Screen::Table(TableState::new(TableKind::Pods, scope)), out);
            }
        }
    }
}

impl Tie {
    fn title(&self) -> String {
        if self.namespace.is_empty() {
            format!("{} {}", self.kind, self.name)
        } else {
            format!("{} {}/{}", self.kind, self.namespace, self.name)
        }
    }
}

/// Other entries, the same one chosen.
fn retake(menu: &mut Menu, entries: Vec<Entry>) {
    let chosen = menu
        .entries
        .get(menu.chosen)
        .map(|entry| entry.text.clone());
    menu.chosen = entries
        .iter()
        .position(|entry| Some(&entry.text) == chosen.as_ref())
        .unwrap_or(0);
    menu.entries = entries;
}

/// Kinds of controllers that the model knows.
const CONTROLLERS: [(Kind, &str); 4] = [
    (Kind::Deployment, "Deployment"),
    (Kind::ReplicaSet, "ReplicaSet"),
    (Kind::StatefulSet, "StatefulSet"),
    (Kind::DaemonSet, "DaemonSet"),
];

/// Owners as the model knows them, to the top.
fn chain(model: &Model, uid: &Uid, object: &ObjectRef) -> Vec<Tie> {
    let own = |uid: &Uid| {
        let workload = || {
            CONTROLLERS
                .iter()
                .find_map(|(kind, _)| model.workload_by_uid(*kind, uid))
        };
        let pod = model.pod(uid).map(|pod| &pod.meta);
        let job = || model.batch_job_by_uid(uid).map(|job| &job.meta);
        pod.or_else(|| workload().map(|w| &w.meta)).or_else(job)
    };
    let mut ties = Vec::new();
    let mut at = uid.clone();
    // Owners in a ring would be a fault of somebody's, not ours.
    while ties.len() < 5
        && let Some(owner) = own(&at).and_then(|meta| meta.owner.as_deref())
    {
        let version = match &*owner.kind {
            "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet" => "apps/v1",
            "Job" | "CronJob" => "batch/v1",
            "Node" => "v1",
            _ => break,
        };
        let namespace = if version == "v1" {
            ""
        } else {
            &*object.namespace
        };
        ties.push(Tie {
            relation: "owner",
            api_version: version.to_owned(),
            kind: owner.kind.to_string(),
            namespace: namespace.to_owned(),
            name: owner.name.to_string(),
        });
        at = owner.uid.clone();
    }
    ties
}

/// What it owns, as the model knows it.
fn downwards(
    model: &Model,
    no: ClusterNo,
    object: &ObjectRef,
    uid: &Uid,
) -> Vec<(&'static str, Target, String)> {
    let mut out = Vec::new();
    let mut push = |kind: &str, version: &str, name: &str, uid: Uid| {
        let tie = Tie {
            relation: "owns",
            api_version: version.to_owned(),
            kind: kind.to_owned(),
            namespace: object.namespace.to_string(),
            name: name.to_owned(),
        };
        if let Some(mut object) = tie.known() {
            object.uid = Some(uid);
            out.push(("owns", Target::Object(no, Box::new(object)), tie.title()));
        }
    };
    for (kind, name) in CONTROLLERS {
        let owned = model
            .workloads(kind)
            .filter(|w| w.meta.owner.as_ref().is_some_and(|o| o.uid == *uid));
        for workload in owned.take(CHILDREN) {
            push(
                name,
                "apps/v1",
                &workload.meta.name,
                workload.meta.uid.clone(),
            );
        }
    }
    let jobs = model
        .batch_jobs()
        .filter(|j| j.meta.owner.as_ref().is_some_and(|o| o.uid == *uid));
    for job in jobs.take(CHILDREN) {
        push("Job", "batch/v1", &job.meta.name, job.meta.uid.clone());
    }
    if &*object.kind.kind != "Node" {
        for pod in model.pods_of(uid).take(CHILDREN) {
            push("Pod", "v1", &pod.meta.name, pod.meta.uid.clone());
        }
    }
    out
}

/// Services over its pods, and ingresses to those or to it.
fn around(model: &Model, object: &ObjectRef, body: &Value) -> Vec<(&'static str, ObjectRef)> {
    let mut out = Vec::new();
    let mut services: Vec<Text> = Vec::new();
    if &*object.kind.kind == "Service" {
        services.push(object.name.clone());
    } else if let Some(labels) = pod_labels(&object.kind.kind, body) {
        let here = model
            .services()
            .filter(|s| s.meta.namespace == object.namespace);
        for service in here {
            let takes = |(key, value): &(Text, Text)| labels[&**key] == **value;
            if !service.selector.is_empty() && service.selector.iter().all(takes) {
                let kind = KindRef::known("", "v1", "services", "Service", true);
                out.push((
                    "service",
                    ObjectRef::new(kind, &object.namespace, &service.meta.name),
                ));
                services.push(service.meta.name.clone());
            }
        }
    }
    let here = model
        .ingresses()
        .filter(|i| i.meta.namespace == object.namespace);
    for ingress in here {
        let leads = ingress.routes.iter().any(|route| match &route.backend {
            Backend::Service { name, .. } => services.contains(name),
            Backend::Resource(_) => false,
        });
        if leads {
            out.push((
                "ingress",
                ObjectRef::new(KindRef::ingress(), &object.namespace, &ingress.meta.name),
            ));
        }
    }
    out
}

/// Budgets over its pods.
fn covering(kind: &str, body: &Value, list: &Value) -> Vec<Tie> {
    let Some(labels) = pod_labels(kind, body) else {
        return Vec::new();
    };
    let budgets = list["items"].as_array().into_iter().flatten();
    budgets
        .filter(|budget| selects(&budget["spec"]["selector"], labels))
        .map(|budget| Tie {
            relation: "budget",
            api_version: "policy/v1".to_owned(),
            kind: "PodDisruptionBudget".to_owned(),
            namespace: budget["metadata"]["namespace"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
            name: budget["metadata"]["name"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
        })
        .collect()
}

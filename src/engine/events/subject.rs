//! What a list of events is about, and which events are of it.

use crate::engine::effect::About;
use crate::engine::screen::Thing;
use crate::engine::text;
use crate::engine::workloads::meta_of;
use crate::model::{ClusterEvent, JobKey, Model, Place, Text, Uid};

/// What a list of events is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    Job(JobKey),
    Pod {
        uid: Uid,
        namespace: Text,
        name: Text,
    },
    Node(Text),
    /// Another kind of object.
    Object {
        kind: Text,
        namespace: Text,
        name: Text,
    },
    Pool(Text),
    All,
}

impl Subject {
    /// Whether it is made of many objects.
    pub(crate) fn is_wide(&self) -> bool {
        matches!(self, Self::Pool(_) | Self::All)
    }

    /// Which events are watched for it; `None`: the warnings do, or nothing can be asked for.
    pub(super) fn about(&self, model: &Model, normal: bool) -> Option<About> {
        let of = |namespace: &Text, fields: String| About {
            namespace: Some(namespace.clone()).filter(|ns| !ns.is_empty()),
            fields: fields.into(),
        };
        let named = |kind: &str, namespace: &Text, name: &str| {
            of(
                namespace,
                format!("involvedObject.kind={kind},involvedObject.name={name}"),
            )
        };
        Some(match self {
            Self::Job(key) => {
                let job = model.job(key)?;
                match job.pod() {
                    Some(uid) if !uid.is_empty() => {
                        of(job.namespace(), format!("involvedObject.uid={uid}"))
                    }
                    // Its pod is gone, or a batch Job has none yet.
                    Some(_) | None => of(
                        job.namespace(),
                        format!("involvedObject.name={}", job.pod_name()),
                    ),
                }
            }
            Self::Pod { uid, namespace, .. } => of(namespace, format!("involvedObject.uid={uid}")),
            // What belongs to no namespace has its events in this one. The kubelet writes the name as uid.
            Self::Node(name) => named("Node", &"default".into(), name),
            Self::Object {
                kind,
                namespace,
                name,
            } => named(kind, namespace, name),
            Self::Pool(_) | Self::All if normal => About::default(),
            Self::Pool(_) | Self::All => return None,
        })
    }

    /// Whether an event belongs to it.
    pub(super) fn covers(&self, event: &ClusterEvent, model: &Model) -> bool {
        let about = &event.regarding;
        match self {
            Self::Job(key) => model.job(key).is_some_and(|job| {
                *about.namespace == **job.namespace()
                    && (job.pod().is_some_and(|uid| uid.is(&about.uid))
                        || *about.name == **job.pod_name())
            }),
            Self::Pod { uid, .. } => uid.is(&about.uid),
            Self::Node(name) => {
                (&*about.kind == "Node" && about.name == *name) || event.node == *name
            }
            Self::Object {
                kind,
                namespace,
                name,
            } => {
                about.kind == *kind
                    && about.name == *name
                    && (about.namespace == *namespace || about.namespace.is_empty())
            }
            Self::Pool(pool) => pool_of(event, model).as_ref() == Some(pool),
            Self::All => true,
        }
    }

    /// In the title: `events of …`.
    pub(crate) fn name(&self, model: Option<&Model>) -> String {
        match self {
            Self::Job(key) => match model.and_then(|model| model.job(key)) {
                Some(job) => text::job_title(job),
                None => format!("job {}", key.id),
            },
            Self::Pod {
                namespace, name, ..
            } => format!("pod {namespace}/{name}"),
            Self::Node(name) => format!("node {name}"),
            Self::Object {
                kind,
                namespace,
                name,
            } => format!("{} {namespace}/{name}", kind.to_lowercase()),
            Self::Pool(pool) => format!("pool {pool}"),
            Self::All => "the cluster".to_owned(),
        }
    }
}

/// The pool in which something happened: by the node that tells it, the node or the pod that it is about.
fn pool_of(event: &ClusterEvent, model: &Model) -> Option<Text> {
    let about = &event.regarding;
    let of_node = |node: &str| model.pool_of_node(node).cloned();
    if !event.node.is_empty() {
        return of_node(&event.node);
    }
    match &*about.kind {
        "Node" => of_node(&about.name),
        "Pod" => {
            let pod = model.pod_named(&about.namespace, &about.name)?;
            if let Some(node) = &pod.node {
                return of_node(node);
            }
            let key = model.job_key_of_pod(&pod.meta.uid)?;
            match model.place(&key)? {
                Place::One(pool) => Some(pool.clone()),
                Place::AnyOf(_) | Place::None => None,
            }
        }
        _ => None,
    }
}

/// What the events of a thing are about.
pub(super) fn subject(thing: &Thing, model: &Model) -> Option<Subject> {
    let object = |kind: &str, namespace: &Text, name: &Text| Subject::Object {
        kind: kind.into(),
        namespace: namespace.clone(),
        name: name.clone(),
    };
    match thing {
        Thing::Job(_, key) | Thing::Step(_, key, _) => Some(Subject::Job(key.clone())),
        Thing::Workload(_, kind, uid) => {
            let meta = meta_of(model, *kind, uid)?;
            Some(object(kind.word(), &meta.namespace, &meta.name))
        }
        Thing::Pod(_, uid) | Thing::Container(_, uid, _) => match model.job_key_of_pod(uid) {
            Some(key) => Some(Subject::Job(key)),
            None => {
                let meta = &model.pod(uid)?.meta;
                Some(Subject::Pod {
                    uid: uid.clone(),
                    namespace: meta.namespace.clone(),
                    name: meta.name.clone(),
                })
            }
        },
        Thing::Node(_, name) => Some(Subject::Node(name.clone())),
        Thing::Route(_, uid, _) => {
            let meta = &model.ingress(uid)?.meta;
            Some(object("Ingress", &meta.namespace, &meta.name))
        }
        Thing::Pool(_, pool) => Some(Subject::Pool(pool.clone())),
        Thing::Object(_, object) => Some(Subject::Object {
            kind: object.kind.kind.clone(),
            namespace: match &*object.namespace {
                // What belongs to no namespace has its events in this one.
                "" => "default".into(),
                _ => object.namespace.clone(),
            },
            name: object.name.clone(),
        }),
        Thing::Cluster(_) => Some(Subject::All),
        Thing::Action(_) | Thing::Event(..) | Thing::Missing(_) => None,
    }
}

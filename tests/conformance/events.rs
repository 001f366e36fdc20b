//! Events: both their forms, selected by what they are about or by type, listed and followed.

use std::time::Duration;

use constable::ci;
use constable::cluster::connect::{Connection, Target};
use constable::cluster::feed::{Feeds, Lists, Pulse, Scope};
use constable::engine::Event;
use constable::engine::effect::About;
use constable::model::{FeedState, Kind, Model, RankRules};
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};

use super::Cluster;

cases!(of_one_object, warnings_alone);

const PATIENCE: Duration = Duration::from_secs(30);

/// As older writers do it.
fn old(c: &Cluster, name: &str, uid: &str, kind: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Event",
        "metadata": {"name": name, "namespace": c.namespace},
        "involvedObject": {"apiVersion": "v1", "kind": "Pod", "namespace": c.namespace, "name": "job-1", "uid": uid,
            "fieldPath": "spec.containers{step-test}"},
        "reason": "BackOff", "message": "Back-off pulling image", "type": kind,
        "source": {"component": "kubelet", "host": "p-1"},
        "firstTimestamp": "2026-01-02T03:04:05Z", "lastTimestamp": "2026-01-02T03:14:05Z", "count": 17
    })
}

/// As the scheduler does it.
fn new(c: &Cluster, name: &str, uid: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Event",
        "metadata": {"name": name, "namespace": c.namespace},
        "involvedObject": {"apiVersion": "v1", "kind": "Pod", "namespace": c.namespace, "name": "job-1", "uid": uid},
        "reason": "FailedScheduling", "message": "0/3 nodes are available", "type": "Warning",
        "action": "Scheduling", "reportingComponent": "default-scheduler", "reportingInstance": "s-1",
        "eventTime": "2026-01-02T03:04:05.123456Z",
        "series": {"count": 5, "lastObservedTime": "2026-01-02T03:24:05.654321Z"}
    })
}

/// A feed's news into a model.
struct Following {
    model: Model,
    events: mpsc::Receiver<Event>,
    feeds: Feeds,
    _pulse: watch::Sender<Pulse>,
}

impl Following {
    async fn begin(c: &Cluster) -> Self {
        let target = Target {
            kubeconfig: Some(c.kubeconfig.clone()),
            context: None,
        };
        let connection = Connection::open(&target).await.expect("a connection");
        let (told, events) = mpsc::channel(16);
        let (pulse, heard) = watch::channel(Pulse::Answers);
        let scope = Scope {
            namespace: Some(c.namespace.clone()),
            ..Scope::default()
        };
        Self {
            model: Model::new(RankRules::default()),
            events,
            feeds: Feeds::new(connection, scope, Lists::Whole, heard, told),
            _pulse: pulse,
        }
    }

    /// Takes news in until that holds.
    async fn until(&mut self, holds: impl Fn(&Model) -> bool) {
        let now = chrono::Utc::now();
        while !holds(&self.model) {
            let event = tokio::time::timeout(PATIENCE, self.events.recv()).await;
            match event.expect("news in time").expect("a feed") {
                Event::Watch(_, batch) => {
                    self.model.apply(now, *batch, &ci::Reader);
                }
                Event::Feed(_, kind, state) => {
                    self.model.set_feed(now, kind, *state, &ci::Reader);
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

async fn of_one_object(c: &Cluster) {
    let path = c.path("events");
    c.post(&path, &old(c, "a", "u-1", "Warning")).await.ok();
    c.post(&path, &new(c, "b", "u-1")).await.ok();
    c.post(&path, &old(c, "c", "u-2", "Warning")).await.ok();
    let mut following = Following::begin(c).await;
    let about = About {
        namespace: Some(c.namespace.as_str().into()),
        fields: "involvedObject.uid=u-1".into(),
    };
    following.feeds.events(Some(about));
    following
        .until(|model| model.feed(Kind::Event).is_live())
        .await;
    let told = |model: &Model| {
        let mut told: Vec<_> = model
            .events()
            .iter()
            .map(|event| {
                let seconds = (event.last.utc() - event.first.utc()).num_seconds();
                let container = event.regarding.container().unwrap_or_default();
                let words = (event.reason.to_string(), container.to_owned());
                (event.meta.name.to_string(), words, event.count, seconds)
            })
            .collect();
        told.sort();
        told
    };
    let one = |name: &str, reason: &str, container: &str, count: u32, seconds: i64| {
        let words = (reason.to_owned(), container.to_owned());
        (name.to_owned(), words, count, seconds)
    };
    let first = [
        one("a", "BackOff", "step-test", 17, 600),
        one("b", "FailedScheduling", "", 5, 1200),
    ];
    assert_eq!(told(&following.model), first);
    // One more of it, and one of another, by the watch.
    c.post(&path, &old(c, "d", "u-2", "Warning")).await.ok();
    c.post(&path, &old(c, "e", "u-1", "Normal")).await.ok();
    c.patch("merge", &c.path("events/a"), &json!({"count": 18}))
        .await
        .ok();
    following
        .until(|model| model.events().iter().any(|event| event.count == 18))
        .await;
    let names: Vec<_> = told(&following.model).into_iter().map(|e| e.0).collect();
    assert_eq!(names, ["a", "b", "e"]);
    // Nobody asks any more: nothing is held.
    following.feeds.events(None);
    following
        .until(|model| model.feed(Kind::Event).state == FeedState::Off)
        .await;
    assert!(following.model.events().is_empty());
}

async fn warnings_alone(c: &Cluster) {
    let path = c.path("events");
    c.post(&path, &old(c, "a", "u-1", "Warning")).await.ok();
    c.post(&path, &old(c, "b", "u-1", "Normal")).await.ok();
    let mut following = Following::begin(c).await;
    following.feeds.set(Kind::Warning, true);
    following
        .until(|model| model.feed(Kind::Warning).is_live())
        .await;
    c.delete(&c.path("events/a"), Value::Null).await.ok();
    c.post(&path, &new(c, "c", "u-1")).await.ok();
    following
        .until(|model| {
            let names: Vec<_> = model.warnings().iter().map(|e| &*e.meta.name).collect();
            names == ["c"]
        })
        .await;
}

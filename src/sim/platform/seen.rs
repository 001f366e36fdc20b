//! What the platform keeps of the objects it watches: decoded straight from JSON into the few fields it uses.

use super::call::Kind;
use super::entry::JobId;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use std::collections::BTreeMap;

/// One object as watched.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    /// Pod of a job.
    Runner(RunnerPod),
    /// Pod of a worker or an API handler.
    System(SystemPod),
    /// ConfigMap of the queue.
    Queue(QueueMap),
    /// Ingress of an API handler.
    Ingress(Registered),
}

/// Pod of a job.
#[derive(Clone, Debug, PartialEq)]
pub struct RunnerPod {
    /// Label `jobs.constable/id`.
    pub job: JobId,
    /// Label `jobs.constable/attempt`.
    pub attempt: u32,
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: String,
    /// Whether it is bound to a node.
    pub bound: bool,
    /// When it was created.
    pub created: DateTime<Utc>,
    /// When it is to be gone, once its deletion was asked for.
    pub leaves: Option<DateTime<Utc>>,
    /// How it ended.
    pub end: Option<PodEnd>,
    /// A container's image cannot be pulled.
    pub image_trouble: Option<String>,
}

/// How a runner pod ended.
#[derive(Clone, Debug, PartialEq)]
pub struct PodEnd {
    /// When its last container ended; `None`: the status does not say.
    pub at: Option<DateTime<Utc>>,
    /// Phase Succeeded.
    pub ok: bool,
    /// The pod was ended from outside (evicted, node gone): its containers are not to blame.
    pub outside: bool,
    /// What failed, in a few words.
    pub reason: Option<String>,
}

/// Pod of a worker or an API handler.
#[derive(Clone, Debug, PartialEq)]
pub struct SystemPod {
    /// Its name.
    pub name: String,
    /// Label `jobs.constable/component`.
    pub component: String,
    /// Condition Ready, and not about to leave.
    pub ready: bool,
}

/// ConfigMap of the queue.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QueueMap {
    /// `queue-0`.
    pub name: String,
    /// metadata.resourceVersion.
    pub revision: u64,
    /// Annotation `jobs.constable/last-id`: the highest id that was given out here.
    pub last_id: JobId,
    /// Job id to entry, both as written.
    pub data: BTreeMap<String, String>,
}

/// Ingress of an API handler.
#[derive(Clone, Debug, PartialEq)]
pub struct Registered {
    /// Its name.
    pub name: String,
    /// Annotation `jobs.constable/registered-by`.
    pub by: Option<String>,
}

/// One line of a watch.
#[derive(Clone, Debug, PartialEq)]
pub enum Frame {
    /// ADDED or MODIFIED, with the object's resourceVersion.
    Applied(Seen, String),
    /// DELETED, with the object's resourceVersion.
    Deleted(Seen, String),
    /// BOOKMARK: nothing but a resourceVersion.
    Bookmark(String),
    /// ERROR: the Status' code.
    Error(u16),
}

impl Seen {
    /// Reads one object. An object that is not of the platform's making is an error in words.
    pub fn decode(kind: Kind, json: &[u8]) -> Result<Seen, String> {
        match kind {
            Kind::RunnerPods | Kind::SystemPods => parse::<WirePod>(json)?.seen(kind),
            Kind::Queues => parse::<WireMap>(json).map(WireMap::seen),
            Kind::Ingresses => parse::<WireIngress>(json).map(WireIngress::seen),
        }
    }

    /// Reads a list: its objects and its resourceVersion. Objects that cannot be read are left out.
    pub fn decode_list(kind: Kind, json: &[u8]) -> Result<(Vec<Seen>, String), String> {
        fn go<T: serde::de::DeserializeOwned>(
            json: &[u8],
            f: impl FnMut(T) -> Option<Seen>,
        ) -> Result<(Vec<Seen>, String), String> {
            let list: WireList<T> = parse(json)?;
            Ok((
                list.items.into_iter().filter_map(f).collect(),
                list.metadata.resource_version,
            ))
        }
        match kind {
            Kind::RunnerPods | Kind::SystemPods => go(json, |p: WirePod| p.seen(kind).ok()),
            Kind::Queues => go(json, |m: WireMap| Some(m.seen())),
            Kind::Ingresses => go(json, |i: WireIngress| Some(i.seen())),
        }
    }

    /// Reads one line of a watch.
    pub fn decode_frame(kind: Kind, json: &[u8]) -> Result<Frame, String> {
        match kind {
            Kind::RunnerPods | Kind::SystemPods => {
                frame(json, |pod: WirePod| pod.seen(kind), |pod| &pod.metadata)
            }
            Kind::Queues => frame(json, |map: WireMap| Ok(map.seen()), |map| &map.metadata),
            Kind::Ingresses => frame(json, |one: WireIngress| Ok(one.seen()), |one| &one.metadata),
        }
    }

    /// The resourceVersion of one object, 0 where there is none.
    pub(super) fn revision(json: &[u8]) -> u64 {
        parse::<WireHead>(json)
            .map(|h| h.metadata.revision())
            .unwrap_or(0)
    }
}

/// Any frame's object has metadata, a bookmark's and an error's too.
fn frame<T: serde::de::DeserializeOwned>(
    json: &[u8],
    seen: impl FnOnce(T) -> Result<Seen, String>,
    metadata: impl FnOnce(&T) -> &WireMeta,
) -> Result<Frame, String> {
    // An error's object is a Status, whose fields are of other types than those of what is watched.
    let head: WireFrame<WireHead> = parse(json)?;
    if head.kind == "ERROR" {
        return Ok(Frame::Error(head.object.code));
    }
    let frame: WireFrame<T> = parse(json)?;
    let revision = metadata(&frame.object).resource_version.clone();
    Ok(match frame.kind.as_str() {
        "BOOKMARK" => Frame::Bookmark(revision),
        "DELETED" => Frame::Deleted(seen(frame.object)?, revision),
        _ => Frame::Applied(seen(frame.object)?, revision),
    })
}

fn parse<T: serde::de::DeserializeOwned>(json: &[u8]) -> Result<T, String> {
    serde_json::from_slice(json).map_err(|e| e.to_string())
}

#[derive(Deserialize)]
struct WireList<T> {
    #[serde(default)]
    metadata: WireMeta,
    items: Vec<T>,
}

#[derive(Deserialize)]
struct WireFrame<T> {
    #[serde(rename = "type")]
    kind: String,
    object: T,
}

#[derive(Deserialize)]
struct WireHead {
    #[serde(default)]
    metadata: WireMeta,
    #[serde(default)]
    code: u16,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct WireMeta {
    name: String,
    uid: String,
    resource_version: String,
    creation_timestamp: DateTime<Utc>,
    deletion_timestamp: Option<DateTime<Utc>>,
    labels: BTreeMap<String, String>,
    annotations: Option<WireNotes>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireNotes {
    #[serde(rename = "jobs.constable/registered-by")]
    registered_by: Option<String>,
    #[serde(rename = "jobs.constable/last-id")]
    last_id: Option<String>,
}

impl WireMeta {
    fn revision(&self) -> u64 {
        self.resource_version.parse().unwrap_or(0)
    }

    fn label<T: std::str::FromStr>(&self, key: &str) -> Result<T, String> {
        let value = self
            .labels
            .get(key)
            .ok_or_else(|| format!("{} has no label {key}", self.name))?;
        value
            .parse()
            .map_err(|_| format!("{}: label {key} has the value {value}", self.name))
    }
}

#[derive(Deserialize)]
struct WireMap {
    #[serde(default)]
    metadata: WireMeta,
    #[serde(default)]
    data: BTreeMap<String, String>,
}

impl WireMap {
    fn seen(self) -> Seen {
        let last_id = self
            .metadata
            .annotations
            .as_ref()
            .and_then(|a| a.last_id.as_deref()?.parse().ok())
            .unwrap_or(0);
        Seen::Queue(QueueMap {
            revision: self.metadata.revision(),
            name: self.metadata.name,
            last_id,
            data: self.data,
        })
    }
}

#[derive(Deserialize)]
struct WireIngress {
    #[serde(default)]
    metadata: WireMeta,
}

impl WireIngress {
    fn seen(self) -> Seen {
        let by = self.metadata.annotations.and_then(|a| a.registered_by);
        Seen::Ingress(Registered {
            name: self.metadata.name,
            by,
        })
    }
}

#[derive(Deserialize)]
struct WirePod {
    #[serde(default)]
    metadata: WireMeta,
    #[serde(default)]
    spec: WireSpec,
    #[serde(default)]
    status: WireStatus,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct WireSpec {
    node_name: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct WireStatus {
    phase: String,
    reason: Option<String>,
    conditions: Vec<WireCondition>,
    init_container_statuses: Vec<WireContainer>,
    container_statuses: Vec<WireContainer>,
}

#[derive(Deserialize)]
struct WireCondition {
    #[serde(rename = "type")]
    kind: String,
    status: String,
}

#[derive(Deserialize)]
struct WireContainer {
    name: String,
    #[serde(default)]
    state: WireState,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireState {
    waiting: Option<WireWaiting>,
    terminated: Option<WireTerminated>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireWaiting {
    reason: String,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct WireTerminated {
    exit_code: i32,
    reason: String,
    finished_at: Option<DateTime<Utc>>,
}

impl WirePod {
    fn seen(self, kind: Kind) -> Result<Seen, String> {
        if kind == Kind::SystemPods {
            let ready = self.metadata.deletion_timestamp.is_none()
                && self
                    .status
                    .conditions
                    .iter()
                    .any(|c| c.kind == "Ready" && c.status == "True");
            return Ok(Seen::System(SystemPod {
                component: self.metadata.label("jobs.constable/component")?,
                name: self.metadata.name,
                ready,
            }));
        }
        Ok(Seen::Runner(RunnerPod {
            job: self.metadata.label("jobs.constable/id")?,
            attempt: self.metadata.label("jobs.constable/attempt")?,
            bound: self.spec.node_name.is_some_and(|n| !n.is_empty()),
            created: self.metadata.creation_timestamp,
            leaves: self.metadata.deletion_timestamp,
            end: self.status.end(),
            image_trouble: self.status.image_trouble(),
            name: self.metadata.name,
            uid: self.metadata.uid,
        }))
    }
}

impl WireStatus {
    fn containers(&self) -> impl Iterator<Item = &WireContainer> {
        self.init_container_statuses
            .iter()
            .chain(&self.container_statuses)
    }

    fn end(&self) -> Option<PodEnd> {
        let ok = match self.phase.as_str() {
            "Succeeded" => true,
            "Failed" => false,
            _ => return None,
        };
        let at = self
            .containers()
            .filter_map(|c| c.state.terminated.as_ref()?.finished_at)
            .max();
        let unknown = self.containers().any(|c| {
            c.state
                .terminated
                .as_ref()
                .is_some_and(|t| t.reason == "ContainerStatusUnknown")
        });
        let culprit = self.containers().find_map(|c| {
            let t = c.state.terminated.as_ref().filter(|t| t.exit_code != 0)?;
            Some(if t.reason == "OOMKilled" {
                format!("OOMKilled in {}", c.name)
            } else {
                format!("exit {} in {}", t.exit_code, c.name)
            })
        });
        let outside = !ok
            && (unknown
                || self
                    .reason
                    .as_ref()
                    .is_some_and(|r| r != "DeadlineExceeded"));
        Some(PodEnd {
            at,
            ok,
            outside,
            reason: if ok {
                None
            } else {
                self.reason.clone().or(culprit)
            },
        })
    }

    fn image_trouble(&self) -> Option<String> {
        const REASONS: [&str; 5] = [
            "ErrImagePull",
            "ImagePullBackOff",
            "ErrImageNeverPull",
            "InvalidImageName",
            "RegistryUnavailable",
        ];
        self.containers().find_map(|c| {
            let waiting = c.state.waiting.as_ref()?;
            REASONS
                .contains(&waiting.reason.as_str())
                .then(|| format!("the image of {} cannot be pulled", c.name))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_runner_pod() {
        let json = br#"{"metadata":{"name":"job-7-2","uid":"u","creationTimestamp":"2026-03-01T10:00:00Z","labels":{"jobs.constable/id":"7","jobs.constable/attempt":"2"},
            "annotations":{"other":"x"}},"spec":{"nodeName":"p-01"},"status":{"phase":"Failed","containerStatuses":[
            {"name":"step-a","state":{"terminated":{"exitCode":0,"reason":"Completed","finishedAt":"2026-03-01T10:01:00Z"}}},
            {"name":"step-b","state":{"terminated":{"exitCode":137,"reason":"OOMKilled","finishedAt":"2026-03-01T10:02:00Z"}}}]}}"#;
        let at = |s: &str| s.parse::<DateTime<Utc>>().unwrap();
        let end = PodEnd {
            at: Some(at("2026-03-01T10:02:00Z")),
            ok: false,
            outside: false,
            reason: Some("OOMKilled in step-b".into()),
        };
        let want = RunnerPod {
            job: 7,
            attempt: 2,
            name: "job-7-2".into(),
            uid: "u".into(),
            bound: true,
            created: at("2026-03-01T10:00:00Z"),
            leaves: None,
            end: Some(end),
            image_trouble: None,
        };
        assert_eq!(Seen::decode(Kind::RunnerPods, json), Ok(Seen::Runner(want)));
    }

    #[test]
    fn frames() {
        let line =
            br#"{"type":"BOOKMARK","object":{"kind":"Pod","metadata":{"resourceVersion":"12"}}}"#;
        assert_eq!(
            Seen::decode_frame(Kind::RunnerPods, line),
            Ok(Frame::Bookmark("12".into()))
        );
        let line = br#"{"type":"ERROR","object":{"kind":"Status","code":410}}"#;
        assert_eq!(
            Seen::decode_frame(Kind::Queues, line),
            Ok(Frame::Error(410))
        );
        let line = br#"{"type":"ERROR","object":{"kind":"Status","metadata":{},"status":"Failure","reason":"Expired","code":410}}"#;
        assert_eq!(
            Seen::decode_frame(Kind::RunnerPods, line),
            Ok(Frame::Error(410)),
            "a Status's status is no pod's"
        );
        let line = br#"{"type":"DELETED","object":{"metadata":{"name":"api","resourceVersion":"9","annotations":{"jobs.constable/registered-by":"api-1"}}}}"#;
        let gone = Seen::Ingress(Registered {
            name: "api".into(),
            by: Some("api-1".into()),
        });
        assert_eq!(
            Seen::decode_frame(Kind::Ingresses, line),
            Ok(Frame::Deleted(gone, "9".into()))
        );
    }
}

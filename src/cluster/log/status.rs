//! What a pod's status says of a container whose log is read: the one word on whether a stream's end is the
//! log's.

use serde::Deserialize;

use crate::cluster::decode::Decoder;
use crate::engine::LogSource;
use crate::model::{
    Container, ContainerRole, ContainerState, Kind, Object, Terminated, Text, Words,
};

/// What the status says.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Status {
    /// It runs: in its life after so many restarts, the last of which was due to that end.
    Runs { restarts: i32, last: Option<Text> },
    /// It will run, or run again.
    Waits(String),
    /// It ended; `again`: the kubelet will start it anew.
    Ended { how: Text, again: bool },
    /// It is not there any more.
    Gone(String),
    /// Nothing can be said.
    Unknown(String),
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawPod {
    spec: RawSpec,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawSpec {
    restart_policy: Option<String>,
}

impl Status {
    /// Reads the pod's body.
    pub(super) fn read(body: &[u8], source: &LogSource) -> Self {
        let pod = match Decoder::new().object(Kind::Pod, body) {
            Ok(Object::Pod(pod)) => pod,
            Ok(_) => return Self::Unknown("unreadable status".into()),
            Err(error) => return Self::Unknown(error.to_string()),
        };
        if !source.uid.is_empty() && pod.meta.uid != source.uid {
            let name = &source.pod;
            return Self::Gone(format!("pod {name} is gone; another of its name runs"));
        }
        let Some(container) = pod.container(&source.container) else {
            return Self::Gone(format!(
                "pod {} has no container {}",
                source.pod, source.container
            ));
        };
        match container.state() {
            Some(ContainerState::Terminated(how)) => {
                let policy = serde_json::from_slice::<RawPod>(body).unwrap_or_default();
                let policy = policy.spec.restart_policy;
                let stays = pod.ended() || pod.meta.deleting.is_some();
                Self::Ended {
                    how: ended(how),
                    again: !stays && again(container, how, policy.as_deref()),
                }
            }
            Some(ContainerState::Running { .. }) => Self::Runs {
                restarts: container.restarts(),
                last: container.last().map(ended),
            },
            // The pod ended and nobody reports on the container any more.
            _ if pod.ended() => Self::Ended {
                how: match pod.reason() {
                    "" => pod.phase.as_str().into(),
                    reason => reason.into(),
                },
                again: false,
            },
            Some(ContainerState::Waiting(words)) => {
                let Words { reason, message } = &**words;
                let known = if message.is_empty() { reason } else { message };
                Self::Waits(known.to_string())
            }
            Some(ContainerState::Unset) | None => {
                Self::Waits("the container has not started".into())
            }
        }
    }
}

/// Whether the kubelet starts a container anew after that end.
fn again(container: Container<'_>, how: &Terminated, policy: Option<&str>) -> bool {
    match container.role() {
        ContainerRole::Sidecar => true,
        ContainerRole::Init => how.exit != 0 && policy != Some("Never"),
        ContainerRole::Main => match policy {
            Some("Never") => false,
            Some("OnFailure") => how.exit != 0,
            Some(_) | None => true,
        },
    }
}

/// How a container ended, in few words.
pub(super) fn ended(how: &Terminated) -> Text {
    match (how.reason(), how.signal) {
        ("" | "Error" | "Completed", 0) => format!("exit {}", how.exit).into(),
        ("" | "Error" | "Completed", signal) => format!("signal {signal} ({})", how.exit).into(),
        (reason, _) => format!("{reason} ({})", how.exit).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_in_few_words() {
        for (reason, exit, signal, want) in [
            ("Completed", 0, 0, "exit 0"),
            ("Error", 2, 0, "exit 2"),
            ("", 137, 9, "signal 9 (137)"),
            ("OOMKilled", 137, 0, "OOMKilled (137)"),
            (
                "ContainerStatusUnknown",
                137,
                0,
                "ContainerStatusUnknown (137)",
            ),
        ] {
            let how = Terminated {
                exit,
                signal,
                words: Words::new(reason, ""),
                started: None,
                finished: None,
            };
            assert_eq!(&*ended(&how), want);
        }
    }

    #[test]
    fn an_end_is_the_last_one_or_not() {
        let read = |policy: &str, phase: &str, exit: i32| {
            let body = serde_json::json!({
                "metadata": {"name": "p", "namespace": "n", "uid": "u", "creationTimestamp": "2026-01-02T03:04:05Z"},
                "spec": {"restartPolicy": policy, "containers": [{"name": "c", "image": "i"}]},
                "status": {"phase": phase, "containerStatuses": [{
                    "name": "c", "restartCount": 1,
                    "state": {"terminated": {"exitCode": exit, "reason": "Error"}},
                }]},
            });
            let source = LogSource {
                namespace: "n".into(),
                pod: "p".into(),
                uid: "u".into(),
                container: "c".into(),
                previous: false,
                follow: true,
                since: None,
                tail: None,
                restarts: 0,
            };
            Status::read(body.to_string().as_bytes(), &source)
        };
        for (policy, phase, exit, want) in [
            ("Always", "Running", 0, true),
            ("OnFailure", "Running", 0, false),
            ("OnFailure", "Running", 1, true),
            ("Never", "Running", 1, false),
            ("Always", "Failed", 1, false),
        ] {
            let how = format!("exit {exit}").into();
            assert_eq!(
                read(policy, phase, exit),
                Status::Ended { how, again: want },
                "{policy} {phase} {exit}"
            );
        }
    }
}

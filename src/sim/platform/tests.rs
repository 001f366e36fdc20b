//! The machine alone: what it is told, what it calls.

use super::*;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

struct Desk {
    platform: Platform,
    now: DateTime<Utc>,
    calls: Vec<Call>,
    revision: u64,
}

const PODS: &str = "/api/v1/namespaces/ci-jobs/pods";

fn entry(value: Value) -> String {
    let mut whole =
        json!({ "state": "queued", "attempt": 1, "pool": "runner-small", "shape": "lint" });
    whole
        .as_object_mut()
        .unwrap()
        .extend(value.as_object().unwrap().clone());
    serde_json::from_value::<Entry>(whole).unwrap().json()
}

impl Desk {
    /// A platform that pushes nothing, on a cluster where it is installed and has a worker.
    fn new(data: &[(&str, Value)], pods: Vec<Seen>) -> Desk {
        let platform = Platform::new(PlatformOptions {
            rate: 0.0,
            queues: 1,
            ..PlatformOptions::default()
        });
        let mut desk = Desk {
            platform,
            now: "2026-03-01T10:00:00Z".parse().unwrap(),
            calls: Vec::new(),
            revision: 5,
        };
        desk.input(Input::Tick);
        desk.answer_all(409);
        desk.answer_all(409);
        assert!(desk.platform.installed() && desk.calls.is_empty());
        let data = data
            .iter()
            .map(|(id, value)| ((*id).to_owned(), entry(value.clone())))
            .collect();
        desk.input(Input::Listed(
            Kind::Queues,
            vec![Seen::Queue(QueueMap {
                name: "queue-0".into(),
                revision: 5,
                last_id: 0,
                data,
            })],
        ));
        desk.input(Input::Listed(Kind::RunnerPods, pods));
        desk.input(Input::Listed(Kind::Ingresses, Vec::new()));
        let worker = SystemPod {
            name: "worker-a".into(),
            component: "worker".into(),
            ready: true,
        };
        desk.input(Input::Listed(Kind::SystemPods, vec![Seen::System(worker)]));
        desk
    }

    fn input(&mut self, input: Input) {
        self.platform.handle(self.now, input, &mut self.calls);
    }

    fn answer_all(&mut self, status: u16) {
        for call in std::mem::take(&mut self.calls) {
            self.input(Input::Reply {
                id: call.id,
                status,
                body: bytes::Bytes::new(),
            });
        }
    }

    fn after(&mut self, seconds: i64) {
        self.now += TimeDelta::seconds(seconds);
        self.input(Input::Tick);
    }

    /// Takes the next write of the queue and lets it succeed; returns what it wrote of a job.
    fn written(&mut self, id: &str) -> Entry {
        if self.calls.is_empty() {
            self.after(2);
        }
        let call = self.calls.remove(0);
        assert_eq!(call.method, Method::Patch, "{call:?}");
        let text = call.body["data"][id].as_str().unwrap().to_owned();
        self.revision += 1;
        let body = json!({ "metadata": { "resourceVersion": self.revision.to_string() } })
            .to_string()
            .into();
        self.input(Input::Reply {
            id: call.id,
            status: 200,
            body,
        });
        serde_json::from_str(&text).unwrap()
    }

    fn asked(&mut self, id: &str, value: Value) {
        self.revision += 1;
        let data = [(id.to_owned(), entry(value))].into();
        self.input(Input::Applied(Seen::Queue(QueueMap {
            name: "queue-0".into(),
            revision: self.revision,
            last_id: 0,
            data,
        })));
    }

    fn one(&mut self) -> (Method, String) {
        assert_eq!(self.calls.len(), 1, "{:?}", self.calls);
        let call = self.calls.remove(0);
        self.input(Input::Reply {
            id: call.id,
            status: 200,
            body: bytes::Bytes::new(),
        });
        (call.method, call.path)
    }
}

fn pod(job: JobId, attempt: u32) -> RunnerPod {
    let created = "2026-03-01T09:59:00Z".parse().unwrap();
    RunnerPod {
        job,
        attempt,
        name: format!("job-{job}-{attempt}"),
        uid: "u".into(),
        bound: true,
        created,
        leaves: None,
        end: None,
        image_trouble: None,
    }
}

fn end(at: DateTime<Utc>, ok: bool) -> Option<PodEnd> {
    Some(PodEnd {
        at: Some(at),
        ok,
        outside: false,
        reason: (!ok).then(|| "exit 1 in step-lint".into()),
    })
}

#[test]
fn installs_namespaces_first_and_tries_again_what_failed() {
    let mut platform = Platform::new(PlatformOptions::default());
    let (mut now, mut calls) = ("2026-03-01T10:00:00Z".parse().unwrap(), Vec::new());
    platform.handle(now, Input::Tick, &mut calls);
    let names: Vec<_> = calls
        .iter()
        .map(|c| {
            (
                c.method,
                c.path.as_str(),
                c.body["metadata"]["name"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        names,
        [
            (Method::Post, "/api/v1/namespaces", "ci-jobs"),
            (Method::Post, "/api/v1/namespaces", "ci-system")
        ]
    );
    let (first, second) = (calls[0].id, calls[1].id);
    calls.clear();
    platform.handle(
        now,
        Input::Reply {
            id: first,
            status: 201,
            body: bytes::Bytes::new(),
        },
        &mut calls,
    );
    platform.handle(
        now,
        Input::Failed {
            id: second,
            why: "connection refused".into(),
        },
        &mut calls,
    );
    assert_eq!(
        (calls.len(), platform.trouble()),
        (0, Some("create Namespace ci-system: connection refused"))
    );
    now = platform.next_due().unwrap();
    platform.handle(now, Input::Tick, &mut calls);
    let id = calls[0].id;
    calls.clear();
    platform.handle(
        now,
        Input::Reply {
            id,
            status: 201,
            body: bytes::Bytes::new(),
        },
        &mut calls,
    );
    let kinds: Vec<_> = calls
        .iter()
        .map(|c| {
            format!(
                "{}/{}",
                c.body["kind"].as_str().unwrap(),
                c.body["metadata"]["name"].as_str().unwrap()
            )
        })
        .collect();
    assert!(
        kinds.contains(&"DaemonSet/log-shipper".into())
            && kinds.contains(&"PodDisruptionBudget/results".into()),
        "{kinds:?}"
    );
}

#[test]
fn a_job_from_the_queue_to_its_end() {
    let mut desk = Desk::new(&[("4", json!({}))], Vec::new());
    let claimed = desk.written("4");
    assert_eq!(
        (
            claimed.state,
            claimed.pod.as_deref(),
            claimed.worker.as_deref()
        ),
        (State::Queued, Some("job-4-1"), Some("worker-a"))
    );
    assert_eq!(
        desk.one(),
        (Method::Post, PODS.into()),
        "the pod is created once the claim is written"
    );
    desk.input(Input::Applied(Seen::Runner(pod(4, 1))));
    assert_eq!(desk.written("4").state, State::Running);
    let at = desk.now;
    desk.input(Input::Applied(Seen::Runner(RunnerPod {
        end: end(at, true),
        ..pod(4, 1)
    })));
    let ended = desk.written("4");
    assert_eq!((ended.state, ended.ended_at), (State::Succeeded, Some(at)));
    desk.now = at;
    desk.after(59);
    assert_eq!(desk.calls, []);
    desk.after(1);
    assert_eq!(desk.calls[0].body["preconditions"], json!({ "uid": "u" }));
    assert_eq!(desk.one(), (Method::Delete, format!("{PODS}/job-4-1")));
    desk.input(Input::Deleted(Seen::Runner(pod(4, 1))));
    assert_eq!(desk.platform.next_due(), Some(at + TimeDelta::minutes(15)));
    desk.after(15 * 60);
    assert_eq!(desk.calls[0].body["data"], json!({ "4": null }));
}

#[test]
fn a_failed_one_stays_ten_minutes() {
    let at = "2026-03-01T09:59:30Z".parse().unwrap();
    let mut desk = Desk::new(
        &[("4", json!({ "state": "running", "pod": "job-4-1" }))],
        vec![Seen::Runner(RunnerPod {
            end: end(at, false),
            ..pod(4, 1)
        })],
    );
    let ended = desk.written("4");
    assert_eq!(
        (ended.state, ended.reason.as_deref()),
        (State::Failed, Some("exit 1 in step-lint"))
    );
    desk.after(300);
    assert_eq!(
        (desk.calls.len(), desk.platform.next_due()),
        (0, Some(at + TimeDelta::minutes(10)))
    );
    desk.after(300);
    assert_eq!(desk.one(), (Method::Delete, format!("{PODS}/job-4-1")));
}

#[test]
fn cancel_deletes_with_grace_and_says_so() {
    let mut desk = Desk::new(
        &[("4", json!({ "state": "running", "pod": "job-4-1" }))],
        vec![Seen::Runner(pod(4, 1))],
    );
    assert_eq!(desk.calls, []);
    desk.asked(
        "4",
        json!({ "state": "running", "pod": "job-4-1", "asked": "cancel", "asked_by": "dev-9" }),
    );
    assert_eq!(
        desk.calls[0].body,
        json!({ "apiVersion": "v1", "kind": "DeleteOptions", "preconditions": { "uid": "u" } })
    );
    assert_eq!(desk.one(), (Method::Delete, format!("{PODS}/job-4-1")));
    let ended = desk.written("4");
    assert_eq!(
        (ended.state, ended.asked, ended.asked_by.as_deref()),
        (State::Cancelled, None, Some("dev-9"))
    );
}

#[test]
fn a_queued_job_is_cancelled_without_a_pod() {
    let mut desk = Desk::new(&[("4", json!({ "asked": "cancel" }))], Vec::new());
    let ended = desk.written("4");
    assert_eq!((ended.state, ended.pod), (State::Cancelled, None));
    assert_eq!(desk.calls, []);
}

#[test]
fn a_retry_waits_until_the_old_pod_is_gone() {
    let at: DateTime<Utc> = "2026-03-01T09:59:30Z".parse().unwrap();
    let failed = json!({ "state": "failed", "pod": "job-4-1", "ended_at": at });
    let mut desk = Desk::new(
        &[("4", failed.clone())],
        vec![Seen::Runner(RunnerPod {
            end: end(at, false),
            ..pod(4, 1)
        })],
    );
    let mut asked = failed;
    asked["asked"] = json!("retry");
    desk.asked("4", asked);
    assert_eq!(desk.one(), (Method::Delete, format!("{PODS}/job-4-1")));
    desk.input(Input::Applied(Seen::Runner(RunnerPod {
        end: end(at, false),
        leaves: Some(desk.now),
        ..pod(4, 1)
    })));
    desk.after(120);
    assert_eq!(desk.calls, [], "terminating is not gone");
    desk.input(Input::Deleted(Seen::Runner(pod(4, 1))));
    desk.after(1);
    let again = desk.written("4");
    assert_eq!(
        (
            again.attempt,
            again.pod.as_deref(),
            again.retry_of.as_deref()
        ),
        (2, None, Some("job-4-1"))
    );
    let claimed = desk.written("4");
    assert_eq!(claimed.pod.as_deref(), Some("job-4-2"));
    assert_eq!(desk.calls[0].body["metadata"]["name"], "job-4-2");
}

#[test]
fn a_retry_of_a_running_job_is_not_honoured() {
    let mut desk = Desk::new(
        &[(
            "4",
            json!({ "state": "running", "pod": "job-4-1", "asked": "retry" }),
        )],
        vec![Seen::Runner(pod(4, 1))],
    );
    assert_eq!(desk.written("4").asked, None);
    desk.after(60);
    assert_eq!(desk.calls, []);
}

#[test]
fn a_pod_that_went_away_is_a_lost_job_and_a_claim_without_a_pod_is_made_good() {
    let desk = Desk::new(
        &[
            ("4", json!({ "state": "running", "pod": "job-4-1" })),
            ("5", json!({ "pod": "job-5-1", "worker": "worker-z" })),
        ],
        Vec::new(),
    );
    let made = desk
        .calls
        .iter()
        .find(|c| c.method == Method::Post)
        .unwrap();
    assert_eq!(
        (made.path.as_str(), &made.body["metadata"]["name"]),
        (PODS, &json!("job-5-1"))
    );
    assert_eq!(desk.platform.entry(4).unwrap().state, State::Lost);
}

#[test]
fn without_a_ready_worker_nothing_is_taken_or_destroyed() {
    let mut desk = Desk::new(&[], Vec::new());
    desk.input(Input::Applied(Seen::System(SystemPod {
        name: "worker-a".into(),
        component: "worker".into(),
        ready: false,
    })));
    desk.asked("4", json!({}));
    desk.after(600);
    assert_eq!((desk.calls.len(), desk.platform.next_due()), (0, None));
    desk.input(Input::Applied(Seen::System(SystemPod {
        name: "worker-a".into(),
        component: "worker".into(),
        ready: true,
    })));
    assert_eq!(desk.written("4").worker.as_deref(), Some("worker-a"));
}

#[test]
fn handlers_register_themselves_and_take_over_from_one_that_is_gone() {
    let mut desk = Desk::new(&[], Vec::new());
    let api = |name: &str| {
        Seen::System(SystemPod {
            name: name.into(),
            component: "api".into(),
            ready: true,
        })
    };
    desk.input(Input::Applied(api("api-1")));
    let kinds: Vec<_> = desk
        .calls
        .iter()
        .map(|c| c.body["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["Service", "Ingress"].repeat(6));
    assert!(
        desk.calls
            .iter()
            .all(|c| c.body["metadata"]["annotations"]["jobs.constable/registered-by"] == "api-1")
    );
    for name in ["api", "hooks", "web", "artifacts", "badges", "status"] {
        desk.input(Input::Applied(Seen::Ingress(Registered {
            name: name.into(),
            by: Some("api-1".into()),
        })));
    }
    desk.answer_all(201);
    desk.after(10);
    assert_eq!(desk.calls, []);
    desk.input(Input::Applied(api("api-2")));
    desk.input(Input::Deleted(api("api-1")));
    let patch = &desk.calls[0];
    assert_eq!(
        (patch.method, &patch.body),
        (
            Method::Patch,
            &json!({ "metadata": { "annotations": { "jobs.constable/registered-by": "api-2" } } })
        )
    );
    assert_eq!(desk.calls.len(), 6);
}

//! Frames and objects as an API server sends them, and as none should.

use serde_json::json;

use super::*;
use crate::model::{
    Backend, ContainerRole, ContainerSpec, ContainerState, ContainerStatus, Endpoint, Pod,
    PodPhase, Resources, Route, Taint, TaintEffect, Terminated, Toleration, Uid,
};

fn time(text: &str) -> chrono::DateTime<chrono::Utc> {
    text.parse().unwrap()
}

fn pod(value: serde_json::Value) -> Pod {
    match Decoder::new()
        .object(Kind::Pod, value.to_string().as_bytes())
        .unwrap()
    {
        Object::Pod(pod) => Arc::unwrap_or_clone(pod),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_job_pod_as_a_whole() {
    let pod = pod(json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": "job-1-1", "namespace": "ci-jobs", "uid": "u1", "resourceVersion": "7",
            "creationTimestamp": "2026-01-02T03:04:05Z",
            "labels": {"b": "2", "a": "1"},
            "annotations": {"jobs.constable/project": "shop/api", "kubectl.kubernetes.io/last-applied-configuration": "{\"x\":1}"},
            "ownerReferences": [
                {"kind": "Other", "name": "o", "uid": "x"},
                {"kind": "Job", "name": "j", "uid": "y", "controller": true}
            ],
            "managedFields": [{"manager": "m", "fieldsV1": {"f:spec": {}}}]
        },
        "spec": {
            "nodeName": "p-1",
            "nodeSelector": {"pool": "large"},
            "initContainers": [
                {"name": "checkout", "image": "git", "resources": {"requests": {"cpu": "2"}}},
                {"name": "dind", "image": "docker", "restartPolicy": "Always", "resources": {"requests": {"cpu": "500m", "memory": "1Gi"}}}
            ],
            "containers": [
                {"name": "step-test", "image": "go", "resources": {"requests": {"cpu": "1", "memory": "2Gi"}, "limits": {"memory": "4Gi"}}}
            ],
            "tolerations": [{"key": "jobs.constable/public", "operator": "Exists", "effect": "NoSchedule"}],
            "terminationGracePeriodSeconds": 60,
            "volumes": [{"name": "w", "emptyDir": {}}]
        },
        "status": {
            "phase": "Running", "startTime": "2026-01-02T03:04:06Z", "podIP": "10.0.0.1",
            "initContainerStatuses": [
                {"name": "checkout", "restartCount": 0, "ready": true, "state": {"terminated": {"exitCode": 0, "reason": "Completed", "startedAt": "2026-01-02T03:04:07Z", "finishedAt": "2026-01-02T03:04:09Z"}}},
                {"name": "dind", "ready": true, "started": true, "restartCount": 1, "state": {"running": {"startedAt": null}}, "lastState": {"terminated": {"exitCode": 137, "signal": 9, "reason": "OOMKilled"}}}
            ],
            "containerStatuses": [
                {"name": "step-test", "ready": false, "restartCount": 0, "state": {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off\npulling \u{1b}[31mimage"}}}
            ]
        }
    }));
    assert_eq!(
        (&*pod.meta.namespace, &*pod.meta.name, pod.meta.uid.clone()),
        ("ci-jobs", "job-1-1", Uid::from("u1"))
    );
    assert_eq!(pod.meta.created, time("2026-01-02T03:04:05Z"));
    assert_eq!(pod.meta.label("a"), Some("1"));
    assert_eq!(
        pod.meta.annotation("jobs.constable/project"),
        Some("shop/api")
    );
    assert_eq!(pod.meta.annotations.len(), 1);
    assert_eq!(pod.meta.owner.as_ref().map(|o| &*o.name), Some("j"));
    assert_eq!(pod.node.as_deref(), Some("p-1"));
    assert_eq!(pod.phase, PodPhase::Running);
    assert_eq!(pod.spec.grace, 60);
    assert!(pod.spec.empty_dir);
    assert_eq!(
        pod.spec.requests,
        Resources {
            // The init step asks for 2; containers and sidecar together for 1.5.
            cpu: 2000,
            memory: 3 << 30,
            storage: 0,
            pods: 1
        }
    );
    assert_eq!(
        *pod.spec.tolerations,
        [Toleration {
            key: "jobs.constable/public".into(),
            exists: true,
            value: "".into(),
            effect: Some(TaintEffect::NoSchedule)
        }]
    );
    let spec = |name: &str, role, image: &str, [cpu, memory, limit]: [i64; 3]| ContainerSpec {
        name: name.into(),
        role,
        image: image.into(),
        requests: Resources {
            cpu,
            memory,
            ..Resources::default()
        },
        limits: Resources {
            memory: limit,
            ..Resources::default()
        },
    };
    assert_eq!(
        *pod.spec.containers,
        [
            spec("checkout", ContainerRole::Init, "git", [2000, 0, 0]),
            spec("dind", ContainerRole::Sidecar, "docker", [500, 1 << 30, 0]),
            spec(
                "step-test",
                ContainerRole::Main,
                "go",
                [1000, 2 << 30, 4 << 30]
            ),
        ]
    );
    assert_eq!(
        *pod.statuses,
        [
            Some(ContainerStatus {
                state: ContainerState::Terminated(Box::new(Terminated {
                    exit: 0,
                    signal: 0,
                    words: Words::new("Completed", ""),
                    started: Some(time("2026-01-02T03:04:07Z").into()),
                    finished: Some(time("2026-01-02T03:04:09Z").into()),
                })),
                last: None,
                ready: true,
                started: false,
                restarts: 0,
                at: 0
            }),
            Some(ContainerStatus {
                state: ContainerState::Running { since: None },
                last: Some(Box::new(Terminated {
                    exit: 137,
                    signal: 9,
                    words: Words::new("OOMKilled", ""),
                    started: None,
                    finished: None,
                })),
                ready: true,
                started: true,
                restarts: 1,
                at: 1
            }),
            Some(ContainerStatus {
                state: ContainerState::Waiting(Words::new(
                    "ImagePullBackOff",
                    "Back-off pulling image"
                )),
                last: None,
                ready: false,
                started: false,
                restarts: 0,
                at: 0
            }),
        ]
    );
}

#[test]
fn requests_as_kubectl_counts_them() {
    let c = |cpu: &str| json!({"name": "c", "resources": {"requests": {"cpu": cpu}}});
    let sidecar = |cpu: &str| json!({"name": "s", "restartPolicy": "Always", "resources": {"requests": {"cpu": cpu}}});
    for (what, spec, status, cpu) in [
        ("one", json!({"containers": [c("100m")]}), json!(null), 100),
        (
            "sum",
            json!({"containers": [c("100m"), c("1")]}),
            json!(null),
            1100,
        ),
        (
            "init larger",
            json!({"containers": [c("100m")], "initContainers": [c("1"), c("2")]}),
            json!(null),
            2000,
        ),
        (
            "init after a sidecar",
            json!({"containers": [c("100m")], "initContainers": [sidecar("1"), c("2")]}),
            json!(null),
            3000,
        ),
        (
            "init before a sidecar",
            json!({"containers": [c("100m")], "initContainers": [c("2"), sidecar("1")]}),
            json!(null),
            2000,
        ),
        (
            "sidecar and containers",
            json!({"containers": [c("3")], "initContainers": [c("2"), sidecar("1")]}),
            json!(null),
            4000,
        ),
        (
            "overhead",
            json!({"containers": [c("1")], "overhead": {"cpu": "50m"}}),
            json!(null),
            1050,
        ),
        (
            "of the pod",
            json!({"containers": [c("1")], "resources": {"requests": {"cpu": "3"}}, "overhead": {"cpu": "50m"}}),
            json!(null),
            3050,
        ),
        (
            "resized down, not yet done",
            json!({"containers": [c("1")]}),
            json!({"containerStatuses": [{"name": "c", "allocatedResources": {"cpu": "2"}}]}),
            2000,
        ),
        ("nothing", json!({"containers": [{}]}), json!(null), 0),
    ] {
        let pod = pod(json!({"spec": spec, "status": status}));
        assert_eq!(pod.spec.requests.cpu, cpu, "{what}");
    }
}

#[test]
fn a_node() {
    let Ok(Object::Node(node)) = Decoder::new().object(
        Kind::Node,
        json!({
            "metadata": {"name": "p-1", "uid": "n"},
            "spec": {"unschedulable": true, "taints": [
                {"key": "a", "effect": "NoSchedule", "timeAdded": "2026-01-02T03:04:05Z"}, {"key": "b", "value": "v", "effect": "Strange"}]},
            "status": {
                "allocatable": {"cpu": "3920m", "memory": "16Gi", "pods": "110", "ephemeral-storage": "1000"},
                "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-02T03:04:05Z"}],
                "nodeInfo": {"kubeletVersion": "v1.37.2", "osImage": "Debian 13", "architecture": "arm64"},
                "addresses": [{"type": "Hostname", "address": "p-1"}, {"type": "InternalIP", "address": "10.1.0.1"}]
            }
        })
        .to_string()
        .as_bytes(),
    ) else {
        panic!("a node");
    };
    assert!(node.unschedulable && node.is_ready());
    let time = crate::model::Time::from;
    assert_eq!(
        *node.taints,
        [Taint {
            key: "a".into(),
            value: "".into(),
            effect: TaintEffect::NoSchedule,
            since: node.conditions[0].since.map(time),
        }]
    );
    assert_eq!(
        node.allocatable,
        Resources {
            cpu: 3920,
            memory: 16 << 30,
            storage: 1000,
            pods: 110
        }
    );
    assert_eq!(
        (&*node.kubelet, &*node.internal_ip),
        ("v1.37.2", "10.1.0.1")
    );
    assert_eq!(
        (&*node.info.os, &*node.info.arch, &*node.info.kernel),
        ("Debian 13", "arm64", "")
    );
}

#[test]
fn events_old_and_new() {
    let mut decoder = Decoder::new();
    let mut read = |value: serde_json::Value| {
        let text = value.to_string();
        match decoder.object(Kind::Warning, text.as_bytes()) {
            Ok(Object::Event(event)) => event,
            other => panic!("{other:?}"),
        }
    };
    let old = read(json!({
        "metadata": {"name": "e", "namespace": "ci", "uid": "e", "creationTimestamp": "2026-01-02T03:04:05Z"},
        "involvedObject": {"kind": "Pod", "namespace": "ci", "name": "p", "uid": "u", "fieldPath": "spec.containers{step-test}"},
        "reason": "BackOff", "message": "Back-off", "source": {"component": "kubelet", "host": "p-7"},
        "firstTimestamp": "2026-01-02T03:04:05Z", "lastTimestamp": "2026-01-02T03:14:05Z", "count": 17,
        "type": "Warning", "eventTime": null
    }));
    assert_eq!(
        (
            old.warning,
            old.count,
            &*old.source,
            &*old.node,
            old.regarding.container()
        ),
        (true, 17, "kubelet", "p-7", Some("step-test"))
    );
    assert_eq!((old.last.utc() - old.first.utc()).num_seconds(), 600);
    let new = read(json!({
        "involvedObject": {"kind": "Node", "name": "p-7", "uid": "p-7"},
        "reason": "X", "type": "Normal", "eventTime": "2026-01-02T03:04:05.123456Z", "count": 0,
        "series": {"count": 5, "lastObservedTime": "2026-01-02T03:24:05.654321Z"},
        "reportingComponent": "kubelet", "reportingInstance": "p-7"
    }));
    assert_eq!((new.warning, new.count, &*new.node), (false, 5, "p-7"));
    assert_eq!((new.last.utc() - new.first.utc()).num_seconds(), 1200);
}

#[test]
fn an_ingress_and_what_stands_behind_it() {
    let mut decoder = Decoder::new();
    let Ok(Object::Ingress(ingress)) = decoder.object(
        Kind::Ingress,
        json!({
            "metadata": {"name": "i", "namespace": "n", "annotations": {"kubernetes.io/ingress.class": "old"}},
            "spec": {
                "defaultBackend": {"resource": {"kind": "Bucket", "name": "b"}},
                "rules": [
                    {"host": "a.example.com", "http": {"paths": [
                        {"path": "/x", "backend": {"service": {"name": "s", "port": {"number": 80}}}},
                        {"path": "/y", "backend": {"service": {"name": "s", "port": {"name": "web"}}}}]}},
                    {"host": "none.example.com"}
                ]},
            "status": {"loadBalancer": {"ingress": [{"ip": "1.2.3.4"}, {"hostname": "lb"}]}}
        })
        .to_string()
        .as_bytes(),
    ) else {
        panic!("an ingress");
    };
    let service = |port: &str| Backend::Service {
        name: "s".into(),
        port: port.into(),
    };
    let route = |host: &str, path: &str, backend| Route {
        host: host.into(),
        path: path.into(),
        backend,
    };
    assert_eq!(
        *ingress.routes,
        [
            route("a.example.com", "/x", service("80")),
            route("a.example.com", "/y", service("web")),
            route("", "", Backend::Resource("Bucket/b".into())),
        ]
    );
    assert_eq!(&*ingress.class, "old");
    assert_eq!(*ingress.addresses, ["1.2.3.4".into(), "lb".into()]);

    let Ok(Object::EndpointSlice(slice)) = decoder.object(
        Kind::EndpointSlice,
        json!({
            "metadata": {"name": "s-1", "labels": {"kubernetes.io/service-name": "s"}},
            "ports": [{"name": "web"}, {"port": 1}],
            "endpoints": [
                {"conditions": {"ready": false}, "targetRef": {"kind": "Pod", "name": "p"}, "nodeName": "n"},
                {"conditions": {}, "targetRef": null}
            ]
        })
        .to_string()
        .as_bytes(),
    ) else {
        panic!("a slice");
    };
    assert_eq!(&*slice.service, "s");
    assert_eq!(*slice.ports, ["web".into(), "".into()]);
    assert_eq!(
        *slice.endpoints,
        [
            Endpoint {
                ready: false,
                pod: "p".into(),
                node: "n".into()
            },
            Endpoint {
                ready: true,
                pod: "".into(),
                node: "".into()
            }
        ]
    );
}

#[test]
fn frames() {
    let mut d = Decoder::new();
    fn frame<'a>(d: &mut Decoder, line: &'a str) -> Result<Frame<'a>, DecodeError> {
        d.frame(Kind::Pod, Wire::Json, line.as_bytes())
    }
    let added = frame(
        &mut d,
        r#"{"type":"ADDED","object":{"metadata":{"name":"p","namespace":"n","uid":"u","resourceVersion":"5"}}}"#,
    );
    let Ok(Frame::Upsert { object, version }) = added else {
        panic!("{added:?}");
    };
    assert_eq!((&*object.meta().name, &*version), ("p", "5"));
    // Keys in another order.
    let swapped = frame(
        &mut d,
        r#"{"object":{"metadata":{"name":"p","namespace":"n","uid":"u","resourceVersion":"5"}},"type":"MODIFIED"}"#,
    );
    assert_eq!(
        swapped.unwrap(),
        Frame::Upsert {
            object,
            version: "5".into()
        }
    );
    assert_eq!(
        frame(&mut d, r#"{"type":"DELETED","object":{"metadata":{"name":"p","namespace":"n","uid":"u","resourceVersion":"6"},"status":{"phase":7}}}"#).unwrap(),
        Frame::Remove { uid: "u".into(), namespace: "n".into(), name: "p".into(), version: "6".into() }
    );
    assert_eq!(
        frame(&mut d, r#"{"type":"BOOKMARK","object":{"kind":"Pod","metadata":{"resourceVersion":"9","annotations":{"k8s.io/initial-events-end":"true"}},"spec":{"containers":null},"status":{}}}"#).unwrap(),
        Frame::Bookmark { version: "9".into(), initial_end: true }
    );
    assert_eq!(
        frame(&mut d, r#"{"type":"ERROR","object":{"kind":"Status","metadata":{},"status":"Failure","message":"too old resource version","reason":"Expired","code":410}}"#).unwrap(),
        Frame::Error(ServerError { code: 410, reason: "Expired".into(), message: "too old resource version".into() })
    );
    let broken = frame(
        &mut d,
        r#"{"type":"ADDED","object":{"metadata":{"name":"p","namespace":"n","resourceVersion":"7"},"spec":{"containers":"none"}}}"#,
    );
    let Ok(Frame::Unreadable { name, version, .. }) = broken else {
        panic!("{broken:?}");
    };
    assert_eq!((&*name, &*version), ("n/p", "7"));
    assert!(frame(&mut d, r#"{"type":"ADDED","object":{"metad"#).is_err());
    assert!(frame(&mut d, "").is_err());
}

#[test]
fn a_page_with_a_broken_item_keeps_the_others() {
    let mut d = Decoder::new();
    let page = d
        .page(
            Kind::Pod,
            Wire::Json,
            br#"{"kind":"PodList","metadata":{"resourceVersion":"12","continue":"tok","remainingItemCount":3},
                "items":[{"metadata":{"name":"a"}},{"metadata":{"name":"b","namespace":"n"},"spec":{"containers":7}},{"metadata":{"name":"c"}}]}"#,
        )
        .unwrap();
    let names: Vec<String> = page
        .items
        .iter()
        .map(|i| match i {
            Ok(object) => object.meta().name.to_string(),
            Err((name, _)) => format!("broken {name}"),
        })
        .collect();
    assert_eq!(names, ["a", "broken n/b", "c"]);
    assert_eq!(
        (
            page.head.version.as_str(),
            page.head.next.as_deref(),
            page.head.remaining
        ),
        ("12", Some("tok"), Some(3))
    );
    let empty = d
        .page(
            Kind::Pod,
            Wire::Json,
            br#"{"metadata":{"resourceVersion":"1"},"items":null}"#,
        )
        .unwrap();
    assert_eq!((empty.items.len(), empty.head.next), (0, None));
}

#[test]
fn nulls_are_as_good_as_nothing() {
    for kind in Kind::ALL {
        for json in [
            "{}",
            r#"{"metadata":null,"spec":null,"status":null,"ports":null,"endpoints":null}"#,
            r#"{"metadata":{"labels":null,"annotations":null,"ownerReferences":null,"finalizers":null,"name":null},
               "spec":{"containers":null,"rules":null,"ports":null,"replicas":null,"taints":null,"selector":null},
               "status":{"conditions":null,"allocatable":null,"loadBalancer":null,"containerStatuses":null}}"#,
        ] {
            assert!(
                Decoder::new().object(kind, json.as_bytes()).is_ok(),
                "{kind:?} {json}"
            );
        }
    }
}

proptest::proptest! {
    #[test]
    fn no_bytes_panic(cut in 0_usize..400, at in 0_usize..400, byte in proptest::num::u8::ANY) {
        let mut line = br#"{"type":"ADDED","object":{"metadata":{"name":"p","creationTimestamp":"2026-01-02T03:04:05Z","labels":{"a":"b"}},"spec":{"containers":[{"name":"c","resources":{"requests":{"cpu":"1.5","memory":"1Gi"}}}]},"status":{"phase":"Running","containerStatuses":[{"name":"c","restartCount":3,"state":{"terminated":{"exitCode":-1}}}]}}}"#.to_vec();
        let length = line.len();
        line[at % length] = byte;
        line.truncate(cut);
        for kind in Kind::ALL {
            let _ = Decoder::new().frame(kind, Wire::Json, &line);
            let _ = Decoder::new().page(kind, Wire::Json, &line);
        }
    }
}

//! Shells, debug containers, node shells and forwards: what they ask for, and how they end.

use constable::engine::action::remote::Goal;
use constable::engine::action::{DryRun, How, Operation, Outcome, Request, Target, Wish};
use constable::engine::remote::{
    PodPort, Process, Remote, RemoteEnd, RemoteEvent, RemoteId, Terminal, Traffic,
};
use constable::engine::{Effect, Reply};
use constable::model::{ClusterNo, Kind, Uid};
use serde_json::{Value, json};

use crate::lab::{Lab, done, refused};

fn request(wish: Wish) -> Request {
    Lab::request(Operation::Open(wish.how()), Target::Remote(Box::new(wish)))
}

fn shell(pod: &str) -> Request {
    request(Wish::Shell {
        pod: Uid::from(&*format!("uid-{pod}")),
        container: "main".into(),
        command: vec!["sh".into()],
        tty: true,
        stdin: true,
    })
}

fn debug(pod: &str) -> Request {
    request(Wish::Debug {
        pod: Uid::from(&*format!("uid-{pod}")),
        container: "main".into(),
        image: "busybox".into(),
    })
}

fn node_shell() -> Request {
    request(Wish::NodeShell {
        node: "p-1".into(),
        image: "busybox".into(),
        namespace: "ops".into(),
    })
}

fn forward(to: Goal, remote: u16) -> Request {
    request(Wish::Forward {
        to,
        local: 9000,
        remote,
    })
}

/// What was opened, led elsewhere or closed since the last look.
fn remotes(lab: &mut Lab) -> Vec<Effect> {
    let ours = |effect: &Effect| {
        matches!(
            effect,
            Effect::OpenRemote(..) | Effect::LeadRemote(..) | Effect::CloseRemote(..)
        )
    };
    let (ours, rest) = std::mem::take(&mut lab.effects).into_iter().partition(ours);
    lab.effects = rest;
    ours
}

fn opened(lab: &mut Lab) -> (RemoteId, Terminal) {
    let mut effects = remotes(lab);
    assert_eq!(effects.len(), 1, "{effects:#?}");
    match effects.remove(0) {
        Effect::OpenRemote(_, id, remote) => match *remote {
            Remote::Terminal(terminal) => (id, terminal),
            Remote::Forward(forward) => panic!("{forward:?}"),
        },
        other => panic!("{other:?}"),
    }
}

fn pod_with(status: &str, name: &str, state: Value) -> Value {
    json!({
        "metadata": {"uid": "u-made"},
        "spec": {"containers": [{"name": "shell", "stdin": true, "tty": true}],
                 "ephemeralContainers": [{"name": name, "stdin": true, "tty": true}]},
        "status": {status: [{"name": name, "state": state}]},
    })
}

#[test]
fn a_shell_ends_with_its_exit_code() {
    let cases = [
        (
            RemoteEnd::Exited(3),
            Outcome::Done("shell in main of ci-jobs/web ended: exit 3 after 2m".into()),
        ),
        (
            RemoteEnd::Exited(137),
            Outcome::Done("shell in main of ci-jobs/web ended: exit 137 (killed) after 2m".into()),
        ),
        (
            RemoteEnd::Left,
            Outcome::Done(
                "shell in main of ci-jobs/web left after 2m; what runs there may go on".into(),
            ),
        ),
        (
            RemoteEnd::Lost("broken pipe".into()),
            Outcome::Failed(
                "shell in main of ci-jobs/web: connection lost after 2m: broken pipe; what ran there may go on"
                    .into(),
            ),
        ),
        (
            RemoteEnd::NoCommand("no sh".into()),
            Outcome::Failed(
                "shell in main of ci-jobs/web: the image has no sh; :debug opens a container with a shell beside it"
                    .into(),
            ),
        ),
        (
            RemoteEnd::Denied("pods \"web\" is forbidden".into()),
            Outcome::Refused("shell in main of ci-jobs/web: pods \"web\" is forbidden".into()),
        ),
    ];
    for (end, want) in cases {
        let mut lab = Lab::new();
        lab.pod("web", "p-1", json!({}));
        let id = lab.start(&shell("web"), DryRun::Off);
        let (remote, terminal) = opened(&mut lab);
        assert_eq!(
            terminal,
            Terminal {
                namespace: "ci-jobs".into(),
                pod: "web".into(),
                container: "main".into(),
                process: Process::Exec(vec!["sh".into()]),
                stdin: true,
                tty: true,
                title: "shell in main of ci-jobs/web".into(),
            }
        );
        lab.remote(remote, &RemoteEvent::Opened);
        lab.pass(120);
        lab.remote(remote, &RemoteEvent::Ended(end.clone()));
        assert_eq!(lab.run(id).outcomes().next().unwrap().1, Some(&want));
        let audits = lab.audits();
        let steps: Vec<_> = audits.iter().map(|line| line["step"].clone()).collect();
        assert_eq!(steps, ["confirmed", "ended"]);
        assert_eq!(audits[1]["operation"], "shell");
        assert_eq!(audits[1]["object"]["title"], "main of ci-jobs/web");
        assert_eq!(audits[1]["message"], &**want.text());
        // Late news change nothing.
        lab.remote(remote, &RemoteEvent::Ended(RemoteEnd::Exited(9)));
        assert_eq!(lab.run(id).outcomes().next().unwrap().1, Some(&want));
    }
}

#[test]
fn what_cannot_be_entered_is_refused_in_words() {
    let mut lab = Lab::new();
    let waiting = json!([{"name": "main", "state": {"waiting": {"reason": "ImagePullBackOff"}}}]);
    lab.pod(
        "stuck",
        "p-1",
        json!({"status": {"containerStatuses": waiting}}),
    );
    lab.pod("over", "p-1", json!({"status": {"phase": "Succeeded"}}));
    lab.pod("web", "p-1", json!({}));
    for (request, want) in [
        (
            shell("stuck"),
            "container main of pod stuck is not running (waiting: ImagePullBackOff); l shows its log, :debug opens a container beside it",
        ),
        (
            shell("over"),
            "pod ci-jobs/over has ended: nothing runs in it; l shows its log",
        ),
        (shell("none"), "the pod is gone"),
        (node_shell(), "node p-1 not found"),
        (
            forward(Goal::Service("ci".into(), "api".into()), 80),
            "service ci/api not found",
        ),
    ] {
        assert_eq!(lab.plan(&request).unwrap_err().0, want);
    }
}

#[test]
fn rights_are_those_of_a_stream() {
    let mut lab = Lab::new();
    lab.pod("web", "p-1", json!({}));
    lab.node("p-1", false);
    let needs = |request: &Request| -> Vec<String> {
        let plan = lab.plan(request).unwrap();
        plan.needs.iter().map(ToString::to_string).collect()
    };
    assert_eq!(
        needs(&shell("web")),
        ["get pods/exec in ci-jobs", "create pods/exec in ci-jobs"]
    );
    assert_eq!(
        needs(&debug("web")),
        [
            "patch pods/ephemeralcontainers in ci-jobs",
            "get pods in ci-jobs",
            "get pods/attach in ci-jobs",
            "create pods/attach in ci-jobs"
        ]
    );
    assert_eq!(
        needs(&node_shell()),
        [
            "create pods in ops",
            "get pods in ops",
            "delete pods in ops",
            "get pods/attach in ops",
            "create pods/attach in ops"
        ]
    );
}

#[test]
fn a_debug_container_is_waited_for_and_its_exit_code_is_read() {
    let mut lab = Lab::new();
    lab.pod("web", "p-1", json!({}));
    let plan = lab.plan(&debug("web")).unwrap();
    let text: String = plan.lines.iter().flatten().map(|s| &*s.text).collect();
    assert!(
        text.contains("cannot be removed from the pod again"),
        "{text}"
    );
    let id = lab.start(&debug("web"), DryRun::Off);
    let (call, patch) = lab.call();
    assert_eq!(
        patch.path,
        "/api/v1/namespaces/ci-jobs/pods/web/ephemeralcontainers"
    );
    let container = &patch.body["spec"]["ephemeralContainers"][0];
    assert_eq!(patch.body["metadata"]["uid"], "uid-web");
    assert_eq!(container["targetContainerName"], "main");
    let name = container["name"].as_str().unwrap().to_owned();
    lab.reply(call, &done());
    assert!(lab.run(id).prepares());
    let statuses = "ephemeralContainerStatuses";
    let with = |state: Value| {
        let mut pod = pod_with(statuses, &name, state);
        pod["metadata"]["uid"] = json!("uid-web");
        Reply::Done(pod)
    };
    let (call, look) = lab.call();
    assert_eq!(look.path, "/api/v1/namespaces/ci-jobs/pods/web");
    lab.reply(call, &with(json!({"waiting": {"reason": "ErrImagePull"}})));
    assert!(lab.run(id).result().contains("ErrImagePull"));
    lab.pass(1);
    let (call, _) = lab.call();
    lab.reply(call, &with(json!({"running": {}})));
    let (remote, terminal) = opened(&mut lab);
    assert_eq!(terminal.process, Process::Attach);
    assert_eq!(&*terminal.container, name);
    assert!(!lab.run(id).prepares());
    lab.pass(60);
    lab.remote(remote, &RemoteEvent::Ended(RemoteEnd::Exited(0)));
    // The kubelet tells a moment later.
    let (call, _) = lab.call();
    lab.reply(call, &with(json!({"running": {}})));
    lab.pass(1);
    let (call, _) = lab.call();
    lab.reply(call, &with(json!({"terminated": {"exitCode": 5}})));
    assert_eq!(
        lab.run(id).result(),
        "debug container beside main of ci-jobs/web ended: exit 5 after 60s"
    );
}

#[test]
fn a_node_shell_takes_its_pod_away() {
    let made = || json!({"metadata": {"uid": "u-made"}});
    let begin = || {
        let mut lab = Lab::new();
        lab.node("p-1", false);
        let id = lab.start(&node_shell(), DryRun::Off);
        let (call, create) = lab.call();
        assert_eq!(create.path, "/api/v1/namespaces/ops/pods");
        let spec = &create.body["spec"];
        assert_eq!(spec["nodeName"], "p-1");
        assert_eq!(spec["activeDeadlineSeconds"], 4 * 3600);
        assert_eq!(spec["tolerations"], json!([{"operator": "Exists"}]));
        let name = create.body["metadata"]["name"].as_str().unwrap().to_owned();
        (lab, id, call, name)
    };
    let path = |name: &str| format!("/api/v1/namespaces/ops/pods/{name}");

    // To its end.
    let (mut lab, id, call, name) = begin();
    lab.reply(call, &Reply::Done(made()));
    let (call, _) = lab.call();
    let running = pod_with("containerStatuses", "shell", json!({"running": {}}));
    lab.reply(call, &Reply::Done(running));
    let (remote, terminal) = opened(&mut lab);
    assert_eq!((&*terminal.pod, &*terminal.container), (&*name, "shell"));
    lab.pass(30);
    lab.remote(remote, &RemoteEvent::Ended(RemoteEnd::Left));
    let (call, delete) = lab.call();
    assert_eq!(delete.path, path(&name));
    assert_eq!(delete.body["preconditions"]["uid"], "u-made");
    assert!(!lab.run(id).over());
    lab.reply(call, &done());
    assert!(lab.run(id).succeeded());

    // It cannot be deleted: its name is said.
    let (mut lab, id, call, name) = begin();
    lab.reply(call, &Reply::Done(made()));
    let (call, _) = lab.call();
    let stuck = pod_with(
        "containerStatuses",
        "shell",
        json!({"waiting": {"reason": "ErrImageNeverPull"}}),
    );
    lab.reply(call, &Reply::Done(stuck));
    let (call, _) = lab.call();
    lab.reply(call, &refused(403, "no"));
    let result = lab.run(id).result();
    assert!(
        result.contains(&format!("its pod ops/{name} could not be deleted (no)")),
        "{result}"
    );

    // Given up before it was known whether there is one.
    let (mut lab, id, call, _) = begin();
    lab.stop(id);
    assert!(!lab.run(id).over());
    lab.reply(call, &Reply::Done(made()));
    let (call, delete) = lab.call();
    assert_eq!(delete.body["preconditions"]["uid"], "u-made");
    lab.reply(call, &done());
    assert!(matches!(
        lab.run(id).outcomes().next().unwrap().1,
        Some(Outcome::Stopped(_))
    ));

    // Refused by the namespace's policy: what to do is said.
    let (mut lab, id, call, _) = begin();
    lab.reply(
        call,
        &refused(
            403,
            "pods \"x\" is forbidden: violates PodSecurity \"baseline:latest\": privileged",
        ),
    );
    let result = lab.run(id).result();
    assert!(result.contains("set node_namespace of [shell]"), "{result}");
}

#[test]
fn a_forward_follows_its_pods() {
    let ready =
        |value: &str| json!({"status": {"conditions": [{"type": "Ready", "status": value}]}});
    let mut lab = Lab::new();
    lab.pod("api-1", "p-1", ready("True"));
    lab.pod("api-2", "p-1", ready("True"));
    let to = Goal::Pod("uid-api-1".into());
    let id = lab.start(&forward(to, 80), DryRun::Off);
    let at = |pod: &str| PodPort {
        namespace: "ci-jobs".into(),
        pod: pod.into(),
        port: 80,
    };
    let effects = remotes(&mut lab);
    let [Effect::OpenRemote(_, remote, opened)] = effects.as_slice() else {
        panic!("{effects:#?}");
    };
    let remote = *remote;
    assert_eq!(
        **opened,
        Remote::Forward(constable::engine::remote::Forward {
            to: at("api-1"),
            local: 9000
        })
    );
    lab.remote(remote, &RemoteEvent::Listening(41000));
    assert_eq!(
        lab.run(id).result(),
        "127.0.0.1:41000 (9000 is in use) leads to ci-jobs/api-1:80"
    );
    let traffic = Traffic {
        connections: 3,
        sent: 10,
        ..Traffic::default()
    };
    lab.remote(remote, &RemoteEvent::Traffic(traffic.clone()));
    assert_eq!(lab.run(id).forward().unwrap().traffic(), &traffic);

    lab.remove(Kind::Pod, "ci-jobs", "api-1", "uid-api-1");
    assert_eq!(
        remotes(&mut lab),
        [Effect::LeadRemote(
            ClusterNo::FIRST,
            remote,
            Box::new(at("api-2"))
        )]
    );
    assert_eq!(
        lab.actions.news().as_deref(),
        Some("forward to pod ci-jobs/api-1:80: api-1 is gone: leads to api-2")
    );
    assert_eq!(lab.actions.news(), None);
    lab.pod("api-2", "p-1", ready("False"));
    assert!(remotes(&mut lab).is_empty());
    assert!(lab.run(id).forward().unwrap().nowhere());
    lab.pod("api-3", "p-1", ready("True"));
    assert_eq!(
        remotes(&mut lab),
        [Effect::LeadRemote(
            ClusterNo::FIRST,
            remote,
            Box::new(at("api-3"))
        )]
    );
    assert!(!lab.run(id).forward().unwrap().nowhere());
    assert!(!lab.run(id).over());
    lab.stop(id);
    assert_eq!(
        remotes(&mut lab),
        [Effect::CloseRemote(ClusterNo::FIRST, remote)]
    );
    assert_eq!(
        lab.run(id).result(),
        "127.0.0.1:41000 closed after 3 connections"
    );
    assert_eq!(lab.run(id).operation, Operation::Open(How::Forward));
}

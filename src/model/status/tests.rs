use super::*;
use crate::model::ContainerRole::*;
use crate::model::Words;
use crate::model::testing::*;

/// A pod out of containers given in order; a status stands where its container does.
fn of(phase: PodPhase, containers: Vec<Draft>) -> Pod {
    let mut pod = pod("a/p", "");
    pod.phase = phase;
    let (mut inits, mut mains) = (0, 0);
    let drafts = containers.into_iter().map(|mut c| {
        let at = if c.role == Main {
            &mut mains
        } else {
            &mut inits
        };
        c.status_at = *at;
        *at += 1;
        c
    });
    contain(&mut pod, drafts);
    pod
}

fn c(role: ContainerRole, state: Option<ContainerState>) -> Draft {
    let mut c = container("c", role);
    c.state = state;
    c
}

fn ready(mut c: Draft) -> Draft {
    c.ready = true;
    c.started = true;
    c
}

fn restarted(mut c: Draft, times: i32, finished: i64) -> Draft {
    c.restarts = times;
    c.last = Some(terminated(1, "Error", 0, finished));
    c
}

fn with(mut pod: Pod, change: impl FnOnce(&mut Pod)) -> Pod {
    change(&mut pod);
    pod
}

fn sets(kind: &str) -> impl FnOnce(&mut Pod) {
    let one = condition(kind, Truth::True, "");
    move |pod| pod.conditions = [one].into_iter().collect()
}

fn signal(number: i32) -> Option<ContainerState> {
    let mut end = terminated(1, "", 0, 9);
    end.signal = number;
    Some(ContainerState::Terminated(Box::new(end)))
}

#[test]
fn pods_as_kubectl_prints_them() {
    use PodPhase::*;
    let run = || ready(c(Main, running(0)));
    let done = || c(Main, ended(0, "Completed", 0, 9));
    let init_done = || c(Init, ended(0, "Completed", 0, 9));
    let pending = |containers| of(Pending, containers);
    let node_lost = |pod: &mut Pod| {
        pod.words = Some(Words::new("NodeLost", ""));
        pod.meta.deleting = Some(at(30));
    };
    let deleting = |pod: &mut Pod| pod.meta.deleting = Some(at(30));
    let reason =
        |reason: &'static str| move |pod: &mut Pod| pod.words = Some(Words::new(reason, ""));
    let cases = [
        // By phase and reason alone.
        (
            "no status yet",
            pending(vec![c(Main, None)]),
            "Pending 0/1 0",
        ),
        ("unknown phase", of(Unknown, vec![]), "Unknown 0/0 0"),
        (
            "evicted",
            with(of(Failed, vec![c(Main, None)]), reason("Evicted")),
            "Evicted 0/1 0",
        ),
        (
            "evicted with statuses",
            with(
                of(
                    Failed,
                    vec![c(Main, ended(137, "ContainerStatusUnknown", 0, 9))],
                ),
                reason("Evicted"),
            ),
            "ContainerStatusUnknown 0/1 0",
        ),
        (
            "gated",
            with(pending(vec![c(Main, None)]), |p| {
                let gated = condition("PodScheduled", Truth::False, "SchedulingGated");
                p.conditions = [gated].into_iter().collect();
            }),
            "SchedulingGated 0/1 0",
        ),
        // Init containers.
        (
            "init runs",
            pending(vec![
                c(Init, running(0)),
                c(Init, None),
                c(Main, waiting("PodInitializing")),
            ]),
            "Init:0/2 0/1 0",
        ),
        (
            "second init waits",
            pending(vec![
                init_done(),
                c(Init, waiting("PodInitializing")),
                c(Main, None),
            ]),
            "Init:1/2 0/1 0",
        ),
        (
            "init without a state",
            pending(vec![c(Init, Some(ContainerState::Unset)), c(Main, None)]),
            "Init:0/1 0/1 0",
        ),
        (
            "init pulls",
            pending(vec![c(Init, waiting("ImagePullBackOff")), c(Main, None)]),
            "Init:ImagePullBackOff 0/1 0",
        ),
        (
            "init failed",
            of(
                Failed,
                vec![
                    c(Init, ended(1, "Error", 0, 9)),
                    c(Main, waiting("PodInitializing")),
                ],
            ),
            "Init:Error 0/1 0",
        ),
        (
            "init exit code",
            of(Failed, vec![c(Init, ended(3, "", 0, 9)), c(Main, None)]),
            "Init:ExitCode:3 0/1 0",
        ),
        (
            "init signal",
            of(Failed, vec![c(Init, signal(9)), c(Main, None)]),
            "Init:Signal:9 0/1 0",
        ),
        (
            "init restarts count while it is init",
            pending(vec![
                restarted(c(Init, waiting("CrashLoopBackOff")), 4, 100),
                c(Main, waiting("PodInitializing")),
            ]),
            "Init:CrashLoopBackOff 0/1 4 (5m ago)",
        ),
        (
            "init restarts are forgotten afterwards",
            of(Running, vec![restarted(init_done(), 4, 100), run()]),
            "Running 1/1 0",
        ),
        (
            "initialised, init runs again",
            with(
                of(
                    Running,
                    vec![c(Init, running(0)), c(Main, waiting("PodInitializing"))],
                ),
                sets("Initialized"),
            ),
            "PodInitializing 0/1 0",
        ),
        // Sidecars.
        (
            "sidecar starts",
            pending(vec![
                c(Sidecar, running(0)),
                c(Main, waiting("PodInitializing")),
            ]),
            "Init:0/1 0/2 0",
        ),
        (
            "sidecar ready",
            of(Running, vec![ready(c(Sidecar, running(0))), run()]),
            "Running 2/2 0",
        ),
        (
            "sidecar started, not ready",
            of(Running, vec![with_started(c(Sidecar, running(0))), run()]),
            "Running 1/2 0",
        ),
        (
            "sidecar restarts survive",
            of(
                Running,
                vec![
                    restarted(init_done(), 9, 300),
                    restarted(ready(c(Sidecar, running(0))), 2, 100),
                    restarted(run(), 1, 50),
                ],
            ),
            "Running 2/2 3 (5m ago)",
        ),
        // Main containers.
        (
            "creating",
            pending(vec![c(Main, waiting("ContainerCreating"))]),
            "ContainerCreating 0/1 0",
        ),
        (
            "waiting without a reason",
            pending(vec![c(Main, waiting(""))]),
            "Pending 0/1 0",
        ),
        (
            "running, not ready",
            of(Running, vec![c(Main, running(0))]),
            "Running 0/1 0",
        ),
        (
            "crash loop",
            of(
                Running,
                vec![restarted(c(Main, waiting("CrashLoopBackOff")), 7, 340)],
            ),
            "CrashLoopBackOff 0/1 7 (60s ago)",
        ),
        (
            "restarts without a time",
            of(
                Running,
                vec![{
                    let mut r = run();
                    r.restarts = 2;
                    r
                }],
            ),
            "Running 1/1 2",
        ),
        (
            "the first waiting wins",
            pending(vec![
                c(Main, waiting("ErrImagePull")),
                c(Main, waiting("ContainerCreating")),
            ]),
            "ErrImagePull 0/2 0",
        ),
        (
            "completed",
            of(Succeeded, vec![done(), done()]),
            "Completed 0/2 0",
        ),
        (
            "failed",
            of(Failed, vec![c(Main, ended(1, "Error", 0, 9))]),
            "Error 0/1 0",
        ),
        (
            "out of memory",
            of(Failed, vec![c(Main, ended(137, "OOMKilled", 0, 9))]),
            "OOMKilled 0/1 0",
        ),
        (
            "exit code",
            of(Failed, vec![c(Main, ended(2, "", 0, 9))]),
            "ExitCode:2 0/1 0",
        ),
        (
            "signal",
            of(Failed, vec![c(Main, signal(15))]),
            "Signal:15 0/1 0",
        ),
        (
            "first completed, second runs, not ready",
            of(Running, vec![done(), run()]),
            "NotReady 1/2 0",
        ),
        (
            "first completed, second runs, ready",
            with(of(Running, vec![done(), run()]), sets("Ready")),
            "Running 1/2 0",
        ),
        (
            "first completed, second failed",
            of(Failed, vec![done(), c(Main, ended(1, "Error", 0, 9))]),
            "Error 0/2 0",
        ),
        (
            "completed, failed, failed: the first failure",
            of(
                Failed,
                vec![
                    done(),
                    c(Main, ended(137, "OOMKilled", 0, 9)),
                    c(Main, ended(1, "", 0, 9)),
                ],
            ),
            "OOMKilled 0/3 0",
        ),
        (
            "first completed, second failed, third runs",
            of(
                Running,
                vec![done(), c(Main, ended(1, "Error", 0, 9)), run()],
            ),
            "Error 1/3 0",
        ),
        (
            "first runs, second completed",
            of(Running, vec![run(), done()]),
            "NotReady 1/2 0",
        ),
        (
            "reason on a running pod",
            with(of(Running, vec![run()]), reason("Odd")),
            "Odd 1/1 0",
        ),
        // Deletion.
        (
            "terminating",
            with(of(Running, vec![run()]), deleting),
            "Terminating 1/1 0",
        ),
        (
            "node lost",
            with(of(Running, vec![run()]), node_lost),
            "Unknown 1/1 0",
        ),
        (
            "ended, held by a finalizer",
            with(of(Succeeded, vec![done()]), deleting),
            "Completed 0/1 0",
        ),
        (
            "failed, held by a finalizer",
            with(of(Failed, vec![c(Main, ended(1, "Error", 0, 9))]), deleting),
            "Error 0/1 0",
        ),
    ];
    let now = at(400);
    for (what, pod, want) in cases {
        let s = pod_status(&pod);
        let got = format!("{} {} {}", s.status, s.ready_text(), s.restarts_text(now));
        assert_eq!(got, want, "{what}");
    }
}

fn with_started(mut c: Draft) -> Draft {
    c.started = true;
    c
}

#[test]
fn statuses_count_in_their_own_order() {
    let mut pod = of(
        PodPhase::Pending,
        vec![
            c(Main, waiting("ErrImagePull")),
            c(Main, waiting("ContainerCreating")),
        ],
    );
    for (status, at) in pod.statuses.iter_mut().flatten().zip([1, 0]) {
        status.at = at;
    }
    assert_eq!(pod_status(&pod).status, "ContainerCreating");
}

#[test]
fn nodes_as_kubectl_prints_them() {
    let role = "node-role.kubernetes.io/";
    let cases = [
        (Some(Truth::True), false, String::new(), "Ready <none>"),
        (
            Some(Truth::True),
            true,
            format!("{role}worker="),
            "Ready,SchedulingDisabled worker",
        ),
        (
            Some(Truth::False),
            false,
            format!("{role}master= {role}control-plane="),
            "NotReady control-plane,master",
        ),
        (
            Some(Truth::Unknown),
            true,
            "kubernetes.io/role=a".into(),
            "NotReady,SchedulingDisabled a",
        ),
        (None, false, role.to_owned(), "Unknown <none>"),
        (
            None,
            true,
            format!("kubernetes.io/role=b {role}b={role}"),
            "Unknown,SchedulingDisabled b",
        ),
    ];
    for (ready, unschedulable, labels, want) in cases {
        let mut node = node("n", &labels);
        node.unschedulable = unschedulable;
        node.conditions = ready
            .map(|status| condition("Ready", status, ""))
            .into_iter()
            .collect();
        assert_eq!(
            format!("{} {}", node_status(&node), node_roles(&node)),
            want
        );
    }
}

#[test]
fn batch_jobs_as_kubectl_prints_them() {
    let job = |conditions: &[&str], deleting: bool| {
        let mut meta = meta("a/j", "");
        meta.deleting = deleting.then(|| at(9));
        BatchJob {
            meta,
            suspended: false,
            completions: 3,
            parallelism: 1,
            backoff_limit: 6,
            active: 0,
            succeeded: 1,
            failed: 0,
            started: None,
            completed: None,
            conditions: conditions
                .iter()
                .map(|kind| condition(kind, Truth::True, ""))
                .collect(),
        }
    };
    for (conditions, deleting, want) in [
        (&["Complete"][..], true, "Complete"),
        (&["FailureTarget", "Failed"], true, "Failed"),
        (&["Suspended"], true, "Terminating"),
        (&["Suspended"], false, "Suspended"),
        (&["FailureTarget"], false, "FailureTarget"),
        (&["SuccessCriteriaMet"], false, "SuccessCriteriaMet"),
        (&[], false, "Running"),
    ] {
        assert_eq!(batch_status(&job(conditions, deleting)), want);
    }
    assert_eq!(batch_completions(&job(&[], false)), "1/3");
}

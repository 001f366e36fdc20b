use super::*;
use crate::ci::{Reader, batch, constable};
use crate::model::testing::{
    at, condition, contain, container, ended, labels, meta, owner, pod, running, spec, terminated,
    waiting,
};
use std::sync::Arc;

use crate::model::{BatchJob, Condition, Job, ReadJobs, Truth, Words};

/// A runner pod on a node: checkout, restore-cache | step-build, step-test, upload-artifacts, with these
/// states.
fn runner(phase: PodPhase, states: [Option<ContainerState>; 5]) -> Pod {
    let mut pod = pod(
        "ci-jobs/job-1-2",
        "jobs.constable/id=1 jobs.constable/attempt=2",
    );
    pod.phase = phase;
    pod.node = Some("p-07".into());
    let mut scheduled = condition("PodScheduled", Truth::True, "");
    scheduled.since = Some(at(2));
    pod.conditions = [scheduled].into_iter().collect();
    let names = [
        ("checkout", ContainerRole::Init),
        ("restore-cache", ContainerRole::Init),
        ("step-build", ContainerRole::Main),
        ("step-test", ContainerRole::Main),
        ("upload-artifacts", ContainerRole::Main),
    ];
    let drafts = names.into_iter().zip(states).map(|((name, role), state)| {
        let mut one = container(name, role);
        one.state = state;
        one
    });
    contain(&mut pod, drafts);
    pod
}

fn ok(started: i64, finished: i64) -> Option<ContainerState> {
    ended(0, "Completed", started, finished)
}

fn skipped(started: i64, finished: i64) -> Option<ContainerState> {
    let mut end = terminated(0, "Completed", started, finished);
    end.words = Words::new("Completed", "skipped");
    Some(ContainerState::Terminated(Box::new(end)))
}

fn read(pod: &Pod) -> Job {
    Reader.read(&Arc::new(pod.clone())).expect("a job")
}

/// `build*` runs, `build` done, `build!` failed, `build-` skipped, `build?` waits.
fn drawn(job: &Job) -> String {
    let mark = |state: &StepState| match state {
        StepState::Waiting => "?",
        StepState::Running { .. } => "*",
        StepState::Succeeded { .. } => "",
        StepState::Failed { .. } => "!",
        StepState::Skipped => "-",
    };
    let steps: Vec<_> = job
        .steps()
        .iter()
        .map(|s| format!("{}{}", s.name, mark(&s.state)))
        .collect();
    format!("{} {} {}", job.phase.as_str(), steps.join(" "), job.failure)
        .trim_end()
        .to_owned()
}

#[test]
fn a_life_from_queue_to_end() {
    use PodPhase::*;
    let init = || waiting("PodInitializing");
    let mut queued = runner(Pending, [None, None, None, None, None]);
    queued.node = None;
    let cases = [
        (
            queued,
            "queued checkout? restore-cache? build? test? upload-artifacts?",
        ),
        (
            runner(Pending, [None, None, None, None, None]),
            "scheduled checkout? restore-cache? build? test? upload-artifacts?",
        ),
        (
            runner(
                Pending,
                [waiting("ContainerCreating"), init(), init(), init(), init()],
            ),
            "pulling checkout? restore-cache? build? test? upload-artifacts?",
        ),
        (
            runner(
                Pending,
                [waiting("ImagePullBackOff"), init(), init(), init(), init()],
            ),
            "pulling checkout? restore-cache? build? test? upload-artifacts?",
        ),
        (
            runner(Pending, [running(5), init(), init(), init(), init()]),
            "preparing checkout* restore-cache? build? test? upload-artifacts?",
        ),
        (
            runner(Pending, [ok(5, 8), init(), init(), init(), init()]),
            "preparing checkout restore-cache? build? test? upload-artifacts?",
        ),
        (
            runner(
                Pending,
                [ok(5, 8), waiting("ErrImagePull"), init(), init(), init()],
            ),
            "pulling checkout restore-cache? build? test? upload-artifacts?",
        ),
        (
            runner(Pending, [ok(5, 8), ok(8, 9), init(), init(), init()]),
            "pulling checkout restore-cache build? test? upload-artifacts?",
        ),
        (
            runner(
                Running,
                [ok(5, 8), ok(8, 9), running(10), running(10), running(10)],
            ),
            "running checkout restore-cache build* test? upload-artifacts?",
        ),
        (
            runner(
                Running,
                [ok(5, 8), ok(8, 9), ok(10, 40), running(10), running(10)],
            ),
            "running checkout restore-cache build test* upload-artifacts?",
        ),
        (
            runner(
                Running,
                [
                    ok(5, 8),
                    ok(8, 9),
                    ended(1, "Error", 10, 40),
                    skipped(10, 40),
                    running(10),
                ],
            ),
            "uploading checkout restore-cache build! test- upload-artifacts*",
        ),
        (
            runner(
                Succeeded,
                [ok(5, 8), ok(8, 9), ok(10, 40), ok(10, 60), ok(10, 65)],
            ),
            "succeeded checkout restore-cache build test upload-artifacts",
        ),
        (
            runner(
                Failed,
                [
                    ok(5, 8),
                    ok(8, 9),
                    ok(10, 40),
                    ended(1, "Error", 10, 60),
                    ok(10, 65),
                ],
            ),
            "failed checkout restore-cache build test! upload-artifacts step test: exit 1",
        ),
        (
            runner(
                Failed,
                [
                    ok(5, 8),
                    ok(8, 9),
                    ended(137, "OOMKilled", 10, 40),
                    skipped(10, 41),
                    ok(10, 45),
                ],
            ),
            "failed checkout restore-cache build! test- upload-artifacts step build: out of memory",
        ),
        (
            runner(
                Failed,
                [
                    ended(137, "OOMKilled", 5, 8),
                    init(),
                    init(),
                    init(),
                    init(),
                ],
            ),
            "failed checkout! restore-cache- build- test- upload-artifacts- step checkout: out of memory",
        ),
        (
            runner(
                Failed,
                [
                    ok(5, 8),
                    ok(8, 9),
                    ended(137, "Error", 10, 40),
                    skipped(10, 41),
                    ok(10, 45),
                ],
            ),
            "failed checkout restore-cache build! test- upload-artifacts step build: exit 137 (killed)",
        ),
    ];
    for (pod, want) in cases {
        assert_eq!(drawn(&read(&pod)), want);
    }
}

#[test]
fn times_of_job_and_steps() {
    let pod = runner(
        PodPhase::Running,
        [ok(5, 8), ok(8, 9), ok(10, 40), running(10), running(10)],
    );
    let job = read(&pod);
    assert_eq!(
        (job.attempt, job.scheduled(), job.started(), job.ended()),
        (Some(2), Some(at(2)), Some(at(5)), None)
    );
    // Its container runs since 10, its turn came at 40.
    assert_eq!(
        job.steps()[3].state,
        StepState::Running {
            since: Some(at(40))
        }
    );
    assert_eq!(
        job.current_step().map(|(k, n, s)| (k, n, s.name)),
        Some((4, 5, "test".into()))
    );
    assert_eq!(
        (job.wait_seconds(at(50)), job.run_seconds(at(50))),
        (5, Some(45))
    );
    let pod = runner(
        PodPhase::Succeeded,
        [ok(5, 8), ok(8, 9), ok(10, 40), ok(10, 60), ok(10, 65)],
    );
    let job = read(&pod);
    assert_eq!(job.ended(), Some(at(65)));
    let last = StepState::Succeeded {
        started: Some(at(60)),
        ended: Some(at(65)),
    };
    assert_eq!(job.steps()[4].state, last);
}

#[test]
fn bad_ends() {
    let failed = || {
        runner(
            PodPhase::Failed,
            [
                ok(5, 8),
                ok(8, 9),
                ended(143, "Error", 10, 100),
                skipped(10, 100),
                ok(10, 100),
            ],
        )
    };
    let of = |change: fn(&mut Pod)| {
        let mut pod = failed();
        change(&mut pod);
        let job = read(&pod);
        format!("{}: {}", job.phase.as_str(), job.failure)
    };
    assert_eq!(of(|_| {}), "failed: step build: exit 143 (terminated)");
    assert_eq!(
        of(|pod| pod.meta.annotations = labels("jobs.constable/cancelled-by=dev-4")),
        "cancelled: cancelled by dev-4"
    );
    // Asked for at 90, ended at 100.
    assert_eq!(
        of(|pod| pod.meta.deleting = Some(at(120))),
        "cancelled: its pod was deleted"
    );
    // Ended at 100, destroyed by the platform later.
    assert_eq!(
        of(|pod| pod.meta.deleting = Some(at(700))),
        "failed: step build: exit 143 (terminated)"
    );
    assert_eq!(
        of(|pod| {
            pod.words = Some(Words::new(
                "Evicted",
                "The node was low on resource: memory.",
            ));
        }),
        "lost: its pod was taken away: Evicted: The node was low on resource: memory."
    );
    assert_eq!(
        of(|pod| {
            let why = condition("DisruptionTarget", Truth::True, "PreemptionByScheduler");
            pod.conditions = [why].into_iter().collect();
        }),
        "lost: its pod was taken away: PreemptionByScheduler"
    );
    assert_eq!(
        of(|pod| {
            pod.words = Some(Words::new("DeadlineExceeded", ""));
            spec(pod).deadline = Some(3_600);
        }),
        "failed: deadline of 3600 s passed"
    );
    assert_eq!(
        of(|pod| {
            let mut dind = container("dind", ContainerRole::Sidecar);
            dind.state = ended(137, "OOMKilled", 4, 99);
            let build = ("step-build", ended(143, "Error", 10, 100));
            let mut step = container(build.0, ContainerRole::Main);
            step.state = build.1;
            contain(pod, [step, dind]);
        }),
        "failed: step build: exit 143 (terminated); container dind: out of memory"
    );
}

#[test]
fn who_is_a_job() {
    let is = |labels: &str| Reader.read(&Arc::new(pod("a/p", labels))).is_some();
    assert!(is("jobs.constable/id=1"));
    assert!(is("jobs.constable/id=1 jobs.constable/component=runner"));
    assert!(!is("jobs.constable/id=1 jobs.constable/component=worker"));
    assert!(!is("jobs.constable/component=runner"));
    assert!(!is("app=api"));
    assert_eq!(constable::SYSTEM.system.0, "constable");
}

fn batch_pod(name: &str, phase: PodPhase, state: Option<ContainerState>) -> Pod {
    let mut pod = pod(&format!("a/{name}"), "batch.kubernetes.io/job-name=j");
    pod.meta.owner = owner("Job", "j");
    pod.phase = phase;
    pod.node = Some("n".into());
    let mut main = container("main", ContainerRole::Main);
    main.state = state;
    contain(&mut pod, [main]);
    pod
}

fn batch_job(condition_of: Option<Condition>) -> BatchJob {
    BatchJob {
        meta: meta("a/j", "app.kubernetes.io/part-of=shop"),
        suspended: false,
        completions: 1,
        parallelism: 1,
        backoff_limit: 6,
        active: 0,
        succeeded: 0,
        failed: 0,
        started: None,
        completed: None,
        conditions: condition_of.into_iter().collect(),
    }
}

#[test]
fn batch_jobs() {
    use PodPhase::*;
    let first = || batch_pod("p1", Failed, ended(1, "Error", 1, 9));
    let mut second = batch_pod("p2", Running, running(20));
    second.meta.created = at(15);
    let failed = condition("Failed", Truth::True, "BackoffLimitExceeded");
    let cases = [
        (Some(batch_job(None)), vec![], "queued "),
        (Some(batch_job(None)), vec![first()], "queued "),
        (
            Some(batch_job(None)),
            vec![first(), second.clone()],
            "running ",
        ),
        (None, vec![second.clone()], "running "),
        (
            None,
            vec![batch_pod("p3", Succeeded, ok(1, 9))],
            "succeeded ",
        ),
        (
            Some(batch_job(None)),
            vec![batch_pod("p3", Succeeded, ok(1, 9))],
            "running ",
        ),
        (
            Some(batch_job(Some(condition("Complete", Truth::True, "")))),
            vec![],
            "succeeded ",
        ),
        (
            Some(batch_job(Some(failed.clone()))),
            vec![first()],
            "failed BackoffLimitExceeded: container main: exit 1",
        ),
        (
            Some(batch_job(Some(failed))),
            vec![],
            "failed BackoffLimitExceeded",
        ),
    ];
    for (object, pods, want) in cases {
        let refs: Vec<&Pod> = pods.iter().collect();
        let job = Reader.read_batch(object.as_ref(), &refs).expect("a job");
        assert_eq!(format!("{} {}", job.phase.as_str(), job.failure), want);
        assert_eq!((job.id.as_str(), job.system()), ("a/j", batch::SYSTEM));
    }
    let owned = batch_pod("p", Running, None);
    assert!(Reader.batch_owner(&owned).is_some());
    let mut foreign = owned.clone();
    foreign.meta.labels = labels("volcano.sh/job-name=j");
    assert!(Reader.batch_owner(&foreign).is_none());
}

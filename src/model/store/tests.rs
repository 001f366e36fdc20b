use proptest::prelude::*;

use super::*;
use crate::model::pods::purpose;
use crate::model::testing::*;
use crate::model::{
    Backend, Endpoint, Ends, Health, JobId, NodeCounts, Operator, PodPhase, Rank, Route,
    ServicePort, System, Toleration, Truth,
};

fn bound(mut pod: Pod, node: &str) -> Pod {
    pod.node = Some(node.into());
    pod
}

fn key(id: &str) -> JobKey {
    JobKey {
        system: System("plain"),
        id: JobId::from(id),
    }
}

fn model() -> Model {
    Model::new(RankRules::default())
}

fn feed(model: &mut Model, batch: Batch) -> Changes {
    model.apply(at(60), batch, &Plain)
}

fn ends_after(model: &mut Model, now: DateTime<Utc>, batch: Batch) -> Ends {
    model.apply(now, batch, &Plain);
    let pools = model.pools(now);
    let large = pools.iter().find(|p| &*p.name == "runner-large");
    large.map(|p| p.ends).unwrap_or_default()
}

fn job_pod(name: &str, id: &str) -> Pod {
    pod(&format!("ci/{name}"), &format!("job={id}"))
}

#[test]
fn a_relist_sweeps_what_it_does_not_show() {
    let mut m = model();
    feed(
        &mut m,
        list(
            Kind::Pod,
            [put_pod(pod("a/p", "")), put_pod(pod("a/q", ""))],
        ),
    );
    assert!(m.feed(Kind::Pod).is_live());
    feed(
        &mut m,
        watch(Kind::Pod, [Delta::SyncStart, put_pod(pod("a/q", ""))]),
    );
    assert_eq!(
        m.feed(Kind::Pod).state,
        FeedState::Syncing {
            seen: 1,
            expected: None
        }
    );
    assert_eq!(
        m.count(Kind::Pod),
        2,
        "nothing goes before the list is complete"
    );
    let changes = feed(&mut m, watch(Kind::Pod, [Delta::SyncEnd]));
    let gone: Vec<_> = changes
        .objects
        .iter()
        .map(|o| (o.change, &*o.name))
        .collect();
    assert_eq!(gone, [(Change::Removed, "p")]);
    assert_eq!(m.pods().map(|p| &*p.meta.name).collect::<Vec<_>>(), ["q"]);
}

#[test]
fn a_new_object_of_the_same_name_is_another() {
    let mut m = model();
    feed(
        &mut m,
        list(Kind::Pod, [put_pod(bound(pod("a/p", ""), "n"))]),
    );
    let mut other = bound(pod("a/p", ""), "n");
    other.meta.uid = Uid::from("other");
    let changes = feed(&mut m, watch(Kind::Pod, [put_pod(other)]));
    let seen: Vec<_> = changes
        .objects
        .iter()
        .map(|o| (o.change, o.uid.to_string()))
        .collect();
    assert_eq!(
        seen,
        [
            (Change::Removed, "uid-p".to_owned()),
            (Change::Added, "other".to_owned())
        ]
    );
    // A late removal of the old one says nothing about the new one.
    assert!(feed(&mut m, watch(Kind::Pod, [gone("a/p")])).is_empty());
    assert_eq!(m.sums("n").map(|s| s.requested.pods), Some(1));
}

#[test]
fn unreadable_objects_are_counted_and_named() {
    let mut m = model();
    let bad = Delta::Unreadable {
        name: "a/p".into(),
        why: "no uid".into(),
    };
    assert!(feed(&mut m, watch(Kind::Pod, [bad])).feed);
    let feed = m.feed(Kind::Pod);
    assert_eq!(feed.unreadable, 1);
    assert_eq!(feed.last_unreadable, Some(("a/p".into(), "no uid".into())));
}

#[test]
fn how_a_job_ends_that_loses_its_pod() {
    let ended = |change: fn(&mut Pod), unseen: bool| {
        let mut m = model();
        let mut pod = bound(job_pod("p", "1"), "n");
        change(&mut pod);
        feed(&mut m, list(Kind::Pod, [put_pod(pod)]));
        let batch = if unseen {
            list(Kind::Pod, [])
        } else {
            watch(Kind::Pod, [gone("ci/p")])
        };
        feed(&mut m, batch);
        let job = m.job(&key("1")).unwrap();
        assert_eq!((job.pod(), job.ended().is_some()), (None, true));
        (job.phase, job.failure.to_string())
    };
    let is = |phase: Phase, why: &str| (phase, why.to_owned());
    let disrupted: fn(&mut Pod) = |pod| {
        pod.meta.deleting = Some(at(30));
        let why = condition("DisruptionTarget", Truth::True, "EvictionByEvictionAPI");
        pod.conditions = [why].into_iter().collect();
    };
    assert_eq!(ended(|_| {}, false), is(Phase::Lost, "its pod vanished"));
    assert_eq!(
        ended(|_| {}, true),
        is(Phase::Lost, "its pod was gone when the list came in again")
    );
    assert_eq!(
        ended(|pod| pod.meta.deleting = Some(at(30)), false),
        is(Phase::Cancelled, "its pod was deleted")
    );
    assert_eq!(
        ended(disrupted, false),
        is(Phase::Lost, "its pod was taken away: EvictionByEvictionAPI")
    );
    assert_eq!(
        ended(|pod| pod.phase = PodPhase::Succeeded, false),
        is(Phase::Succeeded, "")
    );
}

#[test]
fn the_latest_attempt_stands_for_the_job() {
    let mut m = model();
    let attempt = |n: u32, phase| {
        let mut pod = bound(
            pod(&format!("ci/p-{n}"), &format!("job=1 attempt={n}")),
            "n",
        );
        pod.phase = phase;
        put_pod(pod)
    };
    feed(
        &mut m,
        list(
            Kind::Pod,
            [attempt(2, PodPhase::Running), attempt(1, PodPhase::Failed)],
        ),
    );
    let seen = |m: &Model| {
        let of: Vec<_> = m.attempts(&key("1")).map(|j| j.attempt).collect();
        (m.job(&key("1")).map(|j| j.attempt), of, m.job_count())
    };
    assert_eq!(seen(&m), (Some(Some(2)), vec![Some(1), Some(2)], 1));
    assert_eq!(
        m.job_of_pod(&Uid::from("uid-p-1")).map(|j| j.phase),
        Some(Phase::Failed)
    );
    feed(&mut m, watch(Kind::Pod, [gone("ci/p-1")]));
    assert_eq!(seen(&m), (Some(Some(2)), vec![Some(2)], 1));
    feed(
        &mut m,
        watch(Kind::Pod, [gone("ci/p-2"), attempt(3, PodPhase::Pending)]),
    );
    assert_eq!(seen(&m), (Some(Some(3)), vec![Some(3)], 1));
}

#[test]
fn ended_jobs_without_pods_are_bounded() {
    let mut m = model();
    let count = crate::model::KEPT_JOBS + 5;
    let pods = |phase| {
        (0..count).map(move |i| {
            let mut pod = bound(job_pod(&format!("p{i}"), &format!("{i:05}")), "n");
            pod.phase = phase;
            put_pod(pod)
        })
    };
    feed(&mut m, list(Kind::Pod, pods(PodPhase::Succeeded)));
    feed(&mut m, list(Kind::Pod, []));
    assert_eq!((m.job_count(), m.dropped_jobs()), (count - 5, 5));
    let changes = m.tick(at(60 + crate::model::KEPT_SECONDS + 1));
    assert_eq!((m.job_count(), m.dropped_jobs()), (0, count as u64));
    assert_eq!(changes.jobs.len(), count - 5);
}

#[test]
fn pods_of_a_batch_job_are_one_job() {
    let mut m = model();
    let of = |name: &str| {
        let mut pod = bound(pod(&format!("a/{name}"), ""), "n");
        pod.meta.owner = owner("Job", "j");
        put_pod(pod)
    };
    feed(
        &mut m,
        list(Kind::Pod, [of("p"), of("q"), put_pod(pod("a/bare", ""))]),
    );
    assert_eq!(
        m.jobs()
            .map(|j| (j.system().0, j.id.as_str()))
            .collect::<Vec<_>>(),
        [("batch", "j")]
    );
    assert_eq!(
        m.job_of_pod(&Uid::from("uid-p")).map(|j| j.id.as_str()),
        Some("j")
    );
    assert_eq!(m.pods_of(&Uid::from("uid-j")).count(), 2);
    feed(&mut m, watch(Kind::Pod, [gone("a/p"), gone("a/q")]));
    assert_eq!(
        m.jobs()
            .map(|j| (j.phase, j.pod().cloned()))
            .collect::<Vec<_>>(),
        [(Phase::Cancelled, None)]
    );
}

/// Three ranks as in the demo, in one pass.
fn demo() -> Model {
    let mut m = model();
    let pool = "cloud.google.com/gke-nodepool";
    let runner = |name: &str, of: &str| {
        let mut node = node(name, &format!("{pool}={of}"));
        node.taints = Box::new([taint("jobs.constable/public", "true")]);
        put_node(node)
    };
    feed(
        &mut m,
        list(
            Kind::Node,
            [
                put_node(node("c-1", "node-role.kubernetes.io/control-plane=")),
                put_node(node("n-1", &format!("{pool}=patricians"))),
                runner("p-1", "runner-large"),
                runner("p-2", "runner-large"),
                runner("p-3", "runner-small"),
            ],
        ),
    );
    m
}

fn tolerating(mut pod: Pod, selector: &str) -> Pod {
    spec(&mut pod).node_selector = pairs(selector);
    spec(&mut pod).tolerations = Box::new([Toleration {
        key: "jobs.constable/public".into(),
        exists: true,
        value: "".into(),
        effect: None,
    }]);
    pod
}

#[test]
fn pools_with_rank_counts_slots_and_waiting_jobs() {
    let mut m = demo();
    let large = "cloud.google.com/gke-nodepool=runner-large";
    let running = |name: &str, id: &str, node: &str| {
        let mut pod = bound(job_pod(name, id), node);
        pod.started = Some(at(20).into());
        put_pod(pod)
    };
    let mut old = tolerating(job_pod("w1", "w1"), large);
    old.meta.created = at(-100);
    let mut done = bound(job_pod("d", "d"), "p-1");
    done.phase = PodPhase::Failed;
    let watched = list(Kind::Pod, [put_pod(done.clone())]);
    assert_eq!(
        ends_after(&mut m.clone(), at(60), watched.clone()).finished,
        0,
        "what ended before the first list is no sample"
    );
    m.apply(at(0), list(Kind::Pod, []), &Plain);
    feed(
        &mut m,
        list(
            Kind::Pod,
            [
                put_pod(bound(pod("sys/api", ""), "n-1")),
                running("r1", "r1", "p-1"),
                running("r2", "r2", "p-2"),
                put_pod(done),
                put_pod(old),
                put_pod(tolerating(job_pod("w2", "w2"), large)),
                put_pod(tolerating(job_pod("w3", "w3"), "")),
                put_pod(tolerating(
                    job_pod("w4", "w4"),
                    "cloud.google.com/gke-nodepool=gpu",
                )),
                put_pod(tolerating(job_pod("w5", "w5"), "disk=ssd")),
            ],
        ),
    );
    let pools = m.pools(at(60));
    let rows: Vec<_> = pools
        .iter()
        .map(|p| {
            let nodes = p.nodes.map_or(0, |n| n.total);
            (
                p.rank,
                &*p.name,
                nodes,
                p.jobs.running,
                p.jobs.waiting,
                p.services,
            )
        })
        .collect();
    assert_eq!(
        rows,
        [
            (Rank::Controllers, "control-plane", 1, 0, 0, 0),
            (Rank::Patricians, "patricians", 1, 0, 0, 1),
            (Rank::Peasants, "gpu", 0, 0, 1, 0),
            (Rank::Peasants, "runner-large", 2, 2, 2, 0),
            (Rank::Peasants, "runner-small", 1, 0, 0, 0),
        ]
    );
    let large = &pools[3];
    assert_eq!(&*large.why, "'runner' in its name");
    assert_eq!(large.slots.map(|s| (s.free, s.total)), Some((30, 32)));
    assert_eq!(large.oldest, Some(at(-100)));
    assert_eq!(large.start.map(|s| (s.p50, s.count)), Some((20, 2)));
    assert_eq!(
        large.ends,
        Ends {
            finished: 1,
            failed: 1,
            ..Ends::default()
        }
    );
    assert_eq!(large.requested.cpu, 2_000);
    assert_eq!(&*pools[2].why, "waiting jobs ask for it");
    // The job without a selector may go to either runner pool or, untainted, to the others.
    assert!(matches!(m.place(&key("w3")), Some(Place::AnyOf(names)) if names.len() == 4));
    assert_eq!(m.place(&key("w5")), Some(&Place::None));
    assert_eq!(m.oldest_waiting(), Some(&key("w1")));
    let ranks = m.ranks(&pools);
    let rows: Vec<_> = ranks
        .iter()
        .map(|r| (r.rank, r.jobs.running, r.jobs.waiting))
        .collect();
    assert_eq!(
        rows,
        [
            (Rank::Controllers, 0, 0),
            (Rank::Patricians, 0, 0),
            (Rank::Peasants, 2, 4)
        ]
    );
    assert_eq!(ranks[2].any.len(), 1);
    assert_eq!(m.control_plane(), super::super::ControlPlane::Visible);
}

#[test]
fn a_rank_by_load_stays_once_decided() {
    let mut m = model();
    let work =
        |n: usize| (0..n).map(|i| put_pod(bound(job_pod(&format!("j{i}"), &format!("{i}")), "a")));
    feed(
        &mut m,
        list(Kind::Node, [put_node(node("a", "agentpool=x"))]),
    );
    assert_eq!(
        m.pools(at(0))[0].rank,
        Rank::Patricians,
        "for the time being"
    );
    feed(
        &mut m,
        list(
            Kind::Pod,
            work(3).chain([put_pod(bound(pod("s/api", ""), "a"))]),
        ),
    );
    let pool = &m.pools(at(0))[0];
    assert_eq!(
        (pool.rank, &*pool.why),
        (Rank::Peasants, "CI jobs hold 75% of its requests")
    );
    assert_eq!(pool.mixture().as_deref(), Some("3 jobs, 1 services"));
    feed(
        &mut m,
        list(Kind::Pod, [put_pod(bound(pod("s/api", ""), "a"))]),
    );
    assert_eq!(m.pools(at(0))[0].rank, Rank::Peasants, "sticky");
    m.set_rank("x", Rank::Patricians);
    assert_eq!(m.pools(at(0))[0].rank, Rank::Patricians);
    assert!(m.single_node().is_some());
    assert_eq!(m.control_plane(), super::super::ControlPlane::ByProvider);
}

#[test]
fn nodes_that_may_not_be_listed_are_unknown_not_none() {
    let mut m = model();
    let denied = FeedState::Denied {
        verb: "list".into(),
        resource: "nodes".into(),
    };
    m.set_feed(at(0), Kind::Node, denied, &Plain);
    let selects = |pod| tolerating(pod, "agentpool=runners");
    feed(
        &mut m,
        list(
            Kind::Pod,
            [
                put_pod(bound(selects(job_pod("p", "1")), "n1")),
                put_pod(bound(pod("s/api", ""), "n2")),
                put_pod(selects(job_pod("w", "2"))),
            ],
        ),
    );
    let rows: Vec<_> = m
        .pools(at(0))
        .into_iter()
        .map(|p| {
            (
                p.rank,
                p.name.to_string(),
                p.nodes,
                p.allocatable,
                p.slots,
                p.jobs.running,
                p.jobs.waiting,
            )
        })
        .collect();
    assert_eq!(
        rows,
        [
            (Rank::Patricians, "?".into(), None, None, None, 0, 0),
            (Rank::Peasants, "runners".into(), None, None, None, 1, 1),
        ]
    );
    assert!(!m.nodes_visible());
    assert_eq!(m.control_plane(), super::super::ControlPlane::Unknown);
    let pools = m.pools(at(0));
    assert!(m.ranks(&pools).iter().all(|r| r.nodes.is_none()));
}

#[test]
fn node_counts() {
    let mut m = model();
    let mut fresh = node("a", "agentpool=x");
    fresh.conditions = Box::new([condition("Ready", Truth::False, "KubeletNotReady")]);
    let mut broken = fresh.clone();
    broken.meta = meta("b", "agentpool=x");
    broken.conditions[0].since = Some(at(400));
    let mut cordoned = node("c", "agentpool=x");
    cordoned.unschedulable = true;
    feed(
        &mut m,
        list(
            Kind::Node,
            [put_node(fresh), put_node(broken), put_node(cordoned)],
        ),
    );
    let want = |coming| NodeCounts {
        total: 3,
        ready: 1,
        cordoned: 1,
        coming,
    };
    assert_eq!(m.pools(at(500))[0].nodes, Some(want(1)));
    assert_eq!(m.pools(at(3_600))[0].nodes, Some(want(0)));
}

fn objects(m: &mut Model, now: i64, ports: &[(&str, u16)], ready: &[bool]) {
    let service = Service {
        meta: meta("s/hooks", ""),
        kind: "ClusterIP".into(),
        cluster_ip: "10.0.0.1".into(),
        ports: ports
            .iter()
            .map(|(name, port)| ServicePort {
                name: (*name).into(),
                port: *port,
            })
            .collect(),
        selector: pairs("app=hooks"),
    };
    let slice = EndpointSlice {
        meta: meta("s/hooks-1", ""),
        service: "hooks".into(),
        ports: ports.iter().map(|(name, _)| (*name).into()).collect(),
        endpoints: ready
            .iter()
            .enumerate()
            .map(|(i, ready)| Endpoint {
                ready: *ready,
                pod: format!("hooks-{i}").into(),
                node: "".into(),
            })
            .collect(),
    };
    let one = |o| Delta::Upsert(o);
    m.apply(
        at(now),
        list(Kind::Service, [one(Object::Service(Arc::new(service)))]),
        &Plain,
    );
    m.apply(
        at(now),
        list(
            Kind::EndpointSlice,
            [one(Object::EndpointSlice(Arc::new(slice)))],
        ),
        &Plain,
    );
}

#[test]
fn ingress_health_and_since_when() {
    let mut m = model();
    let ingress = Ingress {
        meta: meta("s/i", ""),
        class: "".into(),
        routes: Box::new([Route {
            host: "api.example.com".into(),
            path: "/hooks".into(),
            backend: Backend::Service {
                name: "hooks".into(),
                port: "http".into(),
            },
        }]),
        addresses: Box::default(),
    };
    let uid = ingress.meta.uid.clone();
    let of = |m: &Model| {
        let [one] = m.routes_health(&uid) else {
            panic!("one route");
        };
        let text = match &one.health {
            Health::Well { ready, total } => format!("well {ready}/{total}"),
            Health::Broken(why) | Health::Unknown(why) => why.to_string(),
        };
        (text, (one.since - at(0)).num_seconds())
    };
    let upsert = Delta::Upsert(Object::Ingress(Arc::new(ingress)));
    m.apply(at(1), list(Kind::Ingress, [upsert]), &Plain);
    assert_eq!(of(&m), ("services are not watched".into(), 1));
    m.apply(at(2), list(Kind::Service, []), &Plain);
    assert_eq!(of(&m), ("service hooks not found".into(), 2));
    objects(&mut m, 3, &[("web", 80)], &[true]);
    assert_eq!(of(&m), ("service hooks has no port http".into(), 2));
    objects(&mut m, 4, &[("http", 80)], &[false, false, false]);
    assert_eq!(
        of(&m),
        ("hooks:http has no ready endpoint (0 of 3)".into(), 2)
    );
    objects(&mut m, 5, &[("http", 80)], &[]);
    assert_eq!(of(&m), ("hooks:http has no endpoint".into(), 2));
    objects(&mut m, 6, &[("http", 80)], &[true, false, true]);
    assert_eq!(of(&m), ("well 2/3".into(), 6));
    let stale = || FeedState::Stale {
        since: at(6),
        why: "connection refused".into(),
    };
    m.set_feed(at(6), Kind::Service, stale(), &Plain);
    assert_eq!(
        of(&m),
        ("services are out of date: connection refused".into(), 6)
    );
    m.set_feed(at(6), Kind::Service, FeedState::Live, &Plain);
    objects(&mut m, 7, &[("http", 80)], &[false]);
    m.set_feed(at(8), Kind::Service, stale(), &Plain);
    let broken = ("hooks:http has no ready endpoint (0 of 1)".into(), 7);
    assert_eq!(of(&m), broken, "what was broken stays so");
    let denied = FeedState::Denied {
        verb: "list".into(),
        resource: "endpointslices".into(),
    };
    m.set_feed(at(9), Kind::Service, FeedState::Live, &Plain);
    m.set_feed(at(9), Kind::EndpointSlice, denied, &Plain);
    assert_eq!(
        of(&m),
        ("endpointslices may not be seen (list denied)".into(), 9)
    );
}

#[derive(Clone, Debug)]
enum Op {
    Pod(usize, Option<usize>, u8, u8, i64),
    RemovePod(usize),
    Resync(Vec<(usize, Option<usize>, u8, u8, i64)>),
    Node(usize, bool),
    RemoveNode(usize),
}

fn any_pod() -> impl Strategy<Value = (usize, Option<usize>, u8, u8, i64)> {
    (
        0..8_usize,
        proptest::option::of(0..3_usize),
        0..4_u8,
        0..5_u8,
        1..4_i64,
    )
}

fn any_op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => any_pod().prop_map(|(n, node, phase, what, cpu)| Op::Pod(n, node, phase, what, cpu)),
        2 => (0..8_usize).prop_map(Op::RemovePod),
        1 => proptest::collection::vec(any_pod(), 0..8).prop_map(Op::Resync),
        1 => (0..3_usize, any::<bool>()).prop_map(|(n, other)| Op::Node(n, other)),
        1 => (0..3_usize).prop_map(Op::RemoveNode),
    ]
}

fn made((n, on, phase, what, cpu): (usize, Option<usize>, u8, u8, i64)) -> Delta {
    let labels = if what == 0 {
        format!("job={n}")
    } else {
        String::new()
    };
    let mut pod = pod(&format!("a/p{n}"), &labels);
    pod.node = on.map(|i| format!("n{i}").into());
    pod.phase = [
        PodPhase::Pending,
        PodPhase::Running,
        PodPhase::Succeeded,
        PodPhase::Failed,
    ][usize::from(phase)];
    pod.meta.owner = match what {
        1 => owner("Job", if n.is_multiple_of(2) { "even" } else { "odd" }),
        2 => owner("DaemonSet", "ds"),
        3 => owner("ReplicaSet", "rs"),
        _ => None,
    };
    spec(&mut pod).requests.cpu = cpu * 500;
    put_pod(pod)
}

/// The sums of a node, counted anew.
fn recount(m: &Model, node: &str) -> NodeSums {
    let mut sums = NodeSums::default();
    for pod in m.pods().filter(|p| p.node.as_deref() == Some(node)) {
        let batch = Plain.batch_owner(pod).is_some();
        sums.add(pod, purpose(pod, pod.meta.label("job").is_some(), batch));
        sums.known += 1;
    }
    sums
}

proptest! {
    #[test]
    fn sums_equal_a_recount(ops in proptest::collection::vec(any_op(), 1..60)) {
        let mut m = model();
        for op in ops {
            match op {
                Op::Pod(n, node, phase, what, cpu) => {
                    feed(&mut m, watch(Kind::Pod, [made((n, node, phase, what, cpu))]));
                }
                Op::RemovePod(n) => {
                    feed(&mut m, watch(Kind::Pod, [gone(&format!("a/p{n}"))]));
                }
                Op::Resync(pods) => {
                    feed(&mut m, list(Kind::Pod, pods.into_iter().map(made)));
                }
                Op::Node(n, other) => {
                    let labels = if other { "agentpool=x" } else { "agentpool=y" };
                    feed(&mut m, watch(Kind::Node, [put_node(node(&format!("n{n}"), labels))]));
                }
                Op::RemoveNode(n) => {
                    feed(&mut m, watch(Kind::Node, [gone(&format!("n{n}"))]));
                }
            }
        }
        for n in ["n0", "n1", "n2"] {
            let mut sums = m.sums(n).cloned().unwrap_or_default();
            sums.first = None;
            prop_assert_eq!(sums, recount(&m, n));
            prop_assert_eq!(m.pods_on(n).count(), m.pods().filter(|p| p.node.as_deref() == Some(n)).count());
        }
        for owner in ["even", "odd", "ds", "rs"] {
            let uid = Uid::from(&*format!("uid-{owner}"));
            let of = |p: &&Pod| p.meta.owner.as_ref().is_some_and(|o| o.uid == uid);
            prop_assert!(m.pods_of(&uid).eq(m.pods().filter(of)));
        }
        let queued = m.jobs().filter(|j| j.phase == Phase::Queued && j.pod().is_some()).count();
        prop_assert_eq!(m.waiting_count(), queued);
        for pod in m.pods() {
            let is_job = pod.meta.label("job").is_some() || Plain.batch_owner(pod).is_some();
            prop_assert_eq!(m.job_of_pod(&pod.meta.uid).is_some(), is_job);
        }
        prop_assert!(m.pods().is_sorted_by_key(|p| (p.meta.namespace.clone(), p.meta.name.clone())));
        let pods: Vec<&Pod> = m.pods().collect();
        prop_assert_eq!(m.count(Kind::Pod), pods.len());
        for (n, pod) in pods.iter().enumerate() {
            let (namespace, name) = (&*pod.meta.namespace, &*pod.meta.name);
            prop_assert_eq!(m.pod_named(namespace, name), Some(*pod));
            prop_assert_eq!(m.pod(&pod.meta.uid), Some(*pod));
            prop_assert!(m.pods_behind(Some((namespace, name))).eq(pods[n + 1..].iter().copied()));
        }
        let keys: Vec<JobKey> = m.jobs().map(Job::key).collect();
        prop_assert!(keys.is_sorted());
        prop_assert_eq!(m.job_count(), keys.len());
        for (n, key) in keys.iter().enumerate() {
            prop_assert!(m.job(key).is_some_and(|job| job.is(key)));
            prop_assert_eq!(m.attempts(key).last(), m.job(key));
            prop_assert_eq!(m.jobs_behind(Some(key)).count(), keys.len() - n - 1);
        }
        let total: i64 = m.pools(at(0)).iter().map(|p| p.requested.cpu).sum();
        let want: i64 = m.nodes().map(|n| recount(&m, &n.meta.name).requested.cpu).sum();
        prop_assert_eq!(total, want);
    }
}

#[test]
fn affinity_and_passing_taints() {
    let mut m = demo();
    let mut pod = tolerating(job_pod("p", "1"), "");
    spec(&mut pod).node_terms = Box::new([crate::model::NodeTerm {
        expressions: Box::new([(
            "cloud.google.com/gke-nodepool".into(),
            Operator::In,
            Box::new(["runner-small".into()]),
        )]),
    }]);
    feed(&mut m, list(Kind::Pod, [put_pod(pod)]));
    assert_eq!(m.place(&key("1")), Some(&Place::One("runner-small".into())));
    // A cordon does not change the pool.
    let mut small = node("p-3", "cloud.google.com/gke-nodepool=runner-small");
    small.taints = Box::new([taint("node.kubernetes.io/unschedulable", "")]);
    small.unschedulable = true;
    feed(&mut m, watch(Kind::Node, [put_node(small)]));
    assert_eq!(m.place(&key("1")), Some(&Place::One("runner-small".into())));
    // Its last node gone, the job still asks for it.
    feed(&mut m, watch(Kind::Node, [gone("p-3")]));
    assert_eq!(m.place(&key("1")), Some(&Place::One("runner-small".into())));
}

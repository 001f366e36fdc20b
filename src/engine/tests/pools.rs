//! Pools kept by delta are those that the model folds.

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Pod(u8, Option<u8>, u8),
    PodGone(u8),
    Node(u8, u8, bool, bool),
    NodeGone(u8),
    Look,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (0u8..20, prop::option::of(0u8..6), 0u8..4).prop_map(|(n, on, w)| Step::Pod(n, on, w)),
        2 => (0u8..20).prop_map(Step::PodGone),
        2 => (0u8..6, 0u8..3, any::<bool>(), any::<bool>())
            .prop_map(|(n, p, r, c)| Step::Node(n, p, r, c)),
        1 => (0u8..6).prop_map(Step::NodeGone),
        1 => Just(Step::Look),
    ];
    prop::collection::vec(step, 1..80)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn equal_the_model_s_fold_after_any_changes(steps in steps()) {
        let mut bench = bench();
        let pools = ["runner", "platform", "gpu"];
        for step in steps {
            let batch = match step {
                Step::Pod(n, on, what) => {
                    let on = on.map(|n| format!("p-{n}"));
                    let phase = [PodPhase::Running, PodPhase::Failed][usize::from(what % 2)];
                    let phase = if on.is_none() { PodPhase::Pending } else { phase };
                    let mut pod = if what < 2 {
                        job(&n.to_string(), "shop/api", on.as_deref(), phase)
                    } else {
                        let mut pod = pod(&format!("ci-jobs/job-{n}-1"), "app=x");
                        pod.node = on.map(|n| (*n).into());
                        pod
                    };
                    spec(&mut pod).requests.cpu = 500 * i64::from(n % 3 + 1);
                    watch(Kind::Pod, [put_pod(pod)])
                }
                Step::PodGone(n) => {
                    let path = format!("ci-jobs/job-{n}-1");
                    watch(Kind::Pod, [crate::model::testing::gone(&path)])
                }
                Step::Node(n, pool, ready, cordoned) => {
                    let pool = pools[usize::from(pool)];
                    let mut node = node(&format!("p-{n}"), &format!("{POOL}={pool}"));
                    node.unschedulable = cordoned;
                    if !ready {
                        let c = crate::model::testing::condition("Ready", Truth::False, "Lost");
                        node.conditions = Box::new([c]);
                    }
                    watch(Kind::Node, [put_node(node)])
                }
                Step::NodeGone(n) => {
                    let path = format!("p-{n}");
                    watch(Kind::Node, [crate::model::testing::gone(&path)])
                }
                Step::Look => {
                    let cluster = bench.engine.clusters.home();
                    cluster.pools();
                    continue;
                }
            };
            bench.send(Event::Watch(ClusterNo::FIRST, Box::new(batch)));
        }
        let cluster = bench.engine.clusters.home();
        let now = cluster.turned;
        prop_assert_eq!(cluster.pools(), cluster.model.pools(now));
        for pool in cluster.pools() {
            let want: Vec<char> = cluster.model.nodes()
                .filter(|n| cluster.model.pool_of_node(&n.meta.name) == Some(&pool.name))
                .map(|n| crate::engine::overview::glyph(n, now).0)
                .collect();
            let sums = cluster.sums.borrow();
            let got: Vec<char> = sums.glyphs(&pool.name).iter().map(|g| g.0).collect();
            prop_assert_eq!(got, want, "{}", pool.name);
        }
        let down: Vec<&Text> = cluster.model.nodes()
            .filter(|n| !n.is_ready())
            .map(|n| &n.meta.name)
            .collect();
        prop_assert_eq!(cluster.standing.down.iter().collect::<Vec<_>>(), down);
    }
}

#[test]
fn a_laptop_s_cluster_is_one_line_and_its_pool() {
    let mut bench = bench();
    let plane = "node-role.kubernetes.io/control-plane=";
    let mut service = pod("ci-system/api-1", "app=api");
    service.node = Some("minikube".into());
    service.phase = PodPhase::Running;
    let batches = [
        list(Kind::Node, [put_node(node("minikube", plane))]),
        list(
            Kind::Pod,
            [
                put_pod(service),
                put_pod(job("1", "shop/api", Some("minikube"), PodPhase::Running)),
            ],
        ),
    ];
    for batch in batches {
        bench.send(Event::Watch(ClusterNo::FIRST, Box::new(batch)));
    }
    let overview = bench.engine.overview_view(bench.engine.clock);
    let text = |line: &crate::engine::view::Line| -> String {
        line.iter().map(|span| &*span.text).collect()
    };
    let ranks: Vec<(String, Vec<String>, Vec<String>)> = overview.clusters[0]
        .ranks
        .iter()
        .map(|rank| {
            let pools = rank.pools.iter();
            (
                rank.title.text.to_string(),
                rank.facts.iter().map(text).collect(),
                pools
                    .map(|p| format!("{} {}", p.name, text(&p.facts[1])))
                    .collect(),
            )
        })
        .collect();
    let facts = ["1/1 ready", "running 1", "control plane, 1 service"];
    let want = (
        "ONE NODE minikube".to_owned(),
        facts.map(str::to_owned).to_vec(),
        vec!["control-plane waiting 0".to_owned()],
    );
    assert_eq!(ranks, [want]);
}

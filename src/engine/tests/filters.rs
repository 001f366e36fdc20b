//! What a filter shows is what a plain look at the cells finds, whatever changed while it was on or typed.

use proptest::prelude::*;

use super::*;
use crate::engine::table::TableState;

/// Columns whose text changes as time passes: filters do not look there.
const MOVES: [&str; 4] = ["RESTARTS", "AGE", "WAIT", "RUN"];

#[derive(Clone, Debug)]
enum Step {
    Pod(u8, Option<u8>, u8),
    PodGone(u8),
    Node(u8, u8),
    NodeGone(u8),
    Keys(&'static str),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let keys = prop::sample::select(vec![
        "/1<enter>",
        "/shop<enter>",
        "/!FAILED oom<enter>",
        "/node:p-2 ●<enter>",
        "/job:web<enter>",
        "/gpu<enter>",
        "/zz",
        "/",
        "<esc>",
        ":jobs<enter>",
        ":pods<enter>",
        ":sort node<enter>",
    ]);
    let step = prop_oneof![
        4 => (0u8..12, prop::option::of(0u8..5), 0u8..4).prop_map(|(n, on, w)| Step::Pod(n, on, w)),
        2 => (0u8..12).prop_map(Step::PodGone),
        1 => (0u8..5, 0u8..3).prop_map(|(n, p)| Step::Node(n, p)),
        1 => (0u8..5).prop_map(Step::NodeGone),
        4 => keys.prop_map(Step::Keys),
    ];
    prop::collection::vec(step, 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn equal_a_plain_scan_after_any_changes(steps in steps(), pods: bool) {
        let mut bench = bench();
        bench.keys(if pods { ":pods<enter>" } else { ":jobs<enter>" });
        for step in steps {
            match step {
                Step::Pod(n, on, what) => {
                    let on = on.map(|n| format!("p-{n}"));
                    let phase = if on.is_none() {
                        PodPhase::Pending
                    } else {
                        [PodPhase::Running, PodPhase::Failed][usize::from(what % 2)]
                    };
                    let project = ["shop/api", "Shop/Web"][usize::from(what / 2)];
                    let pod = job(&n.to_string(), project, on.as_deref(), phase);
                    bench.send(Event::Watch(ClusterNo::FIRST, Box::new(watch(Kind::Pod, [put_pod(pod)]))));
                }
                Step::PodGone(n) => {
                    let gone = crate::model::testing::gone(&format!("ci-jobs/job-{n}-1"));
                    bench.send(Event::Watch(ClusterNo::FIRST, Box::new(watch(Kind::Pod, [gone]))));
                }
                Step::Node(n, pool) => {
                    let pool = ["runner", "platform", "gpu"][usize::from(pool)];
                    let node = put_node(node(&format!("p-{n}"), &format!("{POOL}={pool}")));
                    bench.send(Event::Watch(ClusterNo::FIRST, Box::new(watch(Kind::Node, [node]))));
                }
                Step::NodeGone(n) => {
                    let gone = crate::model::testing::gone(&format!("p-{n}"));
                    bench.send(Event::Watch(ClusterNo::FIRST, Box::new(watch(Kind::Node, [gone]))));
                }
                Step::Keys(keys) => {
                    bench.keys(keys);
                }
            }
        }
        let engine = &bench.engine;
        let sight = engine.sight(engine.clock);
        let Some(table) = engine.screens.top().table() else {
            return Ok(());
        };
        let ids = |table: &view::Table| {
            let mut ids: Vec<_> = table.rows.iter().map(|r| format!("{:?}", r.id)).collect();
            ids.sort();
            ids
        };
        let mut all = TableState::new(table.kind, table.scope.clone());
        while all.work(100, &sight) >= 100 {}
        let mut want = all.view(&sight, 100, String::new(), Line::default());
        let found = |row: &view::Row, column: Option<&str>, word: &str| {
            want.heads.iter().zip(&row.cells).any(|(head, cell)| {
                !MOVES.contains(&&*head.title)
                    && column.is_none_or(|c| c.eq_ignore_ascii_case(&head.title))
                    && cell.text.to_lowercase().contains(&word.to_lowercase())
            })
        };
        let text = table.filter_text().to_owned();
        let shows = |row: &view::Row| {
            text.split_whitespace().all(|word| {
                let (not, word) = word
                    .strip_prefix('!')
                    .map_or((false, word), |word| (true, word));
                let (column, word) = match word.split_once(':') {
                    Some((column, word)) => (Some(column), word),
                    None => (None, word),
                };
                found(row, column, word) != not
            })
        };
        let rows: Vec<_> = want.rows.iter().filter(|row| shows(row)).cloned().collect();
        want.rows = rows;
        let got = table.view(&sight, 100, String::new(), Line::default());
        prop_assert_eq!(ids(&got), ids(&want), "{:?} {}", table.kind, text);
    }
}

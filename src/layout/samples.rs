//! Scenes for tests: what an engine shows on an ordinary bad day.

use super::Scene;
use crate::engine::view::*;

pub(crate) fn span(text: &str, tone: Tone) -> Span {
    Span::new(text.to_owned(), tone)
}

fn plain(text: &str) -> Line {
    vec![span(text, Tone::Plain)]
}

fn header() -> Header {
    Header {
        left: vec![
            vec![span("Constable", Tone::Accent)],
            vec![span("prod-eu", Tone::Strong)],
            vec![span("all namespaces", Tone::Dim)],
        ],
        right: vec![
            vec![span("v1.37.2", Tone::Dim)],
            vec![span("api p95 40ms", Tone::Dim)],
            vec![span("LOCKED", Tone::Accent)],
            vec![span("✕ 3 problems", Tone::Bad)],
            vec![span("● live", Tone::Good)],
            vec![span("14:02:11", Tone::Plain)],
        ],
    }
}

fn hints() -> Vec<Hint> {
    [
        ("enter", "open"),
        ("l", "log"),
        ("/", "filter"),
        (":", "go to"),
        ("a", "actions"),
        ("X", "cancel"),
        ("R", "retry"),
        ("?", "help"),
    ]
    .map(|(key, text)| Hint {
        key: key.to_owned(),
        text,
    })
    .to_vec()
}

fn scene(body: Body) -> Scene {
    Scene {
        header: header(),
        body,
        table: None,
        log: None,
        overlay: None,
        hints: hints(),
        notice: None,
    }
}

fn glyphs(text: &str) -> Vec<(char, Tone)> {
    text.chars()
        .map(|c| {
            let tone = match c {
                '■' => Tone::Good,
                '✕' => Tone::Bad,
                _ => Tone::Warn,
            };
            (c, tone)
        })
        .collect()
}

fn pool(name: &str, nodes: &str, facts: &[&str], selected: bool) -> PoolView {
    PoolView {
        id: RowId::Name(name.into()),
        name: name.into(),
        selected,
        nodes: glyphs(nodes),
        facts: facts.iter().map(|fact| plain(fact)).collect(),
    }
}

pub(crate) fn overview() -> Scene {
    let rank = |title: &str, facts: &[&str], cpu, memory, pools| RankView {
        title: span(title, Tone::Strong),
        facts: facts.iter().map(|fact| plain(fact)).collect(),
        gauges: vec![("cpu", cpu), ("mem", memory)],
        pools,
    };
    let view = Overview {
        clusters: vec![ClusterView {
            head: None,
            ranks: vec![
                rank(
                    "CONTROLLERS",
                    &["3/3 ready"],
                    Some(0.34),
                    Some(0.51),
                    vec![],
                ),
                rank(
                    "PATRICIANS",
                    &["12/12 ready", "workers 4/4", "api 6/6", "results 3/3"],
                    Some(0.71),
                    None,
                    vec![],
                ),
                rank(
                    "PEASANTS (job nodes)",
                    &["46/48 ready, 3 coming", "running 391", "waiting 27"],
                    Some(0.91),
                    Some(0.6),
                    vec![
                        pool(
                            "runner-large",
                            "■■■■■■■■■■■▲■■■■■■✕■■■⊘⊘■",
                            &[
                                "free 12 of 240",
                                "waiting 26, oldest 6m",
                                "start p95 48s",
                                "failed 9%",
                            ],
                            true,
                        ),
                        pool(
                            "runner-small",
                            "■■■■■■■■■■■■■■■■■■■■■■■",
                            &[
                                "free 61 of 240",
                                "waiting 1, oldest 4s",
                                "start p95 7s",
                                "failed 8%",
                            ],
                            false,
                        ),
                    ],
                ),
            ],
        }],
        ingresses: vec![
            vec![
                span("✕ ", Tone::Bad),
                span(
                    "api.example.com/hooks → hooks:80 has no ready endpoint (4m)",
                    Tone::Plain,
                ),
            ],
            vec![span("● 13 other hosts well", Tone::Dim)],
        ],
        problems: vec![
            vec![
                span("✕ ", Tone::Bad),
                span("node p-31  ", Tone::Strong),
                span(
                    "NotReady since 13:40: kubelet stopped posting node status",
                    Tone::Plain,
                ),
            ],
            vec![
                span("▲ ", Tone::Warn),
                span("23 jobs  ", Tone::Strong),
                span(
                    "image build-base:7 cannot be pulled on 9 nodes since 13:51",
                    Tone::Plain,
                ),
            ],
        ],
    };
    let mut scene = scene(Body::Overview(Box::new(view)));
    scene.table = Some(jobs());
    scene
}

const JOBS: [[&str; 9]; 6] = [
    [
        "shop/api build #8121",
        "main",
        "4/6 test",
        "● Running",
        "p-07",
        "2s",
        "4m12s",
        "1.8",
        "dev-4",
    ],
    [
        "shop/web test #8122",
        "feat/größer",
        "1/3 checkout",
        "● Running",
        "p-11",
        "4s",
        "12s",
        "0.4",
        "dev-12",
    ],
    [
        "infra/images 日本 #77",
        "main",
        "",
        "◌ Queued",
        "",
        "6m01s",
        "",
        "",
        "bot",
    ],
    [
        "shop/api e2e #8119",
        "main",
        "2/2 e2e",
        "✕ Failed",
        "p-31",
        "1s",
        "9m40s",
        "",
        "dev-4",
    ],
    [
        "data/etl nightly #4",
        "release-2026-07-long-branch-name",
        "2/9 load",
        "● Running",
        "p-02",
        "1s",
        "41m",
        "3.9",
        "cron",
    ],
    [
        "shop/api lint #8120",
        "main",
        "1/1 lint",
        "✓ Succeeded",
        "p-09",
        "1s",
        "31s",
        "",
        "dev-4",
    ],
];

pub(crate) fn jobs() -> Table {
    let head = |title: &'static str, width, right, rank, sorted| Head {
        title: title.into(),
        width,
        right,
        rank,
        sorted,
    };
    let rows = JOBS
        .iter()
        .cycle()
        .take(60)
        .enumerate()
        .map(|(at, cells)| Row {
            id: RowId::Number(at as u64),
            cells: cells
                .iter()
                .enumerate()
                .map(|(column, text)| {
                    let tone = match (column, text.chars().next()) {
                        (3, Some('✕')) => Tone::Bad,
                        (3, Some('●')) => Tone::Busy,
                        (3, Some('✓')) => Tone::Good,
                        (3, _) => Tone::Warn,
                        (1 | 8, _) => Tone::Dim,
                        _ => Tone::Plain,
                    };
                    span(text, tone)
                })
                .collect(),
            marked: at == 3,
        })
        .collect();
    Table {
        title: "jobs".to_owned(),
        heads: vec![
            head("JOB", Width::Grow(20, 3), false, 0, None),
            head("REF", Width::Grow(6, 1), false, 4, None),
            head("STEP", Width::Grow(10, 1), false, 3, None),
            head("PHASE", Width::Fixed(11), false, 0, None),
            head("NODE", Width::Fixed(6), false, 2, None),
            head("WAIT", Width::Fixed(6), true, 1, Some(Sorted::Down)),
            head("RUN", Width::Fixed(6), true, 0, None),
            head("CPU", Width::Fixed(4), true, 5, None),
            head("WHO", Width::Fixed(8), false, 4, None),
        ],
        rows,
        top: 11,
        cursor: Some(13),
        shown: 391,
        total: 418,
        hidden_marks: 0,
        empty: plain("no job matches"),
    }
}

pub(crate) fn table() -> Scene {
    let mut scene = scene(Body::Table);
    let mut table = jobs();
    table.hidden_marks = 3;
    scene.table = Some(table);
    scene.notice = Some(vec![span(
        "▲ pods: stale for 12 s, server unreachable",
        Tone::Warn,
    )]);
    scene
}

pub(crate) fn detail() -> Scene {
    let steps = [
        ("✓", "fetch code", "done", "14:01:02", "3s"),
        ("✓", "restore cache", "done", "14:01:05", "11s"),
        ("●", "build", "running", "14:01:16", "55s"),
        ("◌", "test", "", "", ""),
    ];
    let view = Detail {
        title: vec![
            span("shop/api build #8121", Tone::Strong),
            span("  attempt 2", Tone::Dim),
        ],
        facts: vec![
            (
                "phase",
                vec![
                    span("● Running", Tone::Busy),
                    span(" step 3 of 4", Tone::Plain),
                ],
            ),
            ("ref", plain("main")),
            ("who", plain("dev-4")),
            ("pool", plain("runner-large")),
            ("node", plain("p-07")),
            ("pod", plain("ci/runner-8121-2-x7f2q")),
            (
                "image",
                plain(
                    "registry.example.com/platform/build-base:7@sha256:4c1d00000000000000000000000000000000000000000000000000000000beef",
                ),
            ),
            ("wait", plain("2s")),
        ],
        notes: vec![plain(
            "PodScheduled: 0/63 nodes are available: 3 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, 48 Insufficient cpu, 12 node(s) didn't match Pod's node affinity/selector.",
        )],
        steps: steps
            .iter()
            .enumerate()
            .map(|(at, (glyph, name, state, start, took))| StepView {
                id: RowId::Number(at as u64),
                cells: vec![
                    span(
                        glyph,
                        if *glyph == "✓" {
                            Tone::Good
                        } else {
                            Tone::Busy
                        },
                    ),
                    span(name, Tone::Plain),
                    span(state, Tone::Dim),
                    span(start, Tone::Dim),
                    span(took, Tone::Plain),
                ],
                selected: at == 2,
            })
            .collect(),
    };
    let mut scene = scene(Body::Detail(Box::new(view)));
    let mut pods = jobs();
    pods.title = "pods of p-07".to_owned();
    scene.table = Some(pods);
    scene
}

pub(crate) fn log() -> Scene {
    let styled = |text: &str, color: Option<u8>, bold: bool, hit: bool| Styled {
        text: text.to_owned(),
        color,
        bold,
        dim: false,
        hit,
    };
    let lines = (0..60)
        .map(|at| LogRow {
            whose: None,
            prefix: vec![span("step-test │ ", Tone::Dim)],
            text: match at % 3 {
                0 => vec![
                    styled("ok", Some(2), true, false),
                    styled(
                        &format!(" {at} checkout_total keeps 日本 and größe"),
                        None,
                        false,
                        false,
                    ),
                ],
                1 => vec![
                    styled("test ", None, false, false),
                    styled("api", None, false, true),
                    styled(" … skipped", Some(244), false, false),
                ],
                _ => vec![styled(
                    "FAIL <payments & co> expected 3, got 4",
                    Some(9),
                    true,
                    false,
                )],
            },
        })
        .collect();
    let mut scene = scene(Body::Log);
    scene.log = Some(LogView {
        title: vec![
            span("log of shop/api test #8121", Tone::Strong),
            span(" · step-test", Tone::Dim),
        ],
        lines,
        position: vec![span("1,204 of 1,260 lines, 0 dropped", Tone::Dim)],
        state: vec![span("● following", Tone::Busy)],
    });
    scene
}

pub(crate) fn over(base: Scene, overlay: Overlay) -> Scene {
    Scene {
        overlay: Some(overlay),
        ..base
    }
}

pub(crate) fn help() -> Overlay {
    let entries = |keys: &[(&str, &'static str)]| -> Vec<(String, &'static str)> {
        keys.iter().map(|(k, t)| ((*k).to_owned(), *t)).collect()
    };
    let groups = vec![
        (
            "move",
            entries(&[
                ("j k ↓ ↑", "down, up"),
                ("g G", "first, last"),
                ("ctrl-d ctrl-u", "half a page"),
                ("enter", "open"),
                ("esc", "clear the filter, then back"),
                ("q -", "back"),
            ]),
        ),
        (
            "find",
            entries(&[
                ("/", "filter"),
                ("n N", "next, previous"),
                (":", "go to, do anything"),
            ]),
        ),
        (
            "jobs",
            entries(&[
                ("l", "log"),
                ("p", "previous log"),
                ("space", "mark"),
                ("X", "cancel"),
                ("R", "retry"),
            ]),
        ),
        (
            "console",
            entries(&[
                ("ctrl-l", "unlock"),
                ("ctrl-z", "suspend"),
                (":q", "quit"),
                ("?", "help"),
            ]),
        ),
    ];
    Overlay::Help { groups, by: 0 }
}

pub(crate) fn prompt() -> Overlay {
    Overlay::Prompt {
        sigil: ":",
        text: "po".to_owned(),
        cursor: 2,
        choices: vec![
            ("pods".to_owned(), "all pods".to_owned()),
            ("pools".to_owned(), "the Overview".to_owned()),
        ],
        chosen: Some(0),
        error: String::new(),
    }
}

pub(crate) fn menu() -> Overlay {
    let entry =
        |text: &str, key: &str, why: &str| (text.to_owned(), key.to_owned(), why.to_owned());
    Overlay::Menu {
        title: "node p-07".to_owned(),
        entries: vec![
            entry("cordon", "c", ""),
            entry("uncordon", "u", "it is not cordoned"),
            entry("drain", "D", "you may not create pods/eviction in ci"),
        ],
        chosen: 1,
    }
}

pub(crate) fn confirm() -> Overlay {
    Overlay::Confirm {
        title: vec![span("Drain node p-07?", Tone::Strong)],
        lines: vec![
            plain("14 running jobs would die; their pods are not recreated."),
            vec![],
            vec![
                span("✕ ", Tone::Bad),
                span("shop/api build #8121 has run for 4m12s", Tone::Plain),
            ],
        ],
        top: 0,
        ask: vec![
            span("type 14 to drain, esc to leave: ", Tone::Accent),
            span("1", Tone::Strong),
        ],
    }
}

pub(crate) fn reading() -> Overlay {
    Overlay::Text {
        title: "why it waits".to_owned(),
        lines: (0..40)
            .map(|at| plain(&format!("{at}: 0/63 nodes are available: 48 Insufficient cpu, 12 node(s) didn't match Pod's node affinity/selector, and so on for a long line that wraps.")))
            .collect(),
        top: 3,
    }
}

/// What requests cost, as the engine words it.
fn figures() -> Vec<Line> {
    let kinds = [
        "nodes",
        "pods",
        "ingresses",
        "services",
        "endpointslices",
        "jobs",
        "replicasets",
        "statefulsets",
        "deployments",
        "daemonsets",
    ];
    let mut lines = vec![plain(
        "requests             asked on wire   plain   frames again 429 waited  p50   max",
    )];
    lines.extend(kinds.map(|kind| {
        plain(&format!(
            "{kind:20}     2     12K     12K       15                  1ms   3ms"
        ))
    }));
    lines
}

pub(crate) fn all() -> Vec<(&'static str, Scene)> {
    let mut empty = table();
    if let Some(table) = &mut empty.table {
        table.rows.clear();
        table.cursor = None;
        table.shown = 0;
    }
    vec![
        ("overview", overview()),
        ("table", table()),
        ("table-empty", empty),
        ("detail", detail()),
        ("log", log()),
        ("console-log", scene(Body::ConsoleLog(figures()))),
        ("help", over(overview(), help())),
        ("prompt", over(table(), prompt())),
        ("menu", over(table(), menu())),
        ("confirm", over(table(), confirm())),
        ("text", over(overview(), reading())),
    ]
}

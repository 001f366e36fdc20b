//! The engine by its events: before, keys, after.

use std::time::Duration;

mod clusters;
mod dirty;
mod filters;
mod logs;
mod pools;

use super::action::gate::Lock;
use super::view::{Body, Line, Overlay};
use super::*;
use crate::model::testing::{
    at, contain, container, ended, list, node, pod, put_node, put_pod, running, spec, watch,
};
use crate::model::{Condition, ContainerRole, Delta, FeedState, Kind, Pod, PodPhase, Truth};

/// An engine on a small cluster: pools `runner` (p-1, p-2) and `platform` (n-1); jobs 1 (runs on p-1),
/// 2 (failed on p-2), 3 (waits); a service pod `ci-system/api-0`.
struct Bench {
    engine: Engine,
    out: Vec<Effect>,
    seconds: i64,
}

const POOL: &str = "cloud.google.com/gke-nodepool";

fn job(id: &str, project: &str, on: Option<&str>, phase: PodPhase) -> Pod {
    let name = format!("ci-jobs/job-{id}-1");
    let mut pod = pod(
        &name,
        &format!("jobs.constable/id={id} jobs.constable/attempt=1"),
    );
    let annotations = [
        ("jobs.constable/name", "test"),
        ("jobs.constable/project", project),
        ("jobs.constable/run", id),
    ];
    pod.meta.annotations = annotations.into_iter().collect();
    pod.node = on.map(Into::into);
    pod.phase = phase;
    spec(&mut pod).node_selector = [(POOL.into(), "runner".into())].into();
    let mut checkout = container("checkout", ContainerRole::Init);
    let mut step = container("step-test", ContainerRole::Main);
    if on.is_some() {
        checkout.state = ended(0, "Completed", 1, 3);
        step.state = match phase {
            PodPhase::Failed => ended(137, "OOMKilled", 3, 9),
            _ => running(3),
        };
    } else {
        pod.conditions = [Condition {
            kind: "PodScheduled".into(),
            status: Truth::False,
            reason: "Unschedulable".into(),
            message: "0/3 nodes are available: 2 Insufficient cpu.".into(),
            since: Some(at(0)),
        }]
        .into_iter()
        .collect();
    }
    contain(&mut pod, [checkout, step]);
    pod
}

fn bench() -> Bench {
    bench_with(Settings::default())
}

fn bench_with(settings: Settings) -> Bench {
    let mut bench = Bench {
        engine: Engine::new(settings),
        out: Vec::new(),
        seconds: 100,
    };
    bench.send(Event::Server(
        ClusterNo::FIRST,
        Box::new(ServerInfo {
            cluster: "uid-cluster".into(),
            context: "prod-eu".into(),
            address: "https://127.0.0.1:6443".into(),
            version: "v1.37.0".into(),
            offset_ms: 0,
            latency_ms: Some(40),
            contexts: vec!["prod-eu".into(), "staging".into()],
            user: "oncall".into(),
        }),
    ));
    for kind in Kind::ALL {
        bench.send(Event::Watch(
            ClusterNo::FIRST,
            Box::new(list(kind, objects(kind))),
        ));
    }
    bench
}

fn objects(kind: Kind) -> Vec<Delta> {
    match kind {
        Kind::Node => ["p-1", "p-2", "n-1"]
            .into_iter()
            .map(|name| {
                let pool = if name.starts_with('p') {
                    "runner"
                } else {
                    "platform"
                };
                put_node(node(name, &format!("{POOL}={pool}")))
            })
            .collect(),
        Kind::Pod => {
            let mut api = pod("ci-system/api-0", "app=api");
            api.node = Some("n-1".into());
            api.phase = PodPhase::Running;
            let mut main = container("api", ContainerRole::Main);
            main.state = running(0);
            main.ready = true;
            contain(&mut api, [main]);
            vec![
                put_pod(api),
                put_pod(job("1", "shop/api", Some("p-1"), PodPhase::Running)),
                put_pod(job("2", "shop/web", Some("p-2"), PodPhase::Failed)),
                put_pod(job("3", "shop/cart", None, PodPhase::Pending)),
            ]
        }
        _ => Vec::new(),
    }
}

impl Bench {
    fn now(&self) -> Now {
        let boot = Duration::from_secs(u64::try_from(self.seconds).unwrap_or(0));
        Now {
            wall: at(self.seconds),
            boot,
        }
    }

    fn send(&mut self, event: Event) {
        let now = self.now();
        self.engine.handle(now, event, &mut self.out);
        while self.engine.work(100) {}
        self.engine.handle(now, Event::Drawn, &mut self.out);
    }

    /// Characters are keys; `<enter>`, `<esc>`, `<tab>`, `<c-x>` stand for what they say.
    fn keys(&mut self, keys: &str) -> &mut Self {
        let mut rest = keys;
        while let Some(c) = rest.chars().next() {
            let (key, len) = match rest.split_once('>').filter(|_| c == '<' && rest.len() > 2) {
                Some((name, _)) => {
                    let key = match &name[1..] {
                        "enter" => Key::plain(Code::Enter),
                        "esc" => Key::plain(Code::Esc),
                        "tab" => Key::plain(Code::Tab),
                        ctrl => Key::ctrl(ctrl.chars().last().expect("a key after c-")),
                    };
                    (key, name.len() + 1)
                }
                None => (Key::char(c), c.len_utf8()),
            };
            self.send(Event::Key(key));
            rest = &rest[len..];
        }
        self
    }

    /// Screen, and what is under the cursor.
    fn shows(&self) -> String {
        let now = self.now();
        let table = self.engine.table(now);
        let row = |table: &view::Table| {
            let at = table.cursor? - table.top;
            Some(
                table
                    .rows
                    .get(at)?
                    .cells
                    .iter()
                    .find(|c| !c.text.is_empty())?
                    .text
                    .to_string(),
            )
        };
        let rows =
            |table: &view::Table| format!("{} > {}", table.title, row(table).unwrap_or_default());
        match self.engine.body(now) {
            Body::Overview(overview) => {
                let pool = overview
                    .clusters
                    .iter()
                    .flat_map(|cluster| &cluster.ranks)
                    .flat_map(|r| &r.pools)
                    .find(|p| p.selected);
                match pool {
                    Some(pool) => format!("overview pool {}", pool.name),
                    None => format!("overview {}", table.as_ref().map(rows).unwrap_or_default()),
                }
            }
            Body::Table => table.as_ref().map(rows).unwrap_or_default(),
            Body::Detail(detail) => {
                let step = detail.steps.iter().find(|s| s.selected);
                let step = step
                    .map(|s| format!(" > {}", s.cells[1].text))
                    .unwrap_or_default();
                let table = table
                    .as_ref()
                    .map(|t| format!(", {}", rows(t)))
                    .unwrap_or_default();
                format!("{}{step}{table}", flat(&detail.title))
            }
            Body::Log => flat(&self.engine.log(now).expect("a log").title),
            Body::Text(text) => flat(&text.title),
            Body::ConsoleLog(_) => "console".to_owned(),
        }
    }

    fn notice(&self) -> String {
        self.engine
            .notice()
            .map(|line| flat(&line))
            .unwrap_or_default()
    }
}

fn flat(line: &Line) -> String {
    line.iter().map(|s| &*s.text).collect()
}

#[test]
fn keys_lead_from_screen_to_screen() {
    let cases = [
        // Waiting on top, then what runs, then what ended.
        ("", "overview jobs > shop/cart test #3"),
        ("j", "overview jobs > shop/api test #1"),
        ("G", "overview jobs > shop/web test #2"),
        ("jjjjjj", "overview jobs > shop/web test #2"),
        ("<tab>", "overview pool runner"),
        ("k", "overview pool runner"),
        ("kj", "overview jobs > shop/cart test #3"),
        ("k<enter>", "nodes of pool runner > p-1"),
        (
            "k<enter>j<enter>",
            "node p-2  ■ Ready, pods of p-2 > ci-jobs",
        ),
        (
            "k<enter>j<enter><tab>",
            "node p-2  ■ Ready, jobs of p-2 > shop/web test #2",
        ),
        ("k<enter><esc>", "overview pool runner"),
        ("<enter>", "shop/cart test #3  ○ Queued > checkout"),
        ("j<enter>", "shop/api test #1  ● Running > test"),
        ("j<enter>k", "shop/api test #1  ● Running > checkout"),
        ("jo", "node p-1  ■ Ready, pods of p-1 > ci-jobs"),
        ("jl", "log of shop/api test #1 · checkout · following"),
        ("jl<esc>", "overview jobs > shop/api test #1"),
        (
            "j<enter><enter>",
            "log of shop/api test #1 · step-test · following",
        ),
        ("jlo", "node p-1  ■ Ready, pods of p-1 > ci-jobs"),
        ("/web<enter>", "overview jobs /web > shop/web test #2"),
        ("<tab>/web<enter>", "overview jobs /web > shop/web test #2"),
        ("/web<esc>", "overview jobs > shop/cart test #3"),
        ("/web<enter><esc>", "overview jobs > shop/cart test #3"),
        (
            "/phase:failed<enter>",
            "overview jobs /phase:failed > shop/web test #2",
        ),
        ("/!shop<enter>", "overview jobs /!shop > "),
        (
            "/-l jobs.constable/id=1<enter>",
            "overview jobs /-l jobs.constable/id=1 > shop/api test #1",
        ),
        (":pods<enter>", "pods > ci-jobs"),
        (":po<tab><enter>", "pods > ci-jobs"),
        (":nodes<enter>q", "overview jobs > shop/cart test #3"),
        (":ingresses<enter>", "ingresses > "),
        (
            ":ns ci-system<enter>:pods<enter>",
            "pods in ci-system > ci-system",
        ),
        (":console<enter>", "console"),
        (":sort job<enter>", "overview jobs > shop/api test #1"),
        (
            ":sort job<enter>g:sort job<enter>",
            "overview jobs > shop/api test #1",
        ),
        (
            ":nodes<enter>:pods<enter>:overview<enter>",
            "overview jobs > shop/cart test #3",
        ),
        ("?x", "overview jobs > shop/cart test #3"),
    ];
    for (keys, want) in cases {
        assert_eq!(bench().keys(keys).shows(), want, "{keys}");
    }
}

#[test]
fn nothing_but_the_words_quits() {
    let cases: [(&str, &[Effect], &str); 6] = [
        ("q", &[], ":q quits"),
        ("<esc><esc>-", &[], ":q quits"),
        (":q<enter>", &[Effect::Quit], ""),
        ("<c-c>", &[Effect::Quit], ""),
        ("<c-z>", &[Effect::Suspend], ""),
        (":theme light<enter>", &[Effect::Theme("light".into())], ""),
    ];
    for (keys, want, notice) in cases {
        let mut bench = bench();
        bench.out.clear();
        bench.keys(keys);
        assert_eq!(
            (bench.out.as_slice(), bench.notice().as_str()),
            (want, notice),
            "{keys}"
        );
    }
}

#[test]
fn the_prompt_says_what_is_wrong_and_stays() {
    let mut bench = bench();
    bench.keys(":nods<enter>");
    let Some(Overlay::Prompt { error, text, .. }) = bench.engine.overlay(bench.now()) else {
        panic!("the prompt is gone");
    };
    assert_eq!(
        (text.as_str(), error.as_str()),
        ("nods", "no command 'nods'; did you mean 'nodes'?")
    );
    bench.send(Event::Paste("x".into()));
    bench.keys("<esc>");
    assert_eq!(bench.engine.overlay(bench.now()), None);
    // Outside a prompt pasted text is dropped.
    bench.out.clear();
    bench.send(Event::Paste(":q\r".into()));
    assert_eq!(
        (bench.out.as_slice(), bench.engine.overlay(bench.now())),
        (&[][..], None)
    );
}

#[test]
fn the_cursor_follows_its_job_and_the_next_takes_its_place() {
    let mut bench = bench();
    bench.keys("j");
    let early = job("4", "a/a", None, PodPhase::Pending);
    bench.send(Event::Watch(
        ClusterNo::FIRST,
        Box::new(watch(Kind::Pod, [put_pod(early)])),
    ));
    assert_eq!(bench.shows(), "overview jobs > shop/api test #1");
    bench.keys(":pods<enter>/job-1<enter>g<esc>");
    assert_eq!(bench.shows(), "pods > ci-jobs");
    let before = bench.engine.table(bench.now()).expect("pods");
    let at_cursor = before.rows[before.cursor.expect("rows")].cells[1]
        .text
        .clone();
    assert_eq!(at_cursor, "job-1-1");
    bench.send(Event::Watch(
        ClusterNo::FIRST,
        Box::new(watch(
            Kind::Pod,
            [crate::model::testing::gone("ci-jobs/job-1-1")],
        )),
    ));
    let after = bench.engine.table(bench.now()).expect("pods");
    let at_cursor = &after.rows[after.cursor.expect("rows")].cells[1].text;
    assert_eq!(
        (before.cursor, at_cursor.as_ref()),
        (after.cursor, "job-2-1")
    );
}

#[test]
fn the_job_says_what_the_scheduler_said() {
    let mut bench = bench();
    bench.keys("<enter>");
    let Body::Detail(detail) = bench.engine.body(bench.now()) else {
        panic!("no detail");
    };
    let notes: Vec<String> = detail.notes.iter().map(flat).collect();
    assert_eq!(
        notes,
        [
            "○ Unschedulable for 100s",
            "0/3 nodes are available: 2 Insufficient cpu."
        ]
    );
}

#[test]
fn a_log_goes_from_container_to_container() {
    let mut bench = bench();
    bench.out.clear();
    bench.keys("jl");
    let source = |effect: &Effect| match effect {
        Effect::OpenLog(_, id, source) => (id.0, source.container.to_string()),
        other => panic!("{other:?}"),
    };
    let opened: Vec<_> = bench.out.drain(..).map(|e| source(&e)).collect();
    assert_eq!(opened, [(1, "checkout".to_owned())]);
    let line = |text: &str| LogLine {
        at: at(5),
        text: text.into(),
    };
    bench.send(Event::Log(
        LogId(1),
        Box::new(LogEvent::Lines(vec![line("cloning")])),
    ));
    bench.send(Event::Log(
        LogId(1),
        Box::new(LogEvent::Ended(LogEnd::Container("exit 0".into()))),
    ));
    let opened: Vec<_> = bench.out.drain(..).map(|e| source(&e)).collect();
    assert_eq!(opened, [(2, "step-test".to_owned())]);
    bench.send(Event::Log(
        LogId(2),
        Box::new(LogEvent::Lines(vec![
            line("\u{1b}[31mFAIL\u{1b}[0m x"),
            line("ok"),
        ])),
    ));
    bench.send(Event::Log(LogId(2), Box::new(LogEvent::Dropped(7))));
    let end = LogEnd::Container("OOMKilled (137)".into());
    bench.send(Event::Log(LogId(2), Box::new(LogEvent::Ended(end))));
    let log = bench.engine.log(bench.now()).expect("a log");
    let lines: Vec<String> = log
        .lines
        .iter()
        .map(|row| flat(&row.prefix) + &row.text.iter().map(|s| &*s.text).collect::<String>())
        .collect();
    assert_eq!(
        lines,
        [
            "checkout cloning",
            "── checkout ended: exit 0 ",
            "step-test FAIL x",
            "step-test ok",
            "── 7 lines of step-test were lost here: they came too fast ",
            "── step-test ended: OOMKilled (137) ",
        ]
    );
    assert_eq!(flat(&log.state), "step-test ended: OOMKilled (137)");
    bench.out.clear();
    bench.keys("/fail<enter>");
    let log = bench.engine.log(bench.now()).expect("a log");
    assert!(log.lines[2].text.iter().any(|s| s.hit && s.text == "FAIL"));
    // Nothing is open any more: ctrl-c quits.
    bench.keys("<c-c>");
    assert_eq!(bench.out, [Effect::Quit]);
}

#[test]
fn ctrl_c_ends_a_follow_first_and_leaving_closes_the_streams() {
    let mut bench = bench();
    bench.keys(":pods<enter>Gl");
    bench.out.clear();
    bench.keys("<c-c>");
    assert_eq!(bench.out, [Effect::CloseLog(ClusterNo::FIRST, LogId(1))]);
    bench.keys("q");
    bench.out.clear();
    bench.keys("lq");
    assert!(
        matches!(
            bench.out.as_slice(),
            [Effect::OpenLog(..), Effect::CloseLog(..)]
        ),
        "{:?}",
        bench.out
    );
}

#[test]
fn a_failed_feed_is_no_empty_table() {
    let cases = [
        (
            FeedState::Denied {
                verb: "list".into(),
                resource: "ingresses".into(),
            },
            "no rights: list ingresses",
            "● live, no rights: list ingresses",
        ),
        (
            FeedState::Stale {
                since: at(58),
                why: "connection refused".into(),
            },
            "STALE 42s: connection refused",
            "▲ STALE 42s: connection refused",
        ),
        (
            FeedState::Stale {
                since: at(97),
                why: "connection refused".into(),
            },
            "STALE: connection refused",
            "▲ STALE: connection refused",
        ),
        (
            FeedState::Syncing {
                seen: 12_300,
                expected: Some(30_000),
            },
            "syncing 12,300 of 30,000 ingresses",
            "◌ syncing 12,300 of 30,000 ingresses",
        ),
        (FeedState::Live, "no ingresses", "● live"),
    ];
    for (state, empty, header) in cases {
        let mut bench = bench();
        bench.keys(":ingresses<enter>");
        bench.send(Event::Feed(
            ClusterNo::FIRST,
            Kind::Ingress,
            Box::new(state),
        ));
        let table = bench.engine.table(bench.now()).expect("a table");
        assert_eq!(flat(&table.empty), empty);
        let right = bench.engine.header(bench.now()).right;
        // What is well leaves a narrow line early, after the latency; what is not the last but the clock.
        let at = if header == "● live" {
            1
        } else {
            right.len() - 2
        };
        assert_eq!(flat(&right[at]), header);
    }
}

#[test]
fn an_action_is_unlocked_shown_and_confirmed() {
    let mut bench = bench();
    bench.keys(":nodes<enter>/p-1<enter>");
    bench.out.clear();
    bench.keys("c");
    let Some(Overlay::Confirm { .. }) = bench.engine.overlay(bench.now()) else {
        panic!("no plan");
    };
    bench.keys("y");
    assert!(matches!(
        bench.engine.actions.gate(ClusterNo::FIRST).lock,
        Lock::Unlocked { .. }
    ));
    let Some(Effect::Call(_, id, _)) = bench.out.first().cloned() else {
        panic!("rights are not asked: {:?}", bench.out);
    };
    let allowed = serde_json::json!({"status": {"allowed": true}});
    bench.send(Event::Reply(id, Box::new(Reply::Done(allowed))));
    bench.out.clear();
    bench.keys("y");
    let patch = bench.out.iter().find_map(|e| match e {
        Effect::Call(_, _, call) => Some(call.path.clone()),
        _ => None,
    });
    assert_eq!(patch.as_deref(), Some("/api/v1/nodes/p-1"));
    bench.out.clear();
    // Leaving asks first.
    bench.keys(":q<enter>");
    assert!(matches!(
        bench.engine.overlay(bench.now()),
        Some(Overlay::Confirm { .. })
    ));
    bench.keys("n");
    assert_eq!(bench.out, []);
    bench.keys(":actions<enter>");
    assert_eq!(bench.shows(), "actions > cordon");
    bench.keys("<enter>");
    assert_eq!(bench.shows(), "things of action 1 > node p-1");
}

#[test]
fn a_read_only_console_says_so() {
    let mut bench = bench_with(Settings {
        read_only: true,
        ..Settings::default()
    });
    bench.keys(":nodes<enter>c");
    assert_eq!(bench.engine.overlay(bench.now()), None);
    assert_eq!(
        bench.notice(),
        "this console is read-only: start it without --read-only to act"
    );
}

#[test]
fn rights_to_one_namespace_are_said() {
    let mut bench = bench();
    bench.send(Event::Narrowed(
        ClusterNo::FIRST,
        Kind::Pod,
        "ci-jobs".into(),
    ));
    let header = bench.engine.header(bench.now());
    let right: Vec<String> = header.right.iter().map(flat).collect();
    assert!(
        right.contains(&"only namespace ci-jobs".to_owned()),
        "{right:?}"
    );
    let left: Vec<String> = header.left.iter().map(flat).collect();
    assert!(!left.contains(&"all namespaces".to_owned()), "{left:?}");
}

#[test]
fn the_overview_counts() {
    let bench = bench();
    let Body::Overview(overview) = bench.engine.body(bench.now()) else {
        panic!("no overview");
    };
    let lines: Vec<String> = overview
        .clusters
        .iter()
        .flat_map(|cluster| &cluster.ranks)
        .flat_map(|rank| {
            let facts: Vec<String> = rank.facts.iter().map(flat).collect();
            let head = format!("{}: {}", rank.title.text, facts.join(" | "));
            let pools = rank.pools.iter().map(|pool| {
                let nodes: String = pool.nodes.iter().map(|(glyph, _)| *glyph).collect();
                let facts: Vec<String> = pool.facts.iter().map(flat).collect();
                format!("{} {nodes} {}", pool.name, facts.join(" | "))
            });
            std::iter::once(head).chain(pools).collect::<Vec<_>>()
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    CONTROLLERS: run by the provider, not visible
    PATRICIANS: 1/1 ready
    PEASANTS (job nodes): 2/2 ready | running 1 | waiting 1 oldest 100s
    runner ■■ free 31 of 32 | waiting 1 oldest 100s | start p50 1s p95 1s | running 1
    ");
}

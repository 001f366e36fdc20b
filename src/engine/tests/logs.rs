//! Merged logs: who is in them, in which order lines stand, who gets a stream, windows, filters, files.

use super::super::effect::LogSource;
use super::super::log::Pane;
use super::super::screen::Screen;
use super::*;
use crate::model::testing::{gone, terminated};

/// Streams opened since the last look: their ids by pod and container.
fn opened(bench: &mut Bench) -> Vec<(LogId, String)> {
    let mut out = Vec::new();
    bench.out.retain(|effect| match effect {
        Effect::OpenLog(_, id, source) => {
            out.push((*id, format!("{} {}", source.pod, source.container)));
            false
        }
        _ => true,
    });
    out
}

fn sources(bench: &Bench) -> Vec<LogSource> {
    let of = |effect: &Effect| match effect {
        Effect::OpenLog(_, _, source) => Some((**source).clone()),
        _ => None,
    };
    bench.out.iter().filter_map(of).collect()
}

fn lines(bench: &mut Bench, id: LogId, lines: &[(i64, &str)]) {
    let lines = lines
        .iter()
        .map(|(second, text)| LogLine {
            at: at(*second),
            text: (*text).into(),
        })
        .collect();
    bench.send(Event::Log(id, Box::new(LogEvent::Lines(lines))));
}

fn news(bench: &mut Bench, id: LogId, event: LogEvent) {
    bench.send(Event::Log(id, Box::new(event)));
}

/// The lines on the screen, a name and its line apart by a bar.
fn body(bench: &Bench) -> Vec<String> {
    let log = bench.engine.log(bench.now()).expect("a log");
    log.lines
        .iter()
        .map(|row| {
            let whose = row.whose.as_ref().map_or("", |w| &w.name);
            let text: String = row.text.iter().map(|s| &*s.text).collect();
            format!("{whose}{}{text}", flat(&row.prefix))
        })
        .collect()
}

fn state(bench: &Bench) -> String {
    flat(&bench.engine.log(bench.now()).expect("a log").state)
}

fn pane(bench: &Bench) -> &Pane {
    match bench.engine.screens.top() {
        Screen::Log(pane) => pane,
        _ => panic!("no log on top"),
    }
}

/// The pool's log on the screen.
fn pool(bench: &mut Bench) -> Vec<(LogId, String)> {
    bench.out.clear();
    bench.keys("<tab>L");
    opened(bench)
}

#[test]
fn many_are_merged_by_the_kubelets_time_and_new_ones_join() {
    let mut bench = bench();
    let streams = pool(&mut bench);
    assert_eq!(
        bench.shows(),
        "logs of jobs of pool runner · following",
        "it says whose"
    );
    // What runs first, then what failed; of steps that went well before it nothing.
    assert_eq!(
        streams,
        [
            (LogId(1), "job-1-1 step-test".to_owned()),
            (LogId(2), "job-2-1 step-test".to_owned())
        ]
    );
    for (id, _) in &streams {
        news(&mut bench, *id, LogEvent::Opened);
    }
    lines(&mut bench, LogId(1), &[(10, "one"), (30, "three")]);
    lines(&mut bench, LogId(2), &[(20, "two"), (25, "two and a half")]);
    news(
        &mut bench,
        LogId(2),
        LogEvent::Ended(LogEnd::Container("OOMKilled (137)".into())),
    );
    assert_eq!(
        body(&bench),
        [
            "api#1/test │ one",
            "web#2/test │ two",
            "web#2/test │ two and a half",
            "── web#2/test ended: OOMKilled (137) ",
            "api#1/test │ three",
        ]
    );
    // Job 3 gets its node.
    let ran = job("3", "shop/cart", Some("p-2"), PodPhase::Running);
    bench.send(Event::Watch(
        ClusterNo::FIRST,
        Box::new(watch(Kind::Pod, [put_pod(ran)])),
    ));
    let streams = opened(&mut bench);
    // A job that came while it was looked at is read from its first step on.
    assert_eq!(streams, [(LogId(3), "job-3-1 checkout".to_owned())]);
    lines(&mut bench, LogId(3), &[(40, "four")]);
    assert_eq!(
        body(&bench).last().map(String::as_str),
        Some("cart#3/test │ four")
    );
    assert_eq!(state(&bench), "● 2 streams live · 1 ended");
    // A pod that goes says so by its stream; the pane stays.
    bench.send(Event::Watch(
        ClusterNo::FIRST,
        Box::new(watch(Kind::Pod, [gone("ci-jobs/job-1-1")])),
    ));
    news(
        &mut bench,
        LogId(1),
        LogEvent::Ended(LogEnd::Gone("pod job-1-1 is gone".into())),
    );
    assert!(body(&bench).contains(&"── api#1/test: pod job-1-1 is gone ".to_owned()));
}

#[test]
fn lines_out_of_time_are_marked_and_not_hidden_above() {
    let mut bench = bench();
    let streams = pool(&mut bench);
    for (id, _) in &streams {
        news(&mut bench, *id, LogEvent::Opened);
    }
    bench.seconds = 200;
    lines(&mut bench, LogId(1), &[(199, "now")]);
    // After it was opened at 100 s: a clock 60 s behind, and one ahead.
    lines(
        &mut bench,
        LogId(2),
        &[(140, "behind"), (195, "near"), (290, "ahead")],
    );
    lines(&mut bench, LogId(1), &[(200, "next")]);
    assert_eq!(
        body(&bench),
        [
            "web#2/test │ near",
            "api#1/test │ now",
            "web#2/test │ late 59s behind",
            "web#2/test │ clock ahead 90s ahead",
            "api#1/test │ next",
        ]
    );
    let position = flat(&bench.engine.log(bench.now()).expect("a log").position);
    assert_eq!(position, "lines 1–5 of 5 · 2 out of time");
}

fn budget(streams: u32) -> Settings {
    let mut settings = Settings::default();
    settings.api.max_log_streams = streams;
    settings
}

#[test]
fn the_budget_is_one_for_all_and_who_is_quiet_gives_way() {
    let mut bench = bench_with(budget(1));
    let streams = pool(&mut bench);
    assert_eq!(streams, [(LogId(1), "job-1-1 step-test".to_owned())]);
    assert_eq!(state(&bench), "● 1 of 2 streams · 1 wait · next web#2/test");
    news(&mut bench, LogId(1), LogEvent::Opened);
    bench.seconds += 19;
    bench.send(Event::Tick);
    assert_eq!(opened(&mut bench), []);
    bench.seconds += 1;
    bench.send(Event::Tick);
    assert_eq!(
        opened(&mut bench),
        [(LogId(2), "job-2-1 step-test".to_owned())]
    );
    assert!(
        bench
            .out
            .contains(&Effect::ParkLog(ClusterNo::FIRST, LogId(1), true))
    );
    assert_eq!(state(&bench), "● 1 of 2 streams · 1 wait · next api#1/test");
    // What ended is read once; its place goes to who waits.
    news(&mut bench, LogId(2), LogEvent::Opened);
    bench.out.clear();
    news(
        &mut bench,
        LogId(2),
        LogEvent::Ended(LogEnd::Container("OOMKilled (137)".into())),
    );
    assert_eq!(
        bench.out,
        [Effect::ParkLog(ClusterNo::FIRST, LogId(1), false)]
    );
    // Another log on top takes it, and gives it back.
    bench.keys("q");
    bench.keys("<tab>");
    bench.keys("L");
    bench.keys(":pods<enter>G");
    bench.out.clear();
    bench.keys("l");
    let kinds: Vec<&str> = bench
        .out
        .iter()
        .map(|effect| match effect {
            Effect::ParkLog(_, _, true) => "park",
            Effect::OpenLog(..) => "open",
            _ => "other",
        })
        .collect();
    assert_eq!(kinds, ["park", "open"]);
    bench.out.clear();
    bench.keys("q");
    assert!(
        matches!(bench.out[..], [Effect::CloseLog(..), Effect::OpenLog(..)]),
        "{:?}",
        bench.out
    );
}

#[test]
fn marked_rows_filters_projects_and_nodes_are_groups() {
    for (keys, title, pods) in [
        ("<enter>q j L", "", vec![]),
        ("/web<enter>L", "jobs /web", vec!["job-2-1"]),
        ("j ", "", vec![]),
        (":logs shop/api<enter>", "jobs of shop/api", vec!["job-1-1"]),
        (":logs p-2<enter>", "jobs of node p-2", vec!["job-2-1"]),
        (
            ":logs runner<enter>",
            "jobs of pool runner",
            vec!["job-1-1", "job-2-1"],
        ),
        (
            ":logs platform<enter>",
            "pods of pool platform",
            vec!["api-0"],
        ),
        (
            ":nodes<enter>/p-1<enter>L",
            "jobs of node p-1",
            vec!["job-1-1"],
        ),
        (":pods<enter>/api-0<enter>L", "pods /api-0", vec!["api-0"]),
    ] {
        if title.is_empty() {
            continue;
        }
        let mut bench = bench();
        bench.out.clear();
        bench.keys(keys);
        let got: Vec<String> = sources(&bench).iter().map(|s| s.pod.to_string()).collect();
        assert_eq!(
            (pane(&bench).title.as_str(), got),
            (title, pods.iter().map(|p| (*p).to_owned()).collect()),
            "{keys}"
        );
    }
    let mut bench = bench();
    // Two jobs marked.
    bench.keys("j").send(Event::Key(Key::char(' ')));
    bench.send(Event::Key(Key::char(' ')));
    bench.out.clear();
    bench.keys("L");
    assert_eq!(pane(&bench).title, "2 marked jobs");
    assert_eq!(sources(&bench).len(), 2);
}

#[test]
fn a_window_asks_anew_and_says_when_it_is_empty() {
    let mut bench = bench();
    bench.keys(":pods<enter>Gl");
    let first = opened(&mut bench);
    news(&mut bench, first[0].0, LogEvent::Opened);
    lines(&mut bench, first[0].0, &[(90, "old")]);
    bench.seconds = 400;
    bench.out.clear();
    bench.keys("2");
    let source = sources(&bench).pop().expect("opened again");
    assert_eq!((source.since, source.tail), (Some(at(340)), None));
    let again = opened(&mut bench);
    news(&mut bench, again[0].0, LogEvent::Opened);
    assert_eq!(body(&bench), Vec::<String>::new());
    bench.seconds += 1;
    assert_eq!(
        body(&bench),
        ["no lines in the last 1m; the last line was at 12:01:30 (5m11s ago)  4 shows last 15m"]
    );
    bench.out.clear();
    bench.keys("1");
    let source = sources(&bench).pop().expect("opened again");
    assert_eq!((source.since, source.tail), (None, None));
    assert!(
        bench
            .shows()
            .contains("from the beginning · autoscroll off")
    );
}

#[test]
fn filters_keep_context_and_leave_in_order() {
    let mut bench = bench();
    bench.keys(":pods<enter>Gl");
    let id = opened(&mut bench)[0].0;
    let texts: Vec<String> = (0..40).map(|n| format!("line {n}")).collect();
    let all: Vec<(i64, &str)> = (0..).zip(texts.iter().map(String::as_str)).collect();
    lines(&mut bench, id, &all);
    bench.keys("&line .5$<enter>+");
    assert_eq!(
        body(&bench),
        [
            "⋯ 3 lines hidden", // above: not shown at the top
        ][1..]
            .iter()
            .map(|s| (*s).to_owned())
            .chain(
                [
                    "line 14",
                    "line 15",
                    "line 16",
                    "⋯ 7 lines hidden",
                    "line 24",
                    "line 25",
                    "line 26",
                    "⋯ 7 lines hidden",
                    "line 34",
                    "line 35",
                    "line 36",
                ]
                .map(str::to_owned)
            )
            .collect::<Vec<_>>()
    );
    let position = flat(&bench.engine.log(bench.now()).expect("a log").position);
    assert_eq!(position, "3 of 40 match, 31 hidden");
    bench.keys("-");
    assert_eq!(body(&bench), ["line 15", "line 25", "line 35"]);
    lines(&mut bench, id, &[(50, "line x5"), (51, "line 60")]);
    assert_eq!(body(&bench).len(), 4);
    // Typed wrong it says so and the old one stays; escape clears the search first, then the filter.
    bench.keys("&a(");
    let Some(Overlay::Prompt { error, .. }) = bench.engine.overlay(bench.now()) else {
        panic!("no prompt");
    };
    assert!(error.contains("unclosed group"), "{error}");
    bench.keys("<esc>/x5<enter>");
    assert_eq!(body(&bench).len(), 4);
    bench.keys("<esc>");
    assert_eq!(pane(&bench).filter_text(), "line .5$");
    bench.keys("<esc>");
    assert_eq!((pane(&bench).filter_text(), body(&bench).len()), ("", 20));
    bench.keys("-");
    assert!(matches!(bench.engine.screens.top(), Screen::Table(_)));
}

#[test]
fn json_reads_as_fields_and_raw_again() {
    let mut bench = bench();
    bench.keys(":pods<enter>Gl");
    let id = opened(&mut bench)[0].0;
    lines(
        &mut bench,
        id,
        &[(9, r#"{"level":"warn","msg":"slow","ms":812}"#)],
    );
    bench.keys("f");
    assert_eq!(body(&bench), ["▲ warn  slow ms=812"]);
    bench.keys("f");
    assert_eq!(body(&bench), [r#"{"level":"warn","msg":"slow","ms":812}"#]);
}

#[test]
fn what_is_shown_is_saved() {
    let mut bench = bench();
    let streams = pool(&mut bench);
    for (id, _) in &streams {
        news(&mut bench, *id, LogEvent::Opened);
    }
    lines(
        &mut bench,
        LogId(1),
        &[(10, "\u{1b}[31mred\u{1b}[0m one"), (11, "two")],
    );
    bench.keys("&one<enter>");
    bench.out.clear();
    bench.keys("<c-s>");
    let [Effect::Save(saving)] = &bench.out[..] else {
        panic!("{:?}", bench.out);
    };
    assert_eq!(
        (saving.name.as_str(), saving.text.as_str()),
        (
            "jobs-of-pool-runner-20261123-120140.log",
            "2026-11-23T12:00:10.000000Z api#1/test red one\n"
        )
    );
}

#[test]
fn restarts_rotation_and_dead_nodes_are_said() {
    let mut bench = bench();
    let mut api = pod("ci-system/api-0", "app=api");
    api.node = Some("n-1".into());
    api.phase = PodPhase::Running;
    let mut main = container("api", ContainerRole::Main);
    main.state = running(0);
    main.restarts = 1;
    main.last = Some(terminated(137, "OOMKilled", 0, 1));
    contain(&mut api, [main]);
    bench.send(Event::Watch(
        ClusterNo::FIRST,
        Box::new(watch(Kind::Pod, [put_pod(api)])),
    ));
    bench.keys(":pods<enter>Gl1");
    let id = opened(&mut bench).pop().expect("a stream").0;
    lines(&mut bench, id, &[(90, "first")]);
    news(
        &mut bench,
        id,
        LogEvent::Restarted {
            count: 2,
            how: "OOMKilled (137)".into(),
        },
    );
    news(
        &mut bench,
        id,
        LogEvent::Said("unable to retrieve container logs for x".into()),
    );
    let mut down = node("n-1", &format!("{POOL}=platform"));
    down.conditions = Box::new([crate::model::testing::condition(
        "Ready",
        Truth::Unknown,
        "x",
    )]);
    bench.send(Event::Watch(
        ClusterNo::FIRST,
        Box::new(watch(Kind::Node, [put_node(down)])),
    ));
    bench.send(Event::Tick);
    assert_eq!(
        body(&bench),
        [
            "── api: the first line is 90s younger than the container: older lines were rotated away, or there were none ",
            "first",
            "── api restarted (2nd), OOMKilled (137) ",
            "── api: unable to retrieve container logs for x ",
            "── node n-1 is not Ready for 100s: nothing is read until it is back ",
        ]
    );
    assert!(
        state(&bench).contains("▲ node n-1 is not Ready"),
        "{}",
        state(&bench)
    );
}

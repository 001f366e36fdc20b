//! What asks for a frame and what does not.

use super::*;
use crate::engine::settings::StartScreen;

/// Pods enough for many pages, on the screen that is wanted.
struct Crowd {
    bench: Bench,
}

fn service(number: usize, phase: PodPhase) -> Pod {
    let mut pod = pod(&format!("apps/web-{number:04}"), "app=web");
    pod.node = Some("n-1".into());
    pod.phase = phase;
    pod
}

fn crowd(start: StartScreen) -> Crowd {
    let mut bench = bench_with(Settings {
        start,
        ..Settings::default()
    });
    let pods = (0..500).map(|n| put_pod(service(n, PodPhase::Running)));
    bench.send(Event::Watch(
        ClusterNo::FIRST,
        Box::new(watch(Kind::Pod, pods)),
    ));
    for kind in Kind::ALL {
        bench.send(Event::Feed(
            ClusterNo::FIRST,
            kind,
            Box::new(FeedState::Live),
        ));
    }
    bench.engine.take_dirty();
    Crowd { bench }
}

impl Crowd {
    /// Whether a frame is wanted after these.
    fn after(&mut self, kind: Kind, deltas: impl IntoIterator<Item = Delta>) -> Dirty {
        self.bench.send(Event::Watch(
            ClusterNo::FIRST,
            Box::new(watch(kind, deltas)),
        ));
        self.bench.engine.take_dirty()
    }

    fn keys(&mut self, keys: &str) -> &mut Self {
        self.bench.keys(keys);
        self.bench.engine.take_dirty();
        self
    }
}

fn changed(number: usize) -> [Delta; 1] {
    [put_pod(service(number, PodPhase::Failed))]
}

#[test]
fn a_pod_that_is_not_on_the_screen_draws_nothing() {
    let mut crowd = crowd(StartScreen::Pods);
    // Twenty rows: apps/web-0000 and those behind it.
    assert_eq!(crowd.after(Kind::Pod, changed(400)), Dirty::Clean);
    assert_eq!(crowd.after(Kind::Pod, changed(3)), Dirty::News);
    assert_eq!(
        crowd.after(Kind::Pod, changed(3)),
        Dirty::Clean,
        "the same again"
    );
    let new = [put_pod(service(700, PodPhase::Running))];
    assert_eq!(
        crowd.after(Kind::Pod, new),
        Dirty::News,
        "the count of rows"
    );
    let gone = [crate::model::testing::gone("apps/web-0450")];
    assert_eq!(crowd.after(Kind::Pod, gone), Dirty::News, "and again");
    // At the end of the list it is the other way round.
    crowd.keys("G");
    assert_eq!(crowd.after(Kind::Pod, changed(4)), Dirty::Clean);
    assert_eq!(crowd.after(Kind::Pod, changed(499)), Dirty::News);
    // In the order of another column a row comes into sight from far away.
    crowd.keys("g:sort status<enter>");
    assert_eq!(crowd.after(Kind::Pod, changed(250)), Dirty::News);
    assert_eq!(crowd.after(Kind::Pod, []), Dirty::Clean);
}

#[test]
fn the_filter_hides_changes_too() {
    let mut crowd = crowd(StartScreen::Pods);
    crowd.keys("/web-04<enter>");
    assert_eq!(crowd.after(Kind::Pod, changed(3)), Dirty::Clean);
    assert_eq!(crowd.after(Kind::Pod, changed(400)), Dirty::News);
}

#[test]
fn each_screen_knows_what_it_shows() {
    use Dirty::{Clean, News};
    let service = |_: &mut Pod| {};
    let other_job = |pod: &mut Pod| *pod = job("1", "shop/api", Some("p-1"), PodPhase::Failed);
    let waits = |pod: &mut Pod| *pod = job("9", "shop/api", None, PodPhase::Pending);
    type Change = fn(&mut Pod);
    // A service pod that ended on n-1; job 1 that failed on p-1; a new job that waits.
    let cases: [(&str, [Dirty; 3]); 9] = [
        (":overview<enter>", [News, News, News]),
        (":jobs<enter>", [Clean, News, News]),
        (":nodes<enter>", [News, News, Clean]),
        (":ingresses<enter>", [Clean, Clean, Clean]),
        (":console<enter>", [Clean, Clean, Clean]),
        (":actions<enter>", [Clean, Clean, Clean]),
        (":jobs<enter>/cart<enter><enter>", [Clean, Clean, Clean]),
        (":jobs<enter>/api<enter><enter>", [Clean, News, Clean]),
        (":nodes<enter>/p-1<enter><enter>", [Clean, News, Clean]),
    ];
    for (keys, want) in cases {
        let changes: [(Change, usize); 3] = [(service, 480), (other_job, 0), (waits, 0)];
        let got = changes.map(|(change, number)| {
            let mut crowd = crowd(StartScreen::Overview);
            crowd.keys(keys);
            let mut pod = super::dirty::service(number, PodPhase::Succeeded);
            change(&mut pod);
            crowd.after(Kind::Pod, [put_pod(pod)])
        });
        assert_eq!(got, want, "{keys}");
    }
}

#[test]
fn a_node_that_goes_down_is_told_everywhere() {
    let mut crowd = crowd(StartScreen::Pods);
    let mut down = node("p-2", &format!("{POOL}=runner"));
    down.conditions = Box::new([crate::model::testing::condition(
        "Ready",
        Truth::False,
        "KubeletNotReady",
    )]);
    down.meta.created = at(-100_000);
    assert_eq!(crowd.after(Kind::Node, [put_node(down)]), Dirty::News);
}

#[test]
fn a_list_that_is_complete_is_drawn_at_once() {
    let mut bench = Bench {
        engine: Engine::new(Settings {
            start: StartScreen::Pods,
            ..Settings::default()
        }),
        out: Vec::new(),
        seconds: 100,
    };
    bench.engine.take_dirty();
    let mut step = |deltas: Vec<Delta>| {
        bench.send(Event::Watch(
            ClusterNo::FIRST,
            Box::new(watch(Kind::Pod, deltas)),
        ));
        bench.engine.take_dirty()
    };
    let pods = |from: usize| (from..from + 50).map(|n| put_pod(service(n, PodPhase::Running)));
    assert_eq!(step(vec![Delta::SyncStart]), Dirty::Now);
    assert_eq!(step(pods(0).collect()), Dirty::Now, "the first rows");
    assert_eq!(step(pods(50).collect()), Dirty::News, "more of them");
    assert_eq!(step(vec![Delta::SyncEnd]), Dirty::Now);
}

/// The frames of a burst as the shell paces them, by the number of times that somebody had to look.
#[test]
fn a_burst_is_told_once() {
    let mut crowd = crowd(StartScreen::Pods);
    for turn in 0..100 {
        let phase = [PodPhase::Failed, PodPhase::Running][turn % 2];
        let pods = (0..500).map(|n| put_pod(service(n, phase)));
        crowd.bench.send(Event::Watch(
            ClusterNo::FIRST,
            Box::new(watch(Kind::Pod, pods)),
        ));
    }
    assert_eq!(crowd.bench.engine.take_dirty(), Dirty::News);
    assert_eq!(crowd.bench.engine.take_dirty(), Dirty::Clean);
}

#[test]
fn the_cursor_keeps_its_line_when_its_row_moves() {
    let mut crowd = crowd(StartScreen::Pods);
    let done = (400..500).map(|n| put_pod(service(n, PodPhase::Succeeded)));
    crowd.after(Kind::Pod, done);
    crowd.keys(":sort status<enter>gjjjjj");
    let at_cursor = |crowd: &Crowd| {
        let table = crowd.bench.engine.table(crowd.bench.now()).expect("pods");
        let at = table.cursor.expect("a row");
        let name = table.rows[at - table.top].cells[1].text.to_string();
        (name, at, at - table.top)
    };
    let (name, at, line) = at_cursor(&crowd);
    let number: usize = name.trim_start_matches("web-").parse().expect("a number");
    crowd.after(Kind::Pod, [put_pod(service(number, PodPhase::Succeeded))]);
    let (same, later, stays) = at_cursor(&crowd);
    assert_eq!((same, stays), (name, line));
    assert!(later > at + 380, "{later} after {at}");
    // Back it goes, and the screen with it.
    crowd.after(Kind::Pod, [put_pod(service(number, PodPhase::Running))]);
    assert_eq!(at_cursor(&crowd).1, at);
}

#[test]
fn a_covered_table_comes_back_as_it_was() {
    let mut crowd = crowd(StartScreen::Pods);
    crowd.keys("/web<enter>jjjjjjjjjjjjjjjjjjjjjjjjjjjjjj");
    let before = crowd.bench.engine.table(crowd.bench.now());
    crowd.keys(":nodes<enter>");
    // What goes meanwhile is not there when it comes back, not even for a moment.
    crowd.after(Kind::Pod, [crate::model::testing::gone("apps/web-0015")]);
    let now = crowd.bench.now();
    let back = Event::Key(Key::char('q'));
    crowd.bench.engine.handle(now, back, &mut Vec::new());
    let after = crowd.bench.engine.table(now).expect("pods");
    let before = before.expect("pods");
    let name = |table: &view::Table| {
        let at = table.cursor.expect("a row") - table.top;
        (at, table.rows[at].cells[1].text.to_string())
    };
    assert_eq!(name(&after), name(&before));
    assert!(after.rows.iter().all(|row| row.cells[1].text != "web-0015"));
    assert_eq!(after.shown, before.shown - 1);
}

#[test]
fn help_scrolls_and_other_keys_close_it() {
    let mut crowd = crowd(StartScreen::Pods);
    let by = |crowd: &Crowd| match crowd.bench.engine.overlay(crowd.bench.now()) {
        Some(Overlay::Help { by, .. }) => Some(by),
        _ => None,
    };
    assert_eq!(by(crowd.keys("?")), Some(0));
    assert_eq!(by(crowd.keys("jjk<c-d>")), Some(11));
    assert_eq!(by(crowd.keys("x")), None);
}

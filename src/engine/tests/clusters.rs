//! Several clusters in one console: things of equal names are not mixed up.

use super::*;

const EU: ClusterNo = ClusterNo(0);
const US: ClusterNo = ClusterNo(1);

fn info(context: &str, id: &str) -> Box<ServerInfo> {
    Box::new(ServerInfo {
        cluster: id.into(),
        context: context.into(),
        address: "https://127.0.0.1:6443".into(),
        version: "v1.37.0".into(),
        offset_ms: 0,
        latency_ms: Some(40),
        contexts: vec!["prod-eu".into(), "prod-us".into(), "dev".into()],
        user: "oncall".into(),
    })
}

/// Two clusters with the same nodes, pools, pods and uids; `prod-us` is an hour ahead of our clock.
fn two() -> Bench {
    let mut bench = Bench {
        engine: Engine::new(Settings {
            contexts: vec!["prod-eu".into(), "prod-us".into()],
            ..Settings::default()
        }),
        out: Vec::new(),
        seconds: 100,
    };
    bench.send(Event::Server(EU, info("prod-eu", "uid-eu")));
    bench.send(Event::Server(US, info("prod-us", "uid-us")));
    for no in [EU, US] {
        for kind in Kind::ALL {
            bench.send(Event::Watch(no, Box::new(list(kind, objects(kind)))));
            bench.send(Event::Feed(no, kind, Box::new(FeedState::Live)));
        }
    }
    bench.out.clear();
    bench
}

/// The first two cells of each row, and `>` before the one under the cursor.
fn rows(bench: &Bench) -> Vec<String> {
    let table = bench.engine.table(bench.now()).expect("a table");
    let row = |(at, row): (usize, &view::Row)| {
        let cursor = if table.cursor == Some(table.top + at) {
            ">"
        } else {
            ""
        };
        let mark = if row.marked { "*" } else { "" };
        format!("{cursor}{mark}{} {}", row.cells[0].text, row.cells[1].text)
    };
    table.rows.iter().enumerate().map(row).collect()
}

/// The calls that went out, each with its cluster.
fn calls(bench: &mut Bench) -> Vec<(ClusterNo, CallId, String)> {
    let call = |effect| match effect {
        Effect::Call(no, id, call) => Some((no, id, call.path)),
        _ => None,
    };
    bench.out.drain(..).filter_map(call).collect()
}

fn heads(bench: &Bench) -> Vec<String> {
    let Body::Overview(overview) = bench.engine.body(bench.now()) else {
        panic!("no overview");
    };
    let of = |cluster: &view::ClusterView| {
        let Some(head) = &cluster.head else {
            return "alone".to_owned();
        };
        let facts: Vec<String> = head.facts.iter().map(flat).collect();
        let mark = if head.selected { ">" } else { "" };
        format!("{mark}{} {}", head.name, facts.join(" | "))
    };
    overview.clusters.iter().map(of).collect()
}

#[test]
fn rows_say_whose_they_are_and_filters_find_it() {
    let mut bench = two();
    bench.keys(":nodes<enter>");
    let all = [
        ">prod-eu n-1",
        "prod-us n-1",
        "prod-eu p-1",
        "prod-us p-1",
        "prod-eu p-2",
        "prod-us p-2",
    ];
    assert_eq!(rows(&bench), all);
    let cases: [(&str, &[&str]); 4] = [
        (
            "cluster:us",
            &[">prod-us n-1", "prod-us p-1", "prod-us p-2"],
        ),
        ("!cluster:us p-", &[">prod-eu p-1", "prod-eu p-2"]),
        ("prod-us p-2", &[">prod-us p-2"]),
        ("cluster:dev", &[]),
    ];
    for (filter, want) in cases {
        bench.keys(&format!("/{filter}<enter>g"));
        assert_eq!(rows(&bench), want, "{filter}");
        bench.keys("<esc>");
    }
    bench.keys(":sort cluster<enter>g");
    assert_eq!(
        rows(&bench)[..3],
        [">prod-eu n-1", "prod-eu p-1", "prod-eu p-2"]
    );
    bench.keys(":cluster prod-us<enter>");
    // With one alone there is nothing to tell apart.
    assert_eq!(rows(&bench), [">n-1 platform", "p-1 runner", "p-2 runner"]);
    bench.keys(":cluster all<enter>");
    assert_eq!(rows(&bench).len(), 6);
}

#[test]
fn cursor_and_marks_are_of_one_cluster() {
    let mut bench = two();
    bench.keys(":nodes<enter>jjj ");
    assert_eq!(rows(&bench)[3], "*prod-us p-1");
    // The other cluster's node of that name goes: neither cursor nor mark is its.
    bench.keys("k");
    let gone = crate::model::testing::gone("p-1");
    bench.send(Event::Watch(EU, Box::new(watch(Kind::Node, [gone]))));
    assert_eq!(
        rows(&bench),
        [
            "prod-eu n-1",
            "prod-us n-1",
            ">*prod-us p-1",
            "prod-eu p-2",
            "prod-us p-2"
        ]
    );
    let gone = crate::model::testing::gone("p-1");
    bench.send(Event::Watch(US, Box::new(watch(Kind::Node, [gone]))));
    assert_eq!(rows(&bench)[2], ">prod-eu p-2");
}

#[test]
fn into_a_thing_leads_to_its_own_cluster() {
    let mut bench = two();
    bench.keys(":nodes<enter>jjj<enter>");
    assert_eq!(
        bench.shows(),
        "node p-1  ■ Ready, pods of p-1 in prod-us > ci-jobs"
    );
    bench.keys("l");
    let opened = bench.out.iter().find_map(|effect| match effect {
        Effect::OpenLog(no, _, source) => Some((*no, source.pod.to_string())),
        _ => None,
    });
    assert_eq!(opened, Some((US, "job-1-1".to_owned())));
    bench.out.clear();
    bench.keys("q");
    assert!(
        matches!(bench.out.first(), Some(Effect::CloseLog(US, _))),
        "{:?}",
        bench.out
    );
    bench.keys(":overview<enter>");
    // Only the pods of that pool's own cluster.
    bench.keys("<tab>");
    assert_eq!(
        heads(&bench)[0].chars().next(),
        Some('>'),
        "{:?}",
        heads(&bench)
    );
    bench.keys("jjj<enter>");
    assert_eq!(bench.shows(), "nodes of pool runner in prod-us > p-1");
    let table = bench.engine.table(bench.now()).expect("nodes");
    assert_eq!(table.total, 2);
}

#[test]
fn an_action_goes_to_its_cluster_and_through_its_gate() {
    let mut bench = two();
    bench.keys(":nodes<enter>jjjc");
    let title = |bench: &Bench| match bench.engine.overlay(bench.now()) {
        Some(Overlay::Confirm { title, .. }) => flat(&title),
        other => panic!("{other:?}"),
    };
    assert_eq!(title(&bench), "Cordon node p-1?  in prod-us");
    bench.keys("y");
    let lock = |bench: &Bench, no| bench.engine.actions.gate(no).lock;
    assert!(matches!(lock(&bench, US), Lock::Unlocked { .. }));
    assert_eq!(lock(&bench, EU), Lock::Locked);
    let review = calls(&mut bench);
    let [(US, id, _)] = review[..] else {
        panic!("{review:?}");
    };
    let allowed = serde_json::json!({"status": {"allowed": true}});
    bench.send(Event::Reply(id, Box::new(Reply::Done(allowed))));
    bench.keys("y");
    let audited = bench.out.iter().find_map(|effect| match effect {
        Effect::Audit(line) => Some((line["cluster"].clone(), line["context"].clone())),
        _ => None,
    });
    assert_eq!(audited, Some(("uid-us".into(), "prod-us".into())));
    let sent = calls(&mut bench);
    let [(US, patch, path)] = &sent[..] else {
        panic!("{sent:?}");
    };
    assert_eq!(path, "/api/v1/nodes/p-1");
    bench.send(Event::Reply(
        *patch,
        Box::new(Reply::Done(serde_json::json!({}))),
    ));
    // The other cluster's node of that name is cordoned: that settles nothing.
    let mut node = node("p-1", &format!("{POOL}=runner"));
    node.unschedulable = true;
    bench.send(Event::Watch(
        EU,
        Box::new(watch(Kind::Node, [put_node(node.clone())])),
    ));
    assert_eq!(bench.engine.actions.running(), 1);
    // A cluster with an action is not left.
    bench.keys(":ctx -prod-us<enter>");
    assert_eq!(
        bench.notice(),
        "an action runs in prod-us: wait for it or stop it (:actions)"
    );
    bench.send(Event::Watch(
        US,
        Box::new(watch(Kind::Node, [put_node(node)])),
    ));
    assert_eq!(bench.engine.actions.running(), 0);
    bench.keys(":actions<enter>");
    assert_eq!(rows(&bench), [">prod-us cordon"]);
}

#[test]
fn an_action_is_for_one_cluster() {
    let mut bench = two();
    bench.keys(":nodes<enter>jj   D");
    assert_eq!(
        bench.notice(),
        "drain: marked are 2 in prod-eu, 1 in prod-us; an action is for one cluster: narrow to one (:cluster NAME)"
    );
    assert_eq!(bench.engine.overlay(bench.now()), None);
    // Narrowed to one, its marks stay and the others go.
    bench.keys(":cluster prod-eu<enter>D");
    let Some(Overlay::Confirm { .. }) = bench.engine.overlay(bench.now()) else {
        panic!("no plan: {}", bench.notice());
    };
    let pending = bench.engine.actions.pending().map(|p| p.cluster());
    assert_eq!(pending, Some(EU));
}

#[test]
fn the_lock_is_that_of_what_is_under_the_cursor() {
    let mut bench = two();
    bench.keys(":nodes<enter>j<c-l>");
    assert_eq!(bench.notice(), "prod-us unlocked for 15 min; ctrl-l locks");
    let right: Vec<String> = bench
        .engine
        .header(bench.now())
        .right
        .iter()
        .map(flat)
        .collect();
    assert!(
        right.contains(&"UNLOCKED prod-us 15 min".to_owned()),
        "{right:?}"
    );
    bench.keys("g<c-l>");
    assert_eq!(bench.notice(), "prod-eu unlocked for 15 min; ctrl-l locks");
    bench.keys("j<c-l>");
    assert_eq!(bench.notice(), "prod-us locked");
}

#[test]
fn one_cluster_under_two_names_is_shown_once() {
    let mut bench = two();
    bench.keys(":ctx +dev<enter>");
    assert_eq!(bench.out, [Effect::Connect(ClusterNo(2), "dev".into())]);
    bench.out.clear();
    bench.send(Event::Server(ClusterNo(2), info("dev", "uid-us")));
    assert_eq!(
        (bench.out.as_slice(), bench.notice().as_str()),
        (
            &[Effect::Disconnect(ClusterNo(2))][..],
            "dev is the same cluster as prod-us: it is shown once"
        )
    );
    // What it still tells is nobody's.
    let batch = watch(Kind::Node, [put_node(node("x-1", ""))]);
    bench.send(Event::Watch(ClusterNo(2), Box::new(batch)));
    bench.keys(":nodes<enter>");
    assert_eq!(rows(&bench).len(), 6);
}

#[test]
fn a_cluster_comes_and_goes_with_its_screens() {
    let mut bench = two();
    bench.keys(":nodes<enter>j<enter>l");
    bench.out.clear();
    bench.keys(":ctx -prod-us<enter>");
    assert!(
        matches!(
            bench.out.as_slice(),
            [Effect::CloseLog(US, _), Effect::Disconnect(US)]
        ),
        "{:?}",
        bench.out
    );
    // The next takes the place of the row that went.
    assert_eq!(rows(&bench), ["n-1 platform", ">p-1 runner", "p-2 runner"]);
    let last = crate::engine::contexts::Wish::parse("-prod-eu");
    bench.engine.wish(&last, &mut bench.out);
    assert_eq!(
        bench.notice(),
        "prod-eu is the only one; :ctx NAME shows another in its place"
    );
    bench.out.clear();
    bench.keys(":ctx +prod-us<enter>");
    let again = ClusterNo(2);
    assert_eq!(bench.out, [Effect::Connect(again, "prod-us".into())]);
    let batch = list(Kind::Node, objects(Kind::Node));
    bench.send(Event::Watch(again, Box::new(batch)));
    assert_eq!(rows(&bench).len(), 6);
}

#[test]
fn a_dead_cluster_says_so_and_the_other_is_there() {
    let mut bench = two();
    let why = "connection refused; is the server up?";
    bench.send(Event::ConnectFailed(US, why.into()));
    assert_eq!(
        heads(&bench),
        [
            "prod-eu ● live | 3/3 ready | running 1 | waiting 1 oldest 100s",
            "prod-us ✕ not connected: connection refused; is the server up? | 1 problem | 3/3 ready \
             | running 1 | waiting 1 oldest 100s",
        ]
    );
    let header = |bench: &Bench| {
        let mut header = bench.engine.header(bench.now());
        header.right.retain(|line| flat(line).contains("live"));
        header.right.iter().map(flat).collect::<Vec<_>>()
    };
    assert_eq!(header(&bench), ["1 of 2 live ✕ prod-us not connected"]);
    bench.send(Event::Page {
        rows: 20,
        columns: 200,
    });
    assert_eq!(header(&bench), ["● prod-eu live · ✕ prod-us not connected"]);
    bench.send(Event::Feed(US, Kind::Pod, Box::new(FeedState::Live)));
    assert_eq!(header(&bench), ["● 2 live"]);
}

#[test]
fn a_row_s_ages_are_by_its_own_server_s_clock() {
    let mut bench = two();
    let mut ahead = info("prod-us", "uid-us");
    ahead.offset_ms = 3_600_000;
    bench.send(Event::Server(US, ahead));
    bench.keys(":nodes<enter>");
    let table = bench.engine.table(bench.now()).expect("nodes");
    let age = table
        .heads
        .iter()
        .position(|h| h.title == "AGE")
        .expect("AGE");
    let ages: Vec<&str> = table.rows[..2]
        .iter()
        .map(|r| &*r.cells[age].text)
        .collect();
    assert_eq!(ages, ["100s", "61m"]);
}

use super::*;
use crate::cluster::decode::ListHead;
use crate::engine::effect::About;

/// What happened, in short, as a test reads it.
fn short(deltas: &[Delta]) -> String {
    let words: Vec<String> = deltas
        .iter()
        .map(|d| match d {
            Delta::SyncStart => "start".into(),
            Delta::Upsert(o) => format!("+{}", o.meta().name),
            Delta::Remove { name, .. } => format!("-{name}"),
            Delta::SyncEnd => "end".into(),
            Delta::Unreadable { name, .. } => format!("?{name}"),
        })
        .collect();
    words.join(" ")
}

fn added(name: &str, version: u32) -> Vec<u8> {
    format!(
        r#"{{"type":"ADDED","object":{{"metadata":{{"name":"{name}","uid":"u-{name}","resourceVersion":"{version}"}}}}}}"#
    )
    .into_bytes()
}

fn bookmark(version: u32, end: bool) -> Vec<u8> {
    let annotations = if end {
        r#","annotations":{"k8s.io/initial-events-end":"true"}"#
    } else {
        ""
    };
    format!(
        r#"{{"type":"BOOKMARK","object":{{"metadata":{{"resourceVersion":"{version}"{annotations}}}}}}}"#
    )
    .into_bytes()
}

fn error(code: u16) -> ServerError {
    ServerError {
        code,
        reason: String::new(),
        message: "x".into(),
    }
}

fn machine(streaming: bool) -> Machine {
    let lists = if streaming {
        Lists::Streamed
    } else {
        Lists::Pages
    };
    Machine::new(Kind::Pod, Scope::default(), lists)
}

fn in_two() -> Machine {
    Machine::new(Kind::Pod, Scope::default(), Lists::Whole)
}

const STREAM: &str = "/api/v1/pods?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=60";

fn follow(version: &str) -> Ask {
    Ask::Watch(format!(
        "/api/v1/pods?watch=true&allowWatchBookmarks=true&timeoutSeconds=60&resourceVersion={version}"
    ))
}

#[test]
fn a_streaming_list_then_a_watch() {
    let mut m = machine(true);
    let mut out = Vec::new();
    assert_eq!(m.ask(), Ask::Watch(STREAM.into()));
    m.opened(&mut out);
    m.frame(Wire::Json, &added("a", 1), &mut out);
    m.frame(Wire::Json, &bookmark(4, false), &mut out);
    m.frame(Wire::Json, &added("b", 2), &mut out);
    assert_eq!(
        m.state(),
        FeedState::Syncing {
            seen: 2,
            expected: None
        }
    );
    m.frame(Wire::Json, &bookmark(5, true), &mut out);
    assert_eq!(m.state(), FeedState::Live);
    m.frame(Wire::Json, &added("c", 6), &mut out);
    assert_eq!(short(&out), "start +a +b end +c");
    m.ended();
    assert_eq!(m.ask(), follow("6"));
    out.clear();
    m.opened(&mut out);
    m.frame(Wire::Json, &bookmark(9, false), &mut out);
    m.frame(
        Wire::Json,
        br#"{"type":"DELETED","object":{"metadata":{"name":"a","uid":"u-a","resourceVersion":"10"}}}"#,
        &mut out,
    );
    assert_eq!(short(&out), "-a");
    // A server that sends bookmarks is asked less often.
    let long =
        "/api/v1/pods?watch=true&allowWatchBookmarks=true&timeoutSeconds=300&resourceVersion=10";
    assert_eq!(m.ask(), Ask::Watch(long.into()));
    // If then it is silent for long, that is no news yet.
    assert_eq!(m.silence(), BOOKMARK_SILENCE);
    assert_eq!(m.silent(), Next::Again);
    assert_eq!(m.ask(), follow("10"));
    assert_eq!(
        m.silent(),
        Next::Retry {
            why: "the watch was silent for 65 s".into()
        }
    );
}

#[test]
fn a_list_that_breaks_off_begins_anew() {
    let mut m = machine(true);
    let mut out = Vec::new();
    m.opened(&mut out);
    m.frame(Wire::Json, &added("a", 1), &mut out);
    m.ended();
    assert_eq!(m.ask(), Ask::Watch(STREAM.into()));
    m.opened(&mut out);
    m.frame(Wire::Json, &added("a", 1), &mut out);
    m.frame(Wire::Json, &bookmark(2, true), &mut out);
    assert_eq!(short(&out), "start +a start +a end");
}

#[test]
fn pages_where_streaming_is_refused() {
    let mut m = machine(true);
    let mut out = Vec::new();
    assert_eq!(m.refused(&error(422)), Refusal::Again);
    assert_eq!(m.ask(), Ask::List("/api/v1/pods?limit=500".into()));
    let page = |names: &[&str], next: &str| {
        let items: Vec<String> = names
            .iter()
            .map(|n| format!(r#"{{"metadata":{{"name":"{n}"}}}}"#))
            .collect();
        format!(
            r#"{{"metadata":{{"resourceVersion":"7","continue":"{next}","remainingItemCount":1}},"items":[{}]}}"#,
            items.join(",")
        )
    };
    assert_eq!(
        m.page(Wire::Json, page(&["a", "b"], "t/k").as_bytes(), &mut out),
        Next::Again
    );
    assert_eq!(
        m.state(),
        FeedState::Syncing {
            seen: 2,
            expected: Some(3)
        }
    );
    assert_eq!(
        m.ask(),
        Ask::List("/api/v1/pods?limit=500&continue=t%2Fk".into())
    );
    m.page(Wire::Json, page(&["c"], "").as_bytes(), &mut out);
    assert_eq!(short(&out), "start +a +b +c end");
    assert_eq!(m.ask(), follow("7"));
}

#[test]
fn a_page_and_then_all() {
    let mut m = in_two();
    let mut out = Vec::new();
    let page = Ask::List("/api/v1/pods?limit=500".into());
    assert_eq!(m.ask(), page);
    // An empty message is a pod without a name.
    let part = |m: &mut Machine, count: usize, out: &mut Vec<Delta>| {
        m.page_opened(out);
        for _ in 0..count {
            m.item(b"", out);
        }
    };
    let head = |next: Option<&str>, remaining| ListHead {
        version: "7".into(),
        next: next.map(str::to_owned),
        remaining,
    };
    let more = || head(Some("t/k"), Some(3));
    part(&mut m, 2, &mut out);
    assert_eq!(m.page_ended(more(), &mut out), Next::Again);
    let whole = Ask::List("/api/v1/pods".into());
    assert_eq!(m.ask(), whole);
    let syncing = |seen| FeedState::Syncing {
        seen,
        expected: Some(5),
    };
    assert_eq!(m.state(), syncing(2));
    // It breaks off and comes again. What of the page is gone by then must go too.
    part(&mut m, 2, &mut out);
    assert_eq!((m.state(), m.ask()), (syncing(2), whole));
    part(&mut m, 4, &mut out);
    assert_eq!(m.page_ended(head(None, None), &mut out), Next::Again);
    assert_eq!(m.ask(), follow("7"));
    assert_eq!(short(&out), "start + + start + + start + + + + end");
    // A short list is one page.
    let mut m = in_two();
    m.page_ended(head(None, None), &mut out);
    assert_eq!(m.ask(), follow("7"));
    // JSON comes page by page, however it came to that.
    let mut m = in_two();
    m.page_ended(more(), &mut out);
    assert_eq!(m.too_large(1 << 20), Next::Again);
    assert_eq!(m.ask(), page);
    m.page_ended(more(), &mut out);
    let next = Ask::List("/api/v1/pods?limit=500&continue=t%2Fk".into());
    assert_eq!(m.ask(), next);
    let mut m = in_two();
    m.page_ended(more(), &mut out);
    assert!(matches!(m.no_list(), Next::Json { .. }));
    assert_eq!((m.accept(), m.ask()), ("application/json", page));
    // Labels are asked for in both.
    let scope = Scope {
        selector: Some("a=b".into()),
        ..Scope::default()
    };
    let mut m = Machine::new(Kind::Pod, scope, Lists::Whole);
    m.page_ended(more(), &mut out);
    assert_eq!(
        m.ask(),
        Ask::List("/api/v1/pods?labelSelector=a%3Db".into())
    );
}

#[test]
fn protobuf_is_asked_for_until_it_cannot_be_had() {
    let protobuf = "application/vnd.kubernetes.protobuf;stream=watch,application/json";
    let mut m = machine(true);
    assert_eq!(m.accept(), protobuf);
    for code in [406, 415] {
        let mut m = machine(true);
        m.opened(&mut Vec::new());
        assert_eq!(m.refused(&error(code)), Refusal::Again);
        assert_eq!(
            (m.accept(), m.ask()),
            ("application/json", Ask::Watch(STREAM.into()))
        );
        // It was not that.
        assert_eq!(m.refused(&error(code)), Refusal::Again);
        assert_eq!(m.ask(), Ask::List("/api/v1/pods?limit=500".into()));
    }
    let mut out = Vec::new();
    m.opened(&mut out);
    let next = m.frame(Wire::Protobuf, b"{\"type\":\"ADDED\"}", &mut out);
    assert!(matches!(next, Next::Json { .. }), "{next:?}");
    m.ended();
    assert_eq!(
        (m.accept(), m.ask()),
        ("application/json", Ask::Watch(STREAM.into()))
    );
    let mut m = machine(false);
    assert_eq!(
        m.accept(),
        "application/vnd.kubernetes.protobuf,application/json"
    );
    let next = m.page(Wire::Protobuf, b"{}", &mut out);
    assert!(matches!(next, Next::Json { .. }), "{next:?}");
    assert_eq!(m.accept(), "application/json");
}

#[test]
fn what_is_too_large_is_named_or_asked_for_in_parts() {
    let mut m = machine(false);
    let mut out = Vec::new();
    for limit in [125, 31, 7, 1] {
        assert_eq!(m.too_large(1 << 20), Next::Again);
        assert_eq!(m.ask(), Ask::List(format!("/api/v1/pods?limit={limit}")));
    }
    assert_eq!(
        m.too_large(1 << 20),
        Next::Retry {
            why: "one object of pods has more than 1048576 bytes".into()
        }
    );
    m.too_long(80 << 20, &mut out);
    assert_eq!(
        out,
        [Delta::Unreadable {
            name: "?".into(),
            why: "an event of pods has 83886080 bytes, 16777216 are the limit".into()
        }]
    );
}

#[test]
fn an_expired_version_lists_anew() {
    for how in ["event", "status"] {
        let mut m = machine(true);
        let mut out = Vec::new();
        m.opened(&mut out);
        m.frame(Wire::Json, &bookmark(5, true), &mut out);
        if how == "event" {
            let line = br#"{"type":"ERROR","object":{"kind":"Status","status":"Failure","reason":"Expired","code":410}}"#;
            assert_eq!(m.frame(Wire::Json, line, &mut out), Next::Relist);
        } else {
            assert_eq!(m.refused(&error(410)), Refusal::Relist);
        }
        assert_eq!(m.ask(), Ask::Watch(STREAM.into()), "{how}");
    }
}

#[test]
fn what_cannot_be_read_is_named_and_passed() {
    let mut m = machine(true);
    let mut out = Vec::new();
    m.opened(&mut out);
    m.frame(Wire::Json, &bookmark(5, true), &mut out);
    out.clear();
    let line = br#"{"type":"MODIFIED","object":{"metadata":{"name":"p","namespace":"n","resourceVersion":"8"},"status":{"containerStatuses":3}}}"#;
    assert_eq!(m.frame(Wire::Json, line, &mut out), Next::Continue);
    assert_eq!(short(&out), "?n/p");
    assert_eq!(m.ask(), follow("8"));
    assert!(matches!(
        m.frame(Wire::Json, b"nonsense", &mut out),
        Next::Retry { .. }
    ));
    assert_eq!(m.frame(Wire::Json, b"\n", &mut out), Next::Continue);
}

#[test]
fn refusals() {
    let mut m = machine(true);
    assert_eq!(m.refused(&error(403)), Refusal::Denied { verb: "watch" });
    assert_eq!(m.refused(&error(401)), Refusal::Unauthorized);
    assert_eq!(m.refused(&error(404)), Refusal::Absent);
    assert_eq!(
        m.refused(&error(503)),
        Refusal::Retry {
            why: "x (503)".into()
        }
    );
    let mut m = Machine::new(
        Kind::BatchJob,
        Scope {
            namespace: None,
            fallback: Some("team".into()),
            selector: Some("a=b".into()),
            fields: None,
        },
        Lists::Pages,
    );
    assert_eq!(m.refused(&error(403)), Refusal::Narrowed);
    assert_eq!(
        m.ask(),
        Ask::List("/apis/batch/v1/namespaces/team/jobs?limit=500".into())
    );
    assert_eq!(m.refused(&error(403)), Refusal::Denied { verb: "list" });
    assert_eq!(m.resource(), "jobs.batch");
}

#[test]
fn events_are_asked_for_by_their_fields() {
    let scope = Scope {
        selector: Some("a=b".into()),
        ..Scope::default()
    };
    let about = About {
        namespace: Some("ci".into()),
        fields: "involvedObject.uid=u1".into(),
    };
    let ask = |kind| Machine::new(kind, scope.of(kind, Some(&about)), Lists::Pages).ask();
    for (kind, path) in [
        (
            Kind::Event,
            "/api/v1/namespaces/ci/events?fieldSelector=involvedObject.uid%3Du1&limit=500",
        ),
        (
            Kind::Warning,
            "/api/v1/events?fieldSelector=type%3DWarning&limit=500",
        ),
        (Kind::Pod, "/api/v1/pods?labelSelector=a%3Db&limit=500"),
    ] {
        assert_eq!(ask(kind), Ask::List(path.into()));
    }
}

#[test]
fn a_selector_is_for_pods_and_escaped() {
    let m = Machine::new(
        Kind::Pod,
        Scope {
            namespace: Some("n".into()),
            fallback: None,
            selector: Some("a in (b,c),d!=e".into()),
            fields: None,
        },
        Lists::Pages,
    );
    assert_eq!(
        m.ask(),
        Ask::List(
            "/api/v1/namespaces/n/pods?labelSelector=a%20in%20%28b%2Cc%29%2Cd%21%3De&limit=500"
                .into()
        )
    );
}

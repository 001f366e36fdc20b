//! Scripted traces through our watch machine, in JSON and in protobuf, plain and compressed, and through
//! kube's own watcher end in equal models. Where kube's watcher does something else, that is said and held.
#![cfg(feature = "sim")]

mod client;
mod follow;
mod proto;
mod trace;

use constable::cluster::decode::Wire;
use follow::{Outcome, Way, kubes, ours};
use proptest::prelude::*;
use trace::{Answer, Change, Pod, last, pod};

/// More errors than any trace has.
const ALL: usize = 1000;

fn ways() -> impl Iterator<Item = Way> {
    [Wire::Json, Wire::Protobuf].into_iter().flat_map(|wire| {
        [(1 << 20, false), (7, false), (64, true)]
            .into_iter()
            .map(move |(chunk, gzip)| Way { wire, chunk, gzip })
    })
}

fn run<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    runtime.unwrap().block_on(work)
}

/// All ways end alike; gives what ours came to.
fn alike(streaming: bool, answers: &[Answer]) -> Outcome {
    let theirs = run(kubes(streaming, answers, ALL));
    let mut last = None;
    for way in ways() {
        let mine = ours(way, streaming, answers);
        assert_eq!(mine.pods, theirs.pods, "{way:?}\n{answers:#?}");
        last = Some(mine);
    }
    last.unwrap()
}

fn moved(pod: &Pod, version: u32, phase: &'static str) -> Pod {
    Pod {
        version,
        phase,
        ..pod.clone()
    }
}

use Change::{Added, Bad, Bookmark, Deleted, End, Error, Modified};

#[test]
fn a_streaming_list_and_changes() {
    let (a, b) = (pod("a", 1), pod("b", 2));
    let outcome = alike(
        true,
        &[Answer::Stays(vec![
            Added(a.clone()),
            Added(b.clone()),
            Bookmark(3),
            End(4),
            Modified(moved(&a, 5, "Succeeded")),
            Deleted(moved(&b, 6, "Running")),
            Added(pod("c", 7)),
            Bookmark(8),
            // Twice the same, and a deletion of what nobody knows.
            Added(pod("c", 7)),
            Deleted(pod("d", 9)),
            last(10),
        ])],
    );
    assert_eq!(outcome.names(), ["a", "c", "zz-last"]);
    assert_eq!(outcome.errors, [""; 0]);
}

#[test]
fn pages_then_changes() {
    let page = |pods, next| Answer::Page {
        pods,
        bad: None,
        version: 9,
        next,
    };
    let outcome = alike(
        false,
        &[
            page(vec![pod("a", 1), pod("b", 2)], Some("token/1")),
            page(vec![], Some("token/2")),
            page(vec![pod("c", 3)], None),
            Answer::Stays(vec![Deleted(pod("a", 10)), last(11)]),
        ],
    );
    assert_eq!(outcome.names(), ["b", "c", "zz-last"]);
    assert_eq!(
        outcome.asked[1..],
        [
            "/api/v1/pods?limit=500&continue=token%2F1",
            "/api/v1/pods?limit=500&continue=token%2F2",
            "/api/v1/pods?watch=true&allowWatchBookmarks=true&timeoutSeconds=60&resourceVersion=9",
        ]
    );
}

#[test]
fn an_end_is_resumed_where_it_was() {
    let outcome = alike(
        true,
        &[
            Answer::Watch(vec![Added(pod("a", 1)), End(4), Added(pod("b", 5))]),
            Answer::Watch(vec![Bookmark(9)]),
            Answer::Watch(vec![]),
            Answer::Stays(vec![Deleted(pod("a", 10)), last(11)]),
        ],
    );
    assert_eq!(outcome.names(), ["b", "zz-last"]);
    let from: Vec<&str> = outcome.asked[1..]
        .iter()
        .filter_map(|path| path.rsplit('=').next())
        .collect();
    assert_eq!(from, ["5", "9", "9"]);
}

#[test]
fn a_cut_event_comes_again() {
    let outcome = alike(
        true,
        &[
            Answer::Cut(vec![Added(pod("a", 1)), End(4), Added(pod("b", 5))]),
            Answer::Stays(vec![Added(pod("b", 5)), last(6)]),
        ],
    );
    assert_eq!(outcome.names(), ["a", "b", "zz-last"]);
    assert!(outcome.asked[1].ends_with("resourceVersion=4"));
}

#[test]
fn a_list_that_ends_in_the_middle_begins_anew() {
    // What went between the two attempts is gone.
    for first in [Answer::Watch, Answer::Cut] {
        let outcome = alike(
            true,
            &[
                first(vec![
                    Added(pod("a", 1)),
                    Added(pod("b", 2)),
                    Added(pod("c", 3)),
                ]),
                Answer::Stays(vec![Added(pod("a", 1)), End(7), last(8)]),
            ],
        );
        assert_eq!(outcome.names(), ["a", "zz-last"]);
        assert_eq!(outcome.asked[0], outcome.asked[1]);
    }
}

#[test]
fn an_expired_version_lists_anew() {
    // `b` goes and comes back as another while nobody looks.
    let again = Pod {
        life: 2,
        ..pod("b", 20)
    };
    let outcome = alike(
        true,
        &[
            Answer::Watch(vec![
                Added(pod("a", 1)),
                Added(pod("b", 2)),
                Added(pod("c", 3)),
                End(4),
                Error(410, "Expired"),
            ]),
            Answer::Stays(vec![Added(pod("a", 1)), Added(again), End(21), last(22)]),
        ],
    );
    assert_eq!(outcome.names(), ["a", "b", "zz-last"]);
    assert_eq!(&*outcome.pods[1].meta.uid.to_string(), "b-2");
    assert!(outcome.asked[1].contains("sendInitialEvents"));
}

#[test]
fn an_error_event_that_is_not_gone() {
    // Ours lets the stream go and resumes it; kube's reads on. No event is lost either way.
    let answers = [
        Answer::Watch(vec![
            Added(pod("a", 1)),
            End(4),
            Error(500, "InternalError"),
        ]),
        Answer::Stays(vec![last(5)]),
    ];
    let outcome = alike(true, &answers);
    assert_eq!(outcome.names(), ["a", "zz-last"]);
    assert!(outcome.errors[0].starts_with("Retry"), "{outcome:?}");
}

#[test]
fn one_bad_object_of_a_stream() {
    let answers = [Answer::Stays(vec![
        Added(pod("a", 1)),
        Bad(pod("broken", 2)),
        End(4),
        Bad(pod("broken", 5)),
        Added(pod("b", 6)),
        last(7),
    ])];
    let theirs = run(kubes(true, &answers, ALL));
    let way = Way {
        wire: Wire::Json,
        chunk: 64,
        gzip: false,
    };
    let mine = ours(way, true, &answers);
    assert_eq!(mine.pods, theirs.pods);
    assert_eq!(mine.names(), ["a", "b", "zz-last"]);
    // Ours names it; kube's tells where the text went wrong.
    assert_eq!(mine.errors, ["unreadable ns/broken"; 2]);
    assert_eq!(theirs.errors.len(), 2);
    assert!(!theirs.errors[0].contains("broken"), "{theirs:?}");
}

#[test]
fn one_bad_object_of_a_page() {
    let answers = [
        Answer::Page {
            pods: vec![pod("a", 1), pod("b", 2)],
            bad: Some(pod("broken", 3)),
            version: 4,
            next: None,
        },
        Answer::Stays(vec![last(5)]),
    ];
    let way = Way {
        wire: Wire::Json,
        chunk: 64,
        gzip: false,
    };
    let mine = ours(way, false, &answers);
    assert_eq!(mine.names(), ["a", "b", "zz-last"]);
    assert_eq!(mine.errors, ["unreadable ns/broken"]);
    // kube's watcher loses the page, and asks for the same for ever.
    let pages = [answers[0].clone(), answers[0].clone(), answers[0].clone()];
    let theirs = run(kubes(false, &pages, 3));
    assert_eq!((theirs.errors.len(), theirs.pods.len()), (3, 0));
    assert_eq!(theirs.asked[0], theirs.asked[2]);
}

#[test]
fn gone_as_a_status() {
    let answers = [
        Answer::Watch(vec![Added(pod("a", 1)), Added(pod("b", 2)), End(4)]),
        Answer::Refused(410, "Expired"),
        Answer::Stays(vec![Added(pod("b", 2)), End(9), last(10)]),
    ];
    for way in ways() {
        let mine = ours(way, true, &answers);
        assert_eq!(mine.names(), ["b", "zz-last"], "{way:?}");
        assert_eq!(mine.errors, ["Relist"]);
        assert!(mine.asked[2].contains("sendInitialEvents"));
    }
    // kube's watcher asks for the version that is gone again and again.
    let gone = answers[1].clone();
    let answers = [answers[0].clone(), gone.clone(), gone.clone(), gone];
    let theirs = run(kubes(true, &answers, 3));
    assert_eq!(theirs.errors.len(), 3);
    assert_eq!(theirs.asked[1], theirs.asked[3]);
    assert!(!theirs.asked[3].contains("sendInitialEvents"));
}

#[test]
fn a_server_without_streaming_lists() {
    let refused = Answer::Refused(422, "Invalid");
    let answers = [
        refused.clone(),
        Answer::Page {
            pods: vec![pod("a", 1)],
            bad: None,
            version: 4,
            next: None,
        },
        Answer::Stays(vec![last(5)]),
    ];
    for way in ways() {
        assert_eq!(ours(way, true, &answers).names(), ["a", "zz-last"]);
    }
    // kube's watcher has no way back from it.
    let theirs = run(kubes(true, &[refused.clone(), refused.clone(), refused], 3));
    assert_eq!(theirs.errors.len(), 3);
    assert_eq!(theirs.asked[0], theirs.asked[2]);
}

/// A server's history: what happens, and where connections break.
#[derive(Clone, Debug)]
enum Act {
    /// A pod is created, changed or, of what there is, deleted.
    Create(u8),
    Change(u8),
    Delete(u8),
    Bookmark,
    /// The stream ends, cleanly or within its last event.
    End,
    Cut,
    /// The version expires; with it the list breaks off after so many objects first.
    Expire(Option<u8>),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (0..12_u8).prop_map(Act::Create),
        4 => (0..12_u8).prop_map(Act::Change),
        3 => (0..12_u8).prop_map(Act::Delete),
        1 => Just(Act::Bookmark),
        1 => Just(Act::End),
        1 => Just(Act::Cut),
        1 => proptest::option::of(0..12_u8).prop_map(Act::Expire),
    ]
}

/// The answers of such a server, and the names that are left.
fn history(acts: &[Act]) -> (Vec<Answer>, Vec<String>) {
    let mut store: Vec<Pod> = Vec::new();
    let mut version = 1;
    let mut answers = Vec::new();
    let mut stream = vec![End(version)];
    for act in acts {
        version += 1;
        let at = |n: u8| store.iter().position(|p| p.name == format!("p-{n:02}"));
        match act {
            Act::Create(n) if at(*n).is_none() => {
                let pod = Pod {
                    life: version,
                    ..pod(&format!("p-{n:02}"), version)
                };
                store.push(pod.clone());
                stream.push(Added(pod));
            }
            Act::Create(n) | Act::Change(n) => {
                if let Some(at) = at(*n) {
                    store[at] = moved(&store[at], version, "Succeeded");
                    stream.push(Modified(store[at].clone()));
                }
            }
            Act::Delete(n) => {
                if let Some(at) = at(*n) {
                    stream.push(Deleted(moved(&store.remove(at), version, "Failed")));
                }
            }
            Act::Bookmark => stream.push(Bookmark(version)),
            Act::End => {
                answers.push(Answer::Watch(std::mem::take(&mut stream)));
            }
            Act::Cut => {
                // What was cut is sent again; the end of a list is not cut here.
                let again = match stream.last() {
                    Some(End(_)) | None => None,
                    Some(change) => Some(change.clone()),
                };
                let sent = std::mem::take(&mut stream);
                answers.push(match again {
                    Some(_) => Answer::Cut(sent),
                    None => Answer::Watch(sent),
                });
                stream.extend(again);
            }
            Act::Expire(broken) => {
                stream.push(Error(410, "Expired"));
                answers.push(Answer::Watch(std::mem::take(&mut stream)));
                let list: Vec<Change> = store.iter().cloned().map(Added).collect();
                if let Some(n) = broken {
                    let some = list[..usize::from(*n).min(list.len())].to_vec();
                    answers.push(Answer::Watch(some));
                }
                stream = list;
                stream.push(End(version));
            }
        }
    }
    stream.push(last(version + 1));
    answers.push(Answer::Stays(stream));
    let mut names: Vec<String> = store.into_iter().map(|p| p.name).collect();
    names.push(trace::LAST.to_owned());
    names.sort();
    (answers, names)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(96) })]
    #[test]
    fn any_history_ends_alike(acts in proptest::collection::vec(act(), 0..60)) {
        let (answers, names) = history(&acts);
        let outcome = alike(true, &answers);
        prop_assert_eq!(outcome.names(), names);
    }
}

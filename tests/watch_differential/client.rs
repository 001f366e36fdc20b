//! Feeds over kube's client, whose service is a script: what status, headers and encoding lead to.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use chrono::Utc;
use constable::ci;
use constable::cluster::connect::Connection;
use constable::cluster::decode::Wire;
use constable::cluster::feed::{Feeds, Lists, Pulse, Scope};
use constable::engine::Event;
use constable::engine::settings::{Api, Compression};
use constable::model::{FeedState, Kind, Model, RankRules};
use futures::StreamExt;
use http::{Request, Response};
use http_body_util::StreamBody;
use hyper::body::Frame;
use kube::Client;
use kube::client::Body;
use tokio::sync::{mpsc, watch};

use crate::follow::members;
use crate::trace::{Answer, Change, last, pod};

/// Nothing here takes so long unless it hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// An answer with its headers.
struct Reply {
    status: u16,
    headers: Vec<(&'static str, &'static str)>,
    body: Vec<u8>,
    stays: bool,
}

const PROTOBUF: (&str, &str) = (
    "content-type",
    "application/vnd.kubernetes.protobuf;stream=watch",
);
const JSON: (&str, &str) = ("content-type", "application/json");
const GZIP: (&str, &str) = ("content-encoding", "gzip");

fn reply(answer: &Answer, wire: Wire) -> Reply {
    Reply {
        status: answer.status(),
        headers: vec![match wire {
            Wire::Json => JSON,
            Wire::Protobuf => PROTOBUF,
        }],
        body: answer.body(wire),
        stays: answer.stays(),
    }
}

/// A request as it came.
#[derive(Clone, Debug)]
struct Asked {
    path: String,
    accept: String,
    encoding: String,
    at: Instant,
}

/// Feeds of pods from a script, until the last event of the trace.
struct Followed {
    model: Model,
    asked: Vec<Asked>,
    /// What was stale, in words.
    stale: Vec<String>,
    connection: Connection,
}

async fn follow(api: Api, replies: Vec<Reply>) -> Followed {
    follow_lists(api, Lists::Streamed, replies).await
}

async fn follow_lists(api: Api, lists: Lists, replies: Vec<Reply>) -> Followed {
    let script = Arc::new(Mutex::new(VecDeque::from(replies)));
    let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
    let seen = asked.clone();
    let service = tower::service_fn(move |request: Request<Body>| {
        let header = |name| {
            let value = request.headers().get(name);
            value.map_or("", |v| v.to_str().unwrap()).to_owned()
        };
        seen.lock().unwrap().push(Asked {
            path: request.uri().to_string(),
            accept: header("accept"),
            encoding: header("accept-encoding"),
            at: Instant::now(),
        });
        let reply = script.lock().unwrap().pop_front().expect("no more answers");
        async move { Ok::<_, Infallible>(respond(reply)) }
    });
    let connection = Connection::from_client(Client::new(service, "default"), "script").with(&api);
    let (events, mut queue) = mpsc::channel(4);
    let (_told, pulse) = watch::channel(Pulse::Answers);
    let scope = Scope::default();
    let mut feeds = Feeds::new(connection.clone(), scope, lists, pulse, events);
    feeds.set(Kind::Pod, true);
    let mut followed = Followed {
        model: Model::new(RankRules::default()),
        asked: Vec::new(),
        stale: Vec::new(),
        connection,
    };
    let through = async {
        while !followed
            .model
            .pods()
            .any(|p| &*p.meta.name == crate::trace::LAST)
        {
            let now = Utc::now();
            match queue.recv().await.unwrap() {
                Event::Watch(_, batch) => {
                    followed.model.apply(now, *batch, &ci::Reader);
                }
                Event::Feed(_, kind, state) => {
                    if let FeedState::Stale { why, .. } = &*state {
                        followed.stale.push(why.to_string());
                    }
                    followed.model.set_feed(now, kind, *state, &ci::Reader);
                }
                _ => {}
            }
        }
    };
    let in_time = tokio::time::timeout(PATIENCE, through).await;
    followed.asked = asked.lock().unwrap().clone();
    assert!(in_time.is_ok(), "{:?} {:?}", followed.asked, followed.stale);
    followed
}

fn respond(
    reply: Reply,
) -> Response<StreamBody<impl futures::Stream<Item = Result<Frame<Bytes>, Infallible>>>> {
    let mut response = Response::builder().status(reply.status);
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    let chunks: Vec<_> = reply
        .body
        .chunks(50)
        .map(|c| Ok(Frame::data(Bytes::copy_from_slice(c))))
        .collect();
    let rest = if reply.stays {
        futures::stream::pending().left_stream()
    } else {
        futures::stream::empty().right_stream()
    };
    let body = StreamBody::new(futures::stream::iter(chunks).chain(rest));
    response.body(body).unwrap()
}

fn names(followed: &Followed) -> Vec<String> {
    let mut names: Vec<String> = followed
        .model
        .pods()
        .map(|p| p.meta.name.to_string())
        .collect();
    names.sort();
    names
}

fn some() -> Answer {
    Answer::Stays(vec![
        Change::Added(pod("a", 1)),
        Change::Added(pod("b", 2)),
        Change::End(4),
        last(5),
    ])
}

fn gzip(compression: Compression) -> Api {
    Api {
        compression,
        ..Api::default()
    }
}

#[tokio::test]
async fn the_reply_chooses_the_decoder() {
    for wire in [Wire::Json, Wire::Protobuf] {
        let followed = follow(Api::default(), vec![reply(&some(), wire)]).await;
        assert_eq!(names(&followed), ["a", "b", "zz-last"]);
        assert_eq!(followed.asked.len(), 1);
        let asked = &followed.asked[0];
        assert_eq!(
            (&*asked.accept, &*asked.encoding),
            (
                "application/vnd.kubernetes.protobuf;stream=watch,application/json",
                "identity"
            )
        );
    }
}

#[tokio::test]
async fn members_are_read_and_counted() {
    for wire in [Wire::Json, Wire::Protobuf] {
        let mut packed = reply(&some(), wire);
        let plain = packed.body.len();
        packed.body = members(&packed.body);
        packed.headers.push(GZIP);
        let wired = packed.body.len();
        let followed = follow(gzip(Compression::On), vec![packed]).await;
        assert_eq!(names(&followed), ["a", "b", "zz-last"]);
        assert_eq!(followed.asked[0].encoding, "gzip");
        let figures = followed.connection.meters.figures();
        let pods = figures.iter().find(|f| f.what == "pods").unwrap();
        assert_eq!(
            (
                pods.requests,
                pods.wire,
                pods.plain,
                pods.frames,
                pods.again
            ),
            (1, wired as u64, plain as u64, 4, 0)
        );
    }
}

#[tokio::test]
async fn a_corrupt_member_is_named_and_then_plain_is_asked_for() {
    let mut broken = reply(&some(), Wire::Json);
    // The first member is well, the second is none.
    broken.body = members(&broken.body[..300]);
    broken.body.extend(b"this is no gzip");
    broken.headers.push(GZIP);
    let followed = follow(
        gzip(Compression::On),
        vec![broken, reply(&some(), Wire::Json)],
    )
    .await;
    assert_eq!(names(&followed), ["a", "b", "zz-last"]);
    assert!(
        followed.stale[0].starts_with("corrupt gzip after "),
        "{:?}",
        followed.stale
    );
    let encodings: Vec<&str> = followed.asked.iter().map(|a| &*a.encoding).collect();
    assert_eq!(encodings, ["gzip", "identity"]);
}

#[tokio::test]
async fn a_busy_server_is_left_alone_for_as_long_as_it_asks() {
    let mut busy = reply(&Answer::Refused(429, "TooManyRequests"), Wire::Protobuf);
    busy.headers = vec![
        ("content-type", "application/vnd.kubernetes.protobuf"),
        ("retry-after", "1"),
    ];
    let followed = follow(Api::default(), vec![busy, reply(&some(), Wire::Json)]).await;
    let waited = followed.asked[1].at - followed.asked[0].at;
    assert!(waited >= Duration::from_secs(1), "{waited:?}");
    assert_eq!(followed.stale, ["no (429)"]);
    let figures = followed.connection.meters.figures();
    let pods = figures.iter().find(|f| f.what == "pods").unwrap();
    assert_eq!((pods.throttled, pods.again), (1, 1));
    assert_eq!(followed.asked[0].path, followed.asked[1].path);
}

#[tokio::test]
async fn a_server_without_protobuf_or_streaming_lists() {
    let page = Answer::Page {
        pods: vec![pod("a", 1)],
        bad: None,
        version: 4,
        next: None,
    };
    let followed = follow(
        Api::default(),
        vec![
            reply(&Answer::Refused(406, "NotAcceptable"), Wire::Json),
            reply(&Answer::Refused(422, "Invalid"), Wire::Json),
            reply(&page, Wire::Json),
            reply(&Answer::Stays(vec![last(5)]), Wire::Json),
        ],
    )
    .await;
    assert_eq!(names(&followed), ["a", "zz-last"]);
    assert_eq!(followed.stale, [""; 0]);
    let accepts: Vec<&str> = followed.asked[1..].iter().map(|a| &*a.accept).collect();
    assert_eq!(accepts, ["application/json"; 3]);
    assert_eq!(followed.asked[2].path, "/api/v1/pods?limit=500");
}

#[tokio::test]
async fn a_page_then_all_and_again_what_was_cut_off() {
    let page = |names: &[(&str, u32)], next| Answer::Page {
        pods: names.iter().map(|(n, v)| pod(n, *v)).collect(),
        bad: None,
        version: 9,
        next,
    };
    // One of the page is gone by then.
    let all = page(&[("a", 1), ("b", 2), ("c", 3)], None);
    let mut cut = reply(&all, Wire::Protobuf);
    cut.body.truncate(cut.body.len() / 2);
    let followed = follow_lists(
        Api::default(),
        Lists::Whole,
        vec![
            reply(
                &page(&[("a", 1), ("gone", 1)], Some("token")),
                Wire::Protobuf,
            ),
            cut,
            reply(&all, Wire::Protobuf),
            reply(&Answer::Stays(vec![last(10)]), Wire::Protobuf),
        ],
    )
    .await;
    assert_eq!(names(&followed), ["a", "b", "c", "zz-last"]);
    let asked: Vec<&str> = followed.asked.iter().map(|a| &*a.path).collect();
    let all = "/api/v1/pods";
    assert_eq!(asked[..3], ["/api/v1/pods?limit=500", all, all]);
    assert!(asked[3].ends_with("&resourceVersion=9"), "{asked:?}");
    assert_eq!(followed.stale, ["the list was cut off"]);
}

#[tokio::test]
async fn what_is_no_api_server_is_said() {
    let page = Reply {
        status: 200,
        headers: vec![("content-type", "text/html")],
        body: b"<html>Log in</html>".to_vec(),
        stays: false,
    };
    let followed = follow(Api::default(), vec![page, reply(&some(), Wire::Json)]).await;
    assert_eq!(
        followed.stale,
        ["the answer is text/html, and neither JSON nor protobuf; is a proxy in between?"]
    );
    assert_eq!(names(&followed), ["a", "b", "zz-last"]);
}

use std::net::SocketAddr;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::{Served, serve};
use crate::sim::api::{self, LogFollow, Request, Response, Watch};
use crate::sim::host::Host;
use crate::sim::resource::resource;
use crate::sim::store::Store;

/// A store without actors.
struct Bare {
    store: Store,
    now: DateTime<Utc>,
    down: bool,
}

impl Bare {
    fn new() -> Bare {
        let mut store = Store::new(1);
        let namespace = serde_json::json!({"metadata": {"name": "default"}});
        store
            .create(start(), resource("namespaces"), namespace)
            .unwrap();
        Bare {
            store,
            now: start(),
            down: false,
        }
    }
}

impl Host for Bare {
    fn now(&self) -> DateTime<Utc> {
        self.now
    }

    fn step(&mut self, until: DateTime<Utc>) {
        self.now = self.now.max(until);
        // Down from the tenth second on.
        self.down = self.now >= start() + TimeDelta::seconds(10);
    }

    fn next_due(&self) -> Option<DateTime<Utc>> {
        None
    }

    fn handle(&mut self, request: Request) -> Response {
        api::handle(&mut self.store, self.now, &request)
    }

    fn watch_next(&mut self, watch: &mut Watch) -> Vec<Bytes> {
        watch.next(&self.store, self.now)
    }

    fn log_next(&mut self, _: &mut LogFollow) -> (Bytes, bool) {
        (Bytes::new(), true)
    }

    fn outage(&self) -> bool {
        self.down
    }
}

fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_770_000_000, 0).unwrap()
}

async fn send(io: &mut (impl AsyncWrite + Unpin), target: &str, token: &str) {
    let request =
        format!("GET {target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n");
    io.write_all(request.as_bytes()).await.unwrap();
}

/// Reads until the text has come.
async fn until(io: &mut (impl AsyncRead + Unpin), wanted: &str) -> String {
    let mut seen = String::new();
    let mut buffer = [0; 4096];
    while !seen.contains(wanted) {
        let n = io.read(&mut buffer).await.unwrap();
        assert!(n > 0, "ended before {wanted:?}: {seen}");
        seen.push_str(&String::from_utf8_lossy(&buffer[..n]));
    }
    seen
}

#[tokio::test]
async fn answers_over_a_socket() {
    let served = Served::new(Bare::new());
    let server = serve(served, SocketAddr::from(([127, 0, 0, 1], 0)))
        .await
        .unwrap();
    let mut socket = tokio::net::TcpStream::connect(server.local_addr())
        .await
        .unwrap();
    send(&mut socket, "/version", "admin").await;
    let answer = until(&mut socket, "v1.37").await;
    assert!(
        answer.starts_with("HTTP/1.1 200 OK\r\n")
            && answer.contains("date: Mon, 02 Feb 2026 02:40:00 GMT\r\n"),
        "{answer}"
    );
    send(&mut socket, "/api/v1/nodes", "nobody").await;
    assert!(
        until(&mut socket, "Unauthorized")
            .await
            .starts_with("HTTP/1.1 401")
    );
    server.shutdown();
}

#[tokio::test]
async fn no_address_but_loopback() {
    let served = Served::new(Bare::new());
    let refused = serve(served, SocketAddr::from(([0, 0, 0, 0], 0)))
        .await
        .unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::InvalidInput);
}

#[tokio::test]
async fn a_watch_hears_of_changes_and_ends_by_the_clusters_time() {
    let served = Served::new(Bare::new());
    let (mut pipe, mut other) = (served.connect(), served.connect());
    send(
        &mut pipe,
        "/api/v1/configmaps?watch=1&timeoutSeconds=5&fieldSelector=metadata.name%3Da",
        "admin",
    )
    .await;
    until(&mut pipe, "\r\n\r\n").await;
    let body = r#"{"metadata":{"name":"a"}}"#;
    let head = "POST /api/v1/namespaces/default/configmaps HTTP/1.1\r\nHost: x\r\nContent-Length:";
    other
        .write_all(format!("{head} {}\r\n\r\n{body}", body.len()).as_bytes())
        .await
        .unwrap();
    until(&mut other, "201 Created").await;
    until(&mut pipe, "\"ADDED\"").await;
    served.with(|host| host.step(start() + TimeDelta::seconds(6)));
    until(&mut pipe, "0\r\n\r\n").await;
}

/// What a request gets, undone from chunks and gzip, and the headers.
async fn zipped(
    pipe: &mut (impl AsyncRead + AsyncWrite + Unpin),
    target: &str,
) -> (String, Vec<u8>) {
    let request = format!(
        "GET {target} HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n"
    );
    pipe.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    pipe.read_to_end(&mut answer).await.unwrap();
    let at = answer.windows(4).position(|w| w == b"\r\n\r\n").unwrap() + 4;
    let head = String::from_utf8_lossy(&answer[..at]).into_owned();
    let mut body = &answer[at..];
    let mut bytes = Vec::new();
    if head.contains("transfer-encoding: chunked") {
        while let Some(end) = body.windows(2).position(|w| w == b"\r\n") {
            let size = usize::from_str_radix(&String::from_utf8_lossy(&body[..end]), 16).unwrap();
            bytes.extend_from_slice(&body[end + 2..end + 2 + size]);
            body = &body[end + 4 + size..];
        }
    } else {
        bytes.extend_from_slice(body);
    }
    let mut out = Vec::new();
    let mut read = flate2::read::MultiGzDecoder::new(&bytes[..]);
    std::io::Read::read_to_end(&mut read, &mut out).unwrap();
    (head, out)
}

#[tokio::test]
async fn long_lists_and_watches_that_begin_with_one_are_zipped() {
    let mut bare = Bare::new();
    for i in 0..1200 {
        let map = serde_json::json!({"metadata": {"namespace": "default", "name": format!("m-{i}")},
            "data": {"k": "v".repeat(200)}});
        bare.store
            .create(start(), resource("configmaps"), map)
            .unwrap();
    }
    let plain = api::handle(
        &mut bare.store,
        start(),
        &Request::get("/api/v1/configmaps"),
    );
    let Response::Done { body: plain, .. } = plain else {
        panic!("{plain:?}");
    };
    let served = Served::new(bare);
    let (head, list) = zipped(&mut served.connect(), "/api/v1/configmaps").await;
    assert!(head.contains("content-encoding: gzip"), "{head}");
    assert!(list == plain, "not the list");
    let (head, _) = zipped(&mut served.connect(), "/api/v1/configmaps?limit=1190").await;
    assert!(head.contains("content-encoding: gzip"), "{head}");
    let target = "/api/v1/configmaps?watch=1&sendInitialEvents=1&resourceVersionMatch=NotOlderThan&timeoutSeconds=5";
    let mut pipe = served.connect();
    let end = async {
        // The batches were drawn when the last item has come; then the watch ends.
        tokio::task::yield_now().await;
        served.with(|host| host.step(start() + TimeDelta::seconds(6)));
    };
    let ((head, watched), ()) = tokio::join!(zipped(&mut pipe, target), end);
    assert!(head.contains("content-encoding: gzip"), "{head}");
    assert_eq!(watched.iter().filter(|b| **b == b'\n').count(), 1200);
}

#[tokio::test]
async fn an_outage_breaks_streams_off_and_answers_nothing() {
    let served = Served::new(Bare::new());
    let (mut pipe, mut other) = (served.connect(), served.connect());
    send(&mut pipe, "/api/v1/configmaps?watch=1", "admin").await;
    until(&mut pipe, "\r\n\r\n").await;
    served.with(|host| host.step(start() + TimeDelta::seconds(10)));
    let mut rest = String::new();
    pipe.read_to_string(&mut rest).await.unwrap();
    assert_eq!(rest, "", "no last chunk");
    send(&mut other, "/version", "admin").await;
    assert_eq!(other.read_to_string(&mut rest).await.unwrap(), 0);
}

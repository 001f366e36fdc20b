//! One request over HTTP: whole answers, and streams that are drawn as the client reads.

use std::convert::Infallible;
use std::future::Future;

use bytes::{Bytes, BytesMut};
use chrono::{DateTime, Utc};
use futures::stream;
use http::{HeaderValue, StatusCode, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use hyper::body::{Frame, Incoming};

use super::{Served, convert};
use crate::sim::api::{LogFollow, Response, Watch};
use crate::sim::status::Status;

/// What a body may be at most, as the real server has it.
const LONGEST_BODY: usize = 3 * 1024 * 1024;

type Body = UnsyncBoxBody<Bytes, Infallible>;

/// Answers one request.
pub(super) async fn answer(served: &Served, req: http::Request<Incoming>) -> http::Response<Body> {
    let (parts, body) = req.into_parts();
    let Ok(body) = Limited::new(body, LONGEST_BODY).collect().await else {
        let message = format!("Request entity too large: limit is {LONGEST_BODY}");
        let status = Status::new(413, "RequestEntityTooLarge", message);
        return whole(served.host().now(), Response::from(status));
    };
    let req = convert::request(&parts, body.to_bytes());
    let reads = matches!(req.method, http::Method::GET | http::Method::HEAD);
    let (response, now) = {
        let mut host = served.host();
        (host.handle(req), host.now())
    };
    if !reads {
        served.shared.changed.notify_waiters();
    }
    match response {
        Response::Watch(watch) => {
            streamed(now, "application/json", watching(served.clone(), watch))
        }
        Response::Log(log) => streamed(now, "text/plain", following(served.clone(), log)),
        done @ Response::Done { .. } => whole(now, done),
    }
}

fn whole(now: DateTime<Utc>, response: Response) -> http::Response<Body> {
    let Response::Done {
        status,
        content_type,
        headers,
        body,
    } = response
    else {
        return http::Response::new(Full::default().boxed_unsync());
    };
    let mut out = http::Response::new(Full::new(body).boxed_unsync());
    *out.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (
            header::HeaderName::try_from(name),
            HeaderValue::from_str(&value),
        ) {
            out.headers_mut().insert(name, value);
        }
    }
    dated(&mut out, now, content_type);
    out
}

fn streamed(
    now: DateTime<Utc>,
    content_type: &'static str,
    body: impl stream::Stream<Item = Bytes> + Send + 'static,
) -> http::Response<Body> {
    use futures::StreamExt;
    let frames = body.map(|bytes| Ok::<_, Infallible>(Frame::data(bytes)));
    let mut out = http::Response::new(StreamBody::new(frames).boxed_unsync());
    dated(&mut out, now, content_type);
    out
}

fn dated(out: &mut http::Response<Body>, now: DateTime<Utc>, content_type: &'static str) {
    out.headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    let date = now.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    if let Ok(date) = HeaderValue::from_str(&date) {
        out.headers_mut().insert(header::DATE, date);
    }
    out.headers_mut().insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("no-cache, private"),
    );
}

/// The frames of a watch, batch by batch, until it ends.
fn watching(served: Served, watch: Watch) -> impl stream::Stream<Item = Bytes> + Send {
    stream::unfold((served, watch), |(served, mut watch)| async move {
        let ready = draw(&served, || {
            let frames = served.host().watch_next(&mut watch);
            if frames.is_empty() {
                if watch.ended() { Some(None) } else { None }
            } else {
                Some(Some(join(frames)))
            }
        })
        .await?;
        Some((ready, (served, watch)))
    })
}

/// A followed log until its container ends.
fn following(served: Served, log: LogFollow) -> impl stream::Stream<Item = Bytes> + Send {
    stream::unfold(
        (served, log, false),
        |(served, mut log, mut over)| async move {
            if over {
                return None;
            }
            let ready = draw(&served, || {
                let (bytes, ended) = served.host().log_next(&mut log);
                over = ended;
                if !bytes.is_empty() {
                    Some(Some(bytes))
                } else if ended {
                    Some(None)
                } else {
                    None
                }
            })
            .await?;
            Some((ready, (served, log, over)))
        },
    )
}

/// Asks until there is an answer, waiting for a change between two tries.
fn draw<'a>(
    served: &'a Served,
    mut ask: impl FnMut() -> Option<Option<Bytes>> + Send + 'a,
) -> impl Future<Output = Option<Bytes>> + Send + 'a {
    async move {
        loop {
            // Before asking, so that no change is missed in between.
            let changed = served.shared.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if let Some(answer) = ask() {
                return answer;
            }
            if served.shared.stop.is_cancelled() {
                return None;
            }
            changed.await;
        }
    }
}

fn join(frames: Vec<Bytes>) -> Bytes {
    let mut out = BytesMut::with_capacity(frames.iter().map(Bytes::len).sum());
    for frame in frames {
        out.extend_from_slice(&frame);
    }
    out.freeze()
}

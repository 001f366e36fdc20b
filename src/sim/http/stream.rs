//! One request over HTTP: whole answers, and streams that are drawn as the client reads.

use bytes::{Bytes, BytesMut};
use chrono::{DateTime, Utc};
use futures::{TryStreamExt, stream};
use http::{HeaderValue, StatusCode, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use hyper::body::{Frame, Incoming};

use super::gzip::{Member, Zipped};
use super::{Served, convert, gzip, upgrade};
use crate::sim::api::{Listing, LogFollow, Response, Watch};
use crate::sim::host::Host;
use crate::sim::status::Status;

/// What a body may be at most, as the real server has it.
const LONGEST_BODY: usize = 3 * 1024 * 1024;

/// The server broke off: it is down, or cuts its streams.
#[derive(Debug)]
pub(super) struct BrokenOff;

impl std::fmt::Display for BrokenOff {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the simulated API server broke off")
    }
}

impl std::error::Error for BrokenOff {}

pub(super) type Body = UnsyncBoxBody<Bytes, BrokenOff>;

/// Answers one request.
///
/// # Errors
/// When the server is down: the connection is to close without an answer.
pub(super) async fn answer(
    served: &Served,
    req: http::Request<Incoming>,
) -> Result<http::Response<Body>, BrokenOff> {
    let mut req = req;
    let upgraded = hyper::upgrade::on(&mut req);
    let (parts, body) = req.into_parts();
    let Ok(body) = Limited::new(body, LONGEST_BODY).collect().await else {
        let message = format!("Request entity too large: limit is {LONGEST_BODY}");
        let status = Status::new(413, "RequestEntityTooLarge", message);
        return Ok(whole(served.host().now(), Response::from(status), false));
    };
    let zip = gzip::accepted(&parts.headers);
    let req = convert::request(&parts, body.to_bytes());
    // The real server compresses a watch that begins with a list, and no other.
    let zip_watch = zip && req.flag("sendInitialEvents");
    let reads = matches!(req.method, http::Method::GET | http::Method::HEAD);
    let (response, now, epoch) = {
        let mut host = served.host();
        if host.outage() {
            return Err(BrokenOff);
        }
        (host.handle(req), host.now(), host.watch_epoch())
    };
    if !reads {
        served.shared.changed.notify_waiters();
    }
    let served = served.clone();
    Ok(match response {
        Response::Watch(watch) => {
            let kind = watch.content_type();
            let pieces = drawn(served, epoch, watch);
            if zip_watch {
                // What has come is to be read at once: each batch is a member of its own.
                zipped(streamed(
                    now,
                    kind,
                    pieces.map_ok(|batch| gzip::member(&batch)),
                ))
            } else {
                streamed(now, kind, pieces)
            }
        }
        Response::Log(log) => streamed(now, "text/plain", drawn(served, epoch, (log, false))),
        Response::List(list) if zip => {
            zipped(streamed(now, list.content_type(), zipped_pieces(list)))
        }
        Response::List(list) => streamed(now, list.content_type(), pieces(list)),
        Response::Upgrade(session) => {
            upgrade::agree(served, epoch, &parts.headers, upgraded, *session)
        }
        done @ Response::Done { .. } => whole(now, done, zip),
    })
}

/// A whole body cannot fail.
pub(super) fn never(never: std::convert::Infallible) -> BrokenOff {
    match never {}
}

fn whole(now: DateTime<Utc>, response: Response, zip: bool) -> http::Response<Body> {
    let Response::Done {
        status,
        content_type,
        headers,
        body,
    } = response
    else {
        return http::Response::new(Full::default().map_err(never).boxed_unsync());
    };
    let zip = zip && body.len() > gzip::LEAST;
    let body = if zip { gzip::member(&body) } else { body };
    let mut out = http::Response::new(Full::new(body).map_err(never).boxed_unsync());
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
    if zip { zipped(out) } else { out }
}

/// The same, its body being in gzip.
fn zipped(mut out: http::Response<Body>) -> http::Response<Body> {
    let headers = out.headers_mut();
    headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    out
}

/// Bytes of a piece of a list: what the connection takes meanwhile, the rest waits to be made.
const PIECE: usize = 128 * 1024;

/// A list, made as the client reads it.
fn pieces(list: Listing) -> impl stream::Stream<Item = Result<Bytes, BrokenOff>> + Send {
    stream::unfold(list, |mut list| async move {
        let piece = list.next_piece(PIECE)?;
        // The thread is not this client's alone.
        tokio::task::yield_now().await;
        Some((Ok(piece), list))
    })
}

/// The same as one member of gzip.
fn zipped_pieces(list: Listing) -> impl stream::Stream<Item = Result<Bytes, BrokenOff>> + Send {
    stream::unfold(
        (list, Member::default()),
        |(mut list, mut zip)| async move {
            loop {
                tokio::task::yield_now().await;
                match list.next_piece(PIECE) {
                    Some(piece) => zip.put(&piece),
                    None => zip.end(),
                }
                match zip.take() {
                    Zipped::Bytes(bytes) => return Some((Ok(bytes), (list, zip))),
                    Zipped::Nothing => {}
                    Zipped::End => return None,
                }
            }
        },
    )
}

fn streamed(
    now: DateTime<Utc>,
    content_type: &'static str,
    body: impl stream::Stream<Item = Result<Bytes, BrokenOff>> + Send + 'static,
) -> http::Response<Body> {
    let body = StreamBody::new(body.map_ok(Frame::data));
    let mut out = http::Response::new(body.boxed_unsync());
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

/// What a stream has to say when it is asked.
enum Next {
    Bytes(Bytes),
    /// Nothing yet.
    Wait,
    End,
}

/// What bytes are drawn from, piece by piece.
trait Source: Send + 'static {
    fn next(&mut self, host: &mut dyn Host) -> Next;
}

/// The frames of a watch, batch by batch, until it ends.
impl Source for Watch {
    fn next(&mut self, host: &mut dyn Host) -> Next {
        let frames = host.watch_next(self);
        match (frames.is_empty(), self.ended()) {
            (false, _) => Next::Bytes(join(frames)),
            (true, true) => Next::End,
            (true, false) => Next::Wait,
        }
    }
}

/// A followed log until its container ends, and whether it has.
impl Source for (LogFollow, bool) {
    fn next(&mut self, host: &mut dyn Host) -> Next {
        let (log, over) = self;
        if *over {
            return Next::End;
        }
        let (bytes, ended) = host.log_next(log);
        *over = ended;
        match (bytes.is_empty(), ended) {
            (false, _) => Next::Bytes(bytes),
            (true, true) => Next::End,
            (true, false) => Next::Wait,
        }
    }
}

/// Asks a source until it ends, waiting for a change when it has nothing; breaks off when the server
/// goes down or cuts its streams.
fn drawn(
    served: Served,
    epoch: u64,
    source: impl Source,
) -> impl stream::Stream<Item = Result<Bytes, BrokenOff>> + Send {
    stream::try_unfold((served, source), move |(served, mut source)| async move {
        loop {
            // Before asking, so that no change is missed in between.
            let changed = served.shared.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let next = {
                let mut host = served.host();
                if host.outage() || host.watch_epoch() != epoch {
                    return Err(BrokenOff);
                }
                source.next(host.as_mut())
            };
            match next {
                Next::Bytes(bytes) => return Ok(Some((bytes, (served.clone(), source)))),
                Next::End => return Ok(None),
                Next::Wait if served.shared.stop.is_cancelled() => return Ok(None),
                Next::Wait => changed.await,
            }
        }
    })
}

fn join(frames: Vec<Bytes>) -> Bytes {
    let mut out = BytesMut::with_capacity(frames.iter().map(Bytes::len).sum());
    for frame in frames {
        out.extend_from_slice(&frame);
    }
    out.freeze()
}

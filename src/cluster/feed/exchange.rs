//! One request of a feed: its head, and its body as it comes.
//!
//! On `Client::send`, because kube's own streams hide the status, the content type and the encoding, and
//! read errors as JSON only.

use std::time::Duration;

use bytes::Bytes;
use http::header::{
    ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, RETRY_AFTER,
};
use http_body_util::BodyExt;
use kube::client::Body;
use tokio::time::timeout;

use super::inflate::{Corrupt, Inflate};
use crate::cluster::connect::{Connection, why};
use crate::cluster::decode::{ServerError, Wire, status};
use crate::cluster::harmless;
use crate::cluster::meter::Who;

/// An answer's head, or the next piece of a page, may take so long.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
/// Bytes of an error's body that are read.
const ERROR: usize = 64 << 10;
/// Bytes that a page may have; above it smaller pages are asked for. 500 pods of 10 KB are 5 MB.
pub(super) const PAGE: usize = 64 << 20;
/// A server may ask us to stay away for so long at most.
const AWAY: Duration = Duration::from_secs(300);

/// An answer with status 200.
pub(super) struct Answer {
    pub(super) wire: Wire,
    pub(super) body: Incoming,
}

/// A body, decompressed if need be.
pub(super) struct Incoming {
    body: Body,
    /// Of a compressed body.
    pub(super) inflate: Option<Inflate>,
}

/// Why there is no answer, or none that we can read.
#[derive(Debug)]
pub(super) enum Failed {
    /// The server's own error, and how long it asks us to wait.
    Refused(ServerError, Option<Duration>),
    /// In words.
    Broken(String),
}

impl Incoming {
    /// The next piece as it was sent. `None`: the end.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, String> {
        loop {
            match self.body.frame().await {
                None => return Ok(None),
                Some(Err(error)) => return Err(why(&error)),
                // Trailers are of no use to us.
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) if data.is_empty() => {}
                    Ok(data) => return Ok(Some(data)),
                    Err(_) => {}
                },
            }
        }
    }

    /// Takes the next plain part off a piece. `None`: the piece is used up.
    pub(super) fn plain<'s, 'p: 's>(
        &'s mut self,
        piece: &mut &'p [u8],
    ) -> Result<Option<&'s [u8]>, Corrupt> {
        match &mut self.inflate {
            Some(inflate) => inflate.next(piece),
            None if piece.is_empty() => Ok(None),
            None => Ok(Some(std::mem::take(piece))),
        }
    }
}

/// Sends a request and reads the head of its answer.
pub(super) async fn ask(
    connection: &Connection,
    who: Who,
    path: &str,
    accept: &'static str,
    compressed: bool,
) -> Result<Answer, Failed> {
    let encoding = if compressed { "gzip" } else { "identity" };
    let request = http::Request::get(path)
        .header(ACCEPT, accept)
        .header(ACCEPT_ENCODING, encoding)
        .body(Body::empty())
        .map_err(|error| Failed::Broken(error.to_string()))?;
    let response = match timeout(PATIENCE, connection.send(who, request)).await {
        Err(_) => return Err(Failed::Broken(no_answer())),
        Ok(Err(error)) => return Err(Failed::Broken(why(&error))),
        Ok(Ok(response)) => response,
    };
    let (head, body) = response.into_parts();
    let wire = wire(&head.headers);
    let mut body = Incoming {
        body,
        inflate: inflate(&head.headers).map_err(Failed::Broken)?,
    };
    let code = head.status.as_u16();
    match code {
        200 => Ok(Answer {
            wire: wire.map_err(|other| {
                Failed::Broken(format!(
                    "the answer is {other}, and neither JSON nor protobuf; is a proxy in between?"
                ))
            })?,
            body,
        }),
        400.. => {
            let text = whole(&mut body, ERROR).await.unwrap_or_default();
            let mut error = status(wire.unwrap_or(Wire::Json), &text);
            if error.code == 0 {
                error.code = code;
            }
            Err(Failed::Refused(error, retry_after(&head.headers)))
        }
        _ => Err(Failed::Broken(format!("the server answers {code}"))),
    }
}

/// A body that is too large to be taken in whole.
pub(super) enum NotWhole {
    TooLarge,
    Broken(String),
}

/// The whole body, decompressed.
pub(super) async fn read(
    connection: &Connection,
    who: Who,
    body: &mut Incoming,
) -> Result<Vec<u8>, NotWhole> {
    let mut wire = 0;
    let mut whole = Vec::new();
    loop {
        let piece = match timeout(PATIENCE, body.next()).await {
            Err(_) => return Err(NotWhole::Broken(no_answer())),
            Ok(Err(why)) => return Err(NotWhole::Broken(why)),
            Ok(Ok(None)) => break,
            Ok(Ok(Some(piece))) => piece,
        };
        wire += piece.len();
        let mut rest = &piece[..];
        while let Some(plain) = body
            .plain(&mut rest)
            .map_err(|corrupt| NotWhole::Broken(corrupt.to_string()))?
        {
            whole.extend_from_slice(plain);
        }
        if whole.len() > PAGE {
            return Err(NotWhole::TooLarge);
        }
    }
    connection.meters.of(who).bytes(wire, whole.len());
    Ok(whole)
}

/// An error's body, as far as it can be had.
async fn whole(body: &mut Incoming, limit: usize) -> Result<Vec<u8>, String> {
    let mut whole = Vec::new();
    while whole.len() < limit {
        let next = timeout(PATIENCE, body.next()).await;
        let Some(piece) = next.map_err(|_| no_answer())?? else {
            break;
        };
        let mut rest = &piece[..];
        while let Some(plain) = body.plain(&mut rest).map_err(|e| e.to_string())? {
            whole.extend_from_slice(plain);
        }
    }
    Ok(whole)
}

pub(super) fn no_answer() -> String {
    format!("no answer within {} s", PATIENCE.as_secs())
}

/// How the body is to be read; an error is its media type.
fn wire(headers: &HeaderMap) -> Result<Wire, String> {
    let Some(value) = headers.get(CONTENT_TYPE) else {
        return Ok(Wire::Json);
    };
    let value = String::from_utf8_lossy(value.as_bytes());
    let media = value.split(';').next().unwrap_or_default().trim();
    match media {
        "application/json" => Ok(Wire::Json),
        "application/vnd.kubernetes.protobuf" => Ok(Wire::Protobuf),
        other => Err(harmless::plain(other).into_owned()),
    }
}

fn inflate(headers: &HeaderMap) -> Result<Option<Inflate>, String> {
    let Some(value) = headers.get(CONTENT_ENCODING) else {
        return Ok(None);
    };
    match value.as_bytes() {
        b"" | b"identity" => Ok(None),
        b"gzip" => Ok(Some(Inflate::new())),
        other => Err(format!(
            "the answer is encoded as {:?}, which nobody asked for",
            String::from_utf8_lossy(other)
        )),
    }
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?;
    let seconds = value.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(AWAY))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: http::HeaderName, value: &'static str) -> HeaderMap {
        [(name, value.parse().unwrap())].into_iter().collect()
    }

    #[test]
    fn the_reply_says_how_it_is_read() {
        for (value, want) in [
            ("application/json", Ok(Wire::Json)),
            ("application/json; charset=utf-8", Ok(Wire::Json)),
            ("application/vnd.kubernetes.protobuf", Ok(Wire::Protobuf)),
            (
                "application/vnd.kubernetes.protobuf;stream=watch",
                Ok(Wire::Protobuf),
            ),
            ("text/html", Err("text/html".to_owned())),
        ] {
            assert_eq!(wire(&headers(CONTENT_TYPE, value)), want, "{value}");
        }
        assert_eq!(wire(&HeaderMap::new()), Ok(Wire::Json));
        let encoded = |value| inflate(&headers(CONTENT_ENCODING, value)).map(|i| i.is_some());
        assert_eq!(encoded("gzip"), Ok(true));
        assert_eq!(encoded("identity"), Ok(false));
        assert!(encoded("br").unwrap_err().contains("\"br\""));
    }

    #[test]
    fn the_server_says_how_long_to_stay_away() {
        let of = |value| retry_after(&headers(RETRY_AFTER, value));
        assert_eq!(of("3"), Some(Duration::from_secs(3)));
        assert_eq!(of("86400"), Some(AWAY));
        assert_eq!(of("Wed, 21 Oct 2026 07:28:00 GMT"), None);
    }
}

//! HTTP's requests into the API's.

use bytes::Bytes;
use http::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, SEC_WEBSOCKET_PROTOCOL, UPGRADE,
};

use crate::sim::api::Request;

/// A request with its body read.
pub(super) fn request(parts: &http::request::Parts, body: Bytes) -> Request {
    let header = |name: HeaderName| text(&parts.headers, &name).to_owned();
    Request {
        method: parts.method.clone(),
        path: decode(parts.uri.path(), false),
        query: parts
            .uri
            .query()
            .unwrap_or_default()
            .split('&')
            .filter(|p| !p.is_empty())
            .map(pair)
            .collect(),
        accept: header(ACCEPT),
        content_type: header(CONTENT_TYPE),
        user: user(&parts.headers),
        body,
        in_pieces: true,
        upgrade: upgrade(&parts.headers),
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> &'a str {
    headers
        .get(name)
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default()
}

/// The subprotocols that a WebSocket is asked for with.
fn upgrade(headers: &HeaderMap) -> Option<String> {
    let wanted = text(headers, &UPGRADE).eq_ignore_ascii_case("websocket");
    wanted.then(|| text(headers, &SEC_WEBSOCKET_PROTOCOL).to_owned())
}

/// A bearer token is its user's name; the admin may be somebody else for a request.
fn user(headers: &HeaderMap) -> String {
    let token = text(headers, &AUTHORIZATION);
    let token = token.strip_prefix("Bearer ").unwrap_or(token).trim();
    let user = if token.is_empty() { "admin" } else { token };
    match text(headers, &HeaderName::from_static("impersonate-user")) {
        other if user == "admin" && !other.is_empty() => other.to_owned(),
        _ => user.to_owned(),
    }
}

fn pair(text: &str) -> (String, String) {
    let (key, value) = text.split_once('=').unwrap_or((text, ""));
    (decode(key, true), decode(value, true))
}

/// Undoes percent-encoding; what is no encoding stays as it is.
fn decode(text: &str, form: bool) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        match (first, tail) {
            (b'%', [a, b, after @ ..]) if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => {
                out.push(hex(*a) * 16 + hex(*b));
                rest = after;
            }
            (b'+', _) if form => out.push(b' '),
            _ => out.push(*first),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => digit.wrapping_sub(b'A').wrapping_add(10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoded() {
        for (text, form, wanted) in [
            ("a%3Db%2Cc", true, "a=b,c"),
            ("a+b", true, "a b"),
            ("a+b", false, "a+b"),
            ("100%", true, "100%"),
            ("%zz%4", true, "%zz%4"),
        ] {
            assert_eq!(decode(text, form), wanted);
        }
    }
}

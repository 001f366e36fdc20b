//! Port-forward: for each port a channel of data and one of errors; behind a port answers the page.

use bytes::Bytes;
use chrono::{DateTime, Utc};

use super::page::{Page, page};
use super::place::Place;
use crate::sim::store::Store;

/// A request's head is not longer than this.
const LONGEST: usize = 64 * 1024;

#[derive(Debug)]
struct Port {
    number: u16,
    /// What came of a request so far.
    request: Vec<u8>,
    /// Bytes of a body that are still to come.
    body: usize,
    /// It was refused, or is done.
    closed: bool,
}

/// The ports of one connection.
#[derive(Debug)]
pub(crate) struct Forward {
    ports: Vec<Port>,
    out: Vec<Bytes>,
}

impl Forward {
    pub(crate) fn new(ports: &[u16]) -> Forward {
        let port = |number: &u16| Port {
            number: *number,
            request: Vec::new(),
            body: 0,
            closed: false,
        };
        Forward {
            ports: ports.iter().map(port).collect(),
            out: Vec::new(),
        }
    }

    /// Each channel begins with the number of its port.
    pub(super) fn greeting(&self) -> Vec<Bytes> {
        let mut all = Vec::new();
        for (i, port) in self.ports.iter().enumerate() {
            let [low, high] = port.number.to_le_bytes();
            for channel in [2 * i, 2 * i + 1] {
                all.push(vec![channel_of(channel), low, high].into());
            }
        }
        all
    }

    pub(super) fn input(&mut self, channel: u8, bytes: &[u8]) {
        if let Some(port) = self.ports.get_mut(usize::from(channel / 2))
            && channel.is_multiple_of(2)
            && !port.closed
        {
            port.request.extend_from_slice(bytes);
        }
    }

    pub(super) fn output(&mut self) -> Vec<Bytes> {
        std::mem::take(&mut self.out)
    }

    /// Whether every port is closed.
    pub(super) fn ended(&self) -> bool {
        self.ports.iter().all(|port| port.closed)
    }

    pub(super) fn run(&mut self, now: DateTime<Utc>, store: &Store, place: &Place) {
        for (i, port) in self.ports.iter_mut().enumerate() {
            while !port.closed && (port.body > 0 || !port.request.is_empty()) {
                let data = channel_of(2 * i);
                if !place.ports.contains(&port.number) {
                    self.out
                        .push(message(channel_of(2 * i + 1), &refused(port.number, place)));
                    port.closed = true;
                    break;
                }
                let rest = port.body.min(port.request.len());
                port.request.drain(..rest);
                port.body -= rest;
                let Some(end) = port.request.windows(4).position(|w| w == b"\r\n\r\n") else {
                    port.closed |= port.request.len() > LONGEST;
                    break;
                };
                let head: Vec<u8> = port.request.drain(..end + 4).collect();
                let head = String::from_utf8_lossy(&head);
                port.body = length(&head);
                let mut words = head.split_whitespace();
                let (method, path) = (
                    words.next().unwrap_or_default(),
                    words.next().unwrap_or("/"),
                );
                let close = head.to_ascii_lowercase().contains("connection: close");
                let page = page(store, now, place, port.number, path);
                let whole = answer(&page, method == "HEAD", close);
                self.out.push(message(data, whole.as_bytes()));
                port.closed |= close;
            }
        }
    }
}

fn channel_of(number: usize) -> u8 {
    u8::try_from(number).unwrap_or(u8::MAX)
}

fn message(channel: u8, bytes: &[u8]) -> Bytes {
    [&[channel], bytes].concat().into()
}

fn length(head: &str) -> usize {
    head.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, n)| n.trim().parse().ok())
        .unwrap_or(0)
}

fn answer(page: &Page, head_only: bool, close: bool) -> String {
    let reason = if page.status == 200 {
        "OK"
    } else {
        "Not Found"
    };
    let connection = if close { "Connection: close\r\n" } else { "" };
    let body = if head_only { "" } else { &page.body };
    format!(
        "HTTP/1.1 {} {reason}\r\nContent-Type: {}\r\nContent-Length: {}\r\n{connection}\r\n{body}",
        page.status,
        page.content_type,
        page.body.len(),
    )
}

/// What the kubelet says of a port that nobody listens on.
fn refused(port: u16, place: &Place) -> Vec<u8> {
    format!(
        "error forwarding port {port} to pod {pod}, uid : failed to execute portforward in network namespace \"/var/run/netns/cni-{uid}\": failed to connect to localhost:{port} inside namespace \"{pod}\", IPv4: dial tcp4 127.0.0.1:{port}: connect: connection refused IPv6 dial tcp6: address localhost: no suitable address found ",
        pod = place.pod,
        uid = place.uid,
    )
    .into_bytes()
}

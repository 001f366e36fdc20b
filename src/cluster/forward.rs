//! A local port that leads to one of a pod: a listener on 127.0.0.1, and for each connection a stream of its
//! own through the API server.
//!
//! Where it leads may change while it listens: connections that are open stay with their pod, new ones go to
//! the new one.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::Portforwarder;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::connect::Connection;
use super::exec::status;
use super::harmless;
use crate::engine::remote::{Forward, PodPort, RemoteEnd, RemoteEvent, Traffic};
use crate::model::Text;

/// Connections of one forward at a time; each is one to the API server too.
const MOST: usize = 64;
/// For the server and the kubelet to connect us.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long a connection whose client has sent all may say nothing. The protocol cannot hand on that one
/// side has ended, so that the pod is not told.
const REST: Duration = Duration::from_secs(10);
/// Between two reports.
const BEAT: Duration = Duration::from_secs(1);
const CHUNK: usize = 32 << 10;

/// Listens until the task is dropped; `tell` is called with what happens. `lead`: where it leads from now on.
pub async fn run<T: Future<Output = ()>>(
    connection: Connection,
    forward: Forward,
    lead: watch::Receiver<PodPort>,
    tell: impl Fn(RemoteEvent) -> T,
) {
    let listener = match listen(forward.local).await {
        Ok(listener) => listener,
        Err(error) => {
            let text = format!("cannot listen on 127.0.0.1:{}: {error}", forward.local);
            tell(RemoteEvent::Ended(RemoteEnd::Failed(text.into()))).await;
            return;
        }
    };
    let port = listener.local_addr().map_or(0, |address| address.port());
    tell(RemoteEvent::Listening(port)).await;
    let counts = Arc::new(Counts::default());
    let mut connections = JoinSet::new();
    let mut beat = interval(BEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut told = Traffic::default();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((socket, _)) if connections.len() < MOST => {
                    let to = lead.borrow().clone();
                    let counts = Arc::clone(&counts);
                    add(&counts.connections, 1);
                    connections.spawn(carry(connection.clone(), to, socket, counts));
                }
                Ok(_) => counts.failed(&format!("more than {MOST} connections at a time")),
                Err(error) => {
                    // Out of descriptors, most likely: let some connections end.
                    counts.failed(&error.to_string());
                    tokio::time::sleep(BEAT).await;
                }
            },
            Some(_) = connections.join_next() => {}
            _ = beat.tick() => {
                let traffic = counts.traffic(connections.len());
                if traffic != told {
                    told.clone_from(&traffic);
                    tell(RemoteEvent::Traffic(traffic)).await;
                }
            }
        }
    }
}

/// The port that is wished for, or another one when it is in use.
async fn listen(local: u16) -> io::Result<TcpListener> {
    match TcpListener::bind(("127.0.0.1", local)).await {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            TcpListener::bind(("127.0.0.1", 0)).await
        }
        other => other,
    }
}

#[derive(Debug, Default)]
struct Counts {
    connections: AtomicU64,
    sent: AtomicU64,
    received: AtomicU64,
    errors: AtomicU64,
    last_error: Mutex<Text>,
}

fn add(to: &AtomicU64, count: usize) {
    to.fetch_add(count as u64, Ordering::Relaxed);
}

impl Counts {
    fn failed(&self, why: &str) {
        add(&self.errors, 1);
        let mut last = self
            .last_error
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *last = harmless::plain(why.trim()).into();
    }

    fn traffic(&self, open: usize) -> Traffic {
        let get = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let last = self.last_error.lock();
        Traffic {
            open: u32::try_from(open).unwrap_or(u32::MAX),
            connections: get(&self.connections),
            sent: get(&self.sent),
            received: get(&self.received),
            errors: get(&self.errors),
            last_error: last.unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }
}

/// Ends kube's task with the connection: by itself it waits for a server that may never answer.
struct Ends(Portforwarder);

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn carry(connection: Connection, to: PodPort, socket: TcpStream, counts: Arc<Counts>) {
    let _ = socket.set_nodelay(true);
    connection.budget.reserve();
    let api = Api::<Pod>::namespaced(connection.client.clone(), &to.namespace);
    let mut forwarder = match timeout(PATIENCE, api.portforward(&to.pod, &[to.port])).await {
        Ok(Ok(forwarder)) => Ends(forwarder),
        Ok(Err(error)) => return counts.failed(&words(&error)),
        Err(_) => {
            let text = format!(
                "no answer within {} s; is the node of {} up?",
                PATIENCE.as_secs(),
                to.pod
            );
            return counts.failed(&text);
        }
    };
    let (Some(stream), Some(error)) = (
        forwarder.0.take_stream(to.port),
        forwarder.0.take_error(to.port),
    ) else {
        return counts.failed("the stream was not opened");
    };
    tokio::select! {
        biased;
        Some(why) = error => counts.failed(&why),
        () = both(socket, stream, &counts) => {}
    }
}

fn words(error: &kube::Error) -> String {
    match status::refused(error) {
        RemoteEnd::Denied(why)
        | RemoteEnd::Failed(why)
        | RemoteEnd::NoCommand(why)
        | RemoteEnd::Lost(why) => why.to_string(),
        RemoteEnd::Exited(_) | RemoteEnd::Ended | RemoteEnd::Left => error.to_string(),
    }
}

/// Carries both ways until the pod's side has ended; after the client has sent all, until nothing comes for
/// a while.
async fn both(
    socket: impl AsyncRead + AsyncWrite,
    stream: impl AsyncRead + AsyncWrite,
    counts: &Counts,
) {
    let (mut here, mut there) = (tokio::io::split(socket), tokio::io::split(stream));
    let down = async {
        pour(&mut there.0, &mut here.1, &counts.received).await;
        let _ = here.1.shutdown().await;
    };
    let up = pour(&mut here.0, &mut there.1, &counts.sent);
    tokio::pin!(down);
    tokio::select! {
        () = &mut down => {}
        () = up => loop {
            let before = counts.received.load(Ordering::Relaxed);
            if timeout(REST, &mut down).await.is_ok()
                || counts.received.load(Ordering::Relaxed) == before
            {
                break;
            }
        },
    }
}

async fn pour(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    count: &AtomicU64,
) {
    let mut buffer = vec![0; CHUNK];
    while let Ok(bytes @ 1..) = from.read(&mut buffer).await {
        if to.write_all(&buffer[..bytes]).await.is_err() || to.flush().await.is_err() {
            return;
        }
        add(count, bytes);
    }
}

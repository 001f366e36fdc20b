//! HTTP over a simulated cluster: a listener on loopback, connections inside the process, and the driver that
//! lets its time pass.
//!
//! Everything else in `sim` is synchronous; only here are tokio, sockets and the wall clock.

mod convert;
mod driver;
mod gzip;
mod kubeconfig;
mod stream;
mod upgrade;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::host::Host;
use driver::Clock;

/// Bytes that a connection inside the process holds before its writer waits.
const PIPE: usize = 256 * 1024;

/// A simulated cluster that several connections share. Cheap to clone.
#[derive(Clone)]
pub struct Served {
    shared: Arc<Shared>,
}

struct Shared {
    host: Mutex<Box<dyn Host>>,
    /// How its time passes; it stands still until [`Served::drive`].
    clock: OnceLock<Clock>,
    /// Told when the store changed or time passed.
    changed: Notify,
    /// Ends the driver, the listeners and the connections.
    stop: CancellationToken,
}

impl std::fmt::Debug for Served {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Served").finish_non_exhaustive()
    }
}

impl Served {
    /// Shares a simulated cluster. Its time stands still until [`Served::drive`].
    pub fn new(host: impl Host) -> Served {
        let shared = Shared {
            host: Mutex::new(Box::new(host)),
            clock: OnceLock::new(),
            changed: Notify::new(),
            stop: CancellationToken::new(),
        };
        Served {
            shared: Arc::new(shared),
        }
    }

    /// Does something with the cluster, brought to its present; connections wait meanwhile, and
    /// watches hear of it afterwards.
    pub fn with<T>(&self, act: impl FnOnce(&mut dyn Host) -> T) -> T {
        let done = act(self.host().as_mut());
        self.shared.changed.notify_waiters();
        done
    }

    /// The cluster at its present.
    fn host(&self) -> MutexGuard<'_, Box<dyn Host>> {
        // A panic elsewhere must not take the server down with it.
        let mut host = self
            .shared
            .host
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(clock) = self.shared.clock.get() {
            host.step(clock.now());
        }
        host
    }

    /// Lets the cluster's time pass from now on, `speed` seconds for one of ours, in a task that ends
    /// with [`Served::stop`]. A second call changes nothing.
    pub fn drive(&self, speed: f64) {
        let clock = Clock::new(self.host().now(), speed);
        if self.shared.clock.set(clock).is_ok() {
            tokio::spawn(driver::run(self.clone()));
        }
    }

    /// Ends the driver, all listeners and all connections.
    pub fn stop(&self) {
        self.shared.stop.cancel();
        self.shared.changed.notify_waiters();
    }

    /// A connection inside the process: HTTP/1.1 is spoken at the other end of this pipe.
    pub fn connect(&self) -> DuplexStream {
        let (near, far) = tokio::io::duplex(PIPE);
        tokio::spawn(self.clone().connection(far));
        near
    }

    async fn connection(self, io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        let served = self.clone();
        let service = service_fn(move |req| {
            let served = served.clone();
            async move { stream::answer(&served, req).await }
        });
        let connection = http1::Builder::new()
            // The cluster's time is the time that clients are to reckon with.
            .auto_date_header(false)
            .serve_connection(TokioIo::new(io), service)
            .with_upgrades();
        tokio::select! {
            // A client that goes away is no error of ours.
            _ = connection => {}
            () = self.shared.stop.cancelled() => {}
        }
    }
}

/// A listener on loopback.
#[derive(Debug)]
pub struct Server {
    served: Served,
    addr: SocketAddr,
}

impl Server {
    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.addr
    }

    /// The cluster behind it.
    pub fn served(&self) -> &Served {
        &self.served
    }

    /// Ends it, its connections and the driver.
    pub fn shutdown(&self) {
        self.served.stop();
    }

    /// Writes a kubeconfig for it: context `sim` for the admin, and one for each restricted user.
    /// The file appears whole, readable by its owner alone.
    ///
    /// # Errors
    /// What writing or renaming says.
    pub fn write_kubeconfig(&self, path: &std::path::Path) -> io::Result<()> {
        kubeconfig::write(path, self.addr)
    }
}

/// Serves a simulated cluster on a loopback address; port 0 takes a free one.
///
/// # Errors
/// `InvalidInput` for an address that is not loopback; what binding says.
pub async fn serve(served: Served, addr: SocketAddr) -> io::Result<Server> {
    if !addr.ip().is_loopback() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!(
                "the simulated cluster listens on loopback only, not on {addr}: use 127.0.0.1:{}",
                addr.port()
            ),
        ));
    }
    let listener = TcpListener::bind(addr).await?;
    let addr = listener.local_addr()?;
    tokio::spawn(accept(served.clone(), listener));
    Ok(Server { served, addr })
}

async fn accept(served: Served, listener: TcpListener) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = served.shared.stop.cancelled() => return,
        };
        match accepted {
            Ok((socket, _)) => {
                // Frames are small and must not wait for each other.
                let _ = socket.set_nodelay(true);
                tokio::spawn(served.clone().connection(socket));
            }
            // Out of descriptors, most likely: let some connections end.
            Err(e) => {
                log::warn!("the simulated API server could not accept a connection: {e}");
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        }
    }
}

#[cfg(test)]
mod tests;

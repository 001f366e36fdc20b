//! The terminal while a process in a container has it: bytes both ways, its size, and the way out.
//!
//! What is typed goes through here and not through the process's stream alone, so that the escape works when
//! the connection is dead.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot, watch};

use super::input::Keyboard;
use crate::cluster::exec::escape::Escape;
use crate::cluster::exec::{Output, Pipes};
use crate::engine::remote::{RemoteId, Terminal};
use crate::model::ClusterNo;

/// Pieces that wait for the stream, each as much as was read at a time.
const PIECES: usize = 64;
/// Bytes that wait here for a stream that takes none; more than that is dropped.
const MOST: usize = 1 << 20;
/// For the terminal to take what the process wrote last.
const LAST: Duration = Duration::from_secs(2);
/// ctrl-c.
const INTERRUPT: u8 = 3;

/// A terminal that is lent.
#[derive(Debug)]
pub(super) struct Lent {
    /// In which cluster.
    pub(super) no: ClusterNo,
    /// To whom.
    pub(super) id: RemoteId,
    left: oneshot::Receiver<()>,
    size: watch::Sender<(u16, u16)>,
    written: oneshot::Receiver<()>,
}

fn size() -> (u16, u16) {
    crossterm::terminal::size().unwrap_or((80, 24))
}

impl Lent {
    /// Takes the keys, says how to leave, and gives what the process is connected to.
    pub(super) fn begin(
        no: ClusterNo,
        id: RemoteId,
        process: &Terminal,
        keyboard: &Keyboard,
    ) -> io::Result<(Self, Pipes)> {
        let way_out = if process.stdin {
            "Enter ~ . leaves it at once"
        } else {
            "q or ctrl-c leaves it"
        };
        let hint = format!("\r\n-- {}; {way_out}\r\n", process.title);
        let (output, outputs) = mpsc::channel(PIECES);
        let (begun, begins) = oneshot::channel();
        let written = write(hint.into_bytes(), process.tty, outputs, begins)?;
        let (typed, raw) = mpsc::channel(PIECES);
        let (to, stdin) = mpsc::channel(PIECES);
        let (leave, left) = oneshot::channel();
        tokio::spawn(keys(raw, to, leave, process.stdin));
        keyboard.lend(typed, begun);
        let (size, sizes) = watch::channel(size());
        let pipes = Pipes {
            stdin,
            output,
            size: sizes,
        };
        let lent = Self {
            no,
            id,
            left,
            size,
            written,
        };
        Ok((lent, pipes))
    }

    /// Ready when the person leaves it by the escape; never while nothing is lent.
    pub(super) async fn left(lent: &mut Option<Self>) {
        let gone = match lent {
            Some(lent) => (&mut lent.left).await.is_ok(),
            None => false,
        };
        if !gone {
            std::future::pending::<()>().await;
        }
    }

    /// The terminal has another size.
    pub(super) fn resize(&self) {
        self.size.send_replace(size());
    }

    /// Waits until what the process wrote is on the terminal.
    pub(super) async fn end(self) {
        let _ = tokio::time::timeout(LAST, self.written).await;
    }
}

/// Writes on a thread of its own, so that a slow terminal does not hold the loop. The hint comes once keys
/// go to the process: what is typed from then on is for it.
fn write(
    hint: Vec<u8>,
    tty: bool,
    mut outputs: mpsc::Receiver<Output>,
    begins: oneshot::Receiver<()>,
) -> io::Result<oneshot::Receiver<()>> {
    let (done, written) = oneshot::channel();
    std::thread::Builder::new()
        .name("output".to_owned())
        .spawn(move || {
            // No answer: the terminal is gone.
            let _ = begins.blocking_recv();
            let mut to = io::stdout();
            let mut put = |bytes: &[u8]| to.write_all(bytes).and_then(|()| to.flush());
            let mut well = put(&hint).is_ok();
            while let Some(Output::Out(bytes) | Output::Err(bytes)) = outputs.blocking_recv() {
                // A process with a terminal of its own moves the cursor by itself; ours is raw.
                let sent = if tty {
                    put(&bytes)
                } else {
                    put(&lines(&bytes))
                };
                well = well && sent.is_ok();
            }
            let _ = done.send(());
        })?;
    Ok(written)
}

/// Line feeds with the carriage return that a raw terminal does not add.
fn lines(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + 16);
    for byte in bytes {
        if *byte == b'\n' {
            out.push(b'\r');
        }
        out.push(*byte);
    }
    out
}

/// Hands on what is typed, and looks for the escape in it.
async fn keys(
    mut raw: mpsc::Receiver<Vec<u8>>,
    to: mpsc::Sender<Bytes>,
    leave: oneshot::Sender<()>,
    passes: bool,
) {
    let mut escape = Escape::default();
    let mut waiting: VecDeque<Bytes> = VecDeque::new();
    let mut held = 0;
    let mut open = true;
    loop {
        tokio::select! {
            biased;
            typed = raw.recv() => {
                let Some(typed) = typed else { return };
                let quits = !passes && typed.iter().any(|b| matches!(*b, INTERRUPT | b'q'));
                match escape.take(&typed) {
                    Some(bytes) if !quits => {
                        if passes && open && held + bytes.len() <= MOST {
                            held += bytes.len();
                            waiting.push_back(bytes.into());
                        }
                    }
                    Some(_) | None => {
                        let _ = leave.send(());
                        return;
                    }
                }
            }
            room = to.reserve(), if open && !waiting.is_empty() => match room {
                Ok(room) => if let Some(bytes) = waiting.pop_front() {
                    held -= bytes.len();
                    room.send(bytes);
                }
                Err(_) => open = false,
            },
        }
    }
}

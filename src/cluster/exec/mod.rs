//! A process in a container with our end of its streams: opened, pumped, resized, until it ends.
//!
//! kube carries the streams over a WebSocket (`v5.channel.k8s.io`, else v4). The process's end comes as a
//! Status on the error channel; a connection that breaks before one came is told apart from it.

pub mod escape;
pub(super) mod status;

use std::time::Duration;

use bytes::Bytes;
use futures::SinkExt;
use futures::future::{join, pending};
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::{AttachParams, AttachedProcess, TerminalSize};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::sync::{mpsc, watch};

use super::connect::Connection;
use super::harmless;
use crate::engine::remote::{Process, RemoteEnd, Terminal};

/// For the server and the kubelet to connect us. A node that is gone lets the server wait for 30 s.
const PATIENCE: Duration = Duration::from_secs(40);
/// Bytes that wait in each pipe.
const PIPE: usize = 64 << 10;
/// Bytes of output that are handed on at a time.
const CHUNK: usize = 16 << 10;

/// What a process wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// To its standard output, or to its terminal.
    Out(Bytes),
    /// To its standard error.
    Err(Bytes),
}

/// Our end.
#[derive(Debug)]
pub struct Pipes {
    /// What is typed; its end is the process's end of input.
    pub stdin: mpsc::Receiver<Bytes>,
    /// What the process writes.
    pub output: mpsc::Sender<Output>,
    /// Columns and rows of our terminal.
    pub size: watch::Receiver<(u16, u16)>,
}

/// Opens the streams and pumps until the process has ended and all that it wrote was handed on. `opened` is
/// called when it is connected.
pub async fn run(
    connection: &Connection,
    terminal: &Terminal,
    pipes: Pipes,
    opened: impl AsyncFnOnce(),
) -> RemoteEnd {
    let connected = tokio::time::timeout(PATIENCE, open(connection, terminal)).await;
    let process = match connected {
        Ok(Ok(process)) => process,
        Ok(Err(error)) => return status::refused(&error),
        Err(_) => {
            let text = format!("no answer within {} s", PATIENCE.as_secs());
            return RemoteEnd::Failed(text.into());
        }
    };
    opened().await;
    pump(process, pipes, terminal.process == Process::Attach).await
}

async fn open(connection: &Connection, terminal: &Terminal) -> kube::Result<AttachedProcess> {
    connection.budget.reserve();
    let api = Api::<Pod>::namespaced(connection.client.clone(), &terminal.namespace);
    let params = AttachParams {
        container: Some(terminal.container.to_string()),
        stdin: terminal.stdin,
        stdout: true,
        // A terminal has one output.
        stderr: !terminal.tty,
        tty: terminal.tty,
        max_stdin_buf_size: Some(PIPE),
        max_stdout_buf_size: Some(PIPE),
        max_stderr_buf_size: Some(PIPE),
    };
    match &terminal.process {
        Process::Exec(command) => {
            let command = command.iter().map(|word| word.to_string());
            api.exec(&terminal.pod, command, &params).await
        }
        Process::Attach => api.attach(&terminal.pod, &params).await,
    }
}

async fn pump(mut process: AttachedProcess, pipes: Pipes, attached: bool) -> RemoteEnd {
    let Pipes {
        stdin,
        output,
        size,
    } = pipes;
    let (out, err) = (process.stdout(), process.stderr());
    let said = process.take_status();
    let ended = async {
        // The streams end with the process or with the connection; what it said came before.
        let out = read(out, &output, Output::Out);
        join(out, read(err, &output, Output::Err)).await;
        match said {
            Some(said) => said.await,
            None => None,
        }
    };
    let typed = write(process.stdin(), stdin);
    let sized = resize(process.terminal_size(), size);
    let status = tokio::select! {
        status = ended => status,
        // They end before the process does: nothing more is typed.
        () = async { join(typed, sized).await; pending().await } => None,
    };
    if let Some(status) = status {
        return status::end(&status);
    }
    match process.join().await {
        Err(error) => RemoteEnd::Lost(harmless::plain(&error.to_string()).into()),
        // An attached process's terminal may end without a word.
        Ok(()) if attached => RemoteEnd::Ended,
        Ok(()) => RemoteEnd::Lost("the connection was closed before the process ended".into()),
    }
}

/// Hands on what the process writes. Nobody there to take it: the process is not to wait for that.
async fn read(
    stream: Option<impl AsyncRead + Unpin>,
    output: &mpsc::Sender<Output>,
    kind: fn(Bytes) -> Output,
) {
    let Some(mut stream) = stream else { return };
    let mut buffer = vec![0; CHUNK];
    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
        let _ = output
            .send(kind(Bytes::copy_from_slice(&buffer[..count])))
            .await;
    }
}

async fn write(
    stream: Option<impl tokio::io::AsyncWrite + Unpin>,
    mut typed: mpsc::Receiver<Bytes>,
) {
    let Some(mut stream) = stream else { return };
    while let Some(bytes) = typed.recv().await {
        if stream.write_all(&bytes).await.is_err() || stream.flush().await.is_err() {
            return;
        }
    }
    let _ = stream.shutdown().await;
}

async fn resize(
    sizes: Option<futures::channel::mpsc::Sender<TerminalSize>>,
    mut size: watch::Receiver<(u16, u16)>,
) {
    let Some(mut sizes) = sizes else { return };
    loop {
        let (width, height) = *size.borrow_and_update();
        let sent = sizes.send(TerminalSize { width, height }).await;
        if sent.is_err() || size.changed().await.is_err() {
            return;
        }
    }
}

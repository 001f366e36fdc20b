//! Connections to containers: exec, attach and port-forward, free of IO.
//!
//! A [`Session`] takes the client's messages and gives the server's, in the form that goes over a WebSocket: a byte
//! for the channel, then its bytes. What runs in a container is a small shell, the same for the same input.

mod forward;
mod page;
mod place;
mod programs;
mod shell;
#[cfg(test)]
mod tests;
mod tty;
mod words;

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

pub(crate) use self::forward::Forward;
pub(crate) use self::page::page;
pub(crate) use self::place::Place;
pub(crate) use self::shell::Shell;
use super::api::LogFollow;
use super::object::Obj;
use super::store::Store;

const STDIN: u8 = 0;
const STDOUT: u8 = 1;
const STDERR: u8 = 2;
const STATUS: u8 = 3;
const RESIZE: u8 = 4;
const CLOSE: u8 = 255;

/// Which streams a client asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// It will write.
    pub stdin: bool,
    /// It reads what the process writes.
    pub stdout: bool,
    /// It reads its errors apart; never with a terminal.
    pub stderr: bool,
    /// The process has a terminal.
    pub tty: bool,
}

/// What a client wants of a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// Runs a command.
    Exec(Options, Vec<String>),
    /// The streams of its own process.
    Attach(Options),
    /// Connections to its ports.
    Forward(Vec<u16>),
}

/// What goes on over the connection.
#[derive(Debug)]
enum Work {
    Shell(Box<Shell>),
    /// The container's own output.
    Log(Box<LogFollow>),
    Forward(Forward),
}

/// One connection.
#[derive(Debug)]
pub struct Session {
    ask: Ask,
    protocol: &'static str,
    place: Arc<Place>,
    work: Option<Work>,
    /// When the container's run began that it belongs to.
    since: Option<DateTime<Utc>>,
    inbox: VecDeque<Bytes>,
    outbox: VecDeque<Bytes>,
    ended: bool,
}

impl Session {
    pub(crate) fn new(
        pod: &Obj,
        value: &Value,
        container: String,
        ask: Ask,
        protocol: &'static str,
    ) -> Session {
        Session {
            ask,
            protocol,
            place: Arc::new(Place::new(pod, value, container)),
            work: None,
            since: None,
            inbox: VecDeque::new(),
            outbox: VecDeque::new(),
            ended: false,
        }
    }

    /// The subprotocol agreed on.
    pub fn protocol(&self) -> &'static str {
        self.protocol
    }

    /// Uid of the pod.
    pub fn uid(&self) -> &str {
        &self.place.uid
    }

    /// A message of the client.
    pub fn receive(&mut self, message: Bytes) {
        self.inbox.push_back(message);
    }

    /// The client has nothing more to say.
    pub fn hang_up(&mut self) {
        self.cut();
    }

    /// The next message to the client.
    pub fn take(&mut self) -> Option<Bytes> {
        self.outbox.pop_front()
    }

    /// Whether nothing more comes: what is left to be taken comes last.
    pub fn ended(&self) -> bool {
        self.ended
    }

    /// Ends it without a word.
    pub fn cut(&mut self) {
        self.ended = true;
        self.work = None;
    }

    pub(crate) fn ask(&self) -> &Ask {
        &self.ask
    }

    pub(crate) fn place(&self) -> &Arc<Place> {
        &self.place
    }

    pub(crate) fn since(&self) -> Option<DateTime<Utc>> {
        self.since
    }

    /// It begins: the container runs since then.
    pub(crate) fn begin(&mut self, since: Option<DateTime<Utc>>) {
        self.since = since;
        let greeting = match &self.ask {
            Ask::Exec(options, command) => {
                let shell = Shell::new(self.place.clone(), *options, command);
                self.work = Some(Work::Shell(Box::new(shell)));
                Some(options)
            }
            Ask::Attach(options) => Some(options),
            Ask::Forward(ports) => {
                let forward = Forward::new(ports);
                self.outbox.extend(forward.greeting());
                self.work = Some(Work::Forward(forward));
                None
            }
        };
        // An empty message on the first stream that there is tells that the connection stands.
        let channel = greeting.map(|o| match (o.stdout, o.stderr) {
            (true, _) => STDOUT,
            (false, true) => STDERR,
            (false, false) => STATUS,
        });
        self.outbox
            .extend(channel.map(|c| Bytes::copy_from_slice(&[c])));
    }

    /// An attached client is given a shell that the container's own process is.
    pub(crate) fn own_process(&mut self, command: &[String]) {
        if let Ask::Attach(options) = &self.ask {
            let shell = Shell::new(self.place.clone(), *options, command);
            self.work = Some(Work::Shell(Box::new(shell)));
        }
    }

    /// An attached client is shown what the container writes.
    pub(crate) fn own_output(&mut self, log: LogFollow) {
        self.work = Some(Work::Log(Box::new(log)));
    }

    /// Whether this is the shell that is the container's own process, and how it ended.
    pub(crate) fn process_ended(&self) -> Option<i32> {
        match (&self.ask, &self.work) {
            (Ask::Attach(_), Some(Work::Shell(shell))) => shell.exit(),
            _ => None,
        }
    }

    /// What the shell asks of the container's first process.
    pub(crate) fn signal(&mut self) -> Option<i32> {
        match &mut self.work {
            Some(Work::Shell(shell)) => shell.take_signal(),
            _ => None,
        }
    }

    /// The log that is shown, for its owner to read on.
    pub(crate) fn log(&mut self) -> Option<&mut LogFollow> {
        match &mut self.work {
            Some(Work::Log(log)) => Some(log),
            _ => None,
        }
    }

    /// Bytes of the container's output, and whether it has ended.
    pub(crate) fn show(&mut self, bytes: &[u8], ended: bool) {
        let Ask::Attach(options) = &self.ask else {
            return;
        };
        if options.stdout && !bytes.is_empty() {
            let text = if options.tty {
                tty::with_returns(bytes)
            } else {
                bytes.to_vec()
            };
            self.send(STDOUT, &text);
        }
        if ended {
            self.finish(&json!({"metadata": {}, "status": "Success"}));
        }
    }

    /// Lets it live until now.
    pub(crate) fn advance(&mut self, now: DateTime<Utc>, store: &Store) {
        let Some(mut work) = self.work.take() else {
            return;
        };
        for message in std::mem::take(&mut self.inbox) {
            let Some((&channel, bytes)) = message.split_first() else {
                continue;
            };
            match &mut work {
                Work::Shell(shell) => match channel {
                    STDIN => shell.input(bytes),
                    RESIZE => shell.resize(bytes),
                    CLOSE if bytes == [STDIN] => shell.end_of_input(),
                    _ => {}
                },
                Work::Forward(forward) => forward.input(channel, bytes),
                Work::Log(_) => {}
            }
        }
        match &mut work {
            Work::Shell(shell) => {
                shell.run(now, store);
                let (out, err) = shell.output();
                let exit = shell.exit();
                let options = shell.options();
                for (wanted, channel, bytes) in
                    [(options.stdout, STDOUT, out), (options.stderr, STDERR, err)]
                {
                    if wanted {
                        self.send(channel, &bytes);
                    }
                }
                if let Some(exit) = exit {
                    let status = match shell.refusal() {
                        Some(why) => internal(&why),
                        None => exit_status(exit),
                    };
                    self.finish(&status);
                }
            }
            Work::Forward(forward) => {
                forward.run(now, store, &self.place);
                self.outbox.extend(forward.output());
                self.ended |= forward.ended();
            }
            Work::Log(_) => {}
        }
        self.work = Some(work);
    }

    /// The container is gone: so is what ran in it.
    pub(crate) fn killed(&mut self) {
        match self.ask {
            Ask::Exec(..) => self.finish(&exit_status(137)),
            Ask::Attach(_) => self.finish(&json!({"metadata": {}, "status": "Success"})),
            Ask::Forward(_) => self.ended = true,
        }
    }

    fn finish(&mut self, status: &Value) {
        if !self.ended {
            self.send(STATUS, status.to_string().as_bytes());
            self.ended = true;
        }
    }

    /// In messages of 32 KB, as the real server cuts them.
    fn send(&mut self, channel: u8, bytes: &[u8]) {
        for piece in bytes.chunks(32 * 1024) {
            let mut message = Vec::with_capacity(piece.len() + 1);
            message.push(channel);
            message.extend_from_slice(piece);
            self.outbox.push_back(message.into());
        }
    }
}

/// How a command ended, as the server writes it on the channel of errors.
fn exit_status(code: i32) -> Value {
    if code == 0 {
        return json!({"metadata": {}, "status": "Success"});
    }
    json!({
        "metadata": {}, "status": "Failure",
        "message": format!("command terminated with non-zero exit code: command terminated with exit code {code}"),
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": code.to_string()}]},
    })
}

/// The command could not even be started.
fn internal(why: &str) -> Value {
    // Kubelet and API server each say that it is internal.
    let text = format!("Internal error occurred: error executing command in container: {why}");
    json!({
        "metadata": {}, "status": "Failure", "message": format!("Internal error occurred: {text}"),
        "reason": "InternalError", "details": {"causes": [{"message": text}]}, "code": 500,
    })
}

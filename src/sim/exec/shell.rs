//! The shell that runs in simulated containers: deterministic, and small.

mod builtins;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::Options;
use super::place::Place;
use super::programs::{self, Ran};
use super::tty::{Tty, Typed, with_returns};
use super::words::{self, Command, Piece, Pipeline, Redirect, When, Word};
use crate::sim::store::Store;

/// A script, or the terminal, that commands come from.
#[derive(Debug)]
struct Frame {
    queue: VecDeque<Pipeline>,
    /// Its commands come line by line from the input.
    reads: bool,
    /// Inside the node's own root.
    host: bool,
}

/// What runs in the foreground and is not done yet.
#[derive(Debug)]
enum Job {
    Sleep(DateTime<Utc>),
    /// `cat`: gives back what comes in.
    Cat,
}

/// One run of the shell, or of a single program.
#[derive(Debug)]
pub(crate) struct Shell {
    place: Arc<Place>,
    options: Options,
    tty: Tty,
    /// Input that nobody has read yet: whole lines in a terminal, else bytes.
    typed: VecDeque<Typed>,
    loose: Vec<u8>,
    input_ended: bool,
    frames: Vec<Frame>,
    job: Option<Job>,
    /// The prompt stands; a line may come.
    prompted: bool,
    last: i32,
    cwd: String,
    env: BTreeMap<String, String>,
    out: Vec<u8>,
    err: Vec<u8>,
    exit: Option<i32>,
    refusal: Option<String>,
    signal: Option<i32>,
}

/// Output of one step at most: a program that writes more is broken off.
pub(super) const MOST: usize = 4 << 20;

/// `$$`.
const OWN_PID: &str = "7";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Size {
    width: u16,
    height: u16,
}

impl Shell {
    pub(crate) fn new(place: Arc<Place>, options: Options, command: &[String]) -> Shell {
        let mut env: BTreeMap<String, String> = [
            (
                "PATH",
                "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            ),
            ("HOSTNAME", &place.pod),
            ("HOME", "/root"),
            ("KUBERNETES_SERVICE_HOST", "10.96.0.1"),
            ("KUBERNETES_SERVICE_PORT", "443"),
        ]
        .map(|(k, v)| (k.to_owned(), v.to_owned()))
        .into();
        if options.tty {
            env.insert("TERM".into(), "xterm".into());
        }
        env.extend(place.env.iter().cloned());
        let runner = place.container.starts_with("step-");
        let mut shell = Shell {
            cwd: if runner { "/workspace" } else { "/" }.to_owned(),
            place,
            options,
            tty: Tty::default(),
            typed: VecDeque::new(),
            loose: Vec::new(),
            input_ended: !options.stdin,
            frames: Vec::new(),
            job: None,
            prompted: false,
            last: 0,
            env,
            out: Vec::new(),
            err: Vec::new(),
            exit: None,
            refusal: None,
            signal: None,
        };
        shell.start(command);
        shell
    }

    fn start(&mut self, command: &[String]) {
        let program = command.first().map(String::as_str).unwrap_or_default();
        if !self.place.has_shell() || !programs::exists(program) {
            let found = if program.starts_with('/') {
                "stat"
            } else {
                "executable file"
            };
            let end = if found == "stat" {
                format!("stat {program}: no such file or directory")
            } else {
                "executable file not found in $PATH".to_owned()
            };
            let id = crate::sim::actors::dice::Dice::new(3)
                .on(&self.place.uid)
                .on(program)
                .hex(64);
            self.refusal = Some(format!(
                "failed to exec in container: failed to start exec \"{id}\": OCI runtime exec failed: exec failed: unable to start container process: exec: \"{program}\": {end}"
            ));
            self.exit = Some(127);
            return;
        }
        let words = command
            .iter()
            .map(|word| vec![Piece::Text(word.clone())])
            .collect();
        let only = Pipeline {
            when: When::Always,
            commands: vec![Command {
                words,
                redirects: Vec::new(),
            }],
        };
        self.frames.push(Frame {
            queue: VecDeque::from([only]),
            reads: false,
            host: false,
        });
    }

    pub(super) fn options(&self) -> Options {
        self.options
    }

    /// How it ended.
    pub(crate) fn exit(&self) -> Option<i32> {
        self.exit
    }

    /// Why it never began.
    pub(super) fn refusal(&self) -> Option<String> {
        self.refusal.clone()
    }

    /// The exit code that the container's first process is to end with.
    pub(crate) fn take_signal(&mut self) -> Option<i32> {
        self.signal.take()
    }

    /// What it wrote since this was last asked.
    pub(super) fn output(&mut self) -> (Vec<u8>, Vec<u8>) {
        (std::mem::take(&mut self.out), std::mem::take(&mut self.err))
    }

    pub(super) fn input(&mut self, bytes: &[u8]) {
        if !self.options.stdin {
            return;
        }
        if self.options.tty {
            let mut echo = Vec::new();
            let typed = self.tty.keys(bytes, &mut echo);
            self.out.extend_from_slice(&echo);
            self.typed.extend(typed);
        } else {
            self.loose.extend_from_slice(bytes);
        }
    }

    pub(super) fn end_of_input(&mut self) {
        self.input_ended = true;
    }

    pub(super) fn resize(&mut self, json: &[u8]) {
        if let Ok(Size { width, height }) = serde_json::from_slice(json) {
            self.tty.size = Some((width, height));
        }
    }

    /// Runs until it waits for time or input.
    pub(super) fn run(&mut self, now: DateTime<Utc>, store: &Store) {
        while self.exit.is_none() && self.out.len() < MOST && self.one(now, store) {}
    }

    /// One thing; false when there is nothing to do for now.
    fn one(&mut self, now: DateTime<Utc>, store: &Store) -> bool {
        if self.job.is_some() {
            return self.wait(now);
        }
        let Some(frame) = self.frames.last_mut() else {
            self.exit = Some(self.last);
            return false;
        };
        if let Some(pipeline) = frame.queue.pop_front() {
            let runs = match pipeline.when {
                When::Always => true,
                When::Success => self.last == 0,
                When::Failure => self.last != 0,
            };
            if runs {
                self.pipeline(&pipeline, now, store);
            }
            return true;
        }
        if frame.reads {
            return self.read_line();
        }
        self.frames.pop();
        true
    }

    /// The job in the foreground.
    fn wait(&mut self, now: DateTime<Utc>) -> bool {
        if self.options.tty && matches!(self.typed.front(), Some(Typed::Interrupt)) {
            self.typed.pop_front();
            self.end_job(130);
            // What followed on the line goes with it.
            if let Some(frame) = self.frames.last_mut() {
                frame.queue.clear();
            }
            return true;
        }
        match self.job {
            Some(Job::Sleep(until)) if until <= now => {
                self.end_job(0);
                true
            }
            Some(Job::Cat) => self.cat(),
            _ => false,
        }
    }

    fn cat(&mut self) -> bool {
        if self.options.tty {
            match self.typed.pop_front() {
                Some(Typed::Line(line)) => self.print(line.as_bytes()),
                Some(Typed::End) => self.end_job(0),
                Some(Typed::Interrupt | Typed::Clear) => {}
                None if self.input_ended => self.end_job(0),
                None => return false,
            }
            return true;
        }
        let bytes = std::mem::take(&mut self.loose);
        self.print(&bytes);
        if self.input_ended {
            self.end_job(0);
            return true;
        }
        false
    }

    fn end_job(&mut self, code: i32) {
        self.job = None;
        self.last = code;
    }

    fn read_line(&mut self) -> bool {
        if self.options.tty && !self.prompted {
            self.prompted = true;
            let prompt = self.prompt();
            let typing = self.tty.line().to_vec();
            self.out.extend_from_slice(prompt.as_bytes());
            self.out.extend_from_slice(&typing);
        }
        let next = if self.options.tty {
            self.typed.pop_front()
        } else {
            self.loose_line().map(Typed::Line)
        };
        let line = match next {
            Some(Typed::Line(line)) => line,
            Some(Typed::Interrupt) => {
                self.last = 130;
                self.prompted = false;
                return true;
            }
            Some(Typed::Clear) => {
                self.out.extend_from_slice(b"\x1b[H\x1b[J");
                self.prompted = false;
                return true;
            }
            Some(Typed::End) => {
                self.print(b"\n");
                self.frames.pop();
                self.prompted = false;
                return true;
            }
            None if self.input_ended && !self.options.tty => {
                self.frames.pop();
                return true;
            }
            None => return false,
        };
        self.prompted = false;
        self.script(&line);
        true
    }

    fn loose_line(&mut self) -> Option<String> {
        let end = match self.loose.iter().position(|b| *b == b'\n') {
            Some(end) => end + 1,
            None if self.input_ended && !self.loose.is_empty() => self.loose.len(),
            None => return None,
        };
        let line: Vec<u8> = self.loose.drain(..end).collect();
        Some(String::from_utf8_lossy(&line).into_owned())
    }

    fn prompt(&self) -> String {
        let host = self.frames.iter().any(|f| f.host);
        let name = if host { &self.place.node } else { "" };
        match name {
            "" => format!("{} # ", self.cwd),
            node => format!("root@{node}:{}# ", self.cwd),
        }
    }

    /// Puts a text's commands into the present frame.
    fn script(&mut self, text: &str) {
        match words::parse(text) {
            Ok(pipelines) => {
                if let Some(frame) = self.frames.last_mut() {
                    frame.queue.extend(pipelines);
                }
            }
            Err(why) => {
                self.complain(&format!("sh: {why}\n"));
                self.last = 2;
            }
        }
    }

    fn pipeline(&mut self, pipeline: &Pipeline, now: DateTime<Utc>, store: &Store) {
        let mut piped: Option<Vec<u8>> = None;
        let last = pipeline.commands.len().saturating_sub(1);
        for (i, command) in pipeline.commands.iter().enumerate() {
            let mut words: Vec<String> = Vec::new();
            for word in &command.words {
                let text = self.fill(word);
                // A word of nothing but an empty variable is none.
                if !text.is_empty() || word.iter().any(|p| matches!(p, Piece::Text(_))) {
                    words.push(text);
                }
            }
            while let Some((name, value)) = words.first().and_then(|w| assignment(w)) {
                self.env.insert(name, value);
                words.remove(0);
            }
            let Some(program) = words.first().cloned() else {
                self.last = 0;
                continue;
            };
            let alone = pipeline.commands.len() == 1;
            if alone && self.special(&program, &words, now) {
                return;
            }
            let host = self.frames.iter().any(|f| f.host);
            let inside = programs::Inside {
                place: &self.place,
                store,
                now,
                host,
                cwd: &self.cwd,
                env: &self.env,
                size: self.tty.size,
                tty: self.options.tty,
                input: piped.take().unwrap_or_default(),
            };
            let ran = programs::run(&words, &inside);
            self.last = ran.code;
            if let Some(signal) = ran.signal {
                self.signal = Some(signal);
            }
            let (out, err) = redirected(ran, &command.redirects);
            self.complain_bytes(&err);
            if i == last {
                self.print(&out);
            } else {
                piped = Some(out);
            }
        }
    }

    fn fill(&self, word: &Word) -> String {
        word.iter()
            .map(|piece| match piece {
                Piece::Text(text) => text.clone(),
                Piece::Variable(name) => match name.as_str() {
                    "?" => self.last.to_string(),
                    "$" => OWN_PID.to_owned(),
                    "#" => "0".to_owned(),
                    "0" => "sh".to_owned(),
                    "PWD" => self.cwd.clone(),
                    name => self.env.get(name).cloned().unwrap_or_default(),
                },
            })
            .collect()
    }

    fn absolute(&self, path: &str) -> String {
        programs::absolute(&self.cwd, path)
    }

    fn print(&mut self, bytes: &[u8]) {
        if self.options.tty {
            self.out.extend(with_returns(bytes));
        } else {
            self.out.extend_from_slice(bytes);
        }
    }

    fn complain(&mut self, text: &str) {
        self.complain_bytes(text.as_bytes());
    }

    fn complain_bytes(&mut self, bytes: &[u8]) {
        if self.options.tty {
            self.print(bytes);
        } else {
            self.err.extend_from_slice(bytes);
        }
    }
}

fn redirected(ran: Ran, redirects: &[Redirect]) -> (Vec<u8>, Vec<u8>) {
    let (mut out, mut err) = (ran.out, ran.err);
    for redirect in redirects {
        match redirect {
            Redirect::Away { errors: true } => err.clear(),
            Redirect::Away { errors: false } => out.clear(),
            Redirect::ErrorsToOutput => out.append(&mut err),
            Redirect::OutputToErrors => err.append(&mut out),
        }
    }
    (out, err)
}

/// `NAME=value`.
fn assignment(word: &str) -> Option<(String, String)> {
    let (name, value) = word.split_once('=')?;
    let mut letters = name.chars();
    let fits = letters
        .next()
        .is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && letters.all(|c| c.is_ascii_alphanumeric() || c == '_');
    fits.then(|| (name.to_owned(), value.to_owned()))
}

//! The protocol of a log stream without IO: what to ask next, and what an answer means.
//!
//! ```text
//! Stream ── end, break ──▶ Status ── runs, waits ──▶ (Pause) ──▶ Stream
//!   │ ⟲ silence               └─ ended ──▶ Stream (the rest) ──▶ Over, or Pause until it runs again
//!   └── refused ──▶ Pause ──▶ Status
//! ```
//!
//! The end of a stream is not the end of the log: that is the container's, and its status tells it. A stream that
//! says nothing for long while its container runs may have been lost at a rotation: it is opened again from its
//! last line on.

use std::time::Duration;

use super::resume::{Read, Reader};
use super::status::Status;
use crate::cluster::feed::machine::escape;
use crate::engine::{LogEnd, LogEvent, LogLine, LogSource};
use crate::model::Text;

/// Without a line for so long a stream is opened again; twice as long each time that brings nothing.
const SILENCE: Duration = Duration::from_secs(30);
const LONGEST_SILENCE: Duration = Duration::from_secs(300);
/// Ends of a stream in a row that are not worth a word: the status follows by a moment.
const ENDS: u32 = 3;

/// What to do next.
#[derive(Clone, Debug, PartialEq)]
pub enum Ask {
    /// Open this path and hand in what comes.
    Stream {
        /// Path and query.
        path: String,
        /// So long without a byte is [`Machine::silent`].
        silence: Option<Duration>,
    },
    /// Get the pod and hand in its body.
    Status {
        /// Path.
        path: String,
    },
    /// Wait as between attempts, then [`Machine::waited`].
    Pause,
    /// It is over.
    Over(LogEnd),
}

#[derive(Clone, Debug, PartialEq)]
enum Step {
    /// `rest`: the container ended, and this is what it had written by then.
    Stream {
        rest: Option<(Text, bool)>,
    },
    Status(Why),
    /// Until the status is asked for, or the stream again (`None`).
    Pause(Option<Why>),
    Over(LogEnd),
}

/// Why the status is asked for.
#[derive(Clone, Debug, PartialEq)]
enum Why {
    /// The stream came to its end, or its container is to run again.
    End,
    /// It broke off.
    Broken(String),
    /// The container has not started.
    Refused,
}

/// One stream's protocol.
#[derive(Clone, Debug)]
pub struct Machine {
    source: LogSource,
    reader: Reader,
    step: Step,
    /// The restarts of the life that is read.
    restarts: i32,
    /// Streams in a row that ended or broke without a line.
    attempts: u32,
    silence: Duration,
    /// What was said last of waiting.
    said: Option<Text>,
    /// Words of the kubelet in place of lines.
    words: Option<String>,
    /// The words were told.
    told: bool,
    /// The kubelet will start the container anew.
    again: bool,
}

impl Machine {
    /// Nothing was asked yet.
    pub fn new(source: LogSource) -> Self {
        Self {
            restarts: source.restarts,
            source,
            reader: Reader::new(),
            step: Step::Stream { rest: None },
            attempts: 0,
            silence: SILENCE,
            said: None,
            words: None,
            told: false,
            again: false,
        }
    }

    fn follows(&self) -> bool {
        self.source.follow && !self.source.previous
    }

    /// What to do next.
    pub fn ask(&self) -> Ask {
        match &self.step {
            Step::Stream { rest } => {
                let follow = self.follows() && rest.is_none();
                Ask::Stream {
                    path: self.reader.path(&self.source, follow),
                    silence: follow.then_some(self.silence),
                }
            }
            Step::Status(_) => Ask::Status {
                path: format!(
                    "/api/v1/namespaces/{}/pods/{}",
                    escape(&self.source.namespace),
                    escape(&self.source.pod)
                ),
            },
            Step::Pause(_) => Ask::Pause,
            Step::Over(end) => Ask::Over(end.clone()),
        }
    }

    /// The server began to send.
    pub fn opened(&mut self, out: &mut Vec<LogEvent>) {
        self.said = None;
        self.words = None;
        out.push(LogEvent::Opened);
    }

    /// Bytes of the stream.
    pub fn bytes(&mut self, bytes: &[u8], lines: &mut Vec<LogLine>) {
        let mut read = Vec::new();
        self.reader.feed(bytes, &mut read);
        self.take(read, lines);
    }

    fn take(&mut self, read: Vec<Read>, lines: &mut Vec<LogLine>) {
        for item in read {
            match item {
                Read::Line(line) => {
                    self.attempts = 0;
                    self.silence = SILENCE;
                    lines.push(line);
                }
                Read::Words(words) => self.words = Some(words),
            }
        }
    }

    /// Its end, which may be none of the log.
    pub fn ended(&mut self, lines: &mut Vec<LogLine>, out: &mut Vec<LogEvent>) {
        let mut read = Vec::new();
        self.reader.end(true, &mut read);
        self.take(read, lines);
        let words = self.words.take().filter(|_| !self.reader.began());
        if let Some(words) = words {
            if self.source.previous {
                self.step = Step::Over(LogEnd::Gone(words.into()));
                return;
            }
            if !self.told {
                self.told = true;
                out.push(LogEvent::Said(words.into()));
            }
        }
        self.step = match std::mem::replace(&mut self.step, Step::Status(Why::End)) {
            Step::Stream { rest: Some(rest) } => self.after_rest(rest),
            _ if self.source.previous => {
                Step::Over(LogEnd::Container("end of what there is".into()))
            }
            _ => Step::Status(Why::End),
        };
    }

    /// All that a life had to say has been read.
    fn after_rest(&mut self, (how, again): (Text, bool)) -> Step {
        if again {
            self.again = true;
            Step::Pause(Some(Why::End))
        } else {
            Step::Over(LogEnd::Container(how))
        }
    }

    /// It broke off, or could not be opened.
    pub fn broken(&mut self, why: String) {
        self.reader.end(false, &mut Vec::new());
        self.step = match std::mem::replace(&mut self.step, Step::Pause(None)) {
            Step::Stream { rest: Some(rest) } => self.after_rest(rest),
            _ if self.follows() => Step::Status(Why::Broken(why)),
            _ => Step::Over(LogEnd::Failed(why.into())),
        };
    }

    /// Nothing came for as long as [`Ask::Stream`] says: it is opened again.
    pub fn silent(&mut self) {
        self.reader.end(false, &mut Vec::new());
        self.silence = (self.silence * 2).min(LONGEST_SILENCE);
    }

    /// Its place was given away in the middle; it will go on where it was.
    pub fn parked(&mut self) {
        self.reader.end(false, &mut Vec::new());
        self.silence = SILENCE;
    }

    /// The server's refusal.
    pub fn refused(&mut self, code: u16, words: String, out: &mut Vec<LogEvent>) {
        self.reader.end(false, &mut Vec::new());
        let step = std::mem::replace(&mut self.step, Step::Pause(None));
        let follows = self.follows();
        self.step = match (code, step) {
            (401 | 403, _) => Step::Over(LogEnd::Denied(words.into())),
            (_, Step::Stream { rest: Some(rest) }) => self.after_rest(rest),
            (404, _) if words.starts_with("pods \"") => {
                let gone = format!("pod {} is gone", self.source.pod);
                Step::Over(LogEnd::Gone(gone.into()))
            }
            (404, _) => Step::Over(LogEnd::Gone(words.into())),
            // The container has not started, or never had that life.
            (400, _) if follows => {
                self.waits(words, out);
                Step::Pause(Some(Why::Refused))
            }
            (400, _) if self.source.previous => Step::Over(LogEnd::Gone(words.into())),
            (_, _) if follows => Step::Status(Why::Broken(words)),
            (_, _) => Step::Over(LogEnd::Failed(words.into())),
        };
    }

    /// The pod's body; `Err`: why there is none, with the code if the server gave one.
    pub fn status(
        &mut self,
        answer: Result<&[u8], (Option<u16>, String)>,
        out: &mut Vec<LogEvent>,
    ) {
        let status = match answer {
            Ok(body) => Status::read(body, &self.source),
            Err((Some(404), _)) => Status::Gone(format!("pod {} is gone", self.source.pod)),
            Err((_, why)) => Status::Unknown(why),
        };
        let Step::Status(why) = std::mem::replace(&mut self.step, Step::Pause(None)) else {
            return;
        };
        self.step = if self.follows() {
            self.after_status(status, why, out)
        } else {
            Step::Over(LogEnd::Container(match status {
                Status::Ended { how, .. } => how,
                Status::Runs { .. } | Status::Waits(_) => "still running".into(),
                Status::Gone(_) | Status::Unknown(_) => "end of what there is".into(),
            }))
        };
    }

    fn after_status(&mut self, status: Status, why: Why, out: &mut Vec<LogEvent>) -> Step {
        let refused = why == Why::Refused;
        let broken = match why {
            Why::Broken(words) => Some(words),
            Why::End | Why::Refused => None,
        };
        match status {
            Status::Gone(words) => Step::Over(LogEnd::Gone(words.into())),
            Status::Ended { how, again: true } if self.again => {
                self.waits(format!("{how}; it will be started anew"), out);
                Step::Pause(Some(Why::End))
            }
            // What was written between the break and the end.
            Status::Ended { how, again } => Step::Stream {
                rest: Some((how, again)),
            },
            // Before its first life the stream itself says when it can be opened.
            Status::Waits(_) if refused => Step::Stream { rest: None },
            Status::Waits(words) => {
                self.waits(words, out);
                Step::Pause(Some(Why::End))
            }
            Status::Runs { .. } if refused => Step::Stream { rest: None },
            Status::Runs { restarts, last } => {
                self.again = false;
                if restarts > self.restarts {
                    self.restarts = restarts;
                    out.push(LogEvent::Restarted {
                        count: restarts,
                        how: last.unwrap_or_else(|| "its end is not known".into()),
                    });
                    self.attempts = 0;
                    return Step::Stream { rest: None };
                }
                if broken.is_some() || self.attempts >= ENDS {
                    let words = broken.unwrap_or_else(|| "the stream ended".to_owned());
                    out.push(LogEvent::Resuming(words.into()));
                }
                self.attempts += 1;
                Step::Pause(None)
            }
            Status::Unknown(words) => {
                out.push(LogEvent::Resuming(broken.unwrap_or(words).into()));
                self.attempts += 1;
                Step::Pause(None)
            }
        }
    }

    /// The pause is over.
    pub fn waited(&mut self) {
        if let Step::Pause(why) = &mut self.step {
            self.step = match why.take() {
                Some(why) => Step::Status(why),
                None => Step::Stream { rest: None },
            };
        }
    }

    fn waits(&mut self, words: String, out: &mut Vec<LogEvent>) {
        let words = Text::from(words);
        if self.said.as_ref() != Some(&words) {
            self.said = Some(words.clone());
            out.push(LogEvent::Waiting(words));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const PATH: &str = "/api/v1/namespaces/ci/pods/p/log?container=c&timestamps=true";

    fn machine(previous: bool) -> Machine {
        Machine::new(LogSource {
            namespace: "ci".into(),
            pod: "p".into(),
            uid: "u".into(),
            container: "c".into(),
            previous,
            follow: !previous,
            since: None,
            tail: None,
            restarts: 0,
        })
    }

    fn body(status: Value) -> Vec<u8> {
        let mut status = status;
        status["name"] = "c".into();
        json!({
            "metadata": {"name": "p", "namespace": "ci", "uid": "u", "creationTimestamp": "2026-01-02T03:04:05Z"},
            "spec": {"restartPolicy": "Always", "containers": [{"name": "c", "image": "i"}]},
            "status": {"phase": "Running", "containerStatuses": [status]},
        })
        .to_string()
        .into_bytes()
    }

    fn texts(lines: &[LogLine]) -> Vec<&str> {
        lines.iter().map(|l| &*l.text).collect()
    }

    fn stream(machine: &Machine) -> String {
        match machine.ask() {
            Ask::Stream { path, .. } => path.replace(PATH, ""),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn a_silent_stream_is_opened_again_from_its_last_line_on() {
        let mut machine = machine(false);
        let (mut lines, mut out) = (Vec::new(), Vec::new());
        machine.opened(&mut out);
        machine.bytes(b"2026-01-02T03:04:05.1Z a\n", &mut lines);
        let silence = |machine: &Machine| match machine.ask() {
            Ask::Stream { silence, .. } => silence,
            _ => None,
        };
        assert_eq!(silence(&machine), Some(SILENCE));
        machine.silent();
        assert_eq!(silence(&machine), Some(SILENCE * 2), "less often each time");
        assert_eq!(
            stream(&machine),
            "&follow=true&sinceTime=2026-01-02T03%3A04%3A05Z"
        );
        // The stream went dumb at a rotation: what was written meanwhile comes, what was seen does not.
        machine.opened(&mut out);
        machine.bytes(
            b"2026-01-02T03:04:05.1Z a\n2026-01-02T03:04:06Z b\n",
            &mut lines,
        );
        assert_eq!(texts(&lines), ["a", "b"]);
        assert_eq!(silence(&machine), Some(SILENCE));
        assert_eq!(out, [LogEvent::Opened, LogEvent::Opened], "and not a word");
    }

    #[test]
    fn words_in_place_of_a_previous_log_are_no_line() {
        let mut machine = machine(true);
        let (mut lines, mut out) = (Vec::new(), Vec::new());
        machine.opened(&mut out);
        let words = "unable to retrieve container logs for containerd://abc";
        machine.bytes(format!("{words}\n").as_bytes(), &mut lines);
        machine.ended(&mut lines, &mut out);
        assert_eq!(lines, []);
        assert_eq!(machine.ask(), Ask::Over(LogEnd::Gone(words.into())));
    }

    #[test]
    fn a_container_that_restarts_goes_on() {
        let mut machine = machine(false);
        let (mut lines, mut out) = (Vec::new(), Vec::new());
        machine.opened(&mut out);
        machine.bytes(b"2026-01-02T03:04:05Z a\n", &mut lines);
        machine.ended(&mut lines, &mut out);
        assert!(matches!(machine.ask(), Ask::Status { .. }));
        let oom = json!({"exitCode": 137, "reason": "OOMKilled"});
        let ended = body(json!({"restartCount": 0, "state": {"terminated": oom}}));
        // The rest is read first; then it is waited for.
        machine.status(Ok(&ended), &mut out);
        assert_eq!(stream(&machine), "&sinceTime=2026-01-02T03%3A04%3A05Z");
        machine.opened(&mut out);
        machine.bytes(
            b"2026-01-02T03:04:05Z a\n2026-01-02T03:04:06Z last words\n",
            &mut lines,
        );
        machine.ended(&mut lines, &mut out);
        assert_eq!(machine.ask(), Ask::Pause);
        machine.waited();
        machine.status(Ok(&ended), &mut out);
        machine.waited();
        let again = json!({
            "restartCount": 1, "state": {"running": {}}, "lastState": {"terminated": oom},
        });
        machine.status(Ok(&body(again)), &mut out);
        assert!(stream(&machine).starts_with("&follow=true"));
        machine.opened(&mut out);
        machine.bytes(b"2026-01-02T03:04:09Z new\n", &mut lines);
        assert_eq!(texts(&lines), ["a", "last words", "new"]);
        let waits = "OOMKilled (137); it will be started anew";
        assert_eq!(
            out,
            [
                LogEvent::Opened,
                LogEvent::Opened,
                LogEvent::Waiting(waits.into()),
                LogEvent::Restarted {
                    count: 1,
                    how: "OOMKilled (137)".into()
                },
                LogEvent::Opened,
            ]
        );
    }

    #[test]
    fn an_end_is_the_containers_alone() {
        let mut machine = machine(false);
        let (mut lines, mut out) = (Vec::new(), Vec::new());
        let running = body(json!({"restartCount": 0, "state": {"running": {}}}));
        for n in 0..=ENDS {
            machine.opened(&mut out);
            machine.ended(&mut lines, &mut out);
            machine.status(Ok(&running), &mut out);
            assert_eq!(machine.ask(), Ask::Pause, "{n}");
            machine.waited();
        }
        assert_eq!(
            out.last(),
            Some(&LogEvent::Resuming("the stream ended".into()))
        );
        machine.broken("reset".into());
        machine.status(Err((Some(404), String::new())), &mut out);
        assert_eq!(
            machine.ask(),
            Ask::Over(LogEnd::Gone("pod p is gone".into()))
        );
    }

    #[test]
    fn what_has_not_started_is_tried_until_it_has() {
        let mut machine = machine(false);
        let mut out = Vec::new();
        let why = "container \"c\" in pod \"p\" is waiting to start: ContainerCreating";
        for _ in 0..2 {
            machine.refused(400, why.into(), &mut out);
            machine.waited();
            let waits =
                json!({"restartCount": 0, "state": {"waiting": {"reason": "ContainerCreating"}}});
            machine.status(Ok(&body(waits)), &mut out);
            assert_eq!(stream(&machine), "&follow=true");
        }
        assert_eq!(out, [LogEvent::Waiting(why.into())], "said once");
        machine.refused(403, "no".into(), &mut out);
        assert_eq!(machine.ask(), Ask::Over(LogEnd::Denied("no".into())));
    }
}

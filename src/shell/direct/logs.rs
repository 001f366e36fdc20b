//! Logs of the simulated cluster: the same protocol as over HTTP, step by step.

use chrono::TimeDelta;

use super::{Direct, Log, unescape};
use crate::cluster::call;
use crate::cluster::log::machine::Ask as LogAsk;
use crate::engine::{Event, LogEvent, LogId, Reply};
use crate::sim::{Host, Request, Response};

/// Between two attempts at a log.
const PAUSE: TimeDelta = TimeDelta::seconds(1);
/// Steps of a log's protocol at a time.
const STEPS: usize = 16;

impl<H: Host> Direct<H> {
    /// Streams open now, for tests.
    pub fn open_logs(&self) -> usize {
        self.logs
            .values()
            .filter(|log| log.follow.is_some())
            .count()
    }

    /// Pods whose logs are followed now, for tests.
    pub fn followed(&self) -> Vec<String> {
        let followed = self.logs.values().filter_map(|log| log.follow.as_ref());
        followed.map(|follow| follow.pod.clone()).collect()
    }

    /// Goes on with a log as far as it comes now.
    pub(super) fn pump_log(&mut self, id: LogId) {
        let Some(mut log) = self.logs.remove(&id) else {
            return;
        };
        let mut news = Vec::new();
        let mut over = false;
        for _ in 0..STEPS {
            if log.parked || !self.step_log(&mut log, &mut news) {
                break;
            }
            if let LogAsk::Over(end) = log.machine.ask() {
                news.push(LogEvent::Ended(end));
                over = true;
                break;
            }
        }
        if !over {
            self.logs.insert(id, log);
        }
        for event in news {
            self.event(Event::Log(id, Box::new(event)));
        }
    }

    /// One step of a log's protocol; false: nothing more happens now.
    fn step_log(&mut self, log: &mut Log, news: &mut Vec<LogEvent>) -> bool {
        let now = self.host.now();
        match log.machine.ask() {
            LogAsk::Over(_) => false,
            LogAsk::Pause => match log.paused {
                Some(until) if until <= now => {
                    log.paused = None;
                    log.machine.waited();
                    true
                }
                Some(_) => false,
                None => {
                    log.paused = Some(now + PAUSE);
                    false
                }
            },
            LogAsk::Status { path } => {
                match self.host.handle(Request::get(&unescape(&path))) {
                    Response::Done {
                        status: 200, body, ..
                    } => log.machine.status(Ok(&body), news),
                    Response::Done { status, body, .. } => {
                        let why = refusal(status, &body);
                        log.machine.status(Err((Some(status), why)), news);
                    }
                    _ => log
                        .machine
                        .status(Err((None, "a stream was answered".into())), news),
                }
                true
            }
            LogAsk::Stream { path, silence } => match &mut log.follow {
                None => self.open_log(log, &path, news),
                Some(follow) => {
                    let (bytes, ended) = self.host.log_next(follow);
                    let (mut lines, mut said) = (Vec::new(), Vec::new());
                    log.machine.bytes(&bytes, &mut lines);
                    if !bytes.is_empty() {
                        log.heard = now;
                    }
                    let silent = silence
                        .and_then(|s| TimeDelta::from_std(s).ok())
                        .is_some_and(|s| now - log.heard >= s);
                    if ended {
                        log.machine.ended(&mut lines, &mut said);
                    } else if silent {
                        log.machine.silent();
                    }
                    if !lines.is_empty() {
                        news.push(LogEvent::Lines(lines));
                    }
                    news.append(&mut said);
                    if ended || silent {
                        log.follow = None;
                    }
                    ended || silent
                }
            },
        }
    }

    fn open_log(&mut self, log: &mut Log, path: &str, news: &mut Vec<LogEvent>) -> bool {
        log.heard = self.host.now();
        match self.host.handle(Request::get(&unescape(path))) {
            Response::Log(follow) => {
                log.follow = Some(follow);
                log.machine.opened(news);
            }
            Response::Done {
                status: 200, body, ..
            } => {
                log.machine.opened(news);
                let (mut lines, mut said) = (Vec::new(), Vec::new());
                log.machine.bytes(&body, &mut lines);
                log.machine.ended(&mut lines, &mut said);
                if !lines.is_empty() {
                    news.push(LogEvent::Lines(lines));
                }
                news.append(&mut said);
            }
            Response::Done { status, body, .. } => {
                log.machine.refused(status, refusal(status, &body), news);
            }
            Response::List(_) | Response::Watch(_) | Response::Upgrade(_) => {
                log.machine.broken("no log was answered".into());
            }
        }
        true
    }
}

/// The server's words.
fn refusal(status: u16, body: &[u8]) -> String {
    match call::read(status, None, body) {
        Reply::Refused { message, .. } => message.to_string(),
        Reply::Done(_) | Reply::Lost(_) => "no log".into(),
    }
}

//! A log pane's state and what changes it.

use super::ring::{Line, Ring};
use super::search::Search;
use super::sgr;
use super::stream::{Progress, Stream, StreamState, beside, never_ran};
use crate::engine::view::Tone;
use crate::engine::{Effect, LogEnd, LogEvent, LogId, LogSource};
use crate::model::{ClusterNo, Model, Text, Uid};

/// Whose log it is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Target {
    pub(crate) cluster: ClusterNo,
    /// `shop/api test #8121`, or `namespace/name` of a pod.
    pub(crate) title: String,
    pub(crate) namespace: Text,
    pub(crate) pod: Text,
    pub(crate) uid: Uid,
    pub(crate) node: Option<Text>,
    /// In the order in which they are read.
    pub(crate) containers: Vec<Text>,
    /// Lines of the past that are asked for; `None`: all.
    pub(crate) tail: Option<u32>,
}

/// Where the pane stands in the ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Position {
    /// At the end, going on with it.
    Follow,
    /// This line is the first visible one.
    Top(u64),
}

/// The pane.
#[derive(Clone, Debug)]
pub(crate) struct Pane {
    pub(crate) target: Target,
    pub(crate) streams: Vec<Stream>,
    pub(crate) ring: Ring,
    pub(crate) position: Position,
    pub(crate) previous: bool,
    pub(crate) timestamps: bool,
    pub(crate) wrap: bool,
    /// First visible column of unwrapped lines.
    pub(crate) left: usize,
    pub(crate) search: Option<Search>,
    /// Lines lost before they reached the ring.
    pub(crate) lost: u64,
    /// The stream that spoke last.
    pub(crate) speaker: Option<usize>,
}

impl Pane {
    pub(crate) fn new(target: Target, cap: usize) -> Self {
        let streams = target
            .containers
            .iter()
            .map(|container| Stream {
                container: container.clone(),
                state: StreamState::Idle,
            })
            .collect();
        Self {
            target,
            streams,
            ring: Ring::new(cap),
            position: Position::Follow,
            previous: false,
            timestamps: false,
            wrap: false,
            left: 0,
            search: None,
            lost: 0,
            speaker: None,
        }
    }

    /// Opens the streams whose turn has come. `next` gives a new stream's id.
    pub(crate) fn advance(
        &mut self,
        model: &Model,
        mut next: impl FnMut() -> LogId,
        out: &mut Vec<Effect>,
    ) {
        let pod = model.pod(&self.target.uid);
        // Whether all before are over, and whether those that are not run beside this one.
        let (mut all_over, mut none_holds) = (true, true);
        for (i, stream) in self.streams.iter_mut().enumerate() {
            let beside = pod.is_some_and(|pod| beside(pod, &stream.container));
            if stream.state == StreamState::Idle {
                if pod.is_some_and(|pod| never_ran(pod, &stream.container)) {
                    if all_over {
                        stream.state = StreamState::NeverRan;
                        let text = format!("{} never ran", stream.container);
                        self.ring.push(remark(i, Tone::Dim, text));
                    }
                } else if all_over || (none_holds && beside) {
                    let id = next();
                    stream.state = StreamState::Open(id, Progress::Opening);
                    out.push(Effect::OpenLog(
                        self.target.cluster,
                        id,
                        Box::new(LogSource {
                            namespace: self.target.namespace.clone(),
                            pod: self.target.pod.clone(),
                            uid: self.target.uid.clone(),
                            container: stream.container.clone(),
                            previous: self.previous,
                            follow: !self.previous,
                            since: None,
                            tail: self.target.tail,
                        }),
                    ));
                }
            }
            all_over &= stream.state.over();
            none_holds &= stream.state.over() || beside;
        }
    }

    fn stream(&self, id: LogId) -> Option<usize> {
        let of = |s: &Stream| matches!(&s.state, StreamState::Open(open, _) if *open == id);
        self.streams.iter().position(of)
    }

    /// Whether this stream is one of its own.
    pub(crate) fn has(&self, id: LogId) -> bool {
        self.stream(id).is_some()
    }

    /// News of one of its streams.
    pub(crate) fn event(&mut self, id: LogId, event: LogEvent) {
        let Some(at) = self.stream(id) else {
            return;
        };
        let source = u16::try_from(at).unwrap_or(u16::MAX);
        let name = self.streams[at].container.clone();
        match event {
            LogEvent::Opened => self.progress(at, id, Progress::Live),
            LogEvent::Waiting(why) => self.progress(at, id, Progress::Waiting(why)),
            LogEvent::Resuming(why) => self.progress(at, id, Progress::Resuming(why)),
            LogEvent::Lines(lines) => {
                self.speaker = Some(at);
                self.progress(at, id, Progress::Live);
                for line in lines {
                    self.ring.push(Line {
                        at: Some(line.at),
                        source,
                        tone: Tone::Plain,
                        text: line.text,
                    });
                }
            }
            LogEvent::Dropped(count) => {
                self.lost += count;
                let text = format!("{count} lines of {name} were lost here: they came too fast");
                self.ring.push(remark(at, Tone::Warn, text));
            }
            LogEvent::Ended(end) => {
                let (tone, text) = ended(&name, &end);
                self.ring.push(remark(at, tone, text));
                self.streams[at].state = StreamState::Ended(end);
                self.speaker = Some(at);
            }
        }
        self.clamp();
    }

    fn progress(&mut self, at: usize, id: LogId, progress: Progress) {
        self.streams[at].state = StreamState::Open(id, progress);
    }

    /// Ends the follow: closes what is open; false if nothing was.
    pub(crate) fn close(&mut self, out: &mut Vec<Effect>) -> bool {
        let mut any = false;
        for stream in &mut self.streams {
            if let StreamState::Open(id, _) = stream.state {
                out.push(Effect::CloseLog(self.target.cluster, id));
                stream.state = StreamState::Closed;
                any = true;
            }
        }
        any
    }

    /// Reads everything again, the last life of the containers or the present one.
    pub(crate) fn restart(&mut self, previous: bool, out: &mut Vec<Effect>) {
        self.close(out);
        self.previous = previous;
        self.ring.clear();
        self.lost = 0;
        self.speaker = None;
        self.position = Position::Follow;
        for stream in &mut self.streams {
            stream.state = StreamState::Idle;
        }
    }

    /// Number of the first visible line, if `rows` lines are visible.
    pub(crate) fn top(&self, rows: usize) -> u64 {
        match self.position {
            Position::Top(top) => top.max(self.ring.first()),
            Position::Follow => self
                .ring
                .end()
                .saturating_sub(rows as u64)
                .max(self.ring.first()),
        }
    }

    /// Scrolls by so many lines; reaching the end going down follows again.
    pub(crate) fn scroll(&mut self, by: i64, rows: usize) {
        let last_top = self
            .ring
            .end()
            .saturating_sub(rows.max(1) as u64)
            .max(self.ring.first());
        let top = self
            .top(rows)
            .saturating_add_signed(by)
            .max(self.ring.first());
        self.position = if by > 0 && top >= last_top {
            Position::Follow
        } else if by < 0 && self.ring.end() - self.ring.first() <= rows as u64 {
            self.position
        } else {
            Position::Top(top)
        };
    }

    /// To the oldest line kept, or to the end.
    pub(crate) fn jump(&mut self, to_end: bool) {
        self.position = if to_end {
            Position::Follow
        } else {
            Position::Top(self.ring.first())
        };
    }

    /// Autoscroll on or off.
    pub(crate) fn toggle_follow(&mut self, rows: usize) {
        self.position = match self.position {
            Position::Follow => Position::Top(self.top(rows)),
            Position::Top(_) => Position::Follow,
        };
    }

    /// Begins a search at the first visible line; false if nothing is found.
    pub(crate) fn search(&mut self, text: &str, rows: usize) -> bool {
        let search = Search::new(text);
        let top = self.top(rows);
        let found = match top.checked_sub(1) {
            Some(before) if before >= self.ring.first() => search.next(&self.ring, before, true),
            _ => search.next(&self.ring, self.ring.end(), true),
        };
        self.search = Some(search);
        self.show(found, rows)
    }

    /// To the next hit; false if there is none.
    pub(crate) fn next_hit(&mut self, down: bool, rows: usize) -> bool {
        let Some(search) = &self.search else {
            return false;
        };
        let from = search.at.unwrap_or_else(|| self.top(rows));
        let found = search.next(&self.ring, from, down);
        self.show(found, rows)
    }

    fn show(&mut self, found: Option<u64>, rows: usize) -> bool {
        let Some(found) = found else {
            return false;
        };
        let top = self.top(rows);
        if found < top || found >= top + rows as u64 {
            let above = (rows / 3) as u64;
            self.position = Position::Top(found.saturating_sub(above).max(self.ring.first()));
        } else {
            self.position = Position::Top(top);
        }
        if let Some(search) = &mut self.search {
            search.at = Some(found);
        }
        true
    }

    fn clamp(&mut self) {
        if let Position::Top(top) = &mut self.position {
            *top = (*top).max(self.ring.first());
        }
    }

    /// Columns that the widest of the visible lines has.
    pub(crate) fn widest(&self, rows: usize) -> usize {
        let top = self.top(rows);
        (top..self.ring.end().min(top + rows as u64))
            .filter_map(|n| self.ring.get(n))
            .map(|line| unicode_width::UnicodeWidthStr::width(&*sgr::plain(&line.text)))
            .max()
            .unwrap_or(0)
    }
}

fn remark(source: usize, tone: Tone, text: String) -> Line {
    Line {
        at: None,
        source: u16::try_from(source).unwrap_or(u16::MAX),
        tone,
        text: text.into(),
    }
}

/// What is said of an end.
pub(crate) fn ended(container: &str, end: &LogEnd) -> (Tone, String) {
    match end {
        LogEnd::Container(how) => match &**how {
            // Not its end, but that of what was asked for.
            "still running" | "end of what there is" => (Tone::Dim, format!("{container}: {how}")),
            "exit 0" => (Tone::Good, format!("{container} ended: {how}")),
            _ => (Tone::Bad, format!("{container} ended: {how}")),
        },
        LogEnd::Gone(why) => (Tone::Warn, format!("{container}: {why}")),
        LogEnd::Denied(why) => (Tone::Bad, format!("{container}: no rights: {why}")),
        LogEnd::Failed(why) => (Tone::Bad, format!("{container}: {why}")),
    }
}

//! A log pane's state and the news of its streams.

use chrono::{DateTime, Utc};

use super::group::Group;
use super::member::{Member, Members, source};
use super::ring::{Line, Put, Ring, SECOND, Voice, nanos};
use super::search::Search;
use super::sieve::Sieve;
use super::stream::{Progress, Stream, StreamState};
use super::window::Window;
use crate::engine::table::{Cx, Sight};
use crate::engine::{LogEnd, LogEvent, LogId, LogLine, text};
use crate::model::{ClusterNo, ContainerState, Model, Pod, Text, Uid};

/// Seconds by which streams may be apart before a line stands where it came and not where it belongs.
const APART: i64 = 10;
/// Seconds without a line at a log's beginning that are worth a word.
const ROTATED: i64 = 30;

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

/// One log or many.
#[derive(Clone, Debug)]
pub(crate) enum Of {
    /// Of one pod, container after container.
    One,
    /// Of many, merged by time.
    Many(Box<Group>),
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
    pub(crate) title: String,
    pub(crate) of: Of,
    pub(crate) members: Members,
    pub(crate) ring: Ring,
    pub(crate) position: Position,
    pub(crate) previous: bool,
    pub(crate) timestamps: bool,
    pub(crate) wrap: bool,
    /// Lines of JSON are shown as fields.
    pub(crate) fields: bool,
    /// First visible column of unwrapped lines.
    pub(crate) left: usize,
    pub(crate) search: Option<Search>,
    pub(crate) sieve: Option<Sieve>,
    pub(crate) window: Window,
    /// Lines of the past that a stream asks for in the window that it opens with.
    pub(crate) tail: Option<u32>,
    /// Lines lost before they reached the ring.
    pub(crate) lost: u64,
    /// Lines that stand where they came, not where they belong.
    pub(crate) late: u64,
    /// Members that ended.
    pub(crate) ended: u64,
    /// Pods for which there was no place among the members.
    pub(crate) left_out: u64,
    /// The stream that spoke last.
    pub(crate) speaker: Option<(u32, usize)>,
    /// Time of the newest line ever seen, in whatever window.
    pub(crate) newest: Option<i64>,
    /// Streams that wait for a place, the first of them by name.
    pub(crate) waiting: (usize, Vec<Text>),
    /// Streams there may be at a time.
    pub(crate) budget: usize,
}

impl Pane {
    /// The log of one pod.
    pub(crate) fn new(target: Target, cap: usize) -> Self {
        let mut pane = Self::empty(target.title, Of::One, target.tail, cap);
        pane.members.add(Member {
            label: target.pod.clone(),
            hue: 0,
            cluster: target.cluster,
            namespace: target.namespace,
            pod: target.pod,
            uid: target.uid,
            node: target.node,
            streams: target.containers.into_iter().map(Stream::new).collect(),
            lines: 0,
            cut_off: false,
            gone: false,
            since: 0,
        });
        pane
    }

    pub(super) fn empty(title: String, of: Of, tail: Option<u32>, cap: usize) -> Self {
        Self {
            title,
            of,
            members: Members::default(),
            ring: Ring::new(cap),
            position: Position::Follow,
            previous: false,
            timestamps: false,
            wrap: false,
            fields: false,
            left: 0,
            search: None,
            sieve: None,
            window: Window::default(),
            tail,
            lost: 0,
            late: 0,
            ended: 0,
            left_out: 0,
            speaker: None,
            newest: None,
            waiting: (0, Vec::new()),
            budget: 0,
        }
    }

    /// Whether lines of many are merged.
    pub(crate) fn merged(&self) -> bool {
        matches!(self.of, Of::Many(_))
    }

    /// The pod that the pane is about, if it is about one.
    pub(crate) fn subject(&self) -> Option<&Member> {
        match self.of {
            Of::One => self.members.get(0),
            Of::Many(_) => None,
        }
    }

    /// Whether this stream is one of its own.
    pub(crate) fn has(&self, id: LogId) -> bool {
        self.members.stream(id).is_some()
    }

    /// News of one of its streams.
    pub(crate) fn event(&mut self, id: LogId, event: LogEvent, sight: &Sight<'_>) {
        let Some((at, stream)) = self.members.stream(id) else {
            return;
        };
        let of = self.members.get(at).map(|m| m.cluster);
        let Some(Cx { model, now, .. }) = of.and_then(|no| sight.of(no)) else {
            return;
        };
        match event {
            LogEvent::Opened => {
                self.progress(at, stream, Progress::Live);
                if let Some(stream) = self.stream_mut(at, stream) {
                    stream.opened = Some(now);
                }
            }
            LogEvent::Waiting(why) => self.progress(at, stream, Progress::Waiting(why)),
            LogEvent::Resuming(why) => self.progress(at, stream, Progress::Resuming(why)),
            LogEvent::Lines(lines) => self.lines((at, stream), lines, now, model),
            LogEvent::Dropped(count) => {
                self.lost += count;
                let name = self.name(at, stream);
                let text = format!("{count} lines of {name} were lost here: they came too fast");
                self.remark(at, stream, Voice::Warn, text);
            }
            LogEvent::Restarted { count, how } => {
                let name = self.name(at, stream);
                let nth = ordinal(count);
                let text = format!("{name} restarted ({nth}), {how}");
                self.remark(at, stream, Voice::Warn, text);
            }
            LogEvent::Said(words) => {
                let name = self.name(at, stream);
                self.remark(at, stream, Voice::Warn, format!("{name}: {words}"));
            }
            LogEvent::Ended(end) => self.end(at, stream, end),
        }
        self.clamp();
    }

    fn lines(
        &mut self,
        (at, stream): (u32, usize),
        lines: Vec<LogLine>,
        now: DateTime<Utc>,
        model: &Model,
    ) {
        self.speaker = Some((at, stream));
        self.progress(at, stream, Progress::Live);
        let Some(first) = lines.first().map(|line| nanos(line.at)) else {
            return;
        };
        if let Some(gap) = self.beginning(at, stream, first, model) {
            let name = self.name(at, stream);
            let gap = text::seconds(gap);
            let text = format!(
                "{name}: the first line is {gap} younger than the container: older lines were rotated away, or there were none"
            );
            self.note(source(at, stream), first - 1, Voice::Note, text);
        }
        let opened = self.stream(at, stream).and_then(|s| s.opened).map(nanos);
        let mut last = None;
        for line in lines {
            let time = nanos(line.at);
            let live = self.merged() && opened.is_some_and(|opened| time >= opened);
            let late = if live {
                self.apart(time, nanos(now))
            } else {
                0
            };
            self.late += u64::from(late != 0);
            last = last.max(Some(time));
            self.put(Line {
                at: time,
                source: source(at, stream),
                late,
                voice: Voice::Log,
                hit: false,
                text: line.text,
            });
        }
        self.newest = self.newest.max(last);
        if let Some(stream) = self.stream_mut(at, stream) {
            stream.last = stream.last.max(last);
            stream.heard = Some(now);
        }
    }

    /// By how much a line that is new is out of its time: a late one would be missed above what has been
    /// read, one of a clock that is ahead would stand below all that comes.
    fn apart(&self, time: i64, now: i64) -> i16 {
        let newest = self.ring.newest_key().unwrap_or(i64::MIN);
        let seconds = if time > now + APART * SECOND {
            -((time - now) / SECOND)
        } else if time < now - APART * SECOND && time < newest.saturating_sub(APART * SECOND) {
            (newest - time + SECOND - 1) / SECOND
        } else {
            0
        };
        i16::try_from(seconds).unwrap_or(if seconds < 0 { i16::MIN } else { i16::MAX })
    }

    /// Seconds between the container's beginning and this first line, where all lines were asked for and
    /// that is long.
    fn beginning(&self, at: u32, stream: usize, first: i64, model: &Model) -> Option<i64> {
        let member = self.members.get(at)?;
        let stream = member.streams.get(stream)?;
        let whole = match self.window {
            Window::Tail => self.tail.is_none(),
            Window::Head => true,
            Window::Minutes(_) => false,
        };
        if stream.last.is_some() || self.previous || !whole {
            return None;
        }
        let began = began(model.pod(&member.uid)?, &stream.container)?;
        let gap = (first - nanos(began)) / SECOND;
        (gap >= ROTATED).then_some(gap)
    }

    fn end(&mut self, at: u32, stream: usize, end: LogEnd) {
        let name = self.name(at, stream);
        let (voice, text) = ended(&name, &end);
        if let Some(id) = self.stream(at, stream).and_then(|s| s.state.id()) {
            self.members.closed(id);
        }
        if let Some(of) = self.stream_mut(at, stream) {
            of.state = StreamState::Ended(end);
        }
        let over = self.members.get(at).is_some_and(Member::over);
        self.ended += u64::from(over);
        // Of many the end of a step that went well says nothing; that of the pod does.
        if !self.merged() || over || voice != Voice::Good {
            self.remark(at, stream, voice, text);
        }
        self.speaker = Some((at, stream));
        self.members.release(at);
    }

    fn progress(&mut self, at: u32, stream: usize, progress: Progress) {
        if let Some(stream) = self.stream_mut(at, stream)
            && let StreamState::Open(_, old) = &mut stream.state
        {
            *old = progress;
        }
    }

    pub(super) fn stream(&self, at: u32, stream: usize) -> Option<&Stream> {
        self.members.get(at)?.streams.get(stream)
    }

    pub(super) fn stream_mut(&mut self, at: u32, stream: usize) -> Option<&mut Stream> {
        self.members.get_mut(at)?.streams.get_mut(stream)
    }

    /// What a stream is called in a remark: of one pod its container, of many the pod too.
    pub(super) fn name(&self, at: u32, stream: usize) -> String {
        let Some(member) = self.members.get(at) else {
            return String::new();
        };
        let container = member.streams.get(stream).map_or("", |s| &s.container);
        match self.of {
            Of::One => container.to_owned(),
            Of::Many(_) if member.streams.len() > 1 => format!("{} {container}", member.label),
            Of::Many(_) => member.label.to_string(),
        }
    }

    /// A remark of ours behind what a stream said last.
    pub(super) fn remark(&mut self, at: u32, stream: usize, voice: Voice, text: String) {
        let last = self.stream(at, stream).and_then(|s| s.last);
        let newest = self.ring.newest_key().unwrap_or(0);
        self.note(source(at, stream), last.unwrap_or(newest), voice, text);
    }

    pub(super) fn note(&mut self, source: u32, at: i64, voice: Voice, text: String) {
        self.put(Line {
            at,
            source,
            late: 0,
            voice,
            hit: false,
            text: text.into(),
        });
    }

    fn put(&mut self, mut line: Line) {
        let merged = self.merged();
        let Self {
            ring,
            members,
            sieve,
            ..
        } = self;
        if let Some(sieve) = sieve {
            line.hit = sieve.keeps(&line);
        }
        let source = line.source;
        members.line_came(source);
        if !merged {
            return ring.push(line, |old| members.line_went(old.source));
        }
        match ring.insert(line, |old| members.line_went(old.source)) {
            Put::End => {}
            Put::Nowhere => members.line_went(source),
            Put::At(number) => {
                if let Some(sieve) = sieve {
                    sieve.moved(number);
                }
                if let Position::Top(top) = &mut self.position
                    && number < *top
                {
                    *top += 1;
                }
                if let Some(at) = self.search.as_mut().and_then(|s| s.at.as_mut())
                    && number <= *at
                {
                    *at += 1;
                }
            }
        }
    }

    pub(super) fn clamp(&mut self) {
        if let Position::Top(top) = &mut self.position {
            *top = (*top).max(self.ring.first());
        }
    }
}

/// When a container's present life began.
fn began(pod: &Pod, container: &str) -> Option<DateTime<Utc>> {
    match pod.container(container)?.state()? {
        ContainerState::Running { since } => since.map(crate::model::Time::utc),
        ContainerState::Terminated(end) => end.started(),
        ContainerState::Unset | ContainerState::Waiting(_) => None,
    }
}

/// `1st`, `2nd`, `3rd`, `11th`.
fn ordinal(n: i32) -> String {
    let end = match (n % 100, n % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    format!("{n}{end}")
}

/// What is said of an end.
pub(crate) fn ended(name: &str, end: &LogEnd) -> (Voice, String) {
    match end {
        LogEnd::Container(how) => match &**how {
            // Not its end, but that of what was asked for.
            "still running" | "end of what there is" => (Voice::Note, format!("{name}: {how}")),
            "exit 0" => (Voice::Good, format!("{name} ended: {how}")),
            _ => (Voice::Bad, format!("{name} ended: {how}")),
        },
        LogEnd::Gone(why) => (Voice::Warn, format!("{name}: {why}")),
        LogEnd::Denied(why) => (Voice::Bad, format!("{name}: no rights: {why}")),
        LogEnd::Failed(why) => (Voice::Bad, format!("{name}: {why}")),
    }
}

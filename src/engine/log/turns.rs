//! Which streams of a pane are wanted, open and closed, and who joins it.

use super::budget::{Held, Place, QUIET, Want};
use super::group::Group;
use super::member::{Member, Members, Need, containers, label};
use super::pane::{Of, Pane, Position};
use super::ring::{Voice, nanos};
use super::stream::{Progress, StreamState};
use super::title::NAMES;
use super::window::Window;
use crate::engine::table::{Cx, Sight};
use crate::engine::{Effect, LogEnd, LogId, text};
use crate::model::{Change, Changes, ClusterNo, Kind, Text, Uid};

/// Members of a pane: more are counted, not looked at.
const MOST: usize = 2_000;
/// Past lines of each stream of a merged log.
const TAIL: u32 = 100;

impl Pane {
    /// The merged log of many.
    pub(crate) fn many(title: String, group: Group, cap: usize) -> Self {
        Self::empty(title, Of::Many(Box::new(group)), Some(TAIL), cap)
    }

    /// Goes on with what takes long: looking for members, asking the filter. True: there is more.
    pub(crate) fn work(&mut self, rows: usize, sight: &Sight<'_>) -> bool {
        let mut more = false;
        let found = match &mut self.of {
            Of::Many(group) if group.walking() => {
                let found = group.work(rows, sight);
                more = group.walking();
                found
            }
            Of::Many(_) | Of::One => Vec::new(),
        };
        for (no, uid) in found {
            if let Some(cx) = sight.of(no) {
                self.join(&uid, &cx);
            }
        }
        if let Some(sieve) = &mut self.sieve {
            more |= sieve.work(&mut self.ring, rows);
        }
        more
    }

    /// Takes in what a batch changed.
    pub(crate) fn changed(&mut self, no: ClusterNo, changes: &Changes, sight: &Sight<'_>) {
        let Of::Many(group) = &self.of else { return };
        let Some(cx) = sight.of(no) else { return };
        for uid in group.changed(changes, &cx, sight) {
            self.join(&uid, &cx);
        }
        let gone =
            |o: &&crate::model::ObjectChange| o.kind == Kind::Pod && o.change == Change::Removed;
        for object in changes.objects.iter().filter(gone) {
            if let Some(at) = self.members.of(no, &object.uid) {
                self.pod_went(at);
            }
        }
    }

    fn join(&mut self, uid: &Uid, cx: &Cx<'_>) {
        if self.members.of(cx.no, uid).is_some() {
            return;
        }
        let (model, now) = (cx.model, cx.now);
        let Some(pod) = model.pod(uid) else { return };
        if self.members.len() >= MOST {
            self.left_out += 1;
            return;
        }
        let job = model.job_of_pod(uid);
        let containers = containers(job, pod, self.window, self.window.since(now), self.previous);
        let mut member = Member::new(cx.no, pod, label(cx, pod), containers);
        member.since = now.timestamp();
        self.members.add(member);
    }

    /// Its pod is gone: what has not been read of it never will be.
    fn pod_went(&mut self, at: u32) {
        let Some(member) = self.members.get_mut(at) else {
            return;
        };
        member.gone = true;
        let unread = member.streams.iter().all(|s| s.last.is_none());
        let waited: Vec<usize> = (0..member.streams.len())
            .filter(|n| {
                let state = &member.streams[*n].state;
                matches!(state, StreamState::Idle | StreamState::Parked(..))
            })
            .collect();
        for stream in &waited {
            if let Some(of) = self.stream_mut(at, *stream) {
                let id = of.state.id();
                let words = "its pod is gone".into();
                of.state = StreamState::Ended(LogEnd::Gone(words));
                if let Some(id) = id {
                    self.members.closed(id);
                }
            }
        }
        let over = self.members.get(at).is_some_and(Member::over);
        if over && let Some(first) = waited.first() {
            self.ended += 1;
            let name = self
                .members
                .get(at)
                .map(|m| m.label.clone())
                .unwrap_or_default();
            let what = if unread {
                "its pod went before its log was read"
            } else {
                "its pod is gone"
            };
            self.remark(at, *first, Voice::Warn, format!("{name}: {what}"));
        }
        self.members.release(at);
    }

    /// Tells which streams it wants and which it has.
    pub(crate) fn weigh(
        &mut self,
        pane: usize,
        sight: &Sight<'_>,
        wants: &mut Vec<Want<Need>>,
        held: &mut Vec<Held>,
    ) {
        let eager = !self.merged();
        let mut never: Vec<(u32, usize, Text)> = Vec::new();
        for (at, member) in self.members.iter_mut() {
            if member.over() {
                continue;
            }
            let Some(Cx { model, now, .. }) = sight.of(member.cluster) else {
                continue;
            };
            let pod = model.pod(&member.uid);
            let due = member.due(pod, eager, |stream, name| {
                never.push((at, stream, name.clone()));
            });
            for stream in due {
                let place = Place {
                    pane,
                    member: at,
                    stream,
                };
                wants.push(Want {
                    place,
                    need: member.need(pod, stream),
                    since: member.since,
                });
            }
            for (n, stream) in member.streams.iter().enumerate() {
                let place = Place {
                    pane,
                    member: at,
                    stream: n,
                };
                match &stream.state {
                    StreamState::Parked(_, since) => wants.push(Want {
                        place,
                        need: member.need(pod, n),
                        since: since.timestamp(),
                    }),
                    StreamState::Open(..) => held.push(Held {
                        place,
                        // One that cannot be read has as little use for its place.
                        quiet: stream.quiet(now).or(stream.stuck().then_some(QUIET)),
                        whole: stream.whole,
                    }),
                    StreamState::Idle
                    | StreamState::Ended(_)
                    | StreamState::Closed
                    | StreamState::NeverRan => {}
                }
            }
        }
        if eager {
            for (at, stream, name) in never {
                self.remark(at, stream, Voice::Note, format!("{name} never ran"));
            }
        }
    }

    /// Opens a stream, or lets one go on that gave its place away.
    pub(crate) fn open(
        &mut self,
        place: Place,
        next: impl FnOnce() -> LogId,
        sight: &Sight<'_>,
        out: &mut Vec<Effect>,
    ) {
        let (window, tail, previous, merged) =
            (self.window, self.tail, self.previous, self.merged());
        let Some(member) = self.members.get_mut(place.member) else {
            return;
        };
        let Some(Cx { model, now, .. }) = sight.of(member.cluster) else {
            return;
        };
        let cluster = member.cluster;
        let mut source = member.source(place.stream);
        let container = model
            .pod(&member.uid)
            .and_then(|pod| pod.container(&source.container));
        let ended = container.is_some_and(|c| c.end().is_some());
        source.restarts = container.map_or(0, |c| c.restarts());
        let stream = &mut member.streams[place.stream];
        if let StreamState::Parked(id, _) = stream.state {
            stream.state = StreamState::Open(id, Progress::Opening);
            out.push(Effect::ParkLog(cluster, id, false));
            return;
        }
        source.previous = previous;
        // What has ended is read once, among many.
        source.follow = !(previous || merged && ended);
        source.since = window.since(now);
        source.tail = tail.filter(|_| window == Window::Tail);
        let id = next();
        stream.whole = !source.follow;
        stream.state = StreamState::Open(id, Progress::Opening);
        self.members.opened(id, place.member, place.stream);
        out.push(Effect::OpenLog(cluster, id, Box::new(source)));
    }

    /// A stream waits for a place.
    pub(crate) fn waits(&mut self, place: Place) {
        self.waiting.0 += 1;
        if self.waiting.1.len() < NAMES
            && let Some(member) = self.members.get(place.member)
            && !self.waiting.1.contains(&member.label)
        {
            self.waiting.1.push(member.label.clone());
        }
    }

    /// Gives a stream's place away.
    pub(crate) fn park(&mut self, place: Place, sight: &Sight<'_>, out: &mut Vec<Effect>) {
        let Some(member) = self.members.get_mut(place.member) else {
            return;
        };
        let cluster = member.cluster;
        let now = sight.of(cluster).map(|cx| cx.now);
        if let Some(now) = now
            && let Some(stream) = member.streams.get_mut(place.stream)
            && let StreamState::Open(id, _) = stream.state
        {
            stream.state = StreamState::Parked(id, now);
            out.push(Effect::ParkLog(cluster, id, true));
        }
    }

    /// Ends the follow: closes what is open; false if nothing was.
    pub(crate) fn close(&mut self, out: &mut Vec<Effect>) -> bool {
        let mut any = false;
        let mut ids = Vec::new();
        for (_, member) in self.members.iter_mut() {
            for stream in &mut member.streams {
                if let Some(id) = stream.state.id() {
                    ids.push((member.cluster, id));
                    any = true;
                }
                if !stream.state.over() {
                    stream.state = StreamState::Closed;
                }
            }
        }
        for (no, id) in ids {
            self.members.closed(id);
            out.push(Effect::CloseLog(no, id));
        }
        if let Of::Many(group) = &mut self.of {
            group.stop();
        }
        self.waiting = (0, Vec::new());
        any
    }

    /// Reads everything again: another window, the last life of the containers or the present one.
    pub(crate) fn restart(&mut self, previous: bool, window: Window, out: &mut Vec<Effect>) {
        self.close(out);
        self.previous = previous;
        self.window = window;
        self.ring.clear();
        if let Some(sieve) = &mut self.sieve {
            sieve.afresh(&mut self.ring);
        }
        if let Some(search) = &mut self.search {
            search.at = None;
        }
        (self.lost, self.late, self.ended, self.left_out) = (0, 0, 0, 0);
        self.speaker = None;
        self.position = match window {
            Window::Head => Position::Top(0),
            Window::Tail | Window::Minutes(_) => Position::Follow,
        };
        match &mut self.of {
            Of::One => {
                for (_, member) in self.members.iter_mut() {
                    member.lines = 0;
                    member.streams.iter_mut().for_each(|s| s.reset());
                }
            }
            Of::Many(group) => {
                group.again();
                self.members = Members::default();
            }
        }
    }

    /// A second went by: nodes that are down are said, members that had no place are looked for again.
    pub(crate) fn tick(&mut self, sight: &Sight<'_>) {
        let merged = self.merged();
        if self.left_out > 0
            && self.members.len() < MOST
            && let Of::Many(group) = &mut self.of
            && !group.walking()
        {
            self.left_out = 0;
            group.again();
        }
        let mut turned = Vec::new();
        for (at, member) in self.members.iter_mut() {
            if member.over() {
                continue;
            }
            let Some(Cx { model, now, .. }) = sight.of(member.cluster) else {
                continue;
            };
            let Some(node) = member.node.as_ref().and_then(|n| model.node(n)) else {
                continue;
            };
            let down = !node.is_ready();
            if down == member.cut_off {
                continue;
            }
            member.cut_off = down;
            let open = |s: &super::stream::Stream| matches!(s.state, StreamState::Open(..));
            let Some(stream) = member.streams.iter().position(open) else {
                continue;
            };
            let name = &node.meta.name;
            // Of many it is told whose log it is; that of one says it below.
            let whose = if merged {
                format!("{}: ", member.label)
            } else {
                String::new()
            };
            let text = if down {
                let since = node.condition("Ready").and_then(|c| c.since);
                let since = since.map(|at| format!(" for {}", text::age(at, now)));
                let since = since.unwrap_or_default();
                format!("{whose}node {name} is not Ready{since}: nothing is read until it is back")
            } else {
                format!("{whose}node {name} is Ready again")
            };
            turned.push((super::member::source(at, stream), down, now, text));
        }
        for (source, down, now, text) in turned {
            let voice = if down { Voice::Warn } else { Voice::Note };
            self.note(source, nanos(now), voice, text);
        }
    }
}

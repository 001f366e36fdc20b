//! The lines around a log: whose it is, where it stands, what its streams do.

use super::pane::{Of, Pane, Position, ended};
use super::stream::{Progress, Stream, StreamState};
use crate::engine::table::Sight;
use crate::engine::text;
use crate::engine::view::{self, Span, Tone};

/// Seconds without a line that are worth a word.
const QUIET: i64 = 15;
/// Names of streams that wait that are told.
pub(super) const NAMES: usize = 8;

impl Pane {
    pub(super) fn title_line(&self) -> view::Line {
        let mut line = vec![
            Span::new(
                if self.merged() { "logs of " } else { "log of " },
                Tone::Dim,
            ),
            Span::new(self.title.clone(), Tone::Strong),
        ];
        if let Some((_, stream)) = self.current() {
            line.push(Span::new(format!(" · {}", stream.container), Tone::Plain));
        }
        if self.previous {
            line.push(Span::new(" · previous", Tone::Warn));
        }
        let window = self.window.name();
        if !window.is_empty() {
            line.push(Span::new(format!(" · {window}"), Tone::Accent));
        }
        let (word, tone) = match self.position {
            Position::Follow => ("following", Tone::Good),
            Position::Top(_) => ("autoscroll off", Tone::Dim),
        };
        line.push(Span::new(format!(" · {word}"), tone));
        if self.fields {
            line.push(Span::new(" · fields", Tone::Plain));
        }
        if let Some(sieve) = &self.sieve {
            let mut text = format!(" · &{}", sieve.text());
            if sieve.around > 0 {
                text.push_str(&format!(" ±{}", sieve.around));
            }
            line.push(Span::new(text, Tone::Accent));
        }
        if let Some(search) = &self.search {
            line.push(Span::new(format!(" · /{}", search.text()), Tone::Accent));
        }
        line
    }

    /// Of one pod: the open stream that spoke last, else the first open one, else the last that was open.
    fn current(&self) -> Option<(usize, &Stream)> {
        let streams = match &self.of {
            Of::One => &self.members.get(0)?.streams,
            Of::Many(_) => return None,
        };
        let open = |at: &usize| matches!(streams[*at].state, StreamState::Open(..));
        let speaker = self.speaker.map(|(_, stream)| stream);
        let at = speaker
            .filter(open)
            .or_else(|| (0..streams.len()).find(open))
            .or_else(|| streams.iter().rposition(|s| s.state != StreamState::Idle))?;
        Some((at, &streams[at]))
    }

    pub(super) fn position_line(&self, rows: usize) -> view::Line {
        let kept = self.ring.end() - self.ring.first();
        let top = self.top(rows);
        let mut text = if kept == 0 {
            "no lines".to_owned()
        } else if let Some(sieve) = &self.sieve {
            let hits = self.ring.hits();
            let mut text = format!("{} of {} match", text::count(hits), text::count(kept));
            if sieve.pending(&self.ring) {
                text.push_str(&format!(", {}% looked at", sieve.progress(&self.ring)));
            } else {
                text.push_str(&format!(
                    ", {} hidden",
                    text::count(kept - self.visible(hits))
                ));
            }
            text
        } else {
            let last = self.ring.end().min(top + rows as u64);
            format!("lines {}–{} of {}", top + 1, last, self.ring.end())
        };
        if self.left > 0 && !self.wrap {
            text.push_str(&format!(", from column {}", self.left + 1));
        }
        let mut line = vec![Span::new(text, Tone::Dim)];
        let mut warn = |text: String| line.push(Span::new(text, Tone::Warn));
        if self.ring.dropped() > 0 {
            warn(format!(" · {} oldest dropped", self.ring.dropped()));
        }
        if self.lost > 0 {
            warn(format!(" · {} lost on the way", self.lost));
        }
        if self.late > 0 {
            warn(format!(" · {} out of time", self.late));
        }
        line
    }

    /// Lines that are shown if these are kept; with lines around them that would have to be counted.
    fn visible(&self, hits: u64) -> u64 {
        let Some(sieve) = self.sieve.as_ref().filter(|s| s.around > 0) else {
            return hits;
        };
        let (mut shown, mut next) = (0, self.ring.next_hit(0));
        let (mut upto, end) = (self.ring.first(), self.ring.end());
        // A count that takes long is not worth it: what is hidden is hidden.
        for _ in 0..20_000 {
            let Some(hit) = next else { break };
            let from = hit.saturating_sub(sieve.around).max(upto);
            upto = (hit + sieve.around + 1).min(end);
            shown += upto.saturating_sub(from);
            next = self.ring.next_hit(hit + 1);
        }
        shown
    }

    pub(super) fn state_line(&self, sight: &Sight<'_>) -> view::Line {
        match &self.of {
            Of::One => self.state_of_one(sight),
            Of::Many(group) => self.state_of_many(group.noun(), group.walking(), sight),
        }
    }

    fn state_of_one(&self, sight: &Sight<'_>) -> view::Line {
        let Some((_, stream)) = self.current() else {
            let text = match self.waiting.0 {
                0 => "nothing to open".to_owned(),
                _ => format!("waits: all {} streams are in use", self.budget),
            };
            return vec![Span::new(text, Tone::Dim)];
        };
        let name = &stream.container;
        let (text, tone) = match &stream.state {
            StreamState::Open(_, Progress::Opening) => (format!("opening {name}"), Tone::Busy),
            StreamState::Open(_, Progress::Live) => (format!("● {name} live"), Tone::Good),
            StreamState::Open(_, Progress::Waiting(why)) => {
                (format!("{name} waits: {why}"), Tone::Busy)
            }
            StreamState::Open(_, Progress::Resuming(why)) => {
                (format!("▲ {name}: {why}; resuming"), Tone::Warn)
            }
            StreamState::Parked(..) => (
                format!("{name} waits: its stream is in use elsewhere"),
                Tone::Warn,
            ),
            StreamState::Ended(end) => {
                let (voice, text) = ended(name, end);
                (text, voice.tone())
            }
            StreamState::Closed => ("follow ended".to_owned(), Tone::Dim),
            StreamState::NeverRan => (format!("{name} never ran"), Tone::Dim),
            StreamState::Idle => ("nothing to open".to_owned(), Tone::Dim),
        };
        let mut line = vec![Span::new(text, tone)];
        let now = self.subject().and_then(|m| Some(sight.of(m.cluster)?.now));
        let quiet = now.and_then(|now| stream.quiet(now));
        if let Some(quiet) = quiet.filter(|q| *q >= QUIET) {
            let text = format!(" · quiet {}", text::seconds(quiet));
            line.push(Span::new(text, Tone::Dim));
        }
        if let Some(member) = self.members.get(0).filter(|m| m.cut_off) {
            let node = member.node.as_deref().unwrap_or_default();
            line.push(Span::new(
                format!(" · ▲ node {node} is not Ready"),
                Tone::Warn,
            ));
        }
        line
    }

    fn state_of_many(&self, noun: &str, walking: bool, sight: &Sight<'_>) -> view::Line {
        let (mut open, mut live, mut broken, mut cut_off) = (0_usize, 0, 0, 0);
        let mut quiet: Option<i64> = None;
        for (_, member) in self.members.iter() {
            let mut any = false;
            let now = sight.of(member.cluster).map(|cx| cx.now);
            for stream in &member.streams {
                if let StreamState::Open(_, progress) = &stream.state {
                    any = true;
                    open += 1;
                    live += usize::from(*progress == Progress::Live);
                    broken += usize::from(matches!(progress, Progress::Resuming(_)));
                    quiet = match (quiet, now.and_then(|now| stream.quiet(now))) {
                        (Some(a), Some(b)) => Some(a.min(b)),
                        (a, b) => a.or(b),
                    };
                }
            }
            cut_off += usize::from(any && member.cut_off);
        }
        let (waiting, names) = &self.waiting;
        let mut line = Vec::new();
        let mut say = |text: String, tone: Tone| line.push(Span::new(text, tone));
        let streams = |n: usize| text::plural(n as u64, "stream");
        match (open, *waiting) {
            (0, 0) if walking => say(format!("looking for {noun}s"), Tone::Busy),
            (0, 0) if self.members.len() == 0 => {
                say(format!("no {noun} yet; those that come join"), Tone::Dim);
            }
            (0, 0) if self.ended > 0 => {
                let ended = text::plural(self.ended, noun);
                say(format!("{ended} ended; those that come join"), Tone::Dim);
            }
            (0, 0) => say("no container runs yet".to_owned(), Tone::Dim),
            (_, 0) if live == open => say(format!("● {} live", streams(open)), Tone::Good),
            (_, 0) => say(format!("◌ {live} of {} live", streams(open)), Tone::Busy),
            (_, _) => say(
                format!("● {open} of {}", streams(open + waiting)),
                Tone::Good,
            ),
        }
        if *waiting > 0 {
            let waiting = text::count(*waiting as u64);
            say(format!(" · {waiting} wait"), Tone::Warn);
        }
        if let Some(quiet) = quiet.filter(|q| *q >= QUIET) {
            say(format!(" · quiet {}", text::seconds(quiet)), Tone::Dim);
        }
        if broken > 0 {
            say(format!(" · ▲ {broken} resuming"), Tone::Warn);
        }
        if cut_off > 0 {
            say(format!(" · ▲ {cut_off} on nodes not Ready"), Tone::Warn);
        }
        if open > 0 && self.ended > 0 {
            say(format!(" · {} ended", text::count(self.ended)), Tone::Dim);
        }
        if self.left_out > 0 {
            let text = format!(" · {} more {noun}s not read", text::count(self.left_out));
            say(text, Tone::Warn);
        }
        if !names.is_empty() {
            say(format!(" · next {}", names.join(", ")), Tone::Dim);
        }
        line
    }
}

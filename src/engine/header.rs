//! The line at the top of every screen.

use super::event::Taping;
use super::text::plural;
use super::view::{Header, Line, Span, Tone};
use super::{Dirty, Engine, Now};

impl Engine {
    /// The line at the top.
    pub fn header(&self, now: Now) -> Header {
        let cluster = self.clusters.home();
        let server = cluster.server.as_ref();
        let mut left: Vec<Line> = vec![vec![Span::new("Constable", Tone::Accent)]];
        let mixed = self.clusters.mixed();
        if mixed {
            let count = self.clusters.shown().count() as u64;
            left.push(vec![Span::new(plural(count, "cluster"), Tone::Strong)]);
        } else if !cluster.context.is_empty() {
            left.push(vec![Span::new(cluster.context.to_string(), Tone::Strong)]);
        }
        // Of several clusters each says so itself.
        let narrowed = cluster.narrowed.as_ref().filter(|_| !mixed);
        match (&self.namespace, narrowed) {
            (Some(ns), _) => left.push(vec![Span::new(format!("namespace {ns}"), Tone::Plain)]),
            // Said on the right, where it stays.
            (None, Some(_)) => {}
            (None, None) => left.push(vec![Span::new("all namespaces", Tone::Dim)]),
        }

        let at = cluster.time(now.wall);
        // What cannot be trusted is said last and so stays longest; what is well goes early, after the latency.
        let connection = if mixed {
            self.connections(now)
        } else {
            cluster.connection(at)
        };
        let well = connection.iter().all(|span| span.tone == Tone::Good);
        let mut right: Vec<Line> = Vec::new();
        if let Some(ms) = server.filter(|_| well && !mixed).and_then(|s| s.latency_ms) {
            let tone = if ms >= 1_000 { Tone::Warn } else { Tone::Dim };
            right.push(vec![Span::new(format!("api p95 {ms}ms"), tone)]);
        }
        if well {
            right.push(connection.clone());
        }
        if let Some(server) = server.filter(|s| !mixed && !s.version.is_empty()) {
            right.push(vec![Span::new(server.version.to_string(), Tone::Dim)]);
        }
        right.push(vec![self.lock_word(now)]);
        if let Some(taping) = &self.taping {
            right.push(vec![taping_word(taping)]);
        }
        if let Some(running) = self.running_words() {
            right.push(vec![Span::new(running, Tone::Busy)]);
        }
        let problems = self.problem_count(now);
        if problems > 0 {
            right.push(vec![Span::new(plural(problems, "problem"), Tone::Bad)]);
        }
        if let (None, Some(ns)) = (&self.namespace, narrowed) {
            right.push(vec![Span::new(format!("only namespace {ns}"), Tone::Warn)]);
        }
        if !well {
            right.push(connection);
        }
        right.push(vec![Span::new(
            now.wall.format("%H:%M:%S UTC").to_string(),
            Tone::Plain,
        )]);
        Header { left, right }
    }
}

impl Engine {
    /// The recording stands otherwise than before.
    pub(super) fn taped(&mut self, taping: Taping) {
        if let Some(why) = &taping.ended {
            self.say(format!("the recording ended: {why}"), Tone::Warn);
        }
        self.taping = Some(taping);
        self.mark(Dirty::News);
    }
}

fn taping_word(taping: &Taping) -> Span {
    if taping.ended.is_some() {
        return Span::new("recording ended", Tone::Warn);
    }
    let mb = |bytes: u64| bytes >> 20;
    let (bytes, limit) = (mb(taping.bytes), mb(taping.limit));
    Span::new(format!("recording {bytes} of {limit} MB"), Tone::Busy)
}

//! Container logs. No text is kept: a line is a function of the seed, the container's run and its
//! number, so logs of any length are read at any place, and every reading gives the same bytes.

mod services;
mod text;

use std::sync::Arc;

use chrono::{DateTime, Duration, SecondsFormat, Utc};

use super::actors::dice::Dice;
use super::actors::kubelet::container::{Cont, Run};
use super::script::Script;
pub(crate) use text::Meta;

/// Lines after which a kubelet rotates a log, about (10 MB): older ones can be read no more.
const KEPT: u64 = 60_000;

/// One run's log.
#[derive(Debug, Clone)]
pub(crate) struct Log {
    dice: Dice,
    kind: text::Kind,
    lines: Option<Arc<Script>>,
    /// When the first line is due; none when it has written nothing and will not.
    begin: Option<DateTime<Utc>>,
    /// Milliseconds from line to line.
    pace: f64,
    /// All lines of a run whose length is known.
    total: Option<u64>,
    /// How it will end by its script.
    exit: i32,
    /// When it ended.
    end: Option<DateTime<Utc>>,
    meta: Option<Arc<Meta>>,
    /// Lines of a file: after so many the log rotates.
    rotate: u64,
    dumb: bool,
    /// It is silent from then on.
    silent: Option<DateTime<Utc>>,
}

impl Log {
    /// The log of one run of a container; `pod` is the pod's dice, `number` counts the restarts.
    pub(crate) fn of(
        pod: Dice,
        cont: &Cont,
        run: &Run,
        end: Option<DateTime<Utc>>,
        number: u32,
        meta: Option<Arc<Meta>>,
    ) -> Self {
        let dice = pod.on(&cont.name).at(u64::from(number)).on("log");
        let script = cont.script.as_deref();
        let named = script.and_then(|s| s.log.as_deref());
        let kind = text::Kind::of(named, &cont.name, &cont.image);
        let per_second = script
            .and_then(|s| s.lines_per_s)
            .filter(|n| n.is_finite() && *n > 0.0)
            .unwrap_or_else(|| kind.pace())
            .clamp(0.001, 1000.0);
        let mut log = Self {
            dice,
            kind,
            lines: cont.script.clone().filter(|s| s.lines.is_some()),
            begin: run.work,
            pace: 1000.0 / per_second,
            total: None,
            exit: 0,
            end,
            meta,
            rotate: script
                .and_then(|s| s.rotate_lines)
                .filter(|n| *n > 0)
                .unwrap_or(KEPT),
            dumb: script.is_some_and(|s| s.dumb_at_rotation),
            silent: script
                .and_then(|s| s.silent_after_ms)
                .and_then(|ms| i64::try_from(ms).ok())
                .and_then(Duration::try_milliseconds)
                .and_then(|after| run.work?.checked_add_signed(after)),
        };
        let given = log
            .lines
            .as_ref()
            .and_then(|s| s.lines.as_ref())
            .map(|l| l.len() as u64);
        if let (Some((planned, exit)), Some(begin)) = (run.plan, run.work) {
            #[expect(
                clippy::cast_precision_loss,
                reason = "milliseconds of a run fit a double"
            )]
            let length = (planned - begin).num_milliseconds().max(1) as f64;
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "positive, and `as` saturates"
            )]
            let by_pace = (length / log.pace) as u64;
            let total = given.unwrap_or_else(|| by_pace.max(kind.least()));
            #[expect(clippy::cast_precision_loss, reason = "no log has 2^53 lines")]
            let pace = length / (total.max(1) as f64);
            // The last line comes a little before the end.
            log.pace = pace * 0.98;
            log.total = Some(total);
            log.exit = exit;
        } else if let Some(n) = given {
            log.total = Some(n);
        }
        log
    }

    /// When line `i` was written.
    fn time(&self, begin: DateTime<Utc>, i: u64) -> DateTime<Utc> {
        #[expect(clippy::cast_precision_loss, reason = "no log has 2^53 lines")]
        let (at, jitter) = (
            i as f64 * self.pace,
            self.dice.at(i).below(1000) as f64 / 1000.0,
        );
        #[expect(
            clippy::cast_possible_truncation,
            reason = "`as` saturates; bounded below"
        )]
        let micros = ((at + jitter * 0.8 * self.pace) * 1000.0) as i64;
        begin + Duration::microseconds(micros.clamp(0, 315_360_000_000_000_000))
    }

    /// How many lines have been written by `now`.
    pub(crate) fn written(&self, now: DateTime<Utc>) -> u64 {
        let Some(begin) = self.begin else { return 0 };
        let until = [self.end, self.silent]
            .into_iter()
            .flatten()
            .fold(now, DateTime::min);
        self.before(begin, until + Duration::microseconds(1))
    }

    /// How many lines are older than `t`.
    fn before(&self, begin: DateTime<Utc>, t: DateTime<Utc>) -> u64 {
        if t <= begin {
            return 0;
        }
        #[expect(
            clippy::cast_precision_loss,
            reason = "milliseconds of a run fit a double"
        )]
        let elapsed = (t - begin).num_milliseconds() as f64;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "positive, and `as` saturates"
        )]
        let mut n = (elapsed / self.pace) as u64 + 2;
        n = n.min(self.total.unwrap_or(u64::MAX >> 1));
        while n > 0 && self.time(begin, n - 1) >= t {
            n -= 1;
        }
        n
    }

    /// The first line to read when there are `written` of them and these are wanted.
    pub(crate) fn first(
        &self,
        written: u64,
        since: Option<DateTime<Utc>>,
        tail: Option<usize>,
    ) -> u64 {
        let mut first = written - written % self.rotate;
        if let (Some(since), Some(begin)) = (since, self.begin) {
            first = first.max(self.before(begin, since));
        }
        if let Some(tail) = tail {
            first = first.max(written.saturating_sub(tail as u64));
        }
        first
    }

    /// Where a stream that follows from line `from` on goes dumb.
    pub(crate) fn dumb_after(&self, from: u64) -> Option<u64> {
        self.dumb.then(|| from - from % self.rotate + self.rotate)
    }

    /// Appends lines `from..to`, each with its end of line.
    pub(crate) fn read(&self, from: u64, to: u64, timestamps: bool, out: &mut Vec<u8>) {
        let Some(begin) = self.begin else { return };
        for i in from..to {
            if timestamps {
                let at = self
                    .time(begin, i)
                    .to_rfc3339_opts(SecondsFormat::Nanos, true);
                out.extend_from_slice(at.as_bytes());
                out.push(b' ');
            }
            let given = self.lines.as_ref().and_then(|s| s.lines.as_ref());
            match given {
                Some(lines) => {
                    if let Some(line) = usize::try_from(i).ok().and_then(|i| lines.get(i)) {
                        out.extend_from_slice(line.as_bytes());
                    }
                }
                None => {
                    let spot = text::Spot {
                        i,
                        total: self.total,
                        exit: self.exit,
                        dice: self.dice,
                        at: self.time(begin, i),
                    };
                    text::line(self.kind, &spot, self.meta.as_deref(), out);
                }
            }
            out.push(b'\n');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::actors::kubelet::container::{Kind, State};

    fn cont(script: Script) -> Cont {
        Cont {
            name: "step-test".into(),
            image: "registry.example.com/ci:1".into(),
            never_pull: false,
            kind: Kind::Main,
            script: Some(Arc::new(script)),
            state: State::Queued,
            last: None,
            restarts: 0,
            failed_pulls: 0,
            ready: true,
        }
    }

    fn at(s: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000 + s, 0).unwrap_or_default()
    }

    fn run(end: Option<(i64, i32)>) -> Run {
        Run {
            at: at(0),
            ready_at: at(0),
            work: Some(at(0)),
            ends: None,
            plan: end.map(|(s, code)| (at(s), code)),
        }
    }

    fn text_of(log: &Log, from: u64, to: u64) -> String {
        let mut out = Vec::new();
        log.read(from, to, false, &mut out);
        String::from_utf8(out).unwrap_or_default()
    }

    #[test]
    fn a_failing_test_run_ends_with_its_failure_and_reads_the_same_in_pieces() {
        let c = cont(Script {
            log: Some("test".into()),
            ..Script::default()
        });
        let log = Log::of(Dice::new(1), &c, &run(Some((60, 1))), None, 0, None);
        let all = log.written(at(60));
        assert_eq!(Some(all), log.total);
        let whole = text_of(&log, 0, all);
        let pieces: String = (0..=60)
            .scan(0, |done, s| {
                let n = log.written(at(s));
                let text = text_of(&log, *done, n);
                *done = n;
                Some(text)
            })
            .collect();
        assert_eq!(pieces, whole);
        assert!(whole.contains("\u{1b}[31m"), "a failure is red: {whole}");
        assert!(text_of(&log, all - 1, all).contains("exit"), "{whole}");
    }

    #[test]
    fn services_log_for_ever_and_tails_are_found_at_once() {
        let c = cont(Script {
            log: Some("api".into()),
            lines_per_s: Some(10.0),
            ..Script::default()
        });
        let log = Log::of(Dice::new(1), &c, &run(None), None, 0, None);
        let week = log.written(at(7 * 86_400));
        assert!((6_047_990..=6_048_010).contains(&week), "{week}");
        assert_eq!(log.first(week, None, Some(5)), week - 5);
        assert_eq!(log.first(week, None, None), week - week % KEPT);
        let since = log.first(week, Some(at(7 * 86_400 - 10)), None);
        assert!((95..=105).contains(&(week - since)), "{}", week - since);
    }

    #[test]
    fn a_log_rotates_and_falls_silent() {
        let c = cont(Script {
            lines_per_s: Some(1.0),
            rotate_lines: Some(30),
            dumb_at_rotation: true,
            silent_after_ms: Some(100_000),
            ..Script::default()
        });
        let log = Log::of(Dice::new(1), &c, &run(None), None, 0, None);
        let written = log.written(at(70));
        assert!((69..=71).contains(&written), "{written}");
        assert_eq!(log.first(written, None, None), 60);
        assert_eq!(
            log.first(written, None, Some(50)),
            60,
            "the rest is in older files"
        );
        assert_eq!(log.dumb_after(60), Some(90));
        assert_eq!(log.written(at(500)), log.written(at(100)));
    }

    #[test]
    fn given_lines_are_word_for_word() {
        let lines = vec!["one".to_owned(), "two".to_owned()];
        let c = cont(Script {
            lines: Some(lines),
            run_ms: Some(1000),
            ..Script::default()
        });
        let log = Log::of(Dice::new(1), &c, &run(Some((1, 0))), None, 0, None);
        let n = log.written(at(1));
        assert_eq!(text_of(&log, 0, n), "one\ntwo\n");
        let mut out = Vec::new();
        log.read(0, 1, true, &mut out);
        let stamped = String::from_utf8(out).unwrap_or_default();
        let stamp = stamped.split(' ').next().unwrap_or_default();
        assert_eq!((stamp.len(), stamp.ends_with('Z')), (30, true), "{stamped}");
    }
}

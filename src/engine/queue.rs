//! The depth of the queue and where it goes: from the platform's own annotation, or a metric that the config
//! names.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::asks::{Answer, Failure, get};
use super::effect::{Accept, Call};
use super::settings::QueueMetric;
use super::text::{age, count};
use super::view::{Line, Span, Tone};
use crate::ci;
use crate::model::Text;

/// What is looked back on for the trend.
const BACK: TimeDelta = TimeDelta::minutes(5);
/// Nothing is said of a trend before so much is known.
const LEAST: TimeDelta = TimeDelta::seconds(60);
/// Characters of a reason that are shown.
const WHY: usize = 40;
/// A depth that is older says so.
const OLD: TimeDelta = TimeDelta::seconds(45);

/// What is asked for.
pub(super) fn call(metric: Option<&QueueMetric>, namespace: Option<&Text>) -> Call {
    match metric {
        Some(metric) => get(
            format!(
                "/api/v1/namespaces/{}/services/{}/proxy{}",
                metric.namespace, metric.service, metric.path
            ),
            Accept::Metric(metric.name.as_ref().into()),
        ),
        None => {
            let within = namespace.map_or(String::new(), |ns| format!("/namespaces/{ns}"));
            let selector = ci::queue::SELECTOR.replace('/', "%2F").replace('=', "%3D");
            let path = format!("/api/v1{within}/configmaps?labelSelector={selector}");
            get(path, Accept::Metadata)
        }
    }
}

/// Where it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trend {
    Rising,
    Falling,
    Steady,
}

/// The queue of a cluster.
#[derive(Clone, Debug, Default)]
pub(super) struct Queue {
    depths: VecDeque<(DateTime<Utc>, u64)>,
    /// Why the last answer said nothing.
    why: Option<Text>,
}

/// A number of jobs.
fn whole(value: &Value) -> Option<u64> {
    let number = value.as_f64().filter(|n| (0.0..1e15).contains(n))?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is neither negative nor large"
    )]
    let whole = number.round() as u64;
    Some(whole)
}

/// The sum of what the queue's objects say; `None`: there is none, or it says nothing.
fn depth(list: &Value) -> Option<u64> {
    let depths = list["items"].as_array()?.iter().filter_map(|item| {
        let text = item["metadata"]["annotations"][ci::queue::DEPTH].as_str()?;
        text.parse::<u64>().ok()
    });
    depths.fold(None, |sum, depth| Some(sum.unwrap_or(0) + depth))
}

impl Queue {
    /// Takes in an answer. `metric`: it was asked for by the config.
    pub(super) fn take(&mut self, now: DateTime<Utc>, answer: Answer, metric: bool) {
        let found = match answer {
            Ok(value) if metric => match whole(&value) {
                Some(depth) => Some(depth),
                None => {
                    self.why = Some("the page has no such metric".into());
                    None
                }
            },
            Ok(value) => {
                self.why = None;
                depth(&value)
            }
            Err(failure) => {
                self.why = Some(match failure {
                    Failure::Denied(what) => format!("denied: {what}").into(),
                    Failure::Gone(what) | Failure::Expired(what) | Failure::Lost(what) => what,
                    Failure::Refused(code, what) => format!("{code} {what}").into(),
                });
                None
            }
        };
        let Some(depth) = found else { return };
        self.why = None;
        self.depths.push_back((now, depth));
        while self.depths.front().is_some_and(|(at, _)| now - *at > BACK) {
            self.depths.pop_front();
        }
    }

    /// By a tenth, and by three at least: a queue of few jobs is never still.
    fn trend(&self) -> Option<Trend> {
        let (first, was) = self.depths.front()?;
        let (last, is) = self.depths.back()?;
        if *last - *first < LEAST {
            return None;
        }
        let much = (was / 10).max(3);
        Some(if *is >= was + much {
            Trend::Rising
        } else if is + much <= *was {
            Trend::Falling
        } else {
            Trend::Steady
        })
    }

    /// `queue 118 rising`; `None`: nothing is known of one.
    pub(super) fn fact(&self, now: DateTime<Utc>) -> Option<Line> {
        let Some((at, depth)) = self.depths.back() else {
            let why = self.why.as_ref()?;
            // The line has more to say.
            let short: String = why.chars().take(WHY).collect();
            let dots = if why.chars().count() > WHY { "…" } else { "" };
            return Some(vec![Span::new(
                format!("queue ? ({short}{dots})"),
                Tone::Warn,
            )]);
        };
        let mut line = vec![
            Span::new("queue ", Tone::Dim),
            Span::new(count(*depth), Tone::Plain),
        ];
        match self.trend() {
            Some(Trend::Rising) => line.push(Span::new(" ↗ rising", Tone::Warn)),
            Some(Trend::Falling) => line.push(Span::new(" ↘ falling", Tone::Good)),
            Some(Trend::Steady) => line.push(Span::new(" steady", Tone::Dim)),
            None => {}
        }
        if now - *at > OLD {
            line.push(Span::new(format!(", {} old", age(*at, now)), Tone::Warn));
        }
        Some(line)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::testing::at;

    #[test]
    fn a_trend_needs_a_minute_and_a_tenth() {
        let mut queue = Queue::default();
        let text = |queue: &Queue, now: i64| {
            let line = queue.fact(at(now)).unwrap_or_default();
            line.iter().map(|s| &*s.text).collect::<String>()
        };
        let list = |depths: &[&str]| {
            let item = |d: &&str| json!({"metadata": {"annotations": {ci::queue::DEPTH: d}}});
            Ok(json!({"items": depths.iter().map(item).collect::<Vec<_>>()}))
        };
        assert_eq!(text(&queue, 0), "");
        queue.take(at(0), list(&["60", "40"]), false);
        assert_eq!(text(&queue, 1), "queue 100");
        queue.take(at(60), list(&["109"]), false);
        assert_eq!(text(&queue, 60), "queue 109 steady");
        queue.take(at(70), list(&["118"]), false);
        assert_eq!(text(&queue, 70), "queue 118 ↗ rising");
        queue.take(at(80), list(&["10"]), false);
        assert_eq!(text(&queue, 200), "queue 10 ↘ falling, 2m old");
        let mut denied = Queue::default();
        let why = Failure::Denied("list configmaps for user dev".into());
        denied.take(at(0), Err(why), false);
        assert_eq!(
            text(&denied, 0),
            "queue ? (denied: list configmaps for user dev)"
        );
    }
}

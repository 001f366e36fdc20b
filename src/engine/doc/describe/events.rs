//! Events about an object, merged by reason and message, the latest last.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::writer::{Writer, items, text, time};
use crate::engine::asks::Failure;
use crate::engine::text::age;
use crate::engine::view::{Span, Tone};

/// The last so many are told.
const MOST: usize = 40;

struct Merged {
    kind: String,
    reason: String,
    message: String,
    source: String,
    count: u64,
    first: Option<DateTime<Utc>>,
    last: Option<DateTime<Utc>>,
}

pub(super) fn describe(w: &mut Writer, answer: Option<&Result<Value, Failure>>) {
    w.section("Events");
    let list = match answer {
        None => return w.line(1, vec![Span::new("◌ reading", Tone::Busy)]),
        Some(Err(failure)) => return w.line(1, vec![failure.span()]),
        Some(Ok(list)) => list,
    };
    let mut merged = merge(items(&list["items"]));
    if merged.is_empty() {
        return w.line(1, vec![Span::new("none in the last hour or so", Tone::Dim)]);
    }
    merged.sort_by_key(|event| event.last);
    if merged.len() > MOST {
        let text = format!("{} older ones are not shown", merged.len() - MOST);
        w.line(1, vec![Span::new(text, Tone::Dim)]);
        merged.drain(..merged.len() - MOST);
    }
    let rows: Vec<Vec<Span>> = merged
        .into_iter()
        .map(|event| {
            let (glyph, tone) = if event.kind == "Normal" {
                ("·", Tone::Plain)
            } else {
                ("▲", Tone::Warn)
            };
            let last = event.last.map(|at| age(at, w.now)).unwrap_or_default();
            let count = match (event.count, event.first) {
                (0 | 1, _) | (_, None) => String::new(),
                (count, Some(first)) => format!("{count}× in {}", age(first, w.now)),
            };
            vec![
                Span::new(last, Tone::Dim),
                Span::new(format!("{glyph} {}", event.reason), tone),
                Span::new(count, Tone::Plain),
                Span::new(event.source, Tone::Dim),
                Span::new(event.message.replace('\n', " "), tone),
            ]
        })
        .collect();
    w.table(1, &["AGO", "REASON", "COUNT", "FROM", "MESSAGE"], &rows);
}

fn merge(list: &[Value]) -> Vec<Merged> {
    let mut merged: Vec<Merged> = Vec::new();
    for event in list {
        let series = &event["series"];
        let first = time(&event["firstTimestamp"])
            .or(time(&event["eventTime"]))
            .or(time(&event["metadata"]["creationTimestamp"]));
        let last = time(&series["lastObservedTime"])
            .or(time(&event["lastTimestamp"]))
            .or(first);
        let count = series["count"]
            .as_u64()
            .or(event["count"].as_u64())
            .unwrap_or(1);
        let source = match event["source"]["component"].as_str() {
            Some(component) if !component.is_empty() => component.to_owned(),
            Some(_) | None => text(&event["reportingComponent"]),
        };
        let (reason, message) = (text(&event["reason"]), text(&event["message"]));
        match merged
            .iter_mut()
            .find(|m| m.reason == reason && m.message == message)
        {
            Some(same) => {
                same.count += count;
                same.first = same.first.min(first);
                same.last = same.last.max(last);
            }
            None => merged.push(Merged {
                kind: text(&event["type"]),
                reason,
                message,
                source,
                count,
                first,
                last,
            }),
        }
    }
    merged
}

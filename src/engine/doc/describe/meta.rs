//! What every object has: who made it and when, labels, annotations, conditions.

use serde_json::Value;

use super::writer::{Pair, Writer, fields, items, pair, text, toned, value};
use crate::engine::view::{Span, Tone};

/// Keys wider than this push their own value only.
const KEY: usize = 52;
/// Annotations are cut behind so many characters; the YAML has them whole.
const LONGEST: usize = 400;

pub(super) fn head(w: &mut Writer, object: &Value) {
    let meta = &object["metadata"];
    let owners: Vec<String> = items(&meta["ownerReferences"])
        .iter()
        .map(|owner| {
            let by = if owner["controller"] == true {
                ""
            } else {
                " (no controller)"
            };
            format!("{} {}{by}", text(&owner["kind"]), text(&owner["name"]))
        })
        .collect();
    let deleted: Option<Pair> = meta["deletionTimestamp"].as_str().map(|_| {
        let grace = text(&meta["deletionGracePeriodSeconds"]);
        let text = format!("{}, grace {grace}s", w.when(&meta["deletionTimestamp"]));
        (
            "being deleted".to_owned(),
            toned(format!("▲ {text}"), Tone::Warn),
        )
    });
    let kind = match (text(&object["apiVersion"]), text(&object["kind"])) {
        (version, kind) if kind.is_empty() => version,
        (version, kind) => format!("{kind} ({version})"),
    };
    w.section(&text(&meta["name"]));
    let pairs = [
        pair("kind", kind),
        pair("namespace", text(&meta["namespace"])),
        pair("created", w.when(&meta["creationTimestamp"])),
        deleted,
        pair("owner", owners.join(", ")),
        pair("finalizers", text(&meta["finalizers"])),
    ];
    w.open(pairs);
}

/// Labels and annotations: long, and seldom what is looked for.
pub(super) fn tail(w: &mut Writer, object: &Value) {
    let meta = &object["metadata"];
    for (title, part) in [("Labels", "labels"), ("Annotations", "annotations")] {
        let pairs: Vec<Option<Pair>> = fields(&meta[part])
            .map(|(key, v)| Some((key.clone(), value(short(&text(v))))))
            .collect();
        if !pairs.is_empty() {
            w.section(title);
            w.set_pairs(1, KEY, pairs);
        }
    }
}

/// One line of it, cut.
fn short(text: &str) -> String {
    let line = text.replace(['\n', '\t'], " ");
    match line.char_indices().nth(LONGEST) {
        Some((at, _)) => format!(
            "{}… {} characters, y shows all",
            &line[..at],
            line.chars().count()
        ),
        None => line,
    }
}

/// The table of `status.conditions`. `good`: whether a condition of that type should be True.
pub(super) fn conditions(w: &mut Writer, list: &Value, good: impl Fn(&str) -> bool) {
    let list = items(list);
    if list.is_empty() {
        return;
    }
    w.section("Conditions");
    let rows: Vec<Vec<Span>> = list
        .iter()
        .map(|c| {
            let kind = text(&c["type"]);
            let status = text(&c["status"]);
            let well = match status.as_str() {
                "True" => good(&kind),
                "False" => !good(&kind),
                _ => false,
            };
            // It ended, and well.
            let well = well || c["reason"] == "PodCompleted";
            let (glyph, tone) = match (well, status.as_str()) {
                (true, _) => ("✓", Tone::Good),
                (false, "True" | "False") => ("✕", Tone::Bad),
                (false, _) => ("?", Tone::Warn),
            };
            let since = w.ago(&c["lastTransitionTime"]);
            vec![
                Span::new(kind, Tone::Plain),
                Span::new(format!("{glyph} {status}"), tone),
                Span::new(since, Tone::Dim),
                Span::new(text(&c["reason"]), Tone::Plain),
                Span::new(text(&c["message"]).replace('\n', " "), Tone::Plain),
            ]
        })
        .collect();
    w.table(1, &["TYPE", "STATUS", "FOR", "REASON", "MESSAGE"], &rows);
}

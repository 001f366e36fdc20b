//! A line of JSON as fields: time, level, message, then the rest as `key=value`.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use crate::engine::view::Styled;

const TIMES: [&str; 6] = ["time", "ts", "timestamp", "@timestamp", "t", "datetime"];
const LEVELS: [&str; 6] = [
    "level",
    "lvl",
    "severity",
    "log.level",
    "loglevel",
    "levelname",
];
const MESSAGES: [&str; 4] = ["msg", "message", "event", "text"];

/// Characters of a value that are shown.
const LONGEST: usize = 60;
/// Names of a nested object, or values of a list, that are shown.
const NESTED: usize = 4;

/// The line as fields; `None`: it is no JSON object. `timed`: its time stands before it already.
pub(crate) fn pieces(line: &str, timed: bool) -> Option<Vec<Styled>> {
    let text = line.trim();
    if !text.starts_with('{') || !text.ends_with('}') {
        return None;
    }
    let mut fields: Map<String, Value> = serde_json::from_str(text).ok()?;
    let mut out = Vec::new();
    if let Some(time) = take(&mut fields, &TIMES)
        && !timed
    {
        out.push(styled(clock(&time), None, false, true));
    }
    if let Some(level) = take(&mut fields, &LEVELS) {
        let (text, color, bold) = leveled(&level);
        out.push(styled(text, color, bold, false));
    }
    if let Some(message) = take(&mut fields, &MESSAGES) {
        let text = match message {
            Value::String(text) => text.replace(['\n', '\r', '\t'], " "),
            other => short(&other, LONGEST),
        };
        out.push(styled(text, None, false, false));
    }
    for (key, value) in &fields {
        out.push(styled(format!("{key}="), None, false, true));
        out.push(styled(short(value, LONGEST), Some(6), false, false));
    }
    // A field's name and its value stand together, all else apart.
    let last = out.len().saturating_sub(1);
    for (at, piece) in out.iter_mut().enumerate() {
        let name = piece.dim && piece.text.ends_with('=');
        if at < last && !name {
            piece.text.push(' ');
        }
    }
    Some(out)
}

fn styled(text: String, color: Option<u8>, bold: bool, dim: bool) -> Styled {
    Styled {
        text,
        color,
        bold,
        dim,
        hit: false,
    }
}

/// The first of these fields, taken out.
fn take(fields: &mut Map<String, Value>, names: &[&str]) -> Option<Value> {
    let name = names.iter().find(|name| fields.contains_key(**name))?;
    fields.shift_remove(*name)
}

/// The time of day; a number of seconds or milliseconds since 1970 too.
fn clock(value: &Value) -> String {
    let at: Option<DateTime<Utc>> = match value {
        Value::String(text) => DateTime::parse_from_rfc3339(text)
            .ok()
            .map(|at| at.with_timezone(&Utc)),
        Value::Number(number) => number.as_f64().and_then(|n| {
            let millis = if n > 1e11 { n } else { n * 1000.0 };
            #[expect(
                clippy::cast_possible_truncation,
                reason = "`as` saturates, and that is no time"
            )]
            DateTime::from_timestamp_millis(millis as i64)
        }),
        _ => None,
    };
    match at {
        Some(at) => at.format("%H:%M:%S%.3f").to_string(),
        None => short(value, 30),
    }
}

/// Glyph and word of a level, its colour, whether it is bold.
fn leveled(value: &Value) -> (String, Option<u8>, bool) {
    // Numbers are those of bunyan and pino.
    let word = match value {
        Value::Number(number) => match number.as_i64() {
            Some(10) => "trace".to_owned(),
            Some(20) => "debug".to_owned(),
            Some(30) => "info".to_owned(),
            Some(40) => "warn".to_owned(),
            Some(50) => "error".to_owned(),
            Some(60) => "fatal".to_owned(),
            _ => number.to_string(),
        },
        Value::String(text) => text.to_lowercase(),
        other => short(other, 12),
    };
    let (glyph, color, bold) = match word.as_str() {
        "error" | "err" | "fatal" | "panic" | "critical" | "crit" | "alert" | "emergency" => {
            ('✕', Some(1), true)
        }
        "warn" | "warning" => ('▲', Some(3), true),
        "info" | "information" | "notice" => ('●', Some(2), false),
        _ => ('·', Some(8), false),
    };
    let word: String = word.chars().take(12).collect();
    (format!("{glyph} {word:<5}"), color, bold)
}

/// A value in few characters.
fn short(value: &Value, longest: usize) -> String {
    let text = match value {
        Value::String(text) if text.is_empty() => "\"\"".to_owned(),
        Value::String(text) => {
            let text = text.replace(['\n', '\r', '\t'], " ");
            if text.contains([' ', '=']) {
                format!("\"{text}\"")
            } else {
                text
            }
        }
        Value::Object(fields) => {
            let mut names: Vec<&str> = fields.keys().map(String::as_str).take(NESTED).collect();
            if fields.len() > NESTED {
                names.push("…");
            }
            format!("{{{}}}", names.join(","))
        }
        Value::Array(values) if values.len() > NESTED => format!("[{} values]", values.len()),
        Value::Array(values) => {
            let values: Vec<String> = values.iter().map(|v| short(v, 16)).collect();
            format!("[{}]", values.join(","))
        }
        other => other.to_string(),
    };
    if text.chars().count() <= longest {
        return text;
    }
    let mut cut: String = text.chars().take(longest - 1).collect();
    cut.push('…');
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(line: &str, timed: bool) -> Option<String> {
        pieces(line, timed).map(|p| p.into_iter().map(|s| s.text).collect())
    }

    #[test]
    fn json_reads_as_fields() {
        let cases = [
            (
                r#"{"level":"error","ts":"2026-01-02T03:04:05.678Z","msg":"no route","job":8121,"who":"dev 4"}"#,
                Some("03:04:05.678 ✕ error no route job=8121 who=\"dev 4\""),
            ),
            (
                r#"{"severity":"INFO","message":"ok","http":{"method":"GET","path":"/","status":200,"ms":3,"ip":"::1"}}"#,
                Some("● info  ok http={method,path,status,ms,…}"),
            ),
            (
                r#"{"level":50,"time":1767322800123,"msg":"x\ny","tags":["a","b"],"n":[1,2,3,4,5],"e":""}"#,
                Some("03:00:00.123 ✕ error x y tags=[a,b] n=[5 values] e=\"\""),
            ),
            ("plain {\"a\":1}", None),
            ("{not json}", None),
            ("[1]", None),
            ("{}", Some("")),
        ];
        for (line, want) in cases {
            assert_eq!(flat(line, false).as_deref(), want, "{line}");
        }
        let line = r#"{"ts":1767322800.5,"lvl":"warning","msg":"m"}"#;
        assert_eq!(
            flat(line, false).as_deref(),
            Some("03:00:00.500 ▲ warning m")
        );
        assert_eq!(flat(line, true).as_deref(), Some("▲ warning m"));
        let long = format!(r#"{{"msg":"m","k":"{}"}}"#, "x".repeat(200));
        assert_eq!(
            flat(&long, false).map(|t| t.chars().count()),
            Some(4 + LONGEST)
        );
    }
}

//! An object as YAML, in the order in which the API gives its fields, line by line.
//!
//! As kubectl writes it: lists stand at their key's column, texts of several lines in blocks. Each line knows
//! its depth, for folding, and where its key stands, for colours, which only visible lines get.

use serde_json::Value;

use crate::engine::effect::HIDDEN;
use crate::engine::view::{self, Span, Tone};

/// YAML of an object.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Yaml {
    text: String,
    lines: Vec<YamlLine>,
}

/// A line of it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct YamlLine {
    from: u32,
    to: u32,
    depth: u16,
    /// Spaces and dashes before key or value.
    lead: u16,
    /// The key, in bytes; 0: none.
    key: u16,
}

#[derive(Clone, Copy, Debug)]
enum Segment<'v> {
    Key(&'v str),
    At(usize),
}

struct Writer<'v> {
    yaml: Yaml,
    path: Vec<Segment<'v>>,
    /// The line whose place is asked for, and the place once it has been written.
    wanted: Option<usize>,
    found: Option<String>,
    managed: bool,
}

impl Yaml {
    /// Writes an object. `managed`: with `metadata.managedFields`.
    pub(crate) fn of(value: &Value, managed: bool) -> Self {
        Writer::run(value, managed, None).yaml
    }

    /// The JSON pointer of what stands in a line.
    pub(crate) fn pointer(value: &Value, managed: bool, line: usize) -> Option<String> {
        Writer::run(value, managed, Some(line)).found
    }

    pub(crate) fn len(&self) -> usize {
        self.lines.len()
    }

    pub(crate) fn depth(&self, line: usize) -> u16 {
        self.lines.get(line).map_or(0, |l| l.depth)
    }

    pub(crate) fn text(&self, line: usize) -> &str {
        let of = |l: &YamlLine| self.text.get(l.from as usize..l.to as usize);
        self.lines.get(line).and_then(of).unwrap_or_default()
    }

    /// A line with its tones.
    pub(crate) fn spans(&self, line: usize) -> view::Line {
        let Some(at) = self.lines.get(line) else {
            return view::Line::new();
        };
        let text = self.text(line);
        let (lead, rest) = text
            .split_at_checked(usize::from(at.lead))
            .unwrap_or(("", text));
        let (key, value) = rest
            .split_at_checked(usize::from(at.key))
            .unwrap_or(("", rest));
        let (colon, value) = if key.is_empty() {
            ("", value)
        } else {
            value.split_at_checked(1).unwrap_or(("", value))
        };
        let tone = if value.contains(HIDDEN) {
            Tone::Warn
        } else if matches!(
            value.trim(),
            "null" | "\"\"" | "{}" | "[]" | "|" | "|-" | "|+"
        ) {
            Tone::Dim
        } else {
            Tone::Plain
        };
        [
            (lead, Tone::Dim),
            (key, Tone::Accent),
            (colon, Tone::Dim),
            (value, tone),
        ]
        .into_iter()
        .filter(|(text, _)| !text.is_empty())
        .map(|(text, tone)| Span::new(text.to_owned(), tone))
        .collect()
    }
}

impl<'v> Writer<'v> {
    fn run(value: &'v Value, managed: bool, wanted: Option<usize>) -> Self {
        let mut writer = Self {
            yaml: Yaml::default(),
            path: Vec::new(),
            wanted,
            found: None,
            managed,
        };
        match value {
            Value::Object(fields) if !fields.is_empty() => writer.map(value, 0, 0, None),
            Value::Array(items) if !items.is_empty() => writer.list(items, 0, 0),
            scalar => writer.scalar("", scalar, 0, 0),
        }
        writer
    }

    fn map(&mut self, value: &'v Value, indent: usize, depth: u16, first: Option<(String, u16)>) {
        let mut first = first;
        for (key, value) in value.as_object().into_iter().flatten() {
            if key == "managedFields" && !self.managed && self.in_metadata() {
                continue;
            }
            self.path.push(Segment::Key(key));
            let (lead, depth) = first.take().unwrap_or_else(|| (" ".repeat(indent), depth));
            self.entry(&lead, key, value, indent, depth);
            self.path.pop();
        }
        // Nothing of it was written: a list's item must not vanish.
        if let Some((lead, depth)) = first {
            self.line(&format!("{lead}{{}}"), depth, lead.len(), 0);
        }
    }

    fn in_metadata(&self) -> bool {
        matches!(self.path.as_slice(), [Segment::Key("metadata")])
            || matches!(
                self.path.as_slice(),
                [
                    Segment::Key("items"),
                    Segment::At(_),
                    Segment::Key("metadata")
                ]
            )
    }

    fn entry(&mut self, lead: &str, key: &str, value: &'v Value, indent: usize, depth: u16) {
        let key = plain_or_quoted(key);
        // The first line of a list's item stands a level above what follows it.
        let below = if lead.ends_with("- ") {
            depth + 2
        } else {
            depth + 1
        };
        match value {
            Value::Object(fields) if !fields.is_empty() => {
                self.line(&format!("{lead}{key}:"), depth, lead.len(), key.len());
                self.map(value, indent + 2, below, None);
            }
            Value::Array(items) if !items.is_empty() => {
                self.line(&format!("{lead}{key}:"), depth, lead.len(), key.len());
                self.list(items, indent, below);
            }
            scalar => {
                let at = self.yaml.lines.len();
                self.scalar(&format!("{lead}{key}: "), scalar, indent + 2, depth);
                let rest = self.yaml.lines.len();
                if let Some(line) = self.yaml.lines.get_mut(at) {
                    line.lead = short(lead.len());
                    line.key = short(key.len());
                }
                for line in self.yaml.lines.get_mut(at + 1..rest).unwrap_or_default() {
                    line.depth = below;
                }
            }
        }
    }

    fn list(&mut self, items: &'v [Value], indent: usize, depth: u16) {
        let spaces = " ".repeat(indent);
        for (at, item) in items.iter().enumerate() {
            self.path.push(Segment::At(at));
            let dash = format!("{spaces}- ");
            match item {
                Value::Object(fields) if !fields.is_empty() => {
                    self.map(item, indent + 2, depth + 1, Some((dash, depth)));
                }
                Value::Array(inner) if !inner.is_empty() => {
                    self.line(&format!("{spaces}-"), depth, indent + 1, 0);
                    self.list(inner, indent + 2, depth + 1);
                }
                scalar => {
                    let first = self.yaml.lines.len();
                    self.scalar(&dash, scalar, indent + 2, depth);
                    if let Some(line) = self.yaml.lines.get_mut(first) {
                        line.lead = short(dash.len());
                    }
                }
            }
            self.path.pop();
        }
    }

    /// A scalar behind its lead; a block below it stands at `indent`.
    fn scalar(&mut self, lead: &str, value: &Value, indent: usize, depth: u16) {
        let text = match value {
            Value::String(text) if block(text) => {
                let body = text.trim_end_matches('\n');
                let sign = match text.len() - body.len() {
                    0 => "|-",
                    1 => "|",
                    _ => "|+",
                };
                self.line(&format!("{lead}{sign}"), depth, 0, 0);
                let spaces = " ".repeat(indent);
                let kept = text.strip_suffix('\n').unwrap_or(text);
                for line in kept.split('\n') {
                    let lead = if line.is_empty() { "" } else { &spaces };
                    self.line(&format!("{lead}{line}"), depth + 1, indent, 0);
                }
                return;
            }
            Value::String(text) => plain_or_quoted(text),
            Value::Object(_) => "{}".to_owned(),
            Value::Array(_) => "[]".to_owned(),
            Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
        };
        self.line(&format!("{lead}{text}"), depth, 0, 0);
    }

    fn line(&mut self, text: &str, depth: u16, lead: usize, key: usize) {
        if self.wanted == Some(self.yaml.lines.len()) {
            self.found = Some(pointer(&self.path));
        }
        let from = self.yaml.text.len();
        self.yaml.text.push_str(text);
        let (Ok(from), Ok(to)) = (u32::try_from(from), u32::try_from(self.yaml.text.len())) else {
            return;
        };
        self.yaml.lines.push(YamlLine {
            from,
            to,
            depth,
            lead: short(lead),
            key: short(key),
        });
    }
}

fn short(n: usize) -> u16 {
    u16::try_from(n).unwrap_or(u16::MAX)
}

fn pointer(path: &[Segment<'_>]) -> String {
    let mut out = String::new();
    for segment in path {
        out.push('/');
        match segment {
            Segment::Key(key) => out.push_str(&key.replace('~', "~0").replace('/', "~1")),
            Segment::At(at) => out.push_str(&at.to_string()),
        }
    }
    out
}

/// Whether a text reads best, and reads back the same, as a block of lines.
fn block(text: &str) -> bool {
    let first = text.split('\n').find(|line| !line.is_empty());
    text.contains('\n')
        && first.is_some_and(|line| !line.starts_with([' ', '\t']))
        && !text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t'))
        // Lines of spaces alone are read back as empty ones.
        && text.split('\n').all(|line| line.is_empty() || !line.trim().is_empty())
}

/// A text as it stands where that means the same, else in quotes.
fn plain_or_quoted(text: &str) -> String {
    if plain(text) {
        text.to_owned()
    } else {
        // JSON's strings are YAML's.
        Value::String(text.to_owned()).to_string()
    }
}

fn plain(text: &str) -> bool {
    let Some(first) = text.chars().next() else {
        return false;
    };
    let starts = first.is_alphanumeric()
        || matches!(first, '/' | '_' | '.' | '‹' | '(' | '$' | '+' | '<' | '^');
    starts
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.chars().any(char::is_control)
        && !word(text)
        && !number(text)
}

/// What YAML 1.1 or 1.2 reads as something else than a text.
fn word(text: &str) -> bool {
    [
        "y", "n", "yes", "no", "on", "off", "true", "false", "null", "~", ".inf", ".nan", "inf",
        "nan", "+.inf", "<<", "=",
    ]
    .contains(&text.to_ascii_lowercase().as_str())
}

/// Numbers, times and dates of YAML 1.1 or 1.2, generously.
fn number(text: &str) -> bool {
    let digit = text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '.'));
    if !digit {
        return false;
    }
    let date = text.len() >= 8 && text.as_bytes().get(4) == Some(&b'-');
    let based = text
        .trim_start_matches('+')
        .get(..2)
        .is_some_and(|start| matches!(start, "0x" | "0X" | "0o" | "0O" | "0b" | "0B"));
    text.parse::<f64>().is_ok()
        || date
        || based
        || text.contains(['_', ':'])
        || text
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, 'e' | 'E' | '.' | '+' | '-'))
            && text.matches('.').count() < 2
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn text(yaml: &Yaml) -> String {
        (0..yaml.len())
            .map(|n| format!("{}\n", yaml.text(n)))
            .collect()
    }

    #[test]
    fn as_kubectl_writes_it() {
        let value = json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "a", "managedFields": [{"manager": "m"}], "labels": {}, "at": "2026-01-01T00:00:00Z"},
            "data": {"script": "set -e\n  run: x\n\ndone\n", "port": "80", "on": "yes", "none": "", "note": "a: b"},
            "list": [{"name": "x", "env": [{"name": "A", "value": "1"}], "n": 1}, "s", [], [1, [2]], {"metadata": {"q": null}}],
        });
        let want = "\
apiVersion: v1
kind: ConfigMap
metadata:
  name: a
  labels: {}
  at: \"2026-01-01T00:00:00Z\"
data:
  script: |
    set -e
      run: x

    done
  port: \"80\"
  \"on\": \"yes\"
  none: \"\"
  note: \"a: b\"
list:
- name: x
  env:
  - name: A
    value: \"1\"
  \"n\": 1
- s
- []
-
  - 1
  -
    - 2
- metadata:
    q: null
";
        assert_eq!(text(&Yaml::of(&value, false)), want);
        assert_eq!(
            text(&Yaml::of(&value, true)).replace("  managedFields:\n  - manager: m\n", ""),
            want
        );
    }

    #[test]
    fn depths_fold_blocks() {
        let value = json!({"a": {"b": [{"c": {"d": 1}, "e": "x\ny\n"}, 2]}, "f": 1});
        let yaml = Yaml::of(&value, false);
        let got: Vec<(String, u16)> = (0..yaml.len())
            .map(|n| (yaml.text(n).trim().to_owned(), yaml.depth(n)))
            .collect();
        let want = [
            ("a:", 0),
            ("b:", 1),
            ("- c:", 2),
            ("d: 1", 4),
            ("e: |", 3),
            ("x", 4),
            ("y", 4),
            ("- 2", 2),
            ("f: 1", 0),
        ];
        assert_eq!(got, want.map(|(t, d)| (t.to_owned(), d)));
    }

    #[test]
    fn a_line_knows_its_place() {
        let value =
            json!({"data": {"a/b": "‹hidden, 2 bytes›"}, "list": [{"x": 1}, {"y": {"z": 2}}]});
        let of = |line| Yaml::pointer(&value, false, line);
        assert_eq!(of(1).as_deref(), Some("/data/a~1b"));
        assert_eq!(of(3).as_deref(), Some("/list/0/x"));
        assert_eq!(of(5).as_deref(), Some("/list/1/y/z"));
        assert_eq!(of(6), None);
    }

    #[test]
    fn tones() {
        let yaml = Yaml::of(
            &json!({"data": {"k": "‹hidden, 2 bytes›", "n": "x"}}),
            false,
        );
        assert_eq!(
            yaml.spans(1),
            vec![
                Span::new("  ", Tone::Dim),
                Span::new("k", Tone::Accent),
                Span::new(":", Tone::Dim),
                Span::new(" ‹hidden, 2 bytes›", Tone::Warn),
            ]
        );
    }

    fn documents() -> impl Strategy<Value = Value> {
        let scalar = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[ -~\n\tü‹]{0,12}".prop_map(Value::from),
            "[0-9:.eE+_xobTZ-]{1,8}".prop_map(Value::from),
            prop::sample::select(vec![
                "y",
                "No",
                "~",
                "1e3",
                "0x1",
                "-",
                "- a",
                "a #b",
                "@a",
                "%",
                "*a",
                "&a",
                "!a",
                "{a",
                "[a",
                "'a",
                "\"a",
                "`",
                "?",
                "? a",
                ":",
                "=",
                "<<",
                ">",
                "|",
                ".5",
                "1_0",
                "12:30",
                "2026-01-01"
            ])
            .prop_map(Value::from),
        ];
        scalar.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec(("[ -~]{0,6}", inner), 0..4)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn reads_back_the_same(value in documents()) {
            let written = text(&Yaml::of(&value, true));
            let read: Value = serde_saphyr::from_str(&written)
                .map_err(|e| TestCaseError::fail(format!("{e}\n{written}")))?;
            prop_assert_eq!(read, value, "{}", written);
        }
    }
}

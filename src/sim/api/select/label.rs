//! Label selectors, equality and set based.

use serde_json::Value;

use crate::sim::status::Status;

/// Requirements, all of which must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Labels(Vec<Requirement>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Requirement {
    key: String,
    op: Op,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Op {
    In(Vec<String>),
    NotIn(Vec<String>),
    Exists,
    Absent,
    Greater(i64),
    Less(i64),
}

impl Labels {
    /// Reads a selector as typed: `a=b,c!=d,e in (f,g),h notin (i),j,!k,l>1`.
    ///
    /// # Errors
    /// 400 that names the requirement that cannot be read.
    pub(crate) fn parse(text: &str) -> Result<Labels, Status> {
        split(text)
            .filter(|part| !part.trim().is_empty())
            .map(|part| {
                requirement(part.trim()).ok_or_else(|| {
                    Status::bad_request(format!("unable to parse requirement: {:?}", part.trim()))
                })
            })
            .collect::<Result<_, _>>()
            .map(Labels)
    }

    /// A `metav1.LabelSelector`; `None` stands for one that matches nothing.
    pub(crate) fn of_object(selector: &Value) -> Option<Labels> {
        let mut all = Vec::new();
        for (key, value) in selector["matchLabels"].as_object().into_iter().flatten() {
            let value = value.as_str().unwrap_or_default().to_owned();
            all.push(Requirement {
                key: key.clone(),
                op: Op::In(vec![value]),
            });
        }
        for expr in selector["matchExpressions"]
            .as_array()
            .into_iter()
            .flatten()
        {
            let values: Vec<String> = expr["values"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|v| v.as_str().map(str::to_owned))
                .collect();
            let op = match expr["operator"].as_str()? {
                "In" => Op::In(values),
                "NotIn" => Op::NotIn(values),
                "Exists" => Op::Exists,
                "DoesNotExist" => Op::Absent,
                _ => return None,
            };
            all.push(Requirement {
                key: expr["key"].as_str()?.to_owned(),
                op,
            });
        }
        Some(Labels(all))
    }

    /// Whether there is no requirement.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether all requirements hold for these labels.
    pub(crate) fn matches<'a>(&self, get: impl Fn(&str) -> Option<&'a str>) -> bool {
        self.0.iter().all(|r| r.op.holds(get(&r.key)))
    }
}

/// Written as Go's `Selector.String` and `FormatLabelSelector` write it: keys in order.
impl std::fmt::Display for Labels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut all: Vec<&Requirement> = self.0.iter().collect();
        all.sort_by(|a, b| a.key.cmp(&b.key));
        for (i, Requirement { key, op }) in all.into_iter().enumerate() {
            if i > 0 {
                f.write_str(",")?;
            }
            let set = |values: &[String]| {
                let mut values = values.to_vec();
                values.sort();
                values.join(",")
            };
            match op {
                Op::In(values) if values.len() == 1 => write!(f, "{key}={}", values[0])?,
                Op::In(values) => write!(f, "{key} in ({})", set(values))?,
                Op::NotIn(values) => write!(f, "{key} notin ({})", set(values))?,
                Op::Exists => write!(f, "{key}")?,
                Op::Absent => write!(f, "!{key}")?,
                Op::Greater(n) => write!(f, "{key}>{n}")?,
                Op::Less(n) => write!(f, "{key}<{n}")?,
            }
        }
        Ok(())
    }
}

impl Op {
    fn holds(&self, value: Option<&str>) -> bool {
        let number = || value.and_then(|v| v.parse::<i64>().ok());
        match self {
            Op::In(values) => value.is_some_and(|v| values.iter().any(|x| x == v)),
            Op::NotIn(values) => value.is_none_or(|v| values.iter().all(|x| x != v)),
            Op::Exists => value.is_some(),
            Op::Absent => value.is_none(),
            Op::Greater(n) => number().is_some_and(|v| v > *n),
            Op::Less(n) => number().is_some_and(|v| v < *n),
        }
    }
}

/// Splits at commas that are not inside parentheses.
fn split(text: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0;
    text.split(move |c| {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        c == ',' && depth == 0
    })
}

fn requirement(part: &str) -> Option<Requirement> {
    let made = |key: &str, op| {
        let key = key.trim();
        let fine = !key.is_empty()
            && key
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/'));
        fine.then(|| Requirement {
            key: key.to_owned(),
            op,
        })
    };
    if let Some(list) = part.strip_suffix(')') {
        let (head, values) = list.split_once('(')?;
        let values = values.split(',').map(|v| v.trim().to_owned()).collect();
        let mut words = head.split_whitespace();
        let (key, op) = (words.next()?, words.next()?);
        return match (op, words.next()) {
            ("in", None) => made(key, Op::In(values)),
            ("notin", None) => made(key, Op::NotIn(values)),
            _ => None,
        };
    }
    let value = |v: &str| {
        let v = v.trim().to_owned();
        (!v.contains(['=', '!', ' ', '(', ')'])).then_some(v)
    };
    if let Some((key, v)) = part.split_once("!=") {
        made(key, Op::NotIn(vec![value(v)?]))
    } else if let Some((key, v)) = part.split_once("==").or_else(|| part.split_once('=')) {
        made(key, Op::In(vec![value(v)?]))
    } else if let Some((key, v)) = part.split_once('>') {
        made(key, Op::Greater(v.trim().parse().ok()?))
    } else if let Some((key, v)) = part.split_once('<') {
        made(key, Op::Less(v.trim().parse().ok()?))
    } else if let Some(key) = part.strip_prefix('!') {
        made(key, Op::Absent)
    } else {
        made(part, Op::Exists)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn cases() {
        let labels = [("app", "web"), ("tier", "front"), ("n", "5"), ("x/y", "")];
        let get = |key: &str| labels.iter().find(|(k, _)| *k == key).map(|(_, v)| *v);
        for (selector, wanted) in [
            ("", true),
            ("app=web", true),
            ("app==web,tier!=back", true),
            ("app=web,tier=back", false),
            ("app in (api, web),tier notin (back)", true),
            ("app notin (web)", false),
            ("missing notin (a)", true),
            ("missing!=a", true),
            ("x/y,!z", true),
            ("x/y=", true),
            ("!app", false),
            ("n>4,n<6", true),
            ("n>5", false),
        ] {
            assert_eq!(
                Labels::parse(selector).unwrap().matches(get),
                wanted,
                "{selector}"
            );
        }
        for bad in ["a b", "=x", "a in b", "a in (b", "a=b=c", "n>x"] {
            assert_eq!(Labels::parse(bad).map_err(|s| s.code), Err(400), "{bad}");
        }
    }

    #[test]
    fn of_objects_and_printed() {
        let labels = Labels::of_object(&json!({"matchLabels": {"b": "1"}, "matchExpressions": [
            {"key": "a", "operator": "In", "values": ["z", "y"]}, {"key": "c", "operator": "Exists"}]}))
        .unwrap();
        assert_eq!(labels.to_string(), "a in (y,z),b=1,c");
    }
}

//! Label selectors in kubectl's syntax: `app=api,tier!=cache,env in (a, b),!canary`.

use std::fmt;

use super::id::Text;
use super::labels::Labels;
use super::pod::Operator;
use super::workload::Budget;

/// A selector: all requirements must hold. Without any it matches everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector {
    requirements: Vec<Requirement>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Requirement {
    key: String,
    operator: Operator,
    values: Vec<String>,
}

/// Why a text is no selector.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("label selector '{text}': {why}")]
pub struct SelectorError {
    text: String,
    why: String,
}

impl Selector {
    /// Reads kubectl's syntax: `k`, `!k`, `k=v`, `k==v`, `k!=v`, `k in (a,b)`, `k notin (a,b)`, `k>1`,
    /// `k<1`, joined by commas. An empty text selects everything.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        let wrong = |why: String| SelectorError {
            text: text.to_owned(),
            why,
        };
        let mut parser = Parser { rest: text };
        let mut requirements = Vec::new();
        loop {
            parser.space();
            if parser.rest.is_empty() {
                break;
            }
            requirements.push(parser.requirement().map_err(wrong)?);
            parser.space();
            if !parser.take(",") {
                break;
            }
            parser.space();
            if parser.rest.is_empty() {
                return Err(wrong("a requirement is missing after the last ','".into()));
            }
        }
        match parser.rest {
            "" => Ok(Self { requirements }),
            rest => Err(wrong(format!("',' or the end expected at '{rest}'"))),
        }
    }

    /// Whether labels fit.
    pub fn matches(&self, labels: &Labels) -> bool {
        self.requirements.iter().all(|r| {
            let has = labels.get(&r.key);
            holds(has, r.operator, r.values.iter().map(String::as_str))
        })
    }

    /// Whether it selects everything.
    pub fn is_empty(&self) -> bool {
        self.requirements.is_empty()
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (
            at,
            Requirement {
                key,
                operator,
                values,
            },
        ) in self.requirements.iter().enumerate()
        {
            if at > 0 {
                f.write_str(",")?;
            }
            let list = values.join(",");
            match operator {
                Operator::In if values.len() == 1 => write!(f, "{key}={list}")?,
                Operator::In => write!(f, "{key} in ({list})")?,
                Operator::NotIn if values.len() == 1 => write!(f, "{key}!={list}")?,
                Operator::NotIn => write!(f, "{key} notin ({list})")?,
                Operator::Exists => f.write_str(key)?,
                Operator::DoesNotExist => write!(f, "!{key}")?,
                Operator::Gt => write!(f, "{key}>{list}")?,
                Operator::Lt => write!(f, "{key}<{list}")?,
            }
        }
        Ok(())
    }
}

/// Whether a budget covers a pod of its namespace with these labels.
pub fn budget_covers(budget: &Budget, labels: &Labels) -> bool {
    let Some(pairs) = &budget.selector else {
        return false;
    };
    pairs.iter().all(|(k, v)| labels.get(k) == Some(&**v))
        && budget.expressions.iter().all(|(k, operator, values)| {
            holds(labels.get(k), *operator, values.iter().map(|v| &**v))
        })
}

/// Whether a Service's selector (pairs) covers these labels; an empty one covers nothing.
pub fn service_covers(selector: &[(Text, Text)], labels: &Labels) -> bool {
    !selector.is_empty() && selector.iter().all(|(k, v)| labels.get(k) == Some(&**v))
}

fn holds<'a>(
    has: Option<&str>,
    operator: Operator,
    mut values: impl Iterator<Item = &'a str>,
) -> bool {
    match operator {
        Operator::In => has.is_some_and(|has| values.any(|v| v == has)),
        Operator::NotIn => has.is_none_or(|has| values.all(|v| v != has)),
        Operator::Exists => has.is_some(),
        Operator::DoesNotExist => has.is_none(),
        Operator::Gt | Operator::Lt => {
            let has = has.and_then(|has| has.parse::<i64>().ok());
            let bound = values.next().and_then(|v| v.parse::<i64>().ok());
            let (Some(has), Some(bound)) = (has, bound) else {
                return false;
            };
            if operator == Operator::Gt {
                has > bound
            } else {
                has < bound
            }
        }
    }
}

struct Parser<'t> {
    rest: &'t str,
}

impl<'t> Parser<'t> {
    fn space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn take(&mut self, what: &str) -> bool {
        match self.rest.strip_prefix(what) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// A run of characters that keys and values may have; may be empty.
    fn word(&mut self) -> &'t str {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
        let end = self.rest.find(|c| !fits(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    fn key(&mut self) -> Result<String, String> {
        match self.word() {
            "" => Err(format!("a key expected at '{}'", self.rest)),
            key => Ok(key.to_owned()),
        }
    }

    fn requirement(&mut self) -> Result<Requirement, String> {
        if self.take("!") {
            self.space();
            return Ok(Requirement {
                key: self.key()?,
                operator: Operator::DoesNotExist,
                values: Vec::new(),
            });
        }
        let key = self.key()?;
        self.space();
        let of = |operator, values| {
            Ok(Requirement {
                key: key.clone(),
                operator,
                values,
            })
        };
        if self.rest.is_empty() || self.rest.starts_with(',') {
            return of(Operator::Exists, Vec::new());
        }
        for (sign, operator) in [
            ("==", Operator::In),
            ("=", Operator::In),
            ("!=", Operator::NotIn),
            (">", Operator::Gt),
            ("<", Operator::Lt),
        ] {
            if self.take(sign) {
                self.space();
                let value = self.word().to_owned();
                let number = matches!(operator, Operator::Gt | Operator::Lt);
                if number && value.parse::<i64>().is_err() {
                    return Err(format!("{key}{sign} wants an integer, not '{value}'"));
                }
                return of(operator, vec![value]);
            }
        }
        let operator = match self.word() {
            "in" => Operator::In,
            "notin" => Operator::NotIn,
            _ => {
                return Err(format!(
                    "an operator (=, ==, !=, in, notin, <, >) expected after '{key}'"
                ));
            }
        };
        let values = self.list()?;
        of(operator, values)
    }

    fn list(&mut self) -> Result<Vec<String>, String> {
        self.space();
        if !self.take("(") {
            return Err("'(' expected before a list of values".into());
        }
        let mut values = Vec::new();
        loop {
            self.space();
            values.push(self.word().to_owned());
            self.space();
            if self.take(")") {
                return Ok(values);
            }
            if !self.take(",") {
                return Err(format!("',' or ')' expected at '{}'", self.rest));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing::{labels, pairs};

    #[test]
    fn as_kubectl_selects() {
        let cases = [
            ("", "a=1", true),
            ("a=1", "a=1 b=2", true),
            ("a==1", "a=1", true),
            ("a = 1 , b = 2", "a=1 b=2", true),
            ("a=1,b=3", "a=1 b=2", false),
            ("a!=1", "a=1", false),
            ("a!=1", "b=1", true),
            ("a", "a=1", true),
            ("a", "b=1", false),
            ("!a", "b=1", true),
            ("!a", "a=1", false),
            ("a in (1, 2)", "a=2", true),
            ("a in (1,2)", "a=3", false),
            ("a notin (1,2)", "a=3", true),
            ("a notin (1,2)", "b=1", true),
            ("a notin (1,2),!b", "a=1", false),
            ("a>1", "a=2", true),
            ("a<1", "a=2", false),
            ("a>1", "a=x", false),
            ("a=", "a=", true),
            ("a=", "a=1", false),
            ("jobs.constable/id=7", "jobs.constable/id=7", true),
            ("in in (in)", "in=in", true),
        ];
        for (text, of, want) in cases {
            let selector = Selector::parse(text).unwrap();
            assert_eq!(selector.matches(&labels(of)), want, "{text} on {of}");
            let again = Selector::parse(&selector.to_string()).unwrap();
            assert_eq!(again, selector, "{text}");
        }
    }

    #[test]
    fn refusals_say_why() {
        for (text, want) in [
            ("a=1,", "a requirement is missing after the last ','"),
            ("=1", "a key expected at '=1'"),
            ("a in 1", "'(' expected before a list of values"),
            ("a in (1", "',' or ')' expected at ''"),
            ("a=1 b", "',' or the end expected at 'b'"),
            ("a>x", "a> wants an integer, not 'x'"),
            (
                "a ~ b",
                "an operator (=, ==, !=, in, notin, <, >) expected after 'a'",
            ),
            ("!", "a key expected at ''"),
        ] {
            let error = Selector::parse(text).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("label selector '{text}': {want}")
            );
        }
    }

    #[test]
    fn no_selector_of_a_service_covers_nothing() {
        assert!(!service_covers(&[], &labels("a=1")));
        assert!(service_covers(&pairs("a=1"), &labels("a=1 b=2")));
    }
}

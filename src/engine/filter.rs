//! The filter of a table: words that must all hold.

use crate::model::Labels;
use crate::model::select::Selector;

/// What a row offers to a filter.
pub(crate) trait Subject {
    /// Whether any text of the row has this in it (lower case).
    fn has(&self, lower: &str) -> bool;
    /// Whether the column's text has this in it (lower case).
    fn column_has(&self, column: usize, lower: &str) -> bool;
    /// Its labels; `None`: it is a thing without labels.
    fn labels(&self) -> Option<&Labels>;
}

/// A filter.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Filter(Vec<Term>);

#[derive(Clone, Debug, PartialEq)]
struct Term {
    not: bool,
    test: Test,
}

#[derive(Clone, Debug, PartialEq)]
enum Test {
    Has(String),
    Column(usize, String),
    Labels(Selector),
}

impl Filter {
    /// Reads a filter for a table with these column titles. A word like `api:80` whose head names no column
    /// is plain text.
    pub(crate) fn parse(text: &str, titles: &[&str]) -> Result<Self, String> {
        let mut terms = Vec::new();
        let mut words = text.split_whitespace();
        while let Some(word) = words.next() {
            let (not, word) = match word.strip_prefix('!') {
                Some(rest) => (true, rest),
                None => (false, word),
            };
            let test = if let Some(attached) = word.strip_prefix("-l") {
                let selector = if attached.is_empty() {
                    words.next().unwrap_or_default()
                } else {
                    attached.trim_start_matches('=')
                };
                if selector.is_empty() {
                    continue;
                }
                Test::Labels(Selector::parse(selector).map_err(|e| format!("-l {selector}: {e}"))?)
            } else {
                match column(word, titles) {
                    Some((at, value)) => Test::Column(at, value.to_lowercase()),
                    None => {
                        unknown_column(word, titles)?;
                        Test::Has(word.to_lowercase())
                    }
                }
            };
            let empty = matches!(&test, Test::Has(t) | Test::Column(_, t) if t.is_empty());
            if !empty {
                terms.push(Term { not, test });
            }
        }
        Ok(Self(terms))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn passes(&self, subject: &impl Subject) -> bool {
        self.0.iter().all(|term| {
            let holds = match &term.test {
                Test::Has(text) => subject.has(text),
                Test::Column(at, text) => subject.column_has(*at, text),
                Test::Labels(selector) => subject
                    .labels()
                    .is_some_and(|labels| selector.matches(labels)),
            };
            holds != term.not
        })
    }
}

fn column<'w>(word: &'w str, titles: &[&str]) -> Option<(usize, &'w str)> {
    let (name, value) = word.split_once(':')?;
    let at = titles.iter().position(|t| t.eq_ignore_ascii_case(name));
    // A job's first column reads as project, name and run.
    let job = || {
        let part = PARTS.iter().any(|p| p.eq_ignore_ascii_case(name));
        titles.iter().position(|t| part && *t == "JOB")
    };
    Some((at.or_else(job)?, value))
}

/// What column JOB is made of.
const PARTS: [&str; 3] = ["project", "name", "run"];

/// A word like `bogus:x` asks for a column that is not there; `api:80` and `host:` are text.
fn unknown_column(word: &str, titles: &[&str]) -> Result<(), String> {
    match word.split_once(':') {
        Some((name, value))
            if !name.is_empty()
                && name.bytes().all(|b| b.is_ascii_alphabetic())
                && value.starts_with(|c: char| c.is_ascii_alphabetic()) =>
        {
            let known = titles.join(" ").to_lowercase();
            Err(format!("no column {name}; there are {known}"))
        }
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Words(Vec<&'static str>, Labels);

    impl Subject for Words {
        fn has(&self, lower: &str) -> bool {
            self.0.iter().any(|w| w.contains(lower))
        }

        fn column_has(&self, column: usize, lower: &str) -> bool {
            self.0[column].contains(lower)
        }

        fn labels(&self) -> Option<&Labels> {
            Some(&self.1)
        }
    }

    #[test]
    fn words_are_all_to_hold() {
        let titles = ["NAME", "NODE"];
        let row = Words(
            vec!["shop/api test", "p-07"],
            [("app", "web")].into_iter().collect(),
        );
        let cases = [
            ("", true),
            ("API", true),
            ("api p-07", true),
            ("api p-08", false),
            ("!web", true),
            ("!api", false),
            ("node:07", true),
            ("NODE:api", false),
            ("!node:08", true),
            ("node:", true),
            ("x:80", false),
            ("-l app=web", true),
            ("-l app=db", false),
            ("!-l app=db test", true),
            ("-l", true),
        ];
        for (text, want) in cases {
            let filter = Filter::parse(text, &titles).expect(text);
            assert_eq!(filter.passes(&row), want, "{text}");
        }
    }
}

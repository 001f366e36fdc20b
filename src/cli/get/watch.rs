//! `get -w`: what is there as added, then what changes, until it is interrupted.
//!
//! Only rows that a change touched are looked at again, and printed only if they show something new.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufWriter, Write};
use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::rows::{Row, Touched, View, heads};
use super::{Asked, is_asked_for};
use crate::cli::CliError;
use crate::cli::output::{self, Format};
use crate::cli::session::{Heard, Session};
use crate::model::Changes;
use crate::model::select::Selector;

/// Between two looks at what changed.
const LOOK: Duration = Duration::from_millis(250);

/// Keys whose values change as time passes, which is no news.
const FLOWING: [&str; 2] = ["wait_seconds", "run_seconds"];

/// A row as it was last printed.
struct Printed {
    place: (String, String),
    name: String,
    json: Value,
    cells: Vec<String>,
}

/// What happened to a row.
struct News {
    event: &'static str,
    id: String,
    printed: Printed,
}

const REMOVED: &str = "removed";

/// Runs until there is nothing more to hear.
pub(super) async fn run(
    mut session: Session,
    args: &Asked,
    selector: &Selector,
) -> Result<(), CliError> {
    session.watch_pulse();
    let mut known = Known {
        args,
        selector,
        rows: BTreeMap::new(),
        heads: true,
    };
    known.look(&session, None)?;
    for gap in session.gaps() {
        output::say(&format!("incomplete: {gap}"));
    }
    let mut said = session.stale();
    loop {
        let Some(heard) = session.next().await else {
            return session.complete();
        };
        let mut changes = changes_of(heard);
        // What comes close together is looked at once.
        let deadline = Instant::now() + LOOK;
        while let Ok(Some(more)) = timeout_at(deadline, session.next()).await {
            changes.merge(changes_of(more));
        }
        let stale = session.stale();
        for feed in stale.iter().filter(|f| !said.contains(f)) {
            output::say(feed);
        }
        if stale.is_empty() && !said.is_empty() {
            output::say("live again");
        }
        said = stale;
        if !changes.is_empty() {
            known.look(&session, Some(&changes))?;
        }
    }
}

fn changes_of(heard: Heard) -> Changes {
    match heard {
        Heard::Changes(changes) => changes,
        Heard::Other(_) => Changes::default(),
    }
}

/// What has been printed, by row.
struct Known<'a> {
    args: &'a Asked,
    selector: &'a Selector,
    rows: BTreeMap<String, Printed>,
    /// The head of the table is still to be printed.
    heads: bool,
}

impl Known<'_> {
    /// Prints what these changes brought; `None`: all that is there.
    fn look(&mut self, session: &Session, changes: Option<&Changes>) -> Result<(), CliError> {
        let resource = self.args.resource;
        let view = View::new(&session.model, resource, session.now());
        let touched = match changes {
            Some(changes) => view.touched(resource, changes),
            None => Touched::All,
        };
        let rows = match touched {
            Touched::Some(rows) => rows,
            Touched::All => {
                let rows = view.rows(resource);
                let mut rows: Vec<_> = rows.into_iter().map(|r| (r.id(), Some(r))).collect();
                // While a list comes in, what has not been seen yet is not gone.
                if session.settled() {
                    let here: BTreeSet<&String> = rows.iter().map(|(id, _)| id).collect();
                    let gone = self.rows.keys().filter(|id| !here.contains(id));
                    let gone: Vec<_> = gone.map(|id| (id.clone(), None)).collect();
                    rows.extend(gone);
                }
                rows
            }
        };
        let mut news: Vec<News> = rows
            .into_iter()
            .filter_map(|(id, row)| self.turn(id, row, &view))
            .collect();
        news.sort_by(|a, b| a.printed.place.cmp(&b.printed.place));
        self.print(&news)?;
        for one in news {
            if one.event != REMOVED {
                self.rows.insert(one.id, one.printed);
            }
        }
        Ok(())
    }

    /// What a row has become since it was printed, if that is news.
    fn turn(&mut self, id: String, row: Option<Row<'_>>, view: &View<'_>) -> Option<News> {
        let asked = |row: &Row<'_>| is_asked_for(row, view, self.args, self.selector);
        let Some(row) = row.filter(asked) else {
            let printed = self.rows.remove(&id)?;
            return Some(News {
                event: REMOVED,
                id,
                printed,
            });
        };
        let json = row.json(view);
        let event = match self.rows.get(&id) {
            None => "added",
            Some(old) if same(&old.json, &json) => return None,
            Some(_) => "changed",
        };
        let printed = Printed {
            place: row.place(),
            name: row.name().to_owned(),
            json,
            cells: row.cells(view, self.args.output == Format::Wide),
        };
        Some(News { event, id, printed })
    }

    /// In the asked form; the head of a table once.
    fn print(&mut self, news: &[News]) -> Result<(), CliError> {
        if news.is_empty() {
            return Ok(());
        }
        let mut out = BufWriter::new(io::stdout().lock());
        match self.args.output {
            Format::Table | Format::Wide => {
                let mut titles = vec!["EVENT"];
                titles.extend(heads(self.args.resource, self.args.output == Format::Wide));
                let rows = news.iter().map(|n| {
                    std::iter::once(n.event).chain(n.printed.cells.iter().map(String::as_str))
                });
                output::table(&mut out, &titles, std::mem::take(&mut self.heads), rows)?;
            }
            Format::Json => {
                for one in news {
                    writeln!(out, "{}", one.object())?;
                }
            }
            Format::Yaml => {
                for one in news {
                    writeln!(out, "---")?;
                    output::yaml(&mut out, &one.object())?;
                }
            }
            Format::Name => {
                let kind = self.args.resource.singular();
                for one in news {
                    writeln!(out, "{kind}/{}", one.printed.name)?;
                }
            }
        }
        out.flush()?;
        Ok(())
    }
}

impl News {
    /// The row's object with what happened to it.
    fn object(&self) -> Value {
        let mut object = serde_json::Map::new();
        object.insert("event".into(), self.event.into());
        if let Value::Object(fields) = &self.printed.json {
            object.extend(fields.clone());
        }
        Value::Object(object)
    }
}

/// Whether only time has passed between both.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter().all(|(key, value)| {
                    FLOWING.contains(&key.as_str()) || b.get(key) == Some(value)
                })
        }
        (a, b) => a == b,
    }
}

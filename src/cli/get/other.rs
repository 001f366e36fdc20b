//! Any other kind of the server, by its name: the server's own Table, or the objects with their secrets
//! hidden.

use std::io::{self, BufWriter, Write};
use std::time::Duration;

use clap::builder::{PossibleValue, TypedValueParser};
use clap::{Arg, Command, ValueEnum};
use serde_json::Value;

use super::{Asked, Resource};
use crate::cli::output::{self, Format};
use crate::cli::{CliError, Global};
use crate::cluster::call;
use crate::cluster::connect::Connection;
use crate::engine::any::{Kinds, Page, Source};
use crate::engine::asks::{self, Failure};
use crate::engine::doc::{KindRef, ObjectRef};
use crate::engine::{Accept, Reply};

/// Objects of a page.
const PAGE: usize = 500;

/// What was asked for by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// One of our own resources.
    Ours(Resource),
    /// Another kind, by any of its names.
    Other(String),
}

/// Reads [`What`]; our own are offered, every other word is taken.
#[derive(Clone, Debug)]
pub(super) struct Parser;

impl TypedValueParser for Parser {
    type Value = What;

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<What, clap::Error> {
        let text = clap::builder::StringValueParser::new().parse_ref(command, arg, value)?;
        Ok(match Resource::from_str(&text, false) {
            Ok(ours) => What::Ours(ours),
            Err(_) => What::Other(text),
        })
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let ours = Resource::value_variants();
        Some(Box::new(
            ours.iter().filter_map(ValueEnum::to_possible_value),
        ))
    }
}

/// Prints it.
pub(super) async fn run(
    global: &Global,
    connection: &Connection,
    name: &str,
    asked: &Asked,
) -> Result<(), CliError> {
    if asked.watch {
        return Err(CliError::Usage(format!(
            "-w goes with our own resources; try `kubectl get {name} -w`"
        )));
    }
    let kind = discover(connection, name).await?;
    let namespace = global.namespace();
    let mut paths = Vec::new();
    if asked.names.is_empty() {
        let mut path = format!("{}?limit={PAGE}", kind.path(namespace.as_deref()));
        if let Some(selector) = global.selector.as_deref().filter(|s| !s.is_empty()) {
            path.push_str(&format!("&labelSelector={}", encoded(selector)));
        }
        paths.push(path);
    }
    for name in &asked.names {
        let own = namespace.clone().or_else(|| connection.namespace.clone());
        let (place, name) = match name.split_once('/') {
            Some((place, name)) if kind.namespaced => (place.to_owned(), name),
            Some(_) | None => (own.unwrap_or_else(|| "default".to_owned()), name.as_str()),
        };
        let place = if kind.namespaced {
            place
        } else {
            String::new()
        };
        paths.push(ObjectRef::new(kind.clone(), &place, name).path());
    }
    let one = asked.names.len() == 1;
    match asked.output {
        Format::Table | Format::Wide | Format::Name => {
            let namespaces = kind.namespaced && namespace.is_none() && asked.names.is_empty();
            let page = rows(connection, paths, namespaces, asked).await?;
            print_table(&kind, &page, asked)
        }
        Format::Json | Format::Yaml => {
            let objects = objects(connection, paths, one, asked).await?;
            let mut out = BufWriter::new(io::stdout().lock());
            match asked.output {
                Format::Json => output::json(&mut out, &objects)?,
                _ => output::yaml(&mut out, &objects)?,
            }
            out.flush()?;
            Ok(())
        }
    }
}

fn print_table(kind: &KindRef, page: &Page, asked: &Asked) -> Result<(), CliError> {
    let mut out = BufWriter::new(io::stdout().lock());
    if asked.output == Format::Name {
        for row in &page.rows {
            writeln!(out, "{}/{}", kind.kind.to_lowercase(), row.name)?;
        }
    } else if page.rows.is_empty() {
        output::say("No resources found");
    } else {
        let wide = asked.output == Format::Wide;
        let shown: Vec<usize> = (0..page.columns.len())
            .filter(|at| wide || !page.columns[*at].wide)
            .collect();
        let heads: Vec<&str> = shown.iter().map(|at| &*page.columns[*at].title).collect();
        let cell = |row: &crate::engine::any::TableRow, at: usize| {
            row.cells.get(at).map_or(String::new(), ToString::to_string)
        };
        let rows = page
            .rows
            .iter()
            .map(|row| shown.iter().map(|at| cell(row, *at)).collect::<Vec<_>>());
        output::table(&mut out, &heads, true, rows)?;
    }
    out.flush()?;
    Ok(())
}

async fn discover(connection: &Connection, name: &str) -> Result<KindRef, CliError> {
    let mut kinds = Kinds::default();
    let mut sources = vec![Source::Core, Source::Groups];
    while let Some(source) = sources.pop() {
        let read = read(
            connection,
            &source.path(),
            Accept::Discovery,
            Duration::from_secs(15),
        )
        .await;
        match read {
            Ok(value) => sources.extend(kinds.take(&source, &value)),
            // A group whose server is down hides no other.
            Err(error) => output::say(&format!("{}: {error}", source.path())),
        }
    }
    match kinds.find(name) {
        Ok(served) if served.lists => Ok(served.kind.clone()),
        Ok(served) => Err(CliError::Usage(format!(
            "{} cannot be listed",
            served.kind.full_name()
        ))),
        Err(why) => Err(CliError::Usage(why)),
    }
}

async fn rows(
    connection: &Connection,
    paths: Vec<String>,
    namespaces: bool,
    asked: &Asked,
) -> Result<Page, CliError> {
    let mut all = Page::default();
    for path in paths {
        let mut next = path.clone();
        loop {
            let value = read(connection, &next, Accept::Table, asked.patience()).await?;
            let page = Page::read(&value, namespaces);
            all.columns = page.columns;
            all.rows.extend(page.rows);
            match page.next {
                Some(token) => next = format!("{path}&continue={token}"),
                None => break,
            }
        }
    }
    Ok(all)
}

/// One object as it is; several in an array.
async fn objects(
    connection: &Connection,
    paths: Vec<String>,
    one: bool,
    asked: &Asked,
) -> Result<Value, CliError> {
    let mut all = Vec::new();
    for path in paths {
        let mut next = path.clone();
        loop {
            let mut value = read(connection, &next, Accept::Shown, asked.patience()).await?;
            match value.get_mut("items").map(Value::take) {
                Some(Value::Array(items)) => all.extend(items),
                Some(_) | None => all.push(value.take()),
            }
            match value["metadata"]["continue"]
                .as_str()
                .filter(|token| !token.is_empty())
            {
                Some(token) => next = format!("{path}&continue={token}"),
                None => break,
            }
        }
    }
    match (one, all.len()) {
        (true, 1) => Ok(all.remove(0)),
        (_, _) => Ok(Value::Array(all)),
    }
}

async fn read(
    connection: &Connection,
    path: &str,
    form: Accept,
    patience: Duration,
) -> Result<Value, CliError> {
    let mut call = asks::get(path, form);
    call.timeout_s = u32::try_from(patience.as_secs()).unwrap_or(u32::MAX);
    let reply: Reply = call::run(connection, call).await;
    Failure::of(reply).map_err(|failure| match failure {
        Failure::Denied(why) => CliError::Refused(format!("denied: {why}")),
        Failure::Gone(why) => CliError::Failed(why.to_string()),
        other => CliError::Failed(other.span().text.into_owned()),
    })
}

/// A selector in a query.
fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_are_encoded() {
        assert_eq!(
            encoded("a=b,c in (d, e)"),
            "a%3Db%2Cc%20in%20%28d%2C%20e%29"
        );
    }
}

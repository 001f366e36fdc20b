//! `get` from several contexts: all at the same time, each row with the name of its cluster.

use std::io::{self, BufWriter, Write};
use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::rows::{Row, View, heads};
use super::{Asked, is_asked_for, start};
use crate::cli::output::{self, Format};
use crate::cli::session::Session;
use crate::cli::{CliError, Global};
use crate::config::Config;
use crate::model::select::Selector;

/// What came of a context.
struct Answer {
    context: String,
    session: Result<Session, String>,
}

/// Runs it. What cannot be had of one context keeps nothing of the others back: it is named, exit code 5.
pub(super) async fn run(
    global: &Global,
    config: &Config,
    args: &Asked,
    selector: &Selector,
) -> Result<(), CliError> {
    let contexts = global.contexts();
    let refused = |what: &str| {
        let count = contexts.len();
        let text = format!(
            "{what} with one context, and --context names {count} ({})",
            contexts.join(", ")
        );
        Err(CliError::Usage(text))
    };
    if args.watch {
        return refused("get -w goes");
    }
    if args.output == Format::Name {
        return refused("get -o name cannot say whose a name is: it goes");
    }
    for context in &contexts {
        // One that is not there is a slip of the hand.
        global.only(context).target()?.context_name().await?;
    }
    let deadline = Instant::now() + Duration::from_secs(args.timeout);
    let mut asked = Vec::new();
    for context in contexts {
        let one = global.only(&context);
        let (config, args) = (config.clone(), args.clone());
        let session = tokio::spawn(async move {
            let mut session = start(&one, &config, &args).await?;
            let left = deadline.saturating_duration_since(Instant::now());
            session.sync(left).await;
            Ok::<_, CliError>(session)
        });
        asked.push((context, session));
    }
    let mut answers = Vec::new();
    for (context, session) in asked {
        // What is synced until then is printed: the session sees to that itself.
        let patience = deadline + Duration::from_millis(500);
        let session = match timeout_at(patience, session).await {
            Ok(Ok(Ok(session))) => Ok(session),
            Ok(Ok(Err(error))) => Err(error.to_string()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("no answer within {} s", args.timeout)),
        };
        answers.push(Answer { context, session });
    }
    print(&answers, args, selector)?;
    complete(&answers)
}

fn print(answers: &[Answer], args: &Asked, selector: &Selector) -> Result<(), CliError> {
    let views: Vec<(&str, View<'_>)> = answers
        .iter()
        .filter_map(|answer| {
            let session = answer.session.as_ref().ok()?;
            let view = View::new(&session.model, args.resource, session.now());
            Some((answer.context.as_str(), view))
        })
        .collect();
    let mut rows: Vec<(&str, &View<'_>, Row<'_>)> = Vec::new();
    for (context, view) in &views {
        let of = view.rows(args.resource).into_iter();
        let of = of.filter(|row| is_asked_for(row, view, args, selector));
        rows.extend(of.map(|row| (*context, view, row)));
    }
    let mut out = BufWriter::new(io::stdout().lock());
    let json = || -> Vec<Value> { rows.iter().map(object).collect() };
    match args.output {
        Format::Table | Format::Wide if rows.is_empty() => {}
        Format::Table | Format::Wide => {
            let wide = args.output == Format::Wide;
            let mut titles = vec!["CLUSTER"];
            titles.extend(heads(args.resource, wide));
            let cells = rows.iter().map(|(context, view, row)| {
                let mut cells = row.cells(view, wide);
                cells.insert(0, (*context).to_owned());
                cells
            });
            output::table(&mut out, &titles, true, cells)?;
        }
        Format::Json => output::json(&mut out, &json())?,
        Format::Yaml => output::yaml(&mut out, &json())?,
        Format::Name => {}
    }
    out.flush()?;
    let called = |name: &&String| !rows.iter().any(|(.., row)| row.is_called(name));
    let missing: Vec<&str> = args
        .names
        .iter()
        .filter(called)
        .map(String::as_str)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    // Where not all answered it may well be there.
    complete(answers)?;
    Err(CliError::Failed(format!(
        "no {} named {}",
        args.resource.singular(),
        missing.join(", ")
    )))
}

/// A row's object; `cluster`, its context's name, comes first.
fn object((context, view, row): &(&str, &View<'_>, Row<'_>)) -> Value {
    let mut object = serde_json::Map::new();
    object.insert("cluster".into(), (*context).into());
    if let Value::Object(fields) = row.json(view) {
        object.extend(fields);
    }
    Value::Object(object)
}

fn complete(answers: &[Answer]) -> Result<(), CliError> {
    let gaps = answers.iter().filter_map(|answer| {
        let gaps = match &answer.session {
            Ok(session) => session.gaps(),
            Err(why) => vec![why.clone()],
        };
        (!gaps.is_empty()).then(|| format!("{}: {}", answer.context, gaps.join("; ")))
    });
    let gaps: Vec<String> = gaps.collect();
    if gaps.is_empty() {
        Ok(())
    } else {
        Err(CliError::Incomplete(gaps.join("; ")))
    }
}

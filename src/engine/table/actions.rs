//! Rows of actions, and of what each of them is done to.

use super::{Column, Cx, Find, RowKey, Rows, Scope, Value, cluster};
use crate::engine::action::drain::pod::Standing;
use crate::engine::action::run::Run;
use crate::engine::action::{DryRun, Outcome};
use crate::engine::text;
use crate::engine::view::{Sorted, Span, Tone, Width};
use crate::model::Text;

/// The vocabulary of actions.
pub(crate) struct Actions;

/// The vocabulary of the things of one action.
pub(crate) struct Items;

/// One thing of an action: a pod of a drain, or what the action is done to.
pub(crate) struct Item {
    index: usize,
    namespace: Text,
    name: Text,
    standing: Span,
    detail: Text,
}

fn items(run: &Run) -> impl Iterator<Item = Item> + '_ {
    let pods = run.drains().flat_map(|drain| drain.pods()).map(|pod| {
        let (detail, tone) = match &pod.standing {
            Standing::Waiting => ("".into(), Tone::Dim),
            Standing::Evicting | Standing::Terminating => ("".into(), Tone::Busy),
            Standing::Refused { budget, message } => {
                (format!("{budget}: {message}").into(), Tone::Bad)
            }
            Standing::Busy(why) => (why.clone(), Tone::Warn),
            Standing::Gone | Standing::Left | Standing::Would => ("".into(), Tone::Good),
            Standing::Failed(why) => (why.clone(), Tone::Bad),
        };
        (
            pod.plan.namespace.clone(),
            pod.plan.name.clone(),
            Span::new(pod.standing.word(), tone),
            detail,
        )
    });
    let whole = run.drains().next().is_none();
    let subjects = run
        .outcomes()
        .filter(move |_| whole)
        .map(|(subject, outcome)| {
            let (standing, detail) = match outcome {
                None => (Span::new("under way", Tone::Busy), "".into()),
                Some(outcome) => (
                    Span::new(outcome.word(), tone(outcome)),
                    outcome.text().clone(),
                ),
            };
            (
                subject.namespace.clone(),
                subject.title.clone(),
                standing,
                detail,
            )
        });
    pods.chain(subjects)
        .enumerate()
        .map(|(index, (namespace, name, standing, detail))| Item {
            index,
            namespace,
            name,
            standing,
            detail,
        })
}

fn tone(outcome: &Outcome) -> Tone {
    match outcome {
        Outcome::Done(_) => Tone::Good,
        Outcome::Failed(_) | Outcome::Refused(_) => Tone::Bad,
        Outcome::Stopped(_) => Tone::Warn,
    }
}

impl Rows for Actions {
    type Row<'a> = &'a Run;
    const NAME: &'static str = "actions";
    const ANYWHERE: bool = true;
    const IN_ORDER: bool = false;

    fn columns() -> &'static [Column<Self>] {
        ACTIONS
    }

    fn get<'a>(key: &RowKey, cx: &Cx<'a>) -> Option<&'a Run> {
        let RowKey::Action(id) = key else {
            return None;
        };
        cx.runs.iter().find(|run| run.id == *id)
    }

    fn most(cx: &Cx<'_>) -> usize {
        cx.runs.len()
    }

    fn all(_: &Scope, cx: &Cx<'_>) -> Vec<RowKey> {
        cx.runs.iter().map(|run| RowKey::Action(run.id)).collect()
    }

    fn within(_: &&Run, _: &Scope, _: &Cx<'_>) -> bool {
        true
    }

    fn labels<'a>(_: &&'a Run, _: &Cx<'a>) -> Option<&'a crate::model::Labels> {
        None
    }

    /// The last first.
    fn natural(run: &&Run, _: &Cx<'_>) -> Value {
        Value::Int(-i64::try_from(run.id.0).unwrap_or(i64::MAX))
    }

    fn tie(run: &&Run) -> (Text, Text) {
        (run.who.clone(), run.who.clone())
    }
}

impl Rows for Items {
    type Row<'a> = Item;
    const NAME: &'static str = "things";
    const ANYWHERE: bool = true;
    const IN_ORDER: bool = false;

    fn columns() -> &'static [Column<Self>] {
        ITEMS
    }

    fn get<'a>(key: &RowKey, cx: &Cx<'a>) -> Option<Item> {
        let RowKey::Item(id, at) = key else {
            return None;
        };
        items(cx.runs.iter().find(|run| run.id == *id)?).nth(usize::try_from(*at).ok()?)
    }

    fn most(cx: &Cx<'_>) -> usize {
        cx.runs.len()
    }

    fn all(scope: &Scope, cx: &Cx<'_>) -> Vec<RowKey> {
        let Scope::Action(id) = scope else {
            return Vec::new();
        };
        let run = cx.runs.iter().find(|run| run.id == *id);
        let count = run.map_or(0, |run| items(run).count());
        (0..u32::try_from(count).unwrap_or(u32::MAX))
            .map(|at| RowKey::Item(*id, at))
            .collect()
    }

    fn within(_: &Item, _: &Scope, _: &Cx<'_>) -> bool {
        true
    }

    fn labels<'a>(_: &Item, _: &Cx<'a>) -> Option<&'a crate::model::Labels> {
        None
    }

    fn natural(item: &Item, _: &Cx<'_>) -> Value {
        Value::Int(i64::try_from(item.index).unwrap_or(i64::MAX))
    }

    fn tie(item: &Item) -> (Text, Text) {
        (item.namespace.clone(), item.name.clone())
    }
}

fn state(run: &Run) -> Span {
    if !run.over() {
        Span::new("● running", Tone::Busy)
    } else if run.succeeded() {
        Span::new("✓ done", Tone::Good)
    } else {
        Span::new("✕ not done", Tone::Bad)
    }
}

fn what(run: &Run) -> String {
    let dry = if run.dry_run == DryRun::Off {
        ""
    } else {
        " (dry run)"
    };
    format!("{}{dry}", run.operation.word())
}

fn uids(run: &Run) -> String {
    run.subjects()
        .map(|s| &*s.uid)
        .collect::<Vec<_>>()
        .join(",")
}

#[rustfmt::skip]
static ACTIONS: &[Column<Actions>] = &[
    Column { title: "ACTION", width: Width::Fixed(11), right: false, rank: 0, find: Find::Cell, way: Sorted::Up,
        cell: |r, _| Span::new(what(r), Tone::Plain), key: |r, _| Value::Text(what(r).into()) },
    Column { title: "WHAT", width: Width::Grow(14, 2), right: false, rank: 0, find: Find::Cell, way: Sorted::Up,
        cell: |r, _| Span::new(r.title(), Tone::Plain), key: |r, _| Value::Text(r.title().into()) },
    Column { title: "STATE", width: Width::Fixed(10), right: false, rank: 0, find: Find::Cell, way: Sorted::Up,
        cell: |r, _| state(r), key: |r, _| Value::Text(state(r).text.into()) },
    Column { title: "RESULT", width: Width::Grow(16, 4), right: false, rank: 0, find: Find::Cell, way: Sorted::Up,
        cell: |r, _| Span::new(r.result(), Tone::Plain), key: |r, _| Value::Text(r.result().into()) },
    Column { title: "WHO", width: Width::Grow(6, 1), right: false, rank: 1, find: Find::Cell, way: Sorted::Up,
        cell: |r, _| text::plain(&r.who), key: |r, _| Value::text(&r.who) },
    Column { title: "BEGAN", width: Width::Fixed(8), right: false, rank: 1, find: Find::Moves, way: Sorted::Down,
        cell: |r, _| Span::new(r.began.format("%H:%M:%S").to_string(), Tone::Dim),
        key: |r, _| Value::Int(r.began.timestamp_millis()) },
    Column { title: "UID", width: Width::Grow(8, 1), right: false, rank: 2, find: Find::Cell, way: Sorted::Up,
        cell: |r, _| Span::new(uids(r), Tone::Dim), key: |r, _| Value::Text(uids(r).into()) },
    // Where it was done: the cluster may be gone.
    Column { find: Find::Text(|r| &r.context),
        cell: |r, _| text::plain(&r.context), key: |r, _| Value::text(&r.context), ..cluster() },
];

#[rustfmt::skip]
static ITEMS: &[Column<Items>] = &[
    Column { title: "NAMESPACE", width: Width::Grow(9, 1), right: false, rank: 1, find: Find::Cell, way: Sorted::Up,
        cell: |i, _| text::plain(&i.namespace), key: |i, _| Value::text(&i.namespace) },
    Column { title: "NAME", width: Width::Grow(18, 3), right: false, rank: 0, find: Find::Cell, way: Sorted::Up,
        cell: |i, _| text::plain(&i.name), key: |i, _| Value::text(&i.name) },
    Column { title: "STANDING", width: Width::Fixed(11), right: false, rank: 0, find: Find::Cell, way: Sorted::Up,
        cell: |i, _| i.standing.clone(), key: |i, _| Value::Text(i.standing.text.to_string().into()) },
    Column { title: "DETAIL", width: Width::Grow(14, 4), right: false, rank: 0, find: Find::Cell, way: Sorted::Up,
        cell: |i, _| text::plain(&i.detail), key: |i, _| Value::text(&i.detail) },
];

//! Events that say the same in one row.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::{EventRow, Group, Sort};
use crate::model::{ClusterEvent, Text};

/// Hashes what a message says but for its numbers and names: every word with a digit in it is one and the
/// same, so that `3 Insufficient cpu` and `4 Insufficient cpu` are alike.
fn shape(message: &str, hasher: &mut DefaultHasher) {
    let mut rest = message;
    while let Some(first) = rest.chars().next() {
        let word = rest
            .find(|c: char| !c.is_alphanumeric())
            .map_or(rest, |end| &rest[..end]);
        if word.is_empty() {
            first.hash(hasher);
            rest = &rest[first.len_utf8()..];
            continue;
        }
        if word.bytes().any(|b| b.is_ascii_digit()) {
            '#'.hash(hasher);
        } else {
            word.hash(hasher);
        }
        rest = &rest[word.len()..];
    }
}

fn key(event: &ClusterEvent) -> u64 {
    let mut hasher = DefaultHasher::new();
    let about = &event.regarding;
    (&about.kind, &about.namespace, &about.name, &about.field).hash(&mut hasher);
    (event.warning, &event.reason).hash(&mut hasher);
    shape(&event.message, &mut hasher);
    hasher.finish()
}

/// One row for those about the same object with the same reason and shape of message, told by its last, in
/// the order in which they were seen last.
pub(super) fn merged(events: &[&ClusterEvent]) -> Vec<EventRow> {
    let mut at: HashMap<u64, usize> = HashMap::new();
    let mut rows: Vec<EventRow> = Vec::new();
    for event in events {
        let key = key(event);
        let (first, last) = (event.first.utc(), event.last.utc());
        if let Some(row) = at.get(&key).and_then(|at| rows.get_mut(*at)) {
            row.count += u64::from(event.count);
            row.first = row.first.min(first);
            if last >= row.last {
                row.last = last;
                row.message = event.message.clone();
            }
            continue;
        }
        at.insert(key, rows.len());
        rows.push(EventRow {
            key,
            sort: if event.warning {
                Sort::Warning
            } else {
                Sort::Normal
            },
            first,
            last,
            count: event.count.into(),
            reason: event.reason.clone(),
            message: event.message.clone(),
            kind: event.regarding.kind.clone(),
            namespace: event.regarding.namespace.clone(),
            name: event.regarding.name.clone(),
            container: event.regarding.container().unwrap_or_default().into(),
            source: event.source.clone(),
            node: event.node.clone(),
        });
    }
    rows
}

/// What a group is made of while it is gathered.
struct Gathering<'a> {
    group: Group,
    objects: HashSet<(&'a Text, &'a Text, &'a Text)>,
    nodes: HashSet<&'a Text>,
}

/// One group a type and reason.
pub(super) fn groups(events: &[&ClusterEvent]) -> Vec<Group> {
    let mut found: BTreeMap<(bool, &Text), Gathering<'_>> = BTreeMap::new();
    for event in events {
        let (first, last) = (event.first.utc(), event.last.utc());
        let about = &event.regarding;
        let gathering = found
            .entry((!event.warning, &event.reason))
            .or_insert_with(|| {
                let mut hasher = DefaultHasher::new();
                (event.warning, &event.reason).hash(&mut hasher);
                Gathering {
                    group: Group {
                        key: hasher.finish(),
                        warning: event.warning,
                        reason: event.reason.clone(),
                        first,
                        last,
                        count: 0,
                        objects: 0,
                        nodes: 0,
                        message: event.message.clone(),
                        kind: about.kind.clone(),
                        source: event.source.clone(),
                    },
                    objects: HashSet::new(),
                    nodes: HashSet::new(),
                }
            });
        let group = &mut gathering.group;
        group.count += u64::from(event.count);
        group.first = group.first.min(first);
        if last >= group.last {
            group.last = last;
            group.message = event.message.clone();
        }
        if group.kind != about.kind {
            group.kind = "object".into();
        }
        gathering
            .objects
            .insert((&about.kind, &about.namespace, &about.name));
        let node = if &*about.kind == "Node" {
            &about.name
        } else {
            &event.node
        };
        if !node.is_empty() {
            gathering.nodes.insert(node);
        }
    }
    let whole = |gathering: Gathering<'_>| Group {
        objects: gathering.objects.len(),
        nodes: gathering.nodes.len(),
        ..gathering.group
    };
    found.into_values().map(whole).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing::{at, event};

    #[test]
    fn what_is_alike_but_for_numbers_is_one_row() {
        let one = |about: &str, reason: &str, message: &str, seconds: i64, count: u32| {
            let mut one = event(about, reason, message);
            one.first = at(seconds).into();
            one.last = at(seconds + 10).into();
            one.count = count;
            one
        };
        let events = [
            one(
                "Pod ci/a",
                "FailedScheduling",
                "0/12 nodes: 9 Insufficient cpu",
                0,
                3,
            ),
            one(
                "Pod ci/a",
                "FailedScheduling",
                "0/13 nodes: 10 Insufficient cpu",
                60,
                2,
            ),
            one(
                "Pod ci/a",
                "FailedScheduling",
                "0/13 nodes: 10 Insufficient memory",
                70,
                1,
            ),
            one(
                "Pod ci/b",
                "FailedScheduling",
                "0/12 nodes: 9 Insufficient cpu",
                80,
                1,
            ),
        ];
        let events: Vec<&ClusterEvent> = events.iter().collect();
        let rows: Vec<_> = merged(&events)
            .into_iter()
            .map(|r| {
                (
                    r.name.to_string(),
                    r.count,
                    r.first,
                    r.last,
                    r.message.to_string(),
                )
            })
            .collect();
        let row = |name: &str, count, first, last, message: &str| {
            (
                name.to_owned(),
                count,
                at(first),
                at(last),
                message.to_owned(),
            )
        };
        assert_eq!(
            rows,
            [
                row("a", 5, 0, 70, "0/13 nodes: 10 Insufficient cpu"),
                row("a", 1, 70, 80, "0/13 nodes: 10 Insufficient memory"),
                row("b", 1, 80, 90, "0/12 nodes: 9 Insufficient cpu"),
            ]
        );
        let groups = groups(&events);
        let [group] = &groups[..] else {
            panic!("{groups:?}")
        };
        assert_eq!(
            (
                group.count,
                group.objects,
                group.nodes,
                group.first,
                group.last
            ),
            (7, 2, 0, at(0), at(90))
        );
    }
}

//! Nodes that are to come: claimed, or asked for by an autoscaler, and not registered. After a while that is
//! worth a word of its own: they never arrived.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::nodelife::NEVER;
use super::text::age;
use super::view::{Line, Span, Tone};
use crate::model::{Model, Place, Text};

/// karpenter.sh/v1.
pub(super) const NODE_CLAIMS: &str = "/apis/karpenter.sh/v1/nodeclaims?limit=500";
/// cluster.x-k8s.io/v1beta1, which all its versions serve.
pub(super) const MACHINES: &str = "/apis/cluster.x-k8s.io/v1beta1/machines?limit=500";
/// Events of the cluster autoscaler, about the pods for which it acts.
pub(super) const SCALE_UPS: &str =
    "/api/v1/events?fieldSelector=reason%3DTriggeredScaleUp&limit=200";

/// Nodes that somebody has asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Arrival {
    pub(super) pool: Text,
    pub(super) since: DateTime<Utc>,
    /// The node's name, once it is known: it may have registered meanwhile.
    pub(super) node: Option<Text>,
    pub(super) count: u32,
}

/// All of a cluster.
#[derive(Clone, Debug, Default)]
pub(super) struct Arrivals {
    pub(super) claims: Vec<Arrival>,
    pub(super) machines: Vec<Arrival>,
    pub(super) scale_ups: Vec<Arrival>,
}

/// A pool's, added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Coming {
    coming: u32,
    coming_since: Option<DateTime<Utc>>,
    never: u32,
    never_since: Option<DateTime<Utc>>,
}

impl Arrivals {
    /// What is to come to a pool. Claims say more than the events of an autoscaler.
    pub(super) fn of(&self, pool: &str, model: &Model, now: DateTime<Utc>) -> Coming {
        let mut sum = Coming::default();
        let mine = |a: &&Arrival| {
            let there = |node: &Text| model.node(node).is_some();
            *a.pool == *pool && !a.node.as_ref().is_some_and(there)
        };
        let claimed: Vec<&Arrival> = self
            .claims
            .iter()
            .chain(&self.machines)
            .filter(mine)
            .collect();
        let asked = self.scale_ups.iter().filter(mine);
        let all: Vec<&Arrival> = if claimed.is_empty() {
            asked.collect()
        } else {
            claimed
        };
        for arrival in all {
            let (count, since) = if now - arrival.since >= NEVER {
                (&mut sum.never, &mut sum.never_since)
            } else {
                (&mut sum.coming, &mut sum.coming_since)
            };
            *count += arrival.count;
            *since = Some(since.map_or(arrival.since, |known| known.min(arrival.since)));
        }
        sum
    }
}

impl Coming {
    /// `2 coming 40s`, `✕ 1 never arrived (14m)`.
    pub(super) fn facts(self, now: DateTime<Utc>) -> Vec<Line> {
        let mut facts = Vec::new();
        if let Some(since) = self.coming_since {
            let text = format!("◌ {} claimed {}", self.coming, age(since, now));
            facts.push(vec![Span::new(text, Tone::Busy)]);
        }
        if let Some(since) = self.never_since {
            let text = format!("✕ {} never arrived ({})", self.never, age(since, now));
            facts.push(vec![Span::new(text, Tone::Bad)]);
        }
        facts
    }
}

fn items(list: Option<&Value>) -> impl Iterator<Item = &Value> {
    list.and_then(|list| list["items"].as_array())
        .into_iter()
        .flatten()
}

fn time(value: &Value) -> Option<DateTime<Utc>> {
    let text = value.as_str()?;
    DateTime::parse_from_rfc3339(text).ok().map(|t| t.to_utc())
}

fn text(value: &Value) -> Option<Text> {
    let text = value.as_str().filter(|text| !text.is_empty())?;
    Some(text.into())
}

/// NodeClaims that no node has registered for.
pub(super) fn claims(list: Option<&Value>) -> Vec<Arrival> {
    let read = |claim: &Value| {
        let meta = &claim["metadata"];
        let conditions = claim["status"]["conditions"].as_array();
        let registered = conditions
            .into_iter()
            .flatten()
            .any(|condition| condition["type"] == "Registered" && condition["status"] == "True");
        if registered || !meta["deletionTimestamp"].is_null() {
            return None;
        }
        Some(Arrival {
            pool: text(&meta["labels"]["karpenter.sh/nodepool"])?,
            since: time(&meta["creationTimestamp"])?,
            node: text(&claim["status"]["nodeName"]),
            count: 1,
        })
    };
    items(list).filter_map(read).collect()
}

/// Machines without a node.
pub(super) fn machines(list: Option<&Value>) -> Vec<Arrival> {
    let read = |machine: &Value| {
        let (meta, status) = (&machine["metadata"], &machine["status"]);
        if !status["nodeRef"].is_null() || !meta["deletionTimestamp"].is_null() {
            return None;
        }
        let labels = &meta["labels"];
        let pool = [
            "cluster.x-k8s.io/pool-name",
            "cluster.x-k8s.io/deployment-name",
        ]
        .into_iter()
        .find_map(|key| text(&labels[key]))?;
        Some(Arrival {
            pool,
            since: time(&meta["creationTimestamp"])?,
            node: None,
            count: 1,
        })
    };
    items(list).filter_map(read).collect()
}

/// Scale-ups whose pods still wait, one for each group of nodes, for the pool that the pods wait for.
pub(super) fn scale_ups(list: Option<&Value>, model: &Model) -> Vec<Arrival> {
    let mut found: Vec<(String, Arrival)> = Vec::new();
    for event in items(list) {
        let about = &event["involvedObject"];
        let (Some(namespace), Some(name)) = (about["namespace"].as_str(), about["name"].as_str())
        else {
            continue;
        };
        let waits = model
            .pod_named(namespace, name)
            .filter(|pod| pod.node.is_none())
            .and_then(|pod| model.job_key_of_pod(&pod.meta.uid))
            .and_then(|key| model.place(&key));
        let Some(Place::One(pool)) = waits else {
            continue;
        };
        let since = time(&event["firstTimestamp"]).or_else(|| time(&event["eventTime"]));
        let (Some(since), Some(message)) = (since, event["message"].as_str()) else {
            continue;
        };
        for (group, count) in grown(message) {
            let key = format!("{pool} {group}");
            match found.iter_mut().find(|(known, _)| *known == key) {
                // Each pod tells of the same scale-up.
                Some((_, arrival)) => {
                    arrival.since = arrival.since.min(since);
                    arrival.count = arrival.count.max(count);
                }
                None => found.push((
                    key,
                    Arrival {
                        pool: pool.clone(),
                        since,
                        node: None,
                        count,
                    },
                )),
            }
        }
    }
    found.into_iter().map(|(_, arrival)| arrival).collect()
}

/// Groups and by how many nodes they grow, out of
/// `pod triggered scale-up: [{eks-runner-large-1 3->5 (max: 26)} {…}]`.
fn grown(message: &str) -> Vec<(&str, u32)> {
    let parts = message.split('{').skip(1);
    let group = |part: &'_ str| -> Option<(usize, u32)> {
        let (name, rest) = part.split_once(' ')?;
        let (from, rest) = rest.split_once("->")?;
        let to = rest.split(|c: char| !c.is_ascii_digit()).next()?;
        let (from, to): (u32, u32) = (from.trim().parse().ok()?, to.parse().ok()?);
        Some((name.len(), to.saturating_sub(from).max(1)))
    };
    parts
        .filter_map(|part| group(part).map(|(end, count)| (&part[..end], count)))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::RankRules;
    use crate::model::testing::at;

    #[test]
    fn what_an_autoscaler_says() {
        assert_eq!(
            grown("pod triggered scale-up: [{eks-large-1 3->5 (max: 26)} {b 0->1 (max: 4)}]"),
            [("eks-large-1", 2), ("b", 1)]
        );
        assert_eq!(grown("nothing"), []);
    }

    #[test]
    fn claims_that_bring_no_node() {
        let claim = |minutes: i64, registered: &str| {
            json!({
                "metadata": {
                    "labels": {"karpenter.sh/nodepool": "ci"},
                    "creationTimestamp": (at(0) - chrono::TimeDelta::minutes(minutes)).to_rfc3339(),
                },
                "status": {"conditions": [{"type": "Registered", "status": registered}]}
            })
        };
        let list = json!({"items": [claim(1, "Unknown"), claim(3, "False"), claim(14, "False"), claim(2, "True")]});
        let arrivals = Arrivals {
            claims: claims(Some(&list)),
            ..Arrivals::default()
        };
        let model = Model::new(RankRules::default());
        let facts: Vec<String> = arrivals
            .of("ci", &model, at(0))
            .facts(at(0))
            .iter()
            .map(|line| line.iter().map(|s| &*s.text).collect())
            .collect();
        assert_eq!(facts, ["◌ 2 claimed 3m", "✕ 1 never arrived (14m)"]);
        assert!(arrivals.of("other", &model, at(0)).facts(at(0)).is_empty());
    }
}

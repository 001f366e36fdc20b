//! NodeMetrics and PodMetrics of metrics.k8s.io: a name and two integers.

use serde::Deserialize;

use super::node::RawAmounts;
use super::raw::{List, Part, Str};
use crate::cluster::harmless;
use crate::model::{Text, Usage};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawMetrics<'a> {
    #[serde(borrow)]
    metadata: Part<RawName<'a>>,
    usage: Option<RawAmounts>,
    containers: List<RawContainer>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawName<'a> {
    #[serde(borrow)]
    name: Str<'a>,
    #[serde(borrow)]
    namespace: Str<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawContainer {
    usage: Part<RawAmounts>,
}

fn usage(amounts: &RawAmounts) -> (i64, i64) {
    let found = amounts.resources();
    (found.cpu, found.memory)
}

/// Namespace (empty for a node), name and use of one item of a list. `None`: it cannot be read, or nothing
/// was measured of it.
pub fn metrics(json: &[u8]) -> Option<(Text, Text, Usage)> {
    let raw: RawMetrics<'_> = serde_json::from_slice(json).ok()?;
    let (cpu, memory) = match &raw.usage {
        Some(own) => usage(own),
        None if raw.containers.is_empty() => return None,
        None => raw.containers.iter().fold((0, 0), |sum, container| {
            let (cpu, memory) = usage(&container.usage);
            (sum.0 + cpu, sum.1 + memory)
        }),
    };
    let text = |text: &str| Text::from(harmless::plain(text));
    Some((
        text(&raw.metadata.namespace),
        text(&raw.metadata.name),
        Usage::new(cpu, memory),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_and_pods() {
        for (json, want) in [
            (
                r#"{"metadata":{"name":"p-1","labels":{"a":"b"}},"window":"10s","usage":{"cpu":"1500250123n","memory":"2048Ki"}}"#,
                Some((
                    "",
                    "p-1",
                    Usage {
                        cpu: 1501,
                        kib: 2048,
                    },
                )),
            ),
            (
                r#"{"metadata":{"name":"x","namespace":"ci"},"containers":[{"name":"a","usage":{"cpu":"250m","memory":"1Mi"}},{"name":"b","usage":{"cpu":"1","memory":"3Mi"}}]}"#,
                Some((
                    "ci",
                    "x",
                    Usage {
                        cpu: 1250,
                        kib: 4096,
                    },
                )),
            ),
            (
                r#"{"metadata":{"name":"x","namespace":"ci"},"containers":[]}"#,
                None,
            ),
            (r#"{"metadata":null"#, None),
        ] {
            let found = metrics(json.as_bytes());
            let found = found
                .as_ref()
                .map(|(ns, name, usage)| (&**ns, &**name, *usage));
            assert_eq!(found, want, "{json}");
        }
    }
}

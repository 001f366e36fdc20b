//! What fills a node's disk: the kubelet's own figures, read through the API server while the node's screen or
//! that of a job on it is on top, where the rights allow it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::asks::{Answer, Failure};
use super::text::{memory, percent};
use super::view::{Line, Span, Tone};
use crate::model::{Pod, Text};

/// Volumes of a pod that are named.
const NAMED: usize = 4;

/// A file system: used, capacity; bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Filled {
    used: i64,
    of: i64,
}

/// A pod's part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct PodDisk {
    ephemeral: i64,
    volumes: Vec<(Text, Filled)>,
}

/// A node's disk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Disk {
    node: Option<Filled>,
    images: Option<Filled>,
    pods: BTreeMap<Text, PodDisk>,
}

fn filled(value: &Value) -> Option<Filled> {
    Some(Filled {
        used: value["usedBytes"].as_i64()?,
        of: value["capacityBytes"].as_i64()?,
    })
}

/// Out of the kubelet's summary. What cannot be had is said.
pub(super) fn read(answer: Answer) -> Result<Disk, Text> {
    let summary = answer.map_err(|failure| match failure {
        Failure::Denied(_) => "denied (get nodes/proxy)".into(),
        Failure::Gone(_) => "not served by its kubelet".into(),
        Failure::Expired(why) | Failure::Refused(_, why) | Failure::Lost(why) => why,
    })?;
    let node = &summary["node"];
    let pods = summary["pods"].as_array().into_iter().flatten();
    let pod = |pod: &Value| {
        let uid: Text = pod["podRef"]["uid"].as_str()?.into();
        let volumes = pod["volume"].as_array().into_iter().flatten();
        let volumes = volumes.filter_map(|volume| {
            let name = volume["name"].as_str()?;
            // The token that every pod has.
            let shown = !name.starts_with("kube-api-access");
            shown.then_some((name.into(), filled(volume)?))
        });
        let disk = PodDisk {
            ephemeral: pod["ephemeral-storage"]["usedBytes"].as_i64()?,
            volumes: volumes.collect(),
        };
        Some((uid, disk))
    };
    Ok(Disk {
        node: filled(&node["fs"]),
        images: filled(&node["runtime"]["imageFs"]),
        pods: pods.filter_map(pod).collect(),
    })
}

impl Disk {
    /// `41G of 100G, 41%; images 12G`.
    pub(super) fn of_node(&self) -> Line {
        let Some(node) = self.node else {
            return vec![Span::new("? (its kubelet does not tell)", Tone::Dim)];
        };
        let share = percent(node.used, node.of);
        let full = node.used * 100 >= node.of * 85;
        let tone = if full { Tone::Warn } else { Tone::Plain };
        let mut line = vec![Span::new(
            format!("{} of {}, {share}", memory(node.used), memory(node.of)),
            tone,
        )];
        if let Some(images) = self.images {
            let text = format!("; images {}", memory(images.used));
            line.push(Span::new(text, Tone::Plain));
        }
        line
    }

    /// `ephemeral 1.2G of limit 2G; cache 3.1G of 10G`; `None`: nothing is told of the pod.
    pub(super) fn of_pod(&self, pod: &Pod) -> Option<Line> {
        let disk = self.pods.get(&pod.meta.uid.text())?;
        let limit: i64 = pod.main_containers().map(|c| c.spec.limits.storage).sum();
        let of = match limit {
            0 => String::new(),
            limit => format!(" of limit {}", memory(limit)),
        };
        let tone = if limit > 0 && disk.ephemeral * 10 >= limit * 9 {
            Tone::Warn
        } else {
            Tone::Plain
        };
        let text = format!("ephemeral {}{of}", memory(disk.ephemeral));
        let mut line = vec![Span::new(text, tone)];
        for (name, volume) in disk.volumes.iter().take(NAMED) {
            let text = format!("; {name} {} of {}", memory(volume.used), memory(volume.of));
            line.push(Span::new(text, Tone::Plain));
        }
        Some(line)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_kubelets_summary() {
        const G: i64 = 1 << 30;
        let disk = read(Ok(json!({
            "node": {"fs": {"usedBytes": 90 * G, "capacityBytes": 100 * G}, "runtime": {"imageFs": {"usedBytes": 12 * G, "capacityBytes": 100 * G}}},
            "pods": [{"podRef": {"uid": "uid-p"}, "ephemeral-storage": {"usedBytes": 2 * G},
                "volume": [{"name": "cache", "usedBytes": G, "capacityBytes": 10 * G}, {"name": "kube-api-access-x", "usedBytes": 1, "capacityBytes": 2}]}]
        })))
        .unwrap();
        let text = |line: Line| line.iter().map(|s| &*s.text).collect::<String>();
        assert_eq!(text(disk.of_node()), "90G of 100G, 90%; images 12G");
        let pod = crate::model::testing::pod("a/p", "");
        assert_eq!(
            disk.of_pod(&pod).map(text).as_deref(),
            Some("ephemeral 2G; cache 1G of 10G")
        );
        let denied = read(Err(Failure::Denied("x".into())));
        assert_eq!(denied, Err("denied (get nodes/proxy)".into()));
    }
}

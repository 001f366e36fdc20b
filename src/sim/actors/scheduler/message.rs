//! Why nothing fits, in the words of the 1.37 scheduler.

use std::collections::BTreeMap;

use super::fit::{LACKS, Refusal};

/// Counts refusals by kind.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    counts: BTreeMap<Refusal, usize>,
    nodes: usize,
}

impl Refusals {
    pub(crate) fn add(&mut self, refusal: Refusal) {
        *self.counts.entry(refusal).or_default() += 1;
        self.nodes += 1;
    }

    /// `0/63 nodes are available: 24 Insufficient cpu, …`
    pub(crate) fn message(&self) -> String {
        if self.nodes == 0 {
            return "no nodes available to schedule pods".to_owned();
        }
        let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
        let (mut no_victims, mut no_help) = (0, 0);
        for (&refusal, &n) in &self.counts {
            match refusal {
                Refusal::Unschedulable => {
                    *reasons.entry("node(s) were unschedulable").or_default() += n
                }
                Refusal::Taint => {
                    *reasons
                        .entry("node(s) had untolerated taint(s)")
                        .or_default() += n
                }
                Refusal::Affinity => {
                    *reasons
                        .entry("node(s) didn't match Pod's node affinity/selector")
                        .or_default() += n;
                }
                Refusal::Lacks(bits, _) => {
                    for (bit, words) in LACKS.iter().enumerate() {
                        if bits & (1 << bit) != 0 {
                            *reasons.entry(words).or_default() += n;
                        }
                    }
                }
            }
            match refusal {
                Refusal::Lacks(_, false) => no_victims += n,
                _ => no_help += n,
            }
        }
        let preemption = [
            (no_victims, "No preemption victims found for incoming pod"),
            (no_help, "Preemption is not helpful for scheduling"),
        ];
        let all = self.nodes;
        format!(
            "0/{all} nodes are available: {}. no new claims to deallocate, preemption: 0/{all} nodes are available: {}.",
            sorted(reasons.into_iter().map(|(words, n)| (n, words))),
            sorted(preemption.into_iter().filter(|(n, _)| *n > 0)),
        )
    }
}

/// The scheduler sorts the finished texts, so `10 x` stands before `9 y`.
fn sorted<'a>(parts: impl Iterator<Item = (usize, &'a str)>) -> String {
    let mut texts: Vec<String> = parts.map(|(n, words)| format!("{n} {words}")).collect();
    texts.sort();
    texts.join(", ")
}

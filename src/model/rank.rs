//! Which rank a pool has, and why.

use std::fmt;

use super::id::Text;
use super::node::Node;
use super::resources::Resources;

/// What runs in a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rank {
    /// The control plane.
    Controllers,
    /// The platform's own services.
    Patricians,
    /// CI jobs.
    Peasants,
}

impl Rank {
    /// In the order of the screen.
    pub const ALL: [Self; 3] = [Self::Controllers, Self::Patricians, Self::Peasants];

    /// As JSON and the config write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Controllers => "controllers",
            Self::Patricians => "patricians",
            Self::Peasants => "peasants",
        }
    }

    /// Reads [`Rank::as_str`]'s words, in any case.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|r| r.as_str().eq_ignore_ascii_case(text))
    }
}

impl fmt::Display for Rank {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A rank with its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranking {
    /// The rank.
    pub rank: Rank,
    /// Why, in a few words.
    pub why: Text,
    /// Set by the config or the user, not inferred.
    pub set: bool,
}

/// What the config says about ranks: the first rule whose pattern matches a pool's name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RankRules(pub Vec<(String, Rank)>);

impl RankRules {
    /// The rank of a pool, if a rule names it. A pattern is a name; `*` stands for any run of characters.
    pub fn of(&self, pool: &str) -> Option<Ranking> {
        let (pattern, rank) = self.0.iter().find(|(p, _)| glob(p, pool))?;
        Some(Ranking {
            rank: *rank,
            why: format!("the config says so of {pattern}").into(),
            set: true,
        })
    }
}

/// Whether a text matches a pattern in which `*` stands for any characters.
pub fn glob(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, rest)) => text.strip_prefix(head).is_some_and(|tail| {
            (0..=tail.len()).any(|at| tail.is_char_boundary(at) && glob(rest, &tail[at..]))
        }),
    }
}

/// The words that mean CI.
const WORDS: [&str; 7] = ["runner", "runners", "ci", "build", "builds", "job", "jobs"];

/// Domains whose keys say nothing about what a pool is for: Kubernetes, clouds, autoscalers, CNIs, drivers.
const FOREIGN: [&str; 24] = [
    "kubernetes.io",
    "k8s.io",
    "google.com",
    "gke.io",
    "amazonaws.com",
    "k8s.aws",
    "eksctl.io",
    "azure.com",
    "microsoft.com",
    "digitalocean.com",
    "oraclecloud.com",
    "karpenter.sh",
    "cattle.io",
    "k3s.io",
    "rke2.io",
    "openshift.io",
    "cilium.io",
    "projectcalico.org",
    "tigera.io",
    "coreos.com",
    "antrea.io",
    "weave.works",
    "nvidia.com",
    "aws-node-termination-handler",
];

/// The first whole word of the list in a text, words being runs of letters and digits.
pub fn ci_word(text: &str) -> Option<&'static str> {
    text.split(|c: char| !c.is_ascii_alphanumeric())
        .find_map(|word| WORDS.into_iter().find(|w| word.eq_ignore_ascii_case(w)))
}

fn foreign(key: &str) -> bool {
    key.split_once('/').is_some_and(|(domain, _)| {
        FOREIGN.iter().any(|f| {
            domain
                .strip_suffix(f)
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        })
    })
}

/// Whether a node belongs to the control plane, and by what it says so.
pub fn control_plane(node: &Node) -> Option<String> {
    const KEYS: [&str; 2] = [
        "node-role.kubernetes.io/control-plane",
        "node-role.kubernetes.io/master",
    ];
    KEYS.into_iter().find_map(|key| {
        if node.meta.label(key).is_some() {
            Some(format!("label {key}"))
        } else {
            let tainted = node.taints.iter().any(|t| &*t.key == key);
            tainted.then(|| format!("taint {key}"))
        }
    })
}

/// What rank a pool has by its names: node labels and taints count when more than half of its nodes have
/// them, so that one node somebody marked does not turn a pool.
pub(crate) fn by_names(pool: &str, nodes: &[&Node]) -> Option<Ranking> {
    let inferred = |rank, why: String| {
        Some(Ranking {
            rank,
            why: why.into(),
            set: false,
        })
    };
    if let Some(why) = nodes.iter().find_map(|n| control_plane(n)) {
        return inferred(Rank::Controllers, why);
    }
    if let Some(word) = ci_word(pool) {
        return inferred(Rank::Peasants, format!("'{word}' in its name"));
    }
    let most =
        |has: &dyn Fn(&Node) -> bool| 2 * nodes.iter().filter(|n| has(n)).count() > nodes.len();
    for taint in nodes.iter().flat_map(|n| n.taints.iter()) {
        if foreign(&taint.key) {
            continue;
        }
        if let Some(word) = ci_word(&taint.key).or_else(|| ci_word(&taint.value))
            && most(&|n| {
                n.taints
                    .iter()
                    .any(|t| t.key == taint.key && t.value == taint.value)
            })
        {
            return inferred(Rank::Peasants, format!("'{word}' in taint {}", taint.key));
        }
    }
    for (key, value) in nodes.iter().flat_map(|n| n.meta.labels.iter()) {
        if foreign(key) {
            continue;
        }
        if let Some(word) = ci_word(key).or_else(|| ci_word(value))
            && most(&|n| n.meta.label(key) == Some(value))
        {
            return inferred(Rank::Peasants, format!("'{word}' in label {key}={value}"));
        }
    }
    None
}

/// What rank a pool has by what runs there: CI job pods against all that is not on each node alike.
/// `None` where nothing runs that could tell.
pub(crate) fn by_load(ci: Resources, others: Resources) -> Option<Ranking> {
    let (part, all) = if others.cpu > 0 {
        (ci.cpu, others.cpu)
    } else if others.memory > 0 {
        (ci.memory, others.memory)
    } else {
        (ci.pods, others.pods)
    };
    if all <= 0 {
        return None;
    }
    let percent = part * 100 / all;
    Some(if 2 * part > all {
        Ranking {
            rank: Rank::Peasants,
            why: format!("CI jobs hold {percent}% of its requests").into(),
            set: false,
        }
    } else {
        patricians()
    })
}

/// The rank of everything else.
pub(crate) fn patricians() -> Ranking {
    Ranking {
        rank: Rank::Patricians,
        why: "nothing says control plane or CI".into(),
        set: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_whole() {
        let cases = [
            ("runner-large", Some("runner")),
            ("prod-ci", Some("ci")),
            ("CI_builds", Some("ci")),
            ("jobs.constable/public", Some("jobs")),
            ("capacity", None),
            ("cilium", None),
            ("windows-building", None),
            ("patricians", None),
            ("", None),
        ];
        for (text, want) in cases {
            assert_eq!(ci_word(text), want, "{text}");
        }
        for key in [
            "node.kubernetes.io/windows-build",
            "kubernetes.io/ci",
            "cloud.google.com/gke-build",
            "io.cilium.io/job",
            "karpenter.sh/job",
        ] {
            assert!(foreign(key), "{key}");
        }
        for key in [
            "ci",
            "example.com/ci",
            "mykubernetes.io/ci",
            "jobs.constable/public",
        ] {
            assert!(!foreign(key), "{key}");
        }
    }

    #[test]
    fn rules_match_by_glob_and_the_first_wins() {
        let rules = RankRules(vec![
            ("gpu-*".into(), Rank::Peasants),
            ("*-infra".into(), Rank::Patricians),
            ("default".into(), Rank::Peasants),
        ]);
        let cases = [
            ("gpu-a", Some(Rank::Peasants)),
            ("gpu-infra", Some(Rank::Peasants)),
            ("eu-infra", Some(Rank::Patricians)),
            ("default", Some(Rank::Peasants)),
            ("default-2", None),
        ];
        for (pool, want) in cases {
            assert_eq!(rules.of(pool).map(|r| r.rank), want, "{pool}");
        }
    }

    #[test]
    fn load_decides_by_most() {
        let r = |cpu, pods| Resources {
            cpu,
            pods,
            ..Resources::default()
        };
        let cases = [
            (r(600, 1), r(1_000, 9), Some(Rank::Peasants)),
            (r(500, 1), r(1_000, 9), Some(Rank::Patricians)),
            (r(0, 5), r(0, 9), Some(Rank::Peasants)),
            (r(0, 0), r(0, 0), None),
        ];
        for (ci, all, want) in cases {
            assert_eq!(by_load(ci, all).map(|r| r.rank), want, "{ci:?} {all:?}");
        }
    }
}

//! Scenarios: what cluster, what load, and what goes wrong when, as a TOML file.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Deserializer};
use toml::Spanned;

/// A scenario file. What it leaves out is the default demo's.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scenario {
    /// Seed of all luck.
    pub seed: Option<u64>,
    /// Nodes in all.
    pub nodes: Option<usize>,
    /// Jobs a minute.
    pub rate: Option<f64>,
    /// The cluster's time when the console opens.
    pub start: Option<Start>,
    /// Pools in place of the default ones.
    pub pools: Vec<Pool>,
    /// Pods that write much.
    pub chatty: Option<Chatty>,
    /// What goes wrong.
    #[serde(rename = "fault")]
    pub faults: Vec<Spanned<Fault>>,
    /// What is typed in a picture of it.
    #[serde(rename = "press")]
    pub presses: Vec<Press>,
}

/// Keys that are pressed at a time.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Press {
    /// After the start, such as `90s`.
    #[serde(deserialize_with = "span")]
    pub at: Duration,
    /// Characters, and names in angle brackets as in `:jobs<enter>`.
    pub keys: String,
}

/// Pods in `ci-jobs` that write much: a Deployment `chatty`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chatty {
    /// How many.
    pub pods: usize,
    /// Lines a second of each.
    #[serde(default = "chatty_pace")]
    pub lines_per_s: f64,
}

fn chatty_pace() -> f64 {
    5.0
}

/// A time, written as an RFC 3339 string or as a TOML date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start(pub DateTime<Utc>);

impl<'de> Deserialize<'de> for Start {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Date(toml::value::Datetime),
            Text(String),
        }
        let text = match Written::deserialize(d)? {
            Written::Date(date) => date.to_string(),
            Written::Text(text) => text,
        };
        text.parse().map(Start).map_err(|_| {
            serde::de::Error::custom(format!("`{text}` is no time such as 2026-03-02T08:00:00Z"))
        })
    }
}

/// A pool of equal nodes.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pool {
    /// Its name, the value of the node-pool label.
    pub name: String,
    /// How many nodes.
    pub nodes: usize,
    /// Cores of a node, as a quantity.
    #[serde(default = "default_cpu")]
    pub cpu: String,
    /// Memory of a node, as a quantity.
    #[serde(default = "default_memory")]
    pub memory: String,
    /// Whether it runs jobs (has the taint of job nodes).
    #[serde(default)]
    pub jobs: bool,
}

fn default_cpu() -> String {
    "16".into()
}

fn default_memory() -> String {
    "64Gi".into()
}

/// Something that goes wrong at a time, for a time.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// After the start, such as `90s`, `5m`, `1h30m`.
    #[serde(deserialize_with = "span")]
    pub at: Duration,
    /// How long; without it, for good.
    #[serde(rename = "for", default, deserialize_with = "some_span")]
    pub length: Option<Duration>,
    /// What.
    pub kind: Kind,
    /// The node, where it is about one.
    pub node: Option<String>,
    /// The image (or how its name begins), where it is about one.
    pub image: Option<String>,
    /// Share of job steps, 0 to 1, where it is about those.
    pub rate: Option<f64>,
    /// Namespace of the pods that are not ready.
    pub namespace: Option<String>,
    /// How the names of these pods begin.
    pub pods: Option<String>,
    /// Milliseconds for each pod, where the scheduler is slow.
    pub ms: Option<u64>,
}

/// What can go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The kubelet of `node` falls silent.
    NodeNotReady,
    /// `image` cannot be pulled.
    ImageMissing,
    /// A share `rate` of the steps is killed for its memory.
    Oom,
    /// A share `rate` of the steps fails beside those that fail anyway.
    Fail,
    /// The pods of `namespace` whose names begin with `pods` are not ready: their ingress has no endpoint.
    NoEndpoints,
    /// The API server does not answer.
    ApiOutage,
    /// The disk of `node` is full: its pods are evicted one by one.
    DiskPressure,
    /// The scheduler takes `ms` for each pod.
    SlowScheduling,
    /// All watches are cut once.
    WatchCut,
    /// Somebody cordons `node`.
    Cordon,
    /// The claims of `namespace` whose names begin with `pods` get no volume: their pods wait.
    ClaimUnbound,
    /// The cloud says that it will take `node`: the taint of a spot notice.
    SpotNotice,
    /// Nobody serves figures of use: 404.
    MetricsMissing,
    /// The server of the figures of use is down: 503.
    MetricsDown,
}

impl Scenario {
    /// Reads a scenario. The error names the key and its line.
    ///
    /// # Errors
    /// What cannot be read, and what a fault lacks.
    pub fn parse(text: &str) -> Result<Scenario, String> {
        let scenario: Scenario = toml::from_str(text).map_err(|e| e.to_string())?;
        if scenario.rate.is_some_and(|r| !(r.is_finite() && r >= 0.0)) {
            return Err("rate: jobs a minute must be 0 or more".to_owned());
        }
        for fault in &scenario.faults {
            if let Err(lack) = fault.get_ref().check() {
                let line = text[..fault.span().start.min(text.len())]
                    .lines()
                    .count()
                    .max(1);
                return Err(format!("line {line}: fault {lack}"));
            }
        }
        Ok(scenario)
    }
}

impl Fault {
    fn check(&self) -> Result<(), String> {
        let has = |key: &str| match key {
            "node" => self.node.is_some(),
            "image" => self.image.is_some(),
            "rate" => self.rate.is_some(),
            "namespace" => self.namespace.is_some(),
            "pods" => self.pods.is_some(),
            _ => self.ms.is_some(),
        };
        let needs: &[&str] = match self.kind {
            Kind::NodeNotReady | Kind::DiskPressure | Kind::Cordon | Kind::SpotNotice => &["node"],
            Kind::ImageMissing => &["image"],
            Kind::Oom | Kind::Fail => &["rate"],
            Kind::NoEndpoints | Kind::ClaimUnbound => &["namespace", "pods"],
            Kind::SlowScheduling => &["ms"],
            Kind::ApiOutage | Kind::WatchCut | Kind::MetricsMissing | Kind::MetricsDown => &[],
        };
        for key in ["node", "image", "rate", "namespace", "pods", "ms"] {
            if needs.contains(&key) && !has(key) {
                return Err(format!("{:?} needs `{key}`", self.kind));
            }
            if !needs.contains(&key) && has(key) {
                return Err(format!("{:?} has no use for `{key}`", self.kind));
            }
        }
        if self.rate.is_some_and(|r| !(0.0..=1.0).contains(&r)) {
            return Err("`rate` is a share from 0 to 1".to_owned());
        }
        Ok(())
    }
}

fn span<'de, D: Deserializer<'de>>(d: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(d)?;
    duration(&text).ok_or_else(|| {
        serde::de::Error::custom(format!("`{text}` is no time span such as 90s, 5m, 1h30m"))
    })
}

fn some_span<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Duration>, D::Error> {
    span(d).map(Some)
}

/// `90s`, `5m`, `1h30m`, `250ms`.
pub fn duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut millis: i64 = 0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let n: i64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let end = rest
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(rest.len());
        let unit = match &rest[..end] {
            "ms" => 1,
            "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return None,
        };
        millis = millis.checked_add(n.checked_mul(unit)?)?;
        rest = &rest[end..];
    }
    // A year is longer than any scenario; beyond that, times would overflow.
    (millis <= 31_536_000_000).then(|| Duration::milliseconds(millis))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans() {
        let secs = |t| duration(t).map(|d| d.num_milliseconds());
        assert_eq!(
            [
                secs("90s"),
                secs("1h30m"),
                secs("250ms"),
                secs("5"),
                secs(""),
                secs("5x"),
                secs("99999999999d")
            ],
            [
                Some(90_000),
                Some(5_400_000),
                Some(250),
                None,
                None,
                None,
                None
            ]
        );
    }

    #[test]
    fn errors_name_key_and_line() {
        let wrong = |text: &str| Scenario::parse(text).err().unwrap_or_default();
        let e = wrong("seed = 1\nnoodles = 3\n");
        assert!(e.contains("line 2") && e.contains("noodles"), "{e}");
        let e = wrong("[[fault]]\nat = \"5m\"\nkind = \"oom\"\n");
        assert_eq!(e, "line 1: fault Oom needs `rate`");
        let e = wrong("seed = 1\n\n[[fault]]\nat = \"soon\"\nkind = \"oom\"\nrate = 0.5\n");
        assert!(e.contains("line 4") && e.contains("soon"), "{e}");
        let e = wrong("[[fault]]\nat = \"5m\"\nkind = \"api-outage\"\nnode = \"a\"\n");
        assert!(e.contains("no use for `node`"), "{e}");
    }

    #[test]
    fn the_examples_are_read() {
        let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/scenarios");
        let mut seen = 0;
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            Scenario::parse(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            seen += 1;
        }
        assert!(seen >= 4);
    }
}

//! The file's and the environment's words into a [`Config`].

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use serde::Deserialize;

use super::Config;
use crate::engine::settings::{Compression, QueueMetric};
use crate::model::{Rank, RankRules};

/// What is wrong with the configuration: the key, the place, what would be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read config {file}: {why}; correct it or unset CONSTABLE_CONFIG")]
    Unreadable {
        /// The file.
        file: String,
        /// Why.
        why: String,
    },
    /// Not TOML, an unknown key, or a value of the wrong type.
    #[error("config {file}, line {line}: {why}")]
    Syntax {
        /// The file.
        file: String,
        /// From 1.
        line: usize,
        /// What is wrong, with the keys that are allowed.
        why: String,
    },
    /// A value that is not allowed.
    #[error("{key}: {value:?} is not allowed; {allowed}")]
    Value {
        /// Key, variable or flag, with the file and line where it is one.
        key: String,
        /// As given.
        value: String,
        /// What would be.
        allowed: String,
    },
}

const UNLOCK: RangeInclusive<i64> = 1..=1440;
const LOG_BYTES: RangeInclusive<i64> = (64 << 10)..=(1 << 30);
const RECORDING_BYTES: RangeInclusive<i64> = (1 << 20)..=(1 << 34);
/// One a feed, one to spare, and one for a log.
const STREAMS: RangeInclusive<i64> = 17..=1024;
const LOG_STREAMS: RangeInclusive<i64> = 1..=512;
const LISTS: RangeInclusive<i64> = 1..=16;
const REQUESTS: RangeInclusive<i64> = 1..=1000;

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct File {
    theme: Option<toml::Spanned<String>>,
    read_only: Option<bool>,
    production: Vec<String>,
    unlock_minutes: Option<toml::Spanned<i64>>,
    log_bytes: Option<toml::Spanned<i64>>,
    recording_bytes: Option<toml::Spanned<i64>>,
    api: ApiTable,
    shell: ShellTable,
    queue: QueueTable,
    ranks: BTreeMap<String, toml::Spanned<String>>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct QueueTable {
    metric: Option<MetricTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MetricTable {
    service: toml::Spanned<String>,
    #[serde(default = "metrics")]
    path: toml::Spanned<String>,
    name: String,
}

fn metrics() -> toml::Spanned<String> {
    toml::Spanned::new(0..0, "/metrics".to_owned())
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ApiTable {
    compression: Option<toml::Spanned<String>>,
    max_streams: Option<toml::Spanned<i64>>,
    max_log_streams: Option<toml::Spanned<i64>>,
    max_lists: Option<toml::Spanned<i64>>,
    max_requests_per_second: Option<toml::Spanned<i64>>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ShellTable {
    command: Option<toml::Spanned<Vec<String>>>,
    image: Option<toml::Spanned<String>>,
    node_namespace: Option<toml::Spanned<String>>,
}

/// Takes in the file's text.
pub(super) fn read(config: &mut Config, name: &str, text: &str) -> Result<(), ConfigError> {
    let line = |at: usize| text[..at.min(text.len())].matches('\n').count() + 1;
    let file: File = toml::from_str(text).map_err(|error| ConfigError::Syntax {
        file: name.to_owned(),
        line: line(error.span().map_or(0, |s| s.start)),
        why: error.message().replace('\n', " "),
    })?;
    let key = |key: &str, at: usize| format!("config {name}, line {}, {key}", line(at));
    if let Some(value) = &file.theme {
        config.theme = theme(&key("theme", value.span().start), value.get_ref())?;
    }
    if let Some(read_only) = file.read_only {
        config.read_only = read_only;
    }
    config.production = file.production;
    if let Some(value) = &file.unlock_minutes {
        let at = key("unlock_minutes", value.span().start);
        config.unlock = minutes(within(&at, *value.get_ref(), UNLOCK)?);
    }
    if let Some(value) = &file.log_bytes {
        let at = key("log_bytes", value.span().start);
        config.log_bytes = bytes(within(&at, *value.get_ref(), LOG_BYTES)?);
    }
    if let Some(value) = &file.recording_bytes {
        let at = key("recording_bytes", value.span().start);
        config.recording_bytes = within(&at, *value.get_ref(), RECORDING_BYTES)?.unsigned_abs();
    }
    if let Some(value) = &file.api.compression {
        let at = key("api.compression", value.span().start);
        config.api.compression = compression(&at, value.get_ref())?;
    }
    let limits = [
        ("max_streams", &file.api.max_streams, STREAMS),
        ("max_log_streams", &file.api.max_log_streams, LOG_STREAMS),
        ("max_lists", &file.api.max_lists, LISTS),
        (
            "max_requests_per_second",
            &file.api.max_requests_per_second,
            REQUESTS,
        ),
    ];
    let fields = [
        &mut config.api.max_streams,
        &mut config.api.max_log_streams,
        &mut config.api.max_lists,
        &mut config.api.max_requests_per_second,
    ];
    for ((name, value, range), field) in limits.into_iter().zip(fields) {
        if let Some(value) = value {
            let at = key(&format!("api.{name}"), value.span().start);
            *field = u32::try_from(within(&at, *value.get_ref(), range)?).unwrap_or(*field);
        }
    }
    shell(config, &file.shell, key)?;
    if let Some(metric) = &file.queue.metric {
        let at = |field: &str, value: &toml::Spanned<String>| {
            key(&format!("queue.metric.{field}"), value.span().start)
        };
        config.queue = Some(queue_metric(metric, at)?);
    }
    let mut rules = Vec::new();
    for (pool, value) in &file.ranks {
        let Some(rank) = Rank::parse(value.get_ref()) else {
            return Err(ConfigError::Value {
                key: key(&format!("ranks.{pool}"), value.span().start),
                value: value.get_ref().clone(),
                allowed: "one of controllers, patricians, peasants".into(),
            });
        };
        rules.push((pool.clone(), rank));
    }
    // The first rule that matches counts: names before patterns, the more exact pattern before the other.
    let weight = |pool: &str| {
        (
            pool.contains('*'),
            std::cmp::Reverse(pool.replace('*', "").len()),
        )
    };
    rules.sort_by_key(|(pool, _)| weight(pool));
    config.ranks = RankRules(rules);
    Ok(())
}

fn shell(
    config: &mut Config,
    table: &ShellTable,
    key: impl Fn(&str, usize) -> String,
) -> Result<(), ConfigError> {
    if let Some(value) = &table.command {
        let words = value.get_ref();
        if words.first().is_none_or(String::is_empty) {
            return Err(ConfigError::Value {
                key: key("shell.command", value.span().start),
                value: words.join(" "),
                allowed: "a list that begins with a program, such as [\"bash\"]".into(),
            });
        }
        config.shell.command = words.iter().map(|word| word.as_str().into()).collect();
    }
    let names = [
        ("shell.image", &table.image, &mut config.shell.image),
        (
            "shell.node_namespace",
            &table.node_namespace,
            &mut config.shell.node_namespace,
        ),
    ];
    for (name, value, field) in names {
        let Some(value) = value else { continue };
        let word = value.get_ref();
        if word.is_empty() || word.contains(char::is_whitespace) {
            return Err(ConfigError::Value {
                key: key(name, value.span().start),
                value: word.clone(),
                allowed: "one word".into(),
            });
        }
        *field = word.as_str().into();
    }
    Ok(())
}

/// Takes in the environment.
pub(super) fn environment(
    config: &mut Config,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<(), ConfigError> {
    if let Some(value) = variable("CONSTABLE_THEME") {
        config.theme = theme("CONSTABLE_THEME", &value)?;
    }
    if let Some(value) = variable("CONSTABLE_READ_ONLY") {
        config.read_only = match value.as_str() {
            "true" | "1" => true,
            "false" | "0" => false,
            _ => {
                return Err(ConfigError::Value {
                    key: "CONSTABLE_READ_ONLY".into(),
                    value,
                    allowed: "true or false".into(),
                });
            }
        };
    }
    if let Some(value) = variable("CONSTABLE_UNLOCK_MINUTES") {
        config.unlock = minutes(number("CONSTABLE_UNLOCK_MINUTES", &value, UNLOCK)?);
    }
    if let Some(value) = variable("CONSTABLE_LOG_BYTES") {
        config.log_bytes = bytes(number("CONSTABLE_LOG_BYTES", &value, LOG_BYTES)?);
    }
    if let Some(value) = variable("CONSTABLE_API_COMPRESSION") {
        config.api.compression = compression("CONSTABLE_API_COMPRESSION", &value)?;
    }
    Ok(())
}

fn compression(key: &str, value: &str) -> Result<Compression, ConfigError> {
    Compression::parse(value).ok_or_else(|| ConfigError::Value {
        key: key.to_owned(),
        value: value.to_owned(),
        allowed: "one of auto, on, off".into(),
    })
}

/// A theme's name, if it is one.
pub(super) fn theme(key: &str, value: &str) -> Result<String, ConfigError> {
    let themes = super::themes();
    if themes.iter().any(|t| **t == *value) {
        return Ok(value.to_owned());
    }
    Err(ConfigError::Value {
        key: key.to_owned(),
        value: value.to_owned(),
        allowed: format!("one of {}", themes.join(", ")),
    })
}

fn number(key: &str, value: &str, range: RangeInclusive<i64>) -> Result<i64, ConfigError> {
    match value.parse() {
        Ok(number) => within(key, number, range),
        Err(_) => Err(outside(key, value, &range)),
    }
}

fn queue_metric(
    metric: &MetricTable,
    at: impl Fn(&str, &toml::Spanned<String>) -> String,
) -> Result<QueueMetric, ConfigError> {
    let wrong = |field: &str, value: &toml::Spanned<String>, allowed: &str| ConfigError::Value {
        key: at(field, value),
        value: value.get_ref().clone(),
        allowed: allowed.to_owned(),
    };
    let (service, path) = (&metric.service, &metric.path);
    let plain = |text: &str| {
        let fits = |c: char| c.is_ascii_alphanumeric() || "-.:".contains(c);
        !text.is_empty() && text.chars().all(fits)
    };
    let Some((namespace, name)) = service
        .get_ref()
        .split_once('/')
        .filter(|(namespace, name)| plain(namespace) && plain(name))
    else {
        return Err(wrong(
            "service",
            service,
            "a service as namespace/name:port",
        ));
    };
    if !path.get_ref().starts_with('/') || path.get_ref().contains(char::is_whitespace) {
        return Err(wrong("path", path, "a path that begins with /"));
    }
    Ok(QueueMetric {
        namespace: namespace.into(),
        service: name.into(),
        path: path.get_ref().as_str().into(),
        name: metric.name.as_str().into(),
    })
}

fn within(key: &str, value: i64, range: RangeInclusive<i64>) -> Result<i64, ConfigError> {
    if range.contains(&value) {
        Ok(value)
    } else {
        Err(outside(key, &value.to_string(), &range))
    }
}

fn outside(key: &str, value: &str, range: &RangeInclusive<i64>) -> ConfigError {
    ConfigError::Value {
        key: key.to_owned(),
        value: value.to_owned(),
        allowed: format!("a whole number from {} to {}", range.start(), range.end()),
    }
}

fn minutes(number: i64) -> Duration {
    Duration::from_secs(60 * number.unsigned_abs())
}

fn bytes(number: i64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::settings::{Api, Shell};

    #[test]
    fn a_whole_file() {
        let mut config = Config::default();
        let text = r#"
            theme = "light"
            read_only = true
            production = ["prod-*"]
            unlock_minutes = 5
            log_bytes = 1048576
            recording_bytes = 2097152
            [api]
            compression = "on"
            max_streams = 20
            max_log_streams = 8
            max_lists = 2
            max_requests_per_second = 5
            [shell]
            command = ["ash"]
            image = "kl.local/busybox:1"
            node_namespace = "ops"
            [queue]
            metric = {service = "ci/broker:9090", name = "depth"}
            [ranks]
            "runner-*" = "peasants"
            "*" = "patricians"
            runner-infra = "Patricians"
        "#;
        read(&mut config, "c.toml", text).unwrap();
        assert_eq!(
            config,
            Config {
                theme: "light".into(),
                read_only: true,
                ranks: RankRules(vec![
                    ("runner-infra".into(), Rank::Patricians),
                    ("runner-*".into(), Rank::Peasants),
                    ("*".into(), Rank::Patricians),
                ]),
                production: vec!["prod-*".into()],
                log_bytes: 1 << 20,
                recording_bytes: 2 << 20,
                unlock: Duration::from_secs(300),
                api: Api {
                    compression: Compression::On,
                    max_streams: 20,
                    max_log_streams: 8,
                    max_lists: 2,
                    max_requests_per_second: 5,
                },
                shell: Shell {
                    command: vec!["ash".into()],
                    image: "kl.local/busybox:1".into(),
                    node_namespace: "ops".into(),
                },
                queue: Some(QueueMetric {
                    namespace: "ci".into(),
                    service: "broker:9090".into(),
                    path: "/metrics".into(),
                    name: "depth".into(),
                }),
            }
        );
        assert!(config.is_production("prod-eu") && !config.is_production("dev"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, want) in [
            (
                "\nthem = 1",
                "config c.toml, line 2: unknown field `them`, expected one of `theme`, `read_only`, `production`, `unlock_minutes`, `log_bytes`, `recording_bytes`, `api`, `shell`, `queue`, `ranks`",
            ),
            (
                "theme = 'pink'",
                "config c.toml, line 1, theme: \"pink\" is not allowed; one of dark, light",
            ),
            (
                "\n\nread_only = 'yes'",
                "config c.toml, line 3: invalid type: string \"yes\", expected a boolean",
            ),
            (
                "unlock_minutes = 0",
                "config c.toml, line 1, unlock_minutes: \"0\" is not allowed; a whole number from 1 to 1440",
            ),
            (
                "[api]\nmax_lists = 0",
                "config c.toml, line 2, api.max_lists: \"0\" is not allowed; a whole number from 1 to 16",
            ),
            (
                "[api]\ncompression = 'gzip'",
                "config c.toml, line 2, api.compression: \"gzip\" is not allowed; one of auto, on, off",
            ),
            (
                "[shell]\ncommand = []",
                "config c.toml, line 2, shell.command: \"\" is not allowed; a list that begins with a program, such as [\"bash\"]",
            ),
            (
                "[ranks]\na = 'kings'",
                "config c.toml, line 2, ranks.a: \"kings\" is not allowed; one of controllers, patricians, peasants",
            ),
        ] {
            let error = read(&mut Config::default(), "c.toml", text).unwrap_err();
            assert_eq!(error.to_string(), want);
        }
        let error = read(&mut Config::default(), "c.toml", "a = [").unwrap_err();
        assert!(
            error.to_string().starts_with("config c.toml, line 1: "),
            "{error}"
        );
    }

    #[test]
    fn the_environment_wins_over_the_file() {
        let mut config = Config::default();
        read(&mut config, "c.toml", "theme = 'light'\nread_only = true").unwrap();
        environment(&mut config, |name| match name {
            "CONSTABLE_THEME" => Some("dark".into()),
            "CONSTABLE_READ_ONLY" => Some("0".into()),
            "CONSTABLE_UNLOCK_MINUTES" => Some("30".into()),
            _ => None,
        })
        .unwrap();
        assert_eq!(
            (config.theme.as_str(), config.read_only, config.unlock),
            ("dark", false, Duration::from_secs(1800))
        );
        let wrong = environment(&mut config, |name| {
            (name == "CONSTABLE_LOG_BYTES").then(|| "many".into())
        });
        assert_eq!(
            wrong.unwrap_err().to_string(),
            "CONSTABLE_LOG_BYTES: \"many\" is not allowed; a whole number from 65536 to 1073741824"
        );
    }
}

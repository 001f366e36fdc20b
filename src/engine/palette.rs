//! The `:` palette: what was typed into an intent with its argument, and completions.

use super::keys::{Argument, Intent, TABLE};
use super::text::nearest;

/// What arguments can be.
pub(crate) struct Names {
    pub(crate) namespaces: Vec<String>,
    pub(crate) contexts: Vec<String>,
    pub(crate) clusters: Vec<String>,
    pub(crate) columns: Vec<String>,
    pub(crate) themes: Vec<String>,
    /// Pools, projects and nodes.
    pub(crate) logs: Vec<String>,
}

impl Names {
    fn of(&self, argument: Argument) -> &[String] {
        match argument {
            Argument::Nothing | Argument::Words(_) | Argument::Number => &[],
            Argument::Namespace => &self.namespaces,
            Argument::Context => &self.contexts,
            Argument::Cluster => &self.clusters,
            Argument::Column => &self.columns,
            Argument::Theme => &self.themes,
            Argument::Logs => &self.logs,
        }
    }
}

/// Words that mean a command: k9s's and vim's habits.
const ALIASES: &[(&str, &str)] = &[
    ("quit", "q"),
    ("namespace", "ns"),
    ("context", "ctx"),
    ("job", "jobs"),
    ("node", "nodes"),
    ("no", "nodes"),
    ("pod", "pods"),
    ("po", "pods"),
    ("ingress", "ingresses"),
    ("ing", "ingresses"),
    ("pulse", "overview"),
    ("workload", "workloads"),
    ("wl", "workloads"),
    ("deployment", "deploy"),
    ("deployments", "deploy"),
    ("dp", "deploy"),
    ("statefulset", "sts"),
    ("statefulsets", "sts"),
    ("daemonset", "ds"),
    ("daemonsets", "ds"),
    ("cronjob", "cronjobs"),
    ("cj", "cronjobs"),
    ("worker", "workers"),
    ("handler", "handlers"),
    ("container", "containers"),
    ("rollout", "restart"),
];

/// What was typed, understood. The argument is empty when none was given.
pub(crate) fn parse(text: &str, names: &Names) -> Result<(Intent, String), String> {
    let (word, argument) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
    let argument = argument.trim();
    let word = ALIASES
        .iter()
        .find(|(alias, _)| *alias == word)
        .map_or(word, |(_, name)| name);
    let Some(row) = commands().find(|row| row.command == word) else {
        let near = nearest(word, commands().map(|row| row.command));
        return Err(match near {
            Some(near) => format!("no command '{word}'; did you mean '{near}'?"),
            None => format!("no command '{word}'; tab shows them all"),
        });
    };
    if row.argument == Argument::Nothing {
        return if argument.is_empty() {
            Ok((row.intent, String::new()))
        } else {
            Err(format!("'{word}' takes nothing behind it"))
        };
    }
    let known = names.of(row.argument);
    let exact = known.iter().find(|n| n.eq_ignore_ascii_case(argument));
    match (exact, row.argument) {
        _ if argument.is_empty() => Ok((row.intent, String::new())),
        (Some(name), _) => Ok((row.intent, name.clone())),
        // A namespace may exist although nothing was seen in it.
        (None, Argument::Namespace | Argument::Words(_)) => Ok((row.intent, argument.to_owned())),
        (None, Argument::Number) => match argument.parse::<u32>() {
            Ok(_) => Ok((row.intent, argument.to_owned())),
            Err(_) => Err(format!("'{argument}' is no number")),
        },
        (None, _) => {
            let what = match row.argument {
                Argument::Context => "context",
                Argument::Cluster => "cluster",
                Argument::Column => "column",
                Argument::Theme => "theme",
                Argument::Logs => "pool, node or project",
                Argument::Nothing | Argument::Namespace | Argument::Words(_) | Argument::Number => {
                    "name"
                }
            };
            Err(match nearest(argument, known.iter().map(String::as_str)) {
                Some(near) => format!("no {what} '{argument}'; did you mean '{near}'?"),
                None => format!("no {what} '{argument}'; there are: {}", known.join(", ")),
            })
        }
    }
}

fn commands() -> impl Iterator<Item = &'static super::keys::Row> {
    TABLE.iter().filter(|row| !row.command.is_empty())
}

/// Whether a command's name begins so.
pub(crate) fn begins_one(word: &str) -> bool {
    commands().any(|row| row.command.starts_with(word))
}

/// Completions of what was typed: text and what it does, best first.
pub(crate) fn complete(text: &str, names: &Names) -> Vec<(String, String)> {
    match text.split_once(' ') {
        None => {
            let (first, second): (Vec<_>, Vec<_>) = commands()
                .filter(|row| row.command.contains(text))
                .partition(|row| row.command.starts_with(text));
            first
                .into_iter()
                .chain(second)
                .map(|row| (row.command.to_owned(), row.help.to_owned()))
                .collect()
        }
        Some((word, typed)) => {
            let word = ALIASES
                .iter()
                .find(|(alias, _)| *alias == word)
                .map_or(word, |(_, name)| name);
            let Some(row) = commands().find(|row| row.command == word) else {
                return Vec::new();
            };
            let typed = typed.trim().to_lowercase();
            let (first, second): (Vec<_>, Vec<_>) = names
                .of(row.argument)
                .iter()
                .filter(|name| name.to_lowercase().contains(&typed))
                .partition(|name| name.to_lowercase().starts_with(&typed));
            first
                .into_iter()
                .chain(second)
                .map(|name| (format!("{word} {name}"), String::new()))
                .collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::keys::Place;
    use super::*;

    fn names() -> Names {
        let list = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect();
        Names {
            namespaces: list(&["all", "ci-jobs", "ci-system"]),
            contexts: list(&["prod-eu", "staging"]),
            clusters: list(&["all", "prod-eu"]),
            columns: list(&["JOB", "WAIT"]),
            themes: list(&["dark", "light"]),
            logs: list(&["runner-large", "shop/api"]),
        }
    }

    #[test]
    fn typed_commands() {
        let ok = |intent, argument: &str| Ok((intent, argument.to_owned()));
        let err = |text: &str| Err(text.to_owned());
        let cases = [
            ("pods", ok(Intent::Go(Place::Pods), "")),
            (" po ", ok(Intent::Go(Place::Pods), "")),
            ("ns ci-jobs", ok(Intent::Namespace, "ci-jobs")),
            ("ns other", ok(Intent::Namespace, "other")),
            ("ns", ok(Intent::Namespace, "")),
            ("sort wait", ok(Intent::SortBy, "WAIT")),
            ("q", ok(Intent::Quit, "")),
            ("pdos", err("no command 'pdos'; did you mean 'pods'?")),
            ("xyzzy", err("no command 'xyzzy'; tab shows them all")),
            (
                "ctx prod-us",
                err("no context 'prod-us'; did you mean 'prod-eu'?"),
            ),
            (
                "theme solarized",
                err("no theme 'solarized'; there are: dark, light"),
            ),
            ("q now", err("'q' takes nothing behind it")),
        ];
        for (text, want) in cases {
            assert_eq!(parse(text, &names()), want, "{text}");
        }
    }

    #[test]
    fn completions() {
        let texts = |typed: &str| -> Vec<String> {
            complete(typed, &names())
                .into_iter()
                .map(|(text, _)| text)
                .collect()
        };
        assert_eq!(texts("no"), ["nodes", "node-shell"]);
        assert_eq!(texts("ns ci"), ["ns ci-jobs", "ns ci-system"]);
        assert_eq!(texts("ctx g"), ["ctx staging"]);
        assert_eq!(texts("od"), ["nodes", "pods", "node-shell"]);
    }
}

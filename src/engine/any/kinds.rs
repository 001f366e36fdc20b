//! What the server has: its kinds and the names by which they are asked for.

use std::time::Duration;

use serde_json::Value;

use crate::engine::doc::KindRef;
use crate::engine::text::nearest;
use crate::model::Text;

/// A kind that can be listed or read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Served {
    pub(crate) kind: KindRef,
    pub(crate) singular: Text,
    pub(crate) short: Vec<Text>,
    pub(crate) categories: Vec<Text>,
    /// It can be listed.
    pub(crate) lists: bool,
}

/// Where a piece of discovery was read.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Source {
    /// `/api`.
    Core,
    /// `/apis`.
    Groups,
    /// One group and version, of a server without aggregated discovery.
    Version(Text),
}

impl Source {
    pub(crate) fn path(&self) -> String {
        match self {
            Self::Core => "/api".to_owned(),
            Self::Groups => "/apis".to_owned(),
            Self::Version(version) if version.contains('/') => format!("/apis/{version}"),
            Self::Version(version) => format!("/api/{version}"),
        }
    }
}

/// What a cluster serves.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kinds {
    all: Vec<Served>,
    /// When it was asked for, as `Now::boot`.
    pub(crate) asked: Option<Duration>,
    /// Answers that are waited for.
    pub(crate) waiting: usize,
    /// Why a part of it is not known.
    pub(crate) failure: Option<String>,
    /// The names of a kind that was asked for before anything was known.
    pub(crate) wanted: Option<String>,
}

impl Kinds {
    pub(crate) fn all(&self) -> &[Served] {
        &self.all
    }

    /// Takes an answer in; what has to be asked for besides.
    pub(crate) fn take(&mut self, source: &Source, value: &Value) -> Vec<Source> {
        let found = match value["kind"].as_str() {
            Some("APIGroupDiscoveryList") => aggregated(value),
            Some("APIResourceList") => resources(value),
            Some("APIVersions") => {
                let versions = value["versions"].as_array().into_iter().flatten();
                return versions
                    .filter_map(Value::as_str)
                    .map(|v| Source::Version(v.into()))
                    .collect();
            }
            Some("APIGroupList") => {
                let groups = value["groups"].as_array().into_iter().flatten();
                return groups
                    .filter_map(|group| group["preferredVersion"]["groupVersion"].as_str())
                    .map(|v| Source::Version(v.into()))
                    .collect();
            }
            _ => {
                self.failure = Some(format!("{}: no discovery", source.path()));
                return Vec::new();
            }
        };
        for served in found {
            let same = |s: &Served| {
                s.kind.group == served.kind.group && s.kind.plural == served.kind.plural
            };
            match self.all.iter_mut().find(|s| same(s)) {
                Some(known) => *known = served,
                None => self.all.push(served),
            }
        }
        // The core group's names come first, as kubectl has it; then the platform's own groups.
        self.all.sort_by(|a, b| {
            let weight = |s: &Served| {
                (
                    !s.kind.group.is_empty(),
                    s.kind.group.contains('.') && !s.kind.group.ends_with(".k8s.io"),
                )
            };
            (weight(a), &a.kind.plural, &a.kind.group).cmp(&(
                weight(b),
                &b.kind.plural,
                &b.kind.group,
            ))
        });
        Vec::new()
    }

    /// The kind of that name: plural, singular, kind or short name, with its group behind a point where
    /// there are several.
    ///
    /// # Errors
    /// What there is instead.
    pub(crate) fn find(&self, name: &str) -> Result<&Served, String> {
        let name = name.to_lowercase();
        let full: Vec<&Served> = self.all.iter().filter(|s| s.is_full(&name)).collect();
        if let [one] = full.as_slice() {
            return Ok(one);
        }
        let called: Vec<&Served> = self.all.iter().filter(|s| s.is_called(&name)).collect();
        match called.as_slice() {
            [one] => Ok(one),
            // The core group's is meant, as kubectl has it.
            [first, ..] if first.kind.group.is_empty() => Ok(first),
            [] => Err(self.none(&name)),
            several => {
                let names: Vec<String> = several.iter().map(|s| s.kind.full_name()).collect();
                Err(format!("'{name}' is several kinds: {}", names.join(", ")))
            }
        }
    }

    fn none(&self, name: &str) -> String {
        if self.waiting > 0 {
            return format!("◌ the server's kinds are still being read: '{name}' is not known yet");
        }
        let names = self
            .all
            .iter()
            .flat_map(|s| std::iter::once(&*s.kind.plural).chain(s.short.iter().map(|t| &**t)));
        match (nearest(name, names), &self.failure) {
            (Some(near), _) => format!("no kind or command '{name}'; did you mean '{near}'?"),
            (None, Some(why)) => format!("no kind or command '{name}' is known ({why})"),
            (None, None) => format!("no kind or command '{name}'; tab shows them all"),
        }
    }

    /// The kind of an object that names its group and kind.
    pub(crate) fn of(&self, group: &str, kind: &str) -> Option<&KindRef> {
        let is = |s: &&Served| *s.kind.group == *group && *s.kind.kind == *kind;
        self.all.iter().find(is).map(|served| &served.kind)
    }

    /// Completions: text and what it is. A category lists its members.
    pub(crate) fn complete(&self, typed: &str) -> Vec<(String, String)> {
        let typed = typed.to_lowercase();
        let mut first = Vec::new();
        let mut second = Vec::new();
        for served in self.all.iter().filter(|s| s.lists) {
            let plural = &served.kind.plural;
            let starts = plural.starts_with(&typed)
                || served.short.iter().any(|s| **s == *typed)
                || served.singular.starts_with(&typed);
            let has = plural.contains(&typed)
                || served.categories.iter().any(|c| **c == *typed)
                || (typed.contains('.') && served.kind.full_name().contains(&typed));
            if starts || has {
                let entry = (self.shortest(served), served.help());
                if starts {
                    first.push(entry)
                } else {
                    second.push(entry)
                }
            }
        }
        first.extend(second);
        first
    }

    /// The plural, with its group if that name alone means another kind.
    fn shortest(&self, served: &Served) -> String {
        match self.find(&served.kind.plural) {
            Ok(found) if found.kind == served.kind => served.kind.plural.to_string(),
            Ok(_) | Err(_) => served.kind.full_name(),
        }
    }
}

impl Served {
    fn is_full(&self, name: &str) -> bool {
        let group = &self.kind.group;
        let versioned = format!("{}.{}", self.kind.plural, self.kind.version);
        name == self.kind.full_name()
            || (!group.is_empty() && name == format!("{versioned}.{group}"))
            || (group.is_empty() && name == versioned)
            || (!group.is_empty() && name == format!("{}.{group}", self.singular))
    }

    fn is_called(&self, name: &str) -> bool {
        *self.kind.plural == *name
            || *self.singular == *name
            || self.kind.kind.to_lowercase() == name
            || self.short.iter().any(|short| **short == *name)
    }

    fn help(&self) -> String {
        let mut help = format!("{} {}", self.kind.kind, self.kind.api_version());
        if !self.short.is_empty() {
            let short: Vec<&str> = self.short.iter().map(|t| &**t).collect();
            help.push_str(&format!(", short {}", short.join(" ")));
        }
        help
    }
}

fn texts(value: &Value) -> Vec<Text> {
    let texts = value.as_array().into_iter().flatten();
    texts.filter_map(Value::as_str).map(Text::from).collect()
}

fn text(value: &Value) -> Text {
    value.as_str().unwrap_or_default().into()
}

fn verb(value: &Value, verb: &str) -> bool {
    value["verbs"]
        .as_array()
        .is_some_and(|verbs| verbs.iter().any(|v| v == verb))
}

fn aggregated(value: &Value) -> Vec<Served> {
    let mut out: Vec<Served> = Vec::new();
    for group in value["items"].as_array().into_iter().flatten() {
        let name = text(&group["metadata"]["name"]);
        // The preferred version comes first: later ones add what it has not.
        for version in group["versions"].as_array().into_iter().flatten() {
            for resource in version["resources"].as_array().into_iter().flatten() {
                let plural = text(&resource["resource"]);
                let known = out
                    .iter()
                    .any(|s| s.kind.group == name && s.kind.plural == plural);
                if known || !(verb(resource, "list") || verb(resource, "get")) {
                    continue;
                }
                out.push(Served {
                    kind: KindRef {
                        group: name.clone(),
                        version: text(&version["version"]),
                        plural,
                        kind: text(&resource["responseKind"]["kind"]),
                        namespaced: resource["scope"] == "Namespaced",
                    },
                    singular: text(&resource["singularResource"]),
                    short: texts(&resource["shortNames"]),
                    categories: texts(&resource["categories"]),
                    lists: verb(resource, "list"),
                });
            }
        }
    }
    out
}

fn resources(value: &Value) -> Vec<Served> {
    let of = value["groupVersion"].as_str().unwrap_or_default();
    let (group, version) = of.split_once('/').unwrap_or(("", of));
    let all = value["resources"].as_array().into_iter().flatten();
    all.filter(|r| r["name"].as_str().is_some_and(|name| !name.contains('/')))
        .filter(|r| verb(r, "list") || verb(r, "get"))
        .map(|resource| Served {
            kind: KindRef {
                group: group.into(),
                version: version.into(),
                plural: text(&resource["name"]),
                kind: text(&resource["kind"]),
                namespaced: resource["namespaced"] == true,
            },
            singular: text(&resource["singularName"]),
            short: texts(&resource["shortNames"]),
            categories: texts(&resource["categories"]),
            lists: verb(resource, "list"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn kinds() -> Kinds {
        let mut kinds = Kinds::default();
        let resource = |plural: &str, kind: &str, short: &[&str], verbs: &[&str]| {
            json!({"resource": plural, "responseKind": {"kind": kind}, "scope": "Namespaced",
                "singularResource": kind.to_lowercase(), "shortNames": short, "verbs": verbs, "categories": ["all"]})
        };
        let group = |name: &str, resources: Vec<Value>| {
            json!({"metadata": {"name": name}, "versions": [{"version": "v1", "resources": resources},
                {"version": "v1beta1", "resources": [{"resource": "olds", "responseKind": {"kind": "Old"}, "scope": "Cluster", "singularResource": "old", "verbs": ["list"]}]}]})
        };
        let list = |items: Vec<Value>| json!({"kind": "APIGroupDiscoveryList", "items": items});
        let read = ["get", "list"];
        let core = vec![
            resource("secrets", "Secret", &[], &read),
            resource("events", "Event", &["ev"], &read),
            resource("bindings", "Binding", &[], &["create"]),
        ];
        assert!(
            kinds
                .take(&Source::Core, &list(vec![group("", core)]))
                .is_empty()
        );
        let groups = list(vec![
            group(
                "events.k8s.io",
                vec![resource("events", "Event", &["ev"], &read)],
            ),
            group(
                "example.com",
                vec![resource("widgets", "Widget", &["wd"], &read)],
            ),
            group(
                "other.org",
                vec![resource("widgets", "Widget", &["wd"], &read)],
            ),
        ]);
        assert!(kinds.take(&Source::Groups, &groups).is_empty());
        kinds
    }

    #[test]
    fn names() {
        let kinds = kinds();
        let of = |name: &str| kinds.find(name).map(|s| s.kind.full_name());
        for (name, want) in [
            ("secrets", Ok("secrets")),
            ("Secret", Ok("secrets")),
            ("ev", Ok("events")),
            ("events", Ok("events")),
            ("events.events.k8s.io", Ok("events.events.k8s.io")),
            ("widgets.example.com", Ok("widgets.example.com")),
            ("widget.other.org", Ok("widgets.other.org")),
            ("widgets.v1.other.org", Ok("widgets.other.org")),
            (
                "wd",
                Err("'wd' is several kinds: widgets.example.com, widgets.other.org"),
            ),
            (
                "secretz",
                Err("no kind or command 'secretz'; did you mean 'secrets'?"),
            ),
            (
                "bindings",
                Err("no kind or command 'bindings'; tab shows them all"),
            ),
        ] {
            assert_eq!(
                of(name),
                want.map(str::to_owned).map_err(str::to_owned),
                "{name}"
            );
        }
        assert_eq!(
            &*kinds.find("olds.example.com").unwrap().kind.version,
            "v1beta1"
        );
    }

    #[test]
    fn completions_name_the_group_where_there_are_several() {
        let kinds = kinds();
        let texts = |typed: &str| -> Vec<String> {
            kinds
                .complete(typed)
                .into_iter()
                .map(|(text, _)| text)
                .collect()
        };
        assert_eq!(texts("sec"), ["secrets"]);
        assert_eq!(texts("wid"), ["widgets.example.com", "widgets.other.org"]);
        assert_eq!(texts("even"), ["events", "events.events.k8s.io"]);
        assert_eq!(texts("all").len(), 5);
        assert_eq!(kinds.complete("secrets")[0].1, "Secret v1");
    }

    #[test]
    fn servers_without_aggregated_discovery() {
        let mut kinds = Kinds::default();
        let more = kinds.take(
            &Source::Core,
            &json!({"kind": "APIVersions", "versions": ["v1"]}),
        );
        assert_eq!(more, [Source::Version("v1".into())]);
        let groups = json!({"kind": "APIGroupList", "groups": [{"name": "apps", "preferredVersion": {"groupVersion": "apps/v1"}}]});
        let more = kinds.take(&Source::Groups, &groups);
        assert_eq!(more[0].path(), "/apis/apps/v1");
        let list = json!({"kind": "APIResourceList", "groupVersion": "apps/v1", "resources": [
            {"name": "deployments", "singularName": "deployment", "namespaced": true, "kind": "Deployment", "verbs": ["list"], "shortNames": ["deploy"]},
            {"name": "deployments/scale", "namespaced": true, "kind": "Scale", "verbs": ["get"]}]});
        assert!(kinds.take(&more[0].clone(), &list).is_empty());
        let found = kinds.find("deploy").unwrap();
        assert_eq!(
            found.kind.path(Some("a")),
            "/apis/apps/v1/namespaces/a/deployments"
        );
        assert_eq!(kinds.all().len(), 1);
    }
}

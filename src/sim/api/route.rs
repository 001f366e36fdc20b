//! From a path to a resource, a namespace, a name and a subresource.

use super::metrics;
use crate::sim::resource::{RESOURCES, Res, find};

/// What a path under `/api` or `/apis` points at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// The resource.
    pub(crate) res: Res,
    /// Namespace, if the path has one.
    pub(crate) namespace: Option<String>,
    /// Name, if the path has one.
    pub(crate) name: Option<String>,
    /// Subresource, if the path has one.
    pub(crate) sub: Option<String>,
}

impl Target {
    /// Namespace of the object, empty for a cluster's one.
    pub(crate) fn ns(&self) -> &str {
        self.namespace.as_deref().unwrap_or_default()
    }

    /// Name of the object, empty for a collection.
    pub(crate) fn object(&self) -> &str {
        self.name.as_deref().unwrap_or_default()
    }
}

/// Where a path leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route {
    /// A resource of the table.
    Api(Target),
    /// An object whose port is to be reached, and the path behind it.
    Proxy(Target, String),
    /// Figures of use.
    Metrics(metrics::Asked),
    /// One of the reviews: group and plural.
    Review(&'static str),
    /// Discovery, health, version and the like: path segments.
    Other(Vec<String>),
}

/// Reads a path; `custom` are the resources that are served beside the table's.
pub(crate) fn route(path: &str, custom: &[Res]) -> Route {
    let segments: Vec<&str> = path.split('/').filter(|s| !s.is_empty()).collect();
    let other = || Route::Other(segments.iter().map(|s| (*s).to_owned()).collect());
    let (group, version, rest) = match segments.as_slice() {
        ["api", version, rest @ ..] if !rest.is_empty() => ("", *version, rest),
        ["apis", group, version, rest @ ..] if !rest.is_empty() => (*group, *version, rest),
        _ => return other(),
    };
    match (group, version, rest) {
        ("authorization.k8s.io", "v1", ["selfsubjectaccessreviews"]) => {
            return Route::Review("selfsubjectaccessreviews");
        }
        ("authorization.k8s.io", "v1", ["selfsubjectrulesreviews"]) => {
            return Route::Review("selfsubjectrulesreviews");
        }
        ("authentication.k8s.io", "v1", ["selfsubjectreviews"]) => {
            return Route::Review("selfsubjectreviews");
        }
        (metrics::GROUP, metrics::VERSION, rest) => {
            return metrics::route(rest).map_or_else(other, Route::Metrics);
        }
        _ => {}
    }
    let mut served = RESOURCES.iter().chain(custom.iter().copied());
    if !served.any(|r| r.group == group && r.version == version) {
        return other();
    }
    let (namespace, rest) = match rest {
        ["namespaces", _] | ["namespaces", _, "status" | "finalize"] => (None, rest),
        ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (Some(*namespace), rest),
        _ => (None, rest),
    };
    let (plural, name, sub) = match rest {
        [plural] => (*plural, None, None),
        [plural, name] => (*plural, Some(*name), None),
        [plural, name, sub] => (*plural, Some(*name), Some(*sub)),
        [plural, name, "proxy", ..] => (*plural, Some(*name), Some("proxy")),
        _ => return other(),
    };
    let named = |r: &&Res| r.group == group && r.plural == plural;
    let Some(res) = find(group, plural).or_else(|| custom.iter().find(named).copied()) else {
        return other();
    };
    // A namespaced object is reached through its namespace only; a cluster's object never is.
    let fits = if res.namespaced {
        namespace.is_some() || name.is_none()
    } else {
        namespace.is_none()
    };
    if !fits || sub.is_some_and(|sub| !res.has(sub)) {
        return other();
    }
    let target = Target {
        res,
        namespace: namespace.map(str::to_owned),
        name: name.map(str::to_owned),
        sub: sub.map(str::to_owned),
    };
    if sub == Some("proxy") {
        let behind = rest.get(3..).unwrap_or_default().join("/");
        return Route::Proxy(target, format!("/{behind}"));
    }
    Route::Api(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        let read = |path: &str| match route(path, &[]) {
            Route::Api(t) => format!(
                "{} {}|{}|{}",
                t.res.qualified(),
                t.namespace.as_deref().unwrap_or("-"),
                t.name.as_deref().unwrap_or("-"),
                t.sub.as_deref().unwrap_or("-")
            ),
            Route::Review(name) => format!("review {name}"),
            Route::Proxy(t, path) => format!("proxy {} {path}", t.object()),
            Route::Metrics(asked) => format!("{asked:?}"),
            Route::Other(segments) => format!("other {}", segments.join(" ")),
        };
        for (path, wanted) in [
            ("/api/v1/pods", "pods -|-|-"),
            ("/api/v1/namespaces/a/pods/p/log", "pods a|p|log"),
            ("/api/v1/namespaces/a", "namespaces -|a|-"),
            ("/api/v1/namespaces/a/status", "namespaces -|a|status"),
            (
                "/apis/apps/v1/namespaces/a/deployments/d/scale",
                "deployments.apps a|d|scale",
            ),
            (
                "/apis/apps/v2/deployments",
                "other apis apps v2 deployments",
            ),
            ("/api/v1/pods/p", "other api v1 pods p"),
            (
                "/api/v1/namespaces/a/nodes",
                "other api v1 namespaces a nodes",
            ),
            (
                "/api/v1/namespaces/a/pods/p/none",
                "other api v1 namespaces a pods p none",
            ),
            ("/apis", "other apis"),
            (
                "/api/v1/namespaces/a/services/web:http/proxy/metrics",
                "proxy web:http /metrics",
            ),
            (
                "/apis/metrics.k8s.io/v1beta1/things",
                "other apis metrics.k8s.io v1beta1 things",
            ),
        ] {
            assert_eq!(read(path), wanted, "{path}");
        }
    }
}

//! Who may do what: four users with plain rules, for trying out restricted rights.
//!
//! `admin`: everything. `viewer`: get, list and watch all but secrets. `ns-only`: everything in the
//! namespace `ci-jobs`, nothing else. `no-nodes`: everything but nodes.

use serde_json::{Value, json};

use super::route::Target;
use crate::sim::status::{Details, Status};

/// Names of the users; a bearer token is its user's name.
pub(crate) const USERS: [&str; 4] = ["admin", "viewer", "ns-only", "no-nodes"];

/// The namespace that `ns-only` may use.
const THEIRS: &str = "ci-jobs";

/// One request, as an authorizer sees it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attributes<'a> {
    pub(crate) verb: &'a str,
    pub(crate) group: &'a str,
    pub(crate) resource: &'a str,
    pub(crate) subresource: &'a str,
    pub(crate) namespace: &'a str,
    pub(crate) name: &'a str,
}

/// Whether the user may do that.
pub(crate) fn allowed(user: &str, a: &Attributes<'_>) -> bool {
    match user {
        "admin" => true,
        "viewer" => {
            let reads = matches!(a.verb, "get" | "list" | "watch");
            reads && !(a.group.is_empty() && matches!(a.resource, "secrets" | "*"))
        }
        "ns-only" => a.namespace == THEIRS,
        "no-nodes" => !(a.group.is_empty() && matches!(a.resource, "nodes" | "*")),
        _ => false,
    }
}

/// Refuses what the user may not do.
///
/// # Errors
/// 403, worded as the real server words it.
pub(crate) fn check(user: &str, verb: &str, t: &Target) -> Result<(), Status> {
    let of_namespace = t.res.plural == "namespaces";
    let a = Attributes {
        verb,
        group: t.res.group,
        resource: t.res.plural,
        subresource: t.sub.as_deref().unwrap_or_default(),
        // As the real server's request info has it, a namespace lies in itself.
        namespace: if of_namespace { t.object() } else { t.ns() },
        name: t.object(),
    };
    check_attributes(user, &a).map_err(|refused| refused.with(Details::of(t.res, a.name)))
}

/// The same of any group.
///
/// # Errors
/// 403.
pub(crate) fn check_attributes(user: &str, a: &Attributes<'_>) -> Result<(), Status> {
    if allowed(user, a) {
        return Ok(());
    }
    let resource = match a.subresource {
        "" => a.resource.to_owned(),
        sub => format!("{}/{sub}", a.resource),
    };
    let qualified = match a.group {
        "" => a.resource.to_owned(),
        group => format!("{}.{group}", a.resource),
    };
    let about = match a.name {
        "" => qualified,
        name => format!("{qualified} \"{name}\""),
    };
    let scope = match a.namespace {
        "" => "at the cluster scope".to_owned(),
        ns => format!("in the namespace \"{ns}\""),
    };
    let message = format!(
        "{about} is forbidden: User \"{user}\" cannot {} resource \"{resource}\" in API group \"{}\" {scope}",
        a.verb, a.group
    );
    let details = Details {
        name: a.name.to_owned(),
        group: a.group.to_owned(),
        kind: a.resource.to_owned(),
        ..Details::default()
    };
    Err(Status::new(403, "Forbidden", message).with(details))
}

/// Refuses what the user may do by its method, but not by another verb that it comes down to: the server gives no reason.
///
/// # Errors
/// 403.
pub(crate) fn check_again(user: &str, verb: &str, t: &Target) -> Result<(), Status> {
    check(user, verb, t).map_err(|refused| {
        let message = format!("{} \"{}\" is forbidden: ", t.res.qualified(), t.object());
        Status { message, ..refused }
    })
}

/// The rules of a user in a namespace, as a SelfSubjectRulesReview lists them.
pub(crate) fn rules(user: &str, namespace: &str) -> Value {
    let all = json!({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]});
    let names = |wanted: &dyn Fn(&str) -> bool| -> Vec<String> {
        let served = crate::sim::resource::RESOURCES;
        let mut out = Vec::new();
        for r in served
            .iter()
            .filter(|r| r.group.is_empty() && wanted(r.plural))
        {
            out.push(r.plural.to_owned());
            out.extend(
                r.subresources
                    .iter()
                    .map(|sub| format!("{}/{sub}", r.plural)),
            );
        }
        out
    };
    let groups: Vec<&str> = {
        let mut all: Vec<&str> = crate::sim::resource::RESOURCES
            .iter()
            .map(|r| r.group)
            .collect();
        all.dedup();
        all.into_iter().filter(|g| !g.is_empty()).collect()
    };
    let reads = ["get", "list", "watch"];
    match user {
        "admin" => json!([all]),
        "viewer" => json!([
            {"verbs": reads, "apiGroups": [""], "resources": names(&|r| r != "secrets")},
            {"verbs": reads, "apiGroups": groups, "resources": ["*"]},
        ]),
        "ns-only" if namespace == THEIRS => json!([all]),
        "no-nodes" => json!([
            {"verbs": ["*"], "apiGroups": [""], "resources": names(&|r| r != "nodes")},
            {"verbs": ["*"], "apiGroups": groups, "resources": ["*"]},
        ]),
        _ => json!([]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::api::route::{Route, route};

    #[test]
    fn refused_in_the_servers_words() {
        let said = |user, verb, path| match route(path, &[]) {
            Route::Api(target) => check(user, verb, &target).err().map(|s| s.message),
            other => panic!("{other:?}"),
        };
        assert_eq!(said("admin", "delete", "/api/v1/nodes/a"), None);
        assert_eq!(
            said("no-nodes", "list", "/api/v1/nodes").as_deref(),
            Some(
                "nodes is forbidden: User \"no-nodes\" cannot list resource \"nodes\" in API group \"\" at the cluster scope"
            )
        );
        assert_eq!(
            said("viewer", "create", "/api/v1/namespaces/a/pods/p/eviction").as_deref(),
            Some(
                "pods \"p\" is forbidden: User \"viewer\" cannot create resource \"pods/eviction\" in API group \"\" in the namespace \"a\""
            )
        );
        assert_eq!(
            said("ns-only", "delete", "/api/v1/namespaces/ci-jobs/pods/p"),
            None
        );
        assert!(said("ns-only", "list", "/api/v1/pods").is_some());
        assert_eq!(
            said("viewer", "get", "/api/v1/namespaces/a/pods/p/log"),
            None
        );
        assert!(said("viewer", "get", "/api/v1/namespaces/a/secrets/s").is_some());
    }
}

//! What names one object of the API, and one of its kinds.

use crate::model::{Text, Uid};

/// A kind as the API serves it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct KindRef {
    /// Empty for the core group.
    pub(crate) group: Text,
    pub(crate) version: Text,
    pub(crate) plural: Text,
    /// `Pod`.
    pub(crate) kind: Text,
    pub(crate) namespaced: bool,
}

impl KindRef {
    /// A kind that every server has.
    pub(crate) fn known(
        group: &str,
        version: &str,
        plural: &str,
        kind: &str,
        namespaced: bool,
    ) -> Self {
        Self {
            group: group.into(),
            version: version.into(),
            plural: plural.into(),
            kind: kind.into(),
            namespaced,
        }
    }

    pub(crate) fn pod() -> Self {
        Self::known("", "v1", "pods", "Pod", true)
    }

    pub(crate) fn node() -> Self {
        Self::known("", "v1", "nodes", "Node", false)
    }

    pub(crate) fn ingress() -> Self {
        Self::known("networking.k8s.io", "v1", "ingresses", "Ingress", true)
    }

    /// `pods`, `widgets.example.com`.
    pub(crate) fn full_name(&self) -> String {
        if self.group.is_empty() {
            self.plural.to_string()
        } else {
            format!("{}.{}", self.plural, self.group)
        }
    }

    /// `apps/v1`, `v1`.
    pub(crate) fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.to_string()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// The path of its list: of a namespace, or of all.
    pub(crate) fn path(&self, namespace: Option<&str>) -> String {
        let root = if self.group.is_empty() {
            format!("/api/{}", self.version)
        } else {
            format!("/apis/{}/{}", self.group, self.version)
        };
        match namespace.filter(|ns| self.namespaced && !ns.is_empty()) {
            Some(namespace) => format!("{root}/namespaces/{namespace}/{}", self.plural),
            None => format!("{root}/{}", self.plural),
        }
    }
}

/// An object.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ObjectRef {
    pub(crate) kind: KindRef,
    /// Empty: it is in none.
    pub(crate) namespace: Text,
    pub(crate) name: Text,
    /// Where it is known: another object of that name is not meant.
    pub(crate) uid: Option<Uid>,
}

impl ObjectRef {
    pub(crate) fn new(kind: KindRef, namespace: &str, name: &str) -> Self {
        Self {
            kind,
            namespace: namespace.into(),
            name: name.into(),
            uid: None,
        }
    }

    pub(crate) fn path(&self) -> String {
        format!("{}/{}", self.kind.path(Some(&self.namespace)), self.name)
    }

    /// `Pod ci-jobs/runner-1`.
    pub(crate) fn title(&self) -> String {
        if self.namespace.is_empty() {
            format!("{} {}", self.kind.kind, self.name)
        } else {
            format!("{} {}/{}", self.kind.kind, self.namespace, self.name)
        }
    }

    /// A name for a file of it, without an ending.
    pub(crate) fn file_name(&self) -> String {
        let kind = self.kind.kind.to_lowercase();
        let name = if self.namespace.is_empty() {
            format!("{kind}-{}", self.name)
        } else {
            format!("{kind}-{}-{}", self.namespace, self.name)
        };
        let safe = |c: char| {
            if c.is_ascii_alphanumeric() || matches!(c, '-' | '.') {
                c
            } else {
                '_'
            }
        };
        name.chars().map(safe).collect()
    }

    /// The path of the events about it, newest unknown: the server sorts them by name.
    pub(crate) fn events_path(&self) -> String {
        let events = KindRef::known("", "v1", "events", "Event", true);
        // The kubelet writes a node's name as its uid.
        let about = match &self.uid {
            Some(uid) if &*self.kind.kind != "Node" => format!("involvedObject.uid={uid}"),
            Some(_) | None => format!(
                "involvedObject.kind={},involvedObject.name={}",
                self.kind.kind, self.name
            ),
        };
        let path = events.path(Some(&self.namespace));
        format!("{path}?fieldSelector={about}&limit=500")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        let mut pod = ObjectRef::new(KindRef::pod(), "ci", "a");
        assert_eq!(pod.path(), "/api/v1/namespaces/ci/pods/a");
        pod.uid = Some("u-1".into());
        assert_eq!(
            pod.events_path(),
            "/api/v1/namespaces/ci/events?fieldSelector=involvedObject.uid=u-1&limit=500"
        );
        let node = ObjectRef::new(KindRef::node(), "", "p-1");
        assert_eq!(node.path(), "/api/v1/nodes/p-1");
        assert_eq!(
            node.events_path(),
            "/api/v1/events?fieldSelector=involvedObject.kind=Node,involvedObject.name=p-1&limit=500"
        );
        assert_eq!(
            KindRef::ingress().path(None),
            "/apis/networking.k8s.io/v1/ingresses"
        );
        assert_eq!(pod.file_name(), "pod-ci-a");
    }
}

//! The feeds: which kinds are watched and how each stream stands.

use chrono::{DateTime, Utc};

use super::id::Text;

/// A watched kind; each has one feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// v1 Node.
    Node,
    /// v1 Pod.
    Pod,
    /// networking.k8s.io/v1 Ingress.
    Ingress,
    /// v1 Service.
    Service,
    /// discovery.k8s.io/v1 EndpointSlice.
    EndpointSlice,
    /// batch/v1 Job.
    BatchJob,
    /// apps/v1 ReplicaSet.
    ReplicaSet,
    /// apps/v1 StatefulSet.
    StatefulSet,
    /// apps/v1 Deployment.
    Deployment,
    /// apps/v1 DaemonSet.
    DaemonSet,
    /// batch/v1 CronJob.
    CronJob,
    /// policy/v1 PodDisruptionBudget; watched only while an action needs it.
    Budget,
    /// autoscaling/v2 HorizontalPodAutoscaler; watched only while an action needs it.
    Autoscaler,
    /// v1 Event, those about what the screen shows; watched only while it does.
    Event,
    /// v1 Event of type Warning, of the whole cluster; watched only while a screen needs them.
    Warning,
}

impl Kind {
    /// All kinds, in the order in which they are started.
    pub const ALL: [Self; 15] = [
        Self::Node,
        Self::Pod,
        Self::Ingress,
        Self::Service,
        Self::EndpointSlice,
        Self::BatchJob,
        Self::ReplicaSet,
        Self::StatefulSet,
        Self::Deployment,
        Self::DaemonSet,
        Self::CronJob,
        Self::Budget,
        Self::Autoscaler,
        Self::Event,
        Self::Warning,
    ];

    /// Whether it is watched only while something needs it.
    pub fn on_demand(self) -> bool {
        matches!(
            self,
            Self::Budget | Self::Autoscaler | Self::Event | Self::Warning
        )
    }

    /// As objects name it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Node => "Node",
            Self::Pod => "Pod",
            Self::Ingress => "Ingress",
            Self::Service => "Service",
            Self::EndpointSlice => "EndpointSlice",
            Self::BatchJob => "Job",
            Self::ReplicaSet => "ReplicaSet",
            Self::StatefulSet => "StatefulSet",
            Self::Deployment => "Deployment",
            Self::DaemonSet => "DaemonSet",
            Self::CronJob => "CronJob",
            Self::Budget => "PodDisruptionBudget",
            Self::Autoscaler => "HorizontalPodAutoscaler",
            Self::Event | Self::Warning => "Event",
        }
    }

    /// The resource's plural name, as RBAC and kubectl write it.
    pub fn plural(self) -> &'static str {
        match self {
            Self::Node => "nodes",
            Self::Pod => "pods",
            Self::Ingress => "ingresses",
            Self::Service => "services",
            Self::EndpointSlice => "endpointslices",
            Self::BatchJob => "jobs",
            Self::ReplicaSet => "replicasets",
            Self::StatefulSet => "statefulsets",
            Self::Deployment => "deployments",
            Self::DaemonSet => "daemonsets",
            Self::CronJob => "cronjobs",
            Self::Budget => "poddisruptionbudgets",
            Self::Autoscaler => "horizontalpodautoscalers",
            Self::Event | Self::Warning => "events",
        }
    }

    /// Its version in that group.
    pub fn version(self) -> &'static str {
        match self {
            Self::Autoscaler => "v2",
            _ => "v1",
        }
    }

    /// Its API group, empty for the core group.
    pub fn group(self) -> &'static str {
        match self {
            Self::Node | Self::Pod | Self::Service | Self::Event | Self::Warning => "",
            Self::Ingress => "networking.k8s.io",
            Self::EndpointSlice => "discovery.k8s.io",
            Self::BatchJob | Self::CronJob => "batch",
            Self::ReplicaSet | Self::StatefulSet | Self::Deployment | Self::DaemonSet => "apps",
            Self::Budget => "policy",
            Self::Autoscaler => "autoscaling",
        }
    }
}

/// How a feed stands. It is on the screen: a failed feed is never an empty table.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum FeedState {
    /// Not started: nobody asked for it.
    #[default]
    Off,
    /// The first list, or a list after a break, is coming in.
    Syncing {
        /// Objects seen in this sync.
        seen: u64,
        /// How many there will be, where the server says (`remainingItemCount`).
        expected: Option<u64>,
    },
    /// Complete and followed.
    Live,
    /// What is known is kept; since then nothing is known to be right.
    Stale {
        /// When the server was last heard.
        since: DateTime<Utc>,
        /// What went wrong, in one line.
        why: Text,
    },
    /// The server refuses: 403.
    Denied {
        /// The verb that was refused.
        verb: Text,
        /// The resource, as RBAC names it.
        resource: Text,
    },
    /// The server does not know this kind: 404.
    Absent,
    /// Credentials need a person.
    LoginNeeded {
        /// The command to run.
        command: Text,
    },
}

/// One feed as the model keeps it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Feed {
    /// How it stands.
    pub state: FeedState,
    /// Whether a whole list has come in since the start: what is not there is not in the cluster either.
    pub complete: bool,
    /// Objects that could not be read.
    pub unreadable: u64,
    /// The last of them, and what was wrong with it.
    pub last_unreadable: Option<(Text, Text)>,
}

impl Feed {
    /// Known whole at present.
    pub fn is_live(&self) -> bool {
        self.complete && self.state == FeedState::Live
    }

    /// No (further) list is to be expected before what is known is judged.
    pub fn is_settled(&self) -> bool {
        self.complete
            || matches!(
                self.state,
                FeedState::Denied { .. } | FeedState::Absent | FeedState::LoginNeeded { .. }
            )
    }

    pub(crate) fn begin(&mut self) {
        let expected = match self.state {
            FeedState::Syncing { expected, .. } => expected,
            _ => None,
        };
        self.state = FeedState::Syncing { seen: 0, expected };
    }

    /// Counts an object of a sync; true if there is one.
    pub(crate) fn saw(&mut self) -> bool {
        match &mut self.state {
            FeedState::Syncing { seen, .. } => {
                *seen += 1;
                true
            }
            _ => false,
        }
    }

    pub(crate) fn end(&mut self) {
        self.state = FeedState::Live;
        self.complete = true;
    }

    pub(crate) fn unreadable(&mut self, name: Text, why: Text) {
        self.unreadable += 1;
        self.last_unreadable = Some((name, why));
    }
}

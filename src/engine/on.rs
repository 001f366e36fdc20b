//! On which screens a row of the key table holds.

/// A set of screens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct On(u32);

impl On {
    pub(crate) const OVERVIEW: Self = Self(1);
    pub(crate) const JOBS: Self = Self(1 << 1);
    pub(crate) const JOB: Self = Self(1 << 2);
    pub(crate) const NODES: Self = Self(1 << 3);
    pub(crate) const NODE: Self = Self(1 << 4);
    pub(crate) const PODS: Self = Self(1 << 5);
    pub(crate) const INGRESSES: Self = Self(1 << 6);
    pub(crate) const LOG: Self = Self(1 << 7);
    pub(crate) const CONSOLE: Self = Self(1 << 8);

    pub(crate) const ACTIONS: Self = Self(1 << 9);

    /// Documents.
    pub(crate) const TEXT: Self = Self(1 << 16);
    pub(crate) const EVENTS: Self = Self(1 << 11);
    pub(crate) const WARNINGS: Self = Self(1 << 12);
    pub(crate) const WORKLOADS: Self = Self(1 << 20);
    /// One of them.
    pub(crate) const WORKLOAD: Self = Self(1 << 21);
    pub(crate) const CRONJOBS: Self = Self(1 << 22);
    pub(crate) const CONTAINERS: Self = Self(1 << 23);
    /// Tables of any kind.
    pub(crate) const KIND: Self = Self(1 << 17);

    pub(super) const ALL: Self = Self(u32::MAX);
    /// Screens with a table.
    pub(super) const TABLES: Self = Self::OVERVIEW
        .and(Self::JOBS)
        .and(Self::NODES)
        .and(Self::NODE)
        .and(Self::PODS)
        .and(Self::INGRESSES)
        .and(Self::EVENTS)
        .and(Self::WARNINGS)
        .and(Self::ACTIONS)
        .and(Self::WORKLOADS)
        .and(Self::WORKLOAD)
        .and(Self::CRONJOBS)
        .and(Self::CONTAINERS)
        .and(Self::KIND);
    /// Screens on which something is under a cursor.
    pub(super) const LISTS: Self = Self::TABLES.and(Self::JOB);
    /// Screens with something whose logs can be merged.
    pub(super) const MERGED: Self = Self::OVERVIEW
        .and(Self::JOBS)
        .and(Self::NODES)
        .and(Self::NODE)
        .and(Self::PODS);
    /// All but logs.
    pub(super) const NO_LOG: Self = Self(Self::ALL.0 & !Self::LOG.0);
    /// Screens that scroll.
    pub(super) const SCROLL: Self = Self::LISTS.and(Self::LOG).and(Self::TEXT);
    /// Screens with an object under the cursor, or about one.
    pub(super) const OBJECTS: Self = Self::OVERVIEW
        .and(Self::JOBS)
        .and(Self::JOB)
        .and(Self::NODES)
        .and(Self::NODE)
        .and(Self::PODS)
        .and(Self::INGRESSES)
        .and(Self::WORKLOADS)
        .and(Self::WORKLOAD)
        .and(Self::CRONJOBS)
        .and(Self::CONTAINERS)
        .and(Self::LOG)
        .and(Self::TEXT)
        .and(Self::KIND);
    /// Screens with a job or a pod under the cursor.
    pub(super) const JOBS_OR_PODS: Self = Self::OVERVIEW
        .and(Self::JOBS)
        .and(Self::JOB)
        .and(Self::NODE)
        .and(Self::EVENTS)
        .and(Self::WARNINGS)
        .and(Self::PODS)
        .and(Self::WORKLOAD)
        .and(Self::CONTAINERS);

    /// Screens with something that has events.
    pub(super) const EVERY_THING: Self = Self::OVERVIEW
        .and(Self::JOBS)
        .and(Self::JOB)
        .and(Self::NODES)
        .and(Self::NODE)
        .and(Self::PODS)
        .and(Self::INGRESSES)
        .and(Self::WORKLOADS)
        .and(Self::WORKLOAD)
        .and(Self::CRONJOBS)
        .and(Self::CONTAINERS)
        .and(Self::LOG);

    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

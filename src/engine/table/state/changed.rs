//! Which rows a batch touches.

use super::super::workloads::KINDS;
use super::super::{RowKey, Scope, TableKind};
use super::TableState;
use crate::model::{Change, Changes, ClusterNo, Kind};

impl TableState {
    /// Takes in what a batch changed in a cluster.
    pub(crate) fn changed(&mut self, no: ClusterNo, changes: &Changes) {
        if self.scope.cluster().is_some_and(|of| of != no) {
            return;
        }
        match self.kind {
            TableKind::Jobs => {
                for (change, key) in &changes.jobs {
                    self.row(*change, RowKey::Job(no, key.clone()));
                }
            }
            TableKind::Nodes => {
                for object in changes.objects.iter().filter(|o| o.kind == Kind::Node) {
                    self.row(object.change, RowKey::Node(no, object.name.clone()));
                }
                for name in &changes.nodes {
                    self.row(Change::Changed, RowKey::Node(no, name.clone()));
                }
            }
            TableKind::Pods => {
                for object in changes.objects.iter().filter(|o| o.kind == Kind::Pod) {
                    self.row(object.change, RowKey::Pod(no, object.uid.clone()));
                }
            }
            // They follow the actions, not the model.
            TableKind::Actions
            | TableKind::Items
            | TableKind::Forwards
            | TableKind::Events
            | TableKind::Reasons
            | TableKind::Shapes => {}
            TableKind::Workloads | TableKind::Crons => {
                for object in &changes.objects {
                    if KINDS.contains(&object.kind) || object.kind == Kind::CronJob {
                        let key = RowKey::Workload(no, object.kind, object.uid.clone());
                        self.row(object.change, key);
                    }
                }
            }
            TableKind::Workers | TableKind::Handlers => {
                let pods = changes.objects.iter().filter(|o| o.kind == Kind::Pod);
                for object in pods {
                    // Most pods are jobs' and no rows here; what goes may have been one.
                    self.row(object.change, RowKey::Pod(no, object.uid.clone()));
                }
            }
            // Few rows, all of one owner.
            TableKind::Replicas | TableKind::Daemons | TableKind::Containers => {
                let own = |kind: Kind| KINDS.contains(&kind) || kind == Kind::Pod;
                if changes.objects.iter().any(|o| own(o.kind)) || changes.touches(Kind::Node) {
                    self.renew();
                }
            }
            TableKind::Ingresses => {
                if changes.touches(Kind::Ingress) || !changes.ingresses.is_empty() {
                    self.renew();
                }
            }
        }
        // What a row's pool is may have changed for every row.
        if changes.pools {
            self.lines.clear();
            if self.minds_pools() {
                self.renew();
            }
        }
        // A Service's endpoints turned.
        if matches!(self.scope, Scope::Service(..)) && changes.touches(Kind::EndpointSlice) {
            self.renew();
        }
    }
}

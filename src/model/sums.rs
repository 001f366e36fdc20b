//! Sums of one node, kept by delta. Integers, so that no order of changes leaves a remainder.

use super::pod::Pod;
use super::resources::Resources;

/// What a pod is to its node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// A job of a recognised CI system.
    Ci,
    /// A pod of a plain batch Job.
    Batch,
    /// One of each node: a DaemonSet's, or a static pod.
    PerNode,
    /// Everything else.
    Service,
}

/// What the pods of one node add up to. Ended pods hold nothing and are left out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodeSums {
    /// Requests of all its pods, as `kubectl describe node` counts them; `pods` is their number.
    pub requested: Resources,
    /// Requests of pods of recognised CI systems (plain batch Jobs are not among them).
    pub ci: Resources,
    /// Requests of DaemonSet and static pods.
    pub per_node: Resources,
    /// Job pods (CI and batch) that are bound and not ended.
    pub jobs: i64,
    /// Pods that are neither job nor DaemonSet nor static.
    pub services: i64,
    /// Requests of all job pods, CI and batch.
    pub job_requests: Resources,
    /// Requests of its job pods with their number, sorted by CPU, then memory.
    pub shapes: Vec<(Resources, u32)>,
    /// How many pods it has, the ended too.
    pub(crate) known: u32,
    /// The slot of one of them (see `kin`).
    pub(crate) first: Option<u32>,
}

impl NodeSums {
    pub(crate) fn add(&mut self, pod: &Pod, purpose: Use) {
        if pod.ended() {
            return;
        }
        let request = one(pod);
        self.requested += request;
        match purpose {
            Use::Ci | Use::Batch => {
                if purpose == Use::Ci {
                    self.ci += request;
                }
                self.jobs += 1;
                self.job_requests += request;
                match self
                    .shapes
                    .binary_search_by_key(&order(&request), |(r, _)| order(r))
                {
                    Ok(at) => self.shapes[at].1 += 1,
                    Err(at) => self.shapes.insert(at, (request, 1)),
                }
            }
            Use::PerNode => self.per_node += request,
            Use::Service => self.services += 1,
        }
    }

    pub(crate) fn sub(&mut self, pod: &Pod, purpose: Use) {
        if pod.ended() {
            return;
        }
        let request = one(pod);
        self.requested -= request;
        match purpose {
            Use::Ci | Use::Batch => {
                if purpose == Use::Ci {
                    self.ci -= request;
                }
                self.jobs -= 1;
                self.job_requests -= request;
                if let Ok(at) = self
                    .shapes
                    .binary_search_by_key(&order(&request), |(r, _)| order(r))
                {
                    self.shapes[at].1 -= 1;
                    if self.shapes[at].1 == 0 {
                        self.shapes.remove(at);
                    }
                }
            }
            Use::PerNode => self.per_node -= request,
            Use::Service => self.services -= 1,
        }
    }
}

/// A pod's request, counted as one pod whatever the decoder wrote there.
fn one(pod: &Pod) -> Resources {
    Resources {
        pods: 1,
        ..pod.spec.requests
    }
}

/// Order of request shapes.
pub(crate) fn order(r: &Resources) -> (i64, i64, i64) {
    (r.cpu, r.memory, r.storage)
}

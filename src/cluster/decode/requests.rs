//! What a pod asks of its node, counted as `kubectl describe node` does.
//!
//! The larger of (all containers and sidecars) and (the largest step of the init phase: an init container
//! together with the sidecars started before it), plus the overhead. A request of the pod as a whole replaces
//! the sum for the amounts it names. While a resize is under way a container counts what it asks for or what
//! it was given, whichever is more.

use super::pod::{RawContainer, RawContainerStatus, RawPod};
use crate::model::Resources;

/// The pod's request; `pods` is 1.
pub(super) fn of_pod(pod: &RawPod<'_>) -> Resources {
    let (spec, status) = (&pod.spec, &pod.status);
    let mut sum = Resources::default();
    for container in spec.containers.iter() {
        sum += of_container(container, &status.container_statuses);
    }
    let mut sidecars = Resources::default();
    let mut init = Resources::default();
    for container in spec.init_containers.iter() {
        let own = of_container(container, &status.init_container_statuses);
        if container.restarts_always() {
            sidecars += own;
            init = init.max(sidecars);
        } else {
            init = init.max(sidecars + own);
        }
    }
    let mut total = (sum + sidecars).max(init);
    let whole_pod = &spec.resources.requests;
    if let Some(cpu) = whole_pod.cpu {
        total.cpu = cpu.0;
    }
    if let Some(memory) = whole_pod.memory {
        total.memory = memory.0;
    }
    total += spec.overhead.resources();
    total.pods = 1;
    total
}

fn of_container(container: &RawContainer<'_>, statuses: &[RawContainerStatus<'_>]) -> Resources {
    let asked = container.resources.requests.resources();
    match statuses.iter().find(|s| *s.name == *container.name) {
        Some(status) => asked
            .max(status.allocated_resources.resources())
            .max(status.resources.requests.resources()),
        None => asked,
    }
}

//! Rows of `get pods`.

use serde_json::{Value, json};

use super::{View, or_none, time};
use crate::model::{Pod, age, status};

pub(super) const HEADS: &[&str] = &["NAMESPACE", "NAME", "READY", "STATUS", "RESTARTS", "AGE"];
pub(super) const MORE: &[&str] = &["IP", "NODE", "JOB"];

pub(super) fn json(view: &View<'_>, pod: &Pod) -> Value {
    let status = status::pod_status(pod);
    let job = view.model.job_of_pod(&pod.meta.uid);
    json!({
        "namespace": &*pod.meta.namespace,
        "name": &*pod.meta.name,
        "ready": status.ready_text(),
        "status": status.status,
        "restarts": status.restarts,
        "node": pod.node.as_deref(),
        "ip": pod.ip.map(|ip| ip.to_string()),
        "job": job.map(|j| j.id.as_str()),
        "created": time(pod.meta.created),
    })
}

pub(super) fn cells(view: &View<'_>, pod: &Pod, wide: bool) -> Vec<String> {
    let status = status::pod_status(pod);
    let mut cells = vec![
        pod.meta.namespace.to_string(),
        pod.meta.name.to_string(),
        status.ready_text(),
        status.status.to_string(),
        status.restarts_text(view.now),
        age::since(Some(pod.meta.created), view.now),
    ];
    if wide {
        let job = view.model.job_of_pod(&pod.meta.uid);
        cells.extend([
            pod.ip.map_or("<none>".into(), |ip| ip.to_string()),
            or_none(pod.node.as_deref().unwrap_or_default()),
            job.map_or("<none>".into(), |j| j.id.to_string()),
        ]);
    }
    cells
}

//! Eviction: the API server's rules about budgets.

use std::sync::Arc;

use serde_json::{Value, json};

use super::World;
use crate::sim::actors::ctx::set_condition;
use crate::sim::actors::pods::PodSlim;
use crate::sim::actors::selector::Selector;
use crate::sim::{Obj, Status, resource, timestamp};

/// What must hold of an object for a deletion to go on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Preconditions {
    /// Its uid.
    pub uid: Option<String>,
    /// Its resourceVersion.
    pub resource_version: Option<String>,
}

impl Preconditions {
    /// # Errors
    /// `Conflict` that names what was asked for and what is.
    pub fn check(&self, obj: &Obj) -> Result<(), Status> {
        if let Some(uid) = self.uid.as_deref().filter(|uid| *uid != &*obj.uid) {
            let why = format!("Precondition failed: UID in precondition: {uid}, UID in object meta: {}", obj.uid);
            return Err(Status::conflict(obj.res, &obj.name, &why));
        }
        let rv = obj.rv.to_string();
        if let Some(asked) = self.resource_version.as_deref().filter(|asked| *asked != rv) {
            let why = format!(
                "Precondition failed: ResourceVersion in precondition: {asked}, ResourceVersion in object meta: {rv}"
            );
            return Err(Status::conflict(obj.res, &obj.name, &why));
        }
        Ok(())
    }
}

impl World {
    /// Evicts a pod: deletes it if its budget allows, with `grace` seconds. A dry run asks the budget and
    /// changes nothing.
    ///
    /// # Errors
    /// 429 with cause `DisruptionBudget` when the budget refuses, 500 when several match, 404, 409.
    pub fn evict(
        &mut self,
        ns: &str,
        name: &str,
        grace: Option<i64>,
        preconditions: &Preconditions,
        dry_run: bool,
    ) -> Result<(), Status> {
        let pods = resource("pods");
        let pod = self.store.get(pods, ns, name).ok_or_else(|| Status::not_found(pods, name))?.clone();
        preconditions.check(&pod)?;
        let free = pod.deleting || matches!(&*pod.phase, "Succeeded" | "Failed" | "Pending" | "");
        if !free && let Some(budget) = self.budget_of(&pod)? {
            self.take(&pod, &budget, dry_run)?;
        }
        if dry_run {
            return Ok(());
        }
        if !free {
            let now = timestamp(self.now);
            self.store.update(self.now, pods, ns, name, |v| {
                set_condition(&mut v["status"], json!({"type": "DisruptionTarget", "status": "True",
                    "lastProbeTime": null, "lastTransitionTime": now, "reason": "EvictionByEvictionAPI",
                    "message": "Eviction API: evicting"}));
            })?;
        }
        self.delete_pod(ns, name, grace, &Preconditions::default(), false).map(|_| ())
    }

    /// The budget that covers a pod.
    fn budget_of(&self, pod: &Obj) -> Result<Option<Arc<Obj>>, Status> {
        let covers = |budget: &&Arc<Obj>| {
            Selector::read(&budget.value()["spec"]["selector"]).is_some_and(|s| s.matches(&pod.labels))
        };
        let mut found: Vec<_> =
            self.store.list(resource("poddisruptionbudgets"), Some(&pod.namespace)).filter(covers).cloned().collect();
        if found.len() > 1 {
            return Err(Status::new(
                500,
                "InternalError",
                "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
            ));
        }
        Ok(found.pop())
    }

    /// Takes one disruption from the budget, or says why there is none.
    fn take(&mut self, pod: &Obj, budget: &Obj, dry_run: bool) -> Result<(), Status> {
        let value = budget.value();
        let status = &value["status"];
        let number = |key: &str| status[key].as_i64().unwrap_or(0);
        let ready = serde_json::from_slice::<PodSlim<'_>>(&pod.body).is_ok_and(|p| p.ready());
        if !ready {
            let always = value["spec"]["unhealthyPodEvictionPolicy"] == "AlwaysAllow";
            let (current, desired) = (number("currentHealthy"), number("desiredHealthy"));
            if always || (current >= desired && desired > 0) {
                return Ok(());
            }
        }
        let observed = status["observedGeneration"].as_i64().unwrap_or(0);
        if observed < value["metadata"]["generation"].as_i64().unwrap_or(1) {
            let text = format!("The disruption budget {} is still being processed by the server.", budget.name);
            let mut refused = refusal(&text);
            if let Some(details) = &mut refused.details {
                details.retry_after_seconds = Some(10);
            }
            return Err(refused);
        }
        let allowed = number("disruptionsAllowed");
        if allowed < 0 {
            return Err(Status::new(403, "Forbidden", "pdb disruptions allowed is negative"));
        }
        if allowed == 0 {
            return Err(refusal(&format!(
                "The disruption budget {} needs {} healthy pods and has {} currently",
                budget.name,
                number("desiredHealthy"),
                number("currentHealthy")
            )));
        }
        if !dry_run {
            let now = timestamp(self.now);
            self.store.update(self.now, budget.res, &budget.namespace, &budget.name, |v| {
                let status = &mut v["status"];
                status["disruptionsAllowed"] = (allowed - 1).into();
                if !status["disruptedPods"].is_object() {
                    status["disruptedPods"] = Value::Object(serde_json::Map::new());
                }
                status["disruptedPods"][&*pod.name] = now.into();
            })?;
        }
        Ok(())
    }
}

fn refusal(why: &str) -> Status {
    Status::new(
        429,
        "TooManyRequests",
        "Cannot evict pod as it would violate the pod's disruption budget.",
    )
    .cause("DisruptionBudget", why, "")
}

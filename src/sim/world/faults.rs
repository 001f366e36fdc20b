//! A scenario's faults, put into force and taken back.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::World;
use crate::sim::actors::node;
use crate::sim::actors::queue::Timer;
use crate::sim::api::metrics::Served;
use crate::sim::resource;
use crate::sim::scenario::{Fault, Kind, Scenario};

impl World {
    /// Plays a scenario's faults; their times count from `from`.
    pub fn play(&mut self, scenario: Arc<Scenario>, from: DateTime<Utc>) {
        for (i, fault) in scenario.faults.iter().enumerate() {
            let fault = fault.get_ref();
            let at = from + fault.at;
            self.actors.queue.push(at, Timer::Scenario(2 * i));
            if let Some(length) = fault.length {
                self.actors
                    .queue
                    .push(at + length, Timer::Scenario(2 * i + 1));
            }
        }
        self.scenario = Some(scenario);
        self.scenario_start = from;
    }

    /// Whether the API server is down by the scenario: the HTTP shell answers nothing.
    pub fn outage(&self) -> bool {
        self.actors.faults.outage
    }

    /// Raised each time all open watches are to be cut.
    pub fn watch_epoch(&self) -> u64 {
        self.actors.faults.watch_epoch
    }

    pub(super) fn scenario_step(&mut self, step: usize) {
        let Some(scenario) = self.scenario.clone() else {
            return;
        };
        let Some(fault) = scenario.faults.get(step / 2) else {
            return;
        };
        self.apply(fault.get_ref(), step.is_multiple_of(2));
    }

    /// Puts a fault into force, or takes it back.
    pub fn apply(&mut self, fault: &Fault, on: bool) {
        let faults = &mut self.actors.faults;
        let name = fault.node.as_deref().unwrap_or_default();
        match fault.kind {
            Kind::NodeNotReady => self
                .actors
                .set_node_down(self.now, &mut self.store, name, on),
            Kind::DiskPressure => self
                .actors
                .set_pressure(self.now, &mut self.store, name, on),
            Kind::Cordon => {
                // A node that is not there is nothing to cordon.
                let _ = self
                    .store
                    .update(self.now, resource("nodes"), "", name, |v| {
                        if on {
                            v["spec"]["unschedulable"] = true.into();
                        } else if let Some(spec) = v["spec"].as_object_mut() {
                            spec.shift_remove("unschedulable");
                        }
                    });
            }
            Kind::SpotNotice => {
                const NOTICE: &str = "cloud.google.com/impending-node-termination";
                // A node that is not there cannot be taken.
                let _ = self
                    .store
                    .update(self.now, resource("nodes"), "", name, |v| {
                        if on {
                            node::add_taint(v, NOTICE, "NoSchedule", None);
                        } else {
                            node::remove_taint(v, NOTICE);
                        }
                    });
            }
            Kind::ImageMissing => {
                let image = fault.image.clone().unwrap_or_default();
                if on {
                    faults.missing.push(image.clone());
                    self.actors.kubelets.drop_image(&image);
                } else {
                    faults.missing.retain(|m| *m != image);
                }
            }
            Kind::Oom => faults.oom = if on { fault.rate.unwrap_or(0.0) } else { 0.0 },
            Kind::Fail => faults.fail = if on { fault.rate.unwrap_or(0.0) } else { 0.0 },
            Kind::NoEndpoints => {
                let who = (
                    fault.namespace.clone().unwrap_or_default(),
                    fault.pods.clone().unwrap_or_default(),
                );
                if on {
                    faults.unready.push(who);
                } else {
                    faults.unready.retain(|u| *u != who);
                }
                self.actors.probe_all(self.now, &mut self.store);
            }
            Kind::ApiOutage => {
                faults.outage = on;
                faults.watch_epoch += 1;
            }
            Kind::SlowScheduling => {
                faults.scheduler_ms = if on { fault.ms.unwrap_or(0) } else { 0 }
            }
            Kind::ClaimUnbound => {
                let who = (
                    fault.namespace.clone().unwrap_or_default(),
                    fault.pods.clone().unwrap_or_default(),
                );
                if on {
                    faults.unbound.push(who);
                } else {
                    faults.unbound.retain(|u| *u != who);
                }
                self.actors.claims(self.now, &mut self.store);
            }
            Kind::MetricsMissing if on => self.store.metrics = Served::No,
            Kind::MetricsDown if on => self.store.metrics = Served::Down,
            Kind::MetricsMissing | Kind::MetricsDown => self.store.metrics = Served::Yes,
            Kind::WatchCut => faults.watch_epoch += u64::from(on),
        }
        self.react();
    }
}

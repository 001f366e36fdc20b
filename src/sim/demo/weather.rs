//! What happens to the demo's job nodes by itself: now and then one falls silent for a while, or is taken away and
//! replaced, as clouds do.

use super::ask;
use super::nodes::{Size, registers_anew};
use crate::sim::World;
use chrono::{DateTime, TimeDelta, Utc};
use http::Method;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
enum Deed {
    /// Somewhere something happens.
    Strike,
    /// The silent node is heard again.
    Heal(String),
    /// The node that was taken away registers anew.
    Return(Box<Value>),
}

/// The next deeds, by their time.
#[derive(Clone, Debug)]
pub(super) struct Weather {
    rng: ChaCha8Rng,
    width: usize,
    size: Size,
    first: bool,
    deeds: BTreeMap<DateTime<Utc>, Deed>,
}

impl Weather {
    /// Weather in which a node has just been lost when the demo opens at `opens`.
    pub(super) fn new(seed: u64, size: Size, opens: DateTime<Utc>) -> Weather {
        let width = size
            .peasants()
            .max(size.patricians)
            .to_string()
            .len()
            .max(2);
        let deeds = BTreeMap::from([(opens - TimeDelta::seconds(75), Deed::Strike)]);
        Weather {
            rng: ChaCha8Rng::seed_from_u64(seed ^ 0x77ea),
            width,
            size,
            first: true,
            deeds,
        }
    }

    pub(super) fn next_due(&self) -> DateTime<Utc> {
        self.deeds
            .keys()
            .next()
            .copied()
            .unwrap_or(DateTime::<Utc>::MAX_UTC)
    }

    /// Does what is due at `now`.
    pub(super) fn act(&mut self, world: &mut World, now: DateTime<Utc>) {
        let Some(deed) = self.deeds.remove(&now) else {
            return;
        };
        match deed {
            Deed::Strike => {
                self.strike(world, now);
                let next = now + TimeDelta::seconds(self.rng.random_range(150..420));
                self.plan(next, Deed::Strike);
            }
            // Somebody may have deleted the node meanwhile: then there is nothing to heal.
            Deed::Heal(node) => {
                let _ = ask(
                    world,
                    Method::PATCH,
                    &format!("/api/v1/nodes/{node}"),
                    &fault(None),
                );
            }
            Deed::Return(node) => {
                let _ = ask(world, Method::POST, "/api/v1/nodes", &node);
            }
        }
    }

    /// Two deeds never stand at the same time: the later one moves on.
    fn plan(&mut self, mut at: DateTime<Utc>, deed: Deed) {
        while self.deeds.contains_key(&at) {
            at += TimeDelta::milliseconds(1);
        }
        self.deeds.insert(at, deed);
    }

    fn strike(&mut self, world: &mut World, now: DateTime<Utc>) {
        let index = self.rng.random_range(1..=self.size.peasants());
        let node = format!("p-{index:0width$}", width = self.width);
        let path = format!("/api/v1/nodes/{node}");
        // The first one is a silence: it is to be seen when the demo opens.
        let first = std::mem::take(&mut self.first);
        if first || self.rng.random_bool(0.6) {
            if ask(world, Method::PATCH, &path, &fault(Some("not-ready"))).is_ok() {
                let heal = now + TimeDelta::seconds(self.rng.random_range(110..240));
                self.plan(heal, Deed::Heal(node));
            }
        } else if let Ok(old) = ask(world, Method::GET, &path, &Value::Null)
            && ask(world, Method::DELETE, &path, &Value::Null).is_ok()
        {
            let back = now + TimeDelta::seconds(self.rng.random_range(15..45));
            self.plan(back, Deed::Return(Box::new(registers_anew(old))));
        }
    }
}

fn fault(fault: Option<&str>) -> Value {
    json!({ "metadata": { "annotations": { "sim.constable/fault": fault } } })
}

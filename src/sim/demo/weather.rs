//! What happens to the demo's job nodes by itself: now and then one falls silent for a while, or is taken away and
//! replaced, as clouds do.

use super::nodes::{Size, registers_anew};
use super::{arrivals, ask};
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
    /// The autoscaler asks for a node; every third never comes.
    Claim(u32),
    /// The claimed node registers.
    Arrive(u32),
    /// The claimed node is wanted back.
    Disrupt(u32),
    /// The claimed node, or the claim alone, goes.
    Leave(u32),
    /// A spot node is told to go.
    Notice,
    /// It goes.
    Taken(String),
    /// A stranger cordons a node.
    Cordon,
    /// And takes it back.
    Uncordon(String),
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
        let at = |seconds: i64| opens + TimeDelta::seconds(seconds);
        let deeds = BTreeMap::from([
            (at(-75), Deed::Strike),
            (at(-20), Deed::Claim(1)),
            (at(55), Deed::Cordon),
            (at(80), Deed::Claim(3)),
            (at(110), Deed::Notice),
        ]);
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
            deed => self.come_and_go(world, now, deed),
        }
    }

    /// What the autoscaler, the cloud and strangers do.
    fn come_and_go(&mut self, world: &mut World, now: DateTime<Utc>, deed: Deed) {
        let soon = |seconds: i64| now + TimeDelta::seconds(seconds);
        let claim = |n: u32| format!("runner-large-{:05x}", 0x5c0a1 + n * 7919);
        let width = self.width;
        let peasants = self.size.peasants();
        let arrival = |n: u32| format!("p-{:0width$}", peasants + 1 + n % 4);
        match deed {
            Deed::Claim(n) => {
                let arrives = n % 3 != 0;
                arrivals::claim(world, now, &claim(n), arrives);
                if arrives {
                    self.plan(soon(35), Deed::Arrive(n));
                    let next = self.rng.random_range(240..480);
                    self.plan(soon(next), Deed::Claim(n + 1));
                } else {
                    self.plan(soon(400), Deed::Leave(n));
                }
            }
            Deed::Arrive(n) => {
                arrivals::arrive(world, now, self.size, &claim(n), &arrival(n));
                self.plan(soon(420), Deed::Disrupt(n));
            }
            Deed::Disrupt(n) => {
                arrivals::disrupt(world, &arrival(n));
                self.plan(soon(120), Deed::Leave(n));
            }
            Deed::Leave(n) => {
                if n % 3 != 0 {
                    arrivals::leave(world, &arrival(n));
                }
                arrivals::give_up(world, &claim(n));
            }
            Deed::Notice => {
                let index = self.rng.random_range(1..=peasants);
                let node = format!("p-{index:0width$}");
                arrivals::notice(world, &node);
                self.plan(soon(60), Deed::Taken(node));
                let next = self.rng.random_range(420..900);
                self.plan(soon(next), Deed::Notice);
            }
            Deed::Taken(node) => {
                let path = format!("/api/v1/nodes/{node}");
                if let Ok(old) = ask(world, Method::GET, &path, &Value::Null) {
                    arrivals::leave(world, &node);
                    self.plan(soon(40), Deed::Return(Box::new(registers_anew(old))));
                }
            }
            Deed::Cordon => {
                let index = self.rng.random_range(1..=peasants);
                let node = format!("p-{index:0width$}");
                arrivals::cordon(world, &node, true);
                self.plan(soon(300), Deed::Uncordon(node));
                let next = self.rng.random_range(900..1500);
                self.plan(soon(next), Deed::Cordon);
            }
            Deed::Uncordon(node) => arrivals::cordon(world, &node, false),
            // These are done already.
            Deed::Strike | Deed::Heal(_) | Deed::Return(_) => {}
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

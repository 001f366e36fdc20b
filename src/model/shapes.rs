//! What jobs of one shape (the same job of the same project) usually use of what they ask for.
//!
//! Each figure of a running job is a sample: a share of its request, counted in steps of five hundredths. Kept
//! while the console watches, for as many shapes as [`KEPT_SHAPES`]; the one that was seen longest ago goes.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::id::Text;
use super::job::Job;
use super::pod::Pod;
use super::resources::Resources;
use super::usage::Usage;

/// Shapes that are kept: some 300 bytes each.
pub const KEPT_SHAPES: usize = 1_024;
/// Samples before anything is said.
pub const ENOUGH: u32 = 5;

/// Steps of five hundredths up to twice the request; the last holds all above.
const STEPS: usize = 41;

/// How often which share was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Shares([u16; STEPS]);

impl Default for Shares {
    fn default() -> Self {
        Self([0; STEPS])
    }
}

impl Shares {
    fn add(&mut self, used: i64, asked: i64) {
        if asked <= 0 {
            return;
        }
        let step = usize::try_from(used.max(0).saturating_mul(20) / asked).unwrap_or(STEPS);
        let count = &mut self.0[step.min(STEPS - 1)];
        *count += 1;
        // Old samples weigh less and less.
        if *count == u16::MAX {
            self.0.iter_mut().for_each(|count| *count /= 2);
        }
    }

    /// The share in hundredths below which so many hundredths of the samples are: the upper end of its step.
    fn percentile(&self, of_hundred: u32) -> Option<u32> {
        let all: u32 = self.0.iter().map(|n| u32::from(*n)).sum();
        let wanted = (all * of_hundred).div_ceil(100).max(1);
        let mut seen = 0;
        for (step, count) in (1..).zip(&self.0) {
            seen += u32::from(*count);
            if seen >= wanted {
                return Some(step * 5);
            }
        }
        None
    }
}

/// One shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    /// What its last job asked for.
    pub asks: Resources,
    /// The most memory that was seen, in bytes.
    pub most_memory: i64,
    /// The most CPU, in millicores.
    pub most_cpu: i64,
    /// Figures that were taken in.
    pub samples: u32,
    /// When the last came.
    pub last: DateTime<Utc>,
    cpu: Shares,
    memory: Shares,
}

/// What a shape's use says of its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// Too few samples, or nothing is asked for.
    Unknown,
    /// It uses less than half of what it asks for, and never came near it.
    Oversized,
    /// It uses what it asks for.
    Fits,
    /// It uses nearly all, or more.
    Tight,
}

impl Shape {
    /// p50 and p95 of used CPU in hundredths of the request; `None`: nothing is asked for.
    pub fn cpu(&self) -> Option<(u32, u32)> {
        Some((self.cpu.percentile(50)?, self.cpu.percentile(95)?))
    }

    /// The same of memory.
    pub fn memory(&self) -> Option<(u32, u32)> {
        Some((self.memory.percentile(50)?, self.memory.percentile(95)?))
    }

    /// Whether its CPU request is of the right size.
    pub fn cpu_fit(&self) -> Fit {
        // More than is asked for is lent to it where there is some: it is tight when that is the rule.
        match self.fit(self.cpu()) {
            Fit::Tight if self.cpu().is_some_and(|(p50, _)| p50 < 95) => Fit::Fits,
            fit => fit,
        }
    }

    /// Whether its memory request is.
    pub fn memory_fit(&self) -> Fit {
        self.fit(self.memory())
    }

    fn fit(&self, shares: Option<(u32, u32)>) -> Fit {
        match shares.filter(|_| self.samples >= ENOUGH) {
            None => Fit::Unknown,
            Some((_, p95)) if p95 <= 50 => Fit::Oversized,
            Some((_, p95)) if p95 >= 95 => Fit::Tight,
            Some(_) => Fit::Fits,
        }
    }
}

/// All shapes by the name of their jobs, `shop/api test`.
#[derive(Clone, Debug, Default)]
pub struct Shapes(BTreeMap<Text, Shape>);

impl Shapes {
    /// The shape of a job.
    pub fn of(&self, job: &Job) -> Option<&Shape> {
        self.0.get(&*name(job)?)
    }

    /// One by its name.
    pub fn get(&self, name: &str) -> Option<&Shape> {
        self.0.get(name)
    }

    /// One by its name, with it.
    pub(crate) fn entry(&self, name: &str) -> Option<(&Text, &Shape)> {
        self.0.get_key_value(name)
    }

    /// All, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&Text, &Shape)> {
        self.0.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn sample(&mut self, now: DateTime<Utc>, job: &Job, pod: &Pod, usage: Usage) {
        let Some(name) = name(job) else { return };
        if !self.0.contains_key(&*name) {
            self.make_room();
            let shape = Shape {
                asks: Resources::default(),
                most_memory: 0,
                most_cpu: 0,
                samples: 0,
                last: now,
                cpu: Shares::default(),
                memory: Shares::default(),
            };
            self.0.insert(name.as_str().into(), shape);
        }
        let Some(shape) = self.0.get_mut(&*name) else {
            return;
        };
        let asks = pod.spec.requests;
        shape.asks = asks;
        shape.samples = shape.samples.saturating_add(1);
        shape.last = now;
        shape.most_cpu = shape.most_cpu.max(usage.cpu());
        shape.most_memory = shape.most_memory.max(usage.memory());
        shape.cpu.add(usage.cpu(), asks.cpu);
        shape.memory.add(usage.memory(), asks.memory);
    }

    fn make_room(&mut self) {
        if self.0.len() >= KEPT_SHAPES {
            let oldest = self.0.iter().min_by_key(|(_, shape)| shape.last);
            if let Some(name) = oldest.map(|(name, _)| name.clone()) {
                self.0.remove(&name);
            }
        }
    }
}

/// `shop/api test`; `None` where its system names neither project nor job.
fn name(job: &Job) -> Option<String> {
    let (project, own) = (job.project(), job.name());
    match (project, own) {
        ("", "") => None,
        ("", name) | (name, "") => Some(name.to_owned()),
        (project, name) => Some(format!("{project} {name}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_of_shares() {
        let mut shares = Shares::default();
        assert_eq!(shares.percentile(95), None);
        for used in [100, 100, 100, 100, 100, 100, 100, 100, 100, 700] {
            shares.add(used, 1_000);
        }
        assert_eq!(
            (shares.percentile(50), shares.percentile(95)),
            (Some(15), Some(75))
        );
        shares.add(9_000, 1_000);
        assert_eq!(shares.percentile(100), Some(205));
        shares.add(5, 0);
        assert_eq!(shares.percentile(1), Some(15));
    }
}

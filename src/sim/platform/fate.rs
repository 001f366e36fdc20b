//! What becomes of one attempt: how long each container works and which one fails.
//!
//! Drawn from the seed, the job's id and the attempt alone, so that a restarted platform comes to the same result.

use super::entry::{Entry, JobId};
use super::load::{Shape, normal, shape_named};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// How an attempt ends when nothing comes in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Succeeded,
    /// The step at this index (from 0) ends with this exit code.
    Script {
        step: usize,
        exit: i32,
    },
    /// The step at this index uses more memory than its limit.
    Oom {
        step: usize,
    },
    /// The image of the first step does not exist.
    NoImage,
}

impl Outcome {
    /// In the annotation `jobs.constable/outcome`.
    pub(super) fn word(self) -> &'static str {
        match self {
            Outcome::Succeeded => "succeeded",
            Outcome::Script { .. } => "failed",
            Outcome::Oom { .. } => "oom",
            Outcome::NoImage => "no-image",
        }
    }
}

/// What becomes of one attempt.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fate {
    pub(super) outcome: Outcome,
    /// Milliseconds of work: checkout, restore-cache.
    pub(super) init: [u32; 2],
    /// Milliseconds of work of each step until it ends or fails.
    pub(super) steps: Vec<u32>,
    /// Milliseconds of the upload.
    pub(super) upload: u32,
}

impl Fate {
    /// The fate of the entry's present attempt.
    pub(super) fn of(seed: u64, id: JobId, entry: &Entry) -> Fate {
        let shape = shape_named(&entry.shape);
        let mut rng = ChaCha8Rng::seed_from_u64(mix(seed, mix(id, u64::from(entry.attempt))));
        let outcome = outcome(&mut rng, shape, &entry.project);
        // Each job has its own usual duration: the same job of the same project takes about the same time.
        let own = 0.75
            + 0.5
                * unit(&format!(
                    "{} {} {}",
                    entry.project, entry.pipeline, entry.name
                ));
        let seconds =
            (shape.median * own * (shape.sigma * normal(&mut rng)).exp()).clamp(4.0, 900.0);
        let weights: Vec<f64> = shape
            .steps
            .iter()
            .map(|s| (0.25 + unit(s)) * rng.random_range(0.8..1.2))
            .collect();
        let sum: f64 = weights.iter().sum();
        let mut steps: Vec<u32> = weights.iter().map(|w| millis(seconds * w / sum)).collect();
        match outcome {
            Outcome::Script { step, .. } | Outcome::Oom { step } => {
                steps[step] = millis(f64::from(steps[step]) / 1000.0 * rng.random_range(0.15..0.95))
            }
            Outcome::Succeeded | Outcome::NoImage => {}
        }
        let init = [
            millis(rng.random_range(1.5..5.5)),
            millis(rng.random_range(0.8..4.5)),
        ];
        Fate {
            outcome,
            init,
            steps,
            upload: millis(rng.random_range(0.6..3.0)),
        }
    }

    /// Work from the pod's start to its end, seconds.
    pub(super) fn seconds(&self) -> u32 {
        let last = match self.outcome {
            Outcome::Script { step, .. } | Outcome::Oom { step } => step + 1,
            Outcome::Succeeded | Outcome::NoImage => self.steps.len(),
        };
        let steps: u32 = self.steps.iter().take(last).sum();
        (self.init.iter().sum::<u32>() + steps + self.upload).div_ceil(1000)
    }
}

fn outcome(rng: &mut ChaCha8Rng, shape: &Shape, project: &str) -> Outcome {
    // Some projects break their tests more often than others; on average a factor of 1.
    let breaks = 0.08 * (0.4 + 1.2 * unit(project));
    let last = shape.steps.len() - 1;
    let step = rng.random_range(0..=last);
    match rng.random_range(0.0..1.0) {
        p if p < 0.0015 => Outcome::NoImage,
        p if p < 0.0045 => Outcome::Oom { step },
        p if p < 0.0045 + breaks => Outcome::Script {
            step,
            exit: if rng.random_bool(0.85) { 1 } else { 2 },
        },
        _ => Outcome::Succeeded,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "at most 15 minutes"
)]
fn millis(seconds: f64) -> u32 {
    (seconds * 1000.0) as u32
}

/// A number in 0..1 that belongs to a text.
fn unit(text: &str) -> f64 {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| {
        (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3)
    });
    f64::from(u32::try_from(mix(hash, 1) >> 32).unwrap_or(0)) / f64::from(u32::MAX)
}

/// Mixes two numbers into one whose bits all depend on both (splitmix64's finish).
fn mix(a: u64, b: u64) -> u64 {
    let mut z = a
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .wrapping_add(b)
        .wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::super::load::{SHAPES, next_run};
    use super::*;
    use serde_json::json;

    #[test]
    fn most_take_ten_seconds_to_three_minutes_and_a_few_fail() {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let (mut n, mut usual, mut script, mut oom, mut image) =
            (0_u32, 0_u32, 0_u32, 0_u32, 0_u32);
        for number in 0..6000 {
            let run = next_run(&mut rng, number, false);
            for (name, shape) in run.jobs {
                let entry: Entry =
                    serde_json::from_value(json!({"state":"queued","project":run.project,"pipeline":run.pipeline,"name":name,"shape":shape})).unwrap();
                n += 1;
                let fate = Fate::of(1, u64::from(n), &entry);
                assert_eq!(fate, Fate::of(1, u64::from(n), &entry));
                usual += u32::from((10..=180).contains(&fate.seconds()));
                match fate.outcome {
                    Outcome::Succeeded => {}
                    Outcome::Script { .. } => script += 1,
                    Outcome::Oom { .. } => oom += 1,
                    Outcome::NoImage => image += 1,
                }
            }
        }
        let share = |k: u32| f64::from(k) / f64::from(n);
        assert!(share(usual) > 0.93, "{}", share(usual));
        assert!((0.06..0.10).contains(&share(script)), "{}", share(script));
        assert!(
            (0.001..0.006).contains(&share(oom)) && (0.0005..0.003).contains(&share(image)),
            "{oom} {image} of {n}"
        );
        assert!(SHAPES.iter().all(|s| !s.steps.is_empty()));
    }
}

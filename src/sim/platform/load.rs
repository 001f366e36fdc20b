//! What people push: projects, pipelines, jobs, and who pushes them, with the few that push most.

use rand::{Rng, RngExt};

/// Which of the two runner pools a shape asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PoolKind {
    /// `runner-large`.
    Large,
    /// `runner-small`.
    Small,
}

/// A kind of job: what it asks for and how long it usually takes.
#[derive(Debug, PartialEq)]
pub(super) struct Shape {
    pub(super) name: &'static str,
    pub(super) pool: PoolKind,
    /// Request, millicores.
    pub(super) cpu: u32,
    /// Request and limit, MiB.
    pub(super) memory: u32,
    /// Names of its steps, in order.
    pub(super) steps: &'static [&'static str],
    /// Median of all steps together, seconds.
    pub(super) median: f64,
    /// Sigma of the logarithm of the duration.
    pub(super) sigma: f64,
}

const fn shape(
    name: &'static str,
    pool: PoolKind,
    cpu: u32,
    memory: u32,
    steps: &'static [&'static str],
    median: f64,
    sigma: f64,
) -> Shape {
    Shape {
        name,
        pool,
        cpu,
        memory,
        steps,
        median,
        sigma,
    }
}

use PoolKind::{Large, Small};

/// Every shape of job.
pub(super) static SHAPES: [Shape; 8] = [
    shape(
        "build",
        Large,
        2000,
        4096,
        &["compile", "package"],
        55.0,
        0.40,
    ),
    shape(
        "test",
        Large,
        1500,
        3072,
        &["build", "test", "report"],
        66.0,
        0.45,
    ),
    shape(
        "e2e",
        Large,
        2000,
        6144,
        &["setup", "deploy", "e2e", "teardown"],
        100.0,
        0.35,
    ),
    shape(
        "image",
        Large,
        1500,
        4096,
        &["image", "scan", "push"],
        45.0,
        0.30,
    ),
    shape("lint", Small, 500, 768, &["lint"], 20.0, 0.40),
    shape("unit", Small, 1000, 1024, &["compile", "unit"], 48.0, 0.45),
    shape("docs", Small, 500, 768, &["docs", "links"], 28.0, 0.35),
    shape(
        "deploy",
        Small,
        250,
        512,
        &["plan", "apply", "verify"],
        38.0,
        0.40,
    ),
];

/// The shape of that name, or the first one for a name that nobody knows.
pub(super) fn shape_named(name: &str) -> &'static Shape {
    SHAPES.iter().find(|s| s.name == name).unwrap_or(&SHAPES[0])
}

/// A pipeline: its name, how often it runs, and its jobs as (name, shape).
struct Pipeline {
    name: &'static str,
    weight: u32,
    /// Takes much and long: put off when it is busy.
    long: bool,
    jobs: &'static [(&'static str, &'static str)],
}

/// Weights out of 100.
static PIPELINES: [Pipeline; 6] = [
    Pipeline {
        name: "check",
        weight: 45,
        long: false,
        jobs: &[("lint", "lint"), ("unit", "unit"), ("test", "test")],
    },
    Pipeline {
        name: "build",
        weight: 28,
        long: true,
        jobs: &[
            ("build", "build"),
            ("test", "test"),
            ("lint", "lint"),
            ("unit", "unit"),
        ],
    },
    Pipeline {
        name: "e2e",
        weight: 10,
        long: true,
        jobs: &[
            ("e2e-1", "e2e"),
            ("e2e-2", "e2e"),
            ("e2e-3", "e2e"),
            ("e2e-4", "e2e"),
        ],
    },
    Pipeline {
        name: "docs",
        weight: 8,
        long: false,
        jobs: &[("docs", "docs")],
    },
    Pipeline {
        name: "release",
        weight: 6,
        long: false,
        jobs: &[("image", "image"), ("deploy", "deploy")],
    },
    Pipeline {
        name: "nightly",
        weight: 3,
        long: true,
        jobs: &[("build", "build"), ("e2e", "e2e"), ("image", "image")],
    },
];

/// Most active first.
static PROJECTS: [&str; 24] = [
    "shop/api",
    "shop/web",
    "core/ledger",
    "core/auth",
    "data/etl",
    "shop/cart",
    "mobile/android",
    "mobile/ios",
    "data/reports",
    "infra/terraform",
    "core/search",
    "shop/mail",
    "web/design",
    "data/models",
    "infra/images",
    "core/events",
    "web/docs",
    "tools/cli",
    "ops/alerts",
    "mobile/sdk",
    "labs/render",
    "tools/bots",
    "web/blog",
    "labs/maps",
];

static TOPICS: [&str; 12] = [
    "login",
    "retry-hooks",
    "cache",
    "new-cart",
    "dark-mode",
    "pagination",
    "rate-limit",
    "cleanup",
    "metrics",
    "flaky-test",
    "upgrade-deps",
    "typo",
];

/// Jobs that one run of the average pipeline has.
pub(super) fn jobs_per_run() -> f64 {
    let jobs: u32 = PIPELINES
        .iter()
        .map(|p| p.weight * u32::try_from(p.jobs.len()).unwrap_or(0))
        .sum();
    f64::from(jobs) / f64::from(PIPELINES.iter().map(|p| p.weight).sum::<u32>())
}

/// One run of a pipeline, as it is pushed.
#[derive(Debug, PartialEq)]
pub(super) struct Run {
    pub(super) project: &'static str,
    pub(super) pipeline: &'static str,
    pub(super) number: u64,
    pub(super) git_ref: String,
    pub(super) commit: String,
    pub(super) author: String,
    /// Name and shape of each job.
    pub(super) jobs: &'static [(&'static str, &'static str)],
}

/// Draws the next run. `number` is one that no run has yet. When it is busy, people put off what takes long.
pub(super) fn next_run(rng: &mut impl Rng, number: u64, busy: bool) -> Run {
    let project = PROJECTS[skewed(rng, PROJECTS.len())];
    let pipeline = (0..3).fold(weighted(rng), |drawn, _| {
        if busy && drawn.long {
            weighted(rng)
        } else {
            drawn
        }
    });
    let author = skewed(rng, 40) + 1;
    let git_ref = match rng.random_range(0..100) {
        0..34 => "main".to_owned(),
        34..62 => format!("refs/pull/{}/head", rng.random_range(100..2400)),
        62..96 => format!("feature/{}", TOPICS[rng.random_range(0..TOPICS.len())]),
        _ => format!(
            "v{}.{}.{}",
            rng.random_range(1..4),
            rng.random_range(0..30),
            rng.random_range(0..9)
        ),
    };
    let commit = format!("{:07x}", rng.random_range(0..0x1000_0000));
    Run {
        project,
        pipeline: pipeline.name,
        number,
        git_ref,
        commit,
        author: format!("dev-{author}"),
        jobs: pipeline.jobs,
    }
}

fn weighted(rng: &mut impl Rng) -> &'static Pipeline {
    let mut left = rng.random_range(0..PIPELINES.iter().map(|p| p.weight).sum::<u32>());
    for pipeline in &PIPELINES {
        if left < pipeline.weight {
            return pipeline;
        }
        left -= pipeline.weight;
    }
    &PIPELINES[0]
}

/// An index below `n`; the first fifth of them makes up some two thirds.
fn skewed(rng: &mut impl Rng, n: usize) -> usize {
    let u: f64 = rng.random();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "small, positive numbers"
    )]
    let index = (u.powf(2.6) * n as f64) as usize;
    index.min(n - 1)
}

/// Seconds until the next of events that come at random, `per_minute` on average.
pub(super) fn exponential(rng: &mut impl Rng, per_minute: f64) -> f64 {
    let u: f64 = rng.random();
    -(1.0 - u).ln() * 60.0 / per_minute
}

/// A draw of the standard normal distribution.
pub(super) fn normal(rng: &mut impl Rng) -> f64 {
    let (u, v): (f64, f64) = (rng.random(), rng.random());
    (-2.0 * (1.0 - u).ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn every_job_has_a_shape_and_the_few_push_most() {
        for pipeline in &PIPELINES {
            for (_, shape) in pipeline.jobs {
                assert_eq!(shape_named(shape).name, *shape);
            }
        }
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let runs: Vec<Run> = (0..2000).map(|n| next_run(&mut rng, n, false)).collect();
        let top = runs.iter().filter(|r| r.project == PROJECTS[0]).count();
        assert!((300..900).contains(&top), "{top}");
        let jobs: usize = runs.iter().map(|r| r.jobs.len()).sum();
        assert!((jobs_per_run() * 2000.0 - f64::from(u32::try_from(jobs).unwrap())).abs() < 300.0);
        let mean = (0..4000).map(|_| exponential(&mut rng, 30.0)).sum::<f64>() / 4000.0;
        assert!((1.8..2.2).contains(&mean), "{mean}");
    }
}

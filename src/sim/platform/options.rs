//! What a platform is started with.

use super::load::{PoolKind, Shape};
use chrono::TimeDelta;

/// On a cluster that may be a laptop the requests of jobs are divided by this.
const SMALL_DIVISOR: u32 = 20;
/// Millicores that the platform's own services ask for in all, undivided.
const SERVICES: u32 = 49_000;

/// What a platform is started with. The defaults are the demo's.
#[derive(Clone, Debug, PartialEq)]
pub struct PlatformOptions {
    /// Seed of all that is drawn: arrivals, projects, durations, failures.
    pub seed: u64,
    /// Jobs a minute that people push, on average. 0: none.
    pub rate: f64,
    /// Number of queue ConfigMaps.
    pub queues: usize,
    /// Jobs that one worker pod has at a time.
    pub concurrency: usize,
    /// Replicas of the Deployment `worker`.
    pub workers: u32,
    /// Replicas of the Deployment `api`.
    pub handlers: u32,
    /// Image of every container that runs.
    pub image: String,
    /// An image that cannot be pulled.
    pub missing_image: String,
    /// imagePullPolicy of every container; `None` leaves it to the cluster.
    pub image_pull_policy: Option<String>,
    /// Commands are shell programs that really take their time, for a kubelet that runs them.
    pub shell: bool,
    /// Runner pods use their node's network: for a node without a network of its own.
    pub host_network: bool,
    /// Node label that holds the pool's name; `None`: pods ask for no pool.
    pub pool_label: Option<String>,
    /// Pool of the jobs that ask for much.
    pub large_pool: String,
    /// Pool of the others.
    pub small_pool: String,
    /// Requests of jobs are divided by this: for nodes smaller than the demo's.
    pub request_divisor: u32,
    /// Requests of the platform's own services are divided by this.
    pub service_divisor: u32,
    /// One Ingress leads to a Service without a ready endpoint.
    pub broken_ingress: bool,
    /// A job that runs longer is ended.
    pub deadline: TimeDelta,
}

impl Default for PlatformOptions {
    fn default() -> PlatformOptions {
        PlatformOptions {
            seed: 1,
            rate: 300.0,
            queues: 4,
            concurrency: 110,
            workers: 4,
            handlers: 6,
            image: "registry.example.com/ci/base:7".into(),
            missing_image: "registry.example.com/missing:7".into(),
            image_pull_policy: None,
            shell: false,
            host_network: false,
            pool_label: Some("cloud.google.com/gke-nodepool".into()),
            large_pool: "runner-large".into(),
            small_pool: "runner-small".into(),
            request_divisor: 1,
            service_divisor: 1,
            broken_ingress: false,
            deadline: TimeDelta::hours(1),
        }
    }
}

impl PlatformOptions {
    /// The pool's name that a shape asks for.
    pub(super) fn pool_of(&self, shape: &Shape) -> &str {
        match shape.pool {
            PoolKind::Large => &self.large_pool,
            PoolKind::Small => &self.small_pool,
        }
    }

    /// The same with a rate of jobs a minute, and as many queues and as much concurrency as that takes.
    #[must_use]
    pub fn with_rate(mut self, rate: f64) -> PlatformOptions {
        self.rate = rate;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "small, positive numbers"
        )]
        let up = |x: f64| x.ceil().max(0.0) as usize;
        self.queues = up(rate / 300.0).clamp(4, 64);
        self.concurrency = up(rate / 300.0 * 110.0).max(10);
        self
    }

    /// The same for a small cluster whose nodes offer so many millicores in all: no pool is asked for, jobs ask
    /// for little, and the platform's own services for a fifth of it together.
    #[must_use]
    pub fn on_small_cluster(mut self, cpu: u32) -> PlatformOptions {
        self.pool_label = None;
        self.request_divisor = SMALL_DIVISOR;
        self.service_divisor = SERVICES
            .saturating_mul(5)
            .checked_div(cpu)
            .unwrap_or(SERVICES)
            .clamp(SMALL_DIVISOR, SERVICES);
        self
    }
}

//! The demo: a simulated cluster with the job platform on it, that has run for a while when it is shown.

mod arrivals;
mod extras;
mod nodes;
#[cfg(test)]
mod tests;
mod weather;

pub use nodes::Size;

use super::api::{LogFollow, Watch};
use super::exec::Session;
use super::platform::direct::Direct;
use super::platform::{Platform, PlatformOptions};
use super::scenario::{Pool, Scenario};
use super::world::Fill;
use super::{Host, Request, Response, World};
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use std::sync::Arc;
use weather::Weather;

/// Failed pods stay ten minutes: so long is the past that the demo must have.
const FAILURES: TimeDelta = TimeDelta::minutes(10);
/// The past of a demo for size, which is to open soon: the platform is the least of it.
const BRIEF: TimeDelta = TimeDelta::minutes(2);
/// Jobs a minute that nobody has asked for: more would keep people waiting for the demo to open.
const MOST: f64 = 1500.0;
/// Jobs a minute on a cluster of one node.
const LAPTOP: f64 = 12.0;
/// Nodes of the default demo.
const WHOLE: u32 = 63;
/// So long before it opens the demo goes as it will go on: the queue is written as often as ever.
const LIVE: TimeDelta = TimeDelta::seconds(8);

/// What a demo is built from.
#[derive(Clone, Debug)]
pub struct DemoOptions {
    /// Seed of everything that is drawn.
    pub seed: u64,
    /// Nodes in all: 1, which is everything, or at least 4.
    pub nodes: u32,
    /// Jobs a minute; `None`: as many as keep the job nodes well filled.
    pub rate: Option<f64>,
    /// Now and then a node falls silent or is replaced by a new one.
    pub weather: bool,
    /// One Ingress leads to a Service without a ready endpoint.
    pub broken_ingress: bool,
    /// So many job pods that run already, on nodes beside the first 63: for size. Each minute a thirtieth of them is
    /// replaced.
    pub pods: Option<usize>,
    /// Of these pods, so many end and are replaced a second; `None`: a thirtieth of them a minute.
    pub churn: Option<usize>,
    /// Of these pods, so many running ones change in status or annotations a second.
    pub changes: usize,
    /// Its faults come after the demo has opened; its pools stand in place of the default ones.
    pub scenario: Option<Arc<Scenario>>,
}

impl Default for DemoOptions {
    fn default() -> DemoOptions {
        DemoOptions {
            seed: 1,
            nodes: WHOLE,
            rate: None,
            weather: true,
            broken_ingress: true,
            pods: None,
            churn: None,
            changes: 0,
            scenario: None,
        }
    }
}

impl DemoOptions {
    /// The nodes that the platform has; with `pods`, the others are filled.
    fn size(&self) -> Size {
        Size::of(if self.pods.is_some() {
            self.nodes.min(WHOLE)
        } else {
            self.nodes
        })
    }

    /// Jobs a minute.
    pub fn jobs_a_minute(&self) -> f64 {
        let alone = self.size().alone() && self.scenario.is_none();
        let few = self.rate.or(alone.then_some(LAPTOP));
        few.unwrap_or_else(|| (f64::from(self.size().peasants()) / 48.0 * 300.0).min(MOST))
    }
}

/// A world and the platform on it, to be stepped together.
#[derive(Clone, Debug)]
pub struct Demo {
    /// The simulated cluster.
    pub world: World,
    platform: Direct,
    weather: Option<Weather>,
}

impl Demo {
    /// Builds a demo that is in steady state at `now`. An error names what the simulated API server refused, or what
    /// the scenario lacks.
    pub fn build(options: &DemoOptions, now: DateTime<Utc>) -> Result<Demo, String> {
        let start = now
            - if options.pods.is_some() {
                BRIEF
            } else {
                FAILURES
            };
        let pools = options
            .scenario
            .as_ref()
            .map(|s| s.pools.as_slice())
            .unwrap_or_default();
        let size = options.size();
        let machines = if pools.is_empty() {
            nodes::nodes(size)
        } else {
            nodes::of_pools(pools)
        };
        let mut world = World::new(options.seed, start);
        furnish(&mut world, machines)?;
        let mut demo = Demo {
            world,
            platform: Direct::new(Platform::new(platform_options(options, pools)?)),
            weather: None,
        };
        demo.platform.platform_mut().warm_up(Some(now));
        // The platform makes its namespaces first.
        demo.advance(start + TimeDelta::seconds(20));
        let chatty = options.scenario.as_ref().and_then(|s| s.chatty.as_ref());
        for (path, object) in extras::objects()
            .into_iter()
            .chain(chatty.map(extras::chatty))
        {
            ask(&mut demo.world, http::Method::POST, &path, &object)?;
        }
        demo.advance(now - LIVE);
        demo.platform.platform_mut().warm_up(None);
        match &options.scenario {
            None if options.weather && !size.alone() => {
                demo.weather = Some(Weather::new(options.seed, size, now))
            }
            None => {}
            Some(scenario) => demo.world.play(scenario.clone(), now),
        }
        demo.advance(now);
        if let Some(pods) = options.pods {
            let others = options.nodes.saturating_sub(WHOLE);
            let nodes = usize::try_from(others).unwrap_or(0).max(1);
            demo.world.fill(Fill {
                nodes,
                pods,
                churn: options.churn.map_or(pods / 30, |n| n.saturating_mul(60)),
                changes: options.changes.saturating_mul(60),
            });
            demo.platform.pump(&mut demo.world);
        }
        demo.world.compact();
        Ok(demo)
    }

    /// Brings the demo to `until`.
    pub fn advance(&mut self, until: DateTime<Utc>) {
        loop {
            let due = self
                .weather
                .as_ref()
                .map(Weather::next_due)
                .filter(|due| *due < until);
            self.platform.advance(&mut self.world, due.unwrap_or(until));
            match (due, &mut self.weather) {
                (Some(due), Some(weather)) => weather.act(&mut self.world, due),
                (None | Some(_), _) => return,
            }
        }
    }

    /// The platform's machine.
    pub fn platform(&self) -> &Platform {
        self.platform.platform()
    }
}

impl Host for Demo {
    fn now(&self) -> DateTime<Utc> {
        self.world.now()
    }

    fn step(&mut self, until: DateTime<Utc>) {
        self.advance(until);
    }

    fn next_due(&self) -> Option<DateTime<Utc>> {
        let weather = self.weather.as_ref().map(Weather::next_due);
        [self.world.next_due(), self.platform.next_due(), weather]
            .into_iter()
            .flatten()
            .min()
    }

    /// The platform hears at once of what the request changed.
    fn handle(&mut self, request: Request) -> Response {
        let reads = request.method == http::Method::GET;
        let response = self.world.handle(request);
        if !reads {
            self.platform.pump(&mut self.world);
        }
        response
    }

    fn watch_next(&mut self, watch: &mut Watch) -> Vec<Bytes> {
        self.world.watch_next(watch)
    }

    fn log_next(&mut self, follow: &mut LogFollow) -> (Bytes, bool) {
        self.world.log_next(follow)
    }

    fn session_next(&mut self, session: &mut Session) {
        self.world.session_next(session);
    }

    fn outage(&self) -> bool {
        self.world.outage()
    }

    fn watch_epoch(&self) -> u64 {
        self.world.watch_epoch()
    }
}

/// The platform that fits the cluster.
fn platform_options(options: &DemoOptions, pools: &[Pool]) -> Result<PlatformOptions, String> {
    let size = options.size();
    let defaults = PlatformOptions {
        seed: options.seed,
        ..PlatformOptions::default()
    }
    .with_rate(options.jobs_a_minute());
    if pools.is_empty() {
        let broken_ingress = options.broken_ingress && options.scenario.is_none();
        let options = PlatformOptions {
            broken_ingress,
            ..defaults
        };
        return Ok(if size.alone() {
            options.on_small_cluster(nodes::LAPTOP_CPU * 1000)
        } else {
            options
        });
    }
    let mut jobs = pools.iter().filter(|p| p.jobs).map(|p| p.name.clone());
    let large = jobs
        .next()
        .ok_or("the scenario's pools lack one with jobs = true")?;
    let small = jobs.next().unwrap_or_else(|| large.clone());
    let infrastructure: usize = pools.iter().filter(|p| !p.jobs).map(|p| p.nodes).sum();
    match infrastructure {
        0 => Err(
            "the scenario's pools lack one without jobs, for the platform's own services".into(),
        ),
        n => Ok(PlatformOptions {
            large_pool: large,
            small_pool: small,
            service_divisor: if n < 8 { 8 } else { 1 },
            ..defaults
        }),
    }
}

/// Creates the nodes and what runs on every cluster.
fn furnish(world: &mut World, machines: Vec<Value>) -> Result<(), String> {
    for node in machines {
        let name = node["metadata"]["name"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let created = ask(world, http::Method::POST, "/api/v1/nodes", &node)?;
        if created["metadata"]["labels"]["node-role.kubernetes.io/control-plane"].is_string() {
            for pod in nodes::mirror_pods(
                &name,
                created["metadata"]["uid"].as_str().unwrap_or_default(),
            ) {
                ask(
                    world,
                    http::Method::POST,
                    "/api/v1/namespaces/kube-system/pods",
                    &pod,
                )?;
            }
        }
    }
    for (path, object) in nodes::system() {
        ask(world, http::Method::POST, path, &object)?;
    }
    Ok(())
}

/// One request of the demo itself; an error in the server's words.
fn ask(world: &mut World, method: http::Method, path: &str, body: &Value) -> Result<Value, String> {
    let what = format!("{method} {path}");
    let content = if method == http::Method::PATCH {
        "application/merge-patch+json"
    } else {
        "application/json"
    };
    let mut request = Request::new(
        method,
        path,
        if body.is_null() {
            String::new()
        } else {
            body.to_string()
        },
    );
    request.content_type = content.to_owned();
    let Response::Done { status, body, .. } = world.handle(request) else {
        return Err(format!("{what}: answered by a stream"));
    };
    let value: Value = serde_json::from_slice(&body).unwrap_or_default();
    if (200..300).contains(&status) {
        Ok(value)
    } else {
        Err(format!(
            "{what}: {}",
            value["message"].as_str().unwrap_or("refused")
        ))
    }
}

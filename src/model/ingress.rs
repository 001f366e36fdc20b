//! Whether what an Ingress promises is there: host and path → Service → port → ready endpoints.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::feed::Kind;
use super::id::Text;
use super::network::{Backend, EndpointSlice, Route, Service, ServicePort};

/// How a route stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// Ready endpoints stand behind it.
    Well {
        /// So many are ready,
        ready: u32,
        /// of so many.
        total: u32,
    },
    /// Nothing would answer: why, in one sentence without a full stop.
    Broken(Text),
    /// It cannot be told: why.
    Unknown(Text),
}

/// How a route stands and since when this console knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteHealth {
    /// How it stands.
    pub health: Health,
    /// When it was first seen to be so (well, broken or unknown; the words of a break may change).
    pub since: DateTime<Utc>,
}

impl RouteHealth {
    /// Whether nothing would answer.
    pub fn is_broken(&self) -> bool {
        matches!(self.health, Health::Broken(_))
    }

    /// Takes the new verdict; keeps the time while the kind of verdict is the same.
    pub(crate) fn turn(before: Option<&Self>, health: Health, now: DateTime<Utc>) -> Self {
        let same = before.filter(|b| {
            matches!(
                (&b.health, &health),
                (Health::Well { .. }, Health::Well { .. })
                    | (Health::Broken(_), Health::Broken(_))
                    | (Health::Unknown(_), Health::Unknown(_))
            )
        });
        Self {
            since: same.map_or(now, |b| b.since),
            health,
        }
    }
}

/// What the judge may look at. `Err` says why a feed cannot be trusted.
pub(crate) struct Sight<'a> {
    pub(crate) service: Result<Option<&'a Service>, Text>,
    pub(crate) slices: Result<Vec<&'a EndpointSlice>, Text>,
}

/// Judges one route.
pub(crate) fn judge<'a>(route: &Route, look: impl FnOnce(&str) -> Sight<'a>) -> Health {
    let (name, port) = match &route.backend {
        Backend::Resource(what) => {
            return Health::Unknown(format!("backend {what} is no Service").into());
        }
        Backend::Service { name, port } => (name, port),
    };
    let sight = look(name);
    let service = match sight.service {
        Err(why) => return Health::Unknown(why),
        Ok(None) => return Health::Broken(format!("service {name} not found").into()),
        Ok(Some(service)) => service,
    };
    if &*service.kind == "ExternalName" {
        return Health::Unknown(format!("service {name} leads out of the cluster").into());
    }
    let Some(found) = find_port(&service.ports, port) else {
        return Health::Broken(format!("service {name} has no port {port}").into());
    };
    let slices = match sight.slices {
        Err(why) => return Health::Unknown(why),
        Ok(slices) => slices,
    };
    let (ready, total) = count(&slices, found);
    if ready > 0 {
        Health::Well { ready, total }
    } else if total > 0 {
        Health::Broken(format!("{name}:{port} has no ready endpoint (0 of {total})").into())
    } else {
        Health::Broken(format!("{name}:{port} has no endpoint").into())
    }
}

fn find_port<'a>(ports: &'a [ServicePort], asked: &str) -> Option<&'a ServicePort> {
    let number = asked.parse::<u16>().ok();
    ports
        .iter()
        .find(|p| number == Some(p.port) || (number.is_none() && &*p.name == asked))
}

/// Ready and all endpoints of a port; a pod that stands in two slices (two address families) counts once.
fn count(slices: &[&EndpointSlice], port: &ServicePort) -> (u32, u32) {
    let mut pods: BTreeMap<&str, bool> = BTreeMap::new();
    let (mut ready, mut total) = (0, 0);
    for slice in slices {
        if !slice.ports.contains(&port.name) {
            continue;
        }
        for endpoint in &slice.endpoints {
            if endpoint.pod.is_empty() {
                total += 1;
                ready += u32::from(endpoint.ready);
            } else {
                *pods.entry(&endpoint.pod).or_default() |= endpoint.ready;
            }
        }
    }
    let len = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    (
        ready + len(pods.values().filter(|r| **r).count()),
        total + len(pods.len()),
    )
}

/// Why a feed that is not live leaves a route unknown.
pub(crate) fn not_seen(kind: Kind, state: &super::feed::FeedState) -> Text {
    use super::feed::FeedState as F;
    let plural = kind.plural();
    match state {
        F::Off => format!("{plural} are not watched"),
        F::Syncing { .. } => format!("{plural} are being listed"),
        F::Live => format!("{plural} are not complete"),
        F::Stale { why, .. } => format!("{plural} are out of date: {why}"),
        F::Denied { verb, .. } => format!("{plural} may not be seen ({verb} denied)"),
        F::Absent => format!("the server knows no {plural}"),
        F::LoginNeeded { .. } => format!("{plural} need a login"),
    }
    .into()
}

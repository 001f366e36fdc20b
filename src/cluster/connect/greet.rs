//! The first question to a server: who are you, and what time is it?

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use http::header::DATE;
use kube::client::Body;
use serde::Deserialize;

use super::{ConnectError, Connection};
use crate::cluster::harmless;
use crate::cluster::meter::Who;
use crate::engine::ServerInfo;
use crate::model::{ClusterId, Text};

/// How long the first answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the server told of itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Greeting {
    /// `v1.37.2`; empty where that is denied.
    pub version: Text,
    /// Minor version (37 of 1.37), 0 if unknown.
    pub minor: u32,
    /// Its clock minus ours, milliseconds.
    pub offset_ms: i64,
    /// How long the answer took.
    pub took: Duration,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Version {
    #[serde(rename = "gitVersion")]
    git_version: String,
    minor: String,
}

#[derive(Deserialize)]
struct Named {
    metadata: NamedMeta,
}

#[derive(Deserialize)]
struct NamedMeta {
    uid: String,
}

impl Connection {
    /// Asks the server for its version and notes its clock.
    pub async fn greet(&self) -> Result<Greeting, ConnectError> {
        let (began, wall) = (Instant::now(), Utc::now());
        let request = http::Request::get("/version")
            .body(Body::empty())
            .map_err(|e| ConnectError::Internal(e.to_string()))?;
        let (address, context) = (self.address.to_string(), self.context.to_string());
        let meter = self.meters.of(Who::Greetings);
        // Whether the server answers must not wait for what else we ask of it.
        let _ = self.budget.reserve();
        meter.asked(Duration::ZERO);
        let asked = async {
            let response = self.send(Who::Greetings, request).await?;
            let (parts, body) = response.into_parts();
            let body = body.collect_bytes().await?;
            meter.bytes(body.len(), body.len());
            Ok::<_, kube::Error>((parts, body))
        };
        let (parts, body) = match tokio::time::timeout(PATIENCE, asked).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => return Err(ConnectError::request(&address, &context, &error)),
            Err(_) => {
                return Err(ConnectError::Unreachable {
                    address,
                    context,
                    why: format!("no answer within {} s", PATIENCE.as_secs()),
                });
            }
        };
        let took = began.elapsed();
        self.link.heard(took);
        let offset_ms = parts
            .headers
            .get(DATE)
            .and_then(|d| d.to_str().ok())
            .and_then(|d| DateTime::parse_from_rfc2822(d).ok())
            // The header has whole seconds: half of one is its mean error, and it was written half way.
            .map_or(0, |date| {
                let ours = wall + took / 2;
                let off = (date.with_timezone(&Utc) - ours).num_milliseconds() + 500;
                if off.abs() <= 1000 { 0 } else { off }
            });
        let version = match parts.status.as_u16() {
            200 => serde_json::from_slice::<Version>(&body).map_err(|_| {
                ConnectError::NotKubernetes {
                    address,
                    context,
                    why: harmless::plain(&String::from_utf8_lossy(&body[..body.len().min(60)]))
                        .into_owned(),
                }
            })?,
            401 => {
                let next = match &self.login {
                    Some(command) => format!("log in again with `{command}`"),
                    None => "renew the certificate or token in the kubeconfig".to_owned(),
                };
                return Err(ConnectError::Unauthorized {
                    address,
                    context,
                    why: "Unauthorized".into(),
                    next,
                });
            }
            // Denied, not found, overloaded: a server all the same; feeds will say what they may not see.
            403 | 404 | 429 | 500.. => Version::default(),
            status => {
                return Err(ConnectError::NotKubernetes {
                    address,
                    context,
                    why: format!("GET /version answers {status}"),
                });
            }
        };
        let digits: String = version
            .minor
            .chars()
            .take_while(char::is_ascii_digit)
            .collect();
        Ok(Greeting {
            version: harmless::plain(&version.git_version).into(),
            minor: digits.parse().unwrap_or(0),
            offset_ms,
            took,
        })
    }

    /// The cluster's id: the uid of its kube-system namespace, or the context's name where that cannot be
    /// read.
    pub async fn cluster_id(&self) -> ClusterId {
        let asked = async {
            let request = http::Request::get("/api/v1/namespaces/kube-system")
                .body(Body::empty())
                .ok()?;
            let meter = self.meters.of(Who::Greetings);
            meter.asked(self.budget.request().await);
            let response = self.send(Who::Greetings, request).await.ok()?;
            let body = response.into_body().collect_bytes().await.ok()?;
            meter.bytes(body.len(), body.len());
            serde_json::from_slice::<Named>(&body).ok()
        };
        match tokio::time::timeout(PATIENCE, asked).await {
            Ok(Some(named)) if !named.metadata.uid.is_empty() => {
                ClusterId(harmless::plain(&named.metadata.uid).into())
            }
            _ => ClusterId(self.context.clone()),
        }
    }

    /// What the engine is told of the server.
    pub fn info(
        &self,
        cluster: ClusterId,
        greeting: &Greeting,
        latency_ms: Option<u32>,
    ) -> ServerInfo {
        ServerInfo {
            cluster,
            context: self.context.clone(),
            address: self.address.clone(),
            version: greeting.version.clone(),
            offset_ms: greeting.offset_ms,
            latency_ms,
            contexts: self.contexts.clone(),
            user: self.user.clone(),
        }
    }
}

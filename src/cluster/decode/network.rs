//! Ingresses, Services and EndpointSlices.

use serde::Deserialize;

use super::Decoder;
use super::meta::RawMeta;
use super::raw::{List, Pairs, Part, Str};
use crate::model::{Backend, Endpoint, EndpointSlice, Ingress, Route, Service, ServicePort, Text};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawIngress<'a> {
    #[serde(borrow)]
    pub(super) metadata: Part<RawMeta<'a>>,
    #[serde(borrow)]
    pub(super) spec: Part<RawIngressSpec<'a>>,
    #[serde(borrow)]
    pub(super) status: Part<RawIngressStatus<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RawIngressSpec<'a> {
    #[serde(borrow)]
    pub(super) ingress_class_name: Str<'a>,
    #[serde(borrow)]
    pub(super) default_backend: Option<RawBackend<'a>>,
    #[serde(borrow)]
    pub(super) rules: List<RawRule<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawRule<'a> {
    #[serde(borrow)]
    pub(super) host: Str<'a>,
    #[serde(borrow)]
    pub(super) http: Part<RawHttp<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawHttp<'a> {
    #[serde(borrow)]
    pub(super) paths: List<RawPath<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawPath<'a> {
    #[serde(borrow)]
    pub(super) path: Str<'a>,
    #[serde(borrow)]
    pub(super) backend: Part<RawBackend<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawBackend<'a> {
    #[serde(borrow)]
    pub(super) service: Option<RawServiceBackend<'a>>,
    #[serde(borrow)]
    pub(super) resource: Option<RawResource<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawServiceBackend<'a> {
    #[serde(borrow)]
    pub(super) name: Str<'a>,
    #[serde(borrow)]
    pub(super) port: Part<RawBackendPort<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawBackendPort<'a> {
    pub(super) number: Option<i64>,
    #[serde(borrow)]
    pub(super) name: Str<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawResource<'a> {
    #[serde(borrow)]
    pub(super) kind: Str<'a>,
    #[serde(borrow)]
    pub(super) name: Str<'a>,
}

/// As a resource is named, under other numbers in protobuf.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawReference<'a> {
    #[serde(borrow)]
    pub(super) kind: Str<'a>,
    #[serde(borrow)]
    pub(super) name: Str<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RawIngressStatus<'a> {
    #[serde(borrow)]
    pub(super) load_balancer: Part<RawLoadBalancer<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawLoadBalancer<'a> {
    #[serde(borrow)]
    pub(super) ingress: List<RawAddress<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawAddress<'a> {
    #[serde(borrow)]
    pub(super) ip: Str<'a>,
    #[serde(borrow)]
    pub(super) hostname: Str<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawService<'a> {
    #[serde(borrow)]
    pub(super) metadata: Part<RawMeta<'a>>,
    #[serde(borrow)]
    pub(super) spec: Part<RawServiceSpec<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawServiceSpec<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Str<'a>,
    #[serde(borrow, rename = "clusterIP")]
    pub(super) cluster_ip: Str<'a>,
    #[serde(borrow)]
    pub(super) ports: List<RawServicePort<'a>>,
    #[serde(borrow)]
    pub(super) selector: Pairs<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawServicePort<'a> {
    #[serde(borrow)]
    pub(super) name: Str<'a>,
    pub(super) port: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawSlice<'a> {
    #[serde(borrow)]
    pub(super) metadata: Part<RawMeta<'a>>,
    #[serde(borrow)]
    pub(super) ports: List<RawSlicePort<'a>>,
    #[serde(borrow)]
    pub(super) endpoints: List<RawEndpoint<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawSlicePort<'a> {
    #[serde(borrow)]
    pub(super) name: Str<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RawEndpoint<'a> {
    pub(super) conditions: Part<RawEndpointConditions>,
    #[serde(borrow)]
    pub(super) target_ref: Part<RawReference<'a>>,
    #[serde(borrow)]
    pub(super) node_name: Str<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawEndpointConditions {
    pub(super) ready: Option<bool>,
}

/// The class annotation that stood before `spec.ingressClassName`.
pub(super) const OLD_CLASS: &str = "kubernetes.io/ingress.class";

impl Decoder {
    pub(super) fn ingress(&mut self, raw: &RawIngress<'_>) -> Ingress {
        let mut routes = Vec::new();
        for rule in raw.spec.rules.iter() {
            for path in rule.http.paths.iter() {
                routes.push(Route {
                    host: self.text(&rule.host),
                    path: self.text(&path.path),
                    backend: self.backend(&path.backend),
                });
            }
        }
        if let Some(backend) = &raw.spec.default_backend {
            routes.push(Route {
                host: self.empty(),
                path: self.empty(),
                backend: self.backend(backend),
            });
        }
        let class = match &*raw.spec.ingress_class_name {
            "" => self.text(raw.metadata.annotations.0.get(OLD_CLASS).unwrap_or("")),
            name => self.text(name),
        };
        Ingress {
            meta: self.meta(&raw.metadata),
            class,
            routes: routes.into(),
            addresses: raw
                .status
                .load_balancer
                .ingress
                .iter()
                .map(|a| self.text(if a.ip.is_empty() { &a.hostname } else { &a.ip }))
                .collect(),
        }
    }

    fn backend(&mut self, raw: &RawBackend<'_>) -> Backend {
        match (&raw.service, &raw.resource) {
            (Some(service), _) => Backend::Service {
                name: self.text(&service.name),
                port: match service.port.number {
                    Some(number) if number != 0 => self.text(&number.to_string()),
                    _ => self.text(&service.port.name),
                },
            },
            (None, Some(resource)) => {
                Backend::Resource(self.text(&format!("{}/{}", &*resource.kind, &*resource.name)))
            }
            (None, None) => Backend::Resource(self.empty()),
        }
    }

    pub(super) fn service(&mut self, raw: &RawService<'_>) -> Service {
        Service {
            meta: self.meta(&raw.metadata),
            kind: self.text(&raw.spec.kind),
            cluster_ip: self.own(&raw.spec.cluster_ip),
            ports: raw
                .spec
                .ports
                .iter()
                .map(|p| ServicePort {
                    name: self.text(&p.name),
                    port: p
                        .port
                        .and_then(|n| u16::try_from(n).ok())
                        .unwrap_or_default(),
                })
                .collect(),
            selector: self.pairs(&raw.spec.selector),
        }
    }

    pub(super) fn slice(&mut self, raw: &RawSlice<'_>) -> EndpointSlice {
        let service: Text = self.text(
            raw.metadata
                .labels
                .get("kubernetes.io/service-name")
                .unwrap_or(""),
        );
        EndpointSlice {
            meta: self.meta(&raw.metadata),
            service,
            ports: raw.ports.iter().map(|p| self.text(&p.name)).collect(),
            endpoints: raw
                .endpoints
                .iter()
                .map(|e| Endpoint {
                    ready: e.conditions.ready.unwrap_or(true),
                    pod: if &*e.target_ref.kind == "Pod" {
                        self.own(&e.target_ref.name)
                    } else {
                        self.empty()
                    },
                    node: self.text(&e.node_name),
                })
                .collect(),
        }
    }
}

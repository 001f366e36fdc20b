//! Ingresses and what stands behind them.

use super::id::Text;
use super::meta::Meta;

/// An Ingress, flattened to its routes.
#[derive(Clone, Debug, PartialEq)]
pub struct Ingress {
    /// Metadata.
    pub meta: Meta,
    /// `spec.ingressClassName`, empty if none.
    pub class: Text,
    /// Host and path to Service, in the order of the rules; a default backend is a route with empty host
    /// and path.
    pub routes: Box<[Route]>,
    /// `status.loadBalancer.ingress`: addresses or host names.
    pub addresses: Box<[Text]>,
}

/// One host and path of an Ingress.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Empty: any host.
    pub host: Text,
    /// Empty: any path.
    pub path: Text,
    /// Where it leads.
    pub backend: Backend,
}

/// The backend of a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Backend {
    /// A Service of the same namespace.
    Service {
        /// Its name.
        name: Text,
        /// The port's number or name, as the Ingress gives it.
        port: Text,
    },
    /// Something else (a `resource` backend): named, not judged.
    Resource(Text),
}

/// A Service.
#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    /// Metadata.
    pub meta: Meta,
    /// `ClusterIP`, `NodePort`, `LoadBalancer`, `ExternalName`.
    pub kind: Text,
    /// `spec.clusterIP`, empty if none, `None` when headless.
    pub cluster_ip: Text,
    /// Its ports.
    pub ports: Box<[ServicePort]>,
    /// `spec.selector`, sorted by key.
    pub selector: Box<[(Text, Text)]>,
}

/// A port of a Service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServicePort {
    /// Empty if it has no name.
    pub name: Text,
    /// `port`.
    pub port: u16,
}

/// An EndpointSlice.
#[derive(Clone, Debug, PartialEq)]
pub struct EndpointSlice {
    /// Metadata.
    pub meta: Meta,
    /// Label `kubernetes.io/service-name`, empty if it belongs to none.
    pub service: Text,
    /// Names of the ports it serves (empty name for an unnamed port).
    pub ports: Box<[Text]>,
    /// Its endpoints.
    pub endpoints: Box<[Endpoint]>,
}

/// One endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// `conditions.ready`; absent means ready.
    pub ready: bool,
    /// `targetRef.name` when it is a pod, else empty.
    pub pod: Text,
    /// `nodeName`, else empty.
    pub node: Text,
}

//! Ingresses, Services and EndpointSlices.

use super::super::network::{
    RawAddress, RawBackend, RawBackendPort, RawEndpoint, RawEndpointConditions, RawHttp,
    RawIngress, RawIngressSpec, RawIngressStatus, RawLoadBalancer, RawPath, RawReference,
    RawResource, RawRule, RawService, RawServiceBackend, RawServicePort, RawServiceSpec, RawSlice,
    RawSlicePort,
};
use super::wire::{Fault, Message, Value, fields};

impl<'a> Message<'a> for RawIngress<'a> {
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Fault> {
        match number {
            1 => value.message(&mut self.metadata),
            2 => value.message(&mut self.spec),
            3 => value.message(&mut self.status),
            _ => Ok(()),
        }
    }
}

impl<'a> Message<'a> for RawIngressSpec<'a> {
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Fault> {
        match number {
            1 => value.option(&mut self.default_backend),
            3 => value.list(&mut self.rules),
            4 => value.text(&mut self.ingress_class_name),
            _ => Ok(()),
        }
    }
}

impl<'a> Message<'a> for RawRule<'a> {
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Fault> {
        match (number, value.bytes()) {
            (1, _) => value.text(&mut self.host),
            // The IngressRuleValue is a message of its own here, and inline in JSON.
            (2, Some(rule)) => fields(rule, |number, value| match number {
                1 => value.message(&mut self.http),
                _ => Ok(()),
            }),
            _ => Ok(()),
        }
    }
}

impl<'a> Message<'a> for RawHttp<'a> {
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Fault> {
        match number {
            1 => value.list(&mut self.paths),
            _ => Ok(()),
        }
    }
}

impl<'a> Message<'a> for RawPath<'a> {
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Fault> {
        match number {
            1 => value.text(&mut self.path),
            2 => value.message(&mut self.backend),
            _ => Ok(()),
        }
    }
}

impl<'a> Message<'a> for RawBackend<'a> {
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Fault> {
        match number {
            3 => value.option(&mut self.resource),
            4 => value.option(&mut self.service),
            _ => Ok(()),
        }
    }
}

impl<'a> Message<'a> for RawServiceBackend<'a> {
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Fault> {
        match number {
            1 => value.text(&mut self.name),
            2 => value.message(&mut self.port),
            _ => Ok(()),
        }
    }
}

impl<'a> Message<'a> for RawBackendPort<'a> {
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Fault> {
        match number {
            1 => value.text(&mut self.name),
            2 => value.int32(&mut self.number),
            _ => Ok(()),
        }
    }
}

/// A TypedLocalObjectReference.
impl<'a> Message<'a> for RawResource<'a> {
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Fault> {
        match number {
            2 => value.text(&mut self.kind),
            3 => value.text(&mut self.name),
            _ => Ok(()),
        }
    }
}

/// An ObjectReference.
impl<'a> Message<'a> for RawReference<'a> {
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Fault> {
        match number {
            1 => value.text(&mut self.kind),
            3 => value.text(&mut self.name),
            _ => Ok(()),
        }
    }
}

impl<'a> Message<'a> for RawIngressStatus<'a> {
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Fault> {
        match number {
            1 => value.message(&mut self.load_balancer),
            _ => Ok(()),
        }
    }
}

impl<'a> Message<'a> for RawLoadBalancer<'a> {
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Fault> {
        match number {
            1 => value.list(&mut self.ingress),
            _ => Ok(()),
        }
    }
}

impl<'a> Message<'a> for RawAddress<'a> {
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Fault> {
        match number {
            1 => value.text(&mut self.ip),
            2 => value.text(&mut self.hostname),
            _ => Ok(()),
        }
    }
}

impl<'a> Message<'a> for RawService<'a> {
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Fault> {
        match number {
            1 => value.message(&mut self.metadata),
            2 => value.message(&mut self.spec),
            _ => Ok(()),
        }
    }
}

impl<'a> Message<'a> for RawServiceSpec<'a> {
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Fault> {
        match number {
            1 => value.list(&mut self.ports),
            2 => value.pair(&mut self.selector),
            3 => value.text(&mut self.cluster_ip),
            4 => value.text(&mut self.kind),
            _ => Ok(()),
        }
    }
}

impl<'a> Message<'a> for RawServicePort<'a> {
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Fault> {
        match number {
            1 => value.text(&mut self.name),
            3 => value.int32(&mut self.port),
            _ => Ok(()),
        }
    }
}

impl<'a> Message<'a> for RawSlice<'a> {
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Fault> {
        match number {
            1 => value.message(&mut self.metadata),
            2 => value.list(&mut self.endpoints),
            3 => value.list(&mut self.ports),
            _ => Ok(()),
        }
    }
}

impl<'a> Message<'a> for RawSlicePort<'a> {
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Fault> {
        match number {
            1 => value.text(&mut self.name),
            _ => Ok(()),
        }
    }
}

impl<'a> Message<'a> for RawEndpoint<'a> {
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Fault> {
        match number {
            2 => value.message(&mut self.conditions),
            4 => value.message(&mut self.target_ref),
            6 => value.text(&mut self.node_name),
            _ => Ok(()),
        }
    }
}

impl<'a> Message<'a> for RawEndpointConditions {
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Fault> {
        match number {
            1 => value.bool(&mut self.ready),
            _ => Ok(()),
        }
    }
}

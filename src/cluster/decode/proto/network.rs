//! Ingresses, Services and EndpointSlices.

use super::super::network::{
    RawAddress, RawBackend, RawBackendPort, RawEndpoint, RawEndpointConditions, RawHttp,
    RawIngress, RawIngressSpec, RawIngressStatus, RawLoadBalancer, RawPath, RawReference,
    RawResource, RawRule, RawService, RawServiceBackend, RawServicePort, RawServiceSpec, RawSlice,
    RawSlicePort,
};
use super::wire::{Fault, Message, Value, fields, messages};

messages! {
    RawIngress<'a> {
        1 => message metadata;
        2 => message spec;
        3 => message status;
    }
    RawIngressSpec<'a> {
        1 => option default_backend;
        3 => list rules;
        4 => text ingress_class_name;
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

messages! {
    RawHttp<'a> {
        1 => list paths;
    }
    RawPath<'a> {
        1 => text path;
        2 => message backend;
    }
    RawBackend<'a> {
        3 => option resource;
        4 => option service;
    }
    RawServiceBackend<'a> {
        1 => text name;
        2 => message port;
    }
    RawBackendPort<'a> {
        1 => text name;
        2 => int32 number;
    }
    /// A TypedLocalObjectReference.
    RawResource<'a> {
        2 => text kind;
        3 => text name;
    }
    /// An ObjectReference.
    RawReference<'a> {
        1 => text kind;
        3 => text name;
    }
    RawIngressStatus<'a> {
        1 => message load_balancer;
    }
    RawLoadBalancer<'a> {
        1 => list ingress;
    }
    RawAddress<'a> {
        1 => text ip;
        2 => text hostname;
    }
    RawService<'a> {
        1 => message metadata;
        2 => message spec;
    }
    RawServiceSpec<'a> {
        1 => list ports;
        2 => pair selector;
        3 => text cluster_ip;
        4 => text kind;
    }
    RawServicePort<'a> {
        1 => text name;
        3 => int32 port;
    }
    RawSlice<'a> {
        1 => message metadata;
        2 => list endpoints;
        3 => list ports;
    }
    RawSlicePort<'a> {
        1 => text name;
    }
    RawEndpoint<'a> {
        2 => message conditions;
        4 => message target_ref;
        6 => text node_name;
    }
    RawEndpointConditions {
        1 => bool ready;
    }
}

//! Kubernetes' protobuf, read by tag: the wanted fields go into the same raw shapes that JSON fills, the rest is
//! skipped without a copy.
//!
//! The tags stand in `generated.proto` of the Go modules `k8s.io/api` and `k8s.io/apimachinery`. Every length is
//! checked against what is there before anything is taken; messages nest only as deep as the shapes do.

mod event;
mod happening;
mod meta;
mod network;
mod node;
mod pod;
#[cfg(test)]
mod tests;
mod wire;
mod workload;

pub use wire::Fault;

pub(in crate::cluster) use event::MAGIC;
pub(super) use event::{Event, identity, list, metadata, outline, status, unwrap, word};
pub(in crate::cluster) use wire::Reader;
pub(super) use wire::{Message, Value, text};

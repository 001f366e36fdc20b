//! Kubernetes' protobuf, read by tag: the wanted fields go into the same raw shapes that JSON fills, the rest is
//! skipped without a copy.
//!
//! The tags stand in `generated.proto` of the Go modules `k8s.io/api` and `k8s.io/apimachinery`.

mod wire;

pub use wire::Fault;

//! What Constable relies on in an API server, each case once, run on two of them: the simulated one in
//! every `cargo test`, a real one with `cargo test --test real_cluster -- --ignored`.
//!
//! The real control plane is the one that `CONSTABLE_TEST_KUBECONFIG` names; without it one is started
//! from `tests/control-plane/` (run its `build.sh` first) and ends with the test program.

#![cfg(feature = "sim")]

mod conformance;
mod outage;

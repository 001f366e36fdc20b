//! The cases, by what they are about, and the harness that runs each on both servers.
//!
//! A case is an `async fn(&Cluster)` in one of the modules below, named once in that module's `cases!`.

/// Turns each named case into two tests, `simulated::case` and `real::case`.
macro_rules! cases {
    ($($case:ident),+ $(,)?) => {
        mod simulated {
            $(#[test]
            fn $case() {
                crate::conformance::run(crate::conformance::Kind::Simulated, stringify!($case), super::$case);
            })+
        }
        mod real {
            $(#[test]
            #[ignore = "needs a control plane"]
            fn $case() {
                crate::conformance::run(crate::conformance::Kind::Real, stringify!($case), super::$case);
            })+
        }
    };
}

mod access;
mod closer;
mod cluster;
mod connect;
mod custom;
mod debug;
mod deletes;
mod discovery;
mod errors;
mod events;
mod eviction;
mod lists;
mod logs;
mod merged;
mod metrics;
mod server;
mod statuses;
mod tables;
mod users;
mod watches;
mod workloads;
mod writes;

pub(crate) use cluster::{Cluster, run};
pub(crate) use server::{ControlPlane, Kind};

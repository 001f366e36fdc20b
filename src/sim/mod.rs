//! A simulated cluster: deterministic, in memory, spoken to as to a Kubernetes API server.
//!
//! [`mod@resource`] is the table of what is served, [`store`] holds the objects, `api` turns a
//! [`Request`] into a [`Response`]. Nothing here reads a clock: `now` is always handed in.

mod actors;
pub mod api;
mod custom;
mod defaults;
pub mod demo;
pub mod exec;
pub mod host;
pub mod http;
mod labels;
mod logs;
pub mod object;
pub mod platform;
mod proto;
pub mod resource;
pub mod scenario;
pub mod script;
pub mod status;
mod stencil;
pub mod store;
pub mod world;

pub use api::{Request, Response};
pub use host::Host;
pub use labels::LabelSet;
pub use object::Obj;
pub use resource::{Res, Resource, find, resource};
pub use status::Status;
pub use store::{Change, ChangeKind, Expired, Store, timestamp};
pub use world::World;

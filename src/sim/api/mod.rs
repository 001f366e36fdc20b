//! The API server: a [`Request`] in, a [`Response`] out, over the store and at a given time.

mod request;
mod response;

pub use request::{LogOptions, Request};
pub use response::{LogFollow, Response, Watch};

//! Streams in, calls out: the user of `kube::Client`.
//!
//! | module | what it does |
//! |---|---|
//! | [`harmless`] | makes text from a cluster fit to be drawn |
//! | [`intern`] | one copy of a text that many objects carry |
//! | [`decode`] | bytes of the API server into the model's types |

pub mod decode;
pub mod harmless;
pub mod intern;

//! Streams in, calls out: the user of `kube::Client`.
//!
//! | module | what it does |
//! |---|---|
//! | `answer` | what an answer becomes before the engine sees it: harmless, secrets hidden, Tables slimmed |
//! | [`budget`] | how much we ask of a server at a time |
//! | [`call`] | calls of the engine, answers as data |
//! | [`connect`] | kubeconfig into a client |
//! | [`decode`] | bytes of the API server into the model's types |
//! | [`exec`] | a process in a container with our end of its streams |
//! | [`feed`] | one stream a kind, resumed for ever, with its state |
//! | [`forward`] | a local port that leads to one of a pod |
//! | [`log`] | the log of one container, resumed without gap or repeat |
//! | [`meter`] | what our own requests cost |
//! | [`pulse`] | whether the server answers, how fast, and what time it has |
//! | [`harmless`] | makes text from a cluster fit to be drawn |
//! | [`intern`] | one copy of a text that many objects carry |

pub(crate) mod answer;
mod backoff;
pub mod budget;
pub mod call;
pub mod connect;
pub mod decode;
pub mod exec;
pub mod feed;
pub mod forward;
pub mod harmless;
pub mod intern;
pub mod log;
mod mask;
pub mod meter;
mod prometheus;
pub mod pulse;

//! Constable: the terminal operations console for CI on Kubernetes.
//!
//! A CI platform runs each job as a short-lived pod. Constable watches nodes, pods, ingresses and what
//! belongs to them, keeps a small [`model`] of them in memory, shows it pool by pool, and lets the person
//! on call cancel, retry or drain without losing work by accident.
//!
//! # The house
//!
//! | module | what it is | may import |
//! |---|---|---|
//! | [`model`] | pure data of one cluster, sums kept by delta | nothing of ours |
//! | [`ci`] | what the pods of each CI system mean, one file a system | `model` |
//! | [`engine`] | the only mutator: `handle(now, Event, &mut Vec<Effect>)` | `ci`, `model` |
//! | [`layout`] | screen and size into rectangles, visible rows, hit targets | `engine` and below |
//! | [`ui`] | a pure picture of the engine | `layout` and below |
//! | [`cluster`] | streams in, calls out: the user of `kube::Client` | `engine`'s events, `model`, `ci`'s projections |
//! | [`config`] | defaults, file, environment and flags into one validated value | `engine`'s settings |
//! | [`shell`] | the loop: terminal, effects, frame pacing | all |
//! | [`cli`] | what can be typed | all |
//! | `sim` | a simulated cluster and job platform (feature `sim`) | nothing of ours |
//!
//! `tests/architecture.rs` holds these arrows. Data flows one way,
//! `watch stream → cluster → Event::Watch → engine → model → layout → ui → terminal`, and a command flows
//! the other way and comes back as data: `key → intent → plan → confirm → Effect::Call → cluster →
//! Event::Reply`, settled only when the watch shows it.

pub mod ci;
pub mod cli;
pub mod cluster;
pub mod config;
pub mod engine;
pub mod layout;
pub mod model;
pub mod shell;
#[cfg(feature = "sim")]
pub mod sim;
pub mod ui;

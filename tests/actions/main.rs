//! The actions by their inputs and calls: no server, no clock, no thread.

mod drain;
mod gate;
mod jobs;
mod lab;
mod remotes;
mod workloads;

//! Whole-process figures against a filled API server (`tests/control-plane/up.sh DIR --fill 1000,30000`).
//!
//! ```text
//! cargo bench --bench process -- sync    --control-plane DIR [--runs N]     start, against bare readers and kubectl
//! cargo bench --bench process -- get     --control-plane DIR [--runs N]     `get pods` against kubectl's
//! cargo bench --bench process -- rest    --control-plane DIR [--seconds N]  CPU of an open console, and the server's
//! cargo bench --bench process -- churn   --control-plane DIR [--seconds N]  the same under 100 pod changes a second
//! cargo bench --bench process -- latency --control-plane DIR [--seconds N]  change on the server to change on the screen
//! cargo bench --bench process -- limit   --kubeconfig FILE                  memory with 150,000 pods
//! cargo bench --bench process -- endure  --kubeconfig FILE   [--minutes N]  its memory, minute by minute
//! ```
//!
//! Contenders take turns in one run; each figure is minimum and median. CPU is user and system time of the
//! process itself, memory the kernel's own high-water mark, both read from /proc while it is still there. The last
//! lines are rows of a table: figure, seen, bar, verdict; a missed bar ends red.

#![allow(clippy::print_stdout, reason = "it prints its figures")]

mod bars;
mod console;
mod open;
mod place;
mod process;
mod reader;
mod start;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// What went wrong, in words.
pub(crate) type Failed = Box<dyn std::error::Error>;

#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    figure: Figure,
    /// Folder of a control plane started by up.sh
    #[arg(long, global = true, value_name = "DIR")]
    control_plane: Option<PathBuf>,
    /// Where the cluster is, if not in DIR
    #[arg(long, global = true, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// Runs of each contender
    #[arg(long, global = true, default_value_t = 5)]
    runs: usize,
    /// How long an open console is looked at
    #[arg(long, global = true, default_value_t = 30)]
    seconds: u64,
    /// How long it must endure
    #[arg(long, global = true, default_value_t = 30)]
    minutes: u64,
    /// cargo bench says so
    #[arg(long, global = true, hide = true)]
    bench: bool,
}

#[derive(Subcommand, Clone, Copy)]
enum Figure {
    /// Start to complete model
    Sync,
    /// One-shot lists
    Get,
    /// An open console, nothing changes but what changes by itself
    Rest,
    /// An open console, 100 pod changes a second
    Churn,
    /// A stamp on one job, from the writer to the terminal
    Latency,
    /// A start in a cluster of 150,000 pods
    Limit,
    /// Memory over time
    Endure,
    /// Drains the list of pods and decodes nothing
    #[command(hide = true)]
    Reader {
        /// All the kinds that the console watches
        #[arg(long)]
        all: bool,
        /// Go on watching so long, seconds
        #[arg(long, default_value_t = 0)]
        stay: u64,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let place = place::Place {
        kubeconfig: arguments
            .kubeconfig
            .or_else(|| Some(arguments.control_plane.as_ref()?.join("kubeconfig"))),
        control_plane: arguments.control_plane,
    };
    let done = match arguments.figure {
        Figure::Sync => start::sync(&place, arguments.runs),
        Figure::Get => start::get(&place, arguments.runs),
        Figure::Rest => open::rest(&place, arguments.seconds),
        Figure::Churn => open::busy(&place, arguments.seconds),
        Figure::Latency => open::latency(&place, arguments.seconds),
        Figure::Limit => start::limit(&place),
        Figure::Endure => open::endure(&place, arguments.minutes),
        Figure::Reader { all, stay } => reader::run(&place, all, stay),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("failed: {error}");
            ExitCode::FAILURE
        }
    }
}

//! The log of one container, followed across broken connections without gap or repeat.
//!
//! Every line is asked for with its time stamp. A stream that breaks is resumed from the second of the last
//! line; lines of that second which have been seen are passed over (`sinceTime` knows whole seconds only).
//! The end of a stream is not the end of the log: that is settled by the container's status.

pub mod machine;
pub mod resume;
mod status;
mod task;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::connect::Connection;
use crate::engine::{Event, LogId, LogSource};

/// What happens when nobody takes the lines as fast as they come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pressure {
    /// The oldest waiting lines are dropped and counted: for a screen.
    Drop,
    /// The stream waits: for a pipe.
    Wait,
}

/// An open stream. Dropping it closes it.
#[derive(Debug)]
pub struct LogStream {
    task: JoinHandle<()>,
    parked: watch::Sender<bool>,
}

impl LogStream {
    /// Opens the stream; its news come as `Event::Log(id, …)` and end with `LogEvent::Ended`.
    pub fn open(
        connection: Connection,
        id: LogId,
        source: LogSource,
        pressure: Pressure,
        events: mpsc::Sender<Event>,
    ) -> Self {
        let (parked, told) = watch::channel(false);
        let task = task::Task::new(connection, id, source, pressure, events, told);
        Self {
            task: tokio::spawn(task.run()),
            parked,
        }
    }

    /// Gives the connection back (true), or goes on where it was (false).
    pub fn park(&self, park: bool) {
        // A task that has ended has no use for it.
        let _ = self.parked.send(park);
    }
}

impl Drop for LogStream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

//! What the HTTP shell serves: a simulated cluster, alone or with those who live in it.

use super::api::{LogFollow, Request, Response, Watch};
use super::exec::Session;
use super::world::World;
use bytes::Bytes;
use chrono::{DateTime, Utc};

/// A simulated cluster as the HTTP shell sees it: `World` alone, or a demo whose job platform hears of every change.
/// The shell owns it behind a lock, brings it to the present before each request and whenever [`Host::next_due`] comes.
pub trait Host: Send + 'static {
    /// Its present.
    fn now(&self) -> DateTime<Utc>;

    /// Brings it to `until`: everything due by then has happened. A time that has passed changes nothing.
    fn step(&mut self, until: DateTime<Utc>);

    /// When something happens by itself next.
    fn next_due(&self) -> Option<DateTime<Utc>>;

    /// Answers a request at its present.
    fn handle(&mut self, request: Request) -> Response;

    /// Frames of a watch that are ready.
    fn watch_next(&mut self, watch: &mut Watch) -> Vec<Bytes>;

    /// Bytes of a followed log that are ready, and whether it has ended.
    fn log_next(&mut self, follow: &mut LogFollow) -> (Bytes, bool);

    /// Lets a connection to a container live until its present.
    fn session_next(&mut self, session: &mut Session) {
        session.cut();
    }

    /// Whether the API server is down: connections break without an answer.
    fn outage(&self) -> bool {
        false
    }

    /// Raised each time all open streams are to break off.
    fn watch_epoch(&self) -> u64 {
        0
    }
}

impl Host for World {
    fn now(&self) -> DateTime<Utc> {
        World::now(self)
    }

    fn step(&mut self, until: DateTime<Utc>) {
        World::step(self, until);
    }

    fn next_due(&self) -> Option<DateTime<Utc>> {
        World::next_due(self)
    }

    fn handle(&mut self, request: Request) -> Response {
        World::handle(self, request)
    }

    fn watch_next(&mut self, watch: &mut Watch) -> Vec<Bytes> {
        World::watch_next(self, watch)
    }

    fn log_next(&mut self, follow: &mut LogFollow) -> (Bytes, bool) {
        World::log_next(self, follow)
    }

    fn session_next(&mut self, session: &mut Session) {
        World::session_next(self, session);
    }

    fn outage(&self) -> bool {
        World::outage(self)
    }

    fn watch_epoch(&self) -> u64 {
        World::watch_epoch(self)
    }
}

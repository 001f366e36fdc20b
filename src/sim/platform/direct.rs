//! Drives a platform over a simulated [`World`] in the same thread: for tests, warm-up and the demo.

use super::call::{Call, Input, Kind, Method};
use super::machine::Platform;
use super::seen::{Frame, Seen};
use crate::sim::api::Watch;
use crate::sim::{Request, Response, World};
use chrono::{DateTime, TimeDelta, Utc};

/// A platform and its watches on one world.
#[derive(Clone, Debug)]
pub struct Direct {
    platform: Platform,
    watches: Vec<(Kind, Option<Watch>)>,
    /// The platform hears of changes at least this often.
    pace: TimeDelta,
}

impl Direct {
    /// Begins with a list of each kind at the first [`Direct::pump`].
    pub fn new(platform: Platform) -> Direct {
        let watches = Kind::ALL.into_iter().map(|kind| (kind, None)).collect();
        Direct {
            platform,
            watches,
            pace: TimeDelta::milliseconds(200),
        }
    }

    /// The machine.
    pub fn platform(&self) -> &Platform {
        &self.platform
    }

    /// The machine, to set it.
    pub fn platform_mut(&mut self) -> &mut Platform {
        &mut self.platform
    }

    /// The machine alone, for another shell to go on with.
    pub fn into_platform(self) -> Platform {
        self.platform
    }

    /// When the platform acts by itself.
    pub fn next_due(&self) -> Option<DateTime<Utc>> {
        self.platform.next_due()
    }

    /// Brings world and platform to `until`, the platform hearing of each change soon after it.
    pub fn advance(&mut self, world: &mut World, until: DateTime<Utc>) {
        while world.now() < until {
            let soon = world.now() + self.pace;
            let due = self.platform.next_due().map_or(soon, |due| {
                due.clamp(world.now() + TimeDelta::milliseconds(1), soon)
            });
            world.step(due.min(until));
            self.pump(world);
        }
    }

    /// Tells the platform what has changed, makes its calls, until neither side has anything more to say now.
    pub fn pump(&mut self, world: &mut World) {
        // A platform hears nothing from an API server that is down, and can ask it for nothing.
        if world.outage() {
            return;
        }
        let mut calls = Vec::new();
        if self
            .platform
            .next_due()
            .is_none_or(|due| due <= world.now())
        {
            self.platform.handle(world.now(), Input::Tick, &mut calls);
        }
        loop {
            for (kind, slot) in &mut self.watches {
                for input in observe(world, *kind, slot) {
                    self.platform.handle(world.now(), input, &mut calls);
                }
            }
            if calls.is_empty() {
                return;
            }
            for call in std::mem::take(&mut calls) {
                let reply = perform(world, &call);
                self.platform.handle(world.now(), reply, &mut calls);
            }
        }
    }
}

fn perform(world: &mut World, call: &Call) -> Input {
    let method = match call.method {
        Method::Get => http::Method::GET,
        Method::Post => http::Method::POST,
        Method::Patch => http::Method::PATCH,
        Method::Delete => http::Method::DELETE,
    };
    let body = if call.body.is_null() {
        Vec::new()
    } else {
        call.body.to_string().into_bytes()
    };
    let mut request = Request::new(method, &call.path, body);
    request.content_type = call.content_type.to_owned();
    match world.handle(request) {
        Response::Done { status, body, .. } => Input::Reply {
            id: call.id,
            status,
            body,
        },
        Response::List(_) | Response::Watch(_) | Response::Log(_) | Response::Upgrade(_) => {
            Input::Failed {
                id: call.id,
                why: "a stream was answered".into(),
            }
        }
    }
}

/// What is new of one kind: a list at first and after an expired watch, else the watch's events.
fn observe(world: &mut World, kind: Kind, slot: &mut Option<Watch>) -> Vec<Input> {
    let selector = format!("labelSelector={}", kind.selector());
    let Some(watch) = slot else {
        let Response::Done {
            status: 200, body, ..
        } = world.handle(Request::get(&format!("{}?{selector}", kind.path())))
        else {
            return Vec::new();
        };
        let Ok((all, revision)) = Seen::decode_list(kind, &body) else {
            return Vec::new();
        };
        let target = format!(
            "{}?watch=true&resourceVersion={revision}&{selector}",
            kind.path()
        );
        if let Response::Watch(watch) = world.handle(Request::get(&target)) {
            *slot = Some(watch);
        }
        return vec![Input::Listed(kind, all)];
    };
    let mut inputs = Vec::new();
    let frames = world.watch_next(watch);
    let over = watch.ended();
    for frame in frames {
        match Seen::decode_frame(kind, &frame) {
            Ok(Frame::Applied(seen, _)) => inputs.push(Input::Applied(seen)),
            Ok(Frame::Deleted(seen, _)) => inputs.push(Input::Deleted(seen)),
            Ok(Frame::Bookmark(_)) | Err(_) => {}
            Ok(Frame::Error(_)) => {
                *slot = None;
                break;
            }
        }
    }
    // The server ends every watch some time; the list that follows says what it would have said.
    if over {
        *slot = None;
    }
    inputs
}

//! Drives a platform over kube's client: against any cluster, for as long as it is wanted.
//!
//! Each kind has a task that lists and watches it, each call a task that carries it out, a few at a time; all of them
//! send [`Input`]s over one bounded channel to the loop that owns the machine.

use super::call::{Call, Input, Kind};
use super::machine::Platform;
use super::seen::{Frame, Seen};
use chrono::{DateTime, Utc};
use futures::{AsyncBufReadExt, StreamExt};
use kube::Client;
use kube::client::Body;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

/// Calls on their way at one time.
const CALLS: usize = 16;
/// A call without an answer for so long has none.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long the server lets one watch run, and how long a silent one is waited for beyond that.
const WATCH: Duration = Duration::from_secs(290);
const SILENCE: Duration = Duration::from_secs(320);

/// Runs the platform until `stop` is done. `clock` tells the time; `report` sees the platform after each input.
/// Returns the platform: another shell may go on with it.
pub async fn run(
    client: Client,
    mut platform: Platform,
    clock: impl Fn() -> DateTime<Utc>,
    stop: impl Future<Output = ()>,
    mut report: impl FnMut(&Platform),
) -> Platform {
    let (sender, mut inputs) = mpsc::channel::<Input>(1024);
    let mut watches = JoinSet::new();
    for kind in Kind::ALL {
        watches.spawn(watch(client.clone(), kind, sender.clone()));
    }
    let permits = Arc::new(Semaphore::new(CALLS));
    let mut running = JoinSet::new();
    let mut stop = std::pin::pin!(stop);
    let mut input = Input::Tick;
    loop {
        let now = clock();
        let mut calls = Vec::new();
        platform.handle(now, input, &mut calls);
        report(&platform);
        for call in calls {
            running.spawn(perform(
                client.clone(),
                call,
                permits.clone(),
                sender.clone(),
            ));
        }
        while running.try_join_next().is_some() {}
        let wait = platform
            .next_due()
            .map_or(WATCH, |due| (due - now).to_std().unwrap_or_default());
        input = tokio::select! {
            () = &mut stop => return platform,
            Some(input) = inputs.recv() => input,
            () = tokio::time::sleep(wait) => Input::Tick,
        };
    }
}

async fn perform(client: Client, call: Call, permits: Arc<Semaphore>, inputs: mpsc::Sender<Input>) {
    let id = call.id;
    let Ok(_permit) = permits.acquire().await else {
        return;
    };
    let input = match tokio::time::timeout(PATIENCE, send(&client, &call)).await {
        Ok(Ok((status, body))) => Input::Reply { id, status, body },
        Ok(Err(why)) => Input::Failed { id, why },
        Err(_) => Input::Failed {
            id,
            why: format!("no answer within {} s", PATIENCE.as_secs()),
        },
    };
    // The loop that would take it is over.
    let _ = inputs.send(input).await;
}

async fn send(client: &Client, call: &Call) -> Result<(u16, bytes::Bytes), String> {
    let mut request = http::Request::builder()
        .method(call.method.as_str())
        .uri(&call.path);
    if !call.content_type.is_empty() {
        request = request.header(http::header::CONTENT_TYPE, call.content_type);
    }
    let body = if call.body.is_null() {
        Vec::new()
    } else {
        call.body.to_string().into_bytes()
    };
    let request = request.body(Body::from(body)).map_err(|e| e.to_string())?;
    let response = client.send(request).await.map_err(|e| words(&e))?;
    let status = response.status().as_u16();
    let body = response
        .into_body()
        .collect_bytes()
        .await
        .map_err(|e| words(&e))?;
    Ok((status, body))
}

/// Lists, then watches, for ever. A watch that ends goes on from the last resourceVersion; one that is too old (410)
/// begins with a list again; what fails is tried again, later each time.
async fn watch(client: Client, kind: Kind, inputs: mpsc::Sender<Input>) {
    let mut from: Option<String> = None;
    let mut failures = 0_u32;
    loop {
        let result = match from.take() {
            None => list(&client, kind, &inputs).await,
            Some(revision) => follow(&client, kind, revision, &inputs).await,
        };
        match result {
            Ok(revision) => {
                failures = 0;
                from = revision;
            }
            Err(Lost::Closed) => return,
            Err(Lost::Broken(revision)) => {
                from = revision;
                failures += 1;
                tokio::time::sleep(Duration::from_millis(500 * (1 << failures.min(5)))).await;
            }
        }
    }
}

enum Lost {
    /// Nobody wants to know any more.
    Closed,
    /// Try again, from this resourceVersion or from a list.
    Broken(Option<String>),
}

async fn list(
    client: &Client,
    kind: Kind,
    inputs: &mpsc::Sender<Input>,
) -> Result<Option<String>, Lost> {
    let target = format!("{}?labelSelector={}", kind.path(), encode(kind.selector()));
    let request = http::Request::get(target)
        .body(Vec::new())
        .map_err(|_| Lost::Broken(None))?;
    let reply = tokio::time::timeout(PATIENCE, client.request_text(request)).await;
    let Ok(Ok(text)) = reply else {
        return Err(Lost::Broken(None));
    };
    let (all, revision) =
        Seen::decode_list(kind, text.as_bytes()).map_err(|_| Lost::Broken(None))?;
    inputs
        .send(Input::Listed(kind, all))
        .await
        .map_err(|_| Lost::Closed)?;
    Ok(Some(revision))
}

async fn follow(
    client: &Client,
    kind: Kind,
    mut revision: String,
    inputs: &mpsc::Sender<Input>,
) -> Result<Option<String>, Lost> {
    let (path, selector, seconds) = (kind.path(), encode(kind.selector()), WATCH.as_secs());
    let target = format!(
        "{path}?watch=1&allowWatchBookmarks=true&timeoutSeconds={seconds}&resourceVersion={revision}&labelSelector={selector}"
    );
    let request = http::Request::get(target)
        .body(Vec::new())
        .map_err(|_| Lost::Broken(None))?;
    let stream = match tokio::time::timeout(PATIENCE, client.request_stream(request)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(kube::Error::Api(status))) if status.code == 410 => return Ok(None),
        Ok(Err(_)) | Err(_) => return Err(Lost::Broken(Some(revision))),
    };
    let mut lines = Box::pin(stream).lines();
    let mut heard = false;
    loop {
        let line = match tokio::time::timeout(SILENCE, lines.next()).await {
            Ok(Some(Ok(line))) => line,
            // A watch that says nothing and ends is asked for again after a pause, not at once.
            Ok(None) if !heard => return Err(Lost::Broken(Some(revision))),
            Ok(None) => return Ok(Some(revision)),
            Ok(Some(Err(_))) | Err(_) => return Err(Lost::Broken(Some(revision))),
        };
        heard = true;
        let input = match Seen::decode_frame(kind, line.as_bytes()) {
            Ok(Frame::Applied(seen, at)) => {
                revision = at;
                Input::Applied(seen)
            }
            Ok(Frame::Deleted(seen, at)) => {
                revision = at;
                Input::Deleted(seen)
            }
            Ok(Frame::Bookmark(at)) => {
                revision = at;
                continue;
            }
            Ok(Frame::Error(410)) => return Ok(None),
            Ok(Frame::Error(_)) => return Err(Lost::Broken(None)),
            // An object that is not of the platform's making.
            Err(_) => continue,
        };
        inputs.send(input).await.map_err(|_| Lost::Closed)?;
    }
}

/// A query value, percent-encoded.
fn encode(value: &str) -> String {
    let mut out = String::with_capacity(value.len() + 16);
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String does not fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// An error and its causes: kube's outermost one often says little.
fn words(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let more = cause.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_are_encoded() {
        assert_eq!(
            encode(Kind::SystemPods.selector()),
            "jobs.constable%2Fcomponent%20in%20%28api%2Cworker%29"
        );
    }
}

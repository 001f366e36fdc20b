//! What metrics.k8s.io serves: a round of figures of all nodes or all pods, asked for when a screen needs it.
//!
//! The API has no watch and no pages, so a round is one list: 12 MB of JSON at 30,000 pods (1 MB compressed). It
//! is cut into items as it comes and told in parts, so that neither we hold it whole nor does the engine work
//! on all of it at a time.

use std::time::Duration;

use chrono::Utc;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::elements::Elements;
use super::exchange::{self, Failed};
use crate::cluster::connect::Connection;
use crate::cluster::decode::{ServerError, metrics};
use crate::cluster::meter::Who;
use crate::engine::Event;
use crate::model::{ClusterNo, FeedState, Figures, Measured, Text, Usage};

/// Figures in one message.
const PART: usize = 500;
/// Between two messages: the engine has other things to do.
const BREATH: Duration = Duration::from_millis(5);

/// Where a measure is served.
pub fn path(of: Measured, namespace: Option<&str>) -> String {
    let base = "/apis/metrics.k8s.io/v1beta1";
    match (of, namespace) {
        (Measured::Nodes, _) => format!("{base}/nodes"),
        (Measured::Pods, None) => format!("{base}/pods"),
        (Measured::Pods, Some(namespace)) => {
            format!(
                "{base}/namespaces/{}/pods",
                super::machine::escape(namespace)
            )
        }
    }
}

/// Asks for a round and tells it.
pub async fn measure(
    connection: Connection,
    of: Measured,
    namespace: Option<String>,
    events: mpsc::Sender<Event>,
) {
    let waited = connection.budget.request().await;
    connection.meters.of(Who::Figures).asked(waited);
    let no = connection.no;
    let tell = Tell { no, of, events };
    let end = match read(&connection, namespace.as_deref(), &tell).await {
        Ok(true) => Figures::End,
        Ok(false) => Figures::Failed(stale("the list was cut off".to_owned())),
        Err(state) => Figures::Failed(state),
    };
    tell.say(end).await;
}

struct Tell {
    no: ClusterNo,
    of: Measured,
    events: mpsc::Sender<Event>,
}

impl Tell {
    async fn say(&self, figures: Figures) {
        let event = Event::Usage(self.no, self.of, Box::new(figures));
        // Nobody listens any more: the console ends.
        let _ = self.events.send(event).await;
    }
}

/// Whether the list was whole.
async fn read(
    connection: &Connection,
    namespace: Option<&str>,
    tell: &Tell,
) -> Result<bool, FeedState> {
    let (who, of) = (Who::Figures, tell.of);
    let path = path(of, namespace);
    let compressed = connection.compressed();
    let asked = exchange::ask(connection, who, &path, "application/json", compressed).await;
    let mut body = match asked {
        Ok(answer) => answer.body,
        Err(failed) => return Err(why_not(of, failed)),
    };
    tell.say(Figures::Begin).await;
    let mut round = Round::default();
    loop {
        let piece = match timeout(exchange::PATIENCE, body.next()).await {
            Err(_) => return Err(stale(exchange::no_answer())),
            Ok(Err(why)) => return Err(stale(why)),
            Ok(Ok(None)) => break,
            Ok(Ok(Some(piece))) => piece,
        };
        let (mut rest, mut plain) = (&piece[..], 0);
        while let Some(part) = body
            .plain(&mut rest)
            .map_err(|corrupt| stale(corrupt.to_string()))?
        {
            plain += part.len();
            round.take(part);
        }
        connection.meters.of(who).bytes(piece.len(), plain);
        while let Some(part) = round.part(of, PART) {
            tell.say(part).await;
            tokio::time::sleep(BREATH).await;
        }
    }
    if let Some(part) = round.part(of, 1) {
        tell.say(part).await;
    }
    Ok(round.elements.is_whole())
}

/// A round as it comes in.
#[derive(Debug, Default)]
pub struct Round {
    elements: Elements,
    rows: Vec<(Text, Text, Usage)>,
}

impl Round {
    /// Takes the next bytes of the body.
    pub fn take(&mut self, bytes: &[u8]) {
        let rows = &mut self.rows;
        self.elements.take(bytes, |item| rows.extend(metrics(item)));
    }

    /// Whether the body was whole.
    pub fn is_whole(&self) -> bool {
        self.elements.is_whole()
    }

    /// What has come, once there are so many.
    pub fn part(&mut self, of: Measured, least: usize) -> Option<Figures> {
        if self.rows.len() < least {
            return None;
        }
        let rows = self.rows.drain(..self.rows.len().min(PART));
        Some(match of {
            Measured::Nodes => Figures::Nodes(rows.map(|(_, name, usage)| (name, usage)).collect()),
            Measured::Pods => Figures::Pods(rows.collect()),
        })
    }
}

fn stale(why: String) -> FeedState {
    FeedState::Stale {
        since: Utc::now(),
        why: why.into(),
    }
}

fn why_not(of: Measured, failed: Failed) -> FeedState {
    match failed {
        Failed::Broken(why) => stale(why),
        Failed::Refused(error, _) => refused(of, &error),
    }
}

/// What an error of the server means.
pub fn refused(of: Measured, error: &ServerError) -> FeedState {
    match error.code {
        403 => FeedState::Denied {
            verb: "list".into(),
            resource: match of {
                Measured::Nodes => "nodes.metrics.k8s.io".into(),
                Measured::Pods => "pods.metrics.k8s.io".into(),
            },
        },
        404 => FeedState::Absent,
        code => stale(format!("{} ({code})", error.message)),
    }
}

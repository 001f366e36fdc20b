//! What is open to containers on one connection: terminals and forwards, a task each.

use std::collections::HashMap;

use tokio::sync::{mpsc, watch};
use tokio::task::AbortHandle;

use crate::cluster::connect::Connection;
use crate::cluster::exec::{self, Pipes};
use crate::cluster::forward;
use crate::engine::Event;
use crate::engine::remote::{Forward, PodPort, RemoteEvent, RemoteId, Terminal};

/// What is asked of it.
#[derive(Debug)]
pub(crate) enum RemoteAsk {
    Terminal(RemoteId, Terminal, Pipes),
    Forward(RemoteId, Forward),
    Lead(RemoteId, PodPort),
    Close(RemoteId),
}

/// What is open; it ends with this.
#[derive(Debug, Default)]
pub(crate) struct Remotes {
    open: HashMap<RemoteId, Open>,
}

#[derive(Debug)]
struct Open {
    task: AbortHandle,
    lead: Option<watch::Sender<PodPort>>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Remotes {
    pub(crate) fn take(
        &mut self,
        ask: RemoteAsk,
        connection: &Connection,
        events: &mpsc::Sender<Event>,
    ) {
        let (connection, events) = (connection.clone(), events.clone());
        self.open.retain(|_, open| !open.task.is_finished());
        match ask {
            RemoteAsk::Terminal(id, terminal, pipes) => {
                let task = tokio::spawn(async move {
                    let tell = async |event| {
                        // Nobody listens once the console has gone.
                        let _ = events.send(Event::Remote(id, Box::new(event))).await;
                    };
                    let opened = async || tell(RemoteEvent::Opened).await;
                    let end = exec::run(&connection, &terminal, pipes, opened).await;
                    tell(RemoteEvent::Ended(end)).await;
                });
                let task = task.abort_handle();
                self.open.insert(id, Open { task, lead: None });
            }
            RemoteAsk::Forward(id, forward) => {
                let (lead, leads) = watch::channel(forward.to.clone());
                let task = tokio::spawn(async move {
                    let tell = |event| {
                        let events = events.clone();
                        async move {
                            let _ = events.send(Event::Remote(id, Box::new(event))).await;
                        }
                    };
                    forward::run(connection, forward, leads, tell).await;
                });
                let task = task.abort_handle();
                let lead = Some(lead);
                self.open.insert(id, Open { task, lead });
            }
            RemoteAsk::Lead(id, to) => {
                if let Some(lead) = self.open.get(&id).and_then(|open| open.lead.as_ref()) {
                    lead.send_replace(to);
                }
            }
            RemoteAsk::Close(id) => {
                self.open.remove(&id);
            }
        }
    }
}

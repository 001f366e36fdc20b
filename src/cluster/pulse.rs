//! Whether the server answers, asked every few seconds on a request of its own: watches alone cannot tell a
//! quiet cluster from a dead one.

use std::collections::VecDeque;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::{mpsc, watch};
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::connect::{Connection, Greeting};
use super::feed::Pulse;
use crate::engine::Event;
use crate::model::ClusterId;

/// Between two questions.
const EVERY: Duration = Duration::from_secs(5);
/// An answer may take so long.
const PATIENCE: Duration = Duration::from_secs(4);
/// Answers over which the latency is taken.
const WINDOW: usize = 60;

/// Asks until nobody listens: tells feeds through `pulse`, the engine through `Event::Server`.
pub async fn run(
    connection: Connection,
    cluster: ClusterId,
    first: Greeting,
    pulse: watch::Sender<Pulse>,
    events: mpsc::Sender<Event>,
) {
    let mut latencies = VecDeque::from([first.took]);
    let mut heard: DateTime<Utc> = Utc::now();
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.tick().await;
    loop {
        ticks.tick().await;
        let asked = timeout(PATIENCE, connection.greet()).await;
        let why = match asked {
            Ok(Ok(greeting)) => {
                heard = Utc::now();
                latencies.push_back(greeting.took);
                if latencies.len() > WINDOW {
                    latencies.pop_front();
                }
                pulse.send_if_modified(|p| std::mem::replace(p, Pulse::Answers) != Pulse::Answers);
                let info = connection.info(cluster.clone(), &greeting, p95(&latencies));
                let told = Event::Server(connection.no, Box::new(info));
                if events.send(told).await.is_err() {
                    return;
                }
                continue;
            }
            Ok(Err(error)) => error.short(),
            Err(_) => format!("no answer within {} s", PATIENCE.as_secs()),
        };
        if events.is_closed() {
            return;
        }
        let silent = Pulse::Silent {
            since: heard,
            why: why.into(),
        };
        pulse.send_if_modified(|p| {
            let news = *p == Pulse::Answers;
            if news {
                *p = silent;
            }
            news
        });
    }
}

fn p95(latencies: &VecDeque<Duration>) -> Option<u32> {
    let mut sorted: Vec<Duration> = latencies.iter().copied().collect();
    sorted.sort_unstable();
    let at = (sorted.len() * 95).div_ceil(100).checked_sub(1)?;
    u32::try_from(sorted.get(at)?.as_millis()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_95th_of_what_was_measured() {
        let of = |ms: &[u64]| p95(&ms.iter().map(|m| Duration::from_millis(*m)).collect());
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[7]), Some(7));
        assert_eq!(of(&(1..=100).collect::<Vec<_>>()), Some(95));
    }
}

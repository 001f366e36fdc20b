//! The answer to a list: JSON whole, protobuf item by item as it comes.

use chrono::Utc;
use tokio::time::{Instant, timeout};

use super::super::exchange::{self, Incoming, NotWhole};
use super::super::items::{Items, NoList, Part};
use super::super::outbox::{Gone, Outbox};
use super::super::splitter::LIMIT;
use super::{Round, Task};
use crate::cluster::decode::Wire;

impl Task {
    pub(super) async fn list(&mut self, path: &str, out: &mut Outbox) -> Result<Round, Gone> {
        let waited = self.connection.budget.request().await;
        self.meter().asked(waited);
        let mut answer = match self.ask(path).await {
            Ok(answer) => answer,
            Err(failed) => return Ok(self.failed(failed)),
        };
        if answer.wire == Wire::Protobuf {
            let round = self.items(answer.body, out).await?;
            out.flush().await?;
            out.tell(self.machine.state()).await?;
            return Ok(round);
        }
        let body = match exchange::read(&self.connection, self.who(), &mut answer.body).await {
            Ok(body) => body,
            Err(NotWhole::TooLarge) => {
                let next = self.machine.too_large(exchange::PAGE);
                return Ok(self.after(next).unwrap_or(Round::Again));
            }
            Err(NotWhole::Broken(why)) => {
                self.plain |= answer.body.inflate.is_some();
                return Ok(Round::Retry(why, None));
            }
        };
        out.heard = Utc::now();
        let next = self.machine.page(answer.wire, &body, &mut out.deltas);
        drop(body);
        self.meter().frames(out.deltas.len());
        out.flush().await?;
        out.tell(self.machine.state()).await?;
        Ok(self.after(next).unwrap_or(Round::Again))
    }

    /// A list in protobuf, taken in item by item as it comes.
    async fn items(&mut self, mut body: Incoming, out: &mut Outbox) -> Result<Round, Gone> {
        let mut items = Items::new(LIMIT);
        let mut head = None;
        self.machine.page_opened(&mut out.deltas);
        loop {
            let piece = match timeout(exchange::PATIENCE, body.next()).await {
                Err(_) => return Ok(Round::Retry(exchange::no_answer(), None)),
                Ok(Err(why)) => return Ok(Round::Retry(why, None)),
                Ok(Ok(None)) => break,
                Ok(Ok(Some(piece))) => piece,
            };
            out.heard = Utc::now();
            if out.deltas.is_empty() {
                out.since = Instant::now();
            }
            let (mut rest, mut plain, mut count) = (&piece[..], 0, 0);
            loop {
                let mut part = match body.plain(&mut rest) {
                    Ok(Some(part)) => part,
                    Ok(None) => break,
                    Err(corrupt) => return Ok(self.corrupt(&corrupt)),
                };
                plain += part.len();
                loop {
                    match items.next(&mut part) {
                        Ok(None) => break,
                        Ok(Some(Part::Item(item))) => {
                            count += 1;
                            self.machine.item(item, &mut out.deltas);
                        }
                        Ok(Some(Part::TooLong { bytes })) => {
                            self.machine.too_long(bytes, &mut out.deltas);
                        }
                        Ok(Some(Part::Metadata(bytes))) => match self.machine.head(bytes) {
                            Ok(read) => head = Some(read),
                            Err(next) => return Ok(self.after(next).unwrap_or(Round::Again)),
                        },
                        Err(NoList) => {
                            let next = self.machine.no_list();
                            return Ok(self.after(next).unwrap_or(Round::Again));
                        }
                    }
                    self.send_full(out).await?;
                }
            }
            let meter = self.meter();
            meter.bytes(piece.len(), plain);
            meter.frames(count);
            if !out.deltas.is_empty() && out.due() <= Instant::now() {
                out.flush().await?;
                out.tell(self.machine.state()).await?;
            }
        }
        let next = match head {
            Some(head) if items.is_whole() => self.machine.page_ended(head, &mut out.deltas),
            _ => return Ok(Round::Retry("the list was cut off".to_owned(), None)),
        };
        Ok(self.after(next).unwrap_or(Round::Again))
    }
}

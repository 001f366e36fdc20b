//! Watch events of pods on their way into the model, on one thread: protobuf decoded by the feed's machine
//! and applied batch by batch, over the lives of many job pods. `cargo bench --bench apply -- [PODS] [NODES]`
//!
//! Every pod comes, is bound, waits for its containers, prepares, runs, ends and is deleted; each step is taken
//! by all pods before the next, so that little of a pod is still in the processor's caches. Events are made
//! from the job pod of the wire fixtures, managedFields and all. Times are the thread's own CPU time.

mod pods;

use std::io::Write;
use std::sync::mpsc::sync_channel;

use chrono::{DateTime, TimeDelta, Utc};
use constable::ci::Reader;
use constable::cluster::decode::Wire;
use constable::cluster::feed::Scope;
use constable::cluster::feed::machine::{Lists, Machine};
use constable::model::{Batch, Delta, Kind, Model};
use pods::{STEPS, Step, bookmark, event, node};
use rustix::time::{ClockId, clock_gettime};

/// As many as the feed puts into a batch while it is busy.
const BATCH: usize = 256;

fn main() -> std::io::Result<()> {
    let mut numbers = std::env::args()
        .skip(1)
        .filter_map(|a| a.parse::<usize>().ok());
    let pods = numbers.next().unwrap_or(30_000);
    let nodes = numbers.next().unwrap_or(1_000);
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{pods} pods on {nodes} nodes; ns of CPU an event\n\
         {:<22}{:>9}{:>9}{:>9}{:>9}{:>12}",
        "", "events", "decode", "apply", "both", "events/s"
    )?;
    let mut stream = Stream::new(nodes);
    let mut all = Spent::default();
    for step in STEPS {
        let spent = stream.step(step, pods, nodes);
        all.add(&spent);
        spent.tell(&mut out, step.name())?;
    }
    all.tell(&mut out, "all")?;
    let again = stream.step(Step::Again, pods.min(1_000), nodes);
    again.tell(&mut out, Step::Again.name())?;
    writeln!(
        out,
        "{} pods, {} jobs, {} unreadable; {} changes told",
        stream.model.count(Kind::Pod),
        stream.model.job_count(),
        stream.unreadable,
        stream.told
    )
}

/// CPU time of this thread, in nanoseconds.
fn clock() -> u64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

#[derive(Clone, Copy, Default)]
struct Spent {
    events: u64,
    decode: u64,
    apply: u64,
}

impl Spent {
    fn add(&mut self, other: &Self) {
        self.events += other.events;
        self.decode += other.decode;
        self.apply += other.apply;
    }

    fn tell(&self, out: &mut impl Write, name: &str) -> std::io::Result<()> {
        let events = self.events.max(1);
        let both = (self.decode + self.apply).max(1);
        writeln!(
            out,
            "{name:<22}{:>9}{:>9}{:>9}{:>9}{:>12}",
            self.events,
            self.decode / events,
            self.apply / events,
            both / events,
            self.events * 1_000_000_000 / both
        )
    }
}

struct Stream {
    machine: Machine,
    model: Model,
    now: DateTime<Utc>,
    unreadable: u64,
    told: u64,
}

impl Stream {
    /// With all nodes there, and an empty list of pods begun.
    fn new(nodes: usize) -> Self {
        let now = DateTime::<Utc>::UNIX_EPOCH + TimeDelta::seconds(pods::SECONDS + 600);
        let mut model = Model::default();
        let mut machine = Machine::new(Kind::Node, Scope::default(), Lists::Streamed);
        let mut deltas = Vec::new();
        machine.opened(&mut deltas);
        for number in 0..nodes {
            machine.frame(Wire::Protobuf, &node(number), &mut deltas);
        }
        machine.frame(Wire::Protobuf, &bookmark("Node"), &mut deltas);
        let kind = Kind::Node;
        model.apply(now, Batch { kind, deltas }, &Reader);
        assert_eq!(model.count(Kind::Node), nodes, "nodes can be read");

        let mut machine = Machine::new(Kind::Pod, Scope::default(), Lists::Streamed);
        let mut deltas = Vec::new();
        machine.opened(&mut deltas);
        let kind = Kind::Pod;
        model.apply(now, Batch { kind, deltas }, &Reader);
        Self {
            machine,
            model,
            now,
            unreadable: 0,
            told: 0,
        }
    }

    /// One step of every pod. The first is the initial list.
    fn step(&mut self, step: Step, pods: usize, nodes: usize) -> Spent {
        let mut spent = Spent::default();
        let mut body = Vec::new();
        // Made by another thread, so that the heap of this one is the feed's and the model's.
        let (send, chunks) = sync_channel::<Vec<Vec<u8>>>(2);
        let maker = std::thread::spawn(move || {
            for first in (0..pods).step_by(BATCH) {
                let numbers = first..(first + BATCH).min(pods);
                let last = numbers.end == pods;
                let mut frames: Vec<Vec<u8>> = numbers.map(|n| event(step, n, nodes)).collect();
                if step == Step::Added && last {
                    frames.push(bookmark("Pod"));
                }
                if send.send(frames).is_err() {
                    return;
                }
            }
        });
        for frames in chunks {
            // As if read from a connection.
            body.clear();
            for frame in &frames {
                body.extend_from_slice(frame);
            }
            let begun = clock();
            let mut deltas = Vec::new();
            let mut rest = &*body;
            for frame in &frames {
                let (one, after) = rest.split_at(frame.len());
                self.machine.frame(Wire::Protobuf, one, &mut deltas);
                rest = after;
            }
            let decoded = clock();
            let bad = |d: &&Delta| matches!(d, Delta::Unreadable { .. });
            self.unreadable += deltas.iter().filter(bad).count() as u64;
            let kind = Kind::Pod;
            let ready = clock();
            let changes = self.model.apply(self.now, Batch { kind, deltas }, &Reader);
            self.told += (changes.objects.len() + changes.jobs.len()) as u64;
            drop(changes);
            let applied = clock();
            spent.add(&Spent {
                events: frames.len() as u64,
                decode: decoded - begun,
                apply: applied - ready,
            });
        }
        maker.join().expect("events can be made");
        self.now += TimeDelta::seconds(5);
        spent
    }
}

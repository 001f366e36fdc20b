//! Percentiles of frames at 200x50 over 5,000 nodes and 150,000 pods, on every screen; what a change of sort
//! or filter costs; the longest slice of work between two looks at the inputs. Bars: a frame 4 ms at p99, a
//! changed sort or filter 50 ms. Times are CPU time.
//!
//! `cargo bench --bench frames [-- FRAMES]`, 2,000 unless said otherwise.

mod console;

use std::hint::black_box;
use std::io::Write;
use std::time::{Duration, Instant};

use console::{Cluster, Console};
use constable::engine::{Code, Event, Key, StartScreen};
use rustix::time::{ClockId, clock_gettime};

const CLUSTER: Cluster = Cluster {
    nodes: 5_000,
    pods: 150_000,
    ingresses: 500,
};
/// Name, and the keys that lead there.
const SCREENS: [(&str, &str); 8] = [
    ("overview", ":overview\n"),
    ("jobs", ":jobs\n"),
    ("nodes", ":nodes\n"),
    ("nodes of a pool", ":overview\n\t\n"),
    ("node", ":nodes\n\n"),
    ("job", ":jobs\n\n"),
    ("ingresses", ":ingresses\n"),
    ("pods", ":pods\n"),
];
/// What is in no row.
const NOTHING: &str = "zzz";
/// Within this a changed sort or filter shows.
const SHOWN: Duration = Duration::from_millis(50);
/// Rows between two looks at the inputs, as in the shell.
const ROWS: usize = 2_000;

/// How long a step took, many times.
struct Times(Vec<Duration>);

impl Times {
    fn line(mut self) -> String {
        self.0.sort_unstable();
        let of = |share: usize| self.0[(self.0.len() - 1) * share / 1000].as_secs_f64() * 1e3;
        format!(
            "p50 {:7.3}  p99 {:7.3}  p99.9 {:7.3}  max {:7.3} ms",
            of(500),
            of(990),
            of(999),
            of(1000)
        )
    }
}

fn main() {
    let mut args = std::env::args().skip(1);
    let frames = args.find_map(|a| a.parse().ok()).unwrap_or(2_000);
    let mut out = std::io::stdout().lock();
    let began = Instant::now();
    let mut console = Console::new(CLUSTER, StartScreen::Overview);
    let (rss, elapsed) = (resident(), began.elapsed().as_secs_f64());
    let _ = writeln!(out, "model: {elapsed:.1} s, resident {rss} MB");

    for (name, keys) in SCREENS {
        console.keys(keys);
        console.frame();
        let (mut still, mut ticks) = (Vec::new(), Vec::new());
        for _ in 0..frames / 4 {
            console.pass(1_000);
            ticks.push(timed(|| console.handle(Event::Tick)));
            still.push(timed(|| console.frame()));
        }
        let (mut applied, mut drawn) = (Vec::new(), Vec::new());
        for turn in 0..frames {
            let event = console.changed_pods(100, turn);
            console.pass(33);
            applied.push(timed(|| {
                console.handle(event);
                console.work();
            }));
            drawn.push(timed(|| console.frame()));
        }
        let _ = writeln!(out, "{name}");
        for (what, times) in [
            ("tick", ticks),
            ("frame, a second later", still),
            ("100 changes applied", applied),
            ("frame after them", drawn),
        ] {
            let _ = writeln!(out, "  {what:22} {}", Times(times).line());
        }
    }

    let before = resident();
    let mut worst = Change::default();
    for (name, keys) in [
        ("pods: entered", ":pods"),
        ("pods: sort pod", ":sort pod"),
        ("pods: sort status", ":sort status"),
        ("pods: sort node", ":sort node"),
        ("pods: sort job", ":sort job"),
        ("pods: sort age", ":sort age"),
        ("pods: sort age, round", ":sort age"),
        ("pods: slash", "/"),
        ("pods: filter 7f", "/7f"),
        ("pods: filter 12", "/12"),
        ("pods: filter zzz", "/zzz"),
        ("pods: filter zzz, pasted", "//zzz"),
        ("pods: filter node:p-0007", "/node:p-0007"),
        ("pods: filter status:error", "/status:error"),
        ("jobs: entered", ":jobs"),
        ("jobs: sort job", ":sort job"),
        ("jobs: sort ref", ":sort ref"),
        ("jobs: slash", "/"),
        ("jobs: filter team-7", "/team-7"),
        ("jobs: filter zzz", "/zzz"),
        ("jobs: filter zzz, pasted", "//zzz"),
    ] {
        let change = settle(&mut console, keys);
        let ms = |d: Duration| d.as_secs_f64() * 1e3;
        let _ = writeln!(
            out,
            "{name:26} all {:7.2} ms, rows on the screen final {:7.2} ms, first frame {:5.2} ms, longest slice {:5.2} ms",
            ms(change.all),
            ms(change.seen),
            ms(change.first),
            ms(change.longest),
        );
        // What is written out while nothing is typed yet shows nothing.
        if keys != "/" {
            worst.all = worst.all.max(change.all);
            worst.seen = worst.seen.max(change.seen);
            worst.longest = worst.longest.max(change.longest);
        }
    }
    let _ = writeln!(out, "resident {} MB, before {before} MB", resident());
    let verdict = |d: Duration| {
        let met = d <= SHOWN;
        format!(
            "{:.1} ms ({})",
            d.as_secs_f64() * 1e3,
            if met { "met" } else { "missed" }
        )
    };
    let _ = writeln!(
        out,
        "bar {} ms: at worst the rows on the screen are final after {}, all rows after {}; longest slice {:.1} ms",
        SHOWN.as_millis(),
        verdict(worst.seen),
        verdict(worst.all),
        worst.longest.as_secs_f64() * 1e3,
    );
}

/// What a change of sort or filter cost.
#[derive(Clone, Copy, Default)]
struct Change {
    /// Until the first frame is drawn.
    first: Duration,
    /// Until the rows on the screen are the ones that stay.
    seen: Duration,
    /// Until all is done and drawn.
    all: Duration,
    longest: Duration,
}

/// What the last key of these costs, or the filter behind a slash: behind two of them nothing was done between
/// slash and filter. The best of three.
fn settle(console: &mut Console, keys: &str) -> Change {
    let enter = Event::Key(Key::plain(Code::Enter));
    let mut best: Option<Change> = None;
    for _ in 0..3 {
        let last = match keys.strip_prefix('/') {
            Some("") => Event::Key(Key::char('/')),
            Some(filter) => {
                let pasted = filter.strip_prefix('/');
                console.handle(Event::Key(Key::char('/')));
                if pasted.is_none() {
                    console.work();
                }
                Event::Paste(pasted.unwrap_or(filter).into())
            }
            None => {
                console.keys(keys);
                enter.clone()
            }
        };
        let mut change = Change::default();
        change.longest = timed(|| console.handle(last));
        change.all = change.longest;
        // The first frame is drawn after what is done with the key.
        change.first = change.all + timed(|| console.frame());
        let mut seen = console.lines();
        change.seen = change.first;
        let mut more = true;
        while more && (keys == "/" || !console.engine.is_settled()) {
            let slice = timed(|| more = console.engine.work(ROWS));
            change.longest = change.longest.max(slice);
            change.all += slice;
            let drawn = timed(|| console.frame());
            let lines = console.lines();
            if lines != seen {
                seen = lines;
                change.seen = change.all + drawn;
            }
        }
        change.all += timed(|| console.frame());
        if keys.contains(NOTHING) {
            // That there is none is only known then.
            change.seen = change.all;
        }
        console.work();
        if best.is_none_or(|best| change.all < best.all) {
            best = Some(change);
        }
        if keys.starts_with('/') {
            if keys != "/" {
                console.handle(enter.clone());
            }
            console.handle(Event::Key(Key::plain(Code::Esc)));
            console.work();
        } else if keys.contains("sort") {
            // Another order, from which it is sorted again.
            console.keys(":sort namespace\n");
        } else {
            break;
        }
    }
    best.unwrap_or_default()
}

/// CPU time of this thread, so that what else runs on the machine counts little.
fn timed<T>(f: impl FnOnce() -> T) -> Duration {
    let began = cpu();
    black_box(f());
    cpu() - began
}

fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let nanos = u32::try_from(time.tv_nsec).unwrap_or(0);
    Duration::new(time.tv_sec.unsigned_abs(), nanos)
}

/// Megabytes of this process that are in memory.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm.split(' ').nth(1).and_then(|n| n.parse::<u64>().ok());
    pages.unwrap_or(0) * 4 / 1024
}

//! From nothing to all of it: the console's start, and one-shot lists.

use std::time::Instant;

use super::Failed;
use super::bars::{Bars, say};
use super::console::Console;
use super::place::Place;
use super::process::{self, Used, cpu, memory};

/// The fastest peer (kubetui) needed 5.4 s where `kubectl get pods -A` needed 13.7 s; a quarter of it.
const QUARTER_OF_PEER: f64 = 5.4 / 13.7 / 4.0;

/// The console's start, a bare reader of the same streams and one of the pods alone, `kubectl get pods -A`, in turn.
pub(crate) fn sync(place: &Place, runs: usize) -> Result<(), Failed> {
    let (mut first, mut all) = (Vec::new(), Vec::new());
    let (mut same, mut pods, mut kubectl) = (Vec::new(), Vec::new(), Vec::new());
    for run in 0..runs {
        let (rows, live) = start(place)?;
        first.push(rows);
        all.push(live);
        let server = place.server();
        same.push(process::run(&mut place.reader(&["--all"])?, server)?);
        pods.push(process::run(&mut place.reader(&[])?, server)?);
        // It takes twenty times as long: a few are enough.
        if run < 3 {
            let mut get = place.tool("kubectl", &["get", "pods", "-A"])?;
            kubectl.push(process::run(&mut get, server)?);
        }
    }
    println!("minimum (median) of {runs} runs, taken in turn");
    let first = say("console, first rows", &first);
    let all = say("console, all there", &all);
    let same = say("bare reader, same streams", &same);
    say("bare reader, pods alone", &pods);
    let kubectl = say("kubectl get pods -A", &kubectl);
    let mut bars = Bars::default();
    bars.ratio(
        "start to complete model / bare reader of the same streams",
        all.wall,
        same.wall,
        1.2,
    );
    bars.at_most("start to first rows", first.wall, 0.3, " s");
    bars.ratio(
        "start to all pods / kubectl get pods -A (0.394 is the fastest peer's)",
        all.wall,
        kubectl.wall,
        QUARTER_OF_PEER,
    );
    bars.at_most("peak RSS of the console", all.peak, 60.0, " MB");
    bars.ratio(
        "API server's CPU of a start / kubectl get pods -A",
        all.server,
        kubectl.server,
        0.5,
    );
    bars.end()
}

/// One start: to the first rows of jobs, and to live feeds.
fn start(place: &Place) -> Result<(Used, Used), Failed> {
    let server = place.server();
    let before = server.and_then(cpu);
    let began = Instant::now();
    let mut console = Console::open(place.kubeconfig()?, &[])?;
    let pid = console.pid()?;
    let used = || Used {
        wall: began.elapsed().as_secs_f64(),
        cpu: cpu(pid).unwrap_or(0.0),
        peak: memory(pid, "VmHWM").unwrap_or(0.0),
        server: before.zip(server.and_then(cpu)).map_or(0.0, |(a, b)| b - a),
    };
    console.until(|screen| screen.contains("● Running"))?;
    let rows = used();
    console.until(|screen| screen.contains("● live"))?;
    Ok((rows, used()))
}

/// A start in a cluster at the limit, for its memory.
pub(crate) fn limit(place: &Place) -> Result<(), Failed> {
    let (rows, live) = start(place)?;
    say("console, first rows", &[rows]);
    say("console, all there", &[live]);
    let mut bars = Bars::default();
    bars.at_most("peak RSS at 150,000 pods", live.peak, 250.0, " MB");
    bars.end()
}

/// One-shot lists against kubectl's.
pub(crate) fn get(place: &Place, runs: usize) -> Result<(), Failed> {
    println!("minimum (median) of {runs} runs, taken in turn");
    let mut bars = Bars::default();
    for (arguments, time, peak) in [
        (&["get", "pods", "-A", "-o", "name"][..], 10.0, 25.0),
        (&["get", "pods", "-A"][..], 6.0, 10.0),
    ] {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..runs {
            let server = place.server();
            ours.push(process::run(&mut place.constable(arguments)?, server)?);
            theirs.push(process::run(
                &mut place.tool("kubectl", arguments)?,
                server,
            )?);
        }
        let line = arguments.join(" ");
        let ours = say(&format!("constable {line}"), &ours);
        let theirs = say(&format!("kubectl {line}"), &theirs);
        bars.ratio(
            &format!("{line}, time / kubectl's"),
            ours.wall,
            theirs.wall,
            1.0 / time,
        );
        bars.ratio(
            &format!("{line}, peak RSS / kubectl's"),
            ours.peak,
            theirs.peak,
            1.0 / peak,
        );
    }
    bars.end()
}

//! An open console: what it costs at rest and under churn, how soon it shows a change, what it keeps.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant, SystemTime};

use super::Failed;
use super::bars::Bars;
use super::console::Console;
use super::place::{Beside, Place};
use super::process::{cpu, memory};

/// A running job of a filled cluster.
const STAMPED: &str = "100001";

/// 100 changes a second make 33 lives of three each.
fn churn(place: &Place, lives: &str, seconds: u64) -> Result<Beside, Failed> {
    let seconds = seconds.to_string();
    Beside::start(place.tool("fill", &["churn", "--lives", lives, "--seconds", &seconds])?)
}

/// Shares of a core in percent over a while, of several processes.
fn shares<const N: usize>(pids: [Option<u32>; N], pass: impl FnOnce()) -> [f64; N] {
    let read = || pids.map(|pid| pid.and_then(cpu).unwrap_or(f64::NAN));
    let (before, began) = (read(), Instant::now());
    pass();
    let (after, took) = (read(), began.elapsed().as_secs_f64());
    std::array::from_fn(|i| (after[i] - before[i]) / took * 100.0)
}

/// CPU of the console, and of the API server beside the same watches drained by the bare reader.
pub(crate) fn rest(place: &Place, seconds: u64) -> Result<(), Failed> {
    let (settle, while_open) = (Duration::from_secs(10), Duration::from_secs(seconds));
    let mut console = live(place)?;
    console.pass(settle);
    let [ours, server] = shares([Some(console.pid()?), place.server()], || {
        console.pass(while_open);
    });
    drop(console);
    let stay = (seconds + 30).to_string();
    let reader = Beside::start(place.reader(&["--all", "--stay", &stay])?)?;
    std::thread::sleep(settle);
    let [bare] = shares([place.server()], || std::thread::sleep(while_open));
    drop(reader);
    std::thread::sleep(settle);
    let [nobody] = shares([place.server()], || std::thread::sleep(while_open));
    println!(
        "at rest, % of a core: console {ours:.2}; API server {server:.2} with it, {bare:.2} with bare watches, {nobody:.2} with nobody"
    );
    let mut bars = Bars::default();
    bars.at_most("CPU at rest", ours, 1.0, "% of a core");
    // The kernel counts in hundredths of a second, and the server has work of its own.
    bars.at_most(
        "API server's CPU at rest beyond that of bare watches",
        server - bare,
        1.0,
        "% of a core",
    );
    bars.end()
}

/// CPU of the console under 100 pod changes a second.
pub(crate) fn busy(place: &Place, seconds: u64) -> Result<(), Failed> {
    let mut console = live(place)?;
    let _writer = churn(place, "33.4", seconds + 20)?;
    // Until as many go as come.
    console.pass(Duration::from_secs(10));
    let pid = console.pid()?;
    let [ours, server] = shares([Some(pid), place.server()], || {
        console.pass(Duration::from_secs(seconds));
    });
    println!(
        "100 pod changes a second, % of a core: console {ours:.2}; API server {server:.1} (console and writer); peak {:.1} MB",
        memory(pid, "VmHWM").unwrap_or(f64::NAN)
    );
    let mut bars = Bars::default();
    bars.at_most(
        "CPU under 100 pod changes a second",
        ours,
        3.0,
        "% of a core",
    );
    bars.end()
}

/// From a write sent to the server to the screen: 10 stamps a second on one job among 90 changes of others.
pub(crate) fn latency(place: &Place, seconds: u64) -> Result<(), Failed> {
    let mut console = live(place)?;
    console.press(":jobs\r")?;
    console.until(|screen| screen.contains("dev-"))?;
    console.press(&format!("/{STAMPED}\r"))?;
    console.until(|screen| screen.contains(" 1 of "))?;
    let _writer = churn(place, "30", seconds + 30)?;
    console.pass(Duration::from_secs(10));
    let pod = format!("ci-jobs/job-{STAMPED}-1");
    let seconds = seconds.to_string();
    let mut stamp = place
        .tool(
            "fill",
            &[
                "stamp",
                "--pod",
                &pod,
                "--rate",
                "10",
                "--seconds",
                &seconds,
            ],
        )?
        .stdout(Stdio::piped())
        .spawn()?;
    let told = stamp.stdout.take().ok_or("stamp has no output")?;
    let told = std::thread::spawn(move || {
        let mut sent = Vec::new();
        for line in BufReader::new(told).lines().map_while(Result::ok) {
            let numbers: Vec<u64> = line.split(' ').filter_map(|n| n.parse().ok()).collect();
            if let [number, at, _] = numbers[..] {
                sent.push((number, at));
            }
        }
        sent
    });
    // When each number was first on the screen, nanoseconds of the wall clock.
    let mut shown = BTreeMap::new();
    let mut over = None;
    while over.is_none_or(|at: Instant| at.elapsed() < Duration::from_secs(2)) {
        let at = console.step(Duration::from_millis(200));
        if let (Some(at), Some(number)) = (at, console.with(stamped)) {
            shown.entry(number).or_insert(nanoseconds(at)?);
        }
        if over.is_none() && stamp.try_wait()?.is_some() {
            over = Some(Instant::now());
        }
    }
    let sent = told.join().map_err(|_| "the reader of stamps is gone")?;
    let mut took: Vec<f64> = Vec::new();
    for (number, at) in &sent {
        // One that came with the next counts until the screen that shows the next.
        let (_, seen) = shown
            .range(number..)
            .next()
            .ok_or_else(|| format!("stamp {number} was never on the screen"))?;
        took.push(Duration::from_nanos(seen.saturating_sub(*at)).as_secs_f64() * 1e3);
    }
    took.sort_by(f64::total_cmp);
    let quantile = |q: usize| took.get(took.len() * q / 100).copied().unwrap_or(f64::NAN);
    println!(
        "{} stamps among 100 changes a second, sent to shown: p50 {:.0}, p90 {:.0}, p99 {:.0}, longest {:.0} ms",
        took.len(),
        quantile(50),
        quantile(90),
        quantile(99),
        took.last().copied().unwrap_or(f64::NAN)
    );
    let mut bars = Bars::default();
    bars.at_most("change to screen, p99", quantile(99), 100.0, " ms");
    bars.end()
}

/// The number in `st-1001`.
fn stamped(screen: &str) -> Option<u64> {
    let rest = screen.split("st-").nth(1)?;
    let end = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    rest[..end].parse().ok()
}

fn nanoseconds(at: SystemTime) -> Result<u64, Failed> {
    let since = at.duration_since(SystemTime::UNIX_EPOCH)?;
    Ok(u64::try_from(since.as_nanos())?)
}

/// Memory each minute; the end against the fifth.
pub(crate) fn endure(place: &Place, minutes: u64) -> Result<(), Failed> {
    let mut console = live(place)?;
    let pid = console.pid()?;
    let (mut fifth, mut last) = (f64::NAN, f64::NAN);
    for minute in 1..=minutes {
        console.pass(Duration::from_secs(60));
        last = memory(pid, "VmRSS").ok_or("the console is gone")?;
        if minute == 5 {
            fifth = last;
        }
        println!(
            "minute {minute}: {last:.1} MB, {:.1} s CPU",
            cpu(pid).unwrap_or(f64::NAN)
        );
    }
    if console
        .with(|screen| screen.contains("● live").then_some(()))
        .is_none()
    {
        return Err("the console is no longer live".into());
    }
    console.press(":q\r")?;
    let mut bars = Bars::default();
    bars.at_most(
        &format!("RSS at minute {minutes} beyond minute 5"),
        last - fifth,
        (fifth * 0.05).max(5.0),
        " MB",
    );
    bars.end()
}

/// An open console whose feeds are live.
fn live(place: &Place) -> Result<Console, Failed> {
    let mut console = Console::open(place.kubeconfig()?, &[])?;
    console.until(|screen| screen.contains("● live"))?;
    Ok(console)
}

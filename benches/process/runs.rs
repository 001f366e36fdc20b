//! The figures.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::Failed;
use super::console::Console;
use super::process::{self, Used, cpu, memory};

/// Which cluster.
pub(crate) struct Place {
    pub(crate) control_plane: Option<PathBuf>,
    pub(crate) kubeconfig: Option<PathBuf>,
}

impl Place {
    pub(crate) fn kubeconfig(&self) -> Result<&Path, Failed> {
        self.kubeconfig
            .as_deref()
            .ok_or_else(|| "say --control-plane DIR or --kubeconfig FILE".into())
    }

    fn server(&self) -> Option<u32> {
        process::server(self.control_plane.as_deref())
    }

    /// A program of the control plane's folder.
    fn tool(&self, name: &str) -> Result<Command, Failed> {
        let directory = self
            .control_plane
            .as_deref()
            .ok_or("say --control-plane DIR")?;
        let bin = std::fs::read_to_string(directory.join("run/bin"))?;
        Ok(Command::new(Path::new(bin.trim()).join(name)))
    }
}

fn say(name: &str, runs: &[Used]) -> Used {
    let best = |pick: fn(&Used) -> f64| {
        let mut all: Vec<f64> = runs.iter().map(pick).collect();
        all.sort_by(f64::total_cmp);
        (
            all.first().copied().unwrap_or(0.0),
            all.get(all.len() / 2).copied().unwrap_or(0.0),
        )
    };
    let (wall, cpu, peak, server) = (
        best(|u| u.wall),
        best(|u| u.cpu),
        best(|u| u.peak),
        best(|u| u.server),
    );
    println!(
        "{name:34} wall {:.2} ({:.2}) s   cpu {:.2} ({:.2}) s   peak {:.0} ({:.0}) MB   server cpu {:.2} ({:.2}) s",
        wall.0, wall.1, cpu.0, cpu.1, peak.0, peak.1, server.0, server.1
    );
    Used {
        wall: wall.0,
        cpu: cpu.0,
        peak: peak.1,
        server: server.0,
    }
}

fn ratio(name: &str, a: Used, b: Used) {
    let of = |a: f64, b: f64| {
        if b > 0.0 {
            format!("{:.3}", a / b)
        } else {
            "-".to_owned()
        }
    };
    println!(
        "{name}: wall {}, cpu {}, peak {}, server cpu {} (of minima; peak of medians)",
        of(a.wall, b.wall),
        of(a.cpu, b.cpu),
        of(a.peak, b.peak),
        of(a.server, b.server)
    );
}

/// Start of the console to all of its feeds live, against the bare reader of the pods alone.
pub(crate) fn sync(place: &Place, runs: usize) -> Result<(), Failed> {
    let (mut ours, mut first, mut floor) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..runs {
        let (rows, all) = start(place)?;
        first.push(rows);
        ours.push(all);
        let mut reader = Command::new(std::env::current_exe()?);
        reader
            .arg("reader")
            .arg("--kubeconfig")
            .arg(place.kubeconfig()?);
        floor.push(process::run(&mut reader, place.server())?);
    }
    println!("minimum (median) of {runs} runs, taken in turn");
    say("console, first rows", &first);
    let ours = say("console, all there", &ours);
    let floor = say("bare reader of the pods", &floor);
    ratio("console / bare reader", ours, floor);
    Ok(())
}

/// One start: to the first rows of jobs, and to live feeds.
fn start(place: &Place) -> Result<(Used, Used), Failed> {
    let server = place.server();
    let before = server.and_then(cpu);
    let began = Instant::now();
    let mut console = Console::open(place.kubeconfig()?)?;
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

/// One-shot lists against kubectl's.
pub(crate) fn get(place: &Place, runs: usize) -> Result<(), Failed> {
    println!("minimum (median) of {runs} runs, taken in turn");
    for arguments in [
        &["get", "pods", "-A", "-o", "name"][..],
        &["get", "pods", "-A"][..],
    ] {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..runs {
            for (program, used) in [
                (Command::new(env!("CARGO_BIN_EXE_constable")), &mut ours),
                (place.tool("kubectl")?, &mut theirs),
            ] {
                let mut program = program;
                program
                    .arg("--kubeconfig")
                    .arg(place.kubeconfig()?)
                    .args(arguments);
                used.push(process::run(&mut program, place.server())?);
            }
        }
        let line = arguments.join(" ");
        let ours = say(&format!("constable {line}"), &ours);
        let theirs = say(&format!("kubectl {line}"), &theirs);
        ratio("constable / kubectl", ours, theirs);
    }
    Ok(())
}

/// A writer that is ended with its owner.
struct Writer(Child);

impl Drop for Writer {
    fn drop(&mut self) {
        // It ends by itself after its --seconds too.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// CPU of an open console over a while.
pub(crate) fn rest(place: &Place, seconds: u64, churn: bool) -> Result<(), Failed> {
    let mut console = Console::open(place.kubeconfig()?)?;
    let pid = console.pid()?;
    console.until(|screen| screen.contains("● live"))?;
    let writer = if churn {
        let mut fill = place.tool("fill")?;
        fill.arg("churn")
            .arg("--kubeconfig")
            .arg(place.kubeconfig()?);
        fill.args(["--lives", "33.4", "--seconds", &(seconds + 15).to_string()]);
        Some(Writer(fill.stdout(Stdio::null()).spawn()?))
    } else {
        None
    };
    // Until as many go as come, or until the start is over.
    console.pass(Duration::from_secs(10));
    let server = place.server();
    let before = (cpu(pid).unwrap_or(0.0), server.and_then(cpu).unwrap_or(0.0));
    let began = Instant::now();
    console.pass(Duration::from_secs(seconds));
    let took = began.elapsed().as_secs_f64();
    let share = |before: f64, after: Option<f64>| (after.unwrap_or(0.0) - before) / took * 100.0;
    println!(
        "{}: console {:.2}% of a core, peak {:.1} MB; API server {:.1}% (console and writer)",
        if churn {
            "100 pod changes a second"
        } else {
            "at rest"
        },
        share(before.0, cpu(pid)),
        memory(pid, "VmHWM").unwrap_or(0.0),
        share(before.1, server.and_then(cpu)),
    );
    drop(writer);
    Ok(())
}

/// Memory each minute; the end against the fifth.
pub(crate) fn endure(place: &Place, minutes: u64) -> Result<(), Failed> {
    let mut console = Console::open(place.kubeconfig()?)?;
    let pid = console.pid()?;
    console.until(|screen| screen.contains("● live"))?;
    let (mut fifth, mut last) = (0.0, 0.0);
    for minute in 1..=minutes {
        console.pass(Duration::from_secs(60));
        last = memory(pid, "VmRSS").ok_or("the console is gone")?;
        if minute == 5 {
            fifth = last;
        }
        println!(
            "minute {minute}: {last:.1} MB, {:.1} s CPU",
            cpu(pid).unwrap_or(0.0)
        );
    }
    let grown = last - fifth;
    if fifth > 0.0 && grown > 5.0 && grown > fifth * 0.05 {
        return Err(format!("grew by {grown:.1} MB since minute 5").into());
    }
    println!("since minute 5: {grown:+.1} MB");
    console.press(":q\r")
}

//! What the kernel knows of a process.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::Failed;

/// What one process used.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Used {
    /// Start to end, seconds.
    pub(crate) wall: f64,
    /// User and system time, seconds.
    pub(crate) cpu: f64,
    /// Peak resident memory, MB of 2^20 bytes.
    pub(crate) peak: f64,
    /// The API server's CPU meanwhile, seconds; 0 if it is not known.
    pub(crate) server: f64,
}

/// CPU seconds of a process so far. The kernel counts in hundredths.
pub(crate) fn cpu(pid: u32) -> Option<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in parentheses, may hold anything.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |n: usize| fields.get(n)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / 100.0)
}

/// A line of /proc/PID/status in MB: `VmRSS`, `VmHWM`.
pub(crate) fn memory(pid: u32, what: &str) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(what))?;
    let kilobytes: f64 = line
        .trim_start_matches(':')
        .split_whitespace()
        .next()?
        .parse()
        .ok()?;
    Some(kilobytes / 1024.0)
}

/// The API server of a control plane.
pub(crate) fn server(control_plane: Option<&Path>) -> Option<u32> {
    let path = control_plane?.join("run/kube-apiserver.pid");
    std::fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// Runs a command to its end. Its CPU is that of the zombie, its peak the last one seen before.
pub(crate) fn run(command: &mut Command, server: Option<u32>) -> Result<Used, Failed> {
    let before = server.and_then(cpu);
    let began = Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
    let pid = child.id();
    let mut used = Used::default();
    loop {
        used.peak = memory(pid, "VmHWM").unwrap_or(0.0).max(used.peak);
        used.cpu = cpu(pid).unwrap_or(used.cpu);
        // Not waited for yet, so that /proc still tells.
        let ended = std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
            stat.rsplit_once(')')
                .is_some_and(|(_, rest)| rest.starts_with(" Z"))
        });
        if ended {
            break;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    used.wall = began.elapsed().as_secs_f64();
    used.cpu = cpu(pid).unwrap_or(used.cpu);
    let status = child.wait()?;
    if let (Some(before), Some(after)) = (before, server.and_then(cpu)) {
        used.server = after - before;
    }
    if status.success() {
        Ok(used)
    } else {
        Err(format!("{command:?} ended with {status}").into())
    }
}

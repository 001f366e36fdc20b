//! What services and the system's own containers log, for ever.

use super::text::{Spot, clock};

pub(super) fn api(spot: &Spot) -> String {
    let d = spot.luck();
    let (code, level) = match d.on("code").below(100) {
        0..=91 => (200, "INFO"),
        92..=95 => (404, "INFO"),
        96..=97 => (409, "WARN"),
        _ => (503, "ERROR"),
    };
    let path = d.on("path").pick(&[
        "/v1/jobs",
        "/v1/runs",
        "/hooks/push",
        "/v1/artifacts",
        "/v1/results",
        "/healthz",
    ]);
    let verb = if path == "/hooks/push" {
        "POST"
    } else {
        d.on("verb").pick(&["GET", "GET", "GET", "POST"])
    };
    format!(
        "{} {level:<5} {verb} {path}/{} {code} {}ms trace={}",
        clock(spot),
        d.on("id").range(40_000, 52_000),
        d.on("ms").range(1, if code == 503 { 3000 } else { 90 }),
        d.on("trace").hex(16)
    )
}

/// One object a line, as most services of today write.
pub(super) fn json(spot: &Spot) -> String {
    let d = spot.luck();
    let (level, msg) = match d.on("what").below(100) {
        0..=54 => ("info", "artifact stored"),
        55..=84 => ("info", "artifact served"),
        85..=92 => ("debug", "cache hit"),
        93..=96 => ("warn", "slow upload"),
        97..=98 => ("error", "upload broken off"),
        _ => ("info", "expired artifacts removed"),
    };
    let mut line = format!(
        "{{\"ts\":\"{}\",\"level\":\"{level}\",\"msg\":\"{msg}\",\"job\":{},\"bytes\":{},\"took_ms\":{}",
        clock(spot),
        d.on("id").range(40_000, 52_000),
        d.on("size").range(900, 90_000_000),
        d.on("ms")
            .range(2, if level == "warn" { 9000 } else { 400 }),
    );
    if level == "error" {
        line.push_str(",\"error\":{\"kind\":\"io\",\"detail\":\"connection reset by peer\"}");
    }
    line.push('}');
    line
}

pub(super) fn worker(spot: &Spot) -> String {
    let d = spot.luck();
    let id = d.on("id").range(40_000, 52_000);
    let shard = d.on("shard").below(4);
    let what = match d.on("what").below(100) {
        0..=34 => format!("took job {id} from queue-{shard}"),
        35..=64 => format!("created pod job-{id}-1"),
        65..=92 => format!(
            "job {id} ended: {}",
            d.on("end")
                .pick(&["succeeded", "succeeded", "succeeded", "failed"])
        ),
        93..=96 => format!("queue-{shard}: conflict on update, reading again"),
        _ => format!("heartbeat: {} jobs in hand", d.on("n").range(40, 160)),
    };
    format!("{} INFO  {what}", clock(spot))
}

pub(super) fn queue(spot: &Spot) -> String {
    let d = spot.luck();
    match d.below(20) {
        0 => format!(
            "{} INFO  compacted log up to {}",
            clock(spot),
            spot.i * 1000
        ),
        1 => format!("{} WARN  slow fsync: {} ms", clock(spot), d.range(120, 900)),
        _ => format!(
            "{} INFO  committed batch {} ({} entries)",
            clock(spot),
            spot.i,
            d.range(1, 40)
        ),
    }
}

pub(super) fn shipper(spot: &Spot) -> String {
    let d = spot.luck();
    format!(
        "[{}] [ info] [output:http:results] shipped {} records, {} kB, {} retries",
        clock(spot),
        d.range(20, 2000),
        d.at(1).range(4, 900),
        u64::from(d.chance(0.04))
    )
}

pub(super) fn system(spot: &Spot) -> String {
    let d = spot.luck();
    let secs = spot.at.format("%m%d %H:%M:%S%.6f");
    match d.below(6) {
        0 => format!(
            "I{secs}       1 leaderelection.go:297] successfully renewed lease kube-system/leader"
        ),
        1 => format!(
            "W{secs}       1 watcher.go:338] watch channel closed, resuming at {}",
            d.range(10_000, 9_000_000)
        ),
        _ => format!(
            "I{secs}       1 controller.go:{}] \"Finished syncing\" key=\"{}\" duration=\"{}µs\"",
            d.range(80, 900),
            spot.module(d),
            d.range(30, 4000)
        ),
    }
}

//! What containers write: the text of one line by its kind, place and luck.

use std::io::Write;

use chrono::{DateTime, SecondsFormat, Utc};

use super::services;
use crate::sim::actors::dice::Dice;

/// What a job is about, as far as its log speaks of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Meta {
    pub project: String,
    pub reference: String,
    pub commit: String,
    pub name: String,
    pub id: String,
}

/// Where in which log a line stands.
pub(crate) struct Spot {
    pub i: u64,
    pub total: Option<u64>,
    pub exit: i32,
    pub dice: Dice,
    pub at: DateTime<Utc>,
}

/// The named generators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Git,
    Cache,
    Build,
    Test,
    Lint,
    Deploy,
    Upload,
    Api,
    Worker,
    Queue,
    Shipper,
    Json,
    System,
    Plain,
}

impl Kind {
    /// By the script's name; else by what the container is called.
    pub(crate) fn of(named: Option<&str>, container: &str, image: &str) -> Self {
        let by = |word: &str| match word {
            "git" | "checkout" | "clone" => Some(Self::Git),
            "cache" | "restore-cache" | "save-cache" => Some(Self::Cache),
            "build" | "compile" | "step-build" => Some(Self::Build),
            "test" | "step-test" => Some(Self::Test),
            "lint" | "step-lint" => Some(Self::Lint),
            "deploy" | "step-deploy" => Some(Self::Deploy),
            "upload" | "upload-artifacts" => Some(Self::Upload),
            "api" | "handler" => Some(Self::Api),
            "json" | "results" | "hooks" => Some(Self::Json),
            "worker" => Some(Self::Worker),
            "queue" => Some(Self::Queue),
            "log-shipper" | "shipper" | "logs" => Some(Self::Shipper),
            "system" => Some(Self::System),
            _ => None,
        };
        if let Some(kind) = named.map(|n| by(n).unwrap_or(Self::Plain)) {
            return kind;
        }
        by(container).unwrap_or_else(|| {
            if image.contains("kube-") || image.contains("etcd") || image.contains("coredns") {
                Self::System
            } else if container.starts_with("step-") {
                Self::Build
            } else {
                Self::Plain
            }
        })
    }

    /// Lines a second.
    pub(crate) fn pace(self) -> f64 {
        match self {
            Self::Git | Self::Cache | Self::Upload => 3.0,
            Self::Build => 6.0,
            Self::Test => 8.0,
            Self::Lint | Self::Deploy => 2.0,
            Self::Api | Self::Json => 4.0,
            Self::Worker => 1.5,
            Self::Queue | Self::Shipper => 1.0,
            Self::System => 0.2,
            Self::Plain => 0.5,
        }
    }

    /// Lines that even the shortest run writes.
    pub(crate) fn least(self) -> u64 {
        match self {
            Self::Git => 9,
            Self::Cache => 5,
            Self::Upload => 6,
            Self::Test => 20,
            Self::Build => 14,
            Self::Lint | Self::Deploy => 8,
            _ => 2,
        }
    }
}

const RED: &str = "\u{1b}[31m";
const GREEN: &str = "\u{1b}[32m";
const YELLOW: &str = "\u{1b}[33m";
const CYAN: &str = "\u{1b}[36m";
const BOLD: &str = "\u{1b}[1m";
const DIM: &str = "\u{1b}[2m";
const OFF: &str = "\u{1b}[0m";

const MODULES: [&str; 14] = [
    "auth",
    "billing",
    "cart",
    "catalog",
    "checkout",
    "config",
    "events",
    "gateway",
    "inventory",
    "ledger",
    "mailer",
    "orders",
    "search",
    "session",
];
const CASES: [&str; 12] = [
    "accepts_a_valid_token",
    "expires_after_the_deadline",
    "keeps_the_order",
    "merges_duplicates",
    "parses_empty_input",
    "refuses_a_negative_amount",
    "retries_on_conflict",
    "rounds_half_up",
    "survives_a_restart",
    "times_out",
    "writes_in_one_batch",
    "honours_the_limit",
];
const CRATES: [&str; 12] = [
    "bytes",
    "chrono",
    "futures-util",
    "hyper",
    "itoa",
    "memchr",
    "rustls",
    "serde",
    "syn",
    "tokio",
    "tower",
    "tracing",
];

/// Writes line `spot.i` of a log, without its end.
pub(crate) fn line(kind: Kind, spot: &Spot, meta: Option<&Meta>, out: &mut Vec<u8>) {
    let text = match kind {
        Kind::Git => git(spot, meta),
        Kind::Cache => cache(spot, meta),
        Kind::Build => build(spot, meta),
        Kind::Test => test(spot),
        Kind::Lint => lint(spot),
        Kind::Deploy => deploy(spot, meta),
        Kind::Upload => upload(spot, meta),
        Kind::Api => services::api(spot),
        Kind::Worker => services::worker(spot),
        Kind::Queue => services::queue(spot),
        Kind::Shipper => services::shipper(spot),
        Kind::Json => services::json(spot),
        Kind::System => services::system(spot),
        Kind::Plain => format!("{} tick {}", clock(spot), spot.i),
    };
    // Writing into a vector does not fail.
    let _ = out.write_all(text.as_bytes());
}

impl Spot {
    pub(super) fn luck(&self) -> Dice {
        self.dice.at(self.i).on("text")
    }

    /// Lines that follow this one, where their number is known.
    fn left(&self) -> u64 {
        self.total
            .map_or(u64::MAX, |n| n.saturating_sub(self.i + 1))
    }

    fn percent(&self) -> u64 {
        self.total
            .map_or(0, |n| (self.i + 1) * 100 / n.max(1))
            .min(100)
    }

    pub(super) fn module(&self, of: Dice) -> &'static str {
        of.on("module").pick(&MODULES)
    }
}

pub(super) fn clock(spot: &Spot) -> String {
    spot.at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn project(meta: Option<&Meta>) -> &str {
    meta.map_or("shop/api", |m| &m.project)
}

/// How a failed command ends, at the last line.
fn exit_line(spot: &Spot) -> Option<String> {
    (spot.left() == 0 && spot.exit != 0).then(|| {
        format!(
            "{RED}{BOLD}##[error]{OFF} Process completed with exit code {}.",
            spot.exit
        )
    })
}

fn git(spot: &Spot, meta: Option<&Meta>) -> String {
    let objects = spot.dice.on("objects").range(800, 42_000);
    if let Some(end) = exit_line(spot) {
        return end;
    }
    if spot.exit != 0 && spot.left() == 1 {
        return format!(
            "{RED}fatal: unable to access 'https://git.example.com/{}.git/': The requested URL returned error: 503{OFF}",
            project(meta)
        );
    }
    match spot.i {
        0 => format!("{CYAN}Syncing repository: {}{OFF}", project(meta)),
        1 => "Initialized empty Git repository in /workspace/.git/".into(),
        2 => format!("From https://git.example.com/{}", project(meta)),
        _ if spot.left() == 0 => format!(
            "HEAD is now at {} {}",
            meta.map_or("9f1c2ab", |m| &m.commit),
            subject(spot.dice)
        ),
        _ if spot.left() == 1 => format!(
            " * branch            {} -> FETCH_HEAD",
            meta.map_or("main", |m| &m.reference)
        ),
        3 => format!("remote: Enumerating objects: {objects}, done."),
        4 => format!("remote: Counting objects: 100% ({objects}/{objects}), done."),
        _ => {
            let p = spot.percent();
            format!(
                "Receiving objects: {p:>3}% ({}/{objects}), {}.{:02} MiB | {}.{} MiB/s",
                objects * p / 100,
                p / 3,
                p % 97,
                spot.luck().range(8, 38),
                p % 10
            )
        }
    }
}

fn subject(dice: Dice) -> String {
    let verb = dice
        .on("verb")
        .pick(&["Fix", "Add", "Move", "Simplify", "Test", "Speed up"]);
    format!(
        "{verb} {} of the {}",
        dice.on("what")
            .pick(&["retries", "paging", "the total", "validation", "time zones"]),
        dice.on("m").pick(&MODULES)
    )
}

fn cache(spot: &Spot, meta: Option<&Meta>) -> String {
    let key = spot.dice.on("key").hex(16);
    let mb = spot.dice.on("size").range(40, 900);
    let hit = spot.dice.on("hit").chance(0.85);
    match (spot.i, hit) {
        (0, _) => format!("Restoring cache for {}", project(meta)),
        (1, _) => format!("Cache key: linux-x64-cargo-{key}"),
        (2, false) => format!(
            "{YELLOW}Cache not found for input keys: linux-x64-cargo-{key}, linux-x64-cargo-{OFF}"
        ),
        (_, false) => "Nothing to restore".into(),
        (2, true) => format!("Cache Size: ~{mb} MB ({} B)", mb * 1_048_576),
        (_, true) if spot.left() == 0 => {
            format!("{GREEN}Cache restored from key: linux-x64-cargo-{key}{OFF}")
        }
        (_, true) => format!(
            "Received {} of {} ({}%), {}.{} MBs/sec",
            mb * spot.percent() / 100 * 1_048_576,
            mb * 1_048_576,
            spot.percent(),
            spot.luck().range(60, 190),
            spot.luck().below(10)
        ),
    }
}

fn build(spot: &Spot, meta: Option<&Meta>) -> String {
    let d = spot.luck();
    if let Some(end) = exit_line(spot) {
        return end;
    }
    if spot.exit != 0 && spot.left() < 9 {
        let (file, row) = (
            spot.module(spot.dice.on("broken")),
            spot.dice.on("row").range(12, 420),
        );
        return match spot.left() {
            8 => format!("{RED}{BOLD}error[E0308]{OFF}{BOLD}: mismatched types{OFF}"),
            7 => format!("{CYAN}   --> {OFF}src/{file}.rs:{row}:18"),
            6 => format!("{CYAN}{row:>5} |{OFF}     let total: u64 = line.amount;"),
            5 => format!(
                "{CYAN}      |{OFF}                {CYAN}---{OFF}   {RED}^^^^^^^^^^^ expected `u64`, found `i64`{OFF}"
            ),
            4 => String::new(),
            3 => format!(
                "{BOLD}For more information about this error, try `rustc --explain E0308`.{OFF}"
            ),
            2 => format!(
                "{RED}{BOLD}error{OFF}{BOLD}:{OFF} could not compile `{}` (lib) due to 1 previous error",
                project(meta).rsplit('/').next().unwrap_or("app")
            ),
            _ => format!(
                "{YELLOW}{BOLD}warning{OFF}{BOLD}:{OFF} build failed, waiting for other jobs to finish..."
            ),
        };
    }
    if spot.left() == 0 {
        return format!(
            "{GREEN}{BOLD}    Finished{OFF} `release` profile [optimized] target(s) in {}m {:02}s",
            spot.dice.on("m").below(4),
            spot.dice.on("s").below(60)
        );
    }
    match spot.i {
        0 => format!("{DIM}$ cargo build --release --locked{OFF}"),
        1 => format!("{GREEN}{BOLD}    Updating{OFF} package index"),
        _ if d.chance(0.03) => format!(
            "{YELLOW}{BOLD}warning{OFF}{BOLD}: unused variable: `{}`{OFF}",
            spot.module(d)
        ),
        _ => {
            let name = if spot.percent() > 75 {
                format!(
                    "{}-{}",
                    project(meta).rsplit('/').next().unwrap_or("app"),
                    spot.module(d)
                )
            } else {
                d.on("crate").pick(&CRATES).to_owned()
            };
            format!(
                "{GREEN}{BOLD}   Compiling{OFF} {name} v{}.{}.{}",
                d.at(1).below(3),
                d.at(2).below(40),
                d.at(3).below(12)
            )
        }
    }
}

fn test(spot: &Spot) -> String {
    let d = spot.luck();
    if let Some(end) = exit_line(spot) {
        return end;
    }
    let broken = spot.dice.on("broken");
    let (module, case) = (spot.module(broken), broken.on("case").pick(&CASES));
    let count = spot.total.unwrap_or(100);
    let failed = spot.exit != 0 && spot.exit != 137;
    match (failed, spot.left()) {
        (true, 9) => format!("---- {module}::tests::{case} stdout ----"),
        (true, 8) => format!(
            "thread '{module}::tests::{case}' panicked at src/{module}.rs:{}:9:",
            broken.on("row").range(40, 700)
        ),
        (true, 7) => format!("assertion `left == right` failed: totals after {case}"),
        (true, 6) => format!("{RED}  left: {}{OFF}", broken.on("left").range(10, 4000)),
        (true, 5) => format!("{GREEN} right: {}{OFF}", broken.on("right").range(10, 4000)),
        (true, 4) => {
            "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace".into()
        }
        (true, 3) => format!("failures: {module}::tests::{case}"),
        (true, 2) => format!(
            "test result: {RED}FAILED{OFF}. {} passed; 1 failed; {} ignored; 0 measured; 0 filtered out",
            count.saturating_sub(12),
            broken.below(4)
        ),
        (true, 1) => format!("{RED}{BOLD}error{OFF}: test failed, to rerun pass `--lib`"),
        (true, 10) => format!("test {module}::tests::{case} ... {RED}FAILED{OFF}"),
        (false, 0) if spot.exit == 0 => format!(
            "test result: {GREEN}ok{OFF}. {} passed; 0 failed; {} ignored; 0 measured; 0 filtered out; finished in {}.{:02}s",
            count.saturating_sub(3),
            broken.below(4),
            broken.range(4, 90),
            broken.below(100)
        ),
        _ => match spot.i {
            0 => format!("{DIM}$ cargo test --workspace{OFF}"),
            1 => format!("running {count} tests"),
            _ if d.chance(0.02) => format!(
                "test {}::tests::{} ... {YELLOW}ignored{OFF}",
                spot.module(d),
                d.on("case").pick(&CASES)
            ),
            _ if d.on("slow").chance(0.03) => format!(
                "{DIM}{} INFO {}: listening on 127.0.0.1:{}{OFF}",
                clock(spot),
                spot.module(d),
                d.range(32_768, 60_999)
            ),
            _ => format!(
                "test {}::tests::{} ... {GREEN}ok{OFF}",
                spot.module(d),
                d.on("case").pick(&CASES)
            ),
        },
    }
}

fn lint(spot: &Spot) -> String {
    let d = spot.luck();
    if let Some(end) = exit_line(spot) {
        return end;
    }
    if spot.exit != 0 && spot.left() < 4 {
        let file = spot.module(spot.dice.on("broken"));
        return format!(
            "{RED}src/{file}.rs:{}:{}: error: line is longer than 100 characters{OFF}",
            d.range(10, 600),
            d.range(101, 160)
        );
    }
    if spot.left() == 0 {
        return format!(
            "{GREEN}No problems in {} files{OFF}",
            spot.dice.range(40, 900)
        );
    }
    format!(
        "Checking src/{}/{}.rs",
        spot.module(d),
        d.on("f").pick(&MODULES)
    )
}

fn deploy(spot: &Spot, meta: Option<&Meta>) -> String {
    if let Some(end) = exit_line(spot) {
        return end;
    }
    let name = project(meta).rsplit('/').next().unwrap_or("app");
    match spot.i {
        0 => format!(
            "Deploying {name} at {} to staging",
            meta.map_or("9f1c2ab", |m| &m.commit)
        ),
        1 => format!("deployment.apps/{name} configured"),
        _ if spot.exit != 0 && spot.left() == 1 => {
            format!("{RED}error: timed out waiting for the condition{OFF}")
        }
        _ if spot.left() == 0 => {
            format!("{GREEN}deployment \"{name}\" successfully rolled out{OFF}")
        }
        i => format!(
            "Waiting for deployment \"{name}\" rollout to finish: {} of 6 updated replicas are available...",
            (i / 2).min(5)
        ),
    }
}

fn upload(spot: &Spot, meta: Option<&Meta>) -> String {
    if let Some(end) = exit_line(spot) {
        return end;
    }
    let (kb, id) = (
        spot.dice.on("kb").range(300, 90_000),
        meta.map_or("1", |m| &m.id),
    );
    match spot.i {
        0 => format!("{CYAN}Uploading artifacts of job {id}{OFF}"),
        1 => format!(
            "target/report.xml: found 1 matching file ({} kB)",
            spot.dice.on("x").range(4, 300)
        ),
        2 => format!(
            "target/out: found {} matching files ({kb} kB)",
            spot.dice.on("n").range(2, 60)
        ),
        _ if spot.left() == 0 => format!(
            "{GREEN}Uploaded as artifact {} ({kb} kB){OFF}",
            spot.dice.on("a").hex(12)
        ),
        _ => format!("Uploading: {}% of {kb} kB", spot.percent()),
    }
}

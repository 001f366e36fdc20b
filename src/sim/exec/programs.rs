//! The programs of a simulated container: each says what it says at once.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use chrono::{DateTime, Utc};

use super::page::page;
use super::place::Place;
use crate::sim::actors::dice::Dice;
use crate::sim::store::Store;

mod files;
mod text;

pub(super) use files::{absolute, is_folder};

/// What a program sees.
pub(super) struct Inside<'a> {
    pub(super) place: &'a Place,
    pub(super) store: &'a Store,
    pub(super) now: DateTime<Utc>,
    /// In the node's own root.
    pub(super) host: bool,
    pub(super) cwd: &'a str,
    pub(super) env: &'a BTreeMap<String, String>,
    /// Columns and rows of the terminal.
    pub(super) size: Option<(u16, u16)>,
    pub(super) tty: bool,
    /// What a pipe hands it.
    pub(super) input: Vec<u8>,
}

/// What came of a program.
#[derive(Debug, Default)]
pub(super) struct Ran {
    pub(super) out: Vec<u8>,
    pub(super) err: Vec<u8>,
    pub(super) code: i32,
    /// The first process ends with this code.
    pub(super) signal: Option<i32>,
}

impl Ran {
    fn says(text: impl Into<Vec<u8>>) -> Ran {
        Ran {
            out: text.into(),
            ..Ran::default()
        }
    }

    fn fails(code: i32, text: impl Into<Vec<u8>>) -> Ran {
        Ran {
            err: text.into(),
            code,
            ..Ran::default()
        }
    }

    fn quiet(code: i32) -> Ran {
        Ran {
            code,
            ..Ran::default()
        }
    }
}

const PROGRAMS: &[&str] = &[
    "[",
    "cat",
    "chroot",
    "clear",
    "command",
    "curl",
    "date",
    "df",
    "dmesg",
    "echo",
    "env",
    "exit",
    "false",
    "find",
    "free",
    "grep",
    "head",
    "hostname",
    "id",
    "kill",
    "ls",
    "mkdir",
    "nproc",
    "nsenter",
    "printenv",
    "printf",
    "ps",
    "pwd",
    "rm",
    "seq",
    "set",
    "sleep",
    "stty",
    "tail",
    "test",
    "top",
    "touch",
    "tput",
    "trap",
    "true",
    "tty",
    "ulimit",
    "uname",
    "uptime",
    "wc",
    "wget",
    "which",
    "whoami",
    "crictl",
    "journalctl",
    "systemctl",
];

/// The name of a shell, whatever its path.
pub(super) fn shell_name(program: &str) -> Option<&str> {
    let name = program.rsplit('/').next().unwrap_or(program);
    matches!(name, "sh" | "ash" | "bash" | "dash").then_some(name)
}

/// Whether a container has a program of that name.
pub(super) fn exists(program: &str) -> bool {
    let folder = program.rsplit_once('/').map(|(folder, _)| folder);
    let known_folder =
        folder.is_none_or(|f| matches!(f, "/bin" | "/usr/bin" | "/sbin" | "/usr/sbin"));
    let name = program.rsplit('/').next().unwrap_or(program);
    known_folder && (shell_name(program).is_some() || PROGRAMS.contains(&name))
}

/// Runs one.
pub(super) fn run(words: &[String], inside: &Inside<'_>) -> Ran {
    let Some((program, arguments)) = words.split_first() else {
        return Ran::default();
    };
    let name = program.rsplit('/').next().unwrap_or(program);
    if !exists(program) && !matches!(name, ":" | "hash" | "alias" | "type" | "wait") {
        return Ran::fails(127, format!("sh: {program}: not found\n"));
    }
    let place = inside.place;
    match name {
        "true" | ":" | "set" | "trap" | "hash" | "alias" | "mkdir" | "rm" | "touch" | "wait"
        | "ulimit" | "dmesg" => Ran::quiet(0),
        "false" => Ran::quiet(1),
        "echo" => text::echo(arguments),
        "printf" => text::printf(arguments),
        "seq" => text::seq(arguments),
        "head" | "tail" | "wc" | "grep" => text::filter(name, arguments, inside),
        "cat" => files::cat(arguments, inside),
        "ls" => files::ls(arguments, inside),
        "find" => files::find(arguments, inside),
        "test" | "[" => files::test(name, arguments, inside),
        "pwd" => Ran::says(format!("{}\n", inside.cwd)),
        "env" | "printenv" => environment(arguments, inside),
        "hostname" => Ran::says(format!(
            "{}\n",
            if inside.host { &place.node } else { &place.pod }
        )),
        "whoami" => Ran::says("root\n"),
        "id" => Ran::says("uid=0(root) gid=0(root) groups=0(root)\n"),
        "uname" => uname(arguments, inside),
        "date" => Ran::says(inside.now.format("%a %b %e %H:%M:%S UTC %Y\n").to_string()),
        "nproc" => Ran::says("4\n"),
        "tty" if inside.tty => Ran::says("/dev/pts/0\n"),
        "tty" => Ran {
            out: b"not a tty\n".to_vec(),
            ..Ran::quiet(1)
        },
        "stty" => stty(arguments, inside),
        "tput" => match (arguments.first().map(String::as_str), inside.size) {
            (Some("cols"), size) => Ran::says(format!("{}\n", size.map_or(80, |s| s.0))),
            (Some("lines"), size) => Ran::says(format!("{}\n", size.map_or(24, |s| s.1))),
            _ => Ran::quiet(0),
        },
        "clear" => Ran::says("\x1b[H\x1b[J"),
        "ps" => Ran::says(processes(inside, arguments)),
        "top" => Ran::says(format!(
            "Mem: 9154136K used, 6935208K free, 2104K shrd, 411032K buff, 5211204K cached\nLoad average: 1.21 0.94 0.87 2/911 31\n{}",
            processes(inside, &[])
        )),
        "kill" => kill(arguments),
        "uptime" => Ran::says(format!(
            " {} up 12 days,  3:44,  load average: 1.21, 0.94, 0.87\n",
            inside.now.format("%H:%M:%S")
        )),
        "df" => Ran::says(
            "Filesystem           1K-blocks      Used Available Use% Mounted on\noverlay              209715200  61231104 148484096  29% /\ntmpfs                    65536         0     65536   0% /dev\n/dev/sda1            209715200  61231104 148484096  29% /workspace\n",
        ),
        "free" => Ran::says(
            "              total        used        free      shared  buff/cache   available\nMem:          15711        3450        6772           2        5489       11900\nSwap:             0           0           0\n",
        ),
        "command" | "which" | "type" => lookup(name, arguments),
        "wget" | "curl" => fetch(name, arguments, inside),
        "crictl" | "journalctl" | "systemctl" if !inside.host => {
            Ran::fails(127, format!("sh: {program}: not found\n"))
        }
        "journalctl" => Ran::says(format!(
            "{} {} kubelet[812]: I{} kubelet.go:2512] \"SyncLoop (PLEG): event for pod\"\n",
            inside.now.format("%b %d %H:%M:%S"),
            place.node,
            inside.now.format("%m%d %H:%M:%S%.6f")
        )),
        "systemctl" => Ran::says(
            "● kubelet.service - kubelet: The Kubernetes Node Agent\n     Active: active (running)\n",
        ),
        "crictl" => Ran::says(
            "CONTAINER           IMAGE               CREATED             STATE               NAME\n",
        ),
        _ => Ran::quiet(0),
    }
}

fn environment(arguments: &[String], inside: &Inside<'_>) -> Ran {
    if let Some(name) = arguments.first() {
        return match inside.env.get(name) {
            Some(value) => Ran::says(format!("{value}\n")),
            None => Ran::quiet(1),
        };
    }
    let mut text = String::new();
    for (name, value) in inside.env {
        // Writing into a String cannot fail.
        let _ = writeln!(text, "{name}={value}");
    }
    Ran::says(text)
}

fn uname(arguments: &[String], inside: &Inside<'_>) -> Ran {
    let node = inside
        .store
        .get(crate::sim::resource("nodes"), "", &inside.place.node);
    let kernel = node
        .map(|n| {
            n.value()["status"]["nodeInfo"]["kernelVersion"]
                .as_str()
                .unwrap_or("6.12.41")
                .to_owned()
        })
        .unwrap_or_else(|| "6.12.41".to_owned());
    let name = if inside.host {
        &inside.place.node
    } else {
        &inside.place.pod
    };
    match arguments.first().map(String::as_str) {
        Some("-r") => Ran::says(format!("{kernel}\n")),
        Some("-n") => Ran::says(format!("{name}\n")),
        Some("-a") => Ran::says(format!("Linux {name} {kernel} #1 SMP x86_64 GNU/Linux\n")),
        _ => Ran::says("Linux\n"),
    }
}

fn stty(arguments: &[String], inside: &Inside<'_>) -> Ran {
    if !inside.tty {
        return Ran::fails(1, "stty: standard input: Inappropriate ioctl for device\n");
    }
    let (columns, rows) = inside.size.unwrap_or((0, 0));
    match arguments.first().map(String::as_str) {
        Some("size") => Ran::says(format!("{rows} {columns}\n")),
        Some("-a") | None => Ran::says(format!(
            "speed 38400 baud; rows {rows}; columns {columns};\n"
        )),
        _ => Ran::quiet(0),
    }
}

fn processes(inside: &Inside<'_>, arguments: &[String]) -> String {
    let place = inside.place;
    let mut rows: Vec<(u64, &str, String)> = Vec::new();
    if place.host || inside.host {
        rows.push((1, "12:04", "/sbin/init".to_owned()));
        rows.push((
            812,
            "88:31",
            "/usr/bin/kubelet --config=/var/lib/kubelet/config.yaml".to_owned(),
        ));
        rows.push((644, "41:10", "/usr/bin/containerd".to_owned()));
        let pods = crate::sim::resource("pods");
        let here = inside
            .store
            .list(pods, None)
            .filter(|p| *p.node == *place.node && &*p.phase == "Running");
        for pod in here.take(12) {
            let pid = Dice::new(4).on(&pod.uid).range(1000, 32000);
            rows.push((pid, "0:09", format!("/usr/local/bin/{}", pod.name)));
        }
        rows.sort();
    } else {
        rows.push((1, "0:03", place.command.join(" ")));
    }
    let own = rows.last().map_or(6, |(pid, ..)| pid + 5);
    let shell = if inside.tty { "sh" } else { "sh -c ps" };
    rows.push((own, "0:00", shell.to_owned()));
    rows.push((
        own + 1,
        "0:00",
        format!("ps {}", arguments.join(" ")).trim_end().to_owned(),
    ));
    let mut text = "PID   USER     TIME  COMMAND\n".to_owned();
    for (pid, time, command) in rows {
        // Writing into a String cannot fail.
        let _ = writeln!(text, "{pid:>5} root     {time:>5} {command}");
    }
    text
}

/// The number of the signal that `kill` is to send; none for a name that is no signal's.
pub(super) fn signal(arguments: &[String]) -> Option<i32> {
    let name = match arguments {
        [flag, name, ..] if flag == "-s" => name,
        [flag, ..] if flag.starts_with('-') => flag,
        _ => return Some(15),
    };
    match name.trim_start_matches('-').trim_start_matches("SIG") {
        "TERM" => Some(15),
        "KILL" => Some(9),
        "INT" => Some(2),
        "HUP" => Some(1),
        "QUIT" => Some(3),
        other => other.parse().ok().filter(|n| (0..=64).contains(n)),
    }
}

fn kill(arguments: &[String]) -> Ran {
    let Some(signal) = signal(arguments) else {
        return Ran::fails(1, "sh: kill: bad signal name\n");
    };
    let pid = arguments.last().filter(|pid| !pid.starts_with('-'));
    match pid.map(|pid| pid.parse::<u64>()) {
        // The kernel keeps SIGKILL from its own namespace away from the first process.
        Some(Ok(1)) if signal == 9 || signal == 0 => Ran::quiet(0),
        Some(Ok(1)) => Ran {
            signal: Some(128 + signal),
            ..Ran::quiet(0)
        },
        Some(Ok(pid)) => Ran::fails(1, format!("sh: can't kill pid {pid}: No such process\n")),
        Some(Err(_)) | None => Ran::fails(1, "sh: you need to specify whom to kill\n"),
    }
}

fn lookup(name: &str, arguments: &[String]) -> Ran {
    let wanted = arguments.iter().find(|a| !a.starts_with('-'));
    let Some(wanted) = wanted else {
        return Ran::quiet(0);
    };
    // The images are small: they have no bash.
    if !exists(wanted) || wanted == "bash" {
        return if name == "which" {
            Ran::quiet(1)
        } else {
            Ran::quiet(127)
        };
    }
    Ran::says(format!("/bin/{wanted}\n"))
}

fn fetch(name: &str, arguments: &[String], inside: &Inside<'_>) -> Ran {
    let Some(url) = arguments.iter().rev().find(|a| !a.starts_with('-')) else {
        return Ran::fails(1, format!("{name}: no URL\n"));
    };
    let rest = url.trim_start_matches("http://");
    let (host, path) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, "/"),
    };
    let (host, port) = host.split_once(':').unwrap_or((host, "80"));
    let port: u16 = port.parse().unwrap_or(0);
    let here = matches!(host, "localhost" | "127.0.0.1") || host == inside.place.ip;
    if !here {
        return Ran::fails(1, format!("{name}: bad address '{host}'\n"));
    }
    if !inside.place.ports.contains(&port) {
        return Ran::fails(
            1,
            format!("{name}: can't connect to remote host (127.0.0.1): Connection refused\n"),
        );
    }
    let page = page(inside.store, inside.now, inside.place, port, path);
    if page.status >= 400 {
        return Ran::fails(
            1,
            format!("{name}: server returned error: HTTP/1.1 {}\n", page.status),
        );
    }
    Ran::says(page.body)
}

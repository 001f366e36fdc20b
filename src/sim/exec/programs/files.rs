//! The files of a simulated container: few, and nobody can write them.

use super::{Inside, Ran};

const ROOT: &[&str] = &[
    "bin", "dev", "etc", "home", "lib", "proc", "root", "run", "sbin", "sys", "tmp", "usr", "var",
];

/// What stands in a folder; none when there is no such folder.
fn folder(path: &str) -> Option<Vec<&'static str>> {
    Some(match path {
        "/" => [ROOT, &["workspace"]].concat(),
        "/etc" => vec![
            "group",
            "hostname",
            "hosts",
            "os-release",
            "passwd",
            "resolv.conf",
        ],
        "/workspace" => vec![
            "Cargo.lock",
            "Cargo.toml",
            "README.md",
            "src",
            "target",
            "tests",
        ],
        "/workspace/src" => vec!["lib.rs", "main.rs"],
        "/workspace/target" => vec!["debug", "release"],
        "/workspace/tests" => vec!["api.rs"],
        "/var/run/secrets/kubernetes.io/serviceaccount" => vec!["ca.crt", "namespace", "token"],
        "/proc" => vec!["1", "cpuinfo", "loadavg", "meminfo", "uptime", "version"],
        "/var" => vec!["cache", "lib", "log", "run", "tmp"],
        "/var/log" => vec!["containers", "pods"],
        "/usr" => vec!["bin", "lib", "local", "sbin", "share"],
        "/home" | "/root" | "/tmp" | "/dev" | "/bin" | "/lib" | "/run" | "/sbin" | "/sys"
        | "/usr/bin" | "/usr/local" | "/var/cache" | "/var/lib" | "/var/tmp" | "/host"
        | "/usr/local/bin" => Vec::new(),
        _ => return None,
    })
}

/// Whether one can go there.
pub(in super::super) fn is_folder(path: &str) -> bool {
    folder(path).is_some()
}

/// A path from the root, its dots undone.
pub(in super::super) fn absolute(cwd: &str, path: &str) -> String {
    let whole = if path.starts_with('/') {
        path.to_owned()
    } else {
        format!("{cwd}/{path}")
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in whole.split('/') {
        match part {
            "" | "." | "~" => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// The text of a file.
pub(super) fn read(path: &str, inside: &Inside<'_>) -> Option<String> {
    let place = inside.place;
    let path = absolute(inside.cwd, path);
    let path = path
        .strip_prefix("/host")
        .filter(|_| place.host)
        .unwrap_or(&path);
    Some(match path {
        "/etc/os-release" if inside.host => "PRETTY_NAME=\"Debian GNU/Linux 13 (trixie)\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=\"13\"\nID=debian\n".to_owned(),
        "/etc/os-release" => "NAME=\"Alpine Linux\"\nID=alpine\nVERSION_ID=3.23.2\nPRETTY_NAME=\"Alpine Linux v3.23\"\n".to_owned(),
        "/etc/hostname" => format!("{}\n", if inside.host { &place.node } else { &place.pod }),
        "/etc/hosts" => format!("# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n{}\t{}\n", place.ip, place.pod),
        "/etc/resolv.conf" => format!(
            "search {}.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n",
            place.namespace
        ),
        "/etc/passwd" => "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/sbin/nologin\n".to_owned(),
        "/etc/group" => "root:x:0:root\n".to_owned(),
        "/proc/loadavg" => "1.21 0.94 0.87 2/911 31\n".to_owned(),
        "/proc/uptime" => "1050249.11 3821022.40\n".to_owned(),
        "/proc/version" => "Linux version 6.12.41 (gcc 14.2.0) #1 SMP\n".to_owned(),
        "/proc/meminfo" => "MemTotal:       16089344 kB\nMemFree:         6935208 kB\nMemAvailable:   12185600 kB\n".to_owned(),
        "/proc/1/cmdline" => place.command.join("\0"),
        "/proc/cpuinfo" => "processor\t: 0\nmodel name\t: Simulated CPU\n".to_owned(),
        "/var/run/secrets/kubernetes.io/serviceaccount/namespace" => place.namespace.clone(),
        "/workspace/README.md" => "# A project\n\nBuilt by the platform.\n".to_owned(),
        "/workspace/Cargo.toml" => "[package]\nname = \"project\"\nversion = \"0.4.2\"\nedition = \"2024\"\n".to_owned(),
        "/workspace/src/main.rs" => "fn main() {\n    println!(\"hello\");\n}\n".to_owned(),
        _ => return None,
    })
}

/// Whether there is anything of that name.
fn is_there(path: &str, inside: &Inside<'_>) -> bool {
    let path = absolute(inside.cwd, path);
    let (parent, name) = path.rsplit_once('/').unwrap_or(("", &path));
    let parent = if parent.is_empty() { "/" } else { parent };
    is_folder(&path)
        || read(&path, inside).is_some()
        || folder(parent).is_some_and(|all| all.contains(&name))
}

pub(super) fn cat(arguments: &[String], inside: &Inside<'_>) -> Ran {
    let mut ran = Ran::default();
    if arguments.is_empty() || arguments == ["-"] {
        return Ran::says(inside.input.clone());
    }
    for path in arguments.iter().filter(|a| !a.starts_with('-')) {
        match read(path, inside) {
            Some(text) => ran.out.extend_from_slice(text.as_bytes()),
            None => {
                let why = if is_folder(&absolute(inside.cwd, path)) {
                    "read error: Is a directory"
                } else {
                    "No such file or directory"
                };
                ran.code = 1;
                ran.err
                    .extend_from_slice(format!("cat: can't open '{path}': {why}\n").as_bytes());
            }
        }
    }
    ran
}

pub(super) fn ls(arguments: &[String], inside: &Inside<'_>) -> Ran {
    let long = arguments
        .iter()
        .any(|a| a.starts_with('-') && a.contains('l'));
    let mut paths: Vec<&str> = arguments
        .iter()
        .map(String::as_str)
        .filter(|a| !a.starts_with('-'))
        .collect();
    if paths.is_empty() {
        paths.push(".");
    }
    let mut ran = Ran::default();
    for path in paths {
        let whole = absolute(inside.cwd, path);
        let names = match folder(&whole) {
            Some(names) => names.into_iter().map(str::to_owned).collect(),
            None if is_there(path, inside) => vec![path.to_owned()],
            None => {
                ran.code = 1;
                ran.err.extend_from_slice(
                    format!("ls: {path}: No such file or directory\n").as_bytes(),
                );
                continue;
            }
        };
        for name in names {
            let line = if long {
                let inner = absolute(&whole, &name);
                let kind = if is_folder(&inner) {
                    "drwxr-xr-x    2"
                } else {
                    "-rw-r--r--    1"
                };
                let size = read(&inner, inside).map_or(4096, |text| text.len());
                format!("{kind} root     root     {size:>9} Jan  5 09:12 {name}\n")
            } else {
                format!("{name}\n")
            };
            ran.out.extend_from_slice(line.as_bytes());
        }
    }
    ran
}

pub(super) fn find(arguments: &[String], inside: &Inside<'_>) -> Ran {
    let start = arguments
        .iter()
        .find(|a| !a.starts_with('-'))
        .map_or(".", String::as_str);
    let mut out = String::new();
    let mut left = vec![absolute(inside.cwd, start)];
    while let Some(path) = left.pop() {
        out.push_str(&path);
        out.push('\n');
        let names = folder(&path).unwrap_or_default();
        left.extend(names.iter().rev().map(|name| absolute(&path, name)));
    }
    Ran::says(out)
}

pub(super) fn test(name: &str, arguments: &[String], inside: &Inside<'_>) -> Ran {
    let words: Vec<&str> = arguments
        .iter()
        .map(String::as_str)
        .filter(|w| name != "[" || *w != "]")
        .collect();
    let holds = match words.as_slice() {
        [] => false,
        [one] => !one.is_empty(),
        ["-d", path] => is_folder(&absolute(inside.cwd, path)),
        ["-f" | "-r" | "-s", path] => read(path, inside).is_some(),
        ["-e" | "-x", path] => is_there(path, inside),
        ["-z", text] => text.is_empty(),
        ["-n", text] => !text.is_empty(),
        ["-t", _] => inside.tty,
        [a, "=" | "==", b] => a == b,
        [a, "!=", b] => a != b,
        [a, operator, b] => {
            let (a, b) = (a.parse::<i64>().unwrap_or(0), b.parse::<i64>().unwrap_or(0));
            match *operator {
                "-eq" => a == b,
                "-ne" => a != b,
                "-lt" => a < b,
                "-le" => a <= b,
                "-gt" => a > b,
                "-ge" => a >= b,
                _ => false,
            }
        }
        _ => false,
    };
    Ran::quiet(i32::from(!holds))
}

//! The house's arrows, read from the sources: who may import whom, what the pure parts may not touch, and
//! how long a file may be. The table in the crate's docs says the same in words.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Modules of the house and which of ours each may name.
const HOUSE: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("ci", &["model"]),
    ("engine", &["ci", "model"]),
    ("layout", &["engine", "ci", "model"]),
    ("ui", &["layout", "engine", "ci", "model"]),
    ("cluster", &["engine", "ci", "model"]),
    ("config", &["engine", "model"]),
    (
        "shell",
        &[
            "cluster", "config", "ui", "layout", "engine", "ci", "model", "sim",
        ],
    ),
    (
        "cli",
        &[
            "shell", "cluster", "config", "ui", "layout", "engine", "ci", "model", "sim",
        ],
    ),
    ("sim", &[]),
];

/// Parts without clocks, IO or an async runtime.
const PURE: &[&str] = &["model", "ci", "engine", "layout", "ui"];

/// What those may not name, as a path's start.
const IMPURE: &[&str] = &[
    "tokio",
    "kube",
    "k8s_openapi",
    "hyper",
    "crossterm",
    "rustix",
    "tui_logger",
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
    "std::io",
    "std::time::Instant",
    "std::time::SystemTime",
    "chrono::Utc::now",
    "chrono::Local",
    "Utc::now",
    "Local::now",
    "Instant::now",
    "SystemTime::now",
];

/// Macros that print, outside of what prints on purpose.
const PRINTS: &[&str] = &["println!", "print!", "eprintln!", "eprint!", "dbg!"];

/// Longer files, each with its reason.
const LONG: &[(&str, usize, &str)] = &[
    (
        "engine/action/plan.rs",
        600,
        "one constructor a kind of action: the previews stand side by side",
    ),
    (
        "model/store.rs",
        600,
        "deltas into sums, sweeps and reads of one structure",
    ),
    (
        "model/view.rs",
        600,
        "what is asked of the store, query by query",
    ),
    (
        "cli/act.rs",
        600,
        "one command a section, all through the same gate",
    ),
    (
        "sim/actors/kubelet/mod.rs",
        600,
        "one actor: what it hears and what it does on time",
    ),
    (
        "sim/actors/kubelet/pod.rs",
        750,
        "a pod's life on a node, state by state",
    ),
    ("sim/actors/node.rs", 600, "a node and its faults"),
    (
        "sim/logs/text.rs",
        650,
        "mostly the words that logs are made of",
    ),
    (
        "sim/platform/machine.rs",
        750,
        "one state machine, its transitions in the order of a job's life",
    ),
];

/// Lines that a file may have, its tests apart.
const LINES: usize = 500;
/// A file of tests is a list of cases.
const TEST_LINES: usize = 800;
/// Where a file's own tests begin.
const TESTS: &str = "#[cfg(test)]\nmod tests {";

struct File {
    /// Below `src`.
    path: String,
    /// Without comments, strings and tests.
    code: String,
    /// Lines, without its tests.
    lines: usize,
}

impl File {
    fn module(&self) -> &str {
        let first = self.path.split('/').next().unwrap_or_default();
        first.trim_end_matches(".rs")
    }

    /// Whether it is compiled for tests only.
    fn is_test(&self) -> bool {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        name == "tests.rs" || name == "samples.rs" || self.path.contains("/tests/")
    }
}

fn sources() -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &root, &mut files);
    assert!(files.len() > 20, "the sources are where they were");
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<File>) {
    let entries = fs::read_dir(folder).expect("a folder of sources");
    let paths: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    for path in paths {
        if path.is_dir() {
            collect(root, &path, files);
        } else if path.extension().is_some_and(|end| end == "rs") {
            let text = fs::read_to_string(&path).expect("a source");
            let inside = path.strip_prefix(root).expect("below the root");
            files.push(File {
                path: inside.to_string_lossy().replace('\\', "/"),
                lines: match text.find(TESTS) {
                    Some(tests) => text[..tests].lines().count(),
                    None => text.lines().count(),
                },
                code: code_of(&text),
            });
        }
    }
}

/// The text without comments, strings and characters, and without a test module at its end.
fn code_of(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &text[at..];
        let skip = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(raw) = rest.strip_prefix("r#\"") {
            raw.find("\"#").map_or(rest.len(), |end| end + 5)
        } else if rest.starts_with('"') {
            string_end(rest)
        } else {
            character(rest).unwrap_or_default()
        };
        if skip > 0 {
            out.push(' ');
            at += skip;
        } else {
            let c = rest.chars().next().unwrap_or(' ');
            out.push(c);
            at += c.len_utf8();
        }
    }
    match out.find(TESTS) {
        Some(tests) => out[..tests].to_owned(),
        None => out,
    }
}

/// Length of the string that begins here.
fn string_end(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Length of the character literal that begins here; a lifetime is none.
fn character(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('\'')?;
    let mut chars = inner.char_indices();
    let (_, first) = chars.next()?;
    if first == '\\' {
        return inner[2..].find('\'').map(|end| end + 4);
    }
    let (end, close) = chars.next()?;
    (close == '\'').then_some(end + 2)
}

/// Paths of ours that the code names: what follows `crate::`, groups and `super` resolved.
fn named(file: &File) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    for (at, _) in file.code.match_indices("crate::") {
        let before = file.code[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '$') {
            continue;
        }
        heads(&file.code[at + "crate::".len()..], &mut out);
    }
    // `super` that climbs out of the module.
    let depth = file.path.matches('/').count()
        + usize::from(!file.path.ends_with("/mod.rs") && file.path != "lib.rs");
    for (at, _) in file.code.match_indices("super::") {
        let mut rest = &file.code[at..];
        if file.code[..at].ends_with("super::") {
            continue;
        }
        let mut climbed = 0;
        while let Some(more) = rest.strip_prefix("super::") {
            climbed += 1;
            rest = more;
        }
        if climbed >= depth && depth > 0 {
            heads(rest, &mut out);
        }
    }
    out
}

/// The first name of a path, or of each path of a group.
fn heads(rest: &str, out: &mut BTreeSet<String>) {
    let rest = rest.trim_start();
    if let Some(group) = rest.strip_prefix('{') {
        let mut depth = 0;
        let mut start = 0;
        for (at, c) in group.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => {
                    heads(&group[start..at], out);
                    return;
                }
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    heads(&group[start..at], out);
                    start = at + 1;
                }
                _ => {}
            }
        }
        return;
    }
    let name: String = rest
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect();
    if !name.is_empty() {
        out.insert(name);
    }
}

/// Whether the code names that path: as it stands, or brought in by a `use` with a group.
fn names(code: &str, path: &str) -> bool {
    let whole = |at: usize, length: usize| {
        let before = code[..at].chars().next_back();
        let after = code[at + length..].chars().next();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':' || c == '.')
            && !after.is_some_and(|c| c.is_alphanumeric() || c == '_')
    };
    let alone = !path.contains("::");
    let direct = code.match_indices(path).any(|(at, found)| {
        let path_follows = code[at + found.len()..].starts_with("::");
        let used = code[..at].ends_with("use ");
        whole(at, found.len()) && (!alone || path_follows || used)
    });
    let grouped = || {
        let Some((parent, last)) = path.rsplit_once("::") else {
            return false;
        };
        let opening = format!("{parent}::{{");
        code.match_indices(&opening).any(|(at, found)| {
            let mut inside = BTreeSet::new();
            heads(&code[at + found.len() - 1..], &mut inside);
            inside.contains(last)
        })
    };
    direct || grouped()
}

#[test]
fn imports_go_one_way() {
    let mut wrong = Vec::new();
    for file in sources() {
        let Some((module, allowed)) = HOUSE.iter().find(|(name, _)| *name == file.module()) else {
            assert!(
                ["lib", "main"].contains(&file.module()),
                "src/{} belongs to no module of the house",
                file.path
            );
            continue;
        };
        for name in named(&file) {
            let ours = HOUSE.iter().any(|(known, _)| *known == name);
            if ours && name != *module && !allowed.contains(&name.as_str()) {
                wrong.push(format!("src/{} imports {name}", file.path));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "against the house's direction:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn pure_parts_touch_nothing() {
    let mut wrong = Vec::new();
    for file in sources() {
        if !PURE.contains(&file.module()) {
            continue;
        }
        for path in IMPURE.iter().filter(|path| names(&file.code, path)) {
            wrong.push(format!("src/{} names {path}", file.path));
        }
    }
    assert!(wrong.is_empty(), "not pure:\n{}", wrong.join("\n"));
}

#[test]
fn kube_has_two_users() {
    let mut wrong = Vec::new();
    for file in sources() {
        let may = file.module() == "cluster" || file.path.starts_with("sim/platform");
        if !may && names(&file.code, "kube") && !LENT.contains(&file.path.as_str()) {
            wrong.push(format!("src/{}", file.path));
        }
    }
    assert!(
        wrong.is_empty(),
        "only cluster and sim/platform use kube:\n{}",
        wrong.join("\n")
    );
}

/// Files that only hand a client on: of the simulated cluster, and to the job platform.
const LENT: &[&str] = &["cli/demo.rs", "cli/platform.rs"];

#[test]
fn nothing_prints_but_the_command_line() {
    let mut wrong = Vec::new();
    for file in sources() {
        let may = ["cli", "main"].contains(&file.module()) || file.is_test();
        for print in PRINTS.iter().filter(|_| !may) {
            let found = file.code.match_indices(print).any(|(at, _)| {
                let before = file.code[..at].chars().next_back();
                !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
            });
            if found {
                wrong.push(format!("src/{} has {print}", file.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_are_read_in_a_sitting() {
    let files = sources();
    let mut wrong = Vec::new();
    for file in &files {
        let allowed = LONG
            .iter()
            .find(|(path, ..)| *path == file.path)
            .map_or(if file.is_test() { TEST_LINES } else { LINES }, |long| {
                long.1
            });
        if file.lines > allowed {
            wrong.push(format!(
                "src/{}: {} lines, at most {allowed}",
                file.path, file.lines
            ));
        }
    }
    assert!(wrong.is_empty(), "too long:\n{}", wrong.join("\n"));
}

/// The test can fail: each rule finds what it is for.
#[test]
fn the_rules_bite() {
    let file = |path: &str, text: &str| File {
        path: path.to_owned(),
        code: code_of(text),
        lines: 1,
    };
    let found =
        |path: &str, text: &str| -> Vec<String> { named(&file(path, text)).into_iter().collect() };
    assert_eq!(found("model/a.rs", "use crate::engine::Event;"), ["engine"]);
    assert_eq!(
        found(
            "model/a.rs",
            "use crate::{engine::{Event, view::Line}, ui};"
        ),
        ["engine", "ui"]
    );
    assert_eq!(
        found("model/a.rs", "fn f() { crate::shell::run(); }"),
        ["shell"]
    );
    assert_eq!(found("model/a.rs", "use super::super::ui::draw;"), ["ui"]);
    assert_eq!(
        found("model/a.rs", "use super::meta::Meta;"),
        [] as [&str; 0]
    );
    assert_eq!(found("model/mod.rs", "use super::ui::draw;"), ["ui"]);
    assert_eq!(
        found(
            "model/a.rs",
            "// crate::ui\nlet a = \"crate::ui\"; let b = '\"';"
        ),
        [] as [&str; 0]
    );
    let names = |text: &str, path| names(&code_of(text), path);
    assert!(names(
        "use std::time::{Duration, Instant};",
        "std::time::Instant"
    ));
    assert!(names("std::time::Instant::now()", "std::time::Instant"));
    assert!(names("use tokio;", "tokio"));
    assert!(names("tokio::spawn(f)", "tokio"));
    assert!(names("let now = Utc::now();", "Utc::now"));
    assert!(!names("use std::time::Duration;", "std::time::Instant"));
    assert!(!names("let kube = 3;", "kube"));
}

//! What the pages for people say is true: links lead somewhere, commands and flags exist, the changelog
//! knows the version, every dependency has its reason.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

const PAGES: [&str; 3] = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"];

fn read(page: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{page}: {e}"))
}

#[test]
fn links_lead_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut dead = Vec::new();
    for page in PAGES {
        let text = read(page);
        let anchors: BTreeSet<String> = text
            .lines()
            .filter(|l| l.starts_with('#'))
            .map(anchor)
            .collect();
        for link in links(&text) {
            let found = if let Some(name) = link.strip_prefix('#') {
                anchors.contains(name)
            } else if link.contains("://") || link.starts_with("mailto:") {
                true
            } else {
                root.join(link.split('#').next().unwrap_or_default())
                    .exists()
            };
            if !found {
                dead.push(format!("{page}: {link}"));
            }
        }
    }
    assert_eq!(dead, Vec::<String>::new());
}

/// The targets of `[text](target)` and `![text](target)`.
fn links(text: &str) -> Vec<&str> {
    text.split("](")
        .skip(1)
        .filter_map(|rest| rest.split([')', ' ']).next())
        .collect()
}

/// The anchor that a heading gets.
fn anchor(heading: &str) -> String {
    heading
        .trim_start_matches('#')
        .trim()
        .to_lowercase()
        .chars()
        .filter_map(|c| match c {
            ' ' => Some('-'),
            '-' | '_' => Some(c),
            c if c.is_alphanumeric() => Some(c),
            _ => None,
        })
        .collect()
}

#[test]
fn commands_and_flags_exist() {
    let known = Known::ask();
    let mut unknown = Vec::new();
    for page in PAGES {
        for code in code(&read(page)) {
            for problem in known.problems(&code) {
                unknown.push(format!("{page}: `{code}`: {problem}"));
            }
        }
    }
    assert_eq!(unknown, Vec::<String>::new());
}

/// Commands and flags by the program's own help.
struct Known {
    commands: BTreeSet<String>,
    flags: BTreeSet<String>,
}

impl Known {
    fn ask() -> Known {
        let mut known = Known {
            commands: BTreeSet::new(),
            flags: BTreeSet::new(),
        };
        known.visit(&[]);
        assert!(known.flags.contains("--kubeconfig"), "{:?}", known.flags);
        known
    }

    fn visit(&mut self, path: &[String]) {
        let output = Command::new(env!("CARGO_BIN_EXE_constable"))
            .args(path)
            .arg("--help")
            .output()
            .expect("constable runs");
        assert!(output.status.success(), "constable {path:?} --help");
        let help = String::from_utf8(output.stdout).expect("text");
        let mut in_commands = false;
        let mut below = Vec::new();
        for line in help.lines() {
            if !line.starts_with(' ') {
                in_commands = line == "Commands:";
                continue;
            }
            if in_commands && line.starts_with("  ") && !line.starts_with("   ") {
                below.extend(line.split_whitespace().next().map(str::to_owned));
            }
            // An option's own line begins with it; prose about another one does not.
            if line.trim_start().starts_with('-') {
                self.flags.extend(flags(line));
            }
        }
        for command in below {
            self.commands.insert(command.clone());
            if command != "help" {
                let mut path = path.to_vec();
                path.push(command);
                self.visit(&path);
            }
        }
    }

    /// What in a piece of code is not known, if it is a call of ours or a flag by itself.
    fn problems(&self, code: &str) -> Vec<String> {
        let Some(arguments) = arguments(code) else {
            return Vec::new();
        };
        let mut out = Vec::new();
        let first = arguments.split_whitespace().next().unwrap_or_default();
        if code != arguments && first.chars().all(|c| c.is_ascii_lowercase()) && !first.is_empty() {
            // `constable cancel|retry JOB` names two.
            out.extend(
                first
                    .split('|')
                    .filter(|c| !self.commands.contains(*c))
                    .map(|c| format!("no command {c}")),
            );
        }
        out.extend(
            flags(arguments)
                .into_iter()
                .filter(|f| !self.flags.contains(f))
                .map(|f| format!("no flag {f}")),
        );
        out
    }
}

/// Our program's arguments in a piece of code; none where it is something else.
fn arguments(code: &str) -> Option<&str> {
    let code = code.trim_start_matches("$ ");
    if code.starts_with("--") {
        return Some(code);
    }
    if let Some(rest) = code.strip_prefix("constable ") {
        return Some(rest);
    }
    let rest = code.strip_prefix("cargo run")?;
    rest.split_once(" -- ").map(|(_, rest)| rest)
}

/// Every `--word` of a line, without its value.
fn flags(line: &str) -> Vec<String> {
    line.split(|c: char| c.is_whitespace() || "[](),=`|'\"".contains(c))
        .filter(|w| w.len() > 2 && w.starts_with("--"))
        .map(|w| w.trim_end_matches(['.', ':', ';']).to_owned())
        .collect()
}

/// Code spans and the lines of code blocks.
fn code(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut block = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            block = !block;
        } else if block {
            let line = line.split(" #").next().unwrap_or_default();
            out.push(line.trim().to_owned());
        } else {
            out.extend(line.split('`').skip(1).step_by(2).map(str::to_owned));
        }
    }
    out
}

#[test]
fn changelog_knows_the_version() {
    let version = env!("CARGO_PKG_VERSION");
    let wanted = format!("## [{version}]");
    assert!(
        read("CHANGELOG.md").lines().any(|l| l.starts_with(&wanted)),
        "no heading {wanted:?}"
    );
}

#[test]
fn no_path_of_one_machine() {
    let mut found = Vec::new();
    for page in PAGES {
        for (number, line) in read(page).lines().enumerate() {
            if ["/home/", "/Users/", "/root/", "/work/", "C:\\"]
                .iter()
                .any(|p| line.contains(p))
            {
                found.push(format!("{page}:{}: {line}", number + 1));
            }
        }
    }
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn every_dependency_has_its_reason() {
    let manifest: toml::Table = read("Cargo.toml").parse().expect("Cargo.toml");
    let page = read("CONTRIBUTING.md");
    // A row names one crate or several: | `http`, `hyper` | why |
    let rows: Vec<&str> = page.lines().filter(|l| l.starts_with('|')).collect();
    let mut missing = Vec::new();
    for section in ["dependencies", "dev-dependencies"] {
        let Some(table) = manifest.get(section).and_then(toml::Value::as_table) else {
            continue;
        };
        for name in table.keys() {
            let quoted = format!("`{name}`");
            let named = |row: &&str| row.split('|').nth(1).is_some_and(|c| c.contains(&quoted));
            if !rows.iter().any(named) {
                missing.push(name);
            }
        }
    }
    assert_eq!(missing, Vec::<&String>::new());
}

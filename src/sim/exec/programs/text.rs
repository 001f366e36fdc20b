//! Programs that make or cut text.

use std::fmt::Write as _;

use super::super::shell::MOST;
use super::{Inside, Ran, files};

pub(super) fn echo(arguments: &[String]) -> Ran {
    let flags = arguments
        .iter()
        .take_while(|a| matches!(a.as_str(), "-n" | "-e" | "-ne" | "-en"))
        .count();
    let has = |flag: char| arguments[..flags].iter().any(|a| a.contains(flag));
    let mut text = arguments[flags..].join(" ");
    if has('e') {
        text = unescaped(&text);
    }
    if !has('n') {
        text.push('\n');
    }
    Ran::says(text)
}

pub(super) fn printf(arguments: &[String]) -> Ran {
    let Some((format, rest)) = arguments.split_first() else {
        return Ran::fails(1, "printf: usage: printf FORMAT [ARG]...\n");
    };
    let mut rest = rest.iter();
    let mut out = String::new();
    let mut letters = unescaped(format).chars().collect::<Vec<_>>().into_iter();
    while let Some(c) = letters.next() {
        match c {
            '%' => match letters.next() {
                Some('%') | None => out.push('%'),
                Some(_) => out.push_str(rest.next().map_or("", String::as_str)),
            },
            c => out.push(c),
        }
    }
    Ran::says(out)
}

fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(c) = letters.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match letters.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('e' | 'E') => out.push('\u{1b}'),
            Some('0') => {
                let digits: String = letters
                    .clone()
                    .take(2)
                    .take_while(|c| c.is_digit(8))
                    .collect();
                for _ in 0..digits.len() {
                    letters.next();
                }
                out.push(u8::from_str_radix(&digits, 8).unwrap_or(0).into());
            }
            Some(c) => out.extend(['\\', c]),
            None => out.push('\\'),
        }
    }
    out
}

pub(super) fn seq(arguments: &[String]) -> Ran {
    let numbers: Option<Vec<i64>> = arguments.iter().map(|a| a.parse().ok()).collect();
    let (from, step, to) = match numbers.as_deref() {
        Some([to]) => (1, 1, *to),
        Some([from, to]) => (*from, 1, *to),
        Some([from, step, to]) if *step != 0 => (*from, *step, *to),
        _ => return Ran::fails(1, "seq: invalid number\n"),
    };
    let mut text = String::new();
    let mut n = from;
    while (if step > 0 { n <= to } else { n >= to }) && text.len() < MOST {
        // Writing into a String cannot fail.
        let _ = writeln!(text, "{n}");
        n = n.saturating_add(step);
    }
    Ran::says(text)
}

/// `head`, `tail`, `wc`, `grep`: of the pipe, or of a file.
pub(super) fn filter(name: &str, arguments: &[String], inside: &Inside<'_>) -> Ran {
    let mut plain: Vec<&str> = Vec::new();
    let mut flags = String::new();
    let mut count = 10_usize;
    let mut all = arguments.iter().map(String::as_str);
    while let Some(argument) = all.next() {
        match argument.strip_prefix('-') {
            Some("n") if name != "grep" => {
                count = all.next().and_then(|n| n.parse().ok()).unwrap_or(10);
            }
            Some(n) if n.parse::<usize>().is_ok() => count = n.parse().unwrap_or(10),
            Some(flag) if !flag.is_empty() => flags.push_str(flag),
            _ => plain.push(argument),
        }
    }
    let pattern = if name == "grep" && !plain.is_empty() {
        plain.remove(0)
    } else {
        ""
    };
    let input = match plain.first() {
        Some(path) => match files::read(path, inside) {
            Some(text) => text.into_bytes(),
            None => {
                return Ran::fails(1, format!("{name}: {path}: No such file or directory\n"));
            }
        },
        None => inside.input.clone(),
    };
    let text = String::from_utf8_lossy(&input);
    let lines: Vec<&str> = text.lines().collect();
    let some = |lines: &[&str]| {
        let mut out = lines.join("\n");
        if !lines.is_empty() {
            out.push('\n');
        }
        Ran::says(out)
    };
    match name {
        "head" => some(&lines[..count.min(lines.len())]),
        "tail" => some(&lines[lines.len() - count.min(lines.len())..]),
        "wc" => Ran::says(match flags.as_str() {
            "l" => format!("{}\n", lines.len()),
            "c" => format!("{}\n", input.len()),
            "w" => format!("{}\n", text.split_whitespace().count()),
            _ => format!(
                "{:>7} {:>7} {:>7}\n",
                lines.len(),
                text.split_whitespace().count(),
                input.len()
            ),
        }),
        _ => {
            let (small, not) = (flags.contains('i'), flags.contains('v'));
            let wanted = if small {
                pattern.to_lowercase()
            } else {
                pattern.to_owned()
            };
            let found: Vec<&str> = lines
                .into_iter()
                .filter(|line| {
                    let line = if small {
                        line.to_lowercase()
                    } else {
                        (*line).to_owned()
                    };
                    line.contains(&wanted) != not
                })
                .collect();
            let code = i32::from(found.is_empty());
            let ran = if flags.contains('q') {
                Ran::quiet(0)
            } else if flags.contains('c') {
                Ran::says(format!("{}\n", found.len()))
            } else {
                some(&found)
            };
            Ran { code, ..ran }
        }
    }
}

//! `constable shot`: a picture of the console on the simulated cluster, drawn by the program itself. The
//! same arguments give the same bytes.

use std::path::PathBuf;

use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;
use ratatui::layout::Size;

use super::CliError;
use crate::engine::{Code, Engine, Key, Settings};
use crate::shell::direct::Direct;
use crate::sim::demo::{Demo, DemoOptions};
use crate::ui::{Depth, Theme, svg};

/// Arguments of `shot`.
#[derive(Args, Clone, Debug)]
pub struct ShotArgs {
    /// Seed of the simulated cluster
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Nodes in all
    #[arg(long, default_value_t = 63, value_parser = super::demo::nodes)]
    pub nodes: u32,
    /// When, after the console was opened: 60s, 5m
    #[arg(long, default_value = "60s", value_parser = super::logs::duration)]
    pub at: TimeDelta,
    /// Columns and rows
    #[arg(long, default_value = "140x40", value_parser = size)]
    pub size: Size,
    /// Keys pressed then: characters, and names in angle brackets as in `:jobs<enter>`
    #[arg(long, default_value = "", value_parser = keys)]
    pub keys: Keys,
    /// How long after the keys
    #[arg(long, default_value = "0s", value_parser = super::logs::duration)]
    pub then: TimeDelta,
    /// File to write, .svg or .txt; standard output without it
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Keys to press.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys(pub Vec<Key>);

/// The simulated cluster's clock when a shot's console opens: a day like any other, the same each time.
fn opening() -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_607_200, 0).unwrap_or_default()
}

/// Draws it.
pub fn run(theme: Option<&str>, args: &ShotArgs) -> Result<(), CliError> {
    let theme_name = theme.unwrap_or("dark");
    let theme = Theme::built_in(theme_name, Depth::True).ok_or_else(|| {
        CliError::Usage(format!("no theme {theme_name:?}; there are dark and light"))
    })?;
    let (picture, text) = draw(args, &theme)?;
    let Some(path) = &args.output else {
        return super::output::write(text.as_bytes());
    };
    let bytes = match path.extension().and_then(|e| e.to_str()) {
        Some("svg") => picture,
        Some("txt") => text,
        Some(_) | None => {
            return Err(CliError::Usage(format!(
                "{}: its name must end in .svg or .txt",
                path.display()
            )));
        }
    };
    std::fs::write(path, bytes)
        .map_err(|e| CliError::Failed(format!("cannot write {}: {e}", path.display())))
}

/// The picture as SVG and as text.
pub fn draw(args: &ShotArgs, theme: &Theme) -> Result<(String, String), CliError> {
    let options = DemoOptions {
        seed: args.seed,
        nodes: args.nodes,
        ..DemoOptions::default()
    };
    let demo = Demo::build(&options, opening()).map_err(CliError::Failed)?;
    let mut console = Direct::new(demo, Engine::new(Settings::default()), "demo");
    console.run_until(opening() + args.at);
    // Pages are as long as what is drawn, so that keys move as they would.
    console.draw(args.size, theme);
    for key in &args.keys.0 {
        console.keys([*key]);
        console.draw(args.size, theme);
    }
    console.run_until(opening() + args.at + args.then);
    let buffer = console.draw(args.size, theme);
    Ok((svg::of(&buffer, theme), crate::ui::text::of(&buffer)))
}

fn size(text: &str) -> Result<Size, String> {
    let wrong = || format!("{text:?} is no size; say 140x40");
    let (width, height) = text.split_once('x').ok_or_else(wrong)?;
    let number = |n: &str| {
        n.parse()
            .ok()
            .filter(|n| (1..=500).contains(n))
            .ok_or_else(wrong)
    };
    Ok(Size::new(number(width)?, number(height)?))
}

fn keys(text: &str) -> Result<Keys, String> {
    let mut keys = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if let Some((name, after)) = rest.strip_prefix('<').and_then(|r| r.split_once('>')) {
            keys.push(
                named(name).ok_or_else(|| format!("no key {name:?}; try enter, esc, tab, down"))?,
            );
            rest = after;
        } else {
            keys.push(Key::char(first));
            rest = &rest[first.len_utf8()..];
        }
    }
    Ok(Keys(keys))
}

fn named(name: &str) -> Option<Key> {
    Some(match name {
        "enter" => Key::plain(Code::Enter),
        "esc" => Key::plain(Code::Esc),
        "tab" => Key::plain(Code::Tab),
        "space" => Key::char(' '),
        "up" => Key::plain(Code::Up),
        "down" => Key::plain(Code::Down),
        "pagedown" => Key::plain(Code::PageDown),
        "end" => Key::plain(Code::End),
        _ => Key::ctrl(name.strip_prefix("ctrl-")?.chars().next()?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_characters_and_names() {
        let want = vec![
            Key::char(':'),
            Key::char('q'),
            Key::plain(Code::Enter),
            Key::ctrl('l'),
        ];
        assert_eq!(keys(":q<enter><ctrl-l>"), Ok(Keys(want)));
        assert!(keys("<nope>").is_err());
    }

    #[test]
    fn sizes_are_columns_by_rows() {
        assert_eq!(size("80x24"), Ok(Size::new(80, 24)));
        for wrong in ["", "80", "80x", "0x24", "80x9999"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }
}

//! The pictures of a directory, as its `screens.toml` lists them.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::TimeDelta;
use ratatui::layout::Size;
use serde::Deserialize;

use super::{Keys, Studio, size};
use crate::cli::demo::DemoArgs;
use crate::ui::{Depth, Theme, svg};

/// The list's name in the directory of its pictures.
pub const LIST: &str = "screens.toml";

/// The list as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    sizes: Vec<String>,
    at: String,
    theme: String,
    screen: BTreeMap<String, Screen>,
}

/// A screen: the keys that lead there, or more.
#[derive(Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "keys, or a table of keys, at, then, scenario, theme, sizes"
)]
enum Screen {
    Keys(String),
    More(More),
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct More {
    keys: String,
    at: Option<String>,
    then: Option<String>,
    scenario: Option<String>,
    theme: Option<String>,
    sizes: Option<Vec<String>>,
}

/// A picture that is to be drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// Its file's name, without an ending.
    pub name: String,
    /// A scenario's name or file; `None`: the usual demo.
    pub scenario: Option<String>,
    /// Columns and rows.
    pub size: Size,
    /// The theme's name.
    pub theme: String,
    /// When, after the console was opened.
    pub at: TimeDelta,
    /// What is pressed then.
    pub keys: Keys,
    /// How long after the keys.
    pub then: TimeDelta,
}

/// Reads a list.
///
/// # Errors
/// What is wrong in it, with the screen's name.
pub fn parse(text: &str) -> Result<Vec<Picture>, String> {
    let list: List = toml::from_str(text).map_err(|e| e.to_string())?;
    let mut pictures = Vec::new();
    for (name, screen) in list.screen {
        let more = match screen {
            Screen::Keys(keys) => More {
                keys,
                ..More::default()
            },
            Screen::More(more) => more,
        };
        let wrong = |e: String| format!("screen {name}: {e}");
        let keys = Keys::parse(&more.keys).map_err(wrong)?;
        let time = |text: &str| crate::cli::logs::duration(text).map_err(wrong);
        let at = time(more.at.as_ref().unwrap_or(&list.at))?;
        let then = time(more.then.as_deref().unwrap_or("0s"))?;
        for text in more.sizes.as_ref().unwrap_or(&list.sizes) {
            pictures.push(Picture {
                name: format!("{name}-{text}"),
                scenario: more.scenario.clone(),
                size: size(text).map_err(wrong)?,
                theme: more.theme.as_ref().unwrap_or(&list.theme).clone(),
                at,
                keys: keys.clone(),
                then,
            });
        }
    }
    // Those of one cluster stand together, in the order of time.
    pictures.sort_by(|a, b| (&a.scenario, a.at).cmp(&(&b.scenario, b.at)));
    Ok(pictures)
}

/// Draws all pictures of a directory's list as SVG, and hands each to `done` with its file's name. A cluster
/// is stepped once for all its pictures.
///
/// # Errors
/// A list that cannot be read, and what a scenario lacks.
pub fn draw(
    directory: &Path,
    mut done: impl FnMut(&str, String) -> Result<(), String>,
) -> Result<(), String> {
    let path = directory.join(LIST);
    let text =
        std::fs::read_to_string(&path).map_err(|e| format!("read {}: {e}", path.display()))?;
    let pictures = parse(&text).map_err(|e| format!("{}: {e}", path.display()))?;
    let mut studio: Option<(Option<String>, Studio)> = None;
    for picture in pictures {
        let theme = Theme::built_in(&picture.theme, Depth::True)
            .ok_or_else(|| format!("{}: no theme {:?}", picture.name, picture.theme))?;
        let console = match &mut studio {
            Some((scenario, console)) if *scenario == picture.scenario => console,
            _ => {
                let args = DemoArgs {
                    scenario: picture.scenario.as_ref().map(Into::into),
                    ..DemoArgs::default()
                };
                let options = args.options().map_err(|e| e.to_string())?;
                let opened = Studio::open(&options)?;
                &mut studio.insert((picture.scenario.clone(), opened)).1
            }
        };
        if !console.types_before(picture.at) {
            console.run_until(picture.at, picture.size, &theme);
        }
        let mut copy = console.clone();
        copy.run_until(picture.at, picture.size, &theme);
        let buffer = copy.take(&picture.keys, picture.then, picture.size, &theme);
        done(&format!("{}.svg", picture.name), svg::of(&buffer, &theme))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_screen_is_a_line() {
        let text = "sizes = [\"80x24\", \"120x36\"]\nat = \"60s\"\ntheme = \"dark\"\n[screen]\njobs = \":jobs<enter>\"\n\
                    sick = { scenario = \"sick-node\", at = \"5m\", sizes = [\"80x24\"] }\n";
        let pictures = parse(text).expect("a list");
        let names: Vec<&str> = pictures.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(names, ["jobs-80x24", "jobs-120x36", "sick-80x24"]);
        assert_eq!(pictures[2].at, TimeDelta::minutes(5));
        let wrong = parse(&text.replace("<enter>", "<entr>")).expect_err("a wrong key");
        assert!(wrong.contains("jobs") && wrong.contains("entr"), "{wrong}");
    }
}

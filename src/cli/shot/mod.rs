//! `constable shot`: pictures of the console on the simulated cluster, drawn by the program itself. The same
//! arguments give the same bytes.

mod keys;
mod png;
pub mod screens;
mod studio;

use std::path::{Path, PathBuf};

use chrono::TimeDelta;
use clap::Args;
use ratatui::layout::Size;

pub use keys::Keys;
pub use studio::Studio;

use super::CliError;
use super::demo::DemoArgs;
use crate::ui::{Depth, Theme, svg};

/// Arguments of `shot`.
#[derive(Args, Clone, Debug)]
pub struct ShotArgs {
    /// The cluster.
    #[command(flatten)]
    pub demo: DemoArgs,
    /// When, after the console was opened: 60s, 5m
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = super::logs::duration)]
    pub at: TimeDelta,
    /// Columns and rows
    #[arg(long, value_name = "WxH", default_value = "140x40", value_parser = size)]
    pub size: Size,
    /// Keys pressed then: characters, and names in angle brackets as in `:jobs<enter>`
    #[arg(long, default_value = "", value_parser = Keys::parse)]
    pub keys: Keys,
    /// How long after the keys
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = super::logs::duration)]
    pub then: TimeDelta,
    /// File to write, .svg, .png or .txt; text on standard output without it
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Draw all pictures that screens.toml of this directory lists, into it
    #[arg(long, value_name = "DIRECTORY", exclusive = true)]
    pub all: Option<PathBuf>,
}

/// Draws it.
pub fn run(theme: Option<&str>, args: &ShotArgs) -> Result<(), CliError> {
    if let Some(directory) = &args.all {
        return screens::draw(directory, |name, picture| {
            let path = directory.join(name);
            std::fs::write(&path, picture).map_err(|e| format!("write {}: {e}", path.display()))
        })
        .map_err(CliError::Failed);
    }
    let theme_name = theme.unwrap_or("dark");
    let theme = Theme::built_in(theme_name, Depth::True).ok_or_else(|| {
        CliError::Usage(format!("no theme {theme_name:?}; there are dark and light"))
    })?;
    let format = args.output.as_deref().map(Format::of).transpose()?;
    let (picture, text) = draw(args, &theme)?;
    let (Some(path), Some(format)) = (&args.output, format) else {
        return super::output::write(text.as_bytes());
    };
    let bytes = match format {
        Format::Svg => picture.into_bytes(),
        Format::Text => text.into_bytes(),
        Format::Png => png::of(&picture).map_err(CliError::Failed)?,
    };
    std::fs::write(path, bytes)
        .map_err(|e| CliError::Failed(format!("cannot write {}: {e}", path.display())))
}

/// What a picture is written as.
#[derive(Clone, Copy)]
enum Format {
    Svg,
    Png,
    Text,
}

impl Format {
    fn of(path: &Path) -> Result<Self, CliError> {
        match path.extension().and_then(|e| e.to_str()) {
            Some("svg") => Ok(Self::Svg),
            Some("txt") => Ok(Self::Text),
            // Before a cluster is built in vain.
            Some("png") if cfg!(not(feature = "png")) => {
                png::of("").map(|_| Self::Png).map_err(CliError::Usage)
            }
            Some("png") => Ok(Self::Png),
            Some(_) | None => Err(CliError::Usage(format!(
                "{}: its name must end in .svg, .png or .txt",
                path.display()
            ))),
        }
    }
}

/// The picture as SVG and as text.
pub fn draw(args: &ShotArgs, theme: &Theme) -> Result<(String, String), CliError> {
    let options = args.demo.options()?;
    let mut studio = Studio::open(&options).map_err(CliError::Failed)?;
    studio.run_until(args.at, args.size, theme);
    let buffer = studio.take(&args.keys, args.then, args.size, theme);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_columns_by_rows() {
        assert_eq!(size("80x24"), Ok(Size::new(80, 24)));
        for wrong in ["", "80", "80x", "0x24", "80x9999"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }
}

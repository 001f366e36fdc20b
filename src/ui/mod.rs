//! A pure picture of the engine: views and regions into a buffer of cells.

mod color;
mod detail;
mod document;
mod gauge;
mod lines;
mod log;
mod overlay;
mod overview;
mod painter;
pub mod svg;
mod table;
pub mod text;
pub mod theme;

use ratatui::buffer::Buffer;

pub use color::Depth;
pub use theme::{Theme, ThemeError};

use crate::engine::view::{Body, Span, Tone};
use crate::layout::{BodyRegions, LEAST, Regions, Scene};
use painter::Painter;

/// Paints a scene into its regions. The buffer must have been blanked and cover the regions' area; what does
/// not fit is cut.
pub fn draw(scene: &Scene, regions: &Regions, theme: &Theme, buffer: &mut Buffer) {
    let mut painter = Painter { buffer, theme };
    match (&scene.body, &regions.body) {
        (_, BodyRegions::TooSmall) => {
            too_small(&mut painter, regions);
            return;
        }
        (Body::Overview(view), BodyRegions::Overview(parts)) => {
            overview::draw(&mut painter, view, scene.table.as_ref(), parts);
        }
        (Body::Table, BodyRegions::Table(parts)) => {
            table::draw(&mut painter, scene.table.as_ref(), parts);
        }
        (Body::Detail(view), BodyRegions::Detail(parts)) => {
            detail::draw(&mut painter, view, scene.table.as_ref(), parts);
        }
        (Body::Log, BodyRegions::Log(parts)) => log::draw(&mut painter, scene.log.as_ref(), parts),
        (Body::Text(view), BodyRegions::Text(parts)) => document::draw(&mut painter, view, parts),
        (Body::ConsoleLog(lines), BodyRegions::ConsoleLog { title, figures, .. }) => {
            painter.rule(*title, &[Span::new("console log", Tone::Strong)], &[]);
            for (row, line) in figures.rows().zip(lines) {
                painter.line(row, line);
            }
        }
        // Regions of another scene: nothing of it would be right.
        (
            Body::Overview(_)
            | Body::Table
            | Body::Detail(_)
            | Body::Log
            | Body::Text(_)
            | Body::ConsoleLog(_),
            BodyRegions::Overview(_)
            | BodyRegions::Table(_)
            | BodyRegions::Detail(_)
            | BodyRegions::Log(_)
            | BodyRegions::Text(_)
            | BodyRegions::ConsoleLog { .. },
        ) => {}
    }
    lines::header(&mut painter, &scene.header, &regions.header);
    lines::footer(&mut painter, scene, regions);
    if let (Some(overlay), Some(parts)) = (&scene.overlay, &regions.overlay) {
        overlay::draw(&mut painter, overlay, parts);
    }
}

fn too_small(painter: &mut Painter<'_>, regions: &Regions) {
    let area = regions.area;
    let lines = [
        format!("too small: {}x{}", area.width, area.height),
        format!("needs {}x{}", LEAST.width, LEAST.height),
    ];
    let tones = [Tone::Warn, Tone::Dim];
    for ((row, line), tone) in area.rows().zip(&lines).zip(tones) {
        let style = painter.theme.tone(tone);
        painter.text(row, line, style);
    }
}

#[cfg(test)]
mod tests;

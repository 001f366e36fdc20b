//! Screen and size into rectangles, visible rows and hit targets. Pure.
//!
//! [`arrange`] divides a terminal of any size for what the screen on top has to show. `ui` paints into the
//! regions and decides nothing; the shell tells the engine the page's size and what was clicked.

pub mod columns;
pub mod detail;
pub mod line;
pub mod list;
pub mod overlay;
pub mod overview;
pub mod scene;
pub mod table;
pub mod text;

use ratatui::layout::{Position, Rect, Size};

pub use columns::Column;
pub use detail::DetailRegions;
pub use line::{Place, Strip};
pub use list::List;
pub use overlay::OverlayRegions;
pub use overview::OverviewRegions;
pub use scene::Scene;
pub use table::TableRegions;

use crate::engine::view::{Body, Hit};

/// The smallest terminal that shows more than a request for room.
pub const LEAST: Size = Size::new(40, 8);

/// A divided terminal.
#[derive(Clone, Debug, PartialEq)]
pub struct Regions {
    /// The whole of it.
    pub area: Rect,
    /// Header parts and where each stands.
    pub header: Strip,
    /// What lies between header and footer.
    pub body: BodyRegions,
    /// The notice, when there is one: the footer's left.
    pub notice: Option<Rect>,
    /// Hints and where each stands.
    pub footer: Strip,
    /// What lies over it.
    pub overlay: Option<OverlayRegions>,
    /// Rows and columns of the part that scrolls, for `Event::Page`.
    pub page: Size,
    hits: Vec<(Rect, Hit)>,
}

/// Rows that the Console log keeps whatever stands above it.
const LOG_ROWS: u16 = 7;

/// The body's parts.
#[derive(Clone, Debug, PartialEq)]
pub enum BodyRegions {
    /// The terminal is smaller than [`LEAST`]: the whole of it says so.
    TooSmall,
    /// Ranks, ingresses, problems and the job table.
    Overview(Box<OverviewRegions>),
    /// A table.
    Table(TableRegions),
    /// Facts, notes, steps, perhaps a table.
    Detail(Box<DetailRegions>),
    /// A log.
    Log(LogRegions),
    /// A document: set as a log.
    Text(LogRegions),
    /// Figures below a title, and the rest left to the shell.
    ConsoleLog {
        /// The title's row.
        title: Rect,
        /// A row for each line that has room.
        figures: Rect,
        /// The widget's place.
        widget: Rect,
    },
}

/// A log pane's parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogRegions {
    /// Whose log, and the position on the right.
    pub title: Rect,
    /// Lines.
    pub lines: Rect,
    /// What the stream is doing.
    pub state: Rect,
}

impl Regions {
    /// What can be clicked at a cell.
    pub fn hit(&self, x: u16, y: u16) -> Option<&Hit> {
        self.hits
            .iter()
            .find(|(area, _)| area.contains(Position::new(x, y)))
            .map(|(_, hit)| hit)
    }
}

/// Divides a terminal of that size.
pub fn arrange(scene: &Scene, size: Size) -> Regions {
    let area = Rect::new(0, 0, size.width, size.height);
    if size.width < LEAST.width || size.height < LEAST.height {
        return Regions {
            area,
            header: Strip::default(),
            body: BodyRegions::TooSmall,
            notice: None,
            footer: Strip::default(),
            overlay: None,
            page: Size::new(0, 0),
            hits: Vec::new(),
        };
    }
    let top = Rect { height: 1, ..area };
    let bottom = Rect {
        y: area.bottom() - 1,
        height: 1,
        ..area
    };
    let middle = Rect {
        y: 1,
        height: area.height - 2,
        ..area
    };
    let mut hits = Vec::new();
    let (body, page) = arrange_body(scene, middle, &mut hits);
    let (notice, footer) = line::footer(scene.notice.as_ref(), &scene.hints, bottom, &mut hits);
    let overlay = scene.overlay.as_ref().map(|overlay| {
        // What lies below an overlay cannot be clicked.
        hits.clear();
        overlay::arrange(overlay, area, &mut hits)
    });
    Regions {
        area,
        header: line::header(&scene.header, top),
        body,
        notice,
        footer,
        overlay,
        page,
        hits,
    }
}

fn arrange_body(scene: &Scene, area: Rect, hits: &mut Vec<(Rect, Hit)>) -> (BodyRegions, Size) {
    match &scene.body {
        Body::Overview(view) => {
            let regions = overview::arrange(view, scene.table.as_ref(), area, hits);
            let page = regions.table.as_ref().map_or(Size::new(0, 0), page_of);
            (BodyRegions::Overview(Box::new(regions)), page)
        }
        Body::Table => {
            let regions = table::arrange(scene.table.as_ref(), area, hits);
            let page = page_of(&regions);
            (BodyRegions::Table(regions), page)
        }
        Body::Detail(view) => {
            let regions = detail::arrange(view, scene.table.as_ref(), area, hits);
            let page = regions
                .table
                .as_ref()
                .map_or(regions.steps.area.as_size(), page_of);
            (BodyRegions::Detail(Box::new(regions)), page)
        }
        Body::Log => {
            let [title, lines, state] = three(area);
            let regions = LogRegions {
                title,
                lines,
                state,
            };
            (BodyRegions::Log(regions), lines.as_size())
        }
        Body::Text(_) => {
            let [title, lines, state] = three(area);
            let regions = LogRegions {
                title,
                lines,
                state,
            };
            (BodyRegions::Text(regions), lines.as_size())
        }
        Body::ConsoleLog(lines) => {
            let title = Rect { height: 1, ..area };
            let rest = below(area, 1);
            let room = rest.height.saturating_sub(LOG_ROWS);
            let figures = Rect {
                height: u16::try_from(lines.len()).unwrap_or(room).min(room),
                ..rest
            };
            let widget = below(rest, figures.height);
            let regions = BodyRegions::ConsoleLog {
                title,
                figures,
                widget,
            };
            (regions, widget.as_size())
        }
    }
}

fn page_of(table: &TableRegions) -> Size {
    table.rows.as_size()
}

/// The area without its first rows.
fn below(area: Rect, rows: u16) -> Rect {
    let rows = rows.min(area.height);
    Rect {
        y: area.y + rows,
        height: area.height - rows,
        ..area
    }
}

/// First row, what is between, last row.
fn three(area: Rect) -> [Rect; 3] {
    let first = Rect {
        height: area.height.min(1),
        ..area
    };
    let rest = below(area, 1);
    let last = Rect {
        y: rest.bottom().saturating_sub(1),
        height: rest.height.min(1),
        ..rest
    };
    let between = Rect {
        height: rest.height.saturating_sub(1),
        ..rest
    };
    [first, between, last]
}

#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;

//! What layout and ui read from the engine: text and meaning, no colours and no rectangles.
//!
//! Views are computed when asked for, from what is visible only. The engine owns cursor, scroll position,
//! marks, filter and sort; ui decides nothing.

use std::borrow::Cow;

use crate::model::{Text, Uid};

/// What a piece of text means; a theme gives it colour and weight. Never the only carrier of a state: a
/// glyph or word stands with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Tone {
    /// Ordinary text.
    #[default]
    Plain,
    /// Of little weight: labels, what is well.
    Dim,
    /// Headings, names under the cursor.
    Strong,
    /// Well, ready, succeeded.
    Good,
    /// Under way: running, pulling, syncing.
    Busy,
    /// Needs a look: waiting long, cordoned, stale.
    Warn,
    /// Broken, failed, denied.
    Bad,
    /// Ours: the program's name, keys in hints, the prompt.
    Accent,
}

/// A piece of text with its meaning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// Text, one line.
    pub text: Cow<'static, str>,
    /// Meaning.
    pub tone: Tone,
}

impl Span {
    /// A span.
    pub fn new(text: impl Into<Cow<'static, str>>, tone: Tone) -> Self {
        Self {
            text: text.into(),
            tone,
        }
    }
}

/// A line of spans.
pub type Line = Vec<Span>;

/// What identifies a row, so that cursor and marks follow their object.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RowId {
    /// An object: job rows carry their pod's or batch Job's uid where they have one.
    Uid(Uid),
    /// What has a name only: pools, contexts, palette entries, ended jobs without a pod.
    Name(Text),
    /// A line of a list that is numbered for ever (actions).
    Number(u64),
}

/// Something that can be clicked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Hit {
    /// A row of the screen's table, pool line or step line.
    Row(RowId),
    /// A column's head: sort by it.
    Column(u8),
    /// A hint in the footer: as if its key were pressed.
    Hint(u8),
    /// An entry of the open overlay's list.
    Choice(u16),
}

/// How wide a column wants to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// Cells.
    Fixed(u16),
    /// At least the first, and its share (second, a weight) of what is left.
    Grow(u16, u16),
}

/// Which way a column is sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sorted {
    /// Smallest first.
    Up,
    /// Largest first.
    Down,
}

/// A column as it is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Title in capitals.
    pub title: Cow<'static, str>,
    /// Wish.
    pub width: Width,
    /// Numbers stand on the right.
    pub right: bool,
    /// Columns with a higher number are left out first when there is no room; 0 is never left out.
    pub rank: u8,
    /// Whether rows are sorted by it.
    pub sorted: Option<Sorted>,
}

/// A row as it is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Whose row.
    pub id: RowId,
    /// One cell a column, in the columns' order.
    pub cells: Vec<Span>,
    /// Marked with space.
    pub marked: bool,
}

/// The table of the screen on top.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// `jobs`, `pods of p-07`, …
    pub title: String,
    /// Columns.
    pub heads: Vec<Head>,
    /// Rows from `top` on, as many as the page shows.
    pub rows: Vec<Row>,
    /// Index of the first visible row.
    pub top: usize,
    /// Index of the row under the cursor; `None` in an empty table.
    pub cursor: Option<usize>,
    /// Rows that pass the filter.
    pub shown: usize,
    /// Rows in all.
    pub total: usize,
    /// Marked rows that the filter hides.
    pub hidden_marks: usize,
    /// Said in place of rows when there are none: why (`no job matches`, `pods: denied`, `syncing 4,200`).
    pub empty: Line,
}

/// The line at the top of every screen.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    /// From the left, most important first: name, cluster, scope.
    pub left: Vec<Line>,
    /// From the right, most important last: live or stale, version, LOCKED, problems, clock.
    pub right: Vec<Line>,
}

/// A rank's part of the Overview.
#[derive(Clone, Debug, PartialEq)]
pub struct RankView {
    /// `CONTROLLERS`, `PATRICIANS`, `PEASANTS (job nodes)`.
    pub title: Span,
    /// What stands behind the title, most important first; what does not fit is left out from the end.
    pub facts: Vec<Line>,
    /// CPU and memory requested of allocatable, 0–1; `None` where unknown.
    pub gauges: Vec<(&'static str, Option<f64>)>,
    /// Its pools, one line each (Controllers and Patricians show none when they have but one).
    pub pools: Vec<PoolView>,
}

/// A pool's line on the Overview.
#[derive(Clone, Debug, PartialEq)]
pub struct PoolView {
    /// For selection and clicks.
    pub id: RowId,
    /// The pool's name.
    pub name: Text,
    /// Under the cursor.
    pub selected: bool,
    /// One glyph a node, worst last? no: in the nodes' order, so that a node keeps its place.
    pub nodes: Vec<(char, Tone)>,
    /// free, waiting, oldest, start, failed: most important first.
    pub facts: Vec<Line>,
}

/// A cluster's part of the Overview.
#[derive(Clone, Debug, PartialEq)]
pub struct ClusterView {
    /// Its own line; `None`: there is but one cluster.
    pub head: Option<ClusterHead>,
    /// Controllers, Patricians, Peasants, in that order; a rank that cannot be seen says so. Empty where nothing
    /// is known yet of one of several clusters.
    pub ranks: Vec<RankView>,
}

/// A cluster's line.
#[derive(Clone, Debug, PartialEq)]
pub struct ClusterHead {
    /// For selection and clicks.
    pub id: RowId,
    /// Its context.
    pub name: Text,
    /// Under the cursor.
    pub selected: bool,
    /// The cursor is in this cluster: where there is no room for the ranks of all, these are shown.
    pub open: bool,
    /// How it stands, problems, nodes, jobs: most important first.
    pub facts: Vec<Line>,
}

/// The Overview. Its job table is [`Table`].
#[derive(Clone, Debug, PartialEq)]
pub struct Overview {
    /// One for each cluster that is shown, in the order in which they were asked for.
    pub clusters: Vec<ClusterView>,
    /// Broken ingresses first, one line each, then one line for all that are well.
    pub ingresses: Vec<Line>,
    /// Ranked problems, one line each; empty when there is none.
    pub problems: Vec<Line>,
}

/// A screen of facts with or without a table below: Job and Node.
#[derive(Clone, Debug, PartialEq)]
pub struct Detail {
    /// Name of the thing.
    pub title: Line,
    /// Label and value, in two columns where there is room.
    pub facts: Vec<(&'static str, Line)>,
    /// Free lines, wrapped: the scheduler's message, taints, conditions.
    pub notes: Vec<Line>,
    /// Steps of a job: one line each; the step under the cursor is `selected`.
    pub steps: Vec<StepView>,
}

/// A step's line.
#[derive(Clone, Debug, PartialEq)]
pub struct StepView {
    /// For selection and clicks.
    pub id: RowId,
    /// Glyph, name, state, start, duration.
    pub cells: Vec<Span>,
    /// Under the cursor.
    pub selected: bool,
}

/// The log pane's visible part.
#[derive(Clone, Debug, PartialEq)]
pub struct LogView {
    /// `log of shop/api test #8121 · step-test · following`.
    pub title: Line,
    /// Visible lines, already cut or wrapped to the page's columns, with SGR colours as spans.
    pub lines: Vec<LogRow>,
    /// Position: first visible line, lines kept, lines dropped from the ring.
    pub position: Line,
    /// What the stream is doing: following, waiting, ended how.
    pub state: Line,
}

/// One visible line of a log.
#[derive(Clone, Debug, PartialEq)]
pub struct LogRow {
    /// Whose line it is, in a log of many.
    pub whose: Option<Whose>,
    /// Prefix (container, time stamp) as asked for.
    pub prefix: Line,
    /// Text with its SGR styles.
    pub text: Vec<Styled>,
}

/// The visible part of a text screen.
#[derive(Clone, Debug, PartialEq)]
pub struct TextView {
    /// `yaml of Pod ci-jobs/runner-1`.
    pub title: Line,
    /// Visible rows, already cut or wrapped to the page's columns less [`TextView::GUTTER`].
    pub rows: Vec<TextRow>,
    /// Which lines of how many are visible.
    pub position: Line,
    /// How old it is, and whether it has changed since.
    pub state: Line,
}

impl TextView {
    /// Cells on the left of each row, for the cursor's mark.
    pub const GUTTER: u16 = 2;
}

/// One visible row of a text.
#[derive(Clone, Debug, PartialEq)]
pub struct TextRow {
    /// Its text; true: a hit of the search.
    pub spans: Vec<(Span, bool)>,
    /// Under the cursor.
    pub cursor: bool,
}

/// Whose line it is: told by its name, and by a colour that is always the same for that name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whose {
    /// The name, filled up to its column.
    pub name: String,
    /// Which of twelve colours, from 0.
    pub hue: u8,
}

/// Text with the colours that the log's writer gave it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Styled {
    /// Text without escapes.
    pub text: String,
    /// Foreground: 0–15 named, 16–255 palette.
    pub color: Option<u8>,
    /// Bold.
    pub bold: bool,
    /// Faint.
    pub dim: bool,
    /// A hit of the search.
    pub hit: bool,
}

/// What lies over the screen.
#[derive(Clone, Debug, PartialEq)]
pub enum Overlay {
    /// The key table of this screen.
    Help {
        /// (keys, what they do), in groups.
        groups: Vec<(&'static str, Vec<(String, &'static str)>)>,
        /// Lines it is scrolled down by; past its end it begins again.
        by: i64,
    },
    /// A one-line prompt at the bottom: `/`, `&`, `:` or a search; with completions (text, what it does).
    Prompt {
        /// `/`, `&`, `:`, `search: `.
        sigil: &'static str,
        /// Typed so far.
        text: String,
        /// Cursor, in characters.
        cursor: usize,
        /// Completions, best first.
        choices: Vec<(String, String)>,
        /// The chosen completion.
        chosen: Option<usize>,
        /// What is wrong with the text, empty if nothing.
        error: String,
    },
    /// A menu (`a`, `:ctx`, `:ns`, sort): entries with their key and, when not possible now, why.
    Menu {
        /// Title.
        title: String,
        /// Text, key, reason it cannot be done (empty: it can).
        entries: Vec<(String, String, String)>,
        /// Under the cursor.
        chosen: usize,
    },
    /// The preview of an action, which is its confirmation.
    Confirm {
        /// `Cancel job shop/api test #8121?`
        title: Line,
        /// What it will do and what could be lost.
        lines: Vec<Line>,
        /// First visible line.
        top: usize,
        /// How to confirm: `press y`, `type 14`, `type p-07`; what has been typed so far stands in it.
        ask: Line,
    },
    /// A text to read: an error, a reason.
    Text {
        /// Title.
        title: String,
        /// Lines, wrapped by ui.
        lines: Vec<Line>,
        /// First visible line.
        top: usize,
    },
}

/// A key and what it does here, for the footer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// `enter`, `l`, `X`.
    pub key: String,
    /// One or two words.
    pub text: &'static str,
}

/// Which kind of body the screen on top has; layout divides the rest by it.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// Overview above a job table.
    Overview(Box<Overview>),
    /// A table.
    Table,
    /// Facts, and a table below when there is one.
    Detail(Box<Detail>),
    /// A log.
    Log,
    /// A document.
    Text(Box<TextView>),
    /// What our own requests cost, above tui-logger's own widget, which the shell paints.
    ConsoleLog(Vec<Line>),
}

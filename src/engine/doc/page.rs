//! What a text screen shows: lines with a depth, whatever they were made from.

use super::yaml::Yaml;
use crate::engine::view::{Line, Span, Tone};

/// A line that was written out with its tones. Its depth is its block's: deeper lines below it fold into it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct PageLine {
    pub(crate) depth: u16,
    pub(crate) spans: Line,
}

impl PageLine {
    pub(crate) fn new(depth: u16, spans: Line) -> Self {
        Self { depth, spans }
    }

    /// A heading.
    pub(crate) fn heading(depth: u16, text: impl Into<String>) -> Self {
        Self::new(depth, vec![Span::new(text.into(), Tone::Strong)])
    }

    pub(crate) fn text(&self) -> String {
        self.spans.iter().map(|span| &*span.text).collect()
    }
}

/// The lines of a document.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Content {
    Yaml(Yaml),
    Page(Vec<PageLine>),
}

impl Default for Content {
    fn default() -> Self {
        Self::Page(Vec::new())
    }
}

impl Content {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Yaml(yaml) => yaml.len(),
            Self::Page(lines) => lines.len(),
        }
    }

    pub(crate) fn depth(&self, line: usize) -> u16 {
        match self {
            Self::Yaml(yaml) => yaml.depth(line),
            Self::Page(lines) => lines.get(line).map_or(0, |l| l.depth),
        }
    }

    pub(crate) fn text(&self, line: usize) -> std::borrow::Cow<'_, str> {
        match self {
            Self::Yaml(yaml) => yaml.text(line).into(),
            Self::Page(lines) => lines
                .get(line)
                .map(PageLine::text)
                .unwrap_or_default()
                .into(),
        }
    }

    /// A line with its tones: to be asked for what is visible.
    pub(crate) fn spans(&self, line: usize) -> Line {
        match self {
            Self::Yaml(yaml) => yaml.spans(line),
            Self::Page(lines) => lines.get(line).map(|l| l.spans.clone()).unwrap_or_default(),
        }
    }

    /// The line behind the block that begins in this line.
    pub(crate) fn end(&self, line: usize) -> usize {
        let depth = self.depth(line);
        (line + 1..self.len())
            .find(|next| self.depth(*next) <= depth)
            .unwrap_or(self.len())
    }

    /// Some lines as one text.
    pub(crate) fn copy(&self, lines: std::ops::Range<usize>) -> String {
        let mut out = String::new();
        for line in lines {
            out.push_str(self.text(line).trim_end());
            out.push('\n');
        }
        out
    }
}

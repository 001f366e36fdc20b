//! Blocks that are folded, and the lines that are left to be seen.

use std::collections::BTreeSet;

use super::page::Content;

/// Which blocks are folded, by their first line.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Folds {
    folded: BTreeSet<usize>,
    /// Numbers of the lines that are seen.
    seen: Vec<u32>,
}

impl Folds {
    /// Nothing is folded.
    pub(crate) fn open(content: &Content) -> Self {
        let mut folds = Self::default();
        folds.look(content);
        folds
    }

    /// The same blocks of another text, as far as it has them: by their first line's text, and the how many
    /// of that text it is.
    pub(crate) fn carried(&self, old: &Content, new: &Content) -> Self {
        let name = |content: &Content, line: usize| {
            let text = content.text(line).into_owned();
            let before = (0..line).filter(|n| content.text(*n) == text).count();
            (text, before)
        };
        let names: Vec<_> = self.folded.iter().map(|line| name(old, *line)).collect();
        let mut folds = Self::default();
        for (text, nth) in names {
            let found = (0..new.len()).filter(|n| new.text(*n) == text).nth(nth);
            folds.folded.extend(found);
        }
        folds.look(new);
        folds
    }

    fn look(&mut self, content: &Content) {
        self.seen.clear();
        let mut line = 0;
        while line < content.len() {
            self.seen.extend(u32::try_from(line));
            line = if self.folded.contains(&line) {
                content.end(line)
            } else {
                line + 1
            };
        }
    }

    /// Folds or unfolds the block of a line: that which begins there, else the one it is in. Returns the line
    /// at which that block begins; `None`: it is in none.
    pub(crate) fn toggle(&mut self, content: &Content, line: usize) -> Option<usize> {
        let begins = |line: usize| content.end(line) > line + 1;
        let head = if begins(line) {
            line
        } else {
            let depth = content.depth(line);
            (0..line)
                .rev()
                .find(|above| content.depth(*above) < depth && begins(*above))?
        };
        if !self.folded.remove(&head) {
            self.folded.insert(head);
        }
        self.look(content);
        Some(head)
    }

    /// Folds all blocks but the outermost that is about nothing else, or unfolds all.
    pub(crate) fn toggle_all(&mut self, content: &Content) {
        if self.folded.is_empty() {
            // One level below the top says most: `metadata`, `spec`, `status`.
            let begins = |line: &usize| content.end(*line) > line + 1;
            self.folded = (0..content.len()).filter(begins).collect();
        } else {
            self.folded.clear();
        }
        self.look(content);
    }

    /// Unfolds what hides a line.
    pub(crate) fn reveal(&mut self, content: &Content, line: usize) {
        let before = self.folded.len();
        self.folded
            .retain(|head| !(*head < line && line < content.end(*head)));
        if self.folded.len() != before {
            self.look(content);
        }
    }

    /// Lines that are seen.
    pub(crate) fn len(&self) -> usize {
        self.seen.len()
    }

    /// The n-th line that is seen.
    pub(crate) fn line(&self, at: usize) -> Option<usize> {
        self.seen.get(at).map(|line| *line as usize)
    }

    /// Where a line is seen, or the head of the block that hides it.
    pub(crate) fn position(&self, line: usize) -> usize {
        let line = u32::try_from(line).unwrap_or(u32::MAX);
        self.seen
            .partition_point(|seen| *seen <= line)
            .saturating_sub(1)
    }

    /// How many lines hide behind this one.
    pub(crate) fn hidden(&self, content: &Content, line: usize) -> usize {
        if self.folded.contains(&line) {
            content.end(line) - line - 1
        } else {
            0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::page::PageLine;
    use super::*;
    use crate::engine::view::{Span, Tone};

    fn page(lines: &[(u16, &str)]) -> Content {
        let line = |(depth, text): &(u16, &str)| {
            PageLine::new(*depth, vec![Span::new((*text).to_owned(), Tone::Plain)])
        };
        Content::Page(lines.iter().map(line).collect())
    }

    fn seen(folds: &Folds, content: &Content) -> Vec<String> {
        (0..folds.len())
            .filter_map(|at| folds.line(at))
            .map(|line| content.text(line).into_owned())
            .collect()
    }

    #[test]
    fn blocks_fold_and_unfold() {
        let content = page(&[(0, "a"), (1, "b"), (2, "c"), (1, "d"), (0, "e")]);
        let mut folds = Folds::open(&content);
        assert_eq!(folds.toggle(&content, 2), Some(1));
        assert_eq!(seen(&folds, &content), ["a", "b", "d", "e"]);
        assert_eq!(folds.hidden(&content, 1), 1);
        assert_eq!((folds.position(2), folds.position(3)), (1, 2));
        assert_eq!(folds.toggle(&content, 3), Some(0));
        assert_eq!(seen(&folds, &content), ["a", "e"]);
        assert_eq!(folds.toggle(&content, 4), None);
        folds.reveal(&content, 2);
        assert_eq!(seen(&folds, &content).len(), 5);
        folds.toggle_all(&content);
        assert_eq!(seen(&folds, &content), ["a", "e"]);
        folds.toggle_all(&content);
        assert_eq!(folds.len(), 5);
    }

    #[test]
    fn folds_are_carried_to_another_text() {
        let old = page(&[(0, "x"), (1, "1"), (0, "x"), (1, "2")]);
        let new = page(&[(0, "y"), (0, "x"), (1, "1"), (0, "x"), (1, "2"), (1, "3")]);
        let mut folds = Folds::open(&old);
        folds.toggle(&old, 2);
        assert_eq!(seen(&folds.carried(&old, &new), &new), ["y", "x", "1", "x"]);
    }
}

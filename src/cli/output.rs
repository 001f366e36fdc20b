//! Standard output and standard error, and the shapes in which rows are printed.

use std::io::{self, Write};

use clap::ValueEnum;
use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use super::CliError;

/// `-o`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Columns.
    #[default]
    Table,
    /// More columns.
    Wide,
    /// One array.
    Json,
    /// The same as YAML.
    Yaml,
    /// `kind/name`, one a line.
    Name,
}

/// Bytes to standard output.
pub fn write(bytes: &[u8]) -> Result<(), CliError> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()?;
    Ok(())
}

/// A line to standard error; nobody's loss if that is closed.
pub fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Columns as kubectl sets them: each as wide as its widest cell, three spaces between. The rows are gone
/// through twice, so that none is kept: first for the widths, then for the lines.
pub fn table<R: IntoIterator<Item = impl AsRef<str>>>(
    out: &mut impl Write,
    heads: &[&str],
    with_heads: bool,
    rows: impl Iterator<Item = R> + Clone,
) -> io::Result<()> {
    let mut widths: Vec<usize> = heads
        .iter()
        .map(|h| if with_heads { h.width() } else { 0 })
        .collect();
    for row in rows.clone() {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.as_ref().width());
        }
    }
    let mut line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut pad = 0;
        for (cell, width) in cells.zip(&widths) {
            write!(out, "{:pad$}{cell}", "")?;
            pad = width.saturating_sub(cell.width()) + 3;
        }
        writeln!(out)
    };
    if with_heads {
        line(&mut heads.iter().copied())?;
    }
    for row in rows {
        let cells: Vec<_> = row.into_iter().collect();
        line(&mut cells.iter().map(AsRef::as_ref))?;
    }
    Ok(())
}

/// Indented JSON with a line break at its end.
pub fn json(out: &mut impl Write, value: &impl Serialize) -> Result<(), CliError> {
    serde_json::to_writer_pretty(&mut *out, value).map_err(io::Error::from)?;
    writeln!(out)?;
    Ok(())
}

/// YAML with a line break at its end.
pub fn yaml(out: &mut impl Write, value: &impl Serialize) -> Result<(), CliError> {
    let mut out = Watched {
        out,
        failed: None,
        last: b'\n',
    };
    let written = serde_saphyr::to_io_writer(&mut out, value);
    if let Some(error) = out.failed {
        return Err(error.into());
    }
    written.map_err(|e| CliError::Failed(format!("cannot write YAML: {e}")))?;
    if out.last != b'\n' {
        writeln!(out.out)?;
    }
    Ok(())
}

/// Remembers what the YAML writer hides: how writing failed, and what came last.
struct Watched<'a, W> {
    out: &'a mut W,
    failed: Option<io::Error>,
    last: u8,
}

impl<W: Write> Write for Watched<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.out.write(bytes) {
            Ok(count) => {
                self.last = bytes[..count].last().copied().unwrap_or(self.last);
                Ok(count)
            }
            Err(error) => {
                let kind = error.kind();
                self.failed = Some(error);
                Err(kind.into())
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(rows: &[[&str; 2]], with_heads: bool) -> String {
        let mut out = Vec::new();
        let heads = ["NAME", "B"];
        table(&mut out, &heads, with_heads, rows.iter()).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [["a", "x"], ["日本", "longer"]];
        assert_eq!(text(&rows, true), "NAME   B\na      x\n日本   longer\n");
        assert_eq!(text(&rows[..1], false), "a   x\n");
    }

    #[test]
    fn arrays_end_their_line() {
        let mut out = Vec::new();
        yaml(&mut out, &["a", "b"]).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "- a\n- b\n");
        let mut out = Vec::new();
        json(&mut out, &["a"]).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "[\n  \"a\"\n]\n");
    }
}

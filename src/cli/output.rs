//! Standard output and standard error, and the shapes in which rows are printed.

use std::io::{self, Write};

use clap::ValueEnum;
use serde_json::Value;
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

/// Columns as kubectl sets them: each as wide as its widest cell, three spaces between.
pub fn table(heads: &[&str], rows: &[Vec<String>], with_heads: bool) -> String {
    let mut widths: Vec<usize> = heads
        .iter()
        .map(|h| if with_heads { h.width() } else { 0 })
        .collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width());
        }
    }
    let mut out = String::new();
    let mut line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut pad = 0;
        for (cell, width) in cells.zip(&widths) {
            out.extend(std::iter::repeat_n(' ', pad));
            out.push_str(cell);
            pad = width.saturating_sub(cell.width()) + 3;
        }
        out.push('\n');
    };
    if with_heads {
        line(&mut heads.iter().copied());
    }
    for row in rows {
        line(&mut row.iter().map(String::as_str));
    }
    out
}

/// Indented JSON with a line break at its end.
pub fn json(value: &Value) -> Result<String, CliError> {
    let text = serde_json::to_string_pretty(value);
    text.map(|t| t + "\n")
        .map_err(|e| CliError::Failed(format!("cannot write JSON: {e}")))
}

/// YAML with a line break at its end.
pub fn yaml(value: &Value) -> Result<String, CliError> {
    let text = serde_saphyr::to_string(value)
        .map_err(|e| CliError::Failed(format!("cannot write YAML: {e}")))?;
    Ok(if text.ends_with('\n') {
        text
    } else {
        text + "\n"
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = vec![
            vec!["a".to_owned(), "x".to_owned()],
            vec!["日本".to_owned(), "longer".to_owned()],
        ];
        assert_eq!(
            table(&["NAME", "B"], &rows, true),
            "NAME   B\na      x\n日本   longer\n"
        );
        assert_eq!(table(&["NAME", "B"], &rows[..1], false), "a   x\n");
    }
}

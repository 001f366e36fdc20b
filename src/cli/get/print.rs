//! Rows as text: what a row shows is made when its line is written and forgotten after it.

use std::io::{self, BufWriter, Write};

use serde::ser::{Serialize, Serializer};

use super::Asked;
use super::rows::{Row, View, heads};
use crate::cli::CliError;
use crate::cli::output::{self, Format};

/// Rows that are written one by one as the elements of an array.
struct Array<'a, 'm> {
    view: &'a View<'m>,
    rows: &'a [Row<'a>],
}

impl Serialize for Array<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.rows.iter().map(|row| row.json(self.view)))
    }
}

/// All rows, in the asked form.
pub(super) fn all(view: &View<'_>, rows: &[Row<'_>], args: &Asked) -> Result<(), CliError> {
    let mut out = BufWriter::new(io::stdout().lock());
    let array = Array { view, rows };
    match args.output {
        // A table of nothing has no head either: what there is to say goes to standard error.
        Format::Table | Format::Wide if rows.is_empty() => {}
        Format::Table | Format::Wide => {
            let wide = args.output == Format::Wide;
            let cells = rows.iter().map(|row| row.cells(view, wide));
            output::table(&mut out, &heads(args.resource, wide), true, cells)?;
        }
        Format::Json => output::json(&mut out, &array)?,
        Format::Yaml => output::yaml(&mut out, &array)?,
        Format::Name => {
            let kind = args.resource.singular();
            for row in rows {
                writeln!(out, "{kind}/{}", row.name())?;
            }
        }
    }
    out.flush()?;
    Ok(())
}

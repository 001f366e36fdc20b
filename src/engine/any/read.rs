//! A page of the server's Table, as `Accept::Table` tells it.

use serde_json::Value;

use crate::model::{Text, Uid};

/// A page.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Page {
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Vec<TableRow>,
    /// Leads to the next page.
    pub(crate) next: Option<String>,
    /// How many come behind this page, where the server counts them.
    pub(crate) left: Option<u64>,
}

/// A column as the server has it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Column {
    /// In capitals.
    pub(crate) title: Text,
    /// Numbers stand on the right.
    pub(crate) number: bool,
    /// Shown only where there is room.
    pub(crate) wide: bool,
}

/// A row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TableRow {
    pub(crate) cells: Box<[Box<str>]>,
    pub(crate) name: Text,
    pub(crate) namespace: Text,
    pub(crate) uid: Option<Uid>,
}

impl Page {
    /// Reads it. `namespaces`: rows say theirs, in a column of its own in front.
    pub(crate) fn read(value: &Value, namespaces: bool) -> Self {
        let list = |name: &str| value[name].as_array().into_iter().flatten();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let mut columns: Vec<Column> = list("columns")
            .map(|column| Column {
                title: text(&column["name"]).to_uppercase().into(),
                number: matches!(column["type"].as_str(), Some("integer" | "number")),
                wide: column["priority"].as_i64().unwrap_or(0) > 0,
            })
            .collect();
        if namespaces {
            let column = Column {
                title: "NAMESPACE".into(),
                number: false,
                wide: false,
            };
            columns.insert(0, column);
        }
        let rows = list("rows")
            .map(|row| {
                let namespace = text(&row["namespace"]);
                let cells = row["cells"].as_array().into_iter().flatten();
                let cells = cells.map(|cell| text(cell).into_boxed_str());
                let front = namespaces.then(|| namespace.clone().into_boxed_str());
                TableRow {
                    cells: front.into_iter().chain(cells).collect(),
                    name: text(&row["name"]).into(),
                    namespace: namespace.into(),
                    uid: row["uid"]
                        .as_str()
                        .filter(|uid| !uid.is_empty())
                        .map(Uid::from),
                }
            })
            .collect();
        Self {
            columns,
            rows,
            next: value["continue"]
                .as_str()
                .filter(|t| !t.is_empty())
                .map(str::to_owned),
            left: value["left"].as_u64(),
        }
    }
}

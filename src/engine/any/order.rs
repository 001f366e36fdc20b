//! Cells of a server's Table in an order that means something: numbers, ages and amounts by their size.

use std::cmp::Ordering;

use crate::model::quantity;

/// Smaller first; what is empty or unknown last, whichever way.
pub(crate) fn compare(a: &str, b: &str, down: bool) -> Ordering {
    match (blank(a), blank(b)) {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) => {
            let order = match (size(a), size(b)) {
                (Some(a), Some(b)) => a.cmp(&b),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => a.cmp(b),
            };
            if down { order.reverse() } else { order }
        }
    }
}

/// Whether a cell says that there is nothing.
pub(crate) fn blank(cell: &str) -> bool {
    matches!(cell, "" | "<none>" | "<unknown>" | "<unset>")
}

/// Thousandths of a number, an amount, or seconds of an age; of `3/5` and `2 (4m ago)` the first part.
fn size(cell: &str) -> Option<i64> {
    let first = cell.split(['/', ' ', ',']).next()?;
    if !first.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
        return None;
    }
    age(first).or_else(|| quantity::millis(first.trim_end_matches('%')))
}

/// `3d4h`, `12m`: in thousandths of a second.
fn age(text: &str) -> Option<i64> {
    let mut total: i64 = 0;
    let mut number: Option<i64> = None;
    for c in text.chars() {
        if let Some(digit) = c.to_digit(10) {
            number = Some(
                number
                    .unwrap_or(0)
                    .checked_mul(10)?
                    .checked_add(i64::from(digit))?,
            );
            continue;
        }
        let unit = match c {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            'y' => 365 * 86_400,
            _ => return None,
        };
        total = total.checked_add(number.take()?.checked_mul(unit)?)?;
    }
    // A number without a unit is no age.
    (number.is_none()).then_some(total.saturating_mul(1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_size_where_there_is_one() {
        let sorted = |cells: &[&'static str], down| {
            let mut cells = cells.to_vec();
            cells.sort_by(|a, b| compare(a, b, down));
            cells
        };
        assert_eq!(
            sorted(&["10", "9", "", "100"], false),
            ["9", "10", "100", ""]
        );
        assert_eq!(
            sorted(&["10", "9", "<none>", "100"], true),
            ["100", "10", "9", "<none>"]
        );
        assert_eq!(
            sorted(&["2d", "3h5m", "40s", "1y2d"], false),
            ["40s", "3h5m", "2d", "1y2d"]
        );
        assert_eq!(sorted(&["1Gi", "512Mi", "2"], false), ["2", "512Mi", "1Gi"]);
        assert_eq!(sorted(&["10/10", "2/3"], false), ["2/3", "10/10"]);
        assert_eq!(sorted(&["b", "a", "5"], false), ["5", "a", "b"]);
    }
}

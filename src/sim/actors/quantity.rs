//! Kubernetes quantities, as far as requests and capacities use them.

/// `250m`, `1.5`, `2` → millicores, rounded up.
pub(crate) fn milli(text: &str) -> i64 {
    let t = text.trim();
    match t.strip_suffix('m') {
        Some(n) => n.parse().unwrap_or(0),
        None => scaled(t, 1000),
    }
}

/// `512Mi`, `1G`, `1e9`, `128974848` → bytes, rounded up.
pub(crate) fn bytes(text: &str) -> i64 {
    const UNITS: [(&str, i64); 11] = [
        ("Ki", 1 << 10),
        ("Mi", 1 << 20),
        ("Gi", 1 << 30),
        ("Ti", 1 << 40),
        ("Pi", 1 << 50),
        ("k", 1_000),
        ("K", 1_000),
        ("M", 1_000_000),
        ("G", 1_000_000_000),
        ("T", 1_000_000_000_000),
        ("P", 1_000_000_000_000_000),
    ];
    let t = text.trim();
    if let Some(n) = t.strip_suffix('m') {
        return n.parse::<i64>().map_or(0, |n| n.saturating_add(999) / 1000);
    }
    for (unit, factor) in UNITS {
        if let Some(n) = t.strip_suffix(unit) {
            return scaled(n, factor);
        }
    }
    scaled(t, 1)
}

fn scaled(number: &str, factor: i64) -> i64 {
    if let Ok(n) = number.parse::<i64>() {
        return n.saturating_mul(factor);
    }
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "a fraction of a quantity needs no more than a double holds; `as` saturates"
    )]
    number
        .parse::<f64>()
        .map_or(0, |n| (n * factor as f64).ceil() as i64)
}

#[cfg(test)]
mod tests {
    use super::{bytes, milli};

    #[test]
    fn quantities() {
        for (text, want) in [("250m", 250), ("2", 2000), ("1.5", 1500), ("", 0), ("x", 0)] {
            assert_eq!(milli(text), want, "{text}");
        }
        for (text, want) in [
            ("512Mi", 536_870_912),
            ("1G", 1_000_000_000),
            ("1.5Gi", 1_610_612_736),
            ("1e3", 1000),
            ("1500m", 2),
            ("7", 7),
        ] {
            assert_eq!(bytes(text), want, "{text}");
        }
    }
}

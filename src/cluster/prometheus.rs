//! One number out of a page in the Prometheus text format.

/// The sum of all samples of a metric. `name` may end in label matchers, `queue_depth{queue="ci"}`: samples
/// have to carry each of these. `None`: there is no such sample, or none that is a number.
pub(crate) fn sum(page: &str, name: &str) -> Option<f64> {
    let (name, wanted) = match name.split_once('{') {
        Some((name, labels)) => (name, labels.trim_end_matches('}')),
        None => (name, ""),
    };
    let wanted: Vec<&str> = wanted
        .split(',')
        .map(str::trim)
        .filter(|l| !l.is_empty())
        .collect();
    let samples = page.lines().filter_map(|line| {
        let rest = line.trim_start().strip_prefix(name)?;
        let (labels, rest) = match rest.strip_prefix('{') {
            // A label's value may hold any character but an unescaped quote.
            Some(rest) => rest.split_at(end_of_labels(rest)?),
            None if rest.starts_with([' ', '\t']) => ("", rest),
            None => return None,
        };
        let has = |label: &&str| labels.split(',').any(|own| own.trim() == *label);
        if !wanted.iter().all(has) {
            return None;
        }
        let value = rest.trim_start_matches('}').split_whitespace().next()?;
        value.parse::<f64>().ok().filter(|value| value.is_finite())
    });
    samples.fold(None, |sum, value| Some(sum.unwrap_or(0.0) + value))
}

/// Where the closing brace stands.
fn end_of_labels(text: &str) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    text.char_indices().find_map(|(at, c)| {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '}' if !quoted => return Some(at),
            _ => {}
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_of_one_name() {
        let page = "# HELP queue_depth Jobs that wait.\n# TYPE queue_depth gauge\n\
            queue_depth{queue=\"ci\",shard=\"0\"} 60\n\
            queue_depth{queue=\"ci\",shard=\"}1\"} 4.0e1 1700000000\n\
            queue_depth{queue=\"deploy\"} 7\nqueue_depth_max 99\nbare 3\nbroken NaN\n";
        for (name, want) in [
            ("queue_depth", Some(107.0)),
            ("queue_depth{queue=\"ci\"}", Some(100.0)),
            ("queue_depth{queue=\"ci\", shard=\"0\"}", Some(60.0)),
            ("queue_depth{queue=\"none\"}", None),
            ("bare", Some(3.0)),
            ("broken", None),
            ("nothing", None),
        ] {
            assert_eq!(sum(page, name), want, "{name}");
        }
    }
}

//! The Overview: ranks with gauges, pools with a glyph for each node, ingresses, problems, jobs.

use ratatui::layout::Rect;

use super::painter::{Painter, after};
use super::{gauge, table};
use crate::engine::view::{ClusterHead, Line, Overview, PoolView, RankView, Span, Table, Tone};
use crate::layout::overview::{GAP, INDENT, PoolColumns, RankRegions, node_sums};
use crate::layout::text::{line_width, thousands, width};
use crate::layout::{List, OverviewRegions};

/// Paints it.
pub(super) fn draw(
    painter: &mut Painter<'_>,
    view: &Overview,
    jobs: Option<&Table>,
    parts: &OverviewRegions,
) {
    // Those of folded clusters have no place.
    let ranks = || {
        let clusters = view.clusters.iter().zip(&parts.clusters);
        clusters.flat_map(|(cluster, part)| cluster.ranks.iter().zip(&part.ranks))
    };
    let bar = [8, 5, 0]
        .into_iter()
        .find(|bar| {
            let mut ranks = ranks();
            ranks.all(|(rank, part)| rank_cells(rank, part, *bar) <= part.title.width)
        })
        .unwrap_or(0);
    let first = ranks()
        .filter_map(|(rank, _)| rank.facts.first())
        .map(|fact| line_width(fact))
        .max()
        .unwrap_or(0);
    let heads = || view.clusters.iter().filter_map(|c| c.head.as_ref());
    let name = heads().map(|head| width(&head.name)).max().unwrap_or(0);
    for (cluster, part) in view.clusters.iter().zip(&parts.clusters) {
        if let (Some(head), Some(row)) = (&cluster.head, part.head) {
            head_line(painter, head, part.ranks.is_empty(), name, row);
        }
        for (rank, part) in cluster.ranks.iter().zip(&part.ranks) {
            rank_line(painter, rank, part, bar, first);
            for (at, row) in part.pools.rows() {
                pool_line(painter, &rank.pools[at], &parts.pools, row);
            }
            rest(painter, &part.pools, INDENT, "pools");
        }
    }
    if let Some((row, more)) = parts.rest {
        let dim = painter.theme.tone(Tone::Dim);
        painter.text(after(row, INDENT), &format!("… {more} more clusters"), dim);
    }
    for (at, row) in parts.ingresses.rows() {
        painter.line(inset(row), &view.ingresses[at]);
    }
    rest(painter, &parts.ingresses, 1, "lines");
    if let Some(title) = parts.problems_title {
        painter.rule(title, &[Span::new("problems", Tone::Strong)], &[]);
    }
    for (at, row) in parts.problems.rows() {
        painter.line(inset(row), &view.problems[at]);
    }
    rest(painter, &parts.problems, 1, "problems");
    if let Some(part) = &parts.table {
        table::draw(painter, jobs, part);
    }
}

/// `- prod-eu  ● live  61/63 ready …`; `+`: its ranks are folded away.
fn head_line(painter: &mut Painter<'_>, head: &ClusterHead, folded: bool, name: u16, row: Rect) {
    let (mark, style) = match (head.selected, folded) {
        (true, _) => ("▸", painter.theme.mark),
        (false, true) => ("+", painter.theme.tone(Tone::Dim)),
        (false, false) => ("-", painter.theme.tone(Tone::Dim)),
    };
    painter.text(after(row, 1), mark, style);
    let name = name.min(row.width / 4);
    let strong = painter.theme.tone(Tone::Strong);
    painter.text(
        Rect {
            width: name,
            ..after(row, INDENT)
        },
        &head.name,
        strong,
    );
    let mut left = inset(after(row, INDENT + name));
    for (at, fact) in head.facts.iter().enumerate() {
        let wide = GAP + line_width(fact);
        // The first says how far the others can be trusted.
        if wide > left.width && at > 0 {
            break;
        }
        left = painter.line(after(left, if at == 0 { 1 } else { GAP }), fact);
    }
    if head.selected {
        let cursor = painter.theme.cursor;
        painter.tint(row, cursor);
    }
}

/// A cell of air on both sides.
fn inset(row: Rect) -> Rect {
    Rect {
        x: row.x + 1,
        width: row.width.saturating_sub(2),
        ..row
    }
}

/// `… 4 more pools`
pub(super) fn rest(painter: &mut Painter<'_>, list: &List, indent: u16, of: &str) {
    if let Some(row) = list.rest() {
        let text = format!("… {} more {of}", thousands(list.more));
        let dim = painter.theme.tone(Tone::Dim);
        painter.text(after(row, indent), &text, dim);
    }
}

fn rank_cells(rank: &RankView, part: &RankRegions, bar: u16) -> u16 {
    let title = 1 + width(&rank.title.text).max(part.name);
    let gauges = rank
        .gauges
        .iter()
        .map(|(label, _)| GAP + gauge::cells(label, bar));
    let facts = rank.facts.iter().map(|fact| GAP + line_width(fact));
    gauges
        .chain(facts)
        .fold(title + 1, |sum: u16, cells| sum.saturating_add(cells))
}

/// Title, first fact, gauges, then the facts that fit. First facts are as wide as the widest where that fits,
/// so that the gauges stand below each other.
fn rank_line(painter: &mut Painter<'_>, rank: &RankView, part: &RankRegions, bar: u16, first: u16) {
    let row = inset(part.title);
    let style = painter.theme.tone(rank.title.tone);
    painter.text(row, &rank.title.text, style);
    let mut left = after(row, width(&rank.title.text).max(part.name));
    let spare = part.title.width.saturating_sub(rank_cells(rank, part, bar));
    if let Some(fact) = rank.facts.first() {
        left = painter.line(after(left, GAP), fact);
        if part.name >= width(&rank.title.text) {
            left = after(left, first.saturating_sub(line_width(fact)).min(spare));
        }
    }
    let facts = rank.facts.iter().skip(1);
    let mut room = left
        .width
        .saturating_sub(facts.clone().fold(0, |sum: u16, fact| {
            sum.saturating_add(GAP + line_width(fact))
        }));
    for (label, value) in &rank.gauges {
        let cells = GAP + gauge::cells(label, bar);
        // What is counted weighs more than a gauge.
        if cells > room {
            break;
        }
        room -= cells;
        left = gauge::draw(painter, after(left, GAP), label, *value, bar);
    }
    for fact in facts {
        let wide = GAP + line_width(fact);
        if wide > left.width {
            return;
        }
        left = painter.line(after(left, GAP), fact);
    }
}

fn pool_line(painter: &mut Painter<'_>, pool: &PoolView, columns: &PoolColumns, row: Rect) {
    if pool.selected {
        let accent = painter.theme.mark;
        painter.text(after(row, 1), "▸", accent);
    }
    let tone = if pool.selected {
        Tone::Strong
    } else {
        Tone::Plain
    };
    let name = Rect {
        width: columns.name.min(row.width.saturating_sub(INDENT)),
        ..after(row, INDENT)
    };
    let style = painter.theme.tone(tone);
    painter.text(name, &pool.name, style);
    let nodes = Rect {
        width: columns.nodes,
        ..after(row, INDENT + columns.name + GAP)
    }
    .intersection(row);
    painter.line(nodes, &glyphs(&pool.nodes, columns.nodes));
    let mut left = after(row, INDENT + columns.name + GAP + columns.nodes);
    if columns.facts.is_empty()
        && let Some(fact) = pool.facts.first()
    {
        painter.line(after(left, GAP), fact);
    }
    for (fact, wide) in pool.facts.iter().zip(&columns.facts) {
        left = after(left, GAP);
        painter.line(
            Rect {
                width: *wide,
                ..left
            }
            .intersection(left),
            fact,
        );
        left = after(left, *wide);
    }
    if pool.selected {
        let cursor = painter.theme.cursor;
        painter.tint(row, cursor);
    }
}

/// One glyph a node, or, when there are more nodes than cells, how many nodes have each.
fn glyphs(nodes: &[(char, Tone)], room: u16) -> Line {
    if nodes.len() <= usize::from(room) {
        let mut line = Line::new();
        for (glyph, tone) in nodes {
            match line.last_mut() {
                Some(last) if last.tone == *tone => last.text.to_mut().push(*glyph),
                _ => line.push(Span::new(glyph.to_string(), *tone)),
            }
        }
        return line;
    }
    node_sums(nodes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_nodes_are_counted_the_broken_first() {
        let mut nodes = vec![('■', Tone::Good); 1200];
        nodes[7] = ('✕', Tone::Bad);
        nodes[9] = ('▲', Tone::Warn);
        let text: String = glyphs(&nodes, 40).iter().map(|s| s.text.clone()).collect();
        assert_eq!(text, "✕ 1 ▲ 1 ■ 1,198");
        let text: String = glyphs(&nodes[5..11], 40)
            .iter()
            .map(|s| s.text.clone())
            .collect();
        assert_eq!(text, "■■✕■▲■");
    }
}

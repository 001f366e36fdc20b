//! The Overview: ranks with their pools, ingresses, problems, and the job table in the rest.

use ratatui::layout::Rect;

use super::list::{List, share};
use super::table::{self, TableRegions};
use super::text::{line_width, thousands, width};
use crate::engine::view::{Hit, Line, Overview, PoolView, Span, Table, Tone};

/// The Overview's parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OverviewRegions {
    /// One for each rank.
    pub ranks: Vec<RankRegions>,
    /// How the pool lines are divided, the same for all.
    pub pools: PoolColumns,
    /// Ingress lines.
    pub ingresses: List,
    /// The rule above the problems; `None` when there is none.
    pub problems_title: Option<Rect>,
    /// Problem lines.
    pub problems: List,
    /// The jobs.
    pub table: Option<TableRegions>,
}

/// A rank's parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RankRegions {
    /// Title, gauges and facts.
    pub title: Rect,
    /// Cells for the title, the same for all ranks that are not much longer.
    pub name: u16,
    /// Pool lines.
    pub pools: List,
}

/// How a pool line is divided: name, nodes, then facts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PoolColumns {
    /// Cells for the name.
    pub name: u16,
    /// Cells for the nodes.
    pub nodes: u16,
    /// Cells for each fact, as far as they fit.
    pub facts: Vec<u16>,
}

/// Cells left of a pool's name.
pub const INDENT: u16 = 3;
/// Cells between the parts of a pool line.
pub const GAP: u16 = 2;

/// Divides `area`.
pub(super) fn arrange(
    view: &Overview,
    jobs: Option<&Table>,
    area: Rect,
    hits: &mut Vec<(Rect, Hit)>,
) -> OverviewRegions {
    let counts: [usize; 3] =
        std::array::from_fn(|at| view.ranks.get(at).map_or(0, |rank| rank.pools.len()));
    let [a, b, c] = counts.map(rows);
    let titles = rows(view.ranks.len());
    let problems = rows(view.problems.len());
    let budget = area
        .height
        .saturating_sub(titles)
        .saturating_sub(if jobs.is_some() { least_table(area) } else { 0 });
    // The job nodes' pools first: they are what the console is for.
    let [c, ingresses, problems, b, a] = share(
        budget,
        [
            (2, c),
            (1, rows(view.ingresses.len())),
            (3, if problems > 0 { problems + 1 } else { 0 }),
            (1, b),
            (1, a),
        ],
    );
    let mut left = area;
    let mut take = |height: u16| {
        let taken = Rect {
            height: height.min(left.height),
            ..left
        };
        left = super::below(left, height);
        taken
    };
    let name = view
        .ranks
        .iter()
        .map(|rank| width(&rank.title.text))
        .filter(|wide| *wide <= 12)
        .max()
        .unwrap_or(0);
    let mut ranks = Vec::with_capacity(view.ranks.len());
    for (rank, height) in view.ranks.iter().zip([a, b, c]) {
        let title = take(1);
        let selected = rank.pools.iter().position(|pool| pool.selected);
        let pools = List::new(take(height), rank.pools.len(), selected);
        hits.extend(
            pools
                .rows()
                .map(|(at, row)| (row, Hit::Row(rank.pools[at].id.clone()))),
        );
        ranks.push(RankRegions { title, name, pools });
    }
    let ingresses = List::new(take(ingresses), view.ingresses.len(), None);
    let problems_title = (problems > 0).then(|| take(1));
    let problems = List::new(take(problems.saturating_sub(1)), view.problems.len(), None);
    let table = jobs.map(|jobs| table::arrange(Some(jobs), left, hits));
    OverviewRegions {
        ranks,
        pools: pool_columns(view, area.width),
        ingresses,
        problems_title,
        problems,
        table,
    }
}

/// Rows that the job table keeps whatever the rest wants: title, head, and a third of the body.
fn least_table(area: Rect) -> u16 {
    2 + (area.height / 3).clamp(1, 16)
}

fn rows(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX - 1)
}

fn pool_columns(view: &Overview, room: u16) -> PoolColumns {
    let pools = || view.ranks.iter().flat_map(|rank| &rank.pools);
    let longest = |of: &dyn Fn(&PoolView) -> u16| pools().map(of).max().unwrap_or(0);
    let name = longest(&|pool| width(&pool.name)).min(room / 4);
    let wanted: Vec<u16> = (0..longest(&|pool| rows(pool.facts.len())))
        .map(|at| {
            longest(&|pool| {
                let fact = pool.facts.get(usize::from(at));
                fact.map_or(0, |fact| line_width(fact))
            })
        })
        .collect();
    let facts = |nodes: u16| -> Vec<u16> {
        let mut used = INDENT + name + GAP + nodes;
        let fits = |wide: &&u16| {
            used = used.saturating_add(GAP).saturating_add(**wide);
            used < room
        };
        wanted.iter().take_while(fits).copied().collect()
    };
    // One cell a node where the weightiest facts still have room, else a sum.
    let each = longest(&|pool| rows(pool.nodes.len()));
    let sums = longest(&|pool| line_width(&node_sums(&pool.nodes)));
    let nodes = if each <= sums || (each < room && facts(each).len() >= wanted.len().min(2)) {
        each
    } else {
        sums.min(room / 2)
    };
    PoolColumns {
        name,
        nodes,
        facts: facts(nodes),
    }
}

/// How many nodes have each glyph, the broken first.
pub fn node_sums(nodes: &[(char, Tone)]) -> Line {
    let mut counts: Vec<((char, Tone), usize)> = Vec::new();
    for node in nodes {
        match counts.iter_mut().find(|(known, _)| known == node) {
            Some((_, count)) => *count += 1,
            None => counts.push((*node, 1)),
        }
    }
    counts.sort_by_key(|((_, tone), _)| match tone {
        Tone::Bad => 0,
        Tone::Warn => 1,
        Tone::Busy => 2,
        Tone::Good | Tone::Plain | Tone::Dim | Tone::Strong | Tone::Accent => 3,
    });
    let mut line = Line::new();
    for ((glyph, tone), count) in counts {
        if !line.is_empty() {
            line.push(Span::new(" ", Tone::Plain));
        }
        line.push(Span::new(format!("{glyph} {}", thousands(count)), tone));
    }
    line
}

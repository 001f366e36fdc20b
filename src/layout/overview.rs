//! The Overview: ranks with their pools, ingresses, problems, and the job table in the rest.

use ratatui::layout::Rect;

use super::list::{List, share_out};
use super::table::{self, TableRegions};
use super::text::{line_width, thousands, width};
use crate::engine::view::{
    ClusterView, Hit, Line, Overview, PoolView, RankView, Span, Table, Tone,
};

/// The Overview's parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OverviewRegions {
    /// One for each cluster.
    pub clusters: Vec<ClusterRegions>,
    /// Clusters whose lines have no room: where it is said how many they are, and how many.
    pub rest: Option<(Rect, usize)>,
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

/// A cluster's parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClusterRegions {
    /// Its own line, where there are several.
    pub head: Option<Rect>,
    /// One for each rank, or none: it is folded.
    pub ranks: Vec<RankRegions>,
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
    let problems = rows(view.problems.len());
    let room = area
        .height
        .saturating_sub(if jobs.is_some() { least_table(area) } else { 0 });
    let (shown, rest) = lines_shown(view, room);
    let unfolded = unfolded(view, &shown, room);
    let ranks_of = |at: usize| -> &[RankView] {
        if unfolded.contains(&at) {
            &view.clusters[at].ranks
        } else {
            &[]
        }
    };
    let titles: u16 = shown
        .clone()
        .map(|at| u16::from(view.clusters[at].head.is_some()) + rows(ranks_of(at).len()))
        .sum();
    let budget = room
        .saturating_sub(titles)
        .saturating_sub(u16::from(rest > 0));
    // The job nodes' pools first: they are what the console is for.
    let last = |at: usize| Some((at, ranks_of(at).len().checked_sub(1)?));
    let jobs_ranks = shown.clone().filter_map(last);
    let others = shown.clone().flat_map(|at| {
        let below = ranks_of(at).len().saturating_sub(1);
        (0..below).rev().map(move |rank| (at, rank))
    });
    let count = jobs_ranks.clone().count();
    let of: Vec<(usize, usize)> = jobs_ranks.chain(others).collect();
    let want = |(at, rank): &(usize, usize)| rows(ranks_of(*at)[*rank].pools.len());
    let mut wants: Vec<(u16, u16)> = of[..count].iter().map(|of| (2, want(of))).collect();
    wants.push((1, rows(view.ingresses.len())));
    wants.push((3, if problems > 0 { problems + 1 } else { 0 }));
    wants.extend(of[count..].iter().map(|of| (1, want(of))));
    let mut heights = vec![0; wants.len()];
    share_out(budget, &wants, &mut heights);
    let problems = heights.remove(count + 1);
    let ingresses = heights.remove(count);
    let height = |at: usize, rank: usize| {
        let found = of.iter().position(|of| *of == (at, rank));
        found.map_or(0, |found| heights[found])
    };
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
        .clusters
        .iter()
        .flat_map(|cluster| &cluster.ranks)
        .map(|rank| width(&rank.title.text))
        .filter(|wide| *wide <= 12)
        .max()
        .unwrap_or(0);
    let mut clusters = vec![ClusterRegions::default(); view.clusters.len()];
    for at in shown.clone() {
        let head = view.clusters[at].head.as_ref().map(|head| {
            let row = take(1);
            hits.push((row, Hit::Row(head.id.clone())));
            row
        });
        let mut ranks = Vec::new();
        for (number, rank) in ranks_of(at).iter().enumerate() {
            let title = take(1);
            let selected = rank.pools.iter().position(|pool| pool.selected);
            let pools = List::new(take(height(at, number)), rank.pools.len(), selected);
            hits.extend(
                pools
                    .rows()
                    .map(|(at, row)| (row, Hit::Row(rank.pools[at].id.clone()))),
            );
            ranks.push(RankRegions { title, name, pools });
        }
        clusters[at] = ClusterRegions { head, ranks };
    }
    let rest = (rest > 0).then(|| (take(1), rest));
    let ingresses = List::new(take(ingresses), view.ingresses.len(), None);
    let problems_title = (problems > 0).then(|| take(1));
    let problems = List::new(take(problems.saturating_sub(1)), view.problems.len(), None);
    let table = jobs.map(|jobs| table::arrange(Some(jobs), left, hits));
    OverviewRegions {
        clusters,
        rest,
        pools: pool_columns(view, area.width),
        ingresses,
        problems_title,
        problems,
        table,
    }
}

/// Which clusters have their line, the open one among them, and how many have not.
fn lines_shown(view: &Overview, room: u16) -> (std::ops::Range<usize>, usize) {
    let count = view.clusters.len();
    let open = open(view);
    // The ranks of the open one with two pools, and a line that says how many are not shown.
    let kept = view.clusters.get(open).map_or(0, |c| c.ranks.len()) + 3;
    let most = usize::from(room).saturating_sub(kept).max(1);
    if count <= most + 1 {
        return (0..count, 0);
    }
    let first = (open + 1).saturating_sub(most).min(count - most);
    (first..first + most, count - most)
}

/// The clusters whose ranks are shown: all where they fit, else the open one.
fn unfolded(view: &Overview, shown: &std::ops::Range<usize>, room: u16) -> Vec<usize> {
    let whole = |cluster: &ClusterView| {
        let pools: usize = cluster.ranks.iter().map(|rank| rank.pools.len()).sum();
        usize::from(cluster.head.is_some()) + cluster.ranks.len() + pools
    };
    let wanted: usize = view.clusters[shown.clone()].iter().map(whole).sum();
    let below = view.ingresses.len().min(3) + view.problems.len().min(3);
    if view.clusters.len() < 2 || wanted + below <= usize::from(room) {
        shown.clone().collect()
    } else {
        vec![open(view)]
    }
}

fn open(view: &Overview) -> usize {
    let head = |cluster: &ClusterView| cluster.head.as_ref().is_some_and(|head| head.open);
    view.clusters.iter().position(head).unwrap_or(0)
}

/// Rows that the job table keeps whatever the rest wants: title, head, and a third of the body.
fn least_table(area: Rect) -> u16 {
    2 + (area.height / 3).clamp(1, 16)
}

fn rows(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX - 1)
}

fn pool_columns(view: &Overview, room: u16) -> PoolColumns {
    let ranks = || view.clusters.iter().flat_map(|cluster| &cluster.ranks);
    let pools = || ranks().flat_map(|rank| &rank.pools);
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

//! The Overview: ranks, pools, ingresses, problems. What is unknown is left out or `?`, never 0.

use chrono::{DateTime, Utc};

use super::Engine;
use super::cluster::Cluster;
use super::event::Now;
use super::nav::with_line;
use super::screen::{Part, Screen};
use super::table::{LONG_WAIT, backend, row_name};
use super::text::{age, count, plural, seconds, shares};
use super::view::{self, ClusterView, Line, PoolView, RankView, RowId, Span, Tone};
use crate::model::leaving::leaving;
use crate::model::pool::coming;
use crate::model::{
    ClusterNo, ControlPlane, Health, Node, NodeCounts, Place, Pool, PoolSource, Rank, RankTotals,
    Text, Truth, Uid,
};

/// Broken routes that have a line each.
const BROKEN_SHOWN: usize = 5;

fn plain(text: impl Into<String>) -> Span {
    Span::new(text.into(), Tone::Plain)
}

fn dim(text: impl Into<String>) -> Span {
    Span::new(text.into(), Tone::Dim)
}

impl Engine {
    pub(super) fn overview_view(&self, now: Now) -> view::Overview {
        let selected = self.selected_pool();
        let open = self.open_cluster();
        let of = |cluster: &Cluster| {
            let here = selected.as_ref().filter(|(no, _)| *no == cluster.no);
            let looks = Looks {
                now: cluster.time(now.wall),
                narrowed: self.namespace.is_some(),
                selected: here.and_then(|(_, pool)| pool.as_ref()),
            };
            let head = self.cluster_head(cluster, now, selected.as_ref(), open == Some(cluster.no));
            let known = head.is_none() || cluster.is_known();
            ClusterView {
                head,
                ranks: if known {
                    cluster.ranks(&looks)
                } else {
                    Vec::new()
                },
            }
        };
        view::Overview {
            clusters: self.clusters.shown().map(of).collect(),
            ingresses: self.ingress_lines(now),
            problems: self.problems(now),
        }
    }

    fn selected_pool(&self) -> Option<(ClusterNo, Option<Text>)> {
        match self.screens.top() {
            Screen::Overview(overview) if overview.part == Part::Pools => self.current_pool(),
            _ => None,
        }
    }

    /// The cluster that the cursor is in, or was last.
    pub(super) fn open_cluster(&self) -> Option<ClusterNo> {
        let Screen::Overview(overview) = self.screens.top() else {
            return None;
        };
        let known = |no: &ClusterNo| self.clusters.shown().any(|c| c.no == *no);
        let last = overview.pool.as_ref().map(|(no, _)| *no).filter(known);
        last.or_else(|| Some(self.clusters.home().no))
    }

    fn ingress_lines(&self, now: Now) -> Vec<Line> {
        let mut lines = Vec::new();
        let (mut broken, mut well, mut unknown) = (0, 0, 0);
        for cluster in self.clusters.shown() {
            let routes = cluster.routes(self.namespace.as_ref());
            broken += routes.broken.len();
            well += routes.well;
            unknown += routes.unknown;
            let room = BROKEN_SHOWN - lines.len();
            let at = cluster.time(now.wall);
            let few = routes.broken.iter().take(room);
            let of = few.filter_map(|(uid, route)| cluster.broken_line(uid, *route, at));
            lines.extend(of.map(|mut line| {
                if self.clusters.mixed() {
                    line.insert(0, Span::new(format!("{}  ", cluster.context), Tone::Strong));
                }
                line
            }));
        }
        if broken > BROKEN_SHOWN {
            let more = plural((broken - BROKEN_SHOWN) as u64, "more route");
            lines.push(vec![Span::new(format!("✕ {more} broken"), Tone::Bad)]);
        }
        if well + unknown > 0 {
            let mut line: Line = Vec::new();
            if well > 0 {
                let other = if broken > 0 { "other route" } else { "route" };
                line.push(Span::new(
                    format!("✓ {} well", plural(well as u64, other)),
                    Tone::Good,
                ));
            }
            if unknown > 0 {
                let gap = if well > 0 { "  " } else { "" };
                line.push(dim(format!(
                    "{gap}? {} cannot be told",
                    plural(unknown as u64, "route")
                )));
            }
            line.insert(0, dim("INGRESS "));
            lines.push(line);
        }
        lines
    }
}

/// How a cluster's ranks are looked at.
struct Looks<'a> {
    /// The cluster's time.
    now: DateTime<Utc>,
    /// Only the pods of one namespace are known.
    narrowed: bool,
    /// The pool under the cursor, if it is one of this cluster.
    selected: Option<&'a Text>,
}

impl Cluster {
    fn broken_line(&self, ingress: &Uid, route: usize, now: DateTime<Utc>) -> Option<Line> {
        let health = self.model.routes_health(ingress).get(route)?;
        let route = self.model.ingress(ingress)?.routes.get(route)?;
        let Health::Broken(why) = &health.health else {
            return None;
        };
        let host = if route.host.is_empty() {
            "*"
        } else {
            &*route.host
        };
        Some(vec![
            Span::new("✕ INGRESS ", Tone::Bad),
            plain(format!(
                "{host}{} → {}",
                route.path,
                broken_words(&backend(route), why)
            )),
            dim(format!(" ({})", age(health.since, now))),
        ])
    }

    fn ranks(&self, looks: &Looks<'_>) -> Vec<RankView> {
        let totals = self.model.ranks(self.pools());
        if let Some(node) = self.model.single_node()
            && let Some(totals) = totals.iter().find(|t| t.nodes.is_some_and(|n| n.total > 0))
        {
            return vec![self.one_node(node, totals, looks)];
        }
        Rank::ALL
            .into_iter()
            .map(|rank| match totals.iter().find(|t| t.rank == rank) {
                Some(totals) => self.rank_view(totals, looks),
                None => self.missing_rank(rank),
            })
            .collect()
    }

    fn rank_view(&self, totals: &RankTotals, looks: &Looks<'_>) -> RankView {
        let now = looks.now;
        let mut facts: Vec<Line> = Vec::new();
        match totals.nodes {
            Some(nodes) => facts.push(node_counts(nodes)),
            None => facts.push(vec![Span::new("nodes not visible", Tone::Warn)]),
        }
        if totals.rank == Rank::Peasants || totals.jobs.running > 0 || totals.jobs.waiting > 0 {
            facts.push(running(totals.jobs.running));
            facts.push(waiting(totals.jobs.waiting, totals.oldest, now));
        }
        for any in &totals.any {
            if let Place::AnyOf(pools) = &any.place {
                facts.push(vec![plain(format!(
                    "{} wait for any of {}",
                    any.count,
                    pools.join(", ")
                ))]);
            }
        }
        let pools = self.pools();
        let lines = with_line(pools).filter(|p| p.rank == totals.rank);
        let pools: Vec<&Pool> = pools.iter().filter(|p| p.rank == totals.rank).collect();
        if let [only] = pools[..]
            && totals.rank != Rank::Peasants
        {
            facts.extend(mixture(only));
        }
        facts.extend(self.used_of(pools.iter().map(|pool| &pool.name)));
        if totals.rank == Rank::Patricians {
            facts.extend(self.queue.fact(now));
        }
        RankView {
            title: title(totals.rank),
            facts,
            gauges: gauges(totals, looks),
            pools: lines
                .map(|pool| {
                    let jobs = totals.rank == Rank::Peasants;
                    let mut facts = pool_facts(pool, jobs, looks);
                    let coming = self.arrivals.of(&pool.name, &self.model, now);
                    let at = facts.len().min(2);
                    facts.splice(at..at, coming.facts(now));
                    facts.extend(self.used_of(std::iter::once(&pool.name)));
                    facts.extend(mixture(pool));
                    // The rank's line has the sum already, so that this goes first where room is short.
                    if jobs {
                        facts.push(running(pool.jobs.running));
                    }
                    self.pool_view(pool, facts, looks)
                })
                .collect(),
        }
    }

    /// A laptop's cluster: ranks mean nothing where one node is all three.
    fn one_node(&self, node: &Node, totals: &RankTotals, looks: &Looks<'_>) -> RankView {
        let pools = self.pools();
        let services = pools.iter().map(|p| p.services).sum::<u32>();
        let plane = crate::model::rank::control_plane(node).is_some();
        let beside = if plane { "control plane, " } else { "" };
        let what = format!("{beside}{}", plural(services.into(), "service"));
        RankView {
            title: Span::new(format!("ONE NODE {}", node.meta.name), Tone::Strong),
            facts: vec![
                totals.nodes.map(node_counts).unwrap_or_default(),
                running(pools.iter().map(|p| p.jobs.running).sum()),
                vec![plain(what)],
            ]
            .into_iter()
            .chain(self.queue.fact(looks.now))
            .chain(self.used_of(pools.iter().map(|pool| &pool.name)))
            .collect(),
            gauges: gauges(totals, looks),
            pools: with_line(pools)
                .map(|pool| self.pool_view(pool, pool_facts(pool, true, looks), looks))
                .collect(),
        }
    }

    fn pool_view(&self, pool: &Pool, facts: Vec<Line>, looks: &Looks<'_>) -> PoolView {
        PoolView {
            id: pool_id(&(self.no, Some(pool.name.clone()))),
            name: pool.name.clone(),
            selected: looks.selected == Some(&pool.name),
            nodes: self.sums.borrow().glyphs(&pool.name).to_vec(),
            facts,
        }
    }

    fn missing_rank(&self, rank: Rank) -> RankView {
        let visible = !self.standing.controllers.is_empty();
        let text = match (rank, self.model.control_plane_if(visible)) {
            (Rank::Controllers, ControlPlane::ByProvider) => "run by the provider, not visible",
            (_, ControlPlane::Unknown) if !self.model.nodes_visible() => "nodes not visible",
            (_, ControlPlane::Unknown) => "not known yet",
            (_, ControlPlane::Visible | ControlPlane::ByProvider) => "none",
        };
        RankView {
            title: title(rank),
            facts: vec![vec![dim(text)]],
            gauges: Vec::new(),
            pools: Vec::new(),
        }
    }
}

/// With a namespace's pods alone, what all pods ask for is not known.
fn gauges(totals: &RankTotals, looks: &Looks<'_>) -> Vec<(&'static str, Option<f64>)> {
    let whole = totals.allocatable.filter(|_| !looks.narrowed);
    let (cpu, memory) = whole.map_or((None, None), |whole| shares(totals.requested, whole));
    vec![("cpu", cpu), ("mem", memory)]
}

/// What a pool's line, or a cluster's, is clicked by.
pub(super) fn pool_id((no, pool): &(ClusterNo, Option<Text>)) -> RowId {
    match pool {
        Some(pool) => row_name(*no, pool),
        // No pool has such a name.
        None => RowId::Name(format!("/{}", no.0).into()),
    }
}

/// `jobs`: its nodes are there for jobs.
fn pool_facts(pool: &Pool, jobs: bool, looks: &Looks<'_>) -> Vec<Line> {
    let mut facts: Vec<Line> = Vec::new();
    match pool.source {
        PoolSource::Asked(_) => facts.push(vec![Span::new("no node yet", Tone::Warn)]),
        PoolSource::NodesNotVisible => {
            facts.push(vec![Span::new("nodes not visible", Tone::Warn)]);
        }
        PoolSource::Label(_)
        | PoolSource::Role
        | PoolSource::InstanceType
        | PoolSource::Nothing => {}
    }
    if jobs {
        match pool.slots.filter(|_| !looks.narrowed) {
            Some(slots) => {
                let tone = if slots.free == 0 {
                    Tone::Warn
                } else {
                    Tone::Plain
                };
                let free = u64::try_from(slots.free).unwrap_or(0);
                let total = u64::try_from(slots.total).unwrap_or(0);
                facts.push(vec![
                    dim("free "),
                    Span::new(count(free), tone),
                    dim(format!(" of {}", count(total))),
                ]);
            }
            None => facts.push(vec![dim("free ?")]),
        }
        facts.push(waiting(pool.jobs.waiting, pool.oldest, looks.now));
    }
    if let Some(start) = pool.start {
        facts.push(vec![
            dim("start p50 "),
            plain(seconds(start.p50)),
            dim(" p95 "),
            plain(seconds(start.p95)),
        ]);
    }
    facts.extend(failures(pool));
    facts
}

fn title(rank: Rank) -> Span {
    let text = match rank {
        Rank::Controllers => "CONTROLLERS",
        Rank::Patricians => "PATRICIANS",
        Rank::Peasants => "PEASANTS (job nodes)",
    };
    Span::new(text, Tone::Strong)
}

pub(super) fn node_counts(nodes: NodeCounts) -> Line {
    let tone = if nodes.ready == nodes.total {
        Tone::Good
    } else {
        Tone::Bad
    };
    let mut line = vec![Span::new(
        format!("{}/{} ready", nodes.ready, nodes.total),
        tone,
    )];
    if nodes.cordoned > 0 {
        line.push(Span::new(
            format!(", {} cordoned", nodes.cordoned),
            Tone::Warn,
        ));
    }
    if nodes.coming > 0 {
        line.push(Span::new(format!(", {} coming", nodes.coming), Tone::Busy));
    }
    line
}

fn running(jobs: u32) -> Line {
    vec![dim("running "), plain(count(jobs.into()))]
}

pub(super) fn waiting(jobs: u32, oldest: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Line {
    let mut line = vec![dim("waiting "), plain(count(jobs.into()))];
    if let Some(oldest) = oldest {
        let tone = if now - oldest >= LONG_WAIT {
            Tone::Warn
        } else {
            Tone::Plain
        };
        line.push(dim(" oldest "));
        line.push(Span::new(age(oldest, now), tone));
    }
    line
}

/// Failures of the last hour in one figure; nothing while no job has ended.
fn failures(pool: &Pool) -> Option<Line> {
    let failed = pool.ends.failed + pool.ends.lost;
    let ended = pool.ends.finished + pool.ends.lost;
    if ended == 0 {
        return None;
    }
    let tenths = u64::from(failed) * 1_000 / u64::from(ended);
    let share = if tenths < 100 && tenths % 10 != 0 {
        format!("{}.{}%", tenths / 10, tenths % 10)
    } else {
        format!("{}%", tenths / 10)
    };
    let tone = if tenths >= 250 {
        Tone::Warn
    } else {
        Tone::Plain
    };
    Some(vec![
        dim("failed "),
        Span::new(share, tone),
        dim(format!(" of {}", count(ended.into()))),
    ])
}

/// Why nothing answers; the judge may have named the backend already.
fn broken_words(backend: &str, why: &str) -> String {
    if why.contains(backend) {
        why.to_owned()
    } else {
        format!("{backend}: {why}")
    }
}

fn mixture(pool: &Pool) -> Option<Line> {
    pool.mixture()
        .map(|text| vec![Span::new(format!("mixed: {text}"), Tone::Warn)])
}

/// `■` ready, `▲` under pressure, `⇥` leaving, `⊘` cordoned, `◌` coming, `✕` not ready.
pub(super) fn glyph(node: &Node, now: DateTime<Utc>) -> (char, Tone) {
    let pressed = node
        .conditions
        .iter()
        .any(|c| c.kind.ends_with("Pressure") && c.status == Truth::True);
    if coming(node, now) {
        ('◌', Tone::Busy)
    } else if !node.is_ready() {
        ('✕', Tone::Bad)
    } else if leaving(node).is_some_and(|sign| sign.sure) {
        ('⇥', Tone::Warn)
    } else if node.unschedulable {
        ('⊘', Tone::Warn)
    } else if pressed {
        ('▲', Tone::Warn)
    } else {
        ('■', Tone::Good)
    }
}

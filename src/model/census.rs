//! How much of what the model holds: for tests of what must stay bounded, and for figures.

use super::store::Model;
use super::table::Table;

impl Model {
    /// Names and numbers of entries of everything that can grow. `… room`: entries that there is room for.
    pub fn census(&self) -> Vec<(&'static str, usize)> {
        let [attempts, retired, jobs_room] = self.jobs.census();
        let [constraints, waiting_room] = self.waiting.census();
        let work = &self.work;
        vec![
            ("nodes", self.nodes.len()),
            ("nodes room", self.nodes.capacity()),
            ("pods", self.pods.len()),
            ("pods room", self.pods.capacity()),
            ("ingresses room", self.ingresses.capacity()),
            ("services room", self.services.capacity()),
            ("endpointslices room", self.slices.capacity()),
            ("batch jobs", self.batch_jobs.len()),
            ("batch jobs room", self.batch_jobs.capacity()),
            (
                "workloads room",
                self.workloads.values().map(Table::capacity).sum(),
            ),
            ("cron jobs room", self.cron_jobs.capacity()),
            ("budgets room", self.budgets.capacity()),
            ("autoscalers room", self.autoscalers.capacity()),
            ("offspring", self.offspring.len()),
            ("events room", self.events.capacity()),
            ("warnings room", self.warnings.capacity()),
            ("figures", self.usages.capacity()),
            ("jobs", self.jobs.len()),
            ("attempts", attempts),
            ("ended jobs without a pod", retired),
            ("jobs room", jobs_room),
            ("owners", self.kin.owners()),
            ("kin room", self.kin.capacity()),
            ("nodes with sums", self.sums.len()),
            (
                "shapes",
                self.sums.values().map(|s| s.shapes.capacity()).sum(),
            ),
            ("waiting", self.waiting.len()),
            ("constraints", constraints),
            ("waiting room", waiting_room),
            ("services with slices", self.by_service.len()),
            ("health", self.health.len()),
            ("nodes with a pool", self.pool_of.len()),
            ("nodes with a guessed pool", self.guessed.len()),
            ("ranks", self.ranks.len()),
            ("last requests", self.last_request.len()),
            ("windows", self.windows.values().map(|w| w.len()).sum()),
            (
                "unsettled",
                work.batches.len()
                    + work.routes.len()
                    + work.told.capacity()
                    + work.late.capacity()
                    + work.job_changes.capacity(),
            ),
        ]
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use chrono::TimeDelta;

    use crate::model::testing::*;
    use crate::model::{Changes, Delta, KEPT_JOBS, Kind, Model, Pod, PodPhase, RankRules};

    /// One of many job pods. Every fifth is a batch Job's, every third job has a second attempt.
    fn made(n: usize, phase: PodPhase, node: bool) -> Pod {
        let mut pod = pod(&format!("ci-{}/p{n}", n % 3), "");
        pod.phase = phase;
        pod.node = node.then(|| format!("n{}", n % 40).into());
        pod.started = node.then(|| at(i64::try_from(n / 4 + n % 90).unwrap_or(0)).into());
        pod.meta.created = at(i64::try_from(n / 4).unwrap_or(0));
        if n.is_multiple_of(5) {
            pod.meta.owner = owner("Job", &format!("j{n}"));
        } else {
            let id = if n % 3 == 1 { n - 1 } else { n };
            pod.meta.labels = labels(&format!("job={id} attempt={}", 1 + n % 3));
            pod.meta.owner = owner("Worker", &format!("w{}", n % 7));
        }
        spec(&mut pod).requests.cpu = i64::try_from(n % 4).unwrap_or(0) * 500;
        if !node {
            spec(&mut pod).node_selector = pairs(&format!("zone=z{}", n / 1000));
        }
        pod
    }

    fn apply(m: &mut Model, n: usize, kind: Kind, delta: Delta) -> Changes {
        let now = at(0) + TimeDelta::milliseconds(250 * i64::try_from(n).unwrap_or(0));
        m.apply(now, watch(kind, [delta]), &Plain)
    }

    #[test]
    fn what_comes_and_goes_leaves_nothing() {
        const ALIVE: usize = 300;
        let mut m = Model::new(RankRules::default());
        let nodes = (0..40).map(|n| put_node(node(&format!("n{n}"), "agentpool=runners")));
        m.apply(at(0), list(Kind::Node, nodes), &Plain);
        m.apply(at(0), list(Kind::Pod, []), &Plain);
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        for n in 0_usize..40_000 {
            let steps = [
                (n, Some((PodPhase::Pending, false))),
                (n.wrapping_sub(20), Some((PodPhase::Running, true))),
                (n.wrapping_sub(200), Some((PodPhase::Succeeded, true))),
                (n.wrapping_sub(ALIVE), None),
            ];
            for (which, state) in steps {
                let delta = match state {
                    _ if which > n => continue,
                    Some((phase, node)) => put_pod(made(which, phase, node)),
                    None => gone(&format!("ci-{}/p{which}", which % 3)),
                };
                apply(&mut m, n, Kind::Pod, delta);
            }
            // The statistics are full after an hour.
            if n == 20_000 {
                seen = m.census().into_iter().collect();
            }
        }
        assert_eq!((seen["pods"], seen["waiting"] > 0), (ALIVE, true));
        assert_eq!(seen["ended jobs without a pod"], KEPT_JOBS);
        for (name, now) in m.census() {
            let then = seen[name];
            assert!(
                now <= then + then / 10 + 1024,
                "{name}: {then}, later {now}"
            );
        }
        for n in 0_usize..40_000 {
            apply(
                &mut m,
                40_000,
                Kind::Pod,
                gone(&format!("ci-{}/p{n}", n % 3)),
            );
        }
        let later = at(0) + TimeDelta::hours(10);
        m.tick(later);
        let rest: Vec<_> = m.census().into_iter().filter(|(_, n)| *n > 0).collect();
        let few = ["nodes", "nodes with a pool", "ranks", "last requests"];
        for (name, n) in rest {
            assert!(
                few.contains(&name) || name.ends_with("room") || name == "unsettled",
                "{n} {name} are left"
            );
        }
    }
}

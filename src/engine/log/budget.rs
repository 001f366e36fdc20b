//! Who gets a stream: the budget is one for all panes, and there may be more containers than streams.
//!
//! What is on the screen comes before what is covered, what runs before what failed, and that before the rest.
//! When all streams are in use, one that has been quiet gives its place to one that waits, and waits itself.

/// Seconds without a line after which a stream gives its place away.
pub(crate) const QUIET: i64 = 20;
/// Streams that give their places away at a time.
const SWAPS: usize = 4;
/// Streams opened at a time: the rest a moment later.
pub(crate) const BURST: usize = 32;

/// A stream of a pane, as the budget sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// 0: the screen on top.
    pub(crate) pane: usize,
    pub(crate) member: u32,
    pub(crate) stream: usize,
}

/// A stream that should be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Want<N> {
    pub(crate) place: Place,
    pub(crate) need: N,
    /// Since when it waits, seconds of the server's time; the longest waiting come first.
    pub(crate) since: i64,
}

/// A stream that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) place: Place,
    /// Seconds without a line; `None`: it is not known to be quiet.
    pub(crate) quiet: Option<i64>,
    /// It ends by itself soon.
    pub(crate) whole: bool,
}

/// What is to be done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) park: Vec<Place>,
    pub(crate) open: Vec<Place>,
    /// Those that wait, the first of them next.
    pub(crate) rest: Vec<Place>,
}

/// Shares `budget` streams.
pub(crate) fn plan<N: Ord + Copy>(budget: usize, mut wants: Vec<Want<N>>, held: &[Held]) -> Plan {
    let mut plan = Plan::default();
    wants.sort_by_key(|w| (w.place.pane, w.need, w.since, w.place.member));
    let mut free = budget.saturating_sub(held.len());
    let mut swaps = SWAPS;
    // The least needed last: covered before visible, the quietest of these.
    let mut givers: Vec<&Held> = held.iter().filter(|h| !h.whole).collect();
    givers.sort_by_key(|h| (h.place.pane, h.quiet.unwrap_or(-1)));
    for want in wants {
        if plan.open.len() >= BURST {
            plan.rest.push(want.place);
            continue;
        }
        if free > 0 {
            free -= 1;
            plan.open.push(want.place);
            continue;
        }
        let Some(giver) = givers.last() else {
            plan.rest.push(want.place);
            continue;
        };
        let covered = giver.place.pane > want.place.pane;
        let rests = giver.place.pane == want.place.pane
            && swaps > 0
            && giver.quiet.is_some_and(|quiet| quiet >= QUIET);
        if !covered && !rests {
            plan.rest.push(want.place);
            continue;
        }
        if !covered {
            swaps -= 1;
        }
        plan.park.push(giver.place);
        plan.open.push(want.place);
        givers.pop();
    }
    plan
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(pane: usize, member: u32) -> Place {
        Place {
            pane,
            member,
            stream: 0,
        }
    }

    fn want(pane: usize, member: u32, need: u8, since: i64) -> Want<u8> {
        Want {
            place: place(pane, member),
            need,
            since,
        }
    }

    fn held(pane: usize, member: u32, quiet: Option<i64>) -> Held {
        Held {
            place: place(pane, member),
            quiet,
            whole: false,
        }
    }

    fn members(places: &[Place]) -> Vec<u32> {
        places.iter().map(|p| p.member).collect()
    }

    #[test]
    fn the_visible_then_the_needed_then_who_waits_longest() {
        let wants = vec![
            want(1, 1, 0, 0),
            want(0, 2, 2, 5),
            want(0, 3, 0, 9),
            want(0, 4, 0, 7),
            want(0, 5, 1, 0),
        ];
        let got = plan(3, wants.clone(), &[]);
        assert_eq!((members(&got.open), got.park.len()), (vec![4, 3, 5], 0));
        assert_eq!(members(&plan(9, wants, &[]).open), [4, 3, 5, 2, 1]);
    }

    #[test]
    fn who_is_covered_or_quiet_gives_its_place() {
        let wants = vec![want(0, 9, 0, 0), want(0, 8, 1, 0), want(0, 7, 2, 0)];
        let open = [
            held(0, 1, Some(QUIET)),
            held(1, 2, None),
            held(0, 3, Some(QUIET - 1)),
        ];
        let got = plan(3, wants.clone(), &open);
        assert_eq!(
            (members(&got.park), members(&got.open)),
            (vec![2, 1], vec![9, 8])
        );
        // What is read to its end keeps its place, and nobody on top gives way to who is covered.
        let whole = [Held {
            whole: true,
            ..held(0, 1, Some(99))
        }];
        let stays = |plan: Plan| plan.park.is_empty() && plan.open.is_empty();
        assert!(stays(plan(1, wants, &whole)));
        let covered = vec![want(1, 9, 0, 0)];
        let got = plan(1, covered, &[held(0, 1, Some(QUIET))]);
        assert_eq!(members(&got.rest), [9]);
        assert!(stays(got));
    }

    #[test]
    fn few_change_places_at_a_time() {
        let wants = (0..100).map(|n| want(0, 1000 + n, 0, 0)).collect();
        let open: Vec<Held> = (0..32).map(|n| held(0, n, Some(60))).collect();
        let got = plan(32, wants, &open);
        assert_eq!(
            (got.park.len(), got.open.len(), got.rest.len()),
            (SWAPS, SWAPS, 100 - SWAPS)
        );
    }
}

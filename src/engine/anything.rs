//! `:name`: the server's kinds, and tables of any of them.

use std::time::Duration;

use super::any::{KindPane, Kinds, Page, Source};
use super::asks::{Answer, Purpose, ScreenNo, get};
use super::doc::KindRef;
use super::screen::Screen;
use super::view::{self, Tone};
use super::{Accept, Dirty, Effect, Engine, Now};
use crate::model::{ClusterNo, Text};

/// Kinds are asked for again when the palette opens after this: a CRD may have come.
const KINDS_LAST: Duration = Duration::from_secs(120);

impl Engine {
    /// Asks a cluster for its kinds, unless that was done a moment ago.
    pub(super) fn ask_kinds(&mut self, no: ClusterNo, out: &mut Vec<Effect>) {
        let boot = self.clock.boot;
        let Some(cluster) = self.clusters.get_mut(no) else {
            return;
        };
        let kinds = &mut cluster.kinds;
        let fresh = kinds.asked.is_some_and(|at| at + KINDS_LAST > boot) && kinds.failure.is_none();
        if kinds.waiting > 0 || fresh {
            return;
        }
        kinds.asked = Some(boot);
        kinds.failure = None;
        kinds.waiting = 2;
        for source in [Source::Core, Source::Groups] {
            let call = get(source.path(), Accept::Discovery);
            self.ask(no, Purpose::Kinds(no, source), call, out);
        }
    }

    /// Takes a piece of discovery in.
    pub(super) fn kinds_answer(
        &mut self,
        no: ClusterNo,
        source: Source,
        answer: Answer,
        out: &mut Vec<Effect>,
    ) {
        let Some(cluster) = self.clusters.get_mut(no) else {
            return;
        };
        let kinds = &mut cluster.kinds;
        kinds.waiting = kinds.waiting.saturating_sub(1);
        let more = match answer {
            Ok(value) => kinds.take(&source, &value),
            Err(failure) => {
                kinds.failure = Some(format!("{}: {}", source.path(), failure.span().text));
                Vec::new()
            }
        };
        kinds.waiting += more.len();
        let ready = kinds.waiting == 0;
        for source in more {
            let call = get(source.path(), Accept::Discovery);
            self.ask(no, Purpose::Kinds(no, source), call, out);
        }
        if ready {
            // What was typed before they were known.
            let wanted = self
                .clusters
                .get_mut(no)
                .and_then(|c| c.kinds.wanted.take());
            if let Some(name) = wanted {
                self.open_kind(&name, out);
            }
            self.recomplete();
        }
    }

    /// The kinds of the cluster that is meant.
    pub(super) fn kinds(&self) -> &Kinds {
        &self.meant().kinds
    }

    /// Opens the table of a kind by one of its names.
    pub(super) fn open_kind(&mut self, name: &str, out: &mut Vec<Effect>) {
        let no = self.meant().no;
        match self.kinds().find(name) {
            Ok(served) if served.lists => {
                let kind = served.kind.clone();
                self.push_kind(no, kind, out);
            }
            Ok(served) => {
                let text = format!("{} cannot be listed", served.kind.full_name());
                self.say(text, Tone::Warn);
            }
            Err(why) => {
                self.ask_kinds(no, out);
                if let Some(cluster) = self.clusters.get_mut(no)
                    && cluster.kinds.waiting > 0
                {
                    cluster.kinds.wanted = Some(name.to_owned());
                    self.say(
                        format!("◌ reading the server's kinds for '{name}'"),
                        Tone::Busy,
                    );
                } else {
                    self.say(why, Tone::Warn);
                }
            }
        }
    }

    /// Opens the table of a kind.
    pub(super) fn push_kind(&mut self, no: ClusterNo, kind: KindRef, out: &mut Vec<Effect>) {
        let screen = self.asks.screen();
        let namespace = self.namespace_of(no);
        let pane = KindPane::new(screen, no, kind, namespace);
        self.push(Screen::Kind(Box::new(pane)), out);
        self.read_rows(screen, true, out);
    }

    /// The namespace that is asked for: the person's, or the only one that may be seen.
    fn namespace_of(&self, no: ClusterNo) -> Option<Text> {
        let narrowed = || self.clusters.get(no).and_then(|c| c.narrowed.clone());
        self.namespace.clone().or_else(narrowed)
    }

    /// The table of a kind on top.
    pub(super) fn kind_pane(&mut self) -> Option<&mut KindPane> {
        match self.screens.top_mut() {
            Screen::Kind(pane) => Some(pane),
            _ => None,
        }
    }

    fn with_kind<T>(&mut self, no: ScreenNo, act: impl FnOnce(&mut KindPane) -> T) -> Option<T> {
        self.screens
            .iter_mut()
            .find_map(|screen| match screen {
                Screen::Kind(pane) if pane.no == no => Some(&mut **pane),
                _ => None,
            })
            .map(act)
    }

    /// Asks for a page. `again`: the first.
    fn read_rows(&mut self, no: ScreenNo, again: bool, out: &mut Vec<Effect>) {
        if self.asks.since(&Purpose::Rows(no)).is_some() {
            return;
        }
        let boot = self.clock.boot;
        let asked = self.with_kind(no, |pane| {
            pane.looked = boot;
            (pane.cluster, pane.path(again))
        });
        if let Some((cluster, path)) = asked {
            self.ask(cluster, Purpose::Rows(no), get(path, Accept::Table), out);
        }
    }

    /// Takes a page of rows.
    pub(super) fn rows_answer(&mut self, no: ScreenNo, answer: Answer, out: &mut Vec<Effect>) {
        let wall = self.clock.wall;
        let clusters = &self.clusters;
        let time = |no| clusters.get(no).map_or(wall, |c| c.time(wall));
        let times: Vec<_> = clusters.all().map(|c| (c.no, time(c.no))).collect();
        let more = self.with_kind(no, |pane| {
            let now = times.iter().find(|(no, _)| *no == pane.cluster);
            let now = now.map_or(wall, |(_, time)| *time);
            match answer {
                Ok(value) => {
                    let namespaces = pane.kind.namespaced && pane.namespace.is_none();
                    pane.take(Page::read(&value, namespaces), now)
                }
                Err(failure) => {
                    pane.fail(failure);
                    false
                }
            }
        });
        self.settle_kind();
        if more == Some(true) {
            self.read_rows(no, false, out);
        }
        self.mark(Dirty::News);
    }

    /// As time passes and as the cursor moves: rows are read again, or further.
    pub(super) fn look_at_rows(&mut self, out: &mut Vec<Effect>) {
        let Screen::Kind(pane) = self.screens.top() else {
            return;
        };
        let (no, namespace) = (pane.no, self.namespace_of(pane.cluster));
        let due = pane.looked + pane.lasts() <= self.clock.boot;
        let narrowed = self.with_kind(no, |pane| pane.narrow(namespace)) == Some(true);
        let more = self.with_kind(no, |pane| pane.wants_more()) == Some(true);
        if narrowed || due {
            self.read_rows(no, true, out);
        } else if more {
            self.read_rows(no, false, out);
        }
    }

    /// ctrl-r.
    pub(super) fn reread_rows(&mut self, out: &mut Vec<Effect>) {
        if let Screen::Kind(pane) = self.screens.top() {
            let no = pane.no;
            self.read_rows(no, true, out);
        }
    }

    /// Keeps the cursor on its page.
    pub(super) fn settle_kind(&mut self) {
        let page = self.page.0;
        if let Some(pane) = self.kind_pane() {
            pane.settle(page);
        }
    }

    /// The visible part of the table.
    pub(super) fn kind_view(&self, pane: &KindPane, now: Now) -> view::Table {
        let time = self
            .clusters
            .get(pane.cluster)
            .map_or(now.wall, |c| c.time(now.wall));
        let waits = self.asks.since(&Purpose::Rows(pane.no)).is_some();
        pane.view(self.page.0, time, waits)
    }
}

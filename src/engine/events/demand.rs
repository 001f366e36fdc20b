//! Which feeds of events run: those that the screen on top needs.

use std::time::Duration;

use super::Subject;
use crate::engine::Engine;
use crate::engine::effect::{About, Effect};
use crate::engine::screen::Screen;
use crate::model::{ClusterNo, Kind};

/// Warnings are watched for so long after the last screen that needed them: who looks around comes back.
const LINGER: Duration = Duration::from_secs(60);

/// What is watched.
#[derive(Clone, Debug, Default)]
pub(crate) struct Demand {
    about: Option<(ClusterNo, About)>,
    /// Where, and until when warnings are watched, as `Now::boot`; `None`: they are not.
    warnings: Option<(ClusterNo, Duration)>,
}

impl Engine {
    /// Starts and stops feeds of events as the screen on top needs them.
    pub(in crate::engine) fn demand_events(&mut self, out: &mut Vec<Effect>) {
        let (about, warnings) = match self.screens.top() {
            Screen::Events(screen) => {
                let warnings = matches!(screen.subject, Subject::Node(_))
                    || (screen.subject.is_wide() && !screen.normal);
                let model = self.model_of(screen.cluster);
                let about = model.and_then(|m| screen.subject.about(m, screen.normal));
                let no = screen.cluster;
                (about.map(|about| (no, about)), warnings.then_some(no))
            }
            Screen::Node(node) => {
                let subject = Subject::Node(node.name.clone());
                let model = self.model_of(node.cluster);
                let about = model.and_then(|m| subject.about(m, false));
                (about.map(|about| (node.cluster, about)), None)
            }
            _ => (None, None),
        };
        let now = self.clock.boot;
        let demand = &mut self.demand;
        if about != demand.about {
            let other = |no: &ClusterNo| about.as_ref().is_none_or(|(own, _)| own != no);
            if let Some((old, _)) = demand.about.take().filter(|(no, _)| other(no)) {
                out.push(Effect::Events(old, None));
            }
            if let Some((no, about)) = &about {
                out.push(Effect::Events(*no, Some(Box::new(about.clone()))));
            }
            demand.about = about;
        }
        match (warnings, demand.warnings) {
            (Some(no), Some((known, _))) if no == known => {
                demand.warnings = Some((no, now + LINGER));
            }
            (Some(no), known) => {
                if let Some((old, _)) = known {
                    out.push(Effect::Feed(old, Kind::Warning, false));
                }
                demand.warnings = Some((no, now + LINGER));
                out.push(Effect::Feed(no, Kind::Warning, true));
            }
            (None, Some((old, until))) if until <= now => {
                demand.warnings = None;
                out.push(Effect::Feed(old, Kind::Warning, false));
            }
            (None, Some(_) | None) => {}
        }
    }
}

//! Which feeds of events run: those that the screen on top needs.

use std::time::Duration;

use super::Subject;
use crate::engine::effect::{About, Effect};
use crate::engine::screen::Screen;
use crate::engine::Engine;
use crate::model::Kind;

/// Warnings are watched for so long after the last screen that needed them: who looks around comes back.
const LINGER: Duration = Duration::from_secs(60);

/// What is watched.
#[derive(Debug, Default)]
pub(crate) struct Demand {
    about: Option<About>,
    /// Until when warnings are watched, as `Now::boot`; `None`: they are not.
    warnings: Option<Duration>,
}

impl Engine {
    /// Starts and stops feeds of events as the screen on top needs them.
    pub(in crate::engine) fn demand_events(&mut self, out: &mut Vec<Effect>) {
        let (about, warnings) = match self.screens.top() {
            Screen::Events(screen) => {
                let warnings = matches!(screen.subject, Subject::Node(_))
                    || (screen.subject.is_wide() && !screen.normal);
                (screen.subject.about(&self.model, screen.normal), warnings)
            }
            Screen::Node(node) => {
                let subject = Subject::Node(node.name.clone());
                (subject.about(&self.model, false), false)
            }
            _ => (None, false),
        };
        let demand = &mut self.demand;
        if about != demand.about {
            demand.about.clone_from(&about);
            out.push(Effect::Events(about.map(Box::new)));
        }
        let now = self.clock.boot;
        match (warnings, demand.warnings) {
            (true, known) => {
                demand.warnings = Some(now + LINGER);
                if known.is_none() {
                    out.push(Effect::Feed(Kind::Warning, true));
                }
            }
            (false, Some(until)) if until <= now => {
                demand.warnings = None;
                out.push(Effect::Feed(Kind::Warning, false));
            }
            (false, Some(_) | None) => {}
        }
    }
}

//! The plan on the screen: unlocking, what RBAC says, and the confirmation.
//!
//! Keys typed before the preview was drawn are ignored, so that a hand in a hurry confirms nothing. The
//! default is no: any key that does not confirm leaves, or does nothing.

use super::super::effect::Effect;
use super::super::input::{Code, Key};
use super::super::view::{Line, Overlay, Span, Tone};
use super::gate::Lock;
use super::plan::{Ask, Plan, Refusal, Request, plan as make_plan};
use super::{Actions, DryRun, Scene};
use crate::engine::action::run::ActionId;
use crate::model::ClusterNo;

/// Longest text that a confirmation takes.
const TYPED_MAX: usize = 64;

/// A plan that waits for its confirmation.
#[derive(Clone, Debug)]
pub struct Pending {
    cluster: ClusterNo,
    /// The plan.
    pub plan: Plan,
    request: Request,
    stage: Stage,
    /// First visible line of the preview.
    top: usize,
    /// It has been on the screen: keys count from here on.
    drawn: bool,
}

impl Pending {
    /// Where it would be done.
    pub fn cluster(&self) -> ClusterNo {
        self.cluster
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Stage {
    /// The console is locked: first the offer to unlock.
    Unlock,
    /// The preview.
    Confirm { typed: String },
}

/// What a key did to the pending plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pressed {
    /// It goes on waiting.
    Waits,
    /// It was left: nothing has been done.
    Left,
    /// It was confirmed and runs.
    Runs(ActionId),
}

impl Actions {
    /// Shows a plan, or says why there is none.
    ///
    /// # Errors
    /// A sentence for the person: what refuses and what to do instead.
    pub fn propose(
        &mut self,
        scene: Scene<'_>,
        request: Request,
        out: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        let lock = self.gate_mut(scene.no).lock;
        if lock == Lock::ReadOnly {
            let text = "this console is read-only: start it without --read-only to act";
            return Err(Refusal(text.to_owned()));
        }
        let plan = self.marked(make_plan(scene.model, &request, self.next + 1)?, scene);
        self.review(scene.no, scene.now, &plan, out);
        let stage = if lock.open(scene.now) {
            Stage::Confirm {
                typed: String::new(),
            }
        } else {
            Stage::Unlock
        };
        self.pending = Some(Pending {
            cluster: scene.no,
            plan,
            request,
            stage,
            top: 0,
            drawn: false,
        });
        self.watch_on_demand(out);
        Ok(())
    }

    /// On a cluster marked as production one key does not confirm.
    fn marked(&self, mut plan: Plan, scene: Scene<'_>) -> Plan {
        if self.gate(scene.no).production && plan.ask == Ask::Key {
            plan.ask = Ask::Name(scene.context.into());
        }
        plan
    }

    /// The preview has been on the screen.
    pub fn drawn(&mut self) {
        if let Some(pending) = &mut self.pending {
            pending.drawn = true;
        }
    }

    /// Leaves the pending plan.
    pub fn leave(&mut self, out: &mut Vec<Effect>) {
        self.pending = None;
        self.watch_on_demand(out);
    }

    /// A plan on the screen follows what the watch shows. When it touches other things than those that were
    /// read, it has to be drawn and confirmed anew.
    pub(super) fn refresh_pending(&mut self, scene: Scene<'_>) {
        if self.pending.as_ref().is_none_or(|p| p.cluster != scene.no) {
            return;
        }
        let Some(mut pending) = self.pending.take() else {
            return;
        };
        match make_plan(scene.model, &pending.request, self.next + 1) {
            Ok(plan) => {
                let plan = self.marked(plan, scene);
                if plan.touches() != pending.plan.touches() {
                    pending.drawn = false;
                    if let Stage::Confirm { typed } = &mut pending.stage {
                        typed.clear();
                    }
                }
                pending.plan = plan;
            }
            Err(why) => pending.plan.refusals = vec![why.0],
        }
        self.pending = Some(pending);
    }

    /// A key for the pending plan. `scene`: of its cluster.
    pub fn key(&mut self, scene: Scene<'_>, key: Key, out: &mut Vec<Effect>) -> Pressed {
        let Some(mut pending) = self.pending.take() else {
            return Pressed::Left;
        };
        if !pending.drawn {
            self.pending = Some(pending);
            return Pressed::Waits;
        }
        if matches!(key.code, Code::Esc) || key == Key::ctrl('c') {
            self.leave(out);
            return Pressed::Left;
        }
        let scroll = match key.code {
            Code::Down => 1,
            Code::Up => -1,
            Code::PageDown => 10,
            Code::PageUp => -10,
            _ => 0,
        };
        if scroll != 0 {
            let last = pending.plan.lines.len().saturating_sub(1);
            pending.top = pending.top.saturating_add_signed(scroll).min(last);
            self.pending = Some(pending);
            return Pressed::Waits;
        }
        let blocked = self.blocked(scene.no, &pending.plan);
        let confirmed = match &mut pending.stage {
            Stage::Unlock => {
                if key == Key::char('y') {
                    let lasts = self.unlock_for;
                    self.gate_mut(scene.no).lock.unlock(scene.now, lasts);
                    pending.stage = Stage::Confirm {
                        typed: String::new(),
                    };
                    pending.drawn = false;
                    self.pending = Some(pending);
                    return Pressed::Waits;
                }
                key == Key::char('n') && {
                    self.leave(out);
                    return Pressed::Left;
                }
            }
            Stage::Confirm { typed } => match &pending.plan.ask {
                Ask::Key => match key.code {
                    Code::Char('y') if key == Key::char('y') => blocked.is_none(),
                    Code::Char('n' | 'q') => {
                        self.leave(out);
                        return Pressed::Left;
                    }
                    _ => false,
                },
                Ask::Count(n) => {
                    typed_key(typed, key) && *typed == n.to_string() && blocked.is_none()
                }
                Ask::Name(name) => typed_key(typed, key) && **typed == **name && blocked.is_none(),
            },
        };
        if !confirmed || !self.gate(scene.no).lock.open(scene.now) {
            self.pending = Some(pending);
            return Pressed::Waits;
        }
        let id = self.start(scene, pending.plan, DryRun::Off, out);
        Pressed::Runs(id)
    }

    /// Why the plan cannot be confirmed now.
    fn blocked(&self, no: ClusterNo, plan: &Plan) -> Option<String> {
        if let Some(first) = plan.refusals.first() {
            return Some(first.clone());
        }
        match self.rights(no, plan) {
            None => Some("asking the server for your rights …".to_owned()),
            Some(denied) => denied,
        }
    }

    /// The overlay that shows the pending plan.
    pub fn overlay(&self, scene: Scene<'_>) -> Option<Overlay> {
        let pending = self.pending.as_ref()?;
        let minutes = self.unlock_for.as_secs() / 60;
        let title = vec![Span::new(pending.plan.title.clone(), Tone::Strong)];
        let mut lines = pending.plan.lines.clone();
        let ask: Line = match &pending.stage {
            Stage::Unlock => {
                lines = vec![vec![Span::new(
                    format!(
                        "The console is locked, so that a slip of a key changes nothing in {}.",
                        scene.context
                    ),
                    Tone::Plain,
                )]];
                ask_line(
                    &format!("y unlocks it for {minutes} min and shows what would be done"),
                    "",
                )
            }
            Stage::Confirm { typed } => {
                match (self.blocked(scene.no, &pending.plan), &pending.plan.ask) {
                    (Some(why), _) => vec![
                        Span::new(why, Tone::Bad),
                        Span::new("   esc leaves", Tone::Dim),
                    ],
                    (None, Ask::Key) => ask_line("y confirms", ""),
                    (None, Ask::Count(n)) => {
                        ask_line(&format!("type {n} and Enter to confirm: "), typed)
                    }
                    (None, Ask::Name(name)) => {
                        ask_line(&format!("type {name} and Enter to confirm: "), typed)
                    }
                }
            }
        };
        Some(Overlay::Confirm {
            title,
            top: pending.top.min(lines.len().saturating_sub(1)),
            lines,
            ask,
        })
    }
}

fn ask_line(what: &str, typed: &str) -> Line {
    vec![
        Span::new(what.to_owned(), Tone::Accent),
        Span::new(typed.to_owned(), Tone::Strong),
        Span::new("   esc leaves, nothing is done", Tone::Dim),
    ]
}

/// Edits what is typed; true when Enter closes it.
fn typed_key(typed: &mut String, key: Key) -> bool {
    match key.code {
        Code::Enter => return true,
        Code::Backspace => {
            typed.pop();
        }
        Code::Char(c) if !key.mods.ctrl && !key.mods.alt && typed.chars().count() < TYPED_MAX => {
            typed.push(c);
        }
        _ => {}
    }
    false
}

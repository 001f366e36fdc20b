//! One target of an action, whatever the machine behind it.

use super::super::event::Reply;
use super::copy::CopyTask;
use super::cordon::CordonTask;
use super::delete::DeleteTask;
use super::drain::DrainTask;
use super::entry::EntryTask;
use super::task::{Calls, Cx, Outcome, Tag};
use super::workload::change::ChangeTask;
use super::workload::scale::ScaleTask;
use super::workload::trigger::TriggerTask;

/// A machine.
#[derive(Clone, Debug)]
pub(super) enum Machine {
    Entry(EntryTask),
    Delete(DeleteTask),
    Copy(CopyTask),
    Cordon(CordonTask),
    Drain(Box<DrainTask>),
    Change(ChangeTask),
    Scale(ScaleTask),
    Trigger(TriggerTask),
}

macro_rules! each {
    ($self:expr, $machine:ident => $body:expr) => {
        match $self {
            Machine::Entry($machine) => $body,
            Machine::Delete($machine) => $body,
            Machine::Copy($machine) => $body,
            Machine::Cordon($machine) => $body,
            Machine::Drain($machine) => $body,
            Machine::Change($machine) => $body,
            Machine::Scale($machine) => $body,
            Machine::Trigger($machine) => $body,
        }
    };
}

impl Machine {
    pub(super) fn poll(&mut self, cx: Cx<'_>, out: &mut Calls) {
        each!(self, m => m.poll(cx, out));
    }

    pub(super) fn reply(&mut self, cx: Cx<'_>, tag: Tag, reply: &Reply, out: &mut Calls) {
        each!(self, m => m.reply(cx, tag, reply, out));
    }

    pub(super) fn stop(&mut self) {
        each!(self, m => m.stop());
    }

    pub(super) fn outcome(&self) -> Option<&Outcome> {
        each!(self, m => m.outcome())
    }

    pub(super) fn doing(&self) -> String {
        match self {
            Self::Entry(m) => m.doing().to_owned(),
            Self::Delete(m) => m.doing().to_owned(),
            Self::Copy(m) => m.doing().to_owned(),
            Self::Cordon(m) => m.doing().to_owned(),
            Self::Drain(m) => m.doing(),
            Self::Change(m) => m.doing(),
            Self::Scale(m) => m.doing(),
            Self::Trigger(m) => m.doing(),
        }
    }
}

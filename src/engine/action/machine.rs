//! One target of an action, whatever the machine behind it.

use super::super::effect::Effect;
use super::super::event::Reply;
use super::super::remote::{RemoteEvent, RemoteId};
use super::copy::CopyTask;
use super::cordon::CordonTask;
use super::delete::DeleteTask;
use super::drain::DrainTask;
use super::entry::EntryTask;
use super::remote::forward::ForwardTask;
use super::remote::terminal::TerminalTask;
use super::task::{Calls, Cx, Outcome, Tag};
use super::workload::change::ChangeTask;
use super::workload::scale::ScaleTask;
use super::workload::trigger::TriggerTask;
use crate::model::{ClusterNo, Text};

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
    Terminal(Box<TerminalTask>),
    Forward(Box<ForwardTask>),
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
            Machine::Terminal($machine) => $body,
            Machine::Forward($machine) => $body,
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
            Self::Terminal(m) => m.doing(),
            Self::Forward(m) => m.doing(),
        }
    }

    /// The terminal that it opens, if it opens one.
    pub(super) fn terminal(&self) -> Option<&TerminalTask> {
        match self {
            Self::Terminal(m) => Some(m),
            _ => None,
        }
    }

    /// The forward that it is, if it is one.
    pub(super) fn forward(&self) -> Option<&ForwardTask> {
        match self {
            Self::Forward(m) => Some(m),
            _ => None,
        }
    }

    /// What was opened for it has news.
    pub(super) fn remote(&mut self, cx: Cx<'_>, event: &RemoteEvent) {
        match self {
            Self::Terminal(m) => m.remote(cx, event),
            Self::Forward(m) => m.remote(event),
            _ => {}
        }
    }

    /// What a person should be told once.
    pub(super) fn news(&mut self) -> Option<Text> {
        match self {
            Self::Forward(m) => m.news(),
            _ => None,
        }
    }

    /// What it wants beside calls.
    pub(super) fn effects(&mut self, no: ClusterNo, id: RemoteId, out: &mut Vec<Effect>) {
        match self {
            Self::Terminal(m) => m.effects(no, id, out),
            Self::Forward(m) => m.effects(no, id, out),
            _ => {}
        }
    }
}

//! What lies over the screen: help, prompts, menus, texts.

use super::Effect;
use super::action::run::ActionId;
use super::action::{self, Operation};
use super::contexts::Wish;
use super::input::{Code, Key};
use super::keys::{self, On};
use super::log::What;
use super::prompt::Prompt;
use super::relations::Target;
use super::view;
use crate::model::{ClusterNo, Text};

/// A layer over the screen.
#[derive(Clone, Debug)]
pub(crate) enum Layer {
    /// The keys of these screens, scrolled by so many lines.
    Help(On, i64),
    Prompt(Prompt),
    Menu(Menu),
    /// Something to read.
    Text {
        title: String,
        lines: Vec<view::Line>,
        top: usize,
    },
    /// Asks before this while actions run.
    Leave(Effect),
    /// What will take the terminal is being made ready: no key is to go astray.
    Waiting(ActionId),
}

/// A list to choose from.
#[derive(Clone, Debug)]
pub(crate) struct Menu {
    pub(crate) title: String,
    pub(crate) entries: Vec<Entry>,
    pub(crate) chosen: usize,
}

/// An entry of a menu.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) text: String,
    /// Its key, empty for none.
    pub(crate) key: String,
    /// Why it cannot be done; empty: it can.
    pub(crate) why_not: String,
    pub(crate) choice: Choice,
}

/// What choosing an entry does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    Sort(usize),
    Namespace(Option<Text>),
    Context(Wish),
    Cluster(Option<ClusterNo>),
    Theme(Text),
    Act(Operation),
    /// Goes where a relation leads.
    Follow(Box<Target>),
    /// Only closes the menu.
    Nothing,
    /// Shows the hidden value under the cursor.
    Reveal,
    /// Copies it.
    RevealInto,
    Open(ClusterNo, Box<action::Wish>),
    Save(What),
    /// Asks for the number first.
    Scale,
}

/// What a key did to a menu.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Picked {
    Moved,
    Taken(usize),
    Left,
}

impl Menu {
    pub(crate) fn key(&mut self, key: Key) -> Picked {
        let last = self.entries.len().saturating_sub(1);
        match key.code {
            Code::Esc | Code::Char('q' | '-') => return Picked::Left,
            Code::Char('c') if key.mods.ctrl => return Picked::Left,
            Code::Enter => return Picked::Taken(self.chosen),
            Code::Down | Code::Tab | Code::Char('j') => self.chosen = (self.chosen + 1).min(last),
            Code::Up | Code::BackTab | Code::Char('k') => {
                self.chosen = self.chosen.saturating_sub(1);
            }
            Code::Home | Code::Char('g') => self.chosen = 0,
            Code::End | Code::Char('G') => self.chosen = last,
            Code::PageDown => self.chosen = (self.chosen + 10).min(last),
            Code::PageUp => self.chosen = self.chosen.saturating_sub(10),
            Code::Char(_)
            | Code::Backspace
            | Code::Delete
            | Code::Left
            | Code::Right
            | Code::F(_) => {}
        }
        Picked::Moved
    }
}

/// By how many lines a key scrolls the help; `None`: it closes it.
pub(crate) fn scrolls(key: Key) -> Option<i64> {
    Some(match key.code {
        Code::Down | Code::Char('j') => 1,
        Code::Up | Code::Char('k') => -1,
        Code::PageDown | Code::Char(' ') => 10,
        Code::PageUp => -10,
        Code::Char('d' | 'f') if key.mods.ctrl => 10,
        Code::Char('u' | 'b') if key.mods.ctrl => -10,
        _ => return None,
    })
}

impl Layer {
    /// `None` for the one that the engine words itself.
    pub(crate) fn view(&self) -> Option<view::Overlay> {
        Some(match self {
            Self::Leave(_) | Self::Waiting(_) => return None,
            Self::Help(on, by) => view::Overlay::Help {
                groups: keys::help(*on),
                by: *by,
            },
            Self::Text { title, lines, top } => view::Overlay::Text {
                title: title.clone(),
                lines: lines.clone(),
                top: *top,
            },
            Self::Prompt(prompt) => view::Overlay::Prompt {
                sigil: prompt.purpose.sigil(),
                text: prompt.text.clone(),
                cursor: prompt.cursor,
                choices: prompt.choices.clone(),
                chosen: prompt.chosen,
                error: prompt.error.clone(),
            },
            Self::Menu(menu) => view::Overlay::Menu {
                title: menu.title.clone(),
                entries: menu
                    .entries
                    .iter()
                    .map(|e| (e.text.clone(), e.key.clone(), e.why_not.clone()))
                    .collect(),
                chosen: menu.chosen,
            },
        })
    }
}

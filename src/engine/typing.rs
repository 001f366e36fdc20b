//! Where input meets state: keys, paste, clicks and the wheel find the layer or the screen they are for.

use super::input::{Code, Key};
use super::keys::{self, Intent};
use super::overlay::{Choice, Layer, Picked, scrolls};
use super::overview::pool_id;
use super::palette;
use super::prompt::{Prompt, Purpose, Typed};
use super::screen::{Part, Screen};
use super::view::{Hit, RowId};
use super::{Effect, Engine};

impl Engine {
    pub(super) fn key(&mut self, mut key: Key, out: &mut Vec<Effect>) {
        // Escape typed twice quickly arrives as Alt-Escape.
        if key.code == Code::Esc {
            key = Key::plain(Code::Esc);
        }
        if self.actions.pending().is_some() {
            return self.plan_key(key, out);
        }
        match self.layers.last_mut() {
            None => self.screen_key(key, out),
            Some(Layer::Leave(_)) => self.leave_key(key, out),
            Some(Layer::Waiting(_)) => self.waiting_key(key, out),
            Some(Layer::Help(_, by)) => match scrolls(key) {
                Some(lines) => *by += lines,
                None => {
                    self.layers.pop();
                }
            },
            Some(Layer::Text { top, .. }) => match scrolls(key) {
                Some(lines) => {
                    *top = top.saturating_add_signed(isize::try_from(lines).unwrap_or(0))
                }
                None => {
                    self.layers.pop();
                }
            },
            Some(Layer::Menu(menu)) => match menu.key(key) {
                Picked::Moved => {}
                Picked::Left => {
                    self.layers.pop();
                }
                Picked::Taken(at) => self.pick(at, out),
            },
            Some(Layer::Prompt(prompt)) => {
                let typed = prompt.key(key);
                self.typed(typed, out);
            }
        }
    }

    fn screen_key(&mut self, key: Key, out: &mut Vec<Effect>) {
        let screen = self.screens.top();
        match keys::intent(key, screen.on()) {
            Some(intent) => self.intent(intent, out),
            // tui-logger has keys of its own.
            None if matches!(screen, Screen::Console) => out.push(Effect::ConsoleLogKey(key)),
            None => {}
        }
    }

    /// Pasted text goes to a prompt and nowhere else.
    pub(super) fn paste(&mut self, text: &str) {
        if let Some(Layer::Prompt(prompt)) = self.layers.last_mut() {
            prompt.insert(text);
            self.retyped();
        }
    }

    fn typed(&mut self, typed: Typed, out: &mut Vec<Effect>) {
        match typed {
            Typed::Moved => {}
            Typed::Changed => {
                self.retyped();
                self.ask_kinds_typed(out);
            }
            Typed::Left => {
                if let Some(Layer::Prompt(prompt)) = self.layers.pop() {
                    match prompt.purpose {
                        Purpose::Filter { before } => {
                            let _ = self.filter(&before);
                            self.leave_filter();
                        }
                        Purpose::Sieve { before } => {
                            let _ = self.sieve(&before);
                        }
                        Purpose::Palette | Purpose::Search => {}
                    }
                }
            }
            Typed::Entered => self.entered(out),
        }
    }

    /// Follows the text of a prompt: the filter as it is typed, completions.
    fn retyped(&mut self) {
        let Some(Layer::Prompt(prompt)) = self.layers.last() else {
            return;
        };
        let text = prompt.text.clone();
        let (choices, error) = match prompt.purpose {
            Purpose::Filter { .. } => (Vec::new(), self.filter(&text).err().unwrap_or_default()),
            Purpose::Sieve { .. } => (Vec::new(), self.sieve(&text).err().unwrap_or_default()),
            Purpose::Palette => (self.complete(&text), String::new()),
            Purpose::Search => (Vec::new(), String::new()),
        };
        if let Some(Layer::Prompt(prompt)) = self.layers.last_mut() {
            prompt.choices = choices;
            prompt.chosen = None;
            prompt.error = error;
        }
    }

    fn entered(&mut self, out: &mut Vec<Effect>) {
        let Some(Layer::Prompt(prompt)) = self.layers.last() else {
            return;
        };
        let text = prompt.text.clone();
        let done = match prompt.purpose {
            Purpose::Filter { .. } => {
                let done = self.filter(&text);
                self.leave_filter();
                done
            }
            Purpose::Sieve { .. } => self.sieve(&text),
            Purpose::Search => {
                self.layers.pop();
                self.search(&text);
                return;
            }
            Purpose::Palette if text.trim().is_empty() => Ok(()),
            Purpose::Palette => match palette::parse(&text, &self.names(&text)) {
                Ok((intent, argument)) => {
                    self.layers.pop();
                    self.command(intent, &argument, out);
                    return;
                }
                Err(error) => match self.kind_typed(&text, error) {
                    Ok(name) => {
                        self.layers.pop();
                        self.open_kind(&name, out);
                        return;
                    }
                    Err(error) => Err(error),
                },
            },
        };
        match done {
            Ok(()) => {
                self.layers.pop();
            }
            Err(error) => {
                if let Some(Layer::Prompt(prompt)) = self.layers.last_mut() {
                    prompt.error = error;
                }
            }
        }
    }

    /// Commands, then the server's kinds.
    fn complete(&self, text: &str) -> Vec<(String, String)> {
        let mut choices = palette::complete(text, &self.names(text));
        if !text.contains(' ') && !text.is_empty() {
            let kinds = self.kinds().complete(text).into_iter();
            let commands: Vec<String> = choices.iter().map(|(text, _)| text.clone()).collect();
            choices.extend(kinds.filter(|(text, _)| !commands.contains(text)));
        }
        choices
    }

    /// What begins no command may be a kind: the server is asked for those then, and not before.
    fn ask_kinds_typed(&mut self, out: &mut Vec<Effect>) {
        let Some(Layer::Prompt(prompt)) = self.layers.last() else {
            return;
        };
        let word = prompt.text.trim();
        if prompt.purpose == Purpose::Palette
            && !word.is_empty()
            && !word.contains(' ')
            && !palette::begins_one(word)
        {
            let no = self.meant().no;
            self.ask_kinds(no, out);
        }
    }

    /// The kind that was typed where no command has that name, or what is wrong.
    fn kind_typed(&self, text: &str, error: String) -> Result<String, String> {
        let name = text.trim();
        if name.contains(' ') || !error.starts_with("no command") {
            return Err(error);
        }
        let kinds = self.kinds();
        match kinds.find(name) {
            Ok(_) => Ok(name.to_owned()),
            // A command that is nearly called so.
            Err(_) if error.contains("did you mean") => Err(error),
            Err(_) if kinds.waiting > 0 || kinds.all().is_empty() => Ok(name.to_owned()),
            Err(why) => Err(why),
        }
    }

    /// More can be completed than when the text was typed.
    pub(super) fn recomplete(&mut self) {
        let unchosen = |layer: &Layer| match layer {
            Layer::Prompt(prompt) => prompt.purpose == Purpose::Palette && prompt.chosen.is_none(),
            _ => false,
        };
        if self.layers.last().is_some_and(unchosen) {
            self.retyped();
        }
    }

    pub(super) fn prompt(&mut self, purpose: Purpose, text: String) {
        let filters = matches!(purpose, Purpose::Filter { .. });
        self.layers.push(Layer::Prompt(Prompt::new(purpose, text)));
        self.retyped();
        if filters && let Some(table) = self.screens.top_mut().table_mut() {
            table.prepare_filter();
        }
    }

    fn leave_filter(&mut self) {
        if let Some(table) = self.screens.top_mut().table_mut() {
            table.leave_filter();
        }
    }

    fn filter(&mut self, text: &str) -> Result<(), String> {
        if let Some(pane) = self.kind_pane() {
            return pane.set_filter(text);
        }
        let several = self.clusters.several();
        match self.screens.top_mut().table_mut() {
            Some(table) => table.set_filter(text, several),
            None => Ok(()),
        }
    }

    fn pick(&mut self, at: usize, out: &mut Vec<Effect>) {
        let Some(Layer::Menu(menu)) = self.layers.last() else {
            return;
        };
        let Some(entry) = menu.entries.get(at) else {
            return;
        };
        if !entry.why_not.is_empty() {
            self.say(entry.why_not.clone(), super::Tone::Warn);
            return;
        }
        let choice = entry.choice.clone();
        self.layers.pop();
        match choice {
            Choice::Sort(column) => self.sort(column),
            Choice::Namespace(namespace) => self.narrow(namespace, out),
            Choice::Context(wish) => self.wish(&wish, out),
            Choice::Cluster(no) => self.narrow_to(no),
            Choice::Act(operation) => self.propose(operation, out),
            Choice::Open(no, wish) => self.propose_wish(no, *wish, out),
            Choice::Scale => self.intent(Intent::Scale, out),
            Choice::Theme(theme) => out.push(Effect::Theme(theme)),
            Choice::Follow(target) => self.follow_tie(*target, out),
            Choice::Nothing => {}
            Choice::Reveal => self.reveal(false, out),
            Choice::RevealInto => self.reveal(true, out),
            Choice::Save(what) => self.write_log(what, out),
        }
    }

    pub(super) fn click(&mut self, hit: &Hit, out: &mut Vec<Effect>) {
        // A plan is confirmed by keys alone.
        if self.actions.pending().is_some() {
            return;
        }
        match (hit, self.layers.last_mut()) {
            (Hit::Choice(at), Some(Layer::Menu(_))) => self.pick(usize::from(*at), out),
            (Hit::Choice(at), Some(Layer::Prompt(prompt))) => {
                prompt.take_choice(usize::from(*at));
                self.entered(out);
            }
            (Hit::Choice(_), _) => {}
            // A click beside a layer closes it, as escape does.
            (_, Some(_)) => self.key(Key::plain(Code::Esc), out),
            (Hit::Hint(at), None) => {
                let intent = keys::hints(self.screens.top().on())
                    .nth(usize::from(*at))
                    .map(|r| r.intent);
                if let Some(intent) = intent {
                    self.intent(intent, out);
                }
            }
            (Hit::Column(at), None) => {
                if let Some(pane) = self.kind_pane() {
                    pane.sort_by(usize::from(*at));
                    return;
                }
                let mixed = self.clusters.mixed();
                if let Some(table) = self.screens.top_mut().table_mut() {
                    table.sort_shown(usize::from(*at), mixed);
                }
            }
            (Hit::Row(id), None) => {
                if self.click_row(id) {
                    self.intent(Intent::Enter, out);
                }
            }
        }
    }

    /// Puts the cursor on a row; true if it stood there already.
    fn click_row(&mut self, id: &RowId) -> bool {
        let rows = self.page.0;
        let lines = self.pool_lines();
        let pool = lines.into_iter().find(|pool| pool_id(pool) == *id);
        match self.screens.top_mut() {
            Screen::Overview(overview) => {
                if let Some(pool) = pool {
                    let same =
                        overview.part == Part::Pools && overview.pool.as_ref() == Some(&pool);
                    overview.part = Part::Pools;
                    overview.pool = Some(pool);
                    return same;
                }
                let had = overview.part == Part::Jobs;
                overview.part = Part::Jobs;
                overview.jobs.click(id, rows) && had
            }
            Screen::Table(table) => table.click(id, rows),
            Screen::Node(node) => node.table.click(id, rows),
            Screen::Workload(workload) => workload.table.click(id, rows),
            Screen::Job(job) => match id {
                RowId::Name(container) => {
                    job.step.replace(container.clone()).as_ref() == Some(container)
                }
                RowId::Uid(_) | RowId::Number(_) => false,
            },
            Screen::Log(_) | Screen::Text(_) | Screen::Events(_) | Screen::Console => false,
            Screen::Kind(pane) => pane.click(id, rows),
        }
    }

    pub(super) fn wheel(&mut self, lines: i16) {
        if let Some(Layer::Menu(menu)) = self.layers.last_mut() {
            let code = if lines < 0 { Code::Up } else { Code::Down };
            menu.key(Key::plain(code));
        } else if self.layers.is_empty() {
            self.scroll(i64::from(lines));
        }
    }
}

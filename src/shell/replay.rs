//! A recording played on the terminal: as it was, or with one's own keys over the recorded cluster.
//!
//! The last row belongs to the replay. Nothing that the engine asks for is done.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use crossterm::event::{Event as Sent, KeyCode, KeyEventKind, KeyModifiers};
use crossterm::queue;
use crossterm::terminal::{BeginSynchronizedUpdate, EndSynchronizedUpdate};
use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};
use tokio::sync::mpsc;
use tokio::time::sleep;

use super::input::{self, Input};
use super::record::player::Step;
use super::record::{Difference, Player, TapeError};
use super::signals::{self, Heard, Signals};
use super::terminal::{self, Terminal};
use super::themes;
use crate::engine::remote::{RemoteEnd, RemoteEvent};
use crate::engine::view::Tone;
use crate::engine::{Effect, Event, LogEnd, LogEvent, Now, Reply, keys};
use crate::layout::{Regions, Scene, arrange};
use crate::model::FeedState;
use crate::ui::{Theme, draw};

/// What is played.
#[derive(Clone, Debug, PartialEq)]
pub struct Replay {
    /// The recording.
    pub file: PathBuf,
    /// How many times as fast as it was.
    pub speed: f64,
    /// The person's own keys drive the screens.
    pub free: bool,
}

/// Why there was no replay, in one line with the next step.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// Standard input or output is something else.
    #[error(
        "a replay needs a terminal, and standard input or output is none; `--check` needs none"
    )]
    NoTerminal,
    /// What is wrong with the recording.
    #[error(transparent)]
    Tape(#[from] TapeError),
    /// The terminal cannot be used.
    #[error("cannot use the terminal: {0}; `--check` needs none")]
    Terminal(#[from] io::Error),
}

/// How far an arrow goes.
const LEAP: Duration = Duration::from_secs(10);
/// Between two frames.
const FRAME: Duration = Duration::from_millis(40);
/// As long as this lines are told before the keys are looked at.
const SPELL: Duration = Duration::from_millis(30);

/// Plays until the person leaves. What came out otherwise is returned.
///
/// # Errors
/// No terminal, or a recording that cannot be read.
pub async fn run(replay: Replay) -> Result<(ExitCode, Vec<Difference>), ReplayError> {
    let player = Player::open(&replay.file, replay.free)?;
    if !terminal::is_one() {
        return Err(ReplayError::NoTerminal);
    }
    let depth = themes::depth();
    let Some(theme) = player.theme(depth) else {
        return Err(io::Error::other("no theme can be read").into());
    };
    let signals = Signals::listen()?;
    let terminal = Terminal::take()?;
    // The terminal is lent to nobody.
    let (inputs, _keyboard) = input::read()?;
    let mut stage = Stage {
        player,
        replay,
        terminal,
        theme,
        regions: None,
        at: Duration::ZERO,
        aim: None,
        playing: true,
        ended: None,
        pressed: String::new(),
        differences: Vec::new(),
        page: Size::new(0, 0),
        leave: None,
    };
    let code = stage.run(inputs, signals).await?;
    Ok((code, stage.differences))
}

struct Stage {
    player: Player,
    replay: Replay,
    terminal: Terminal,
    theme: Theme,
    regions: Option<Regions>,
    /// Where the replay is, as the recorded console's `boot`.
    at: Duration,
    /// Where it is to be, when that is further than it plays.
    aim: Option<Duration>,
    playing: bool,
    /// Nothing more comes: why.
    ended: Option<String>,
    /// What the person pressed last, then.
    pressed: String,
    differences: Vec<Difference>,
    page: Size,
    leave: Option<u8>,
}

impl Stage {
    async fn run(
        &mut self,
        mut inputs: mpsc::Receiver<Sent>,
        mut signals: Signals,
    ) -> Result<ExitCode, ReplayError> {
        let mut last = Instant::now();
        // The first line has the time at which it began.
        self.at = self.player.due()?.unwrap_or_default();
        while self.leave.is_none() {
            self.draw()?;
            tokio::select! {
                biased;
                sent = inputs.recv() => match sent {
                    Some(sent) => self.input(sent)?,
                    None => self.leave = Some(129),
                },
                heard = signals.recv() => match heard {
                    Heard::Leave(code) => self.leave = Some(code),
                    Heard::Continued => self.terminal.again()?,
                    // The next frame finds out.
                    Heard::Resized => {}
                },
                () = sleep(FRAME) => {}
            }
            if signals::hung_up() {
                self.leave = Some(129);
            }
            let passed = last.elapsed();
            last = Instant::now();
            if self.playing && self.ended.is_none() {
                self.at += passed.mul_f64(self.replay.speed);
            }
            if let Some(aim) = self.aim.take() {
                self.at = self.at.max(aim);
            }
            self.go_on()?;
        }
        Ok(ExitCode::from(self.leave.unwrap_or(0)))
    }

    /// Tells what is due, for as long as nobody has to wait for it.
    fn go_on(&mut self) -> Result<(), ReplayError> {
        let began = Instant::now();
        while self.ended.is_none() {
            let due = self.player.due();
            match due {
                Ok(Some(due)) if due > self.at => break,
                Ok(_) if began.elapsed() > SPELL => {
                    // What plays waits for what is told.
                    self.aim = Some(self.at);
                    break;
                }
                Ok(_) => self.step()?,
                Err(error) => self.ended = Some(error.to_string()),
            }
        }
        if self.replay.free {
            while self.player.engine.work(2_000) {}
        }
        self.differences.append(&mut self.player.differences);
        Ok(())
    }

    fn step(&mut self) -> Result<(), ReplayError> {
        match self.player.step() {
            Ok(Step::Event(Some(event))) => self.pressed = word(&event),
            Ok(Step::Event(None) | Step::Other) => {}
            Ok(Step::End(why)) => self.ended = Some(format!("the recording ended: {why}")),
            Err(error) => self.ended = Some(error.to_string()),
        }
        Ok(())
    }

    fn input(&mut self, sent: Sent) -> Result<(), ReplayError> {
        if let Sent::Key(key) = &sent
            && key.kind != KeyEventKind::Release
        {
            let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
            match (key.code, ctrl, self.replay.free) {
                (KeyCode::Char('c'), true, _) | (KeyCode::Char('q'), false, false) => {
                    self.leave = Some(0);
                }
                (KeyCode::Char(' '), false, false) | (KeyCode::Char('p'), true, true) => {
                    self.playing = !self.playing;
                }
                (KeyCode::Right, false, false) | (KeyCode::Char('t'), true, true) => {
                    self.aim = Some(self.at + LEAP);
                }
                (KeyCode::Left, false, false) => self.back()?,
                (KeyCode::Char('.'), false, false) => self.next_input()?,
                (KeyCode::Char('+' | '='), false, false) => {
                    self.replay.speed = (self.replay.speed * 2.0).min(1000.0);
                }
                (KeyCode::Char('-'), false, false) => {
                    self.replay.speed = (self.replay.speed / 2.0).max(0.01);
                }
                _ => {}
            }
            let ours = ctrl && matches!(key.code, KeyCode::Char('c' | 'p' | 't'));
            if ours || !self.replay.free {
                return Ok(());
            }
        }
        if self.replay.free
            && let Some(Input::Event(event)) = input::translate(sent, self.regions.as_ref())
        {
            self.tell(event);
        }
        Ok(())
    }

    /// Back: from the beginning, as fast as it can be told.
    fn back(&mut self) -> Result<(), ReplayError> {
        let to = self.at.saturating_sub(LEAP);
        self.player = Player::open(&self.replay.file, self.replay.free)?;
        self.differences.clear();
        self.ended = None;
        self.at = to;
        self.go_on()
    }

    /// To what the person did next.
    fn next_input(&mut self) -> Result<(), ReplayError> {
        self.playing = false;
        while self.ended.is_none() {
            match self.player.step() {
                Ok(Step::Event(Some(event))) => {
                    self.pressed = word(&event);
                    break;
                }
                Ok(Step::Event(None) | Step::Other) => {}
                Ok(Step::End(why)) => self.ended = Some(format!("the recording ended: {why}")),
                Err(error) => self.ended = Some(error.to_string()),
            }
        }
        self.at = self.at.max(self.player.now.map_or(self.at, |now| now.boot));
        Ok(())
    }

    /// The time that is shown.
    fn now(&self) -> Now {
        let Some(last) = self.player.now else {
            return Now {
                wall: DateTime::<Utc>::UNIX_EPOCH,
                boot: Duration::ZERO,
            };
        };
        let ahead = self.at.saturating_sub(last.boot);
        Now {
            wall: last.wall + TimeDelta::from_std(ahead).unwrap_or_default(),
            boot: last.boot + ahead,
        }
    }

    /// The person's own event. What the engine asks for is answered here.
    fn tell(&mut self, event: Event) {
        let mut waiting = vec![event];
        while let Some(event) = waiting.pop() {
            let mut effects = Vec::new();
            let now = self.now();
            self.player.engine.handle(now, event, &mut effects);
            for effect in effects {
                if let Some(answer) = self.answer(effect, now) {
                    waiting.push(answer);
                }
            }
        }
        while self.player.engine.work(2_000) {}
    }

    fn answer(&mut self, effect: Effect, now: Now) -> Option<Event> {
        match effect {
            Effect::Quit => {
                self.leave = Some(0);
                None
            }
            Effect::Theme(name) => {
                let theme = Theme::built_in(&name, themes::depth());
                self.theme = theme.unwrap_or_else(|| self.theme.clone());
                None
            }
            Effect::OpenLog(_, id, _) => {
                let end = LogEnd::Failed("a replay reads no logs".into());
                Some(Event::Log(id, Box::new(LogEvent::Ended(end))))
            }
            Effect::Call(_, id, _) => {
                let reply = Reply::Refused {
                    code: 0,
                    reason: "Replay".into(),
                    message: "a replay sends nothing".into(),
                    causes: Vec::new(),
                    retry_after: None,
                };
                Some(Event::Reply(id, Box::new(reply)))
            }
            Effect::Feed(no, kind, true) => {
                let state = FeedState::Stale {
                    since: now.wall,
                    why: "not in this recording".into(),
                };
                Some(Event::Feed(no, kind, Box::new(state)))
            }
            Effect::OpenRemote(_, id, _) => {
                let end = RemoteEnd::Failed("a replay opens nothing".into());
                Some(Event::Remote(id, Box::new(RemoteEvent::Ended(end))))
            }
            Effect::Save(_) => {
                let why = "a replay writes no files".to_owned();
                Some(Event::Saved(Box::new(Err(why))))
            }
            // What is recorded comes, and nothing else.
            Effect::Suspend
            | Effect::Connect(..)
            | Effect::Disconnect(_)
            | Effect::Scope(..)
            | Effect::Feed(_, _, false)
            | Effect::Events(..)
            | Effect::CloseLog(..)
            | Effect::ParkLog(..)
            | Effect::Measure(..)
            | Effect::LeadRemote(..)
            | Effect::CloseRemote(..)
            | Effect::Copy(_)
            | Effect::Audit(_)
            | Effect::Bell
            | Effect::ConsoleLogKey(_) => None,
        }
    }

    fn draw(&mut self) -> Result<(), ReplayError> {
        self.terminal.tui.autoresize()?;
        let area = self.terminal.tui.get_frame().area();
        let stage = Size::new(area.width, area.height.saturating_sub(1));
        let now = self.now();
        let picture = if self.replay.free {
            self.own(stage, now)
        } else {
            let size = self.player.size;
            self.player.draw(now, size, &self.theme)
        };
        let status = self.status(now, stage);
        let theme = &self.theme;
        queue!(self.terminal.tui.backend_mut(), BeginSynchronizedUpdate)?;
        self.terminal.tui.draw(|frame| {
            let buffer = frame.buffer_mut();
            copy(&picture, buffer, stage);
            let mut style = theme.tone(Tone::Accent);
            let row = Rect::new(0, stage.height, area.width, area.height - stage.height);
            for (at, part) in status.iter().enumerate() {
                let x = status[..at]
                    .iter()
                    .map(|p| crate::layout::text::width(p) + 2)
                    .sum::<u16>();
                if row.height > 0 && x < row.width {
                    let room = usize::from(row.width - x);
                    buffer.set_stringn(x, row.y, part, room, style);
                }
                style = theme.tone(Tone::Plain);
            }
        })?;
        queue!(self.terminal.tui.backend_mut(), EndSynchronizedUpdate)?;
        self.terminal.send()?;
        Ok(())
    }

    /// The person's own view: laid out for this terminal.
    fn own(&mut self, size: Size, now: Now) -> Buffer {
        let mut scene = Scene::of(&self.player.engine, now);
        let mut regions = arrange(&scene, size);
        if regions.page != self.page {
            self.page = regions.page;
            self.tell(Event::Page {
                rows: self.page.height,
                columns: self.page.width,
            });
            scene = Scene::of(&self.player.engine, now);
            regions = arrange(&scene, size);
        }
        let mut buffer = Buffer::empty(Rect::new(0, 0, size.width, size.height));
        draw(&scene, &regions, &self.theme, &mut buffer);
        self.regions = Some(regions);
        let mut effects = Vec::new();
        self.player.engine.handle(now, Event::Drawn, &mut effects);
        buffer
    }

    fn status(&self, now: Now, stage: Size) -> Vec<String> {
        let glyph = match (&self.ended, self.playing) {
            (Some(_), _) => "■",
            (None, true) => "▸",
            (None, false) => "‖",
        };
        let free = if self.replay.free { " free" } else { "" };
        let mut parts = vec![
            format!(" {glyph} replay{free} ×{}", self.replay.speed),
            now.wall.format("%H:%M:%S").to_string(),
        ];
        if let Some(why) = &self.ended {
            parts.push(why.clone());
        } else if !self.pressed.is_empty() && !self.replay.free {
            parts.push(self.pressed.clone());
        }
        if let Some(last) = self.differences.last() {
            let count = self.differences.len();
            let at = last.at.format("%H:%M:%S");
            parts.push(format!("▲ {count} otherwise, last {} at {at}", last.what));
        }
        let size = self.player.size;
        if !self.replay.free && (size.width > stage.width || size.height > stage.height) {
            parts.push(format!("cut: it was {}x{}", size.width, size.height));
        }
        parts.push(if self.replay.free {
            "ctrl-p pause  ctrl-t 10s on  ctrl-c quit".to_owned()
        } else {
            "space pause  ←→ 10s  . next key  +- speed  q quit".to_owned()
        });
        parts
    }
}

/// A picture into the terminal's, as far as it has room.
fn copy(from: &Buffer, to: &mut Buffer, room: Size) {
    for y in 0..from.area.height.min(room.height) {
        for x in 0..from.area.width.min(room.width) {
            if let (Some(cell), Some(place)) = (from.cell((x, y)), to.cell_mut((x, y))) {
                *place = cell.clone();
            }
        }
    }
}

/// What the person did, in a word.
fn word(event: &Event) -> String {
    match event {
        Event::Key(key) => format!("key {}", keys::name(*key)),
        Event::Paste(_) => "a paste".to_owned(),
        Event::Click(_) => "a click".to_owned(),
        Event::Wheel(_) => "the wheel".to_owned(),
        _ => String::new(),
    }
}

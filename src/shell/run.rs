//! The loop. Inputs come first, then a frame that is due, then the cluster's news, then work that waits.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use log::LevelFilter;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use super::audit::{self, Audit};
use super::clock::Clock;
use super::dispatch::{Dispatch, Terms, Wanted};
use super::input::{self, Input, Keyboard};
use super::lent::Lent;
use super::pace::{Pacer, Why};
use super::record::{Opening, Recorder, StartError, Taped};
use super::screen::Screen;
use super::signals::{self, Heard, Signals};
use super::terminal::{self, Terminal};
use super::{diag, themes};
use crate::cluster::connect::{ConnectError, Connection, Target};
use crate::engine::remote::{RemoteEnd, RemoteEvent, RemoteId, Terminal as Process};
use crate::engine::{Dirty, Effect, Engine, Event, Settings};
use crate::model::ClusterNo;
use crate::ui::Theme;

/// A configuration that cannot be used is found within this, before the screen opens.
const FIRST_LOOK: Duration = Duration::from_millis(200);
/// News of the cluster that are taken at a time; the inputs are looked at before each.
const NEWS: usize = 32;
/// Rows of an index between two looks at the inputs: a millisecond or two.
const ROWS: usize = 2_000;

/// Where the cluster is.
#[derive(Clone, Debug)]
pub enum Source {
    /// What a kubeconfig names.
    Cluster(Target),
    /// A connection that stands already: the simulated cluster of this process.
    Connected(Box<Connection>),
}

/// A console to be run.
#[derive(Debug)]
pub struct Console {
    /// Where the clusters are, one at least, in the order of the settings' contexts.
    pub sources: Vec<Source>,
    /// The engine's settings; its namespace is also what is watched.
    pub settings: Settings,
    /// `-l`: only pods with these labels.
    pub selector: Option<String>,
    /// The theme's name.
    pub theme: String,
    /// Where the person's own themes are.
    pub themes: Option<PathBuf>,
    /// The file to record into, and how many bytes it may have.
    pub record: Option<(PathBuf, u64)>,
    /// The audit trail; `None`: in the state directory.
    pub audit: Option<PathBuf>,
    /// What our own log keeps.
    pub log_level: LevelFilter,
}

/// Why there was no console, in one line with the next step.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Standard input or output is something else.
    #[error(
        "the console needs a terminal, and standard input or output is none; \
         without one use `constable get pools`, `constable get jobs` or `constable logs JOB`"
    )]
    NoTerminal,
    /// The terminal cannot be used.
    #[error("cannot use the terminal: {0}; try another one, or `constable get pools` without one")]
    Terminal(#[from] io::Error),
    /// The configuration cannot be used.
    #[error("{0}")]
    Connect(ConnectError),
    /// A theme that is not there or cannot be read.
    #[error("{0}")]
    Theme(String),
    /// The recording cannot be made.
    #[error(transparent)]
    Record(#[from] StartError),
}

/// Runs a console until the person leaves it. The exit code is 0, or 128 and the number of the signal that
/// ended it.
pub async fn run(console: Console) -> Result<ExitCode, Failure> {
    if !terminal::is_one() {
        return Err(Failure::NoTerminal);
    }
    let depth = themes::depth();
    let theme =
        themes::load(&console.theme, console.themes.as_deref(), depth).map_err(Failure::Theme)?;
    // A logger that is there already is as good.
    let _ = diag::init(console.log_level);
    let audit = match console.audit.or_else(audit::default_path) {
        Some(path) => Some(Audit::open(path)?),
        None => None,
    };
    let terms = Terms {
        namespace: console.settings.namespace.as_ref().map(|n| n.to_string()),
        selector: console.selector,
        api: console.settings.api,
    };
    let (dispatch, mut opened) = Dispatch::begin(console.sources, terms, audit);
    // Of several the others may be well: the screen says which is not.
    if let [only] = opened.as_mut_slice()
        && let Ok(Ok(Err(error))) = timeout(FIRST_LOOK, only).await
    {
        return Err(Failure::Connect(error));
    }
    let signals = Signals::listen()?;
    let recorder = match console.record {
        Some((path, limit)) => {
            let opening = Opening {
                settings: console.settings.clone(),
                size: terminal::size()?,
                theme: console.theme,
                depth,
            };
            Some(Recorder::start(&path, &opening, limit)?)
        }
        None => None,
    };
    let screen = Screen::new(Terminal::take()?, theme);
    let (inputs, keyboard) = input::read()?;
    let looped = Loop {
        clock: Clock::start(),
        engine: Taped::new(Engine::new(console.settings), recorder),
        screen,
        dispatch,
        keyboard,
        lent: None,
        themes: console.themes,
        effects: Vec::new(),
        pacer: Pacer::default(),
        forced: true,
        working: false,
        ended: None,
    };
    looped.run(inputs, signals).await.map_err(Failure::Terminal)
}

struct Loop {
    clock: Clock,
    engine: Taped,
    screen: Screen,
    dispatch: Dispatch,
    keyboard: Keyboard,
    /// A process in a container has the terminal: nothing is drawn.
    lent: Option<Lent>,
    themes: Option<PathBuf>,
    effects: Vec<Effect>,
    pacer: Pacer,
    /// The next frame is drawn whether or not the engine knows of a change.
    forced: bool,
    working: bool,
    ended: Option<u8>,
}

impl Loop {
    async fn run(
        mut self,
        mut inputs: mpsc::Receiver<crossterm::event::Event>,
        mut signals: Signals,
    ) -> io::Result<ExitCode> {
        let mut tick = interval(Duration::from_secs(1));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut news = Vec::with_capacity(NEWS);
        self.force(Why::Now);
        while self.ended.is_none() {
            let now = self.clock.now().boot;
            let wait = self.pacer.due().map(|due| due.saturating_sub(now));
            let due = async {
                match wait {
                    Some(Duration::ZERO) => {}
                    Some(wait) => sleep(wait).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                sent = inputs.recv() => match sent {
                    Some(sent) => self.input(sent),
                    None => self.leave(129),
                },
                heard = signals.recv() => match heard {
                    Heard::Leave(code) => self.leave(code),
                    Heard::Resized => {
                        if let Some(lent) = &self.lent {
                            lent.resize();
                        }
                    }
                    Heard::Continued if self.lent.is_some() => {}
                    Heard::Continued => {
                        self.screen.terminal.again()?;
                        self.screen.forget();
                        self.force(Why::Now);
                    }
                },
                () = due => self.frame()?,
                () = Lent::left(&mut self.lent) => self.left().await?,
                _ = tick.tick() => self.tick(),
                () = self.dispatch.recv(&mut news, NEWS) => {}
                () = std::future::ready(()), if self.working => {
                    self.working = self.engine.work(ROWS);
                    // Others get their turn on this thread.
                    tokio::task::yield_now().await;
                }
            }
            let mut told = false;
            for event in news.drain(..) {
                // A batch may take milliseconds: nobody who types waits for more than one.
                while let Ok(sent) = inputs.try_recv() {
                    self.input(sent);
                    self.order();
                }
                if self.pacer.is_due(self.clock.now().boot) {
                    self.frame()?;
                }
                self.take_back(&event).await?;
                self.handle(event);
                self.order();
                told = true;
            }
            // Small news are sorted in before the frame that shows them, or they would take two.
            if told && self.working {
                self.working = self.engine.work(ROWS);
            }
            self.settle()?;
        }
        let code = self.ended.unwrap_or(0);
        Ok(ExitCode::from(code))
    }

    fn handle(&mut self, event: Event) {
        self.engine
            .handle(self.clock.now(), event, &mut self.effects);
        self.working = true;
    }

    fn input(&mut self, sent: crossterm::event::Event) {
        match input::translate(sent, self.screen.regions.as_ref()) {
            // Typed before the process had the keys: meant for neither.
            Some(Input::Event(_)) if self.lent.is_some() => {}
            Some(Input::Event(event)) => self.handle(event),
            Some(Input::Resized) => self.force(Why::Resize),
            None => {}
        }
    }

    /// Leaves without asking, with that exit code.
    fn leave(&mut self, code: u8) {
        self.handle(Event::Terminate);
        self.ended = Some(code);
    }

    fn tick(&mut self) {
        if signals::hung_up() {
            self.leave(129);
            return;
        }
        diag::ConsoleLog::collect();
        self.handle(Event::Tick);
        if let Some(taping) = self.engine.taping() {
            self.handle(taping);
        }
        if let Some(regions) = &self.screen.regions
            && matches!(regions.body, crate::layout::BodyRegions::ConsoleLog { .. })
        {
            self.force(Why::News);
        }
    }

    /// Effects are taken, and a frame is ordered when something visible changed.
    fn settle(&mut self) -> io::Result<()> {
        let mut effects = std::mem::take(&mut self.effects);
        for effect in effects.drain(..) {
            if let Some(wanted) = self.dispatch.take(effect) {
                self.want(wanted)?;
            }
        }
        // Nothing above makes new effects: the buffer is given back for the next event.
        self.effects = effects;
        self.order();
        Ok(())
    }

    fn want(&mut self, wanted: Wanted) -> io::Result<()> {
        match wanted {
            Wanted::Quit => self.ended = self.ended.or(Some(0)),
            Wanted::Suspend => {
                self.screen.terminal.away(signals::stop)?;
                self.screen.forget();
                self.force(Why::Now);
            }
            Wanted::Bell if self.lent.is_some() => {}
            Wanted::Bell => self.screen.terminal.bell()?,
            Wanted::Copy(text) => self.screen.terminal.copy(&text)?,
            Wanted::Lend(no, id, process) => self.lend(no, id, process)?,
            Wanted::ConsoleLogKey(key) => {
                self.screen.log.key(key);
                self.force(Why::Now);
            }
            Wanted::Theme(name) => {
                match themes::load(&name, self.themes.as_deref(), themes::depth()) {
                    Ok(theme) => self.use_theme(theme)?,
                    Err(error) => log::error!("{error}"),
                }
            }
        }
        Ok(())
    }

    /// Gives the terminal to a process in a container.
    fn lend(&mut self, no: ClusterNo, id: RemoteId, process: Process) -> io::Result<()> {
        if self.lent.is_some() {
            let end = RemoteEnd::Failed("another process has the terminal".into());
            self.handle(Event::Remote(id, Box::new(RemoteEvent::Ended(end))));
            return Ok(());
        }
        self.screen.terminal.lend()?;
        let (lent, pipes) = Lent::begin(no, id, &process, &self.keyboard)?;
        self.lent = Some(lent);
        self.dispatch.lend(no, id, process, pipes);
        Ok(())
    }

    /// Takes the terminal back when the process that has it has ended.
    async fn take_back(&mut self, event: &Event) -> io::Result<()> {
        let ended = match event {
            Event::Remote(id, event) if matches!(**event, RemoteEvent::Ended(_)) => Some(*id),
            _ => None,
        };
        let Some(lent) = self.lent.take_if(|lent| Some(lent.id) == ended) else {
            return Ok(());
        };
        self.keyboard.back();
        lent.end().await;
        self.screen.terminal.again()?;
        self.screen.forget();
        self.force(Why::Now);
        Ok(())
    }

    /// The person has left it by the escape.
    async fn left(&mut self) -> io::Result<()> {
        let Some((no, id)) = self.lent.as_ref().map(|lent| (lent.no, lent.id)) else {
            return Ok(());
        };
        self.dispatch.take(Effect::CloseRemote(no, id));
        let event = Event::Remote(id, Box::new(RemoteEvent::Ended(RemoteEnd::Left)));
        self.take_back(&event).await?;
        self.handle(event);
        Ok(())
    }

    fn use_theme(&mut self, theme: Theme) -> io::Result<()> {
        self.screen.theme = theme;
        self.screen.terminal.repaint()?;
        self.screen.forget();
        self.force(Why::Now);
        Ok(())
    }

    /// Orders a frame when something visible may have changed.
    fn order(&mut self) {
        if self.lent.is_some() {
            // What changes meanwhile is drawn when the terminal is ours again.
            return;
        }
        let why = match self.engine.stirred() {
            Dirty::Clean => return,
            Dirty::Now => Why::Now,
            Dirty::News if self.engine.is_syncing() => Why::Listing,
            Dirty::News => Why::News,
        };
        self.pacer.want(self.clock.now().boot, why);
    }

    /// A frame whatever the engine says.
    fn force(&mut self, why: Why) {
        self.forced = true;
        self.pacer.want(self.clock.now().boot, why);
    }

    /// A frame is due: it is drawn if something visible has changed.
    fn frame(&mut self) -> io::Result<()> {
        let now = self.clock.now();
        if self.lent.is_some() {
            self.pacer.passed(now.boot);
            return Ok(());
        }
        let dirty = self.engine.take_dirty();
        if dirty == Dirty::Clean && !self.forced {
            self.pacer.passed(now.boot);
            return Ok(());
        }
        self.forced = false;
        self.pacer.drew(now.boot);
        let drawn = self.screen.draw(&mut self.engine, now, &mut self.effects);
        if drawn.is_ok() {
            // What it shows may be confirmed from here on.
            self.engine.handle(now, Event::Drawn, &mut self.effects);
        }
        // The page's size is no news to this frame, but its rows may have to be sorted.
        self.engine.take_dirty();
        self.working = true;
        drawn
    }
}

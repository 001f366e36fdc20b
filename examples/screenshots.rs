//! Draws the pictures in `screenshots/` from the demo, with the program's own drawing code:
//! `cargo run --release --example screenshots [DIRECTORY]`.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use chrono::Utc;
use constable::cli::demo::{self, DemoArgs};
use constable::cluster::connect::Connection;
use constable::cluster::feed::{Feeds, Pulse, Scope};
use constable::cluster::log::{LogStream, Pressure};
use constable::engine::{Code, Effect, Engine, Event, Key, Now, Settings};
use constable::layout::{Scene, arrange};
use constable::ui::{self, Depth, Theme, svg};
use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

/// Long enough for all feeds to be complete and for a few jobs to come and go.
const WATCH: Duration = Duration::from_secs(20);
/// Long enough for a log's first lines.
const READ: Duration = Duration::from_secs(4);
const SIZE: Size = Size::new(120, 36);

struct Console {
    engine: Engine,
    connection: Connection,
    feeds: Feeds,
    logs: Vec<LogStream>,
    events: mpsc::Sender<Event>,
    news: mpsc::Receiver<Event>,
    began: Instant,
}

impl Console {
    async fn open(connection: Connection) -> Result<Self, Box<dyn Error>> {
        let (events, news) = mpsc::channel(256);
        let (_, pulse) = watch::channel(Pulse::Answers);
        let greeting = connection.greet().await?;
        let mut feeds = Feeds::new(
            connection.clone(),
            Scope::default(),
            true,
            pulse,
            events.clone(),
        );
        for kind in Feeds::always() {
            feeds.set(kind, true);
        }
        let mut console = Self {
            engine: Engine::new(Settings::default()),
            connection,
            feeds,
            logs: Vec::new(),
            events,
            news,
            began: Instant::now(),
        };
        let cluster = console.connection.cluster_id().await;
        let latency = u32::try_from(greeting.took.as_millis()).ok();
        let info = console.connection.info(cluster, &greeting, latency);
        console.handle(Event::Server(Box::new(info)));
        Ok(console)
    }

    fn now(&self) -> Now {
        Now {
            wall: Utc::now(),
            boot: self.began.elapsed(),
        }
    }

    fn handle(&mut self, event: Event) {
        let mut effects = Vec::new();
        self.engine.handle(self.now(), event, &mut effects);
        for effect in effects {
            match effect {
                Effect::OpenLog(id, source) => self.logs.push(LogStream::open(
                    self.connection.clone(),
                    id,
                    *source,
                    Pressure::Drop,
                    self.events.clone(),
                )),
                Effect::Feed(kind, on) => self.feeds.set(kind, on),
                // Nothing else is asked for by looking.
                _ => {}
            }
        }
        while self.engine.work(10_000) {}
    }

    async fn watch(&mut self, how_long: Duration) {
        let end = Instant::now() + how_long;
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            if let Ok(Some(event)) =
                timeout(left.min(Duration::from_secs(1)), self.news.recv()).await
            {
                self.handle(event);
            }
            self.handle(Event::Tick);
        }
    }

    fn press(&mut self, keys: &str) {
        for c in keys.chars() {
            let key = match c {
                '\r' => Key::plain(Code::Enter),
                c => Key::char(c),
            };
            self.handle(Event::Key(key));
        }
    }

    fn draw(&mut self, theme: &str, file: &Path) -> Result<(), Box<dyn Error>> {
        let theme = Theme::built_in(theme, Depth::True).ok_or("no such theme")?;
        // As the console does: the page's size first, as it depends on what is shown.
        for _ in 0..2 {
            let page = arrange(&Scene::of(&self.engine, self.now()), SIZE).page;
            self.handle(Event::Page {
                rows: page.height,
                columns: page.width,
            });
        }
        let scene = Scene::of(&self.engine, self.now());
        let mut buffer = Buffer::empty(Rect::new(0, 0, SIZE.width, SIZE.height));
        ui::draw(&scene, &arrange(&scene, SIZE), &theme, &mut buffer);
        std::fs::write(file, svg::of(&buffer, &theme))?;
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args_os().nth(1).map(PathBuf::from);
    let folder =
        folder.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("screenshots"));
    std::fs::create_dir_all(&folder)?;
    let running = demo::start(DemoArgs::default()).await?;
    let connection = Connection::from_client(running.client.clone(), "demo");
    let mut console = Console::open(connection).await?;
    console.watch(WATCH).await;
    console.draw("dark", &folder.join("overview.svg"))?;
    console.draw("light", &folder.join("overview-light.svg"))?;
    console.press(":jobs\r/phase:running\rj\r");
    console.draw("dark", &folder.join("job.svg"))?;
    console.press("l");
    console.watch(READ).await;
    console.draw("dark", &folder.join("log.svg"))?;
    Ok(())
}

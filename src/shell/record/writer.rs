//! Lines into the file, on a thread of their own: the console never waits for a disk.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender, TrySendError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use ratatui::buffer::Buffer;
use serde_json::{Map, Value, json};

use super::cells::Cells;
use super::wire::Wire as _;
use super::{Opening, hide};
use crate::engine::event::Taping;
use crate::engine::{Accept, CallId, Effect, Event, Now, Reply};
use crate::model::Text;

/// What may wait for the disk. A first list of a large cluster is some hundred batches.
const QUEUE: usize = 8_192;
/// What was written is in the file after this long, whatever becomes of the program.
const FLUSH: Duration = Duration::from_secs(1);
/// Between two frames whose cells are summed up.
const FRAMES: Duration = Duration::from_secs(1);
/// What the compressor may still hold when the size is looked at.
const HELD: u64 = 64 << 10;

/// A recording that was not begun, in one line with the next step.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// There is such a file.
    #[error("{0} is there already, and a recording overwrites nothing: name another file")]
    There(PathBuf),
    /// It cannot be made.
    #[error("cannot record into {0}: {1}")]
    Io(PathBuf, io::Error),
}

/// A recording that is being made. Dropping it ends the file as it should end.
#[derive(Debug)]
pub struct Recorder {
    lines: Option<SyncSender<Line>>,
    standing: Arc<Standing>,
    writer: Option<JoinHandle<()>>,
    /// Rows and times that the engine was let work since the last line.
    work: Option<(usize, u64)>,
    /// The last frame that was summed up.
    framed: Option<Duration>,
}

/// What both threads know.
#[derive(Debug)]
struct Standing {
    bytes: AtomicU64,
    limit: u64,
    ended: Mutex<Option<Text>>,
}

impl Standing {
    fn end(&self, why: &str) {
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        ended.get_or_insert_with(|| why.into());
    }

    fn ended(&self) -> Option<Text> {
        let ended = self.ended.lock();
        ended.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

enum Line {
    Event(Now, Event, Vec<Effect>),
    Work(usize, u64),
    Frame(Now, (u16, u16), Cells),
}

impl Recorder {
    /// Begins a recording in a new file that its owner alone may read, of at most `limit` bytes.
    ///
    /// # Errors
    /// There is such a file, or it cannot be made.
    pub fn start(path: &Path, opening: &Opening, limit: u64) -> Result<Self, StartError> {
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::AlreadyExists => StartError::There(path.to_owned()),
            _ => StartError::Io(path.to_owned(), error),
        };
        let file = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .map_err(failed)?;
        let standing = Arc::new(Standing {
            bytes: AtomicU64::new(0),
            limit,
            ended: Mutex::new(None),
        });
        let counted = Counted {
            file,
            standing: standing.clone(),
        };
        let mut written = Written {
            out: GzEncoder::new(counted, Compression::fast()),
            hidden: HashSet::new(),
        };
        written.line(&opening.put()).map_err(failed)?;
        written.out.flush().map_err(failed)?;
        let (lines, received) = mpsc::sync_channel(QUEUE);
        let (told, path) = (standing.clone(), path.to_owned());
        let writer = std::thread::Builder::new()
            .name("recording".to_owned())
            .spawn(move || {
                if let Err(error) = written.write(&received, &told) {
                    log::error!("cannot write the recording {}: {error}", path.display());
                    told.end(&format!("cannot write it: {error}"));
                }
            })
            .map_err(failed)?;
        Ok(Self {
            lines: Some(lines),
            standing,
            writer: Some(writer),
            work: None,
            framed: None,
        })
    }

    /// The engine was told something, and asked for something.
    pub(super) fn event(&mut self, now: Now, event: Event, effects: &[Effect]) {
        self.worked();
        self.send(Line::Event(now, event, effects.to_vec()));
    }

    /// The engine was let work.
    pub(super) fn work(&mut self, rows: usize) {
        match &mut self.work {
            Some((before, times)) if *before == rows => *times += 1,
            _ => {
                self.worked();
                self.work = Some((rows, 1));
            }
        }
    }

    /// A frame was drawn.
    pub(super) fn frame(&mut self, now: Now, buffer: &Buffer) {
        let due = |last: Duration| now.boot >= last + FRAMES;
        if self.lines.is_none() || !self.framed.is_none_or(due) {
            return;
        }
        self.framed = Some(now.boot);
        self.worked();
        let size = (buffer.area.width, buffer.area.height);
        self.send(Line::Frame(now, size, Cells::of(buffer)));
    }

    /// How it stands.
    pub(super) fn taping(&self) -> Taping {
        Taping {
            bytes: self.standing.bytes.load(Ordering::Relaxed),
            limit: self.standing.limit,
            ended: self.standing.ended(),
        }
    }

    fn worked(&mut self) {
        if let Some((rows, times)) = self.work.take() {
            self.send(Line::Work(rows, times));
        }
    }

    fn send(&mut self, line: Line) {
        let Some(lines) = &self.lines else {
            return;
        };
        match lines.try_send(line) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => {
                self.standing
                    .end("more happened than the disk could take in");
                self.lines = None;
            }
            Err(TrySendError::Disconnected(_)) => self.lines = None,
        }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.worked();
        self.lines = None;
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

/// Counts what gets to the file.
struct Counted {
    file: File,
    standing: Arc<Standing>,
}

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.standing
            .bytes
            .fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// The file, on its thread.
struct Written {
    out: GzEncoder<Counted>,
    /// Calls whose answers are secrets.
    hidden: HashSet<CallId>,
}

impl Written {
    /// Writes until nobody sends any more or the file is full.
    fn write(mut self, lines: &Receiver<Line>, standing: &Standing) -> io::Result<()> {
        let mut flushed = Instant::now();
        let mut dirty = false;
        let why = loop {
            let wait = FLUSH.saturating_sub(flushed.elapsed());
            match lines.recv_timeout(wait) {
                Ok(line) => {
                    let value = self.value(line);
                    self.line(&value)?;
                    dirty = true;
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break standing.ended(),
            }
            if flushed.elapsed() >= FLUSH {
                flushed = Instant::now();
                if std::mem::take(&mut dirty) {
                    self.out.flush()?;
                }
            }
            if standing.bytes.load(Ordering::Relaxed) + HELD >= standing.limit {
                standing.end("it is as large as it may be");
                break standing.ended();
            }
        };
        let why = why.as_deref().unwrap_or("the console ended");
        self.line(&json!({ "end": why }))?;
        self.out.finish()?.flush()
    }

    fn line(&mut self, value: &Value) -> io::Result<()> {
        serde_json::to_writer(&mut self.out, value)?;
        self.out.write_all(b"\n")
    }

    fn value(&mut self, line: Line) -> Value {
        match line {
            Line::Work(rows, times) => json!({ "work": [rows, times] }),
            Line::Frame(now, size, cells) => json!({ "frame": {
                "at": now.put(),
                "size": [size.0, size.1],
                "text": cells.text,
                "style": cells.style,
            } }),
            Line::Event(now, event, effects) => {
                let mut map = Map::new();
                map.insert("at".into(), now.put());
                let (event, altered) = self.event(event);
                map.insert("event".into(), event);
                if altered {
                    map.insert("altered".into(), true.into());
                }
                if !effects.is_empty() {
                    let effects = effects.iter().map(|e| self.effect(e)).collect();
                    map.insert("effects".into(), effects);
                }
                Value::Object(map)
            }
        }
    }

    /// Without what must not be written; whether there was any.
    fn event(&mut self, event: Event) -> (Value, bool) {
        match event {
            Event::Reply(id, mut reply) => {
                let hidden = self.hidden.remove(&id);
                let altered = match &mut *reply {
                    Reply::Done(body) if hidden => {
                        *body = hide::LEFT_OUT.into();
                        true
                    }
                    Reply::Done(body) => hide::secrets(body),
                    Reply::Refused { .. } | Reply::Lost(_) => false,
                };
                (Event::Reply(id, reply).put(), altered)
            }
            event => (event.put(), false),
        }
    }

    fn effect(&mut self, effect: &Effect) -> Value {
        if let Effect::Call(_, id, call) = effect
            && matches!(call.accept, Accept::Hidden(_))
        {
            self.hidden.insert(*id);
        }
        effect_value(effect)
    }
}

/// An effect as it is written and compared.
pub(super) fn effect_value(effect: &Effect) -> Value {
    match effect {
        Effect::Call(no, id, call) if !call.body.is_null() => {
            let mut call = call.clone();
            hide::secrets(&mut call.body);
            Effect::Call(*no, *id, call).put()
        }
        // What is copied or saved may be a secret that was asked for by name.
        Effect::Copy(_) => Effect::Copy(hide::LEFT_OUT.into()).put(),
        Effect::Save(saving) => {
            let mut saving = saving.clone();
            hide::LEFT_OUT.clone_into(&mut saving.text);
            Effect::Save(saving).put()
        }
        effect => effect.put(),
    }
}

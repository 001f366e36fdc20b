//! The file back into lines.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use flate2::bufread::GzDecoder;
use ratatui::layout::Size;
use serde_json::Value;

use super::cells::Cells;
use super::wire::{self, Wire as _, Wrong};
use super::{MAGIC, Opening, VERSION};
use crate::engine::{Event, Now};

/// A recording that is read.
pub struct Tape {
    lines: BufReader<GzDecoder<BufReader<File>>>,
    path: PathBuf,
    /// How it began.
    pub opening: Opening,
    /// The version of the program that wrote it.
    pub by: String,
    line: u64,
    text: String,
    /// When the last event was.
    last: Option<DateTime<Utc>>,
}

/// Something that happened.
#[derive(Debug)]
pub(super) enum Entry {
    /// An event, what was asked for then, and whether something was taken out of it.
    Event {
        now: Now,
        event: Event,
        effects: Vec<Value>,
        altered: bool,
    },
    Work {
        rows: usize,
        times: u64,
    },
    Frame {
        now: Now,
        size: Size,
        cells: Cells,
    },
    End(String),
}

/// Why a recording cannot be read (on), in one line with the next step.
#[derive(Debug, thiserror::Error)]
pub enum TapeError {
    /// It cannot be opened or read.
    #[error("cannot read {0}: {1}")]
    Io(PathBuf, io::Error),
    /// It is something else.
    #[error("{0} is no recording; one is made by `constable --record FILE`")]
    Other(PathBuf),
    /// A later version made it.
    #[error(
        "{path} was made by constable {by} in format {format}, and this one reads up to {VERSION}: replay it with that version"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Who made it.
        by: String,
        /// In which format.
        format: u64,
    },
    /// It ends in the middle: the program or the machine died.
    #[error("{} is cut off {}; what was before has been replayed", path.display(), last.map_or_else(|| "at its beginning".to_owned(), |at| format!("after {}", at.format("%H:%M:%S UTC"))))]
    Cut {
        /// The file.
        path: PathBuf,
        /// When its last event was.
        last: Option<DateTime<Utc>>,
    },
    /// A line that cannot be understood.
    #[error("{path}, line {line}: {why}; it is damaged, or was changed by hand")]
    Broken {
        /// The file.
        path: PathBuf,
        /// Which line.
        line: u64,
        /// What is wrong with it.
        why: String,
    },
}

impl Tape {
    /// Opens a recording.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn open(path: &Path) -> Result<Self, TapeError> {
        let other = || TapeError::Other(path.to_owned());
        let io = |error| TapeError::Io(path.to_owned(), error);
        let mut file = BufReader::with_capacity(64 << 10, File::open(path).map_err(io)?);
        // What is no gzip is said to be none, whatever its length.
        if !file.fill_buf().map_err(io)?.starts_with(&[0x1f, 0x8b]) {
            return Err(other());
        }
        let mut lines = BufReader::with_capacity(64 << 10, GzDecoder::new(file));
        let mut text = String::new();
        // A first line of another kind of file may be of any length.
        io::Read::take(&mut lines, 1 << 20)
            .read_line(&mut text)
            .map_err(|_| other())?;
        let line: Value = serde_json::from_str(&text).map_err(|_| other())?;
        let format = line.get(MAGIC).and_then(Value::as_u64).ok_or_else(other)?;
        let by = line.get("by").and_then(Value::as_str).unwrap_or("?");
        if format > VERSION {
            return Err(TapeError::Newer {
                path: path.to_owned(),
                by: by.to_owned(),
                format,
            });
        }
        let opening = Opening::take(&line).map_err(|e| broken(path, 1, &e))?;
        Ok(Self {
            lines,
            path: path.to_owned(),
            opening,
            by: by.to_owned(),
            line: 1,
            text,
            last: None,
        })
    }

    /// What happened next.
    ///
    /// # Errors
    /// The file is cut off here, or cannot be understood.
    pub(super) fn next(&mut self) -> Result<Entry, TapeError> {
        self.text.clear();
        match self.lines.read_line(&mut self.text) {
            Ok(_) if self.text.ends_with('\n') => {}
            Ok(_) => return Err(self.cut()),
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Err(self.cut()),
            Err(error) => return Err(TapeError::Io(self.path.clone(), error)),
        }
        self.line += 1;
        let entry = serde_json::from_str(&self.text)
            .map_err(|e| Wrong::new(e.to_string()))
            .and_then(|line| entry(&line))
            .map_err(|e| broken(&self.path, self.line, &e))?;
        if let Entry::Event { now, .. } = &entry {
            self.last = Some(now.wall);
        }
        Ok(entry)
    }

    fn cut(&self) -> TapeError {
        TapeError::Cut {
            path: self.path.clone(),
            last: self.last,
        }
    }
}

fn broken(path: &Path, line: u64, wrong: &Wrong) -> TapeError {
    TapeError::Broken {
        path: path.to_owned(),
        line,
        why: wrong.to_string(),
    }
}

fn entry(line: &Value) -> Result<Entry, Wrong> {
    let map = wire::fields(line)?;
    if let Some(event) = map.get("event") {
        return Ok(Entry::Event {
            now: wire::take(map, "at")?,
            event: Event::take(event)?,
            effects: wire::take(map, "effects")?,
            altered: wire::take(map, "altered")?,
        });
    }
    if let Some(work) = map.get("work") {
        let (rows, times) = <(usize, u64)>::take(work)?;
        return Ok(Entry::Work { rows, times });
    }
    if let Some(frame) = map.get("frame") {
        let map = wire::fields(frame)?;
        let (width, height) = wire::take(map, "size")?;
        return Ok(Entry::Frame {
            now: wire::take(map, "at")?,
            size: Size::new(width, height),
            cells: Cells {
                text: wire::take(map, "text")?,
                style: wire::take(map, "style")?,
            },
        });
    }
    match map.get("end") {
        Some(why) => Ok(Entry::End(String::take(why)?)),
        None => Err(Wrong::new("nothing that is known to this version")),
    }
}

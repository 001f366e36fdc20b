//! The audit trail: one JSON line an action, on disk before the next one is written.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread::JoinHandle;

use serde_json::Value;

/// `$XDG_STATE_HOME/constable/audit.jsonl`, or below `~/.local/state`; `None` where there is no home.
pub(super) fn default_path() -> Option<PathBuf> {
    let absolute = |name: &str| {
        let path = PathBuf::from(std::env::var_os(name)?);
        path.is_absolute().then_some(path)
    };
    let state =
        absolute("XDG_STATE_HOME").or_else(|| Some(absolute("HOME")?.join(".local/state")))?;
    Some(state.join("constable").join("audit.jsonl"))
}

/// Writes lines on a thread of its own, so that a slow disk does not hold the screen. Dropping it waits
/// until all are written.
#[derive(Debug)]
pub(crate) struct Audit {
    lines: Option<mpsc::Sender<Value>>,
    writer: Option<JoinHandle<()>>,
}

impl Audit {
    /// The trail at its usual place; `None` where there is no home, or no thread to write it.
    pub(crate) fn at_home() -> Option<Self> {
        default_path().and_then(|path| Self::open(path).ok())
    }

    /// A trail in that file, which is made with its first line.
    pub(crate) fn open(path: PathBuf) -> io::Result<Self> {
        let (lines, received) = mpsc::channel::<Value>();
        let writer = std::thread::Builder::new()
            .name("audit".to_owned())
            .spawn(move || {
                for line in received {
                    if let Err(error) = append(&path, &line) {
                        log::error!(
                            "cannot write the audit trail {}: {error}; its line: {line}",
                            path.display()
                        );
                    }
                }
            })?;
        Ok(Self {
            lines: Some(lines),
            writer: Some(writer),
        })
    }

    /// Appends a line.
    pub(crate) fn write(&self, line: Value) {
        if let Some(lines) = &self.lines {
            // The writer ends only after this sender.
            let _ = lines.send(line);
        }
    }
}

impl Drop for Audit {
    fn drop(&mut self) {
        self.lines = None;
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

fn append(path: &Path, line: &Value) -> io::Result<()> {
    let mut file = open(path)?;
    let mut text = line.to_string();
    text.push('\n');
    file.write_all(text.as_bytes())?;
    file.sync_data()
}

fn open(path: &Path) -> io::Result<File> {
    if let Some(parent) = path.parent() {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(parent)?;
    }
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use serde_json::json;

    use super::*;

    #[test]
    fn lines_are_appended_for_the_owner_alone() {
        let home = tempfile::tempdir().expect("a directory");
        let path = home.path().join("state/constable/audit.jsonl");
        for _ in 0..2 {
            let audit = Audit::open(path.clone()).expect("a thread");
            audit.write(json!({"action": "cordon", "object": "node/p-07"}));
            audit.write(json!({"action": "cancel"}));
        }
        let one = "{\"action\":\"cordon\",\"object\":\"node/p-07\"}\n{\"action\":\"cancel\"}\n";
        assert_eq!(fs::read_to_string(&path).expect("the file"), one.repeat(2));
        let mode = fs::metadata(&path).expect("the file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

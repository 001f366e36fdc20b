//! The program on a terminal of 200x50.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant, SystemTime};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use super::Failed;

const ROWS: u16 = 50;
const COLUMNS: u16 = 200;

/// Open; dropped, it ends.
pub(crate) struct Console {
    child: Box<dyn Child + Send + Sync>,
    _master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    output: Receiver<(SystemTime, Vec<u8>)>,
    screen: vt100::Parser,
    _home: tempfile::TempDir,
}

impl Console {
    pub(crate) fn open(kubeconfig: &Path, arguments: &[&str]) -> Result<Self, Failed> {
        let home = tempfile::tempdir()?;
        let size = PtySize {
            rows: ROWS,
            cols: COLUMNS,
            pixel_width: 0,
            pixel_height: 0,
        };
        let pair = native_pty_system().openpty(size)?;
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_constable"));
        command.arg("--kubeconfig");
        command.arg(kubeconfig);
        command.args(arguments);
        command.env_clear();
        for name in ["HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"] {
            command.env(name, home.path());
        }
        command.env("TERM", "xterm-256color");
        let child = pair.slave.spawn_command(command)?;
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader()?;
        let (sender, output) = mpsc::channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 64 << 10];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                let read = (SystemTime::now(), buffer[..count].to_vec());
                if sender.send(read).is_err() {
                    return;
                }
            }
        });
        let (rows, columns) = (NonZeroU16::new(ROWS), NonZeroU16::new(COLUMNS));
        let (Some(rows), Some(columns)) = (rows, columns) else {
            return Err("no size".into());
        };
        Ok(Self {
            child,
            keys: pair.master.take_writer()?,
            _master: pair.master,
            output,
            screen: vt100::Parser::new(rows, columns, 0),
            _home: home,
        })
    }

    pub(crate) fn pid(&self) -> Result<u32, Failed> {
        self.child
            .process_id()
            .ok_or_else(|| "the console has no process".into())
    }

    pub(crate) fn press(&mut self, keys: &str) -> Result<(), Failed> {
        self.keys.write_all(keys.as_bytes())?;
        Ok(self.keys.flush()?)
    }

    /// Waits until the screen is as wanted.
    pub(crate) fn until(&mut self, wanted: impl Fn(&str) -> bool) -> Result<(), Failed> {
        let deadline = Instant::now() + Duration::from_secs(120);
        while !wanted(&self.screen.screen().contents()) {
            match self
                .output
                .recv_timeout(deadline.saturating_duration_since(Instant::now()))
            {
                Ok((_, bytes)) => self.screen.process(&bytes),
                Err(_) => {
                    return Err(format!(
                        "the screen stays at:\n{}",
                        self.screen.screen().contents()
                    )
                    .into());
                }
            }
        }
        Ok(())
    }

    /// Takes what is written next, if it comes in time, and says when it came.
    pub(crate) fn step(&mut self, time: Duration) -> Option<SystemTime> {
        let (at, bytes) = self.output.recv_timeout(time).ok()?;
        self.screen.process(&bytes);
        Some(at)
    }

    /// Looks at the screen.
    pub(crate) fn with<T>(&self, look: impl Fn(&str) -> Option<T>) -> Option<T> {
        look(&self.screen.screen().contents())
    }

    /// Lets it run.
    pub(crate) fn pass(&mut self, time: Duration) {
        let deadline = Instant::now() + time;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(left) {
                Ok((_, bytes)) => self.screen.process(&bytes),
                Err(RecvTimeoutError::Timeout) => return,
                Err(RecvTimeoutError::Disconnected) => {
                    std::thread::sleep(left);
                    return;
                }
            }
        }
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

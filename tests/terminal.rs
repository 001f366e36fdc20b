//! The program on a terminal: what is on the screen, and that the terminal is as it was when the program
//! ends, whatever ends it.

#[cfg(feature = "sim")]
mod contexts;

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};

/// Longer than any step takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// A kubeconfig of a server that nobody runs.
const NOBODY: &str = r#"
apiVersion: v1
kind: Config
current-context: nobody
contexts: [{name: nobody, context: {cluster: c, user: u}}]
clusters: [{name: c, cluster: {server: "http://127.0.0.1:9"}}]
users: [{name: u, user: {}}]
"#;

fn size(cells: u16) -> NonZeroU16 {
    NonZeroU16::new(cells).expect("a size")
}

/// The program on a terminal of its own.
struct Console {
    child: Box<dyn Child + Send + Sync>,
    master: Option<Box<dyn MasterPty + Send>>,
    keys: Box<dyn Write + Send>,
    output: Receiver<Vec<u8>>,
    screen: vt100::Parser,
    home: tempfile::TempDir,
}

impl Console {
    fn open(arguments: &[&str]) -> Self {
        Self::open_with(NOBODY, arguments)
    }

    fn open_with(kubeconfig: &str, arguments: &[&str]) -> Self {
        let home = tempfile::tempdir().expect("a directory");
        std::fs::write(home.path().join("kubeconfig"), kubeconfig).expect("a kubeconfig");
        let (rows, cols) = (30, 110);
        let pair = native_pty_system()
            .openpty(PtySize {
                rows,
                cols,
                pixel_width: 0,
                pixel_height: 0,
            })
            .expect("a pty");
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_constable"));
        command.args(arguments);
        command.env_clear();
        for (name, value) in environment(home.path()) {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).expect("the program");
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        let (sender, output) = mpsc::channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 16 << 10];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self {
            child,
            keys: pair.master.take_writer().expect("a writer"),
            master: Some(pair.master),
            output,
            screen: vt100::Parser::new(size(rows), size(cols), 0),
            home,
        }
    }

    /// Waits until the screen is as wanted.
    fn until(&mut self, wanted: impl Fn(&vt100::Screen) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !wanted(self.screen.screen()) {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(left) {
                Ok(bytes) => self.screen.process(&bytes),
                Err(_) => panic!("the screen stays at:\n{}", self.screen.screen().contents()),
            }
        }
    }

    /// Takes in what comes for a while, or until a text is on the screen.
    fn is_shown_within(&mut self, text: &str, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        while !self.screen.screen().contents().contains(text) {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(left) {
                Ok(bytes) => self.screen.process(&bytes),
                Err(_) => return false,
            }
        }
        true
    }

    fn until_shown(&mut self, text: &str) {
        self.until(|screen| screen.contents().contains(text));
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("keys");
        self.keys.flush().expect("keys");
    }

    fn signal(&self, signal: Signal) {
        let pid = self
            .child
            .process_id()
            .and_then(|pid| i32::try_from(pid).ok());
        let pid = pid.and_then(Pid::from_raw).expect("a process");
        kill_process(pid, signal).expect("a signal");
    }

    /// Waits for the program's end; the exit code.
    fn end(&mut self) -> u32 {
        let deadline = Instant::now() + PATIENCE;
        // The reader ends with the program, which has the terminal's other side.
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(left) {
                Ok(bytes) => self.screen.process(&bytes),
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
                Err(mpsc::RecvTimeoutError::Timeout) => panic!("the program does not end"),
            }
        }
        self.child.wait().expect("an end").exit_code()
    }

    /// The terminal as a shell wants it.
    fn assert_given_back(&self) {
        let screen = self.screen.screen();
        assert!(!screen.alternate_screen(), "the alternate screen is left");
        assert!(!screen.hide_cursor(), "the cursor is shown");
        assert!(!screen.bracketed_paste(), "pastes are not bracketed");
        assert_eq!(
            screen.mouse_protocol_mode(),
            vt100::MouseProtocolMode::None,
            "the mouse is free"
        );
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        // A test that failed leaves nothing behind.
        let _ = self.child.kill();
    }
}

fn environment(home: &Path) -> Vec<(&'static str, String)> {
    let path = |name: &str| home.join(name).display().to_string();
    vec![
        ("HOME", path("")),
        ("XDG_STATE_HOME", path("state")),
        ("XDG_CONFIG_HOME", path("config")),
        ("KUBECONFIG", path("kubeconfig")),
        ("TERM", "xterm-256color".to_owned()),
        ("COLORTERM", "truecolor".to_owned()),
    ]
}

#[test]
fn a_server_that_is_not_there_is_on_the_screen() {
    let mut console = Console::open(&[]);
    console.until(|screen| screen.alternate_screen());
    console.until_shown("Constable");
    console.until_shown("127.0.0.1:9");
    console.press("?");
    console.until_shown("─ keys ─");
    // An escape that a key follows at once would be that key with Alt.
    console.press("\u{1b}");
    console.until(|screen| !screen.contents().contains("─ keys ─"));
    console.press(":q\r");
    assert_eq!(console.end(), 0);
    console.assert_given_back();
    assert!(
        !console.home.path().join("state").exists(),
        "nothing was done"
    );
}

#[test]
fn signals_give_the_terminal_back() {
    for (signal, code) in [(Signal::TERM, 143), (Signal::HUP, 129), (Signal::INT, 130)] {
        let mut console = Console::open(&[]);
        console.until_shown("Constable");
        console.signal(signal);
        assert_eq!(console.end(), code, "{signal:?}");
        console.assert_given_back();
    }
}

#[test]
fn a_closed_terminal_ends_the_program() {
    let mut console = Console::open(&[]);
    console.until_shown("Constable");
    console.master = None;
    // The writer and the reader hold the terminal too; the reader ends with the next second on the clock.
    console.keys = Box::new(std::io::sink());
    console.output = mpsc::channel().1;
    console.child.wait().expect("an end");
}

#[test]
fn another_size_is_another_picture() {
    let mut console = Console::open(&[]);
    console.until_shown("Constable");
    let master = console.master.as_ref().expect("a terminal");
    let small = PtySize {
        rows: 5,
        cols: 30,
        pixel_width: 0,
        pixel_height: 0,
    };
    master.resize(small).expect("another size");
    console.screen.screen_mut().set_size(size(5), size(30));
    console.until_shown("too small: 30x5");
    console.signal(Signal::TERM);
    assert_eq!(console.end(), 143);
}

#[test]
fn without_a_terminal_there_is_another_way() {
    let home = tempfile::tempdir().expect("a directory");
    std::fs::write(home.path().join("kubeconfig"), NOBODY).expect("a kubeconfig");
    let output = Command::new(env!("CARGO_BIN_EXE_constable"))
        .env_clear()
        .envs(environment(home.path()))
        .stdin(Stdio::null())
        .output()
        .expect("the program");
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("constable get") && said.lines().count() == 1,
        "{said}"
    );
    assert!(output.stdout.is_empty());
}

#[test]
fn a_bad_theme_is_named_before_the_screen_opens() {
    let home = tempfile::tempdir().expect("a directory");
    std::fs::write(home.path().join("kubeconfig"), NOBODY).expect("a kubeconfig");
    let output = Command::new(env!("CARGO_BIN_EXE_constable"))
        .args(["--theme", "neon"])
        .env_clear()
        .envs(environment(home.path()))
        .output()
        .expect("the program");
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("neon") && said.contains("dark"), "{said}");
}

/// The first thing a new user does: the Overview of the demo, a job, its log, and out again.
#[test]
#[cfg(feature = "sim")]
fn the_demo_reaches_its_overview() {
    let mut console = Console::open(&["demo", "--nodes", "8", "--rate", "20"]);
    for text in [
        "CONTROLLERS",
        "PATRICIANS",
        "PEASANTS",
        "● live",
        "● Running",
    ] {
        console.until_shown(text);
    }
    console.press(":jobs\r");
    console.until_shown("── jobs ──");
    console.press("\r");
    console.until_shown("attempt");
    console.press("l");
    console.until_shown("── log of ");
    console.press("?");
    console.until_shown("─ keys ─");
    console.signal(Signal::TERM);
    assert_eq!(console.end(), 143);
    console.assert_given_back();
}

/// Opens the pods of a namespace of the demo's services, unlocked, with the cursor on an API handler.
#[cfg(feature = "sim")]
fn demo_pods() -> Console {
    let mut console = Console::open(&["demo", "--nodes", "8", "--rate", "20"]);
    console.until_shown("● live");
    console.press("\u{c}");
    console.until_shown("UNLOCKED");
    console.press(":pods\r");
    console.until_shown("── pods");
    console.press("/api Running\r");
    console.until(|screen| {
        let shown = screen.contents();
        shown.contains("api-") && !shown.contains("── pods ──")
    });
    console
}

/// The shell of a container has the terminal, follows its size, and gives it back with its exit code.
#[test]
#[cfg(feature = "sim")]
fn a_shell_in_a_container_has_the_terminal_until_it_ends() {
    let mut console = demo_pods();
    console.press("s");
    console.until_shown("y confirms");
    console.press("y");
    console.until(|screen| !screen.alternate_screen());
    console.until_shown("Enter ~ . leaves it");
    // Keys may be faster than the news of a size, this one or another.
    while !console.is_shown_within("30 110", Duration::from_secs(2)) {
        console.press("stty size\r");
    }
    let master = console.master.as_ref().expect("a terminal");
    let other = PtySize {
        rows: 24,
        cols: 90,
        pixel_width: 0,
        pixel_height: 0,
    };
    master.resize(other).expect("another size");
    console.screen.screen_mut().set_size(size(24), size(90));
    while !console.is_shown_within("24 90", Duration::from_secs(2)) {
        console.press("stty size\r");
    }
    console.press("exit 3\r");
    console.until(|screen| screen.alternate_screen());
    console.until_shown("ended: exit 3 after");
    // Keys are the console's again, and a second shell is left without its leave.
    console.press("s");
    console.until_shown("y confirms");
    console.press("y");
    // What the first one wrote still stands above.
    console.until(|screen| screen.contents().matches("Enter ~ . leaves it").count() == 2);
    console.press("sleep 1000\r");
    console.until_shown("sleep 1000");
    console.press("\r~.");
    console.until_shown("left after");
    console.press("s");
    console.until_shown("y confirms");
    console.press("y");
    console.until(|screen| !screen.alternate_screen());
    console.signal(Signal::TERM);
    assert_eq!(console.end(), 143);
    console.assert_given_back();
}

/// A port of this machine leads to a pod of the demo until it is stopped; leaving asks first.
#[test]
#[cfg(feature = "sim")]
fn a_forwarded_port_answers_and_is_listed() {
    let mut console = demo_pods();
    console.press(":forward :8080\r");
    console.until_shown("y confirms");
    console.press("y");
    console.until_shown("✓ 127.0.0.1:");
    let shown = console.screen.screen().contents();
    let port: u16 = shown
        .split_once("127.0.0.1:")
        .and_then(|(_, rest)| rest.split(|c: char| !c.is_ascii_digit()).next())
        .and_then(|port| port.parse().ok())
        .expect("a port");
    let mut page = std::net::TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    page.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        .expect("asked");
    let mut answer = String::new();
    page.read_to_string(&mut answer).expect("answered");
    assert!(answer.starts_with("HTTP/1."), "{answer}");
    console.press(":forwards\r");
    console.until_shown("✓ open");
    console.until_shown("0 of 1");
    console.press(":q\r");
    console.until_shown("go on?");
    console.press("n");
    console.press("X");
    console.until_shown("· closed");
    console.press(":q\r");
    assert_eq!(console.end(), 0);
    console.assert_given_back();
}

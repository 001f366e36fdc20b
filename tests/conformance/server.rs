//! The two servers under test. Each is started once for the test program, by a small shell that waits on
//! a pipe from it and so ends the server when the test program ends, however that ends.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

/// Which server a test talks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `constable sim` on a loopback port.
    Simulated,
    /// etcd, kube-apiserver and the rest, with kwok for the nodes.
    Real,
}

/// A running server; while it lives, its keeper's stdin stays open.
struct Server {
    kubeconfig: PathBuf,
    keeper: Option<Child>,
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut keeper) = self.keeper.take() {
            drop(keeper.stdin.take());
            // It has ended the server when it ends itself; a failure to wait changes nothing.
            let _ = keeper.wait();
        }
    }
}

/// A control plane of a test's own, to be stopped and started.
pub(crate) struct ControlPlane {
    server: Server,
}

impl ControlPlane {
    /// Starts one with these options of `up.sh`.
    pub(crate) fn start(options: &str) -> ControlPlane {
        let server = keep(KEEP_REAL, &control_plane(), options);
        ControlPlane { server }
    }

    pub(crate) fn kubeconfig(&self) -> &Path {
        &self.server.kubeconfig
    }

    /// Kills the API server, as a crash would; its data stays.
    pub(crate) fn stop_apiserver(&self) {
        self.script("stop-apiserver.sh", &["--kill"]);
    }

    /// Starts it again, on the same port and data, and waits until it is ready.
    pub(crate) fn start_apiserver(&self) {
        self.script("start-apiserver.sh", &[]);
    }

    fn script(&self, name: &str, options: &[&str]) {
        let folder = self
            .server
            .kubeconfig
            .parent()
            .expect("it lies in a folder");
        let status = Command::new(control_plane().join(name))
            .arg(folder)
            .args(options)
            .stdout(Stdio::null())
            .status()
            .expect("the script runs");
        assert!(status.success(), "{name}: {status}");
    }
}

static SIMULATED: OnceLock<Server> = OnceLock::new();
static REAL: OnceLock<Server> = OnceLock::new();

/// Starts the simulated cluster, says `ready` once the kubeconfig is there, ends it when stdin closes.
const KEEP_SIMULATED: &str = r#"
"$1" sim --listen 127.0.0.1:0 --kubeconfig-out "$2/kubeconfig" --seed 7 --nodes 8 --rate 6 > "$2/log" 2>&1 < /dev/null &
server=$!
until [ -s "$2/kubeconfig" ]; do
    kill -0 $server 2>/dev/null || { cat "$2/log"; rm -rf "$2"; exit 1; }
    sleep 0.02
done
echo ready
read -r _
kill $server
rm -rf "$2"
"#;

const KEEP_REAL: &str = r#"
if ! "$1/up.sh" "$2" $3 > "$2/up.log" 2>&1; then
    cat "$2/up.log"
    "$1/down.sh" "$2"
    exit 1
fi
echo ready
read -r _
"$1/down.sh" "$2" > /dev/null 2>&1
rm -rf "$2"
"#;

/// The kubeconfig of the server, which is started if need be.
pub(crate) fn kubeconfig(kind: Kind) -> &'static Path {
    let server = match kind {
        Kind::Simulated => SIMULATED.get_or_init(|| {
            keep(
                KEEP_SIMULATED,
                Path::new(env!("CARGO_BIN_EXE_constable")),
                "",
            )
        }),
        Kind::Real => REAL.get_or_init(|| match std::env::var_os("CONSTABLE_TEST_KUBECONFIG") {
            Some(path) => Server {
                kubeconfig: path.into(),
                keeper: None,
            },
            None => keep(KEEP_REAL, &control_plane(), "--wait"),
        }),
    };
    &server.kubeconfig
}

/// Where the control plane's scripts are.
pub(crate) fn control_plane() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/control-plane")
}

fn keep(script: &str, program: &Path, options: &str) -> Server {
    let folder = tempfile::Builder::new()
        .prefix("constable-test-")
        .tempdir()
        .expect("a temporary folder")
        .keep();
    #[expect(
        clippy::zombie_processes,
        reason = "it serves until the test program ends, and ends when its standard input does"
    )]
    let mut keeper = Command::new("bash")
        .args(["-c", script, "keeper"])
        .arg(program)
        .arg(&folder)
        .arg(options)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("bash runs");
    let output = BufReader::new(keeper.stdout.take().expect("its stdout is a pipe"));
    let mut said = Vec::new();
    for line in output.lines() {
        let line = line.expect("its stdout is text");
        if line == "ready" {
            return Server {
                kubeconfig: folder.join("kubeconfig"),
                keeper: Some(keeper),
            };
        }
        said.push(line);
    }
    panic!("{} did not start:\n{}", program.display(), said.join("\n"));
}

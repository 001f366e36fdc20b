//! Which cluster is measured, and the programs that belong to it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::{Failed, process};

/// A running API server.
pub(crate) struct Place {
    pub(crate) control_plane: Option<PathBuf>,
    pub(crate) kubeconfig: Option<PathBuf>,
}

impl Place {
    pub(crate) fn kubeconfig(&self) -> Result<&Path, Failed> {
        self.kubeconfig
            .as_deref()
            .ok_or_else(|| "say --control-plane DIR or --kubeconfig FILE".into())
    }

    /// Its process, where it is ours.
    pub(crate) fn server(&self) -> Option<u32> {
        process::server(self.control_plane.as_deref())
    }

    /// A program of the control plane's folder, led to the cluster.
    pub(crate) fn tool(&self, name: &str, arguments: &[&str]) -> Result<Command, Failed> {
        let directory = self
            .control_plane
            .as_deref()
            .ok_or("say --control-plane DIR")?;
        let bin = std::fs::read_to_string(directory.join("run/bin"))?;
        self.led(Path::new(bin.trim()).join(name), arguments)
    }

    /// The program under test, for a command that ends by itself.
    pub(crate) fn constable(&self, arguments: &[&str]) -> Result<Command, Failed> {
        self.led(env!("CARGO_BIN_EXE_constable").into(), arguments)
    }

    /// The bare reader: this program under another name.
    pub(crate) fn reader(&self, arguments: &[&str]) -> Result<Command, Failed> {
        let mut all = vec!["reader"];
        all.extend(arguments);
        self.led(std::env::current_exe()?, &all)
    }

    fn led(&self, program: PathBuf, arguments: &[&str]) -> Result<Command, Failed> {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .arg("--kubeconfig")
            .arg(self.kubeconfig()?);
        Ok(command)
    }
}

/// A program in the background, ended with its owner.
pub(crate) struct Beside(Child);

impl Beside {
    pub(crate) fn start(mut command: Command) -> Result<Self, Failed> {
        Ok(Self(command.stdout(Stdio::null()).spawn()?))
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

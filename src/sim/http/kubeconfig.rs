//! The kubeconfig of a served world.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::Path;

use crate::sim::api::USERS;

/// Writes it beside its place and renames it, so that nobody reads half of it.
pub(super) fn write(path: &Path, addr: SocketAddr) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = path.with_file_name(name);
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&temporary)?;
    file.write_all(text(addr).as_bytes())?;
    file.sync_all()?;
    drop(file);
    std::fs::rename(&temporary, path)
}

/// The admin's context is `sim`, the others' `sim-USER`.
fn text(addr: SocketAddr) -> String {
    let mut out = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: sim\nclusters:\n- name: sim\n  cluster:\n    server: http://{addr}\n"
    );
    out.push_str("contexts:\n");
    for user in USERS {
        let context = if user == "admin" {
            "sim".to_owned()
        } else {
            format!("sim-{user}")
        };
        let namespace = if user == "ns-only" {
            "\n    namespace: ci-jobs"
        } else {
            ""
        };
        // Writing into a String cannot fail.
        let _ = write!(
            out,
            "- name: {context}\n  context:\n    cluster: sim\n    user: {user}{namespace}\n"
        );
    }
    out.push_str("users:\n");
    for user in USERS {
        // Go's clients send no token without TLS, but they impersonate.
        let acts = if user == "admin" {
            String::new()
        } else {
            format!("    as: {user}\n")
        };
        let _ = write!(out, "- name: {user}\n  user:\n    token: {user}\n{acts}");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("kubeconfig");
        write(&path, "127.0.0.1:4321".parse().unwrap()).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(
            text.contains("server: http://127.0.0.1:4321\n")
                && text.contains("- name: sim-viewer\n")
        );
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}

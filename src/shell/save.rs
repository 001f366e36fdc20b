//! Texts that leave the console: to a file, or to the terminal's clipboard.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::engine::effect::Saving;

/// Files of one name that are tried.
const TRIES: u32 = 1000;

/// Writes a text to a new file of the working directory (or, where that cannot be written, of the state
/// directory) that nobody else can read. Says where, or why not.
pub(super) fn save(saving: &Saving) -> Result<String, String> {
    let here = std::env::current_dir().map_err(|error| error.to_string());
    let saved = here.and_then(|here| save_in(&here, saving));
    // Where nothing can be written it goes to the state directory.
    let saved = saved.or_else(|why| {
        let folder = super::audit::default_path().map(|path| path.with_file_name("saved"));
        let folder = folder.ok_or_else(|| why.clone())?;
        let made = DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder);
        made.map_err(|_| why)?;
        save_in(&folder, saving)
    });
    saved.map(|path| path.display().to_string())
}

fn save_in(folder: &Path, saving: &Saving) -> Result<PathBuf, String> {
    let (stem, ending) = saving
        .name
        .rsplit_once('.')
        .unwrap_or((&saving.name, "txt"));
    for n in 0..TRIES {
        let name = match n {
            0 => format!("{stem}.{ending}"),
            n => format!("{stem}-{n}.{ending}"),
        };
        let path = folder.join(name);
        let opened = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path);
        match opened {
            Ok(mut file) => {
                return match file.write_all(saving.text.as_bytes()) {
                    Ok(()) => Ok(path),
                    Err(error) => Err(format!("cannot write {}: {error}", path.display())),
                };
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(format!("cannot create {}: {error}", path.display())),
        }
    }
    Err(format!("there are {TRIES} files called {stem} already"))
}

/// RFC 4648, with padding.
pub(super) fn base64(bytes: &[u8]) -> String {
    const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let at = |n: usize| u32::from(three.get(n).copied().unwrap_or(0));
        let all = at(0) << 16 | at(1) << 8 | at(2);
        for n in 0..4 {
            let sign = SIGNS[(all >> (18 - 6 * n) & 63) as usize];
            out.push(if n <= three.len() {
                char::from(sign)
            } else {
                '='
            });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn base64_as_in_the_rfc() {
        for (text, want) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
            ("\u{203a}", "4oC6"),
        ] {
            assert_eq!(base64(text.as_bytes()), want);
        }
    }

    #[test]
    fn no_file_is_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let saving = |text: &str| Saving {
            name: "pod-a.yaml".into(),
            text: text.into(),
        };
        let first = save_in(folder.path(), &saving("1")).unwrap();
        let second = save_in(folder.path(), &saving("2")).unwrap();
        assert_eq!(first, folder.path().join("pod-a.yaml"));
        assert_eq!(second, folder.path().join("pod-a-1.yaml"));
        assert_eq!(std::fs::read_to_string(&first).unwrap(), "1");
        let mode = std::fs::metadata(&second).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

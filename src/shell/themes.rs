//! Where themes come from: the program itself, and `themes/NAME.toml` in the configuration's directory.

use std::path::Path;

use crate::config::themes_in;
use crate::ui::{Depth, Theme};

/// The theme of that name; a file in `dir` goes before one of the program's own. An error names the file,
/// the place in it and what is wrong.
pub fn load(name: &str, dir: Option<&Path>, depth: Depth) -> Result<Theme, String> {
    // A name is a file's name, never a path.
    let plain = !name.is_empty() && !name.contains(['/', '\\']) && !name.starts_with('.');
    if let Some(dir) = dir.filter(|_| plain) {
        let file = dir.join(format!("{name}.toml"));
        match std::fs::read_to_string(&file) {
            Ok(text) => {
                return Theme::parse(&text, depth)
                    .map_err(|error| format!("theme {}: {error}", file.display()));
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(format!("cannot read theme {}: {error}", file.display())),
        }
    }
    Theme::built_in(name, depth).ok_or_else(|| {
        let known = themes_in(dir);
        format!("no theme {name:?}; there are: {}", known.join(", "))
    })
}

/// How many colours the terminal has, by `NO_COLOR`, `COLORTERM` and `TERM`.
pub fn depth() -> Depth {
    let variable = |name| std::env::var(name).ok();
    Depth::of(
        variable("NO_COLOR").as_deref(),
        variable("COLORTERM").as_deref(),
        variable("TERM").as_deref(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Text;
    use crate::ui::theme::BUILT_IN;

    #[test]
    fn a_users_theme_goes_first() {
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("mine.toml");
        std::fs::write(&file, BUILT_IN[1].1).expect("a file");
        std::fs::write(dir.path().join("dark.toml"), "tone = 3").expect("a file");
        let some = Some(dir.path());
        assert_eq!(
            themes_in(some),
            ["dark".into(), "light".into(), "mine".into()] as [Text; 3]
        );
        assert_eq!(
            load("mine", some, Depth::True),
            load("light", None, Depth::True)
        );
        let error = load("dark", some, Depth::True).expect_err("no theme");
        assert!(
            error.starts_with("theme ") && error.contains("dark.toml: line 1"),
            "{error}"
        );
        assert_eq!(
            load("../mine", some, Depth::True),
            Err("no theme \"../mine\"; there are: dark, light, mine".to_owned())
        );
    }
}

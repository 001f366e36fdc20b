//! The pictures in `screenshots/` are what the program draws now.

use std::collections::BTreeSet;
use std::path::Path;

use constable::cli::shot::screens;

const REDRAW: &str = "cargo run --release -- shot --all screenshots";

#[test]
fn pictures_are_up_to_date() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("screenshots");
    let mut files: BTreeSet<String> = std::fs::read_dir(&directory)
        .expect("the pictures")
        .map(|entry| entry.expect("an entry").file_name())
        .map(|name| name.to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".svg"))
        .collect();
    let mut wrong = Vec::new();
    let drawn = screens::draw(&directory, |name, picture| {
        files.remove(name);
        match std::fs::read_to_string(directory.join(name)) {
            Ok(old) if old == picture => {}
            Ok(_) => wrong.push(format!("{name} is out of date")),
            Err(_) => wrong.push(format!("{name} is not there")),
        }
        Ok(())
    });
    drawn.expect("pictures");
    wrong.extend(files.iter().map(|name| format!("{name} is on no list")));
    assert!(wrong.is_empty(), "{}\nrun: {REDRAW}", wrong.join("\n"));
}

//! The scenarios that come with the program, by name.

use std::path::Path;

use crate::sim::scenario::Scenario;

/// Name and text of each file of `tests/scenarios`.
pub const BUILT_IN: &[(&str, &str)] = &[
    (
        "default",
        include_str!("../../tests/scenarios/default.toml"),
    ),
    (
        "full-pool",
        include_str!("../../tests/scenarios/full-pool.toml"),
    ),
    ("laptop", include_str!("../../tests/scenarios/laptop.toml")),
    ("outage", include_str!("../../tests/scenarios/outage.toml")),
    (
        "sick-node",
        include_str!("../../tests/scenarios/sick-node.toml"),
    ),
];

/// A scenario by its name, or from a file. The error says what was asked for and what is wrong.
///
/// # Errors
/// No such name and no such file; a file that cannot be read as a scenario.
pub fn read(asked: &Path) -> Result<Scenario, String> {
    let failed = |e: String| format!("read scenario {}: {e}", asked.display());
    let known = BUILT_IN.iter().find(|(name, _)| asked.as_os_str() == *name);
    if let Some((_, text)) = known {
        return Scenario::parse(text).map_err(failed);
    }
    let text = std::fs::read_to_string(asked).map_err(|e| {
        let names: Vec<&str> = BUILT_IN.iter().map(|(name, _)| *name).collect();
        failed(format!("{e}; names that are known: {}", names.join(", ")))
    })?;
    Scenario::parse(&text).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_has_its_name() {
        let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/scenarios");
        let mut files: Vec<String> = std::fs::read_dir(dir)
            .expect("the scenarios")
            .map(|e| e.expect("an entry").path())
            .map(|p| p.file_stem().unwrap_or_default().to_string_lossy().into())
            .collect();
        files.sort_unstable();
        let names: Vec<&str> = BUILT_IN.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, files);
        for name in names {
            read(Path::new(name)).expect("a scenario");
        }
        let error = read(Path::new("nope")).expect_err("no scenario");
        assert!(
            error.contains("nope") && error.contains("sick-node"),
            "{error}"
        );
    }
}

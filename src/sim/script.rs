//! What a simulated container does: read from the pod's annotation `sim.constable/script`,
//! a JSON object with one entry for each container that has a script.
//!
//! A container without a script runs for ever and is ready a second after its start.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The annotation that holds the scripts of a pod's containers, as JSON.
pub const ANNOTATION: &str = "sim.constable/script";

/// One container's part.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Script {
    /// How long the image takes to pull where the node does not have it, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pull_ms: Option<u64>,
    /// How long the work takes, in milliseconds; without it the container runs for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_ms: Option<u64>,
    /// Exit code at the end of the work.
    #[serde(skip_serializing_if = "is_zero")]
    pub exit: i32,
    /// Reason of the end, such as `OOMKilled`; else `Completed` or `Error` by the exit code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Termination message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The named generator of the log: `git`, `cache`, `build`, `test`, `upload`, `api`, `worker`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
    /// The log, word for word; goes before `log`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lines: Option<Vec<String>>,
    /// Lines a second; without it each generator has its own pace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lines_per_s: Option<f64>,
    /// The work begins when this container of the pod has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Work even when the container before failed or was skipped.
    #[serde(skip_serializing_if = "is_false")]
    pub always: bool,
    /// From start to Ready, in milliseconds; with a script 0, without one 1000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ready_ms: Option<u64>,
    /// From SIGTERM to the end, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub term_ms: Option<u64>,
    /// The log rotates every so many lines: who does not follow it gets the newest file only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotate_lines: Option<u64>,
    /// A stream that follows the log goes dumb when it rotates: it neither goes on nor ends.
    #[serde(skip_serializing_if = "is_false")]
    pub dumb_at_rotation: bool,
    /// Writes nothing more so many milliseconds after its work began, and runs on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub silent_after_ms: Option<u64>,
    /// The log of the run before is lost: the kubelet answers with a sentence in its place.
    #[serde(skip_serializing_if = "is_false")]
    pub previous_lost: bool,
    /// Does not hear SIGTERM: holds the pod for its whole grace period.
    #[serde(skip_serializing_if = "is_false")]
    pub ignore_term: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_zero(n: &i32) -> bool {
    *n == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_false(b: &bool) -> bool {
    !*b
}

/// What a plain command comes down to: `sleep N`, `true`, `false`, `sh -c "exit N"`. Others run for ever.
pub(crate) fn of_command(command: &[String], args: &[String]) -> Option<Script> {
    let words: Vec<&str> = command
        .iter()
        .chain(args)
        .flat_map(|word| word.split_whitespace())
        .filter(|word| !matches!(*word, "sh" | "/bin/sh" | "-c"))
        .collect();
    let ends = |after_ms: u64, exit: i32| Script {
        run_ms: Some(after_ms),
        exit,
        ..Script::default()
    };
    match words.as_slice() {
        ["sleep", n] => n
            .parse::<u64>()
            .ok()
            .map(|n| ends(n.saturating_mul(1000), 0)),
        ["true"] => Some(ends(0, 0)),
        ["false"] => Some(ends(0, 1)),
        ["exit", code] => code.parse().ok().map(|code| ends(0, code)),
        _ => None,
    }
}

/// The scripts of a pod, by container name.
pub type Scripts = BTreeMap<String, Arc<Script>>;

/// Reads the annotation's text; the error names what is wrong in it.
pub fn parse(text: &str) -> Result<Scripts, String> {
    serde_json::from_str::<BTreeMap<String, Script>>(text)
        .map(|all| {
            all.into_iter()
                .map(|(name, script)| (name, Arc::new(script)))
                .collect()
        })
        .map_err(|e| format!("annotation {ANNOTATION}: {e}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_contract_and_names_a_wrong_key() {
        let got = parse(r#"{"checkout": {"pull_ms": 800, "run_ms": 3000, "log": "git", "lines_per_s": 2}, "up": {"after": "checkout", "always": true}}"#).unwrap();
        assert_eq!(
            *got["checkout"],
            Script {
                pull_ms: Some(800),
                run_ms: Some(3000),
                log: Some("git".into()),
                lines_per_s: Some(2.0),
                ..Script::default()
            }
        );
        assert!(got["up"].always);
        let err = parse(r#"{"a": {"runs": 1}}"#).unwrap_err();
        assert!(err.contains("runs"), "{err}");
    }
}

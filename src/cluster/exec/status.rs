//! How a process ended, from the Status on the error channel; why one could not be opened.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Status;

use super::super::connect::why;
use super::super::harmless;
use crate::engine::remote::RemoteEnd;
use crate::model::Text;

/// What the server said at the end.
pub(super) fn end(status: &Status) -> RemoteEnd {
    if status.status.as_deref() == Some("Success") {
        return RemoteEnd::Exited(0);
    }
    let causes = status
        .details
        .iter()
        .flat_map(|d| d.causes.iter().flatten());
    let code = causes
        .filter(|cause| cause.reason.as_deref() == Some("ExitCode"))
        .find_map(|cause| cause.message.as_deref()?.parse().ok());
    match code {
        // What the runtimes give a command that cannot be started says so in words too.
        Some(code) => RemoteEnd::Exited(code),
        None => failed(status.message.as_deref().unwrap_or("no reason given")),
    }
}

/// Why a stream could not be opened.
pub(crate) fn refused(error: &kube::Error) -> RemoteEnd {
    match error {
        kube::Error::Api(status) if status.code == 403 => RemoteEnd::Denied(plain(&status.message)),
        kube::Error::Api(status) if !status.message.is_empty() => failed(&status.message),
        error => RemoteEnd::Failed(plain(&why(error))),
    }
}

/// A failure in the kubelet's or the runtime's words.
fn failed(message: &str) -> RemoteEnd {
    let message = message
        .strip_prefix("Internal error occurred: ")
        .unwrap_or(message);
    let lower = message.to_lowercase();
    let started = ["exec failed", "failed to exec", "failed to start exec"];
    let missing = ["executable file not found", "no such file or directory"];
    if missing.iter().any(|words| lower.contains(words))
        && (started.iter().any(|words| lower.contains(words)) || lower.contains("exec:"))
    {
        return RemoteEnd::NoCommand(plain(message));
    }
    RemoteEnd::Failed(plain(message))
}

fn plain(text: &str) -> Text {
    harmless::plain(text.trim()).into()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn ends() {
        let nonzero = |code: &str| {
            json!({
                "status": "Failure", "reason": "NonZeroExitCode",
                "message": format!("command terminated with non-zero exit code: exit status {code}"),
                "details": {"causes": [{"reason": "ExitCode", "message": code}]},
            })
        };
        let internal = |message: &str| json!({"status": "Failure", "reason": "InternalError", "code": 500, "message": message});
        let missing = "error executing command in container: failed to exec in container: failed to start exec \"d1\": OCI runtime exec failed: exec failed: unable to start container process: exec: \"bash\": executable file not found in $PATH: unknown";
        let cases: Vec<(Value, RemoteEnd)> = vec![
            (json!({"status": "Success"}), RemoteEnd::Exited(0)),
            (nonzero("3"), RemoteEnd::Exited(3)),
            (nonzero("137"), RemoteEnd::Exited(137)),
            (
                internal(&format!("Internal error occurred: {missing}")),
                RemoteEnd::NoCommand(missing.into()),
            ),
            (
                internal("container not found (\"main\")"),
                RemoteEnd::Failed("container not found (\"main\")".into()),
            ),
            (
                json!({"status": "Failure"}),
                RemoteEnd::Failed("no reason given".into()),
            ),
        ];
        for (status, want) in cases {
            let read: Status = serde_json::from_value(status.clone()).unwrap();
            assert_eq!(end(&read), want, "{status}");
        }
    }
}

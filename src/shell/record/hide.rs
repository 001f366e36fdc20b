//! What a recording must not hold, taken out of what the API server answered and of what is asked of it.
//!
//! Watched objects were slimmed to what the console shows: no environment values, no Secrets. Answers are whole
//! documents. Out of them go: data of Secrets, tokens, values of environment variables, and the copy of all
//! that `kubectl apply` leaves in an annotation. What a person types into a shell never gets to the engine. Log
//! lines stay: they are what was on the screen.

use serde_json::Value;

/// Stands where something was taken out.
pub(super) const LEFT_OUT: &str = "‹not recorded›";
const APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Takes out what must not be written; true if there was any.
pub(super) fn secrets(value: &mut Value) -> bool {
    hide(value, false)
}

fn hide(value: &mut Value, in_secrets: bool) -> bool {
    let map = match value {
        Value::Array(all) => {
            return all
                .iter_mut()
                .fold(false, |any, one| hide(one, in_secrets) | any);
        }
        Value::Object(map) => map,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return false,
    };
    let kind = map.get("kind").and_then(Value::as_str);
    let secret = in_secrets || matches!(kind, Some("Secret" | "SecretList"));
    let token = matches!(kind, Some("TokenRequest" | "TokenReview"));
    let mut any = false;
    for (key, inner) in map.iter_mut() {
        any |= match key.as_str() {
            "data" | "stringData" if secret => all_texts(inner),
            "token" | "bearerToken" | "password" | "kubeconfig" => texts(inner),
            "status" | "spec" if token => all_texts(inner),
            "env" => environment(inner) | hide(inner, secret),
            APPLIED => texts(inner),
            _ => hide(inner, secret),
        };
    }
    any
}

/// Values of `env`, by their names' side.
fn environment(value: &mut Value) -> bool {
    let Some(all) = value.as_array_mut() else {
        return false;
    };
    let mut any = false;
    for variable in all {
        if variable.get("name").is_some()
            && let Some(value) = variable.get_mut("value")
        {
            any |= texts(value);
        }
    }
    any
}

/// A text.
fn texts(value: &mut Value) -> bool {
    match value {
        Value::String(text) if text.is_empty() || text == LEFT_OUT => false,
        Value::String(text) => {
            LEFT_OUT.clone_into(text);
            true
        }
        other => hide(other, false),
    }
}

/// All texts below.
fn all_texts(value: &mut Value) -> bool {
    match value {
        Value::Object(map) => map.values_mut().fold(false, |any, v| all_texts(v) | any),
        Value::Array(all) => all.iter_mut().fold(false, |any, v| all_texts(v) | any),
        other => texts(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn secrets_tokens_and_environments_go() {
        let cases = [
            json!({"kind": "Secret", "metadata": {"name": "s"}, "data": {"a": "c2VjcmV0"}, "stringData": {"b": "secret"}}),
            json!({"kind": "SecretList", "items": [{"metadata": {"name": "s"}, "data": {"a": "c2VjcmV0"}}]}),
            json!({"kind": "TokenRequest", "status": {"token": "secret"}}),
            json!({"kind": "Pod", "spec": {"containers": [{"env": [{"name": "A", "value": "secret"},
                {"name": "B", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]}]}}),
            json!({"metadata": {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{\"a\":\"secret\"}"}}}),
            json!([{"spec": {"template": {"spec": {"initContainers": [{"env": [{"name": "A", "value": "secret"}]}]}}}}]),
            json!({"users": [{"user": {"token": "secret"}}]}),
        ];
        for mut case in cases {
            assert!(secrets(&mut case), "{case}");
            let text = case.to_string();
            assert!(
                !text.contains("secret\"") && !text.contains("c2VjcmV0"),
                "{text}"
            );
            // Again changes nothing: what is asked for and what was recorded of it compare.
            let once = case.clone();
            assert!(!secrets(&mut case));
            assert_eq!(case, once);
        }
        let plain = json!({"kind": "ConfigMap", "data": {"state": "running"}, "spec": {"nodeName": "p-07"}});
        let mut same = plain.clone();
        assert!(!secrets(&mut same));
        assert_eq!(same, plain);
    }
}

//! Secret values in objects that are shown: hidden behind their size.
//!
//! What hides: the data of a Secret; the last applied configuration, which repeats the object with all its
//! values; environment variables, annotations and fields whose name says that they hold a secret; texts that
//! are one by their look (private keys, tokens of known makes, passwords in URLs and flags).

use serde_json::{Map, Value};

use crate::engine::effect::HIDDEN;

/// The annotation in which kubectl repeats the object.
const APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Last words of a name of a secret value.
const SECRET: [&str; 13] = [
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "token",
    "apikey",
    "privatekey",
    "accesskey",
    "secretkey",
    "signingkey",
    "credentials",
    "credential",
];

/// Words of which the last two are joined to look for the above: `API_KEY`.
const JOINED: &str = "key";

/// How tokens of known makes begin.
const MAKES: [&str; 14] = [
    "ghp_",
    "gho_",
    "ghs_",
    "ghu_",
    "github_pat_",
    "glpat-",
    "glrt-",
    "glcbt-",
    "xoxb-",
    "xoxp-",
    "AKIA",
    "sk_live_",
    "npm_",
    "eyJhbGciOi",
];

/// Hides what is secret in an object, or in each object of a list.
pub(super) fn hide(value: &mut Value) {
    // Objects in a list do not say their kind.
    let secret = matches!(value["kind"].as_str(), Some("Secret" | "SecretList"));
    match value.get_mut("items").and_then(Value::as_array_mut) {
        Some(items) => items.iter_mut().for_each(|item| one(item, secret)),
        None => one(value, secret),
    }
}

fn one(value: &mut Value, secret: bool) {
    if secret {
        for part in ["data", "stringData"] {
            if let Some(fields) = value.get_mut(part).and_then(Value::as_object_mut) {
                fields.values_mut().for_each(|v| cover(v, part == "data"));
            }
        }
    }
    walk(value);
}

fn walk(value: &mut Value) {
    match value {
        Value::Object(fields) => object(fields),
        Value::Array(items) => {
            for item in items {
                if let Value::String(text) = item {
                    flag(text);
                }
                walk(item);
            }
        }
        Value::String(text) => looks(text),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn object(fields: &mut Map<String, Value>) {
    // `{name: DB_PASSWORD, value: …}` of environments and parameters.
    let named = fields.get("name").and_then(Value::as_str);
    if named.is_some_and(secret_name)
        && let Some(value) = fields.get_mut("value").filter(|v| v.is_string())
    {
        cover(value, false);
    }
    for (key, value) in fields {
        let hides = key == APPLIED || (secret_name(key) && value.is_string());
        if hides {
            cover(value, false);
        } else {
            walk(value);
        }
    }
}

/// Puts the size in place of the value.
fn cover(value: &mut Value, encoded: bool) {
    let Value::String(text) = value else {
        return;
    };
    if text.is_empty() || text.starts_with(HIDDEN) {
        return;
    }
    let bytes = if encoded {
        text.len() / 4 * 3 - text.bytes().rev().take_while(|b| *b == b'=').count().min(2)
    } else {
        text.len()
    };
    *text = format!(
        "{HIDDEN}{bytes} {}›",
        if bytes == 1 { "byte" } else { "bytes" }
    );
}

/// `DB_PASSWORD`, `apiKey`, `example.com/join-token`: the last word says it. `secretName`, `tokenPath` and
/// the like name a thing, and are no secret.
fn secret_name(name: &str) -> bool {
    let last = name.rsplit(['/', '.']).next().unwrap_or(name);
    let words = words(last);
    let Some(word) = words.last() else {
        return false;
    };
    let joined = match words.as_slice() {
        [.., before, last] if last == JOINED => format!("{before}{last}"),
        _ => String::new(),
    };
    SECRET.contains(&word.as_str()) || SECRET.contains(&joined.as_str())
}

/// Words in small letters: parted by `_`, `-` or a capital after a small letter.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut small = false;
    for c in name.chars() {
        let parts = matches!(c, '_' | '-');
        if (parts || (c.is_uppercase() && small)) && words.last().is_some_and(|w| !w.is_empty()) {
            words.push(String::new());
        }
        if !parts && let Some(word) = words.last_mut() {
            word.extend(c.to_lowercase());
        }
        small = c.is_lowercase();
    }
    words
}

/// Hides a text that is a secret by its look, or the password of a URL in it.
fn looks(text: &mut String) {
    let key = text.contains("-----BEGIN") && text.contains("PRIVATE KEY-----");
    let make =
        MAKES.iter().any(|make| text.starts_with(make)) && text.len() >= 20 && !text.contains(' ');
    if key || make {
        let mut value = Value::String(std::mem::take(text));
        cover(&mut value, false);
        if let Value::String(covered) = value {
            *text = covered;
        }
        return;
    }
    let Some(scheme) = text.find("://") else {
        return;
    };
    let rest = &text[scheme + 3..];
    let host = rest
        .find(['/', ' ', '\n', '?', '\'', '"'])
        .unwrap_or(rest.len());
    if let Some(at) = rest[..host].rfind('@')
        && let Some(colon) = rest[..at].find(':')
        && colon + 1 < at
    {
        let (from, to) = (scheme + 3 + colon + 1, scheme + 3 + at);
        let covered = format!("{HIDDEN}{} bytes›", to - from);
        text.replace_range(from..to, &covered);
    }
}

/// `--token=abc`: what stands behind the sign.
fn flag(text: &mut String) {
    let Some((name, value)) = text.split_once('=') else {
        return;
    };
    let plain = !name.is_empty() && !name.contains(char::is_whitespace);
    if plain && !value.is_empty() && secret_name(name.trim_start_matches('-')) {
        let covered = format!("{name}={HIDDEN}{} bytes›", value.len());
        *text = covered;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_of_secrets() {
        for name in [
            "DB_PASSWORD",
            "password",
            "apiKey",
            "API_KEY",
            "GITHUB_TOKEN",
            "clientSecret",
            "x.io/join-token",
            "AWS_SECRET_ACCESS_KEY",
            "private-key",
        ] {
            assert!(secret_name(name), "{name}");
        }
        for name in [
            "secretName",
            "tokenPath",
            "key",
            "tokenExpirationSeconds",
            "PASSWORD_FILE",
            "topologyKey",
            "secretRef",
            "passwords-allowed",
            "",
        ] {
            assert!(!secret_name(name), "{name}");
        }
    }

    #[test]
    fn secrets_are_hidden_wherever_they_stand() {
        let applied = "{\"data\":{\"a\":\"aGVsbG8=\"}}";
        let mut secret = json!({"kind": "Secret", "metadata": {"name": "db", "annotations": {APPLIED: applied}},
            "data": {"a": "aGVsbG8=", "empty": ""}, "stringData": {"b": "hello"}, "type": "Opaque"});
        hide(&mut secret);
        assert_eq!(
            secret,
            json!({"kind": "Secret", "metadata": {"name": "db", "annotations": {APPLIED: "‹hidden, 25 bytes›"}},
            "data": {"a": "‹hidden, 5 bytes›", "empty": ""}, "stringData": {"b": "‹hidden, 5 bytes›"}, "type": "Opaque"})
        );

        let mut pod = json!({"kind": "Pod", "spec": {"containers": [{"env": [
            {"name": "TOKEN", "value": "abcdef"}, {"name": "CI", "value": "true"},
            {"name": "DB", "value": "postgres://u:pass@db:5432/x"},
            {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}}],
            "args": ["--token=abc", "--verbose", "-c", "ghp_0123456789abcdefghijk"]}],
            "volumes": [{"secret": {"secretName": "db"}}]}});
        hide(&mut pod);
        assert_eq!(
            pod,
            json!({"kind": "Pod", "spec": {"containers": [{"env": [
            {"name": "TOKEN", "value": "‹hidden, 6 bytes›"}, {"name": "CI", "value": "true"},
            {"name": "DB", "value": "postgres://u:‹hidden, 4 bytes›@db:5432/x"},
            {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}}],
            "args": ["--token=‹hidden, 3 bytes›", "--verbose", "-c", "‹hidden, 25 bytes›"]}],
            "volumes": [{"secret": {"secretName": "db"}}]}})
        );
    }

    #[test]
    fn each_object_of_a_list() {
        let mut list = json!({"kind": "SecretList", "items": [{"data": {"a": "aGk="}}]});
        hide(&mut list);
        assert_eq!(list["items"][0]["data"]["a"], "‹hidden, 2 bytes›");
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_stumble(text in ".{0,80}", key in ".{0,20}") {
            let mut value = json!({"kind": "Secret", "data": {key.clone(): text.clone()},
                "spec": {key: text.clone(), "args": [text]}});
            hide(&mut value);
        }
    }
}

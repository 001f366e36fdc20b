//! Request bodies in protobuf: kubectl's typed clients send them whatever the server answers in.
//!
//! Only the kinds that its commands create this way are read, and of those the fields that it sets;
//! all else is refused as an unknown format.

use serde_json::{Map, Value, json};

/// What a field holds.
#[derive(Clone, Copy)]
enum Type {
    /// A string; an empty one is none.
    Text,
    /// A list of strings.
    Texts,
    /// A map from strings to strings.
    Map,
    Bool,
    /// A number that is there when it is set, zero too.
    Number,
    /// A number of which zero means none.
    Count,
    /// Int or string.
    Either,
    Message(&'static [Field]),
    Messages(&'static [Field]),
}

/// Tag, name, type.
type Field = (u32, &'static str, Type);

use Type::{Bool, Count, Either, Message, Messages, Number, Text, Texts};

static META: &[Field] = &[
    (1, "name", Text),
    (2, "generateName", Text),
    (3, "namespace", Text),
    (5, "uid", Text),
    (6, "resourceVersion", Text),
    (11, "labels", Type::Map),
    (12, "annotations", Type::Map),
];
static SELECTOR: &[Field] = &[(1, "matchLabels", Type::Map)];
static PORT: &[Field] = &[
    (1, "name", Text),
    (2, "hostPort", Count),
    (3, "containerPort", Number),
    (4, "protocol", Text),
];
static ENV: &[Field] = &[(1, "name", Text), (2, "value", Text)];
static CONTAINER: &[Field] = &[
    (1, "name", Text),
    (2, "image", Text),
    (3, "command", Texts),
    (4, "args", Texts),
    (6, "ports", Messages(PORT)),
    (7, "env", Messages(ENV)),
    (14, "imagePullPolicy", Text),
];
static POD_SPEC: &[Field] = &[
    (20, "initContainers", Messages(CONTAINER)),
    (2, "containers", Messages(CONTAINER)),
    (3, "restartPolicy", Text),
    (4, "terminationGracePeriodSeconds", Number),
    (7, "nodeSelector", Type::Map),
];
static TEMPLATE: &[Field] = &[
    (1, "metadata", Message(META)),
    (2, "spec", Message(POD_SPEC)),
];
static DEPLOYMENT: &[Field] = &[
    (1, "metadata", Message(META)),
    (
        2,
        "spec",
        Message(&[
            (1, "replicas", Number),
            (2, "selector", Message(SELECTOR)),
            (3, "template", Message(TEMPLATE)),
            (4, "strategy", Message(&[(1, "type", Text)])),
        ]),
    ),
];
static JOB_SPEC: &[Field] = &[
    (1, "parallelism", Number),
    (2, "completions", Number),
    (3, "activeDeadlineSeconds", Number),
    (4, "selector", Message(SELECTOR)),
    (6, "template", Message(TEMPLATE)),
    (7, "backoffLimit", Number),
];
static JOB: &[Field] = &[
    (1, "metadata", Message(META)),
    (2, "spec", Message(JOB_SPEC)),
];
static CRON_JOB: &[Field] = &[
    (1, "metadata", Message(META)),
    (
        2,
        "spec",
        Message(&[
            (1, "schedule", Text),
            (3, "concurrencyPolicy", Text),
            (4, "suspend", Bool),
            (5, "jobTemplate", Message(JOB)),
        ]),
    ),
];
static BUDGET: &[Field] = &[
    (1, "metadata", Message(META)),
    (
        2,
        "spec",
        Message(&[
            (1, "minAvailable", Either),
            (2, "selector", Message(SELECTOR)),
            (3, "maxUnavailable", Either),
            (4, "unhealthyPodEvictionPolicy", Text),
        ]),
    ),
];
static OPTIONS: &[Field] = &[
    (1, "gracePeriodSeconds", Number),
    (
        2,
        "preconditions",
        Message(&[(1, "uid", Text), (2, "resourceVersion", Text)]),
    ),
    (3, "orphanDependents", Bool),
    (4, "propagationPolicy", Text),
    (5, "dryRun", Texts),
];
static ACCESS: &[Field] = &[
    (1, "metadata", Message(META)),
    (
        2,
        "spec",
        Message(&[
            (
                1,
                "resourceAttributes",
                Message(&[
                    (1, "namespace", Text),
                    (2, "verb", Text),
                    (3, "group", Text),
                    (4, "version", Text),
                    (5, "resource", Text),
                    (6, "subresource", Text),
                    (7, "name", Text),
                ]),
            ),
            (
                2,
                "nonResourceAttributes",
                Message(&[(1, "path", Text), (2, "verb", Text)]),
            ),
        ]),
    ),
];

static PLAIN: &[Field] = &[(1, "metadata", Message(META))];
static CONFIG_MAP: &[Field] = &[(1, "metadata", Message(META)), (2, "data", Type::Map)];
static EVICTION: &[Field] = &[
    (1, "metadata", Message(META)),
    (2, "deleteOptions", Message(OPTIONS)),
];
static RULES: &[Field] = &[
    (1, "metadata", Message(META)),
    (2, "spec", Message(&[(1, "namespace", Text)])),
];

fn schema(kind: &str) -> Option<&'static [Field]> {
    Some(match kind {
        "Namespace" | "ServiceAccount" | "SelfSubjectReview" => PLAIN,
        "ConfigMap" => CONFIG_MAP,
        "Deployment" => DEPLOYMENT,
        "Job" => JOB,
        "CronJob" => CRON_JOB,
        "Pod" => TEMPLATE,
        "PodDisruptionBudget" => BUDGET,
        "Eviction" => EVICTION,
        "DeleteOptions" => OPTIONS,
        "SelfSubjectAccessReview" => ACCESS,
        "SelfSubjectRulesReview" => RULES,
        _ => return None,
    })
}

/// The object in a `k8s\0` envelope as JSON; `None` for what is not one, or a kind that is not read.
pub(crate) fn decode(body: &[u8]) -> Option<Value> {
    let unknown = body.strip_prefix(b"k8s\0")?;
    let (mut version, mut kind, mut raw) = (String::new(), String::new(), &[][..]);
    for (tag, part) in Parts(unknown) {
        match (tag, part) {
            (1, Part::Bytes(meta)) => {
                for (tag, part) in Parts(meta) {
                    match (tag, part) {
                        (1, Part::Bytes(b)) => version = text(b),
                        (2, Part::Bytes(b)) => kind = text(b),
                        _ => {}
                    }
                }
            }
            (2, Part::Bytes(bytes)) => raw = bytes,
            _ => {}
        }
    }
    let mut out = Map::new();
    out.insert("kind".to_owned(), kind.as_str().into());
    out.insert("apiVersion".to_owned(), version.into());
    out.extend(message(schema(&kind)?, raw));
    Some(Value::Object(out))
}

fn message(schema: &[Field], bytes: &[u8]) -> Map<String, Value> {
    let mut out = Map::new();
    for (tag, part) in Parts(bytes) {
        let Some((_, name, kind)) = schema.iter().find(|(t, _, _)| *t == tag) else {
            continue;
        };
        match (kind, part) {
            (Text, Part::Bytes(b)) if !b.is_empty() => {
                out.insert((*name).to_owned(), text(b).into());
            }
            (Bool, Part::Number(n)) if n != 0 => {
                out.insert((*name).to_owned(), true.into());
            }
            (Number, Part::Number(n)) => {
                out.insert((*name).to_owned(), n.into());
            }
            (Count, Part::Number(n)) if n != 0 => {
                out.insert((*name).to_owned(), n.into());
            }
            (Texts, Part::Bytes(b)) => push(&mut out, name, text(b).into()),
            (Type::Map, Part::Bytes(b)) => {
                let mut entry = [String::new(), String::new()];
                for (tag, part) in Parts(b) {
                    if let (1 | 2, Part::Bytes(b)) = (tag, part) {
                        entry[tag as usize - 1] = text(b);
                    }
                }
                let [key, value] = entry;
                let slot = out.entry(*name).or_insert_with(|| json!({}));
                slot[key] = value.into();
            }
            (Either, Part::Bytes(b)) => {
                let (mut is_text, mut number, mut string) = (false, 0, String::new());
                for (tag, part) in Parts(b) {
                    match (tag, part) {
                        (1, Part::Number(n)) => is_text = n != 0,
                        (2, Part::Number(n)) => number = n,
                        (3, Part::Bytes(b)) => string = text(b),
                        _ => {}
                    }
                }
                let value = if is_text {
                    Value::from(string)
                } else {
                    number.into()
                };
                out.insert((*name).to_owned(), value);
            }
            (Message(inner), Part::Bytes(b)) => {
                let inner = message(inner, b);
                if !inner.is_empty() {
                    out.insert((*name).to_owned(), inner.into());
                }
            }
            (Messages(inner), Part::Bytes(b)) => push(&mut out, name, message(inner, b).into()),
            _ => {}
        }
    }
    out
}

fn push(out: &mut Map<String, Value>, name: &str, value: Value) {
    if let Some(list) = out.entry(name).or_insert_with(|| json!([])).as_array_mut() {
        list.push(value);
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A field's content.
enum Part<'a> {
    Number(i64),
    Bytes(&'a [u8]),
}

/// The fields of a message; ends at the first thing that is none.
struct Parts<'a>(&'a [u8]);

impl<'a> Iterator for Parts<'a> {
    type Item = (u32, Part<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if self.0.is_empty() {
                return None;
            }
            let key = self.varint()?;
            let tag = u32::try_from(key >> 3).ok()?;
            match key & 7 {
                // Negative numbers come as their two's complement.
                0 => return Some((tag, Part::Number(self.varint()?.cast_signed()))),
                2 => {
                    let length = usize::try_from(self.varint()?).ok()?;
                    return Some((tag, Part::Bytes(self.take(length)?)));
                }
                1 => drop(self.take(8)?),
                5 => drop(self.take(4)?),
                _ => return None,
            }
        }
    }
}

impl<'a> Parts<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut out = 0;
        for shift in (0..64).step_by(7) {
            let [byte, rest @ ..] = self.0 else {
                return None;
            };
            self.0 = rest;
            out |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(out);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(tag: u8, body: &[u8]) -> Vec<u8> {
        [&[tag << 3 | 2, u8::try_from(body.len()).unwrap()], body].concat()
    }

    #[test]
    fn an_eviction() {
        let meta = field(1, &field(1, b"p"));
        let options = field(2, &[8, 30]);
        let type_meta = field(1, &[field(1, b"policy/v1"), field(2, b"Eviction")].concat());
        let body = [
            b"k8s\0".to_vec(),
            type_meta,
            field(2, &[meta, options].concat()),
        ]
        .concat();
        assert_eq!(
            decode(&body),
            Some(
                json!({"kind": "Eviction", "apiVersion": "policy/v1", "metadata": {"name": "p"},
                "deleteOptions": {"gracePeriodSeconds": 30}})
            )
        );
        for cut in 0..body.len() {
            // Never a panic.
            let _ = decode(&body[..cut]);
        }
    }
}

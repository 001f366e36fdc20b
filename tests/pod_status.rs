//! READY, STATUS and RESTARTS of every fixture in `tests/fixtures/pod-status/`, as kubectl printed them.
//!
//! `expected.tsv` was recorded from a real API server; `tests/conformance/statuses.rs` says how.

use std::path::Path;

use chrono::{DateTime, Utc};
use constable::cluster::decode::Decoder;
use constable::model::status::pod_status;
use constable::model::{Kind, Object};

#[test]
fn as_kubectl_prints() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pod-status");
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).expect(name);
    let now: DateTime<Utc> = "2026-01-01T12:00:00Z".parse().expect("a time");
    let mut decoder = Decoder::new();
    let mut count = 0;
    let mut wrong = Vec::new();
    for line in read("expected.tsv").lines().filter(|l| !l.starts_with('#')) {
        let (name, wanted) = line.split_once('\t').expect("columns");
        let json = read(&format!("{name}.json"));
        let object = decoder.object(Kind::Pod, json.as_bytes()).expect(name);
        let Object::Pod(pod) = object else {
            panic!("{name} is no pod");
        };
        let status = pod_status(&pod);
        let columns = [
            status.ready_text(),
            status.status.to_string(),
            status.restarts_text(now),
        ];
        let found = columns.join("\t");
        if found != wanted {
            wrong.push(format!("{name}: kubectl {wanted:?}, constable {found:?}"));
        }
        count += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count >= 40, "{count} fixtures");
}

//! What it takes to decode: a watch event of each kind, as protobuf and as JSON, beside the floor of reading
//! the same bytes without keeping anything. `cargo bench --bench decode`

#[path = "../tests/fixtures/wire/files.rs"]
mod files;

use std::hint::black_box;

use constable::cluster::decode::{Decoder, Frame, Wire};
use constable::model::Kind;
use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use serde::de::IgnoredAny;

fn main() {
    divan::main();
}

/// Job pods of one pipeline with their managedFields, written by the API server's own types.
const JOB: (Kind, &str) = (Kind::Pod, "job-pod");

/// The events of a fixture that carry a whole object.
fn events(kind: Kind, name: &str, wire: Wire) -> Vec<Vec<u8>> {
    let all = match wire {
        Wire::Json => {
            let body = files::bytes(&format!("{name}.watch.json"));
            let lines = body.split(|b| *b == b'\n').filter(|l| !l.is_empty());
            lines.map(<[u8]>::to_vec).collect()
        }
        Wire::Protobuf => files::frames(&files::bytes(&format!("{name}.watch.pb"))),
    };
    let whole = |bytes: &Vec<u8>| {
        let frame = Decoder::new().frame(kind, wire, bytes);
        matches!(frame, Ok(Frame::Upsert { .. }))
    };
    all.into_iter().filter(whole).collect()
}

fn decode(bencher: Bencher<'_, '_>, (kind, name): (Kind, &str), wire: Wire) {
    let events = events(kind, name, wire);
    let bytes: usize = events.iter().map(Vec::len).sum();
    let mut decoder = Decoder::new();
    bencher
        .counter(ItemsCount::new(events.len()))
        .counter(BytesCount::new(bytes))
        .bench_local(|| {
            for event in &events {
                let frame = decoder.frame(kind, wire, black_box(event));
                black_box(&frame);
            }
        });
}

#[divan::bench]
fn job_pod_protobuf(bencher: Bencher<'_, '_>) {
    decode(bencher, JOB, Wire::Protobuf);
}

#[divan::bench]
fn job_pod_json(bencher: Bencher<'_, '_>) {
    decode(bencher, JOB, Wire::Json);
}

/// The floor for protobuf: walks every field of the wanted messages and keeps nothing.
#[divan::bench]
fn job_pod_protobuf_floor(bencher: Bencher<'_, '_>) {
    let events = events(JOB.0, JOB.1, Wire::Protobuf);
    bencher
        .counter(ItemsCount::new(events.len()))
        .bench_local(|| {
            for event in &events {
                black_box(walk(black_box(event), &EVENT));
            }
        });
}

/// The floor for JSON.
#[divan::bench]
fn job_pod_json_floor(bencher: Bencher<'_, '_>) {
    let events = events(JOB.0, JOB.1, Wire::Json);
    bencher
        .counter(ItemsCount::new(events.len()))
        .bench_local(|| {
            for event in &events {
                let skipped: Result<IgnoredAny, _> = serde_json::from_slice(black_box(event));
                black_box(&skipped);
            }
        });
}

#[divan::bench(args = files::FILES.map(|(_, name)| name))]
fn protobuf(bencher: Bencher<'_, '_>, name: &str) {
    if let Some(one) = files::FILES.iter().find(|(_, n)| *n == name) {
        decode(bencher, *one, Wire::Protobuf);
    }
}

/// Messages within a message, by field number.
struct Shape(&'static [(u64, &'static Shape)]);

const LEAF: Shape = Shape(&[]);
const ENTRY: Shape = Shape(&[(2, &LEAF)]);
const META: Shape = Shape(&[
    (8, &LEAF),
    (9, &LEAF),
    (11, &LEAF),
    (12, &LEAF),
    (13, &LEAF),
]);
const RESOURCES: Shape = Shape(&[(1, &ENTRY), (2, &ENTRY)]);
const CONTAINER: Shape = Shape(&[(8, &RESOURCES)]);
const SPEC: Shape = Shape(&[(1, &LEAF), (2, &CONTAINER), (20, &CONTAINER), (22, &LEAF)]);
const END: Shape = Shape(&[(5, &LEAF), (6, &LEAF)]);
const STATE: Shape = Shape(&[(1, &LEAF), (2, &LEAF), (3, &END)]);
const CONTAINER_STATUS: Shape = Shape(&[(2, &STATE), (3, &STATE), (11, &RESOURCES)]);
const CONDITION: Shape = Shape(&[(4, &LEAF)]);
const STATUS: Shape = Shape(&[
    (2, &CONDITION),
    (7, &LEAF),
    (8, &CONTAINER_STATUS),
    (10, &CONTAINER_STATUS),
]);
const POD: Shape = Shape(&[(1, &META), (2, &SPEC), (3, &STATUS)]);
const UNKNOWN: Shape = Shape(&[(2, &POD)]);
const EXTENSION: Shape = Shape(&[(1, &UNKNOWN)]);
const EVENT: Shape = Shape(&[(2, &EXTENSION)]);

/// How many fields there are; 0 from where bytes are no protobuf.
fn walk(bytes: &[u8], shape: &Shape) -> usize {
    let mut rest = bytes.strip_prefix(b"k8s\0").unwrap_or(bytes);
    let mut count = 0;
    while !rest.is_empty() {
        let Some(key) = varint(&mut rest) else { break };
        let length = match key & 7 {
            0 => {
                varint(&mut rest);
                0
            }
            1 => 8,
            5 => 4,
            _ => varint(&mut rest).unwrap_or(0) as usize,
        };
        let Some((value, after)) = rest.split_at_checked(length) else {
            break;
        };
        rest = after;
        count += 1;
        if let Some((_, inner)) = shape.0.iter().find(|(n, _)| *n == key >> 3) {
            count += walk(value, inner);
        }
    }
    count
}

fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for at in 0..10 {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        number |= u64::from(byte & 0x7f) << (7 * at);
        if *byte < 0x80 {
            return Some(number);
        }
    }
    None
}

//! Whatever is read directly is what the raw shapes say.

use std::path::Path;

use proptest::prelude::*;

use super::super::{Decoder, Protobuf, proto};
use crate::model::{Kind, Object};

/// The pods of a fixture, each as its own message.
fn messages(file: &str) -> Vec<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/wire");
    let body = std::fs::read(path.join(file)).expect(file);
    let (mut rest, mut messages) = (&*body, Vec::new());
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let (frame, after) = after.split_at(u32::from_be_bytes(*length) as usize);
        let event = proto::Event::read(frame).expect("an event");
        if matches!(event.kind, b"ADDED" | b"MODIFIED") {
            messages.push(event.object().expect("an object").to_vec());
        }
        rest = after;
    }
    messages
}

/// Reads it in both ways; true if it could be read directly.
fn check(decoder: &mut Decoder, message: &[u8]) -> bool {
    let Some((pod, version)) = decoder.direct(message) else {
        return false;
    };
    let raw = Decoder::new().read(Kind::Pod, Protobuf(message));
    let (object, wanted) = raw.expect("read directly, so there is no fault");
    assert_eq!((Object::Pod(pod), version), (object, wanted));
    true
}

#[test]
fn what_api_servers_write_is_read_directly() {
    // The last pods of the first are random throughout.
    for (file, random) in [("pod.watch.pb", 6), ("job-pod.watch.pb", 0)] {
        let mut decoder = Decoder::new();
        let messages = messages(file);
        for _ in 0..2 {
            for (at, message) in messages.iter().enumerate() {
                let direct = check(&mut decoder, message);
                assert!(direct || at + random >= messages.len(), "{file} {at}");
            }
        }
    }
}

#[test]
fn pods_of_one_make_share() {
    let mut decoder = Decoder::new();
    let mut pods = messages("job-pod.watch.pb")
        .into_iter()
        .map(|message| decoder.direct(&message).expect("direct").0)
        .collect::<Vec<_>>();
    let (first, second) = (pods.remove(0), pods.remove(0));
    assert_ne!(first.meta.uid, second.meta.uid);
    assert!(std::sync::Arc::ptr_eq(&first.spec, &second.spec));
}

/// What to do to a message.
#[derive(Clone, Debug)]
enum Harm {
    Set(usize, u8),
    Remove(usize, usize),
    Repeat(usize, usize, usize),
    End(usize),
}

fn harm() -> impl Strategy<Value = Harm> {
    prop_oneof![
        4 => (any::<usize>(), any::<u8>()).prop_map(|(at, byte)| Harm::Set(at, byte)),
        2 => (any::<usize>(), 1..0x7f_u8).prop_map(|(at, byte)| Harm::Set(at, byte)),
        1 => (any::<usize>(), 1..40_usize).prop_map(|(at, n)| Harm::Remove(at, n)),
        1 => (any::<usize>(), 1..40_usize, any::<usize>()).prop_map(|(a, n, b)| Harm::Repeat(a, n, b)),
        1 => any::<usize>().prop_map(Harm::End),
    ]
}

fn hurt(bytes: &mut Vec<u8>, harm: &Harm) {
    let length = bytes.len().max(1);
    match *harm {
        Harm::Set(at, byte) => {
            if let Some(b) = bytes.get_mut(at % length) {
                *b = byte;
            }
        }
        Harm::Remove(at, n) => {
            let at = at % length;
            bytes.drain(at.min(bytes.len())..(at + n).min(bytes.len()));
        }
        Harm::Repeat(from, n, to) => {
            let from = (from % length).min(bytes.len());
            let piece = bytes[from..(from + n).min(bytes.len())].to_vec();
            let to = (to % length).min(bytes.len());
            bytes.splice(to..to, piece);
        }
        Harm::End(at) => bytes.truncate(at % length),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// One decoder for many messages, so that what it remembers of one is tried on the next.
    #[test]
    fn tampered_messages_are_read_alike(
        all in proptest::collection::vec(
            (any::<proptest::sample::Index>(), proptest::collection::vec(harm(), 0..4)), 1..20),
    ) {
        thread_local! {
            static FIXTURES: Vec<Vec<u8>> =
                [messages("pod.watch.pb"), messages("job-pod.watch.pb")].concat();
        }
        FIXTURES.with(|fixtures| {
            let mut decoder = Decoder::new();
            for (which, harms) in &all {
                let mut message = which.get(fixtures).clone();
                for harm in harms {
                    hurt(&mut message, harm);
                }
                check(&mut decoder, &message);
            }
        });
    }
}

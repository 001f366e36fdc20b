//! The same objects as JSON and as protobuf decode to equal ones; protobuf that was tampered with never panics.
//!
//! The fixtures were written with the API server's own types and serializers: `tests/fixtures/wire/gen` says how.

#[path = "fixtures/wire/files.rs"]
mod files;

use constable::cluster::decode::{Decoder, Frame, ServerError, Wire, status};
use constable::model::Kind;
use files::{FILES, bytes, frames};
use proptest::prelude::*;

#[test]
fn watch_events_are_equal() {
    assert!(Kind::ALL.iter().all(|k| FILES.iter().any(|(f, _)| f == k)));
    for (kind, file) in FILES {
        let text = String::from_utf8(bytes(&format!("{file}.watch.json"))).expect("UTF-8");
        let lines: Vec<&str> = text.lines().collect();
        let frames = frames(&bytes(&format!("{file}.watch.pb")));
        assert_eq!(lines.len(), frames.len(), "{file}");
        let (mut json, mut protobuf) = (Decoder::new(), Decoder::new());
        let mut ends = (0, 0);
        for (line, frame) in lines.iter().zip(&frames) {
            let wanted = json.frame(kind, Wire::Json, line.as_bytes()).expect(line);
            let found = protobuf.frame(kind, Wire::Protobuf, frame).expect(line);
            assert_eq!(found, wanted, "{line}");
            match found {
                Frame::Unreadable { .. } => panic!("{found:?}"),
                Frame::Bookmark { initial_end, .. } => ends.0 += usize::from(initial_end),
                Frame::Error(error) => ends.1 += usize::from(error.code == 410),
                Frame::Upsert { .. } | Frame::Remove { .. } => {}
            }
        }
        assert_eq!(ends, (1, 1), "{file}");
    }
}

#[test]
fn pages_are_equal() {
    for (kind, file) in FILES {
        let (json, protobuf) = (
            bytes(&format!("{file}.list.json")),
            bytes(&format!("{file}.list.pb")),
        );
        let wanted = Decoder::new().page(kind, Wire::Json, &json).expect(file);
        let found = Decoder::new()
            .page(kind, Wire::Protobuf, &protobuf)
            .expect(file);
        assert_eq!(found, wanted, "{file}");
        assert!(found.items.len() >= 6 && found.items.iter().all(Result::is_ok));
        assert_eq!(
            (
                found.head.version.as_str(),
                found.head.next.as_deref(),
                found.head.remaining
            ),
            ("4711", Some("next/token"), Some(17))
        );
    }
}

#[test]
fn a_status_is_equal() {
    let wanted = ServerError {
        code: 410,
        reason: "Expired".into(),
        message: "too old resource version: 1 (4711)".into(),
    };
    assert_eq!(status(Wire::Json, &bytes("status.json")), wanted);
    assert_eq!(status(Wire::Protobuf, &bytes("status.pb")), wanted);
    let page = status(Wire::Protobuf, b"<html>502 \x1b[31mBad Gateway</html>");
    assert_eq!(page.message, "<html>502 Bad Gateway</html>");
}

/// The first frame of pods is the one that fills every field.
#[test]
fn every_truncation_is_told_and_named_once_the_name_is_there() {
    let whole = frames(&bytes("pod.watch.pb")).remove(0);
    let mut named = 0;
    for end in 0..whole.len() {
        match Decoder::new().frame(Kind::Pod, Wire::Protobuf, &whole[..end]) {
            Err(_) => assert_eq!(named, 0, "no name any more at {end}"),
            // Before there is any object.
            Ok(Frame::Unreadable { name, .. }) if &*name == "?" => assert_eq!(named, 0),
            Ok(Frame::Unreadable { name, .. }) => {
                assert!(["full", "ci-jobs/full"].contains(&&*name), "{name}");
                named += 1;
            }
            Ok(other) => panic!("{end}: {other:?}"),
        }
    }
    assert!(named > whole.len() * 9 / 10, "{named} of {}", whole.len());
}

#[test]
fn a_bad_item_is_named_and_the_others_stand() {
    let field = |number: u8, bytes: &[u8]| {
        let mut out = vec![number << 3 | 2, u8::try_from(bytes.len()).unwrap()];
        out.extend(bytes);
        out
    };
    let pod = |name: &str, rest: &[u8]| {
        let meta = [field(1, name.as_bytes()), field(3, b"ns")].concat();
        [field(1, &meta), rest.to_vec()].concat()
    };
    // A spec with a container whose length lies, one with a group, one with bytes that are no UTF-8.
    let items = [
        pod("a", b""),
        pod("lies", &field(2, &[0x12, 0x7f, 1])),
        pod("group", &field(2, &[0x13, 0x14])),
        pod("bytes", &field(3, &field(4, b"\xff\xfe"))),
        pod("number", &field(2, &[0x10, 7])),
    ];
    let mut list = field(1, &field(2, b"9"));
    for item in &items {
        list.extend(field(2, item));
    }
    let mut body = b"k8s\0".to_vec();
    body.extend(field(2, &list));
    let page = Decoder::new()
        .page(Kind::Pod, Wire::Protobuf, &body)
        .unwrap();
    let names: Vec<String> = page
        .items
        .iter()
        .map(|item| match item {
            Ok(object) => object.meta().name.to_string(),
            Err((name, _)) => format!("bad {name}"),
        })
        .collect();
    assert_eq!(
        names,
        ["a", "bad ns/lies", "bad ns/group", "bytes", "number"]
    );
    // A list that is cut off is no list: what is missing must not count as gone.
    assert!(
        Decoder::new()
            .page(Kind::Pod, Wire::Protobuf, &body[..body.len() - 1])
            .is_err()
    );
    assert!(
        Decoder::new()
            .page(Kind::Pod, Wire::Protobuf, b"{}")
            .is_err()
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 300 } else { 5000 }))]

    #[test]
    fn tampered_bytes_never_panic(
        file in 0..FILES.len(),
        pick in any::<prop::sample::Index>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in any::<prop::sample::Index>(),
        whole in any::<bool>(),
    ) {
        let (kind, file) = FILES[file];
        let all = frames(&bytes(&format!("{file}.watch.pb")));
        let list = bytes(&format!("{file}.list.pb"));
        for mut bytes in [pick.get(&all).clone(), list] {
            for (at, byte) in &edits {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            if !whole {
                bytes.truncate(cut.index(bytes.len()));
            }
            let _ = Decoder::new().frame(kind, Wire::Protobuf, &bytes);
            let _ = Decoder::new().page(kind, Wire::Protobuf, &bytes);
            let _ = status(Wire::Protobuf, &bytes);
        }
    }

    #[test]
    fn any_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), wrapped in any::<bool>()) {
        let mut given = if wrapped { b"k8s\0".to_vec() } else { Vec::new() };
        given.extend(bytes);
        for kind in Kind::ALL {
            let _ = Decoder::new().frame(kind, Wire::Protobuf, &given);
            let _ = Decoder::new().page(kind, Wire::Protobuf, &given);
        }
    }
}

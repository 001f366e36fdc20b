//! What a server's own fixtures (`tests/wire.rs`) do not hold.

use super::super::meta::RawOwner;
use super::super::pod::{RawPod, RawTerminated};
use super::super::raw::RawTime;
use super::wire::{Message as _, Reader, Value};
use super::*;

fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![number << 3 | 2, bytes.len() as u8];
    out.extend(bytes);
    out
}

#[test]
fn fields_and_faults() {
    let read = |bytes: &'static [u8]| Reader(bytes).field();
    let long = &[
        0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01,
    ];
    for (bytes, want) in [
        (&b""[..], Ok(None)),
        (b"\x08\x05", Ok(Some((1, Value::Number(5))))),
        (b"\x08\xac\x02", Ok(Some((1, Value::Number(300))))),
        (long, Ok(Some((1, Value::Number(u64::MAX))))),
        (b"\x12\x02ab", Ok(Some((2, Value::Bytes(b"ab"))))),
        (b"\xa2\x06\x00", Ok(Some((100, Value::Bytes(b""))))),
        (b"\x09\0\0\0\0\0\0\0\0", Ok(Some((1, Value::Fixed)))),
        (b"\x0d\0\0\0\0", Ok(Some((1, Value::Fixed)))),
        (b"\x08", Err(Fault::Short)),
        (b"\x08\x80", Err(Fault::Short)),
        (b"\x12\x03ab", Err(Fault::Short)),
        (
            b"\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
            Err(Fault::Short),
        ),
        (b"\x09\0\0\0", Err(Fault::Short)),
        (
            b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02",
            Err(Fault::Varint),
        ),
        (b"\x00\x05", Err(Fault::Field)),
        (b"\x80\x80\x80\x80\x10\x00", Err(Fault::Field)),
        (b"\x0b\x0c", Err(Fault::WireType(3))),
        (b"\x0c", Err(Fault::WireType(4))),
        (b"\x0e", Err(Fault::WireType(6))),
        (b"\x0f", Err(Fault::WireType(7))),
    ] {
        assert_eq!(read(bytes), want, "{bytes:x?}");
    }
}

#[test]
fn times() {
    let read = |bytes: &[u8]| {
        let mut time = RawTime::at(1, 1);
        Value::Bytes(bytes).time(&mut time).map(|()| time)
    };
    assert_eq!(read(b""), Ok(RawTime::default()));
    assert_eq!(read(b"\x08\x05\x10\x07"), Ok(RawTime::at(5, 7)));
    assert_eq!(read(b"\x08\x00\x10\x00"), Ok(RawTime::at(0, 0)));
    let before = b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01";
    assert_eq!(read(before), Ok(RawTime::at(-1, 0)));
    let huge = read(b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\x7f").map(RawTime::time);
    assert_eq!(huge, Ok(None));
    assert_eq!(read(b"\x10\x80\x94\xeb\xdc\x03"), Ok(RawTime::at(0, 0)));
}

#[test]
fn messages_merge_and_the_last_scalar_holds() {
    let bytes = [
        field(1, &field(1, b"old")),
        field(3, &field(4, b"why")),
        field(1, &[field(3, b"ns"), field(1, b"new")].concat()),
        field(3, &field(1, b"Failed")),
    ]
    .concat();
    let pod = RawPod::read(&bytes).unwrap();
    let (meta, status) = (&pod.metadata, &pod.status);
    assert_eq!((&*meta.name, &*meta.namespace), ("new", "ns"));
    assert_eq!((&*status.phase, &*status.reason), ("Failed", "why"));
    // Booleans and numbers of another wire type than theirs are unknown fields.
    let owner = RawOwner::read(b"\x32\x01x\x1a\x01n").unwrap();
    assert_eq!((owner.controller, &*owner.name), (None, "n"));
    let exit =
        b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x10\x89\x80\x80\x80\xf0\xff\xff\xff\xff\x01";
    let end = RawTerminated::read(exit).unwrap();
    assert_eq!((end.exit_code, end.signal), (Some(-1), Some(9)));
}

#[test]
fn wrappers() {
    let wrapped = |unknown: &[&[u8]]| [b"k8s\0", &*unknown.concat()].concat();
    for (bytes, want) in [
        (b"k8s\0".to_vec(), Ok(&b""[..])),
        (
            wrapped(&[&field(1, b"\x0a\x02v1"), &field(2, b"x")]),
            Ok(b"x"),
        ),
        (wrapped(&[&field(2, b"x"), &field(3, b"")]), Ok(b"x")),
        (
            wrapped(&[
                &field(2, b"x"),
                &field(4, b"application/vnd.kubernetes.protobuf"),
            ]),
            Ok(b"x"),
        ),
        (
            wrapped(&[&field(2, b"x"), &field(3, b"gzip")]),
            Err(Fault::Encoding),
        ),
        (
            wrapped(&[&field(4, b"application/json")]),
            Err(Fault::Encoding),
        ),
        (wrapped(&[b"\x12\x05x"]), Err(Fault::Short)),
        (b"k8s".to_vec(), Err(Fault::Foreign)),
        (b"{}".to_vec(), Err(Fault::Foreign)),
        (Vec::new(), Err(Fault::Foreign)),
    ] {
        assert_eq!(unwrap(&bytes), want, "{bytes:x?}");
    }
}

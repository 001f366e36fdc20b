//! Watch events of job pods as protobuf, cut from the fixture that the API server's own types wrote.

use std::path::Path;
use std::sync::LazyLock;

/// When the pods were created, in seconds since 1970.
pub(crate) const SECONDS: i64 = 1_790_000_000;

/// The steps of a pod's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Added,
    Bound,
    Creating,
    Preparing,
    Running,
    Ended,
    Deleted,
    /// A pod that was deleted comes again, once more as new.
    Again,
}

/// In their order.
pub(crate) const STEPS: [Step; 7] = [
    Step::Added,
    Step::Bound,
    Step::Creating,
    Step::Preparing,
    Step::Running,
    Step::Ended,
    Step::Deleted,
];

impl Step {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Added => "ADDED, pending",
            Self::Bound => "MODIFIED, bound",
            Self::Creating => "MODIFIED, creating",
            Self::Preparing => "MODIFIED, preparing",
            Self::Running => "MODIFIED, running",
            Self::Ended => "MODIFIED, ended",
            Self::Deleted => "DELETED",
            Self::Again => "ADDED again",
        }
    }
}

#[derive(Clone, Debug)]
enum Value {
    Number(u64),
    Bytes(Vec<u8>),
}

/// A message by its fields.
#[derive(Clone, Debug, Default)]
struct Message(Vec<(u64, Value)>);

impl Message {
    fn read(mut bytes: &[u8]) -> Self {
        let mut fields = Vec::new();
        while !bytes.is_empty() {
            let key = take_varint(&mut bytes);
            let value = match key & 7 {
                0 => Value::Number(take_varint(&mut bytes)),
                2 => {
                    let length = take_varint(&mut bytes) as usize;
                    let (value, rest) = bytes.split_at(length);
                    bytes = rest;
                    Value::Bytes(value.to_vec())
                }
                other => panic!("wire type {other} in a fixture"),
            };
            fields.push((key >> 3, value));
        }
        Self(fields)
    }

    fn write(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for (number, value) in &self.0 {
            match value {
                Value::Number(n) => {
                    put_varint(&mut out, number << 3);
                    put_varint(&mut out, *n);
                }
                Value::Bytes(bytes) => {
                    put_varint(&mut out, number << 3 | 2);
                    put_varint(&mut out, bytes.len() as u64);
                    out.extend_from_slice(bytes);
                }
            }
        }
        out
    }

    fn all(&self, number: u64) -> impl Iterator<Item = &[u8]> {
        self.0.iter().filter_map(move |(n, value)| match value {
            Value::Bytes(bytes) if *n == number => Some(&**bytes),
            Value::Bytes(_) | Value::Number(_) => None,
        })
    }

    fn message(&self, number: u64) -> Self {
        Self::read(self.all(number).next().unwrap_or_default())
    }

    fn without(mut self, number: u64) -> Self {
        self.0.retain(|(n, _)| *n != number);
        self
    }

    fn with(mut self, number: u64, bytes: impl AsRef<[u8]>) -> Self {
        self.0.push((number, Value::Bytes(bytes.as_ref().to_vec())));
        self
    }

    fn number(mut self, number: u64, value: u64) -> Self {
        self.0.push((number, Value::Number(value)));
        self
    }

    fn inner(self, number: u64, message: &Self) -> Self {
        self.with(number, message.write())
    }

    fn pair(self, number: u64, key: &str, value: &str) -> Self {
        self.inner(number, &Self::default().with(1, key).with(2, value))
    }
}

fn take_varint(bytes: &mut &[u8]) -> u64 {
    let mut number = 0;
    for at in 0..10 {
        let (byte, rest) = bytes.split_first().expect("a varint");
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << (7 * at);
        if *byte < 0x80 {
            break;
        }
    }
    number
}

fn put_varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn time(second: i64) -> Message {
    let seconds = (SECONDS + second) as u64;
    Message::default().number(1, seconds).number(2, 0)
}

/// The fixture's pod.
static POD: LazyLock<Message> = LazyLock::new(|| {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/wire/job-pod.watch.pb");
    let body = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let (length, rest) = body.split_first_chunk::<4>().expect("a frame");
    let event = Message::read(&rest[..u32::from_be_bytes(*length) as usize]);
    let extension = event.message(2);
    let wrapped = extension.all(1).next().expect("an object");
    let unknown = Message::read(wrapped.strip_prefix(b"k8s\0").expect("the magic"));
    unknown.message(2)
});

fn wrapped(word: &str, kind: &str, object: &Message) -> Vec<u8> {
    let unknown = Message::default()
        .inner(1, &Message::default().with(1, "v1").with(2, kind))
        .inner(2, object)
        .with(3, "")
        .with(4, "");
    let extension = Message::default().with(1, [b"k8s\0", &*unknown.write()].concat());
    Message::default()
        .with(1, word)
        .inner(2, &extension)
        .write()
}

/// The bookmark that ends a streaming list.
pub(crate) fn bookmark(kind: &str) -> Vec<u8> {
    let meta = Message::default()
        .with(6, "4711")
        .pair(12, "k8s.io/initial-events-end", "true");
    wrapped("BOOKMARK", kind, &Message::default().inner(1, &meta))
}

const POOLS: [&str; 4] = ["runner-large", "runner-small", "runner-arm", "services"];

/// The ADDED event of a node of one of four pools.
pub(crate) fn node(number: usize) -> Vec<u8> {
    let name = node_name(number);
    let meta = Message::default()
        .with(1, &name)
        .with(5, uid(1 << 40 | number))
        .inner(8, &time(-86_400))
        .pair(11, "cloud.google.com/gke-nodepool", POOLS[number % 4])
        .pair(11, "kubernetes.io/hostname", &name);
    let amount = |name: &str, text: &str| {
        let quantity = Message::default().with(1, text);
        Message::default().with(1, name).inner(2, &quantity)
    };
    let ready = Message::default()
        .with(1, "Ready")
        .with(2, "True")
        .inner(4, &time(-86_400));
    let status = Message::default()
        .inner(2, &amount("cpu", "63"))
        .inner(2, &amount("memory", "250Gi"))
        .inner(2, &amount("pods", "110"))
        .inner(4, &ready);
    wrapped(
        "ADDED",
        "Node",
        &Message::default().inner(1, &meta).inner(3, &status),
    )
}

fn node_name(number: usize) -> String {
    format!("p-{number:05}")
}

fn uid(number: usize) -> String {
    let mixed = (number as u128).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
    let hex = format!("{mixed:032x}");
    let (a, b, c) = (&hex[..8], &hex[8..12], &hex[12..16]);
    format!("{a}-{b}-{c}-{}-{}", &hex[16..20], &hex[20..])
}

/// The event of one step of one pod.
pub(crate) fn event(step: Step, number: usize, nodes: usize) -> Vec<u8> {
    let word = match step {
        Step::Added | Step::Again => "ADDED",
        Step::Deleted => "DELETED",
        Step::Bound | Step::Creating | Step::Preparing | Step::Running | Step::Ended => "MODIFIED",
    };
    let bound = !matches!(step, Step::Added | Step::Again);
    let mut spec = POD.message(2).without(10).without(7).pair(
        7,
        "cloud.google.com/gke-nodepool",
        POOLS[number % nodes % 4],
    );
    if bound {
        spec = spec.with(10, node_name(number % nodes));
    }
    let pod = Message::default()
        .inner(1, &meta(step, number))
        .inner(2, &spec)
        .inner(3, &status(step, number));
    wrapped(word, "Pod", &pod)
}

fn meta(step: Step, number: usize) -> Message {
    let given = POD.message(1);
    let id = (100_000 + number).to_string();
    let run = (number / 7).to_string();
    let projects = [
        "shop/api",
        "shop/web",
        "infra/base",
        "data/etl",
        "mobile/app",
    ];
    let project = projects[number % 5];
    let mut meta = Message::default()
        .with(1, format!("job-{id}-1"))
        .with(3, "ci-jobs")
        .with(5, uid(number))
        .with(6, (9_810_000_000 + number * 8 + step as usize).to_string())
        .inner(8, &time(0))
        .pair(11, "app", "job")
        .pair(11, "jobs.constable/attempt", "1")
        .pair(11, "jobs.constable/component", "runner")
        .pair(11, "jobs.constable/id", &id)
        .pair(12, "jobs.constable/author", &format!("dev-{}", number % 90))
        .pair(
            12,
            "jobs.constable/commit",
            "4f0c9d0e5b1f43c6a2a8f3b15c1f4a6b7c8d9e0f",
        )
        .pair(12, "jobs.constable/name", "test")
        .pair(12, "jobs.constable/pipeline", "build")
        .pair(12, "jobs.constable/project", project)
        .pair(12, "jobs.constable/ref", "main")
        .pair(12, "jobs.constable/run", &run)
        .pair(
            12,
            "jobs.constable/url",
            &format!("https://ci.example.com/{project}/{run}"),
        );
    for fields in given.all(17) {
        meta = meta.with(17, fields);
    }
    meta
}

fn status(step: Step, number: usize) -> Message {
    let given = POD.message(3);
    let scheduled = Message::default()
        .with(1, "PodScheduled")
        .with(2, "True")
        .inner(4, &time(3));
    let phase = match step {
        Step::Added | Step::Again | Step::Bound | Step::Creating | Step::Preparing => "Pending",
        Step::Running => "Running",
        Step::Ended | Step::Deleted => "Succeeded",
    };
    let mut status = Message::default().with(1, phase);
    match step {
        Step::Added | Step::Again => return status.with(9, "Burstable"),
        Step::Bound => return status.inner(2, &scheduled).with(9, "Burstable"),
        Step::Creating | Step::Preparing => {
            let said = |kind: &str, truth: &str, reason: &str, message: &str| {
                Message::default()
                    .with(1, kind)
                    .with(2, truth)
                    .inner(4, &time(4))
                    .with(5, reason)
                    .with(6, message)
            };
            let unready = "containers with unready status: [build]";
            let incomplete = "containers with incomplete status: [checkout]";
            status = status
                .inner(2, &said("PodReadyToStartContainers", "False", "", ""))
                .inner(
                    2,
                    &said(
                        "Initialized",
                        "False",
                        "ContainersNotInitialized",
                        incomplete,
                    ),
                )
                .inner(2, &said("Ready", "False", "ContainersNotReady", unready))
                .inner(
                    2,
                    &said("ContainersReady", "False", "ContainersNotReady", unready),
                )
                .inner(2, &scheduled);
        }
        Step::Running | Step::Ended | Step::Deleted => {
            for condition in given.all(2) {
                status = status.with(2, condition);
            }
        }
    }
    let waiting = |reason: &str| {
        let waiting = Message::default().with(1, reason).with(2, "");
        Message::default().inner(1, &waiting)
    };
    let runs = |since: i64| {
        let running = Message::default().inner(1, &time(since));
        Message::default().inner(2, &running)
    };
    let ended = |from: i64, to: i64| {
        let end = Message::default()
            .number(1, 0)
            .number(2, 0)
            .with(3, "Completed")
            .with(4, "")
            .inner(5, &time(from))
            .inner(6, &time(to))
            .with(7, format!("containerd://{:064x}", number * 31));
        Message::default().inner(3, &end)
    };
    let second = number as i64 % 60;
    let (init, main) = match step {
        Step::Creating => (waiting("PodInitializing"), waiting("PodInitializing")),
        Step::Preparing => (runs(5), waiting("PodInitializing")),
        Step::Running => (ended(5, 9 + second), runs(10 + second)),
        Step::Ended | Step::Deleted => (ended(5, 9 + second), ended(10 + second, 300 + second)),
        Step::Added | Step::Again | Step::Bound => unreachable!("without containers"),
    };
    let container = |field: u64, state: &Message| {
        Message::read(given.all(field).next().expect("a container's status"))
            .without(2)
            .inner(2, state)
    };
    let ip = format!(
        "10.{}.{}.{}",
        number / 62_500,
        number / 250 % 250,
        number % 250
    );
    status
        .with(3, "")
        .with(4, "")
        .with(5, "10.1.0.7")
        .with(6, ip)
        .inner(7, &time(4))
        .inner(8, &container(8, &main))
        .with(9, "Burstable")
        .inner(10, &container(10, &init))
}

use super::*;
use crate::sim::Request;
use crate::sim::Response;
use crate::sim::World;
use crate::sim::resource::resource;
use chrono::TimeDelta;

/// A world with a node that runs one pod of these containers, and half a minute gone.
fn world(containers: Value) -> World {
    let start = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
    let mut world = World::new(1, start);
    world
        .create(resource("nodes"), json!({"metadata": {"name": "n-1"}}))
        .unwrap();
    let pod = json!({"metadata": {"name": "p", "namespace": "default",
            "annotations": {"sim.constable/script": json!({"done": {"run_ms": 1000}}).to_string()}},
        "spec": {"nodeName": "n-1", "restartPolicy": "Never", "containers": containers}});
    world.create(resource("pods"), pod).unwrap();
    world.step(start + TimeDelta::seconds(30));
    world
}

fn one() -> Value {
    json!([{"name": "main", "image": "example.com/build:1", "ports": [{"containerPort": 8080}],
        "env": [{"name": "MODE", "value": "fast"}]}])
}

fn open(world: &mut World, target: &str) -> Response {
    let mut request = Request::get(&format!("/api/v1/namespaces/default/pods/p/{target}"));
    request.upgrade = Some("v5.channel.k8s.io, v4.channel.k8s.io".into());
    world.handle(request)
}

fn session(world: &mut World, target: &str) -> Box<Session> {
    match open(world, target) {
        Response::Upgrade(session) => session,
        other => panic!("{other:?}"),
    }
}

/// Everything it says by now: channel and text, one channel's messages joined.
fn said(world: &mut World, session: &mut Session) -> Vec<(u8, String)> {
    world.session_next(session);
    let mut all: Vec<(u8, Vec<u8>)> = Vec::new();
    while let Some(message) = session.take() {
        match all.last_mut() {
            Some((channel, bytes)) if *channel == message[0] => {
                bytes.extend_from_slice(&message[1..]);
            }
            _ => all.push((message[0], message[1..].to_vec())),
        }
    }
    all.into_iter()
        .map(|(c, b)| (c, String::from_utf8_lossy(&b).into_owned()))
        .collect()
}

fn stdin(text: &str) -> Bytes {
    [b"\0", text.as_bytes()].concat().into()
}

/// Runs `sh -c script`: output, errors, exit code.
fn sh(world: &mut World, script: &str) -> (String, String, i32) {
    let escaped = script.replace('&', "\u{1}");
    let target = format!("exec?command=sh&command=-c&command={escaped}&stdout=1&stderr=1");
    let mut request = Request::get(&format!("/api/v1/namespaces/default/pods/p/{target}"));
    for (_, value) in &mut request.query {
        *value = value.replace('\u{1}', "&");
    }
    request.upgrade = Some("v5.channel.k8s.io".into());
    let Response::Upgrade(mut session) = world.handle(request) else {
        panic!("refused");
    };
    let (mut out, mut err, mut code) = (String::new(), String::new(), -1);
    for (channel, text) in said(world, &mut session) {
        match channel {
            STDOUT => out += &text,
            STDERR => err += &text,
            _ => {
                let status: Value = serde_json::from_str(&text).unwrap();
                code = match status["details"]["causes"][0]["message"].as_str() {
                    Some(code) => code.parse().unwrap(),
                    None => {
                        assert_eq!(status["status"], "Success");
                        0
                    }
                };
            }
        }
    }
    (out, err, code)
}

#[test]
fn commands_and_their_exit_codes() {
    let mut world = world(one());
    for (script, out, err, code) in [
        ("exit 3", "", "", 3),
        ("echo hello", "hello\n", "", 0),
        ("true && echo a || echo b", "a\n", "", 0),
        ("false && echo a || echo b", "b\n", "", 0),
        ("false", "", "", 1),
        ("nothing", "", "sh: nothing: not found\n", 127),
        ("nothing 2>/dev/null; echo $?", "127\n", "", 0),
        ("echo $MODE \"$HOSTNAME\"", "fast p\n", "", 0),
        (
            "ls /nothing",
            "",
            "ls: /nothing: No such file or directory\n",
            1,
        ),
        ("seq 5 | tail -n 2", "4\n5\n", "", 0),
        ("cat /etc/os-release | grep -c ID", "2\n", "", 0),
        ("sh -c 'exit 4'; echo $?; exit 5", "4\n", "", 5),
        ("cd /workspace && pwd", "/workspace\n", "", 0),
        (
            "command -v bash >/dev/null && exec bash || exec sh -c 'exit 9'",
            "",
            "",
            9,
        ),
        ("X=1; [ $X = 1 ] && echo yes", "yes\n", "", 0),
        ("wget -qO- localhost:8080/healthz", "ok\n", "", 0),
        (
            "echo 'open",
            "",
            "sh: syntax error: unterminated quoted string\n",
            2,
        ),
    ] {
        let wanted = (out.to_owned(), err.to_owned(), code);
        assert_eq!(sh(&mut world, script), wanted, "{script}");
    }
}

#[test]
fn the_status_of_a_failure_is_the_servers() {
    let mut world = world(one());
    let mut session = session(&mut world, "exec?command=false&stdout=1");
    assert_eq!(session.protocol(), "v5.channel.k8s.io");
    let all = said(&mut world, &mut session);
    assert_eq!(all[0], (STDOUT, String::new()));
    assert_eq!(
        all[1].1,
        r#"{"metadata":{},"status":"Failure","message":"command terminated with non-zero exit code: command terminated with exit code 1","reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"1"}]}}"#
    );
    assert!(session.ended());
}

#[test]
fn a_terminal_prompts_echoes_and_knows_its_size() {
    let mut world = world(one());
    let mut session = session(&mut world, "exec?command=sh&stdin=1&stdout=1&tty=1");
    assert_eq!(said(&mut world, &mut session), [(STDOUT, "/ # ".into())]);
    session.receive(
        [b"\x04".as_slice(), br#"{"Width":120,"Height":36}"#]
            .concat()
            .into(),
    );
    session.receive(stdin("stty size\r"));
    assert_eq!(
        said(&mut world, &mut session),
        [(STDOUT, "stty size\r\n36 120\r\n/ # ".into())]
    );
    session.receive(stdin("sleep 100; echo late\r"));
    said(&mut world, &mut session);
    session.receive(stdin("\x03"));
    assert_eq!(
        said(&mut world, &mut session),
        [(STDOUT, "^C\r\n/ # ".into())]
    );
    session.receive(stdin("exit 7\r"));
    let all = said(&mut world, &mut session);
    assert!(all[1].1.contains(r#""message":"7""#), "{all:?}");
}

#[test]
fn time_and_the_end_of_input() {
    let mut world = world(one());
    let mut sleeps = session(&mut world, "exec?command=sleep&command=5&stdout=1");
    said(&mut world, &mut sleeps);
    assert!(!sleeps.ended());
    world.step(world.now() + TimeDelta::seconds(5));
    said(&mut world, &mut sleeps);
    assert!(sleeps.ended());
    let mut cat = session(&mut world, "exec?command=cat&stdin=1&stdout=1");
    cat.receive(stdin("one\n"));
    assert_eq!(said(&mut world, &mut cat), [(STDOUT, "one\n".into())]);
    cat.receive(Bytes::from_static(&[CLOSE, STDIN]));
    assert_eq!(
        said(&mut world, &mut cat),
        [(STATUS, r#"{"metadata":{},"status":"Success"}"#.into())]
    );
}

#[test]
fn refused_as_the_server_and_the_kubelet_do() {
    let two = json!([{"name": "done", "image": "example.com/build:1"}, {"name": "bare", "image": "registry.k8s.io/pause:3"}]);
    let mut world = world(two);
    let refused = |response: Response| match response {
        Response::Done { status, body, .. } => {
            (status, String::from_utf8_lossy(&body).into_owned())
        }
        other => panic!("{other:?}"),
    };
    let (code, text) = refused(open(&mut world, "exec?command=sh&stdout=1&container=done"));
    assert_eq!(
        (code, text.as_str()),
        (500, "container not found (\"done\")")
    );
    let (code, text) = refused(open(&mut world, "exec?command=sh&stdout=1"));
    assert!(
        code == 400 && text.contains("choose one of: [done bare]"),
        "{text}"
    );
    let mut plain =
        Request::get("/api/v1/namespaces/default/pods/p/exec?container=bare&command=sh&stdout=1");
    let (code, text) = refused(world.handle(plain.clone()));
    assert!(
        code == 400 && text.contains("Upgrade request required"),
        "{text}"
    );
    plain.upgrade = Some("v4.channel.k8s.io".into());
    plain.user = "viewer".into();
    let (code, text) = refused(world.handle(plain));
    assert!(
        code == 403 && text.contains(r#"pods \"p\" is forbidden: ""#),
        "{text}"
    );
    let mut session = session(&mut world, "exec?command=sh&stdout=1&container=bare");
    let all = said(&mut world, &mut session);
    assert!(
        all[1]
            .1
            .contains("exec: \\\"sh\\\": executable file not found in $PATH"),
        "{all:?}"
    );
}

#[test]
fn a_signal_ends_the_container_and_what_runs_in_it() {
    let mut world = world(one());
    let mut other = session(&mut world, "exec?command=sleep&command=99&stdout=1");
    said(&mut world, &mut other);
    let mut session = session(&mut world, "exec?command=kill&command=1&stdout=1");
    said(&mut world, &mut session);
    let all = said(&mut world, &mut other);
    assert!(all[0].1.contains(r#""message":"137""#), "{all:?}");
    world.step(world.now() + TimeDelta::seconds(1));
    let pod = world
        .store()
        .get(resource("pods"), "default", "p")
        .unwrap()
        .value();
    assert_eq!(
        pod["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"],
        143
    );
}

#[test]
fn ports_answer_or_are_refused() {
    let mut world = world(one());
    let mut session = session(&mut world, "portforward?ports=8080,81");
    assert_eq!(session.protocol(), "v4.channel.k8s.io");
    world.session_next(&mut session);
    let first: Vec<Bytes> = std::iter::from_fn(|| session.take()).collect();
    let wanted: [&[u8]; 4] = [&[0, 0x90, 0x1f], &[1, 0x90, 0x1f], &[2, 81, 0], &[3, 81, 0]];
    assert_eq!(first, wanted);
    session.receive(stdin("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"));
    session.receive(Bytes::from_static(b"\x02GET / HTTP/1.0\r\n\r\n"));
    let all = said(&mut world, &mut session);
    assert!(
        all[0].0 == 0
            && all[0].1.starts_with("HTTP/1.1 200 OK\r\n")
            && all[0].1.ends_with("\r\n\r\nok\n")
    );
    assert!(
        all[1].0 == 3 && all[1].1.contains("connection refused"),
        "{all:?}"
    );
}

#[test]
fn attached_to_its_output() {
    let mut world = world(one());
    let mut session = session(&mut world, "attach?stdout=1");
    said(&mut world, &mut session);
    world.step(world.now() + TimeDelta::seconds(20));
    let all = said(&mut world, &mut session);
    assert!(
        all[0].0 == STDOUT && all[0].1.lines().count() > 3,
        "{all:?}"
    );
}

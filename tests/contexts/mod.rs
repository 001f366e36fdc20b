//! Several contexts in one console: one is not there, one accepts and never answers, one is well.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Output};
use std::thread;

use constable::cli::demo::{DemoArgs, Running, start};
use tokio::runtime::Runtime;

use super::{Console, environment};

/// Accepts and never answers. It ends with the test.
fn stalling() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let addr = listener.local_addr().expect("an address");
    thread::spawn(move || {
        let held: Vec<TcpStream> = listener.incoming().map_while(Result::ok).collect();
        drop(held);
    });
    addr
}

/// Nobody listens there: the port was ours a moment ago.
fn nobody() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address")
}

/// A cluster that runs, and what it runs on.
struct Live {
    running: Running,
    _runtime: Runtime,
}

fn live() -> Live {
    let runtime = Runtime::new().expect("a runtime");
    let args = DemoArgs {
        nodes: Some(4),
        rate: Some(10.0),
        ..DemoArgs::default()
    };
    let running = runtime.block_on(start(args)).expect("a simulated cluster");
    Live {
        running,
        _runtime: runtime,
    }
}

fn kubeconfig(clusters: &[(&str, SocketAddr)]) -> String {
    let mut out = "apiVersion: v1\nkind: Config\ncurrent-context: well\ncontexts:\n".to_owned();
    for (name, _) in clusters {
        out.push_str(&format!(
            "- {{name: {name}, context: {{cluster: {name}, user: u}}}}\n"
        ));
    }
    out.push_str("clusters:\n");
    for (name, addr) in clusters {
        out.push_str(&format!(
            "- {{name: {name}, cluster: {{server: \"http://{addr}\"}}}}\n"
        ));
    }
    out.push_str("users: [{name: u, user: {}}]\n");
    out
}

/// The line of a cluster on the Overview.
fn line(screen: &vt100::Screen, name: &str) -> String {
    let contents = screen.contents();
    let of = |line: &&str| line.split_whitespace().nth(1) == Some(name);
    contents.lines().find(of).unwrap_or_default().to_owned()
}

#[test]
fn one_is_not_there_one_stalls_and_the_third_is_live() {
    let cluster = live();
    let text = kubeconfig(&[
        ("gone", nobody()),
        ("stalls", stalling()),
        ("well", cluster.running.addr()),
    ]);
    let mut console = Console::open_with(&text, &["--context", "gone,stalls,well"]);
    console.until(|screen| line(screen, "well").contains("● live"));
    // It has not waited for the others: the one that stalls is still being waited for.
    let screen = console.screen.screen();
    assert!(
        line(screen, "stalls").contains("◌ connecting"),
        "{}",
        screen.contents()
    );
    console.until(|screen| line(screen, "gone").contains("✕ not connected"));
    console.until_shown("3 clusters");
    // Said on its own line when its time is over, and the live one is live all the time.
    console.until(|screen| line(screen, "stalls").contains("no answer within"));
    assert!(line(console.screen.screen(), "well").contains("● live"));
    console.press(":nodes\r");
    console.until_shown("CLUSTER");
    console.until_shown("well ");
    console.press(":ctx -gone\r");
    console.until_shown("gone is no longer shown");
    console.press(":q\r");
    assert_eq!(console.end(), 0);
}

#[test]
fn one_cluster_by_two_names_is_shown_once() {
    let cluster = live();
    let addr = cluster.running.addr();
    let text = kubeconfig(&[("one", addr), ("other", addr)]);
    let mut console = Console::open_with(&text, &["--context", "one,other"]);
    console.until_shown("other is the same cluster as one: it is shown once");
    console.until(|screen| !screen.contents().contains("2 clusters"));
    console.press(":q\r");
    assert_eq!(console.end(), 0);
}

fn constable(text: &str, arguments: &[&str]) -> Output {
    let home = tempfile::tempdir().expect("a directory");
    std::fs::write(home.path().join("kubeconfig"), text).expect("a kubeconfig");
    Command::new(env!("CARGO_BIN_EXE_constable"))
        .args(arguments)
        .env_clear()
        .envs(environment(home.path()))
        .output()
        .expect("the program")
}

#[test]
fn what_is_printed_says_whose_it_is_and_what_is_missing() {
    let cluster = live();
    let text = kubeconfig(&[("gone", nobody()), ("well", cluster.running.addr())]);
    let get = |more: &[&str]| {
        let mut arguments = vec!["get", "nodes", "--context", "gone,well"];
        arguments.extend_from_slice(more);
        constable(&text, &arguments)
    };
    let table = get(&[]);
    let out = String::from_utf8_lossy(&table.stdout).into_owned();
    let lines: Vec<&str> = out.lines().collect();
    assert!(
        lines.len() == 5
            && lines[0].starts_with("CLUSTER   NAME")
            && lines[1..].iter().all(|line| line.starts_with("well ")),
        "{out}"
    );
    let said = String::from_utf8_lossy(&table.stderr).into_owned();
    assert_eq!(table.status.code(), Some(5), "{said}");
    assert!(
        said.starts_with("error: incomplete: gone: ") && said.lines().count() == 1,
        "{said}"
    );
    let json = get(&["-o", "json"]);
    let rows: Vec<serde_json::Value> = serde_json::from_slice(&json.stdout).expect("an array");
    assert!(
        rows.len() == 4 && rows.iter().all(|row| row["cluster"] == "well"),
        "{rows:?}"
    );
    let refused = constable(&text, &["cordon", "p-01", "--context", "gone,well"]);
    assert_eq!(
        (
            refused.status.code(),
            String::from_utf8_lossy(&refused.stderr).trim_end()
        ),
        (
            Some(2),
            "error: this is for one cluster, and --context names 2 (gone, well): name the one that is meant"
        )
    );
}

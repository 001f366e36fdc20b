//! A closer look on both servers: kinds by name, their Tables, descriptions and YAML, from the keys to the
//! picture, with only the API server behind them.

use std::collections::VecDeque;
use std::time::Instant;

use chrono::Utc;
use constable::cluster::call;
use constable::cluster::connect::{Connection, Target};
use constable::engine::{Code, Effect, Engine, Event, Key, Now, ServerInfo, Settings};
use constable::layout::{Scene, arrange};
use constable::model::{ClusterId, ClusterNo};
use constable::ui::{Depth, Theme, draw, text};
use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};
use serde_json::{Value, json};

use super::Cluster;

cases!(
    a_secret_is_read_without_its_value,
    a_custom_kind_by_its_short_name,
    a_denied_kind_says_what_is_missing,
    a_document_says_that_its_object_is_gone,
);

const SIZE: Size = Size::new(120, 36);

/// A console without feeds: it asks, and hears what it asked for.
struct Seat {
    engine: Engine,
    connection: Connection,
    began: Instant,
    copied: Vec<String>,
    audit: Vec<Value>,
}

impl Seat {
    async fn take(c: &Cluster, user: Option<&str>) -> Self {
        let mut path = c.kubeconfig.clone();
        let folder = tempfile::tempdir().expect("a folder");
        if let Some(user) = user {
            let text = std::fs::read_to_string(&path).expect("a kubeconfig");
            let mut config: Value = serde_saphyr::from_str(&text).expect("YAML");
            for named in config["users"].as_array_mut().into_iter().flatten() {
                named["user"] = json!({"token": user});
            }
            path = folder.path().join("kubeconfig");
            std::fs::write(&path, config.to_string()).expect("a file");
        }
        let target = Target {
            kubeconfig: Some(path),
            context: None,
        };
        let connection = Connection::open(&target).await.expect("a connection");
        let info = ServerInfo {
            cluster: ClusterId::from("test"),
            context: "test".into(),
            address: "".into(),
            version: "".into(),
            offset_ms: 0,
            latency_ms: None,
            contexts: Vec::new(),
            user: user.unwrap_or("admin").into(),
        };
        let mut seat = Self {
            engine: Engine::new(Settings {
                namespace: Some(c.namespace.as_str().into()),
                ..Settings::default()
            }),
            connection,
            began: Instant::now(),
            copied: Vec::new(),
            audit: Vec::new(),
        };
        seat.event(Event::Server(ClusterNo::FIRST, Box::new(info)))
            .await;
        seat.event(Event::Page {
            rows: 30,
            columns: 120,
        })
        .await;
        seat
    }

    fn now(&self) -> Now {
        Now {
            wall: Utc::now(),
            boot: self.began.elapsed(),
        }
    }

    async fn event(&mut self, event: Event) {
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            let mut effects = Vec::new();
            self.engine.handle(self.now(), event, &mut effects);
            for effect in effects {
                match effect {
                    Effect::Call(_, id, asked) => {
                        let reply = call::run(&self.connection, *asked).await;
                        events.push_back(Event::Reply(id, Box::new(reply)));
                    }
                    Effect::Copy(text) => self.copied.push(text.into_string()),
                    Effect::Audit(line) => self.audit.push(*line),
                    _ => {}
                }
            }
        }
    }

    async fn press(&mut self, keys: &str) -> String {
        for c in keys.chars() {
            let key = match c {
                '\n' => Key::plain(Code::Enter),
                '\u{1b}' => Key::plain(Code::Esc),
                c => Key::char(c),
            };
            self.event(Event::Drawn).await;
            self.event(Event::Key(key)).await;
        }
        self.screen()
    }

    fn screen(&self) -> String {
        let theme = Theme::built_in("dark", Depth::None).expect("a theme");
        let scene = Scene::of(&self.engine, self.now());
        let regions = arrange(&scene, SIZE);
        let mut buffer = Buffer::empty(Rect::new(0, 0, SIZE.width, SIZE.height));
        draw(&scene, &regions, &theme, &mut buffer);
        text::of(&buffer)
    }
}

#[track_caller]
fn has(shown: &str, parts: &[&str]) {
    for part in parts {
        assert!(shown.contains(part), "no {part:?} in\n{shown}");
    }
}

async fn a_secret_is_read_without_its_value(c: &Cluster) {
    let body = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db"},
        "data": {"password": "aHVudGVyMg=="}});
    c.post(&c.path("secrets"), &body).await.ok();
    let mut seat = Seat::take(c, None).await;
    let shown = seat.press(":secrets\n").await;
    has(&shown, &["── secrets in ", "Opaque", "db"]);
    let shown = seat.press("/db\nd").await;
    has(
        &shown,
        &["describe Secret ", "Data", "password  ‹hidden, 7 bytes›"],
    );
    let shown = seat.press("y/hidden\n").await;
    has(
        &shown,
        &[
            "yaml of Secret ",
            "password: ‹hidden, 7 bytes›",
            "x: reveal",
        ],
    );
    assert!(
        !shown.contains("hunter2") && !shown.contains("aHVudGVyMg"),
        "{shown}"
    );
    // A question first, whose first answer is no.
    has(&seat.press("x\n").await, &["‹hidden, 7 bytes›"]);
    assert!(seat.audit.is_empty());
    has(
        &seat.press("xj\n").await,
        &["password: hunter2", "1 value revealed"],
    );
    seat.press("ccC").await;
    assert_eq!(seat.copied[0], "  password: hunter2\n");
    assert_eq!(seat.audit.len(), 1);
    assert_eq!(seat.audit[0]["object"]["place"], "/data/password");
    assert!(!seat.audit[0].to_string().contains("hunter2"));
}

async fn a_custom_kind_by_its_short_name(c: &Cluster) {
    let group = format!("{}.example.com", c.namespace);
    let name = format!("widgets.{group}");
    let definition = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": name}, "spec": {"group": group, "scope": "Namespaced",
        "names": {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList", "shortNames": ["wdg"]},
        "versions": [{"name": "v1", "served": true, "storage": true,
            "additionalPrinterColumns": [{"name": "Size", "type": "integer", "jsonPath": ".spec.size"}],
            "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": {"type": "object",
                "properties": {"size": {"type": "integer"}}}}}}}]}});
    let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    c.post(definitions, &definition).await.ok();
    let path = c.group_path(&format!("{group}/v1"), "widgets");
    let widget = json!({"apiVersion": format!("{group}/v1"), "kind": "Widget", "metadata": {"name": "w-1"},
        "spec": {"size": 42}});
    let mut tries = 0;
    // It is served a moment later.
    while c.post(&path, &widget).await.status != 201 {
        tries += 1;
        assert!(tries < 200, "{name} is not served");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    // And told of a moment after that.
    let mut shown = String::new();
    for _ in 0..100 {
        let mut seat = Seat::take(c, None).await;
        shown = seat.press(":wdg\n").await;
        if shown.contains("SIZE") {
            let described = seat.press("d").await;
            has(&described, &["describe Widget ", "Spec", "size  42"]);
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    has(
        &shown,
        &[&format!("── widgets.{group} in "), "SIZE", "42", "w-1"],
    );
    c.delete(&format!("{definitions}/{name}"), Value::Null)
        .await;
}

async fn a_denied_kind_says_what_is_missing(c: &Cluster) {
    let mut seat = Seat::take(c, Some("viewer")).await;
    let shown = seat.press(":secrets\n").await;
    let missing = format!(
        "✕ denied: list secrets for user viewer in ns {}",
        c.namespace
    );
    has(&shown, &[&missing]);
}

async fn a_document_says_that_its_object_is_gone(c: &Cluster) {
    let body = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"mode": "fast"}});
    c.post(&c.path("configmaps"), &body).await.ok();
    let mut seat = Seat::take(c, None).await;
    has(
        &seat.press(":cm\n/settings\ny").await,
        &["mode: fast", "read just now"],
    );
    let patch = json!({"data": {"mode": "slow"}});
    c.patch("merge", &c.path("configmaps/settings"), &patch)
        .await
        .ok();
    seat.began -= std::time::Duration::from_secs(11);
    seat.event(Event::Tick).await;
    has(&seat.screen(), &["mode: fast", "▲ changed"]);
    seat.event(Event::Key(Key::ctrl('r'))).await;
    has(&seat.screen(), &["mode: slow", "read just now"]);
    c.delete(&c.path("configmaps/settings"), Value::Null).await;
    seat.began -= std::time::Duration::from_secs(11);
    seat.event(Event::Tick).await;
    has(
        &seat.screen(),
        &["mode: slow", "✕ it is gone from the cluster"],
    );
}

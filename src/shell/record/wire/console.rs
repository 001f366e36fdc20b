//! Events, effects, and the settings that an engine starts with.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

#[cfg(test)]
use super::tests::Dice;
use super::{Wire, Wrong, choice, structure};
use crate::engine::effect::{About, Accept, Saving, Verb};
use crate::engine::event::Taping;
use crate::engine::figures::Figure;
use crate::engine::remote::{
    Forward, PodPort, Process, Remote, RemoteEnd, RemoteEvent, Terminal, Traffic,
};
use crate::engine::settings::{Api, Compression, QueueMetric, Shell};
use crate::engine::view::{Hit, RowId};
use crate::engine::{
    Call, Code, Effect, Event, Key, LogEnd, LogEvent, LogLine, LogSource, Mods, Now, Reply,
    ServerInfo, Settings, StartScreen,
};
use crate::model::usage::Usage;
use crate::model::{Figures, Measured, Rank};

structure!(Now {
    wall: "wall",
    boot: "boot"
});

choice!(Event {
    "key" => Key(key),
    "paste" => Paste(text),
    "click" => Click(hit),
    "wheel" => Wheel(lines),
    "page" => Page { rows, columns },
    "tick" => Tick,
    "drawn" => Drawn,
    "watch" => Watch(cluster, batch),
    "feed" => Feed(cluster, kind, state),
    "narrowed" => Narrowed(cluster, kind, namespace),
    "server" => Server(cluster, info),
    "unconnected" => ConnectFailed(cluster, why),
    "figures" => Figures(cluster, figures),
    "log" => Log(id, event),
    "usage" => Usage(cluster, measured, figures),
    "reply" => Reply(id, reply),
    "saved" => Saved(end),
    "remote" => Remote(id, event),
    "taping" => Taping(taping),
    "terminate" => Terminate,
});

structure!(Taping {
    bytes: "bytes",
    limit: "limit",
    ended: "ended"
});

structure!(Key {
    code: "code",
    mods: "mods"
});

structure!(Mods, by default { ctrl: "ctrl", alt: "alt" });

choice!(Code {
    "char" => Char(c),
    "enter" => Enter,
    "esc" => Esc,
    "backspace" => Backspace,
    "delete" => Delete,
    "tab" => Tab,
    "backtab" => BackTab,
    "up" => Up,
    "down" => Down,
    "left" => Left,
    "right" => Right,
    "home" => Home,
    "end" => End,
    "pageup" => PageUp,
    "pagedown" => PageDown,
    "f" => F(n),
});

choice!(Hit {
    "row" => Row(id),
    "column" => Column(n),
    "hint" => Hint(n),
    "choice" => Choice(n),
});

choice!(RowId {
    "uid" => Uid(uid),
    "name" => Name(name),
    "number" => Number(n),
});

structure!(ServerInfo {
    cluster: "cluster",
    context: "context",
    address: "address",
    version: "version",
    offset_ms: "offsetMs",
    latency_ms: "latencyMs",
    contexts: "contexts",
    user: "user",
});

structure!(Figure {
    what: "what",
    requests: "requests",
    wire: "wire",
    plain: "plain",
    frames: "frames",
    throttled: "throttled",
    waited: "waited",
    again: "again",
    p50: "p50",
    longest: "longest",
});

/// Names of figures: a handful, kept for good when they are read.
impl Wire for &'static str {
    fn put(&self) -> Value {
        Value::String((*self).to_owned())
    }

    fn take(value: &Value) -> Result<Self, Wrong> {
        static KNOWN: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
        let name = String::take(value)?;
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(name) = known.get(name.as_str()) {
            return Ok(name);
        }
        let name: &'static str = Box::leak(name.into_boxed_str());
        known.insert(name);
        Ok(name)
    }

    #[cfg(test)]
    fn any(dice: &mut Dice) -> Self {
        ["pods", "logs", "calls"][dice.below(3)]
    }
}

choice!(LogEvent {
    "opened" => Opened,
    "waiting" => Waiting(words),
    "lines" => Lines(lines),
    "dropped" => Dropped(count),
    "resuming" => Resuming(why),
    "restarted" => Restarted { count, how },
    "said" => Said(words),
    "ended" => Ended(end),
});

structure!(LogLine {
    at: "at",
    text: "text"
});

choice!(LogEnd {
    "container" => Container(how),
    "gone" => Gone(why),
    "denied" => Denied(why),
    "failed" => Failed(why),
});

choice!(Reply {
    "done" => Done(body),
    "refused" => Refused { code, reason, message, causes, retry_after },
    "lost" => Lost(why),
});

choice!(Effect {
    "quit" => Quit,
    "suspend" => Suspend,
    "connect" => Connect(cluster, context),
    "disconnect" => Disconnect(cluster),
    "scope" => Scope(cluster, namespace),
    "feed" => Feed(cluster, kind, on),
    "events" => Events(cluster, about),
    "open-log" => OpenLog(cluster, id, source),
    "close-log" => CloseLog(cluster, id),
    "park-log" => ParkLog(cluster, id, park),
    "measure" => Measure(cluster, measured),
    "open-remote" => OpenRemote(cluster, id, remote),
    "lead-remote" => LeadRemote(cluster, id, port),
    "close-remote" => CloseRemote(cluster, id),
    "copy" => Copy(text),
    "save" => Save(saving),
    "call" => Call(cluster, id, call),
    "audit" => Audit(line),
    "bell" => Bell,
    "console-log-key" => ConsoleLogKey(key),
    "theme" => Theme(name),
});

structure!(About, by default { namespace: "namespace", fields: "fields" });

structure!(LogSource {
    namespace: "namespace",
    pod: "pod",
    uid: "uid",
    container: "container",
    previous: "previous",
    follow: "follow",
    since: "since",
    tail: "tail",
    restarts: "restarts",
});

structure!(Call {
    verb: "verb",
    path: "path",
    body: "body",
    accept: "accept",
    timeout_s: "timeoutS",
});

choice!(Accept {
    "json" => Json,
    "shown" => Shown,
    "table" => Table,
    "metadata" => Metadata,
    "metric" => Metric(metric),
    "discovery" => Discovery,
    "hidden" => Hidden(pointer),
});

choice!(Verb {
    "GET" => Get,
    "POST" => Post,
    "PUT" => Put,
    "DELETE" => Delete,
    "merge-patch" => MergePatch,
    "json-patch" => JsonPatch,
    "strategic-patch" => StrategicPatch,
});

structure!(Settings {
    read_only: "readOnly",
    log_bytes: "logBytes",
    unlock: "unlock",
    production: "production",
    operator: "operator",
    start: "start",
    contexts: "contexts",
    known_contexts: "knownContexts",
    namespace: "namespace",
    rank_rules: "ranks",
    themes: "themes",
    api: "api",
    shell: "shell",
    queue: "queue",
});

structure!(QueueMetric {
    namespace: "namespace",
    service: "service",
    path: "path",
    name: "name",
});

structure!(Api {
    compression: "compression",
    max_streams: "maxStreams",
    max_log_streams: "maxLogStreams",
    max_lists: "maxLists",
    max_requests_per_second: "maxRequestsPerSecond",
});

choice!(Compression {
    "auto" => Auto,
    "on" => On,
    "off" => Off,
});

structure!(Shell {
    command: "command",
    image: "image",
    node_namespace: "nodeNamespace"
});

choice!(StartScreen {
    "overview" => Overview,
    "jobs" => Jobs,
    "nodes" => Nodes,
    "pods" => Pods,
    "ingresses" => Ingresses,
});

choice!(Rank {
    "controllers" => Controllers,
    "patricians" => Patricians,
    "peasants" => Peasants,
});

choice!(Measured {
    "nodes" => Nodes,
    "pods" => Pods,
});

choice!(Figures {
    "begin" => Begin,
    "nodes" => Nodes(nodes),
    "pods" => Pods(pods),
    "end" => End,
    "failed" => Failed(state),
});

structure!(Usage, by default { cpu: "cpu", kib: "kib" });

structure!(Saving {
    name: "name",
    text: "text"
});

choice!(Remote {
    "terminal" => Terminal(terminal),
    "forward" => Forward(forward),
});

structure!(Terminal {
    namespace: "namespace",
    pod: "pod",
    container: "container",
    process: "process",
    stdin: "stdin",
    tty: "tty",
    title: "title",
});

choice!(Process {
    "exec" => Exec(command),
    "attach" => Attach,
});

structure!(PodPort {
    namespace: "namespace",
    pod: "pod",
    port: "port"
});

structure!(Forward {
    to: "to",
    local: "local"
});

choice!(RemoteEvent {
    "opened" => Opened,
    "listening" => Listening(port),
    "traffic" => Traffic(traffic),
    "ended" => Ended(end),
});

structure!(Traffic, by default {
    open: "open",
    connections: "connections",
    sent: "sent",
    received: "received",
    errors: "errors",
    last_error: "lastError",
});

choice!(RemoteEnd {
    "exited" => Exited(code),
    "ended" => Ended,
    "no-command" => NoCommand(words),
    "denied" => Denied(words),
    "failed" => Failed(why),
    "lost" => Lost(why),
    "left" => Left,
});

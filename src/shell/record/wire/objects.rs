//! Objects of the core API, and what a feed tells of them.

use super::{choice, structure};
use crate::model::container::{
    ContainerRole, ContainerSpec, ContainerState, ContainerStatus, Terminated, Words,
};
use crate::model::event::{ClusterEvent, Regarding};
use crate::model::node::NodeInfo;
use crate::model::object::{Batch, Delta, Object};
use crate::model::{
    Backend, Condition, Endpoint, EndpointSlice, FeedState, Ingress, Kind, Meta, Node, NodeTerm,
    Operator, Owner, Pod, PodPhase, PodSpec, Resources, Route, Service, ServicePort, Taint,
    TaintEffect, Toleration, Truth,
};

structure!(Batch {
    kind: "kind",
    deltas: "deltas"
});

choice!(Delta {
    "start" => SyncStart,
    "put" => Upsert(object),
    "gone" => Remove { uid, namespace, name },
    "end" => SyncEnd,
    "unreadable" => Unreadable { name, why },
});

choice!(Object {
    "node" => Node(object),
    "pod" => Pod(object),
    "ingress" => Ingress(object),
    "service" => Service(object),
    "endpoints" => EndpointSlice(object),
    "job" => BatchJob(object),
    "workload" => Workload(object),
    "cronjob" => CronJob(object),
    "budget" => Budget(object),
    "autoscaler" => Autoscaler(object),
    "event" => Event(object),
});

choice!(Kind {
    "Node" => Node,
    "Pod" => Pod,
    "Ingress" => Ingress,
    "Service" => Service,
    "EndpointSlice" => EndpointSlice,
    "Job" => BatchJob,
    "ReplicaSet" => ReplicaSet,
    "StatefulSet" => StatefulSet,
    "Deployment" => Deployment,
    "DaemonSet" => DaemonSet,
    "CronJob" => CronJob,
    "PodDisruptionBudget" => Budget,
    "HorizontalPodAutoscaler" => Autoscaler,
    "Event" => Event,
    "Warning" => Warning,
});

choice!(FeedState {
    "off" => Off,
    "syncing" => Syncing { seen, expected },
    "live" => Live,
    "stale" => Stale { since, why },
    "denied" => Denied { verb, resource },
    "absent" => Absent,
    "login" => LoginNeeded { command },
});

structure!(Meta {
    uid: "uid",
    namespace: "namespace",
    name: "name",
    created: "created",
    deleting: "deleting",
    labels: "labels",
    annotations: "annotations",
    owner: "owner",
});

structure!(Owner {
    kind: "kind",
    name: "name",
    uid: "uid"
});

choice!(Truth {
    "True" => True,
    "False" => False,
    "Unknown" => Unknown,
});

structure!(Condition {
    kind: "type",
    status: "status",
    reason: "reason",
    message: "message",
    since: "since",
});

structure!(Resources, by default {
    cpu: "cpu",
    memory: "memory",
    storage: "storage",
    pods: "pods",
});

structure!(Node {
    meta: "meta",
    unschedulable: "unschedulable",
    taints: "taints",
    allocatable: "allocatable",
    conditions: "conditions",
    kubelet: "kubelet",
    internal_ip: "ip",
    info: "info",
});

structure!(NodeInfo, by default {
    os: "os",
    kernel: "kernel",
    runtime: "runtime",
    arch: "arch",
});

structure!(Taint {
    key: "key",
    value: "value",
    effect: "effect",
    since: "since"
});

choice!(TaintEffect {
    "NoSchedule" => NoSchedule,
    "PreferNoSchedule" => PreferNoSchedule,
    "NoExecute" => NoExecute,
});

structure!(Pod {
    meta: "meta",
    spec: "spec",
    node: "node",
    conditions: "conditions",
    statuses: "statuses",
    words: "words",
    started: "started",
    ip: "ip",
    phase: "phase",
});

choice!(PodPhase {
    "Pending" => Pending,
    "Running" => Running,
    "Succeeded" => Succeeded,
    "Failed" => Failed,
    "Unknown" => Unknown,
});

structure!(PodSpec, by default {
    containers: "containers",
    requests: "requests",
    node_selector: "selector",
    node_terms: "terms",
    tolerations: "tolerations",
    deadline: "deadline",
    grace: "grace",
    empty_dir: "emptyDir",
});

structure!(NodeTerm {
    expressions: "expressions"
});

choice!(Operator {
    "In" => In,
    "NotIn" => NotIn,
    "Exists" => Exists,
    "DoesNotExist" => DoesNotExist,
    "Gt" => Gt,
    "Lt" => Lt,
});

structure!(Toleration {
    key: "key",
    exists: "exists",
    value: "value",
    effect: "effect"
});

structure!(ContainerSpec {
    name: "name",
    role: "role",
    image: "image",
    requests: "requests",
    limits: "limits",
});

choice!(ContainerRole {
    "init" => Init,
    "sidecar" => Sidecar,
    "main" => Main,
});

structure!(ContainerStatus {
    state: "state",
    last: "last",
    restarts: "restarts",
    at: "at",
    ready: "ready",
    started: "started",
});

choice!(ContainerState {
    "unset" => Unset,
    "waiting" => Waiting(words),
    "running" => Running { since },
    "ended" => Terminated(end),
});

structure!(Words {
    reason: "reason",
    message: "message"
});

structure!(Terminated {
    exit: "exit",
    signal: "signal",
    words: "words",
    started: "started",
    finished: "finished",
});

structure!(Ingress {
    meta: "meta",
    class: "class",
    routes: "routes",
    addresses: "addresses"
});

structure!(Route {
    host: "host",
    path: "path",
    backend: "backend"
});

choice!(Backend {
    "service" => Service { name, port },
    "resource" => Resource(what),
});

structure!(Service {
    meta: "meta",
    kind: "type",
    cluster_ip: "ip",
    ports: "ports",
    selector: "selector",
});

structure!(ServicePort {
    name: "name",
    port: "port"
});

structure!(EndpointSlice {
    meta: "meta",
    service: "service",
    ports: "ports",
    endpoints: "endpoints",
});

structure!(Endpoint {
    ready: "ready",
    pod: "pod",
    node: "node"
});

structure!(ClusterEvent {
    meta: "meta",
    regarding: "regarding",
    warning: "warning",
    reason: "reason",
    message: "message",
    count: "count",
    first: "first",
    last: "last",
    source: "source",
    node: "node",
});

structure!(Regarding {
    kind: "kind",
    namespace: "namespace",
    name: "name",
    uid: "uid",
    field: "field",
});

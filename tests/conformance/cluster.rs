//! What a case holds: a namespace of its own on one of the two servers, and plain HTTP to it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::BodyExt;
use kube::client::Body;
use kube::config::{AuthInfo, KubeConfigOptions, Kubeconfig};
use serde_json::{Value, json};

use super::server::{self, Kind};

/// How long a server may take over anything that a case waits for.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server as one case sees it.
pub(crate) struct Cluster {
    /// Which of the two.
    pub(crate) kind: Kind,
    /// A namespace that only this case uses.
    pub(crate) namespace: String,
    /// Leads to it with all rights.
    pub(crate) kubeconfig: PathBuf,
    client: kube::Client,
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) text: String,
}

impl Reply {
    /// The body as JSON; null where it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    /// The JSON of an answer that must have succeeded.
    #[track_caller]
    pub(crate) fn ok(&self) -> Value {
        assert!(
            (200..300).contains(&self.status),
            "{} {}",
            self.status,
            self.text
        );
        self.json()
    }

    /// Code and reason of an answer that must be a `Status`, the code in the body as in the header.
    #[track_caller]
    pub(crate) fn refusal(&self) -> (u16, String) {
        let body = self.json();
        assert_eq!(body["kind"], "Status", "{} {}", self.status, self.text);
        assert_eq!(body["apiVersion"], "v1");
        assert_eq!(body["status"], "Failure");
        assert_eq!(body["code"], self.status);
        (self.status, text(&body["reason"]))
    }
}

/// A string out of JSON, empty where there is none.
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// `metadata.name` of every item of a list, in the list's order.
pub(crate) fn names(list: &Value) -> Vec<String> {
    list["items"]
        .as_array()
        .map(|items| items.iter().map(|i| text(&i["metadata"]["name"])).collect())
        .unwrap_or_default()
}

/// Runs one case on one server, in a namespace of its own.
pub(crate) fn run<F>(kind: Kind, name: &str, case: F)
where
    F: AsyncFnOnce(&Cluster),
{
    let kubeconfig = server::kubeconfig(kind);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let cluster = Cluster::new(kind, kubeconfig, name).await;
        case(&cluster).await;
        let namespace = format!("/api/v1/namespaces/{}", cluster.namespace);
        cluster.delete(&namespace, Value::Null).await;
    });
}

impl Cluster {
    /// A namespace for a case on the server of a kubeconfig.
    pub(crate) async fn new(kind: Kind, kubeconfig: &Path, case: &str) -> Cluster {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let namespace = format!(
            "{}-{}-{}",
            case.replace('_', "-"),
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        let cluster = Cluster {
            kind,
            namespace,
            kubeconfig: kubeconfig.to_owned(),
            client: client(kubeconfig, None).await,
        };
        let body = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": cluster.namespace}});
        cluster.post("/api/v1/namespaces", &body).await.ok();
        // A controller makes this a moment later; a bare pod is refused until then.
        let account =
            json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}});
        let path = cluster.path("serviceaccounts");
        let reply = cluster.post(&path, &account).await;
        assert!(
            matches!(reply.status, 201 | 409),
            "{} {}",
            reply.status,
            reply.text
        );
        cluster
    }

    /// The same server and namespace as another user, whose token is the name.
    pub(crate) async fn as_user(&self, name: &str) -> Cluster {
        Cluster {
            kind: self.kind,
            namespace: self.namespace.clone(),
            kubeconfig: self.kubeconfig.clone(),
            client: client(&self.kubeconfig, Some(name)).await,
        }
    }

    /// A client with all rights.
    pub(crate) fn client(&self) -> kube::Client {
        self.client.clone()
    }

    /// Whether this is the real server.
    pub(crate) fn is_real(&self) -> bool {
        self.kind == Kind::Real
    }

    /// The path of a core resource in the case's namespace, with or without a name and a query.
    pub(crate) fn path(&self, rest: &str) -> String {
        format!("/api/v1/namespaces/{}/{rest}", self.namespace)
    }

    /// The path of a resource of another group (`apps/v1`) in the case's namespace.
    pub(crate) fn group_path(&self, group: &str, rest: &str) -> String {
        format!("/apis/{group}/namespaces/{}/{rest}", self.namespace)
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.call(Method::GET, path, "application/json", "", Vec::new())
            .await
    }

    pub(crate) async fn get_as(&self, path: &str, accept: &str) -> Reply {
        self.call(Method::GET, path, accept, "", Vec::new()).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Reply {
        self.send(Method::POST, path, "application/json", body)
            .await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Reply {
        self.send(Method::PUT, path, "application/json", body).await
    }

    /// A patch of the kind `merge`, `strategic-merge` or `json`.
    pub(crate) async fn patch(&self, kind: &str, path: &str, body: &Value) -> Reply {
        let content_type = format!("application/{kind}-patch+json");
        self.send(Method::PATCH, path, &content_type, body).await
    }

    /// A deletion; null for no body.
    pub(crate) async fn delete(&self, path: &str, options: Value) -> Reply {
        if options.is_null() {
            return self
                .call(Method::DELETE, path, "application/json", "", Vec::new())
                .await;
        }
        self.send(Method::DELETE, path, "application/json", &options)
            .await
    }

    /// A request with a JSON body, whatever it is called.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        content_type: &str,
        body: &Value,
    ) -> Reply {
        let body = serde_json::to_vec(body).expect("JSON");
        self.call(method, path, "application/json", content_type, body)
            .await
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        accept: &str,
        content_type: &str,
        body: Vec<u8>,
    ) -> Reply {
        let response = self
            .start(method.clone(), path, accept, content_type, body)
            .await;
        let status = response.status().as_u16();
        let content_type = response
            .headers()
            .get(http::header::CONTENT_TYPE)
            .and_then(|v| v.to_str().ok())
            .unwrap_or_default()
            .to_owned();
        let body = tokio::time::timeout(PATIENCE, response.into_body().collect())
            .await
            .unwrap_or_else(|_| panic!("{method} {path} has no end"))
            .unwrap_or_else(|e| panic!("{method} {path}: {e}"))
            .to_bytes();
        Reply {
            status,
            content_type,
            text: String::from_utf8_lossy(&body).into_owned(),
        }
    }

    async fn start(
        &self,
        method: Method,
        path: &str,
        accept: &str,
        content_type: &str,
        body: Vec<u8>,
    ) -> Response<Body> {
        let mut request = Request::builder()
            .method(method.clone())
            .uri(path)
            .header("accept", accept);
        if !content_type.is_empty() {
            request = request.header("content-type", content_type);
        }
        let request = request.body(Body::from(body)).expect("a request");
        tokio::time::timeout(PATIENCE, self.client.send(request))
            .await
            .unwrap_or_else(|_| panic!("{method} {path} is not answered"))
            .unwrap_or_else(|e| panic!("{method} {path}: {e}"))
    }

    /// Opens a stream of lines: a watch, or a log that is followed.
    pub(crate) async fn stream(&self, path: &str) -> Lines {
        self.stream_as(path, "application/json").await
    }

    /// The same, asking for another form of the objects.
    pub(crate) async fn stream_as(&self, path: &str, accept: &str) -> Lines {
        let response = self.start(Method::GET, path, accept, "", Vec::new()).await;
        assert_eq!(response.status(), 200, "{path}");
        Lines {
            path: path.to_owned(),
            body: response.into_body(),
            buffer: Vec::new(),
        }
    }

    /// Waits until an object is as wanted, by watching its namespace's resource, and returns it.
    pub(crate) async fn until(
        &self,
        path: &str,
        name: &str,
        wanted: impl Fn(&Value) -> bool,
    ) -> Value {
        let mut watch = self
            .stream(&format!(
                "{path}?watch=1&fieldSelector=metadata.name={name}"
            ))
            .await;
        loop {
            let event = watch.event().await;
            if event["type"] != "DELETED" && wanted(&event["object"]) {
                return event["object"].clone();
            }
        }
    }

    /// Creates a pod that no scheduler touches, so that it stays as the case leaves it.
    pub(crate) async fn idle_pod(&self, name: &str, labels: Value) -> Value {
        self.post(&self.path("pods"), &idle_pod(name, labels))
            .await
            .ok()
    }
}

/// A node that nothing runs, and that no scheduler picks.
pub(crate) fn idle_node(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": {"name": name, "annotations": {"sim.constable/kubelet": "none"}},
        "spec": {"taints": [{"key": "constable/case", "effect": "NoSchedule"}]},
    })
}

/// A pod for a scheduler that does not exist.
pub(crate) fn idle_pod(name: &str, labels: Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "schedulerName": "nobody",
            "containers": [{"name": "main", "image": "example.com/build:1"}],
        },
    })
}

/// A body read line by line.
pub(crate) struct Lines {
    path: String,
    body: Body,
    buffer: Vec<u8>,
}

impl Lines {
    /// The next line without its end; none when the stream has ended.
    pub(crate) async fn line(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.buffer.iter().position(|b| *b == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                return Some(String::from_utf8_lossy(&line[..end]).into_owned());
            }
            let frame = tokio::time::timeout(PATIENCE, self.body.frame())
                .await
                .unwrap_or_else(|_| panic!("nothing more comes from {}", self.path));
            let data: Bytes = match frame? {
                Ok(frame) => frame.into_data().unwrap_or_default(),
                Err(error) => panic!("{}: {error}", self.path),
            };
            self.buffer.extend_from_slice(&data);
        }
    }

    /// The next event of a watch.
    pub(crate) async fn event(&mut self) -> Value {
        let line = self
            .line()
            .await
            .unwrap_or_else(|| panic!("{} ended", self.path));
        serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line}"))
    }
}

/// `TYPE name` of a watch event.
pub(crate) fn summary(event: &Value) -> String {
    format!(
        "{} {}",
        text(&event["type"]),
        text(&event["object"]["metadata"]["name"])
    )
}

async fn client(kubeconfig: &Path, token: Option<&str>) -> kube::Client {
    let file = Kubeconfig::read_from(kubeconfig).expect("the server's kubeconfig");
    let mut config = kube::Config::from_custom_kubeconfig(file, &KubeConfigOptions::default())
        .await
        .expect("a usable kubeconfig");
    if let Some(token) = token {
        config.auth_info = AuthInfo {
            token: Some(token.to_owned().into()),
            ..AuthInfo::default()
        };
    }
    // A case wants the server's first word, not the client's persistence.
    config.default_retry = false;
    config.disable_compression = true;
    kube::Client::try_from(config).expect("a client")
}

//! From what kubectl would be given to a client.
//!
//! Where the configuration comes from, in kubectl's order: `--kubeconfig`, the files of `KUBECONFIG` merged
//! (those that do not exist are passed over), `~/.kube/config`, the service account of the pod we run in.
//! A credential plugin runs without a terminal; [`login`] is for the person who is asked to.
//!
//! One client serves reads and actions. It never repeats a request on its own: feeds have their own back-off
//! and show it, and an action whose answer is lost is read back, never sent again blindly.

mod error;
mod greet;
mod kubeconfig;
mod link;
mod proxy;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use http::header::USER_AGENT;
use http::{HeaderValue, Request, Response};
use kube::client::Body;
use kube::config::{ExecConfig, ExecInteractiveMode, KubeConfigOptions};
use kube::{Client, Config};

pub use error::ConnectError;
pub(super) use error::why;
pub use greet::Greeting;

use super::budget::Budget;
use super::meter::{Meters, Who};
use crate::engine::settings::Api;
use crate::model::{ClusterNo, Text};

/// How we introduce ourselves.
const AGENT: &str = concat!("constable/", env!("CARGO_PKG_VERSION"));

/// Which cluster is meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// `--kubeconfig`: this file alone.
    pub kubeconfig: Option<PathBuf>,
    /// `--context`; else the current one.
    pub context: Option<String>,
}

impl Target {
    /// The name of the context that is meant; `in-cluster` for a service account. Reads the configuration
    /// and nothing else: no credential plugin runs.
    pub async fn context_name(&self) -> Result<String, ConnectError> {
        let target = self.clone();
        let found = tokio::task::spawn_blocking(move || kubeconfig::find(&target))
            .await
            .map_err(|e| ConnectError::Internal(e.to_string()))??;
        Ok(match found {
            kubeconfig::Found::Files { context, .. } => context,
            kubeconfig::Found::InCluster => "in-cluster".into(),
        })
    }

    /// All contexts of the configuration, in the order of the files; none for a service account.
    pub async fn contexts(&self) -> Result<Vec<String>, ConnectError> {
        let target = self.clone();
        let found = tokio::task::spawn_blocking(move || kubeconfig::find(&target))
            .await
            .map_err(|e| ConnectError::Internal(e.to_string()))??;
        Ok(match found {
            kubeconfig::Found::Files { config, .. } => {
                config.contexts.into_iter().map(|c| c.name).collect()
            }
            kubeconfig::Found::InCluster => Vec::new(),
        })
    }
}

/// A client and what is known of where it leads, before anything was asked of the server.
#[derive(Clone)]
pub struct Connection {
    /// The client. It does not retry.
    pub client: Client,
    /// The cluster's place in the console: what is told of it carries that.
    pub no: ClusterNo,
    /// The context's name; `in-cluster` for a service account.
    pub context: Text,
    /// The server's address.
    pub address: Text,
    /// The namespace that the context names, if it names one.
    pub namespace: Option<String>,
    /// All contexts, in the order of the files.
    pub contexts: Vec<Text>,
    /// The user's name in the kubeconfig, empty if unknown.
    pub user: Text,
    /// The credential plugin's command line, if credentials come from one.
    pub login: Option<Text>,
    /// What requests may cost.
    pub budget: Arc<Budget>,
    /// What they did cost.
    pub meters: Arc<Meters>,
    link: Arc<link::Link>,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection")
            .field("context", &self.context)
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl Connection {
    /// Reads the configuration and builds the client; runs a credential plugin, if there is one, off the
    /// async threads. Asks nothing of the server.
    pub async fn open(target: &Target) -> Result<Self, ConnectError> {
        let target = target.clone();
        let found = tokio::task::spawn_blocking(move || kubeconfig::find(&target))
            .await
            .map_err(|e| ConnectError::Internal(e.to_string()))??;
        let kubeconfig::Found::Files { config, context } = found else {
            return Self::in_cluster().await;
        };
        let contexts = config
            .contexts
            .iter()
            .map(|c| c.name.as_str().into())
            .collect();
        let named = config.contexts.iter().find(|c| c.name == context);
        let named = named.and_then(|c| c.context.clone()).unwrap_or_default();
        let cluster_proxy = config
            .clusters
            .iter()
            .find(|c| c.name == named.cluster)
            .and_then(|c| c.cluster.as_ref()?.proxy_url.clone());
        let options = KubeConfigOptions {
            context: Some(context.clone()),
            ..KubeConfigOptions::default()
        };
        let mut config = Config::from_custom_kubeconfig(*config, &options)
            .await
            .map_err(|e| ConnectError::kubeconfig(&context, &e))?;
        config.proxy_url =
            proxy::of_server(&config.cluster_url, cluster_proxy.as_deref(), |name| {
                std::env::var(name).ok()
            })
            .map_err(|proxy| ConnectError::BadProxy { proxy })?;
        let mut connection = Self::build(config, &context).await?;
        connection.namespace = named.namespace.filter(|n| !n.is_empty());
        connection.contexts = contexts;
        connection.user = named.user.unwrap_or_default().into();
        Ok(connection)
    }

    async fn in_cluster() -> Result<Self, ConnectError> {
        let config = Config::incluster().map_err(|e| ConnectError::InCluster(e.to_string()))?;
        let namespace = config.default_namespace.clone();
        let mut connection = Self::build(config, "in-cluster").await?;
        connection.namespace = Some(namespace);
        Ok(connection)
    }

    /// Asks as these settings say. For a connection that has not asked anything yet.
    pub fn with(mut self, api: &Api) -> Self {
        self.budget = Arc::new(Budget::new(api));
        self.link = Arc::new(link::Link::new(api.compression));
        self
    }

    /// Stands at that place in the console. For a connection that has not told anything yet.
    pub fn at(mut self, no: ClusterNo) -> Self {
        self.no = no;
        self
    }

    /// Whether long answers should come compressed.
    pub fn compressed(&self) -> bool {
        self.link.compressed()
    }

    /// Sends a request and counts it. The budget is the caller's affair.
    pub async fn send(&self, who: Who, request: Request<Body>) -> kube::Result<Response<Body>> {
        let began = Instant::now();
        let response = self.client.send(request).await?;
        let meter = self.meters.of(who);
        meter.head(began.elapsed(), response.status().as_u16());
        Ok(response)
    }

    /// Around a client that leads to a server of this process.
    pub fn from_client(client: Client, context: &str) -> Self {
        Self {
            client,
            no: ClusterNo::FIRST,
            context: context.into(),
            address: "in this process".into(),
            namespace: None,
            contexts: vec![context.into()],
            user: "".into(),
            login: None,
            budget: Arc::new(Budget::new(&Api::default())),
            meters: Arc::default(),
            link: Arc::new(link::Link::new(Api::default().compression)),
        }
    }

    async fn build(mut config: Config, context: &str) -> Result<Self, ConnectError> {
        config.default_retry = false;
        // kube's layer stops after the first gzip member of a stream: what is compressed is our affair.
        config.disable_compression = true;
        config
            .headers
            .push((USER_AGENT, HeaderValue::from_static(AGENT)));
        let address = config.cluster_url.to_string();
        let login = config.auth_info.exec.as_mut().map(|exec| {
            exec.interactive_mode = Some(ExecInteractiveMode::Never);
            Text::from(command_line(exec))
        });
        // Building the client runs the credential plugin, which blocks.
        let client = tokio::task::spawn_blocking(move || Client::try_from(config))
            .await
            .map_err(|e| ConnectError::Internal(e.to_string()))?
            .map_err(|e| ConnectError::client(context, login.as_deref(), &e))?;
        Ok(Self {
            client,
            no: ClusterNo::FIRST,
            context: context.into(),
            address: address.trim_end_matches('/').into(),
            namespace: None,
            contexts: vec![context.into()],
            user: "".into(),
            login,
            budget: Arc::new(Budget::new(&Api::default())),
            meters: Arc::default(),
            link: Arc::new(link::Link::new(Api::default().compression)),
        })
    }
}

/// Runs the context's credential plugin with the terminal in its hands, once, so that it may ask for what it
/// needs and remember it. To be called with no screen up.
pub async fn login(target: &Target) -> Result<(), ConnectError> {
    let target = target.clone();
    tokio::task::spawn_blocking(move || {
        let kubeconfig::Found::Files { config, context } = kubeconfig::find(&target)? else {
            return Ok(());
        };
        let user = config
            .contexts
            .iter()
            .find(|c| c.name == context)
            .and_then(|c| c.context.as_ref()?.user.clone());
        let exec = config
            .auth_infos
            .iter()
            .find(|a| Some(&a.name) == user.as_ref())
            .and_then(|a| a.auth_info.as_ref()?.exec.clone());
        match exec {
            Some(exec) => run_in_terminal(&exec),
            None => Ok(()),
        }
    })
    .await
    .map_err(|e| ConnectError::Internal(e.to_string()))?
}

fn run_in_terminal(exec: &ExecConfig) -> Result<(), ConnectError> {
    let failed = |why: String| ConnectError::ExecPlugin {
        command: command_line(exec),
        why,
    };
    let mut command = std::process::Command::new(exec.command.as_deref().unwrap_or_default());
    command.args(exec.args.iter().flatten());
    for pair in exec.env.iter().flatten() {
        if let (Some(name), Some(value)) = (pair.get("name"), pair.get("value")) {
            command.env(name, value);
        }
    }
    let info = serde_json::json!({
        "apiVersion": exec.api_version,
        "kind": "ExecCredential",
        "spec": {"interactive": true},
    });
    command
        .env("KUBERNETES_EXEC_INFO", info.to_string())
        .stdin(std::process::Stdio::inherit())
        .stderr(std::process::Stdio::inherit());
    let output = command.output().map_err(|e| failed(e.to_string()))?;
    if output.status.success() {
        Ok(())
    } else {
        Err(failed(output.status.to_string()))
    }
}

fn command_line(exec: &ExecConfig) -> String {
    let mut line = exec.command.clone().unwrap_or_default();
    for arg in exec.args.iter().flatten() {
        line.push(' ');
        line.push_str(arg);
    }
    line
}

//! What can go wrong before the first answer: one line each, with the thing's name and the next step.

use kube::config::KubeconfigError;

/// Why there is no connection.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// No file of the search path exists and we run in no pod.
    #[error(
        "no kubeconfig: {looked} does not exist; set KUBECONFIG, give --kubeconfig FILE, or try `constable demo`"
    )]
    NoKubeconfig {
        /// Where was looked.
        looked: String,
    },
    /// A kubeconfig that cannot be read or parsed.
    #[error(
        "cannot read kubeconfig {file}: {why}; correct it or give another with --kubeconfig FILE"
    )]
    Unreadable {
        /// The file.
        file: String,
        /// Why.
        why: String,
    },
    /// `--context` names none.
    #[error("no context {context:?} in the kubeconfig; it has: {known}")]
    NoSuchContext {
        /// What was asked for.
        context: String,
        /// The known ones.
        known: String,
    },
    /// Neither `--context` nor a current context.
    #[error("the kubeconfig has no current context; give --context with one of: {known}")]
    NoContext {
        /// The known ones.
        known: String,
    },
    /// A context that leads nowhere, or credentials that cannot be read.
    #[error(
        "context {context:?} is unusable: {why}; correct the kubeconfig or give another --context"
    )]
    BadContext {
        /// The context.
        context: String,
        /// Why.
        why: String,
    },
    /// A proxy that is no URL.
    #[error("proxy {proxy:?} is no URL; correct proxy-url or HTTPS_PROXY")]
    BadProxy {
        /// As given.
        proxy: String,
    },
    /// The service account of our pod.
    #[error("cannot use the pod's service account: {0}; give --kubeconfig FILE")]
    InCluster(String),
    /// A credential plugin that failed.
    #[error(
        "credential plugin `{command}` failed: {why}; run it in a shell to log in, then try again"
    )]
    ExecPlugin {
        /// Its command line.
        command: String,
        /// What it said.
        why: String,
    },
    /// The server does not answer.
    #[error(
        "cannot reach {address} (context {context:?}): {why}; check that the cluster is up and the address is right"
    )]
    Unreachable {
        /// The server.
        address: String,
        /// The context.
        context: String,
        /// Why.
        why: String,
    },
    /// TLS fails.
    #[error("cannot trust {address} (context {context:?}): {why}; {next}")]
    Certificate {
        /// The server.
        address: String,
        /// The context.
        context: String,
        /// Why.
        why: String,
        /// What to do.
        next: &'static str,
    },
    /// 401.
    #[error("{address} does not accept the credentials of context {context:?} (401 {why}); {next}")]
    Unauthorized {
        /// The server.
        address: String,
        /// The context.
        context: String,
        /// The server's word.
        why: String,
        /// What to do.
        next: String,
    },
    /// An answer that no Kubernetes API server gives.
    #[error(
        "{address} (context {context:?}) does not answer as a Kubernetes API server: {why}; check the address"
    )]
    NotKubernetes {
        /// The server.
        address: String,
        /// The context.
        context: String,
        /// What came.
        why: String,
    },
    /// Our own fault.
    #[error("internal error: {0}; please report it")]
    Internal(String),
}

impl ConnectError {
    /// The reason alone, for a place that names server and context already.
    pub fn short(&self) -> String {
        match self {
            Self::Unreachable { why, .. } | Self::Certificate { why, .. } => why.clone(),
            Self::Unauthorized { .. } => "credentials are not accepted (401)".to_owned(),
            other => other.to_string(),
        }
    }

    /// What kube says of a context.
    pub(super) fn kubeconfig(context: &str, error: &KubeconfigError) -> Self {
        let why = match error {
            KubeconfigError::LoadClusterOfContext(cluster) => {
                format!("its cluster {cluster:?} is not in the kubeconfig")
            }
            KubeconfigError::MissingClusterUrl => "its cluster has no server address".to_owned(),
            other => chain(other),
        };
        Self::BadContext {
            context: context.to_owned(),
            why,
        }
    }

    /// What kube says when it builds a client.
    pub(super) fn client(context: &str, plugin: Option<&str>, error: &kube::Error) -> Self {
        match (error, plugin) {
            (kube::Error::Auth(auth), Some(plugin)) => Self::ExecPlugin {
                command: plugin.to_owned(),
                why: plugin_failure(auth),
            },
            (error, _) => Self::BadContext {
                context: context.to_owned(),
                why: chain(error),
            },
        }
    }

    /// What kube says when a request gets no answer.
    pub(super) fn request(address: &str, context: &str, error: &kube::Error) -> Self {
        let (address, context) = (address.to_owned(), context.to_owned());
        let why = why(error);
        let lower = why.to_lowercase();
        if lower.contains("certificate") || lower.contains("unknownissuer") || lower.contains("tls")
        {
            let next = if lower.contains("expired") {
                "renew it, and check this machine's clock"
            } else if lower.contains("unknownissuer") || lower.contains("unknown issuer") {
                "set certificate-authority in the kubeconfig to the CA that signed it"
            } else if lower.contains("name") {
                "set tls-server-name in the kubeconfig to a name it is for"
            } else {
                "check certificate-authority and client-certificate in the kubeconfig"
            };
            return Self::Certificate {
                address,
                context,
                why,
                next,
            };
        }
        Self::Unreachable {
            address,
            context,
            why,
        }
    }
}

/// The last line that a plugin wrote to stderr, or how it ended.
fn plugin_failure(error: &kube::client::AuthError) -> String {
    match error {
        kube::client::AuthError::AuthExecRun { out, .. } => {
            let said = String::from_utf8_lossy(&out.stderr);
            let last = said.lines().rev().find(|l| !l.trim().is_empty());
            match last {
                Some(line) => format!("{}: {}", out.status, super::super::harmless::plain(line)),
                None => out.status.to_string(),
            }
        }
        kube::client::AuthError::AuthExecStart(e) => format!("cannot start: {e}"),
        other => chain(other),
    }
}

/// The innermost cause of a request's failure: what a person can act on.
pub(in crate::cluster) fn why(error: &kube::Error) -> String {
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    let text = innermost.to_string();
    // An io::Error around a rustls error hides its cause from `source`.
    let text = match text.as_str() {
        "" => chain(error),
        _ => text,
    };
    super::super::harmless::plain(&text).into_owned()
}

/// An error and its causes in one line, without repeats.
fn chain(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let text = cause.to_string();
        if !line.contains(&text) {
            line.push_str(": ");
            line.push_str(&text);
        }
        source = cause.source();
    }
    super::super::harmless::plain(&line).into_owned()
}

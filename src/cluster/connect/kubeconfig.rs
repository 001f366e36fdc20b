//! Which kubeconfig, which context: kubectl's rules.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use kube::config::{Kubeconfig, KubeconfigError};

use super::{ConnectError, Target};

/// What there is to connect with.
#[derive(Debug)]
pub(super) enum Found {
    /// Files, merged, and the context to use.
    Files {
        /// All of them as one.
        config: Box<Kubeconfig>,
        /// Exists in it.
        context: String,
    },
    /// No file, but a service account.
    InCluster,
}

/// Looks at the environment and reads the files.
pub(super) fn find(target: &Target) -> Result<Found, ConnectError> {
    find_in(
        target,
        std::env::var_os("KUBECONFIG"),
        std::env::home_dir(),
        std::env::var_os("KUBERNETES_SERVICE_HOST").is_some(),
    )
}

fn find_in(
    target: &Target,
    variable: Option<OsString>,
    home: Option<PathBuf>,
    in_pod: bool,
) -> Result<Found, ConnectError> {
    let files: Vec<PathBuf> = match (&target.kubeconfig, variable) {
        (Some(file), _) => vec![file.clone()],
        (None, Some(list)) if !list.is_empty() => std::env::split_paths(&list)
            .filter(|p| !p.as_os_str().is_empty())
            .collect(),
        (None, _) => home
            .map(|h| h.join(".kube").join("config"))
            .into_iter()
            .collect(),
    };
    let mut merged: Option<Kubeconfig> = None;
    for file in &files {
        // A file that was asked for by name must be there; one of a list may be missing.
        if target.kubeconfig.is_none() && !file.exists() {
            continue;
        }
        let read = read(file)?;
        merged = Some(match merged {
            None => read,
            Some(first) => first.merge(read).map_err(|e| unreadable(file, &e))?,
        });
    }
    let Some(config) = merged else {
        if in_pod && target.context.is_none() {
            return Ok(Found::InCluster);
        }
        let looked: Vec<String> = files.iter().map(|f| f.display().to_string()).collect();
        return Err(ConnectError::NoKubeconfig {
            looked: looked.join(", "),
        });
    };
    let context = context(&config, target.context.as_deref())?;
    Ok(Found::Files {
        config: Box::new(config),
        context,
    })
}

fn read(file: &Path) -> Result<Kubeconfig, ConnectError> {
    let mut config = Kubeconfig::read_from(file).map_err(|e| unreadable(file, &e))?;
    // kubectl writes `current-context: ""`, which must not hide that of the next file.
    config.current_context = config.current_context.filter(|c| !c.is_empty());
    Ok(config)
}

fn unreadable(file: &Path, error: &KubeconfigError) -> ConnectError {
    let why = match error {
        KubeconfigError::ReadConfig(error, _) => error.to_string(),
        KubeconfigError::Parse(error) => error
            .to_string()
            .lines()
            .next()
            .unwrap_or_default()
            .to_owned(),
        other => other.to_string(),
    };
    ConnectError::Unreadable {
        file: file.display().to_string(),
        why,
    }
}

fn context(config: &Kubeconfig, asked: Option<&str>) -> Result<String, ConnectError> {
    let known = || {
        let names: Vec<&str> = config.contexts.iter().map(|c| c.name.as_str()).collect();
        if names.is_empty() {
            "none".to_owned()
        } else {
            names.join(", ")
        }
    };
    let wanted = asked.map(str::to_owned).or(config.current_context.clone());
    match wanted {
        None => Err(ConnectError::NoContext { known: known() }),
        Some(context) if config.contexts.iter().any(|c| c.name == context) => Ok(context),
        Some(context) => Err(ConnectError::NoSuchContext {
            context,
            known: known(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(dir: &Path, name: &str, current: &str, contexts: &[&str]) -> PathBuf {
        let mut text =
            format!("apiVersion: v1\nkind: Config\ncurrent-context: \"{current}\"\ncontexts:\n");
        for context in contexts {
            text.push_str(&format!(
                "- name: {context}\n  context: {{cluster: c, user: u}}\n"
            ));
        }
        let path = dir.join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn chosen(found: Result<Found, ConnectError>) -> String {
        match found {
            Ok(Found::Files { config, context }) => {
                format!("{context} of {}", config.contexts.len())
            }
            Ok(Found::InCluster) => "in-cluster".into(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn as_kubectl_chooses() {
        let dir = tempfile::tempdir().unwrap();
        let a = file(dir.path(), "a", "", &["one"]);
        let b = file(dir.path(), "b", "two", &["two", "three"]);
        let missing = dir.path().join("missing");
        let broken = dir.path().join("broken");
        std::fs::write(&broken, "contexts: [").unwrap();
        let list = |paths: &[&PathBuf]| Some(std::env::join_paths(paths).unwrap());
        let target = |kubeconfig: Option<&PathBuf>, context: Option<&str>| Target {
            kubeconfig: kubeconfig.cloned(),
            context: context.map(str::to_owned),
        };
        let none = target(None, None);
        let choose = |target: &Target, variable| {
            chosen(find_in(target, variable, Some(dir.path().into()), false))
        };
        assert_eq!(choose(&none, list(&[&a, &b])), "two of 3");
        assert_eq!(choose(&none, list(&[&missing, &b])), "two of 2");
        assert_eq!(
            choose(&target(None, Some("one")), list(&[&a, &b])),
            "one of 3"
        );
        assert_eq!(choose(&target(Some(&b), None), list(&[&a])), "two of 2");
        assert_eq!(
            choose(&target(None, Some("prod")), list(&[&a, &b])),
            "no context \"prod\" in the kubeconfig; it has: one, two, three"
        );
        assert_eq!(
            choose(&none, list(&[&a])),
            "the kubeconfig has no current context; give --context with one of: one"
        );
        let wanted = format!("cannot read kubeconfig {}: ", missing.display());
        assert!(choose(&target(Some(&missing), None), None).starts_with(&wanted));
        let wanted = format!("cannot read kubeconfig {}: ", broken.display());
        assert!(choose(&target(Some(&broken), None), None).starts_with(&wanted));
        let error = choose(&none, None);
        assert!(error.starts_with("no kubeconfig: "), "{error}");
        assert!(error.contains(".kube/config does not exist"), "{error}");
        assert_eq!(
            chosen(find_in(&none, list(&[&missing]), None, true)),
            "in-cluster"
        );
    }
}

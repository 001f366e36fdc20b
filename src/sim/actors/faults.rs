//! What is wrong with the cluster at the moment, as the scenario set it.

/// The faults in force.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Faults {
    /// Prefixes of images that no registry has.
    pub missing: Vec<String>,
    /// Share of job steps that are killed for their memory, 0 to 1.
    pub oom: f64,
    /// Share of job steps that fail by themselves, beside those whose script says so, 0 to 1.
    pub fail: f64,
    /// Pods (namespace, prefix of the name) whose readiness probes fail.
    pub unready: Vec<(String, String)>,
    /// Claims (namespace, prefix of the name) that nobody provides a volume for.
    pub unbound: Vec<(String, String)>,
    /// The scheduler takes this long for each pod, in milliseconds; 0: as usual.
    pub scheduler_ms: u64,
    /// The API server does not answer.
    pub outage: bool,
    /// Raised when all open watches are cut.
    pub watch_epoch: u64,
}

impl Faults {
    /// Whether nobody has this image.
    pub(crate) fn lacks(&self, image: &str) -> bool {
        image.contains("/missing:") || self.missing.iter().any(|m| image.starts_with(m.as_str()))
    }

    /// Whether this claim stays without a volume.
    pub(crate) fn unbound(&self, namespace: &str, name: &str) -> bool {
        self.unbound
            .iter()
            .any(|(ns, prefix)| ns == namespace && name.starts_with(prefix.as_str()))
    }

    /// Whether this pod's readiness probes fail.
    pub(crate) fn unready(&self, namespace: &str, name: &str) -> bool {
        self.unready
            .iter()
            .any(|(ns, prefix)| ns == namespace && name.starts_with(prefix.as_str()))
    }
}

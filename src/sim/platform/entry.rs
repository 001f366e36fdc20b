//! One job's entry in the queue: a value in a queue ConfigMap, its key the job's id.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A job's id: unique in one platform, rising.
pub type JobId = u64;

/// Where a job stands, as the queue knows it. The pod tells the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// No pod yet.
    Queued,
    /// Its pod exists and has not ended.
    Running,
    /// All steps ended with exit 0.
    Succeeded,
    /// A step, its image or its deadline failed.
    Failed,
    /// Somebody asked for it.
    Cancelled,
    /// The pod went away, or its node did, before the job ended.
    Lost,
}

impl State {
    /// Whether the job has ended.
    pub fn ended(self) -> bool {
        !matches!(self, State::Queued | State::Running)
    }
}

/// What somebody asks of the worker that has the job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Asked {
    /// End it: its pod is deleted with its grace.
    Cancel,
    /// Run it again once the old pod is gone. Only an ended job is.
    Retry,
    /// Nothing that a worker knows; it is cleared.
    #[serde(other)]
    Other,
}

/// A queue entry. Optional fields are `null` or absent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Where the job stands.
    pub state: State,
    /// Counts from 1.
    #[serde(default = "one")]
    pub attempt: u32,
    /// Group and name of the project: `shop/api`.
    #[serde(default)]
    pub project: String,
    /// Pipeline of the project: `build`.
    #[serde(default)]
    pub pipeline: String,
    /// Number of the pipeline's run: `8121`. Several jobs share it.
    #[serde(default)]
    pub run: String,
    /// Name of the job within its pipeline: `test`.
    #[serde(default)]
    pub name: String,
    /// Branch, tag or pull request.
    #[serde(default, rename = "ref")]
    pub git_ref: String,
    /// Short commit hash.
    #[serde(default)]
    pub commit: String,
    /// Who pushed it.
    #[serde(default)]
    pub author: String,
    /// Node pool that it asks for.
    #[serde(default)]
    pub pool: String,
    /// Which shape of job: its requests, steps and usual duration.
    #[serde(default)]
    pub shape: String,
    /// Its pod's name, from the moment a worker has taken the job.
    #[serde(default)]
    pub pod: Option<String>,
    /// The worker pod that has taken it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<String>,
    /// What is asked of the worker; cleared once honoured.
    #[serde(default)]
    pub asked: Option<Asked>,
    /// Who asked last.
    #[serde(default)]
    pub asked_by: Option<String>,
    /// Pod of the attempt before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_of: Option<String>,
    /// When it came into the queue, in whole seconds.
    #[serde(default)]
    pub queued_at: DateTime<Utc>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<DateTime<Utc>>,
    /// Why it did not succeed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

fn one() -> u32 {
    1
}

impl Entry {
    /// The name of the pod for the present attempt of job `id`.
    pub fn pod_name(&self, id: JobId) -> String {
        format!("job-{id}-{}", self.attempt)
    }

    /// Whether the job counts against its worker's concurrency.
    pub fn active(&self) -> bool {
        self.pod.is_some() && !self.state.ended()
    }

    /// The same entry with its end recorded.
    pub(super) fn end(&self, state: State, at: DateTime<Utc>, reason: Option<String>) -> Entry {
        let asked = match self.asked {
            Some(Asked::Retry) => self.asked,
            Some(Asked::Cancel | Asked::Other) | None => None,
        };
        Entry {
            state,
            asked,
            reason,
            ended_at: Some(whole(at)),
            ..self.clone()
        }
    }

    /// The next attempt, back in the queue.
    pub(super) fn again(&self, now: DateTime<Utc>) -> Entry {
        Entry {
            state: State::Queued,
            attempt: self.attempt + 1,
            pod: None,
            worker: None,
            asked: None,
            retry_of: self.pod.clone(),
            queued_at: whole(now),
            ended_at: None,
            reason: None,
            ..self.clone()
        }
    }

    /// As it stands in the ConfigMap. Empty only if serde fails on plain data, which it does not.
    pub(super) fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Whole seconds: finer times only make entries longer.
pub(super) fn whole(at: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp(at.timestamp(), 0).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_written_by_others_is_read() {
        let entry: Entry = serde_json::from_str(
            r#"{"state":"failed","attempt":2,"asked":"retry","asked_by":"dev-1","x":1}"#,
        )
        .unwrap();
        assert_eq!(
            (entry.state, entry.attempt, entry.asked),
            (State::Failed, 2, Some(Asked::Retry))
        );
        let entry: Entry = serde_json::from_str(r#"{"state":"running","asked":"dance"}"#).unwrap();
        assert_eq!((entry.attempt, entry.asked), (1, Some(Asked::Other)));
        assert_eq!(
            serde_json::from_str::<Entry>(&entry.json()).unwrap().state,
            State::Running
        );
    }
}

//! `pods/log`: which container, which lines; the reading itself is the world's.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::human;
use super::list;
use super::request::{LogOptions, Request};
use super::response::{LogFollow, Response};
use super::route::Target;
use super::write;
use crate::sim::status::Status;
use crate::sim::store::Store;

/// GET of a log. An answer that is not followed is [`Response::Log`] too, with `options.follow`
/// false: the world reads it whole.
///
/// # Errors
/// 400 for a container that is not named, unknown or has not run; 404 for no such pod.
pub(crate) fn get(
    store: &Store,
    now: DateTime<Utc>,
    req: &Request,
    t: &Target,
) -> Result<Response, Status> {
    let pod = write::current(store, t)?;
    let value = pod.value();
    let container = container(&pod.name, &value, req.param("container"))?;
    let options = options(now, req)?;
    if pod.node.is_empty() {
        return Ok(Response::text(204, ""));
    }
    has_log(&pod.name, &value, &container, options.previous)?;
    Ok(Response::Log(LogFollow {
        namespace: pod.namespace.to_string(),
        pod: pod.name.to_string(),
        uid: pod.uid.to_string(),
        container,
        options,
        position: None,
        opened: None,
        sent: 0,
    }))
}

pub(crate) fn container(pod: &str, value: &Value, asked: Option<&str>) -> Result<String, Status> {
    let names = |list: &str| -> Vec<String> {
        let all = value["spec"][list].as_array().into_iter().flatten();
        all.filter_map(|c| c["name"].as_str().map(str::to_owned))
            .collect()
    };
    let (inits, mains) = (names("initContainers"), names("containers"));
    let debug = names("ephemeralContainers");
    match asked {
        Some(name)
            if [&inits, &mains, &debug]
                .into_iter()
                .flatten()
                .any(|n| n == name) =>
        {
            Ok(name.to_owned())
        }
        Some(name) => Err(Status::bad_request(format!(
            "container {name} is not valid for pod {pod}"
        ))),
        None => match mains.as_slice() {
            [one] => Ok(one.clone()),
            [] => Err(Status::bad_request(format!(
                "a container name must be specified for pod {pod}"
            ))),
            _ => {
                let all = [inits, mains, debug].concat().join(" ");
                Err(Status::bad_request(format!(
                    "a container name must be specified for pod {pod}, choose one of: [{all}]"
                )))
            }
        },
    }
}

fn options(now: DateTime<Utc>, req: &Request) -> Result<LogOptions, Status> {
    let seconds = list::number(req, "sinceSeconds")?;
    let since = match (req.param("sinceTime"), seconds) {
        (Some(_), Some(_)) => {
            return Err(Status::new(
                422,
                "Invalid",
                "PodLogOptions \"\" is invalid: : Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified",
            ));
        }
        (Some(at), None) => Some(human::time(at).ok_or_else(|| {
            Status::bad_request(format!(
                "parsing time \"{at}\" as \"2006-01-02T15:04:05Z07:00\": cannot parse"
            ))
        })?),
        (None, seconds) => seconds
            .and_then(|s| i64::try_from(s).ok())
            .and_then(TimeDelta::try_seconds)
            .and_then(|s| now.checked_sub_signed(s)),
    };
    Ok(LogOptions {
        follow: req.flag("follow"),
        previous: req.flag("previous"),
        timestamps: req.flag("timestamps"),
        since,
        tail_lines: list::number(req, "tailLines")?,
        limit_bytes: list::number(req, "limitBytes")?,
    })
}

/// Whether the kubelet has a log to read, in its words where it has none.
fn has_log(pod: &str, value: &Value, container: &str, previous: bool) -> Result<(), Status> {
    let refuse = |why: &str| {
        Err(Status::bad_request(format!(
            "container \"{container}\" in pod \"{pod}\" is {why}"
        )))
    };
    let lists = [
        "containerStatuses",
        "initContainerStatuses",
        "ephemeralContainerStatuses",
    ];
    let status = lists
        .into_iter()
        .flat_map(|list| value["status"][list].as_array().into_iter().flatten())
        .find(|s| s["name"] == container);
    let Some(status) = status else {
        return refuse("waiting to start: ContainerCreating");
    };
    let ran_before = status["lastState"]["terminated"].is_object();
    if previous {
        return if ran_before {
            Ok(())
        } else {
            Err(Status::bad_request(format!(
                "previous terminated container \"{container}\" in pod \"{pod}\" not found"
            )))
        };
    }
    let state = &status["state"];
    if state["running"].is_object() || state["terminated"].is_object() || ran_before {
        return Ok(());
    }
    match state["waiting"]["reason"].as_str() {
        Some("ErrImagePull") => refuse("waiting to start: image can't be pulled"),
        Some("ImagePullBackOff") => refuse("waiting to start: trying and failing to pull image"),
        Some(reason) => refuse(&format!("waiting to start: {reason}")),
        None => refuse("waiting to start - no logs yet"),
    }
}

//! `pods/exec`, `pods/attach` and `pods/portforward`: what the API server checks before it hands the connection on.

use serde_json::Value;

use super::log;
use super::request::Request;
use super::response::Response;
use super::rights;
use super::route::Target;
use super::write;
use crate::sim::exec::{Ask, Options, Session};
use crate::sim::status::Status;
use crate::sim::store::Store;

/// The protocols of streams that clients are told apart by, the newest first.
const PROTOCOLS: [&str; 2] = ["v5.channel.k8s.io", "v4.channel.k8s.io"];

/// GET or POST of a subresource that is a connection.
///
/// # Errors
/// 403 without the right to create it, whatever the method; 404 without the pod; 400 for a container that is not named
/// or unknown, a pod without a node, and a request that is no WebSocket's.
pub(crate) fn open(
    store: &Store,
    req: &Request,
    t: &Target,
    verb: &str,
) -> Result<Response, Status> {
    if verb != "create" {
        rights::check_again(&req.user, "create", t)?;
    }
    let sub = t.sub.as_deref().unwrap_or_default();
    let pod = write::current(store, t)?;
    let value = pod.value();
    let container = if sub == "portforward" {
        String::new()
    } else {
        log::container(&pod.name, &value, req.param("container"))?
    };
    if pod.node.is_empty() {
        return Err(Status::bad_request(format!(
            "pod {} does not have a host assigned",
            pod.name
        )));
    }
    let Some(offered) = &req.upgrade else {
        return Err(Status::bad_request("Upgrade request required"));
    };
    let options = Options {
        stdin: req.flag("stdin"),
        stdout: req.flag("stdout"),
        // A terminal has one stream of output.
        stderr: req.flag("stderr") && !req.flag("tty"),
        tty: req.flag("tty"),
    };
    let some = options.stdin || options.stdout || options.stderr;
    let ask = match sub {
        "portforward" => Ask::Forward(ports(req)?),
        _ if !some => {
            return Ok(Response::text(
                400,
                "you must specify at least 1 of stdin, stdout, stderr",
            ));
        }
        "attach" => Ask::Attach(options),
        _ => Ask::Exec(options, command(req)),
    };
    // The kubelet's port-forward knows no fifth version.
    let known = &PROTOCOLS[usize::from(sub == "portforward")..];
    let offers = || offered.split(',').map(str::trim);
    match offers().find_map(|offer| known.iter().find(|known| **known == offer)) {
        Some(protocol) => Ok(Response::Upgrade(Box::new(Session::new(
            &pod, &value, container, ask, protocol,
        )))),
        None => Ok(Response::text(
            403,
            format!("no protocol of {known:?} among those offered: {offered}"),
        )),
    }
}

fn command(req: &Request) -> Vec<String> {
    let given = req.query.iter().filter(|(key, _)| key == "command");
    given.map(|(_, word)| word.clone()).collect()
}

fn ports(req: &Request) -> Result<Vec<u16>, Status> {
    let given = req.query.iter().filter(|(key, _)| key == "ports");
    let mut ports = Vec::new();
    for text in given.flat_map(|(_, list)| list.split(',')) {
        match text.parse() {
            Ok(port) if port > 0 => ports.push(port),
            _ => {
                return Err(Status::bad_request(format!(
                    "unable to parse {text:?} as a port"
                )));
            }
        }
    }
    if ports.is_empty() || ports.len() > 100 {
        return Err(Status::bad_request("query parameter \"ports\" is required"));
    }
    Ok(ports)
}

/// The container's spec, of whichever list.
pub(crate) fn spec_of<'v>(pod: &'v Value, container: &str) -> &'v Value {
    ["containers", "initContainers", "ephemeralContainers"]
        .into_iter()
        .flat_map(|list| pod["spec"][list].as_array().into_iter().flatten())
        .find(|c| c["name"] == container)
        .unwrap_or(&Value::Null)
}

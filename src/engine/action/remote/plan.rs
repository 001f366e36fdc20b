//! What is said before something is opened, and what refuses it.

use super::super::gate::Access;
use super::super::machine::Machine;
use super::super::plan::{Item, Plan, Refusal, Subject, title as job_title};
use super::forward::{ForwardTask, pick};
use super::terminal::{Kind, TerminalTask};
use super::{Goal, How, Wish, body};
use crate::engine::view::{Span, Tone};
use crate::model::{Condition, ContainerState, Job, Model, Pod, Text, Truth, Uid};

/// Adds what is wished for to the plan.
pub(in crate::engine::action) fn add(
    model: &Model,
    wish: &Wish,
    plan: &mut Plan,
) -> Result<(), Refusal> {
    match wish {
        Wish::Shell {
            pod,
            container,
            command,
            tty,
            stdin,
        } => {
            let (pod, subject) = runs(model, pod, container)?;
            need_stream(plan, "exec", &pod.meta.namespace);
            say_where(model, pod, container, plan);
            let words: Vec<&str> = command.iter().map(|word| &**word).collect();
            note(plan, format!("runs {}", words.join(" ")), Tone::Plain);
            note(
                plan,
                "that it was opened is in the audit trail; what is typed there is not".to_owned(),
                Tone::Dim,
            );
            let kind = Kind::Shell {
                command: command.clone(),
                tty: *tty,
                stdin: *stdin,
            };
            terminal(plan, How::Shell, kind, pod, container, subject);
        }
        Wish::Attach {
            pod,
            container,
            write,
        } => {
            let (pod, subject) = runs(model, pod, container)?;
            let namespace = &pod.meta.namespace;
            plan.needs.push(Access::new("get", "", "pods", namespace));
            need_stream(plan, "attach", namespace);
            say_where(model, pod, container, plan);
            if *write {
                let text = "what is typed goes to the process that runs there: ctrl-c may end it";
                note(plan, text.to_owned(), Tone::Warn);
            } else {
                let text = "only looks: what is typed goes nowhere, and leaving ends nothing";
                note(plan, text.to_owned(), Tone::Plain);
            }
            let kind = Kind::Attach { write: *write };
            terminal(plan, How::Attach, kind, pod, container, subject);
        }
        Wish::Debug {
            pod,
            container,
            image,
        } => add_debug(model, pod, container, image, plan)?,
        Wish::NodeShell {
            node,
            image,
            namespace,
        } => add_node(model, node, image, namespace, plan)?,
        Wish::Forward { to, local, remote } => add_forward(model, to, *local, *remote, plan)?,
    }
    Ok(())
}

/// Streams are opened by GET; newer servers want the right to create them besides.
fn need_stream(plan: &mut Plan, subresource: &'static str, namespace: &Text) {
    for verb in ["get", "create"] {
        let mut need = Access::new(verb, "", "pods", namespace);
        need.subresource = subresource;
        plan.needs.push(need);
    }
}

fn note(plan: &mut Plan, text: String, tone: Tone) {
    plan.lines.push(vec![Span::new(format!("  {text}"), tone)]);
}

fn say_where(model: &Model, pod: &Pod, container: &Text, plan: &mut Plan) {
    let mut line = vec![Span::new(format!("container {container}"), Tone::Strong)];
    let (ns, name) = (&pod.meta.namespace, &pod.meta.name);
    line.push(Span::new(format!("  pod {ns}/{name}"), Tone::Plain));
    if let Some(node) = &pod.node {
        line.push(Span::new(format!("  on {node}"), Tone::Dim));
    }
    plan.lines.push(line);
    if let Some(job) = running_job(model, &pod.meta.uid) {
        let text = format!("job {} runs in it", job_title(job));
        note(plan, text, Tone::Plain);
    }
}

fn running_job<'m>(model: &'m Model, pod: &Uid) -> Option<&'m Job> {
    model.job_of_pod(pod).filter(|job| !job.phase.ended())
}

fn find<'m>(model: &'m Model, uid: &Uid) -> Result<&'m Pod, Refusal> {
    let pod = model
        .pod(uid)
        .ok_or_else(|| Refusal("the pod is gone".to_owned()))?;
    if pod.ended() {
        let text = format!(
            "pod {}/{} has ended: nothing runs in it; l shows its log",
            pod.meta.namespace, pod.meta.name
        );
        return Err(Refusal(text));
    }
    Ok(pod)
}

/// A container that runs.
fn runs<'m>(model: &'m Model, uid: &Uid, container: &Text) -> Result<(&'m Pod, Subject), Refusal> {
    let pod = find(model, uid)?;
    let name = &pod.meta.name;
    let Some(found) = pod.container(container) else {
        let names: Vec<&str> = pod.containers().map(|c| &**c.name()).collect();
        let text = format!(
            "pod {name} has no container {container}; it has {}",
            names.join(", ")
        );
        return Err(Refusal(text));
    };
    let why = match found.state() {
        Some(ContainerState::Running { .. }) => return Ok((pod, subject(pod, container))),
        Some(ContainerState::Terminated(end)) => format!("it ended with exit {}", end.exit),
        Some(ContainerState::Waiting(words)) if !words.reason.is_empty() => {
            format!("waiting: {}", words.reason)
        }
        Some(ContainerState::Waiting(_) | ContainerState::Unset) | None => "not started".to_owned(),
    };
    Err(Refusal(format!(
        "container {container} of pod {name} is not running ({why}); l shows its log, :debug opens a container beside it"
    )))
}

fn subject(pod: &Pod, container: &Text) -> Subject {
    let Pod { meta, .. } = pod;
    Subject {
        kind: "pod",
        namespace: meta.namespace.clone(),
        name: meta.name.clone(),
        uid: meta.uid.text(),
        title: format!("{container} of {}/{}", meta.namespace, meta.name).into(),
    }
}

fn terminal(plan: &mut Plan, how: How, kind: Kind, pod: &Pod, container: &Text, subject: Subject) {
    let title = match how {
        How::Debug => format!("debug container beside {}", subject.title),
        How::Attach => format!("attach to {}", subject.title),
        How::Shell | How::NodeShell | How::Forward => {
            format!("{} in {}", how.word(), subject.title)
        }
    };
    let machine = TerminalTask::new(
        kind,
        &pod.meta.namespace,
        &pod.meta.name,
        Some(pod.meta.uid.clone()),
        container,
        title.into(),
    );
    plan.items.push(Item {
        subject,
        machine: Machine::Terminal(Box::new(machine)),
    });
}

fn add_debug(
    model: &Model,
    uid: &Uid,
    container: &Text,
    image: &Text,
    plan: &mut Plan,
) -> Result<(), Refusal> {
    let pod = find(model, uid)?;
    let name = &pod.meta.name;
    if pod.node.is_none() {
        let text = format!("pod {name} waits for a node: no container of it can run yet");
        return Err(Refusal(text));
    }
    if pod.container(container).is_none() {
        return Err(Refusal(format!("pod {name} has no container {container}")));
    }
    let namespace = &pod.meta.namespace;
    let mut patch = Access::new("patch", "", "pods", namespace);
    patch.subresource = "ephemeralcontainers";
    plan.needs.push(patch);
    plan.needs.push(Access::new("get", "", "pods", namespace));
    need_stream(plan, "attach", namespace);
    say_where(model, pod, container, plan);
    let text = format!("adds a container of image {image} that sees the processes of {container}");
    note(plan, text, Tone::Plain);
    let text = "it cannot be removed from the pod again: it stays in its spec, ended, once its shell is left";
    note(plan, text.to_owned(), Tone::Warn);
    let kind = Kind::Debug {
        image: image.clone(),
        target: container.clone(),
    };
    let subject = subject(pod, container);
    terminal(plan, How::Debug, kind, pod, container, subject);
    Ok(())
}

fn add_node(
    model: &Model,
    name: &Text,
    image: &Text,
    namespace: &Text,
    plan: &mut Plan,
) -> Result<(), Refusal> {
    // Where nodes may not be listed the server knows whether there is one.
    let node = model.node(name);
    if node.is_none() && model.nodes_visible() {
        return Err(Refusal(format!("node {name} not found")));
    }
    for verb in ["create", "get", "delete"] {
        plan.needs.push(Access::new(verb, "", "pods", namespace));
    }
    need_stream(plan, "attach", namespace);
    let strong = Span::new(format!("node {name}"), Tone::Strong);
    let what = format!("  creates a pod of image {image} in namespace {namespace}");
    plan.lines.push(vec![strong, Span::new(what, Tone::Plain)]);
    let text = "privileged, with the node's processes, network and files: who types there is root on the node";
    note(plan, text.to_owned(), Tone::Bad);
    let text = format!(
        "deleted when the shell is left; whatever happens to this console, it ends by itself after {} h",
        body::DEADLINE_S / 3600
    );
    note(plan, text, Tone::Plain);
    if let Some(node) = node
        && !node.conditions.iter().any(ready)
    {
        let text = "the node is not ready: its kubelet may never start the pod";
        note(plan, text.to_owned(), Tone::Warn);
    }
    let subject = Subject {
        kind: "node",
        namespace: "".into(),
        name: name.clone(),
        uid: node.map_or_else(|| "".into(), |node| node.meta.uid.text()),
        title: format!("node {name}").into(),
    };
    let kind = Kind::Node {
        image: image.clone(),
        node: name.clone(),
    };
    let title = format!("shell on node {name}");
    let shell = body::SHELL.into();
    let machine = TerminalTask::new(kind, namespace, &"".into(), None, &shell, title.into());
    plan.items.push(Item {
        subject,
        machine: Machine::Terminal(Box::new(machine)),
    });
    Ok(())
}

fn ready(condition: &Condition) -> bool {
    &*condition.kind == "Ready" && condition.status == Truth::True
}

fn add_forward(
    model: &Model,
    goal: &Goal,
    local: u16,
    remote: u16,
    plan: &mut Plan,
) -> Result<(), Refusal> {
    let (subject, owner, then) = match goal {
        Goal::Pod(uid) => {
            let pod = find(model, uid)?;
            let then = match &pod.meta.owner {
                Some(owner) => format!(
                    "when the pod goes, another ready one of {} {} takes its place",
                    owner.kind, owner.name
                ),
                None => "it leads nowhere when the pod is gone".to_owned(),
            };
            let owner = pod.meta.owner.as_ref().map(|owner| owner.uid.clone());
            (of_pod(pod), owner, then)
        }
        Goal::Job(key) => {
            let job = model
                .job(key)
                .ok_or_else(|| Refusal(format!("job {} is no longer known", key.id)))?;
            let pod = job
                .pod()
                .ok_or_else(|| Refusal(format!("job {} has no pod", job_title(job))))?;
            let pod = find(model, pod)?;
            let then = "when the job is retried, it leads to its new pod".to_owned();
            (of_pod(pod), None, then)
        }
        Goal::Service(namespace, name) => {
            let service = model
                .service(namespace, name)
                .ok_or_else(|| Refusal(format!("service {namespace}/{name} not found")))?;
            if !service.ports.iter().any(|port| port.port == remote) {
                let ports: Vec<String> = service.ports.iter().map(|p| p.port.to_string()).collect();
                return Err(Refusal(format!(
                    "service {name} has no port {remote}; it has {}",
                    ports.join(", ")
                )));
            }
            let slices = Access::new("list", "discovery.k8s.io", "endpointslices", namespace);
            plan.needs.push(slices);
            let subject = Subject {
                kind: "service",
                namespace: namespace.clone(),
                name: name.clone(),
                uid: service.meta.uid.text(),
                title: format!("service {namespace}/{name}").into(),
            };
            let then = "when its pod goes, another ready one takes its place".to_owned();
            (subject, None, then)
        }
    };
    if pick(model, goal, owner.as_ref(), None).is_none() {
        let text = format!("{}: no pod of it is ready", subject.title);
        return Err(Refusal(text));
    }
    need_stream(plan, "portforward", &subject.namespace);
    let from = match local {
        0 => "a free port".to_owned(),
        port => format!("port {port}"),
    };
    plan.lines.push(vec![
        Span::new(format!("{from} of 127.0.0.1"), Tone::Strong),
        Span::new(
            format!("  leads to port {remote} of {}", subject.title),
            Tone::Plain,
        ),
    ]);
    let text =
        "open to every user of this machine until it is stopped (:forwards) or the console ends";
    note(plan, text.to_owned(), Tone::Plain);
    note(plan, then, Tone::Dim);
    let title = format!("forward to {}:{remote}", subject.title);
    let task = ForwardTask::new(goal.clone(), owner, local, remote, title.into());
    plan.items.push(Item {
        subject,
        machine: Machine::Forward(Box::new(task)),
    });
    Ok(())
}

fn of_pod(pod: &Pod) -> Subject {
    let Pod { meta, .. } = pod;
    Subject {
        kind: "pod",
        namespace: meta.namespace.clone(),
        name: meta.name.clone(),
        uid: meta.uid.text(),
        title: format!("pod {}/{}", meta.namespace, meta.name).into(),
    }
}

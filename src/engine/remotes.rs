//! Shells, attaching, debug containers, node shells and forwards on the screen: what they are opened to, the
//! menu of containers, what is said of them.

use super::action::remote::{Goal, ports};
use super::action::run::ActionId;
use super::action::{How, Operation, Request, Target, Wish, drain::plan::DrainOptions};
use super::input::{Code, Key};
use super::overlay::{Choice, Entry, Layer, Menu};
use super::prompt::Purpose;
use super::remote::{RemoteEvent, RemoteId};
use super::screen::{Screen, Thing};
use super::text::plural;
use super::view::{Overlay, Span, Tone};
use super::{Dirty, Effect, Engine};
use crate::model::{Backend, ClusterNo, Container, ContainerRole, ContainerState, Pod, Text};

/// A pod and its containers as they may be chosen.
struct Choices<'a> {
    pod: &'a Pod,
    /// The one that is meant, if only one can be.
    named: Option<Text>,
    /// The one to begin with.
    first: Option<Text>,
}

impl Engine {
    /// Opens something to what is under the cursor. `argument`: what was typed behind the command.
    pub(super) fn open_remote(&mut self, how: How, argument: &str, out: &mut Vec<Effect>) {
        let thing = match (how, self.screens.top()) {
            (How::NodeShell, Screen::Node(node)) => {
                Some(Thing::Node(node.cluster, node.name.clone()))
            }
            _ => self.thing(),
        };
        let found = thing.and_then(|thing| Some((thing.cluster()?, thing)));
        let Some((no, thing)) = found else {
            return self.say("nothing is under the cursor", Tone::Warn);
        };
        let wish = match (how, &thing) {
            (How::Forward, thing) => self.forward_wish(thing, argument),
            (How::NodeShell, thing) | (How::Shell, thing @ Thing::Node(..)) => {
                self.node_wish(thing).map(Some)
            }
            (How::Shell | How::Attach | How::Debug, thing) => {
                return self.choose_container(how, &thing.clone(), argument, out);
            }
        };
        match wish {
            Ok(Some(wish)) => self.propose_wish(no, wish, out),
            Ok(None) => {}
            Err(why) => self.say(why, Tone::Warn),
        }
    }

    pub(super) fn propose_wish(&mut self, no: ClusterNo, wish: Wish, out: &mut Vec<Effect>) {
        let request = Request {
            operation: Operation::Open(wish.how()),
            targets: vec![Target::Remote(Box::new(wish))],
            drain: DrainOptions::INTERACTIVE,
            hidden: 0,
        };
        self.propose_request(no, request, out);
    }

    /// What the menu of actions would do with a thing.
    pub(super) fn remote_target(&self, how: How, thing: &Thing) -> Option<Target> {
        let wish = match how {
            How::Shell | How::Attach | How::Debug => {
                let choices = self.choices(thing).ok()?;
                let name = choices.named.clone().or(choices.first.clone());
                let name =
                    name.or_else(|| Some(choices.pod.containers().next()?.name().clone()))?;
                self.container_wish(how, choices.pod, &name, "")
            }
            How::NodeShell if matches!(thing, Thing::Node(..)) => self.node_wish(thing).ok()?,
            How::NodeShell => return None,
            How::Forward => Wish::Forward {
                to: self.goal(thing).ok()?,
                local: 0,
                remote: self.known_port(thing).unwrap_or(0),
            },
        };
        Some(Target::Remote(Box::new(wish)))
    }

    fn choices(&self, thing: &Thing) -> Result<Choices<'_>, String> {
        let gone = || "its pod is gone".to_owned();
        let model = thing.cluster().and_then(|no| self.model_of(no));
        let model = model.ok_or("no job or pod is under the cursor")?;
        let (uid, named, first) = match thing {
            Thing::Pod(_, uid) => (uid.clone(), None, None),
            Thing::Job(_, key) | Thing::Step(_, key, _) => {
                let job = model.job(key).ok_or("the job is not known any more")?;
                let uid = job.pod().ok_or("the job has no pod")?;
                let first = job.current_step().map(|(_, _, step)| step.container);
                let named = match thing {
                    Thing::Step(_, _, container) => Some(container.clone()),
                    _ => None,
                };
                (uid.clone(), named, first)
            }
            _ => return Err("no job or pod is under the cursor".to_owned()),
        };
        let pod = model.pod(&uid).ok_or_else(gone)?;
        let first = first
            .or_else(|| {
                let (_, _, step) = model.job_of_pod(&uid)?.current_step()?;
                Some(step.container)
            })
            .or_else(|| {
                let mut running = pod.containers().filter(|c| c.runs());
                running.next().map(|c| c.name().clone())
            });
        Ok(Choices { pod, named, first })
    }

    fn container_wish(&self, how: How, pod: &Pod, container: &Text, argument: &str) -> Wish {
        let shell = &self.settings.shell;
        let (pod, container) = (pod.meta.uid.clone(), container.clone());
        match how {
            How::Attach => Wish::Attach {
                pod,
                container,
                write: argument.split_whitespace().any(|word| word == "-i"),
            },
            How::Debug => Wish::Debug {
                pod,
                container,
                image: match argument {
                    "" => shell.image.clone(),
                    image => image.into(),
                },
            },
            How::Shell | How::NodeShell | How::Forward => Wish::Shell {
                pod,
                container,
                command: shell.command.clone(),
                tty: true,
                stdin: true,
            },
        }
    }

    fn choose_container(&mut self, how: How, thing: &Thing, argument: &str, out: &mut Vec<Effect>) {
        let Some(no) = thing.cluster() else { return };
        let Choices { pod, named, first } = match self.choices(thing) {
            Ok(choices) => choices,
            Err(why) => return self.say(why, Tone::Warn),
        };
        // Behind :shell and :attach a container may be named, behind :debug an image.
        let typed = argument
            .split_whitespace()
            .find(|word| how != How::Debug && *word != "-i")
            .map(Text::from);
        let wanted = |c: &Container<'_>| how == How::Debug || c.runs();
        let mut open: Vec<Container<'_>> = pod.containers().filter(wanted).collect();
        // Beside which one matters little: main ones are meant.
        if how == How::Debug {
            open.retain(|c| c.role() == ContainerRole::Main);
        }
        // The step that runs is at the top.
        open.sort_by_key(|c| Some(c.name()) != first.as_ref());
        let wish = match (typed.or(named), open.as_slice()) {
            (Some(name), _) => self.container_wish(how, pod, &name, argument),
            (None, [only]) => self.container_wish(how, pod, only.name(), argument),
            (None, []) => {
                let names: Vec<String> = pod.containers().map(describe).collect();
                let text = format!(
                    "no container of {} runs: {}; l shows its log",
                    pod.meta.name,
                    names.join(", ")
                );
                return self.say(text, Tone::Warn);
            }
            (None, several) => {
                let entries = several
                    .iter()
                    .map(|container| Entry {
                        text: describe(*container),
                        key: String::new(),
                        why_not: String::new(),
                        choice: Choice::Open(
                            no,
                            Box::new(self.container_wish(how, pod, container.name(), argument)),
                        ),
                    })
                    .collect();
                self.layers.push(Layer::Menu(Menu {
                    title: format!("{}: which container?", how.word()),
                    entries,
                    chosen: 0,
                }));
                return;
            }
        };
        self.propose_wish(no, wish, out);
    }

    fn node_wish(&self, thing: &Thing) -> Result<Wish, String> {
        let node = match thing {
            Thing::Node(_, name) => Some(name.clone()),
            Thing::Pod(no, uid) => {
                let pod = self.model_of(*no).and_then(|model| model.pod(uid));
                pod.and_then(|pod| pod.node.clone())
            }
            Thing::Job(no, key) | Thing::Step(no, key, _) => {
                let job = self.model_of(*no).and_then(|model| model.job(key));
                job.and_then(|job| job.node().cloned())
            }
            _ => None,
        };
        let shell = &self.settings.shell;
        Ok(Wish::NodeShell {
            node: node.ok_or("no node is under the cursor")?,
            image: shell.image.clone(),
            namespace: shell.node_namespace.clone(),
        })
    }

    fn goal(&self, thing: &Thing) -> Result<Goal, String> {
        match thing {
            Thing::Pod(_, uid) => Ok(Goal::Pod(uid.clone())),
            Thing::Job(_, key) | Thing::Step(_, key, _) => Ok(Goal::Job(key.clone())),
            Thing::Route(no, uid, at) => {
                let ingress = self.model_of(*no).and_then(|model| model.ingress(uid));
                let ingress = ingress.ok_or("the ingress is gone")?;
                let route = ingress.routes.get(usize::from(*at));
                match route.map(|route| &route.backend) {
                    Some(Backend::Service { name, .. }) => {
                        Ok(Goal::Service(ingress.meta.namespace.clone(), name.clone()))
                    }
                    Some(Backend::Resource(_)) | None => Err("it leads to no service".to_owned()),
                }
            }
            _ => Err("a port is forwarded to a pod, a job or an ingress's service".to_owned()),
        }
    }

    /// The port that a route names.
    fn known_port(&self, thing: &Thing) -> Option<u16> {
        let Thing::Route(no, uid, at) = thing else {
            return None;
        };
        let model = self.model_of(*no)?;
        let ingress = model.ingress(uid)?;
        match &ingress.routes.get(usize::from(*at))?.backend {
            Backend::Service { name, port } => port.parse().ok().or_else(|| {
                let service = model.service(&ingress.meta.namespace, name)?;
                let named = service.ports.iter().find(|p| p.name == *port)?;
                Some(named.port)
            }),
            Backend::Resource(_) => None,
        }
    }

    /// Without ports they are asked for.
    fn forward_wish(&mut self, thing: &Thing, argument: &str) -> Result<Option<Wish>, String> {
        let to = self.goal(thing)?;
        if argument.is_empty() {
            let known = self.known_port(thing).map(|port| port.to_string());
            let text = format!("forward {}", known.unwrap_or_default());
            self.prompt(Purpose::Palette, text);
            return Ok(None);
        }
        let (local, remote) = ports(argument)?;
        Ok(Some(Wish::Forward { to, local, remote }))
    }

    pub(super) fn remote_event(
        &mut self,
        id: RemoteId,
        event: &RemoteEvent,
        out: &mut Vec<Effect>,
    ) {
        let clusters = &self.clusters;
        let scene = |no| Some(clusters.get(no)?.scene(self.clock));
        self.actions.remote(scene, id, event, out);
        match event {
            RemoteEvent::Listening(_) => {
                if let Some(run) = self.actions.run(ActionId(id.0)) {
                    let text = format!("✓ {}; :forwards lists it", run.result());
                    self.say(text, Tone::Good);
                }
                self.mark(Dirty::Now);
            }
            RemoteEvent::Traffic(_) => self.mark(Dirty::News),
            RemoteEvent::Opened | RemoteEvent::Ended(_) => self.mark(Dirty::Now),
        }
        self.tell_ends();
    }

    /// Says where forwards lead since their pods went, and takes away what waited for a terminal.
    pub(super) fn tell_remotes(&mut self) {
        if let Some(news) = self.actions.news() {
            self.say(format!("▲ {news}"), Tone::Warn);
        }
        let actions = &self.actions;
        self.layers.retain(|layer| match layer {
            Layer::Waiting(id) => actions.run(*id).is_some_and(|run| run.prepares()),
            _ => true,
        });
    }

    /// Whether an action opens something; what has to be made ready first is waited for with nothing else
    /// under the keys.
    pub(super) fn wait_for_remote(&mut self, id: ActionId) -> bool {
        let Some(run) = self.actions.run(id) else {
            return false;
        };
        if run.prepares() {
            self.layers.push(Layer::Waiting(id));
        }
        matches!(run.operation, Operation::Open(_))
    }

    /// `2 actions, 1 forward`, as much of it as goes on.
    pub(super) fn running_words(&self) -> Option<String> {
        let forwards = self.actions.forwards();
        let others = self.actions.running() - forwards;
        let words: Vec<String> = [(others, "action"), (forwards, "forward")]
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| plural(count as u64, word))
            .collect();
        (!words.is_empty()).then(|| words.join(", "))
    }

    /// What does not fit into the line above the footer is shown whole.
    pub(super) fn tell_whole(&mut self, title: &str, text: &str) {
        if self.layers.is_empty() && text.chars().count() + 2 > self.page.1 {
            self.layers.push(Layer::Text {
                title: title.to_owned(),
                lines: vec![vec![Span::new(text.to_owned(), Tone::Plain)]],
                top: 0,
            });
        }
    }

    pub(super) fn waiting_view(&self, id: ActionId) -> Overlay {
        let run = self.actions.run(id);
        let title = run.map_or_else(String::new, |run| {
            format!("{}: {}", run.operation.word(), run.title())
        });
        let result = run.map_or_else(String::new, |run| run.result());
        Overlay::Confirm {
            title: vec![Span::new(title, Tone::Strong)],
            lines: vec![vec![Span::new(format!("● {result}"), Tone::Busy)]],
            top: 0,
            ask: vec![Span::new("esc gives up", Tone::Accent)],
        }
    }

    pub(super) fn waiting_key(&mut self, key: Key, out: &mut Vec<Effect>) {
        let leaves = matches!(key.code, Code::Esc) || key == Key::ctrl('c');
        if let (true, Some(Layer::Waiting(id))) = (leaves, self.layers.last()) {
            let id = *id;
            self.layers.pop();
            let run = self.actions.run(id);
            if let Some(cluster) = run.and_then(|run| self.clusters.get(run.cluster)) {
                self.actions.stop(cluster.scene(self.clock), id, out);
            }
            self.tell_ends();
        }
    }
}

/// `step-test  running`.
fn describe(container: Container<'_>) -> String {
    let state = match container.state() {
        Some(ContainerState::Running { .. }) => "● running".to_owned(),
        Some(ContainerState::Terminated(end)) => format!("· ended, exit {}", end.exit),
        Some(ContainerState::Waiting(words)) if !words.reason.is_empty() => {
            format!("◌ {}", words.reason)
        }
        Some(ContainerState::Waiting(_) | ContainerState::Unset) | None => "◌ waiting".to_owned(),
    };
    format!("{}  {state}", container.name())
}

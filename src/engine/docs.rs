//! Documents on the screen: opening, reading again, folding, searching, copying, saving, revealing.

use std::time::Duration;

use serde_json::Value;

use super::asks::{Answer, Failure, Purpose, ScreenNo, get};
use super::doc::describe::describe;
use super::doc::{Content, Form, KindRef, ObjectRef, Part, Standing, TextPane};
use super::effect::{CLIPBOARD, Saving};
use super::screen::{Screen, Thing};
use super::text::{count, plural};
use super::view::{TextView, Tone};
use super::workloads::meta_of;
use super::{Accept, Effect, Engine, Now};
use crate::model::{Changes, ClusterNo};

/// An open document is looked at again after this.
const AGAIN: Duration = Duration::from_secs(10);

impl Engine {
    /// What is under the cursor as an object of the API, and whose; or why it is none.
    pub(super) fn object(&self) -> Result<(ClusterNo, ObjectRef), String> {
        let thing = self.thing().ok_or("nothing is under the cursor")?;
        let no = thing
            .cluster()
            .ok_or("an action is no object of the cluster; its objects are in its list")?;
        let model = self.model_of(no).ok_or("its cluster is no longer shown")?;
        let pod = |uid| {
            let pod = model.pod(uid).ok_or("the pod is gone")?;
            let mut object = ObjectRef::new(KindRef::pod(), &pod.meta.namespace, &pod.meta.name);
            object.uid = Some(pod.meta.uid.clone());
            Ok::<_, String>(object)
        };
        let object = match thing {
            Thing::Pod(_, uid) | Thing::Container(_, uid, _) => pod(&uid)?,
            Thing::Workload(_, kind, uid) => {
                let meta = meta_of(model, kind, &uid).ok_or("it is gone")?;
                let (group, version, plural) = (kind.group(), kind.version(), kind.plural());
                let kind = KindRef::known(group, version, plural, kind.word(), true);
                let mut object = ObjectRef::new(kind, &meta.namespace, &meta.name);
                object.uid = Some(uid);
                object
            }
            Thing::Missing(_) => return Err("there is no pod of it".to_owned()),
            Thing::Job(_, key) | Thing::Step(_, key, _) => {
                let job = model.job(&key).ok_or("the job is not known any more")?;
                pod(job
                    .pod()
                    .ok_or("the job has no pod now: there is nothing to read")?)?
            }
            Thing::Node(_, name) => {
                let mut object = ObjectRef::new(KindRef::node(), "", &name);
                object.uid = model.node(&name).map(|node| node.meta.uid.clone());
                object
            }
            Thing::Route(_, uid, _) => {
                let ingress = model.ingress(&uid).ok_or("the ingress is gone")?;
                let meta = &ingress.meta;
                let mut object = ObjectRef::new(KindRef::ingress(), &meta.namespace, &meta.name);
                object.uid = Some(uid);
                object
            }
            Thing::Object(_, object) => *object,
            Thing::Cluster(_) => {
                return Err("a cluster is no object: enter shows it alone".to_owned());
            }
            Thing::Pool(..) => {
                return Err("a pool is no object of the cluster: enter shows its nodes".to_owned());
            }
            Thing::Event(..) => {
                return Err("what the event is about is not known here".to_owned());
            }
            Thing::Action(_) => return Err("an action is no object of the cluster".to_owned()),
        };
        Ok((no, object))
    }

    /// `d` and `y`: opens a document of what is under the cursor, or turns the one on top to that form.
    pub(super) fn open_document(&mut self, form: Form, out: &mut Vec<Effect>) {
        if let Screen::Text(pane) = self.screens.top() {
            if pane.form != form {
                let no = pane.no;
                self.with_document(no, |pane| pane.form = form);
                self.write_document(no, true);
                self.ask_beside(no, out);
            }
            return;
        }
        match self.object() {
            Ok((cluster, object)) => self.push_document(cluster, object, form, out),
            Err(why) => self.say(why, Tone::Warn),
        }
    }

    /// Opens a document of an object.
    pub(super) fn push_document(
        &mut self,
        cluster: ClusterNo,
        object: ObjectRef,
        form: Form,
        out: &mut Vec<Effect>,
    ) {
        let no = self.asks.screen();
        let pane = TextPane::new(no, cluster, object, form);
        self.push(Screen::Text(Box::new(pane)), out);
        self.read_document(no, Part::Object, out);
    }

    /// Reads the object of the document on top again.
    pub(super) fn reread(&mut self, out: &mut Vec<Effect>) {
        if let Screen::Text(pane) = self.screens.top() {
            let no = pane.no;
            self.read_document(no, Part::Object, out);
        }
    }

    pub(super) fn document(&self, no: ScreenNo) -> Option<&TextPane> {
        self.screens.iter().find_map(|screen| match screen {
            Screen::Text(pane) if pane.no == no => Some(&**pane),
            _ => None,
        })
    }

    pub(super) fn with_document<T>(
        &mut self,
        no: ScreenNo,
        act: impl FnOnce(&mut TextPane) -> T,
    ) -> Option<T> {
        self.screens
            .iter_mut()
            .find_map(|screen| match screen {
                Screen::Text(pane) if pane.no == no => Some(&mut **pane),
                _ => None,
            })
            .map(act)
    }

    /// The document on top.
    pub(super) fn text_pane(&mut self) -> Option<&mut TextPane> {
        match self.screens.top_mut() {
            Screen::Text(pane) => Some(pane),
            _ => None,
        }
    }

    pub(super) fn read_document(&mut self, no: ScreenNo, part: Part, out: &mut Vec<Effect>) {
        let Some(pane) = self.document(no) else {
            return;
        };
        let purpose = Purpose::Document(no, part);
        if self.asks.since(&purpose).is_some() {
            return;
        }
        let cluster = pane.cluster;
        let path = match part {
            Part::Object | Part::Look | Part::Hidden => pane.object.path(),
            Part::Events => pane.object.events_path(),
            Part::Pods => format!(
                "/api/v1/pods?fieldSelector=spec.nodeName={}&limit=500",
                pane.object.name
            ),
        };
        let form = match &pane.revealing {
            Some(place) if part == Part::Hidden => Accept::Hidden(place.as_str().into()),
            Some(_) | None => Accept::Shown,
        };
        self.ask(cluster, purpose, get(path, form), out);
    }

    /// What a description needs beside its object.
    fn ask_beside(&mut self, no: ScreenNo, out: &mut Vec<Effect>) {
        let Some(pane) = self.document(no) else {
            return;
        };
        if pane.form != Form::Describe || pane.body.is_none() {
            return;
        }
        let node = &*pane.object.kind.kind == "Node";
        self.read_document(no, Part::Events, out);
        if node {
            self.read_document(no, Part::Pods, out);
        }
    }

    /// Takes an answer to a document.
    pub(super) fn document_answer(
        &mut self,
        no: ScreenNo,
        part: Part,
        answer: Answer,
        out: &mut Vec<Effect>,
    ) {
        let Some(pane) = self.document(no) else {
            return;
        };
        let now = self
            .clusters
            .get(pane.cluster)
            .map_or(self.clock.wall, |c| c.time(self.clock.wall));
        let boot = self.clock.boot;
        match (part, answer) {
            (Part::Object | Part::Look, answer) => {
                let follows = pane.form == Form::Describe || part == Part::Object;
                let taken = self.with_document(no, |pane| {
                    pane.looked = boot;
                    pane.take(answer, follows, now)
                });
                if taken == Some(true) {
                    self.write_document(no, false);
                    self.ask_beside(no, out);
                }
            }
            (Part::Events | Part::Pods, answer) => {
                self.with_document(no, |pane| pane.beside.insert(part, answer));
                self.write_document(no, false);
            }
            (Part::Hidden, answer) => {
                let place = self
                    .with_document(no, |pane| pane.revealing.take())
                    .flatten();
                self.take_revealed(no, place, answer, out);
            }
        }
    }

    /// Writes the lines of a document. `turned`: it has another form than before.
    pub(super) fn write_document(&mut self, no: ScreenNo, turned: bool) {
        let Some(pane) = self.document(no) else {
            return;
        };
        let now = self
            .clusters
            .get(pane.cluster)
            .map_or(self.clock.wall, |c| c.time(self.clock.wall));
        let content = match (&pane.body, pane.form) {
            (Some(body), Form::Describe) => {
                Content::Page(describe(&pane.object.kind.kind, body, &pane.beside, now))
            }
            (_, _) => pane.yaml(),
        };
        self.with_document(no, |pane| {
            if turned {
                pane.turn(content);
            } else {
                pane.show(content);
            }
        });
        self.settle_document();
    }

    /// As time passes: an open document is looked at again.
    pub(super) fn look_at_document(&mut self, out: &mut Vec<Effect>) {
        let Screen::Text(pane) = self.screens.top() else {
            return;
        };
        let due = pane.looked + AGAIN <= self.clock.boot;
        // What cannot be read is not asked for again and again.
        let hopeless = pane.body.is_none() || matches!(pane.standing, Standing::Gone(..));
        if due && !hopeless {
            let no = pane.no;
            self.read_document(no, Part::Look, out);
        }
    }

    /// Keeps the cursor of the document on top on its page.
    pub(super) fn settle_document(&mut self) {
        let (rows, columns) = self.page;
        if let Some(pane) = self.text_pane() {
            pane.settle(rows, columns);
        }
    }

    /// The visible part of the document.
    pub(super) fn document_view(&self, pane: &TextPane, now: Now) -> TextView {
        let time = self
            .clusters
            .get(pane.cluster)
            .map_or(now.wall, |c| c.time(now.wall));
        let since = self.asks.since(&Purpose::Document(pane.no, Part::Object));
        let waits = since.map(|since| now.boot.saturating_sub(since).as_secs());
        pane.view(self.page.0, self.page.1, time, waits)
    }

    /// Folds or unfolds the block under the cursor.
    pub(super) fn fold(&mut self) {
        if self.text_pane().is_some_and(|pane| !pane.fold()) {
            self.say("no block begins here", Tone::Dim);
        }
    }

    /// Copies the document, or what of it is under the cursor.
    pub(super) fn copy(&mut self, whole: bool, out: &mut Vec<Effect>) {
        let Some(pane) = self.text_pane() else {
            return;
        };
        let (text, lines) = pane.copy(whole);
        let title = pane.object.title();
        self.clip(
            text,
            &format!("{} of {title}", plural(lines as u64, "line")),
            out,
        );
    }

    /// Puts a text into the terminal's clipboard, if it takes that much. `what` it is, in words.
    pub(super) fn clip(&mut self, text: String, what: &str, out: &mut Vec<Effect>) {
        let bytes = text.len();
        if bytes == 0 {
            self.say("there is nothing to copy", Tone::Warn);
        } else if bytes > CLIPBOARD {
            let text = format!(
                "not copied: {what} are {} bytes, terminals take {}; S saves them to a file",
                count(bytes as u64),
                count(CLIPBOARD as u64)
            );
            self.say(text, Tone::Warn);
        } else {
            out.push(Effect::Copy(text.into()));
            let text = format!(
                "✓ {what}, {} bytes, sent to the terminal's clipboard",
                count(bytes as u64)
            );
            self.say(text, Tone::Good);
        }
    }

    /// Writes the document to a file.
    pub(super) fn save(&mut self, out: &mut Vec<Effect>) {
        let Some(pane) = self.text_pane() else {
            return;
        };
        let (text, lines) = pane.copy(true);
        if lines == 0 {
            return self.say("there is nothing to save", Tone::Warn);
        }
        let ending = match pane.form {
            Form::Describe => "txt",
            Form::Yaml => "yaml",
        };
        let name = format!("{}.{ending}", pane.object.file_name());
        out.push(Effect::Save(Box::new(Saving { name, text })));
    }

    /// A text was written to a file, or not.
    pub(super) fn saved(&mut self, end: Result<String, String>) {
        match end {
            Ok(path) => self.say(format!("✓ saved as {path}"), Tone::Good),
            Err(why) => self.say(format!("✕ not saved: {why}"), Tone::Bad),
        }
        self.mark(super::Dirty::Now);
    }

    /// Shows or hides the managed fields.
    pub(super) fn toggle_managed(&mut self) {
        let Some(pane) = self.text_pane() else {
            return;
        };
        if pane.form == Form::Yaml {
            pane.managed = !pane.managed;
            let content = pane.yaml();
            pane.show(content);
        } else {
            self.say("managed fields are part of the YAML: y", Tone::Dim);
        }
    }

    /// The watch tells of a change: an open document of that object is looked at soon.
    pub(super) fn document_changed(&mut self, no: ClusterNo, changes: &Changes) {
        if let Screen::Text(pane) = self.screens.top_mut()
            && pane.cluster == no
            && let Some(uid) = &pane.object.uid
            && changes.objects.iter().any(|object| object.uid == *uid)
        {
            pane.looked = Duration::ZERO;
        }
    }
}

impl TextPane {
    /// Takes the object; true: its lines have to be written again. `follows`: a change is shown at once.
    fn take(&mut self, answer: Answer, follows: bool, now: chrono::DateTime<chrono::Utc>) -> bool {
        let value = match answer {
            Ok(value) => value,
            Err(Failure::Gone(_)) if self.body.is_some() => {
                self.standing = Standing::Gone("it is gone from the cluster", now);
                return false;
            }
            Err(failure) => {
                self.failure = Some(failure);
                return false;
            }
        };
        self.failure = None;
        let text =
            |value: &Value, field: &str| value["metadata"][field].as_str().map(str::to_owned);
        let uid = text(&value, "uid");
        if let (Some(had), Some(has)) = (&self.object.uid, &uid)
            && had.to_string() != *has
        {
            self.standing = Standing::Gone("it is gone, another has its name", now);
            if self.body.is_some() {
                return false;
            }
        }
        if self.object.uid.is_none() {
            self.object.uid = uid.map(|uid| uid.as_str().into());
        }
        let version = text(&value, "resourceVersion");
        let had = self
            .body
            .as_ref()
            .and_then(|body| text(body, "resourceVersion"));
        if self.body.is_some() && !follows {
            if version == had {
                self.read_at = Some(now);
                self.standing = Standing::Same;
            } else if !matches!(self.standing, Standing::Changed(_)) {
                self.standing = Standing::Changed(now);
            }
            return false;
        }
        if !matches!(self.standing, Standing::Gone(..)) {
            self.standing = Standing::Same;
        }
        self.revealed.clear();
        self.read_at = Some(now);
        self.body = Some(value);
        true
    }
}

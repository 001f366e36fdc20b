//! Hidden values: told one at a time, after a question, and written into the audit.
//!
//! What is hidden never reached the engine; what is revealed is read anew, by its place in the object.

use chrono::SecondsFormat;
use serde_json::{Value, json};

use super::asks::{Answer, ScreenNo};
use super::doc::Part;
use super::overlay::{Choice, Entry};
use super::view::Tone;
use super::{Effect, Engine};

impl Engine {
    /// Asks how the hidden value under the cursor is to be revealed.
    pub(super) fn ask_reveal(&mut self) {
        let Some(pane) = self.text_pane() else {
            return;
        };
        if !pane.hides() {
            return self.say("the line under the cursor hides no value", Tone::Warn);
        }
        let Some(place) = pane.place() else {
            return self.say("values are revealed in the YAML: y", Tone::Warn);
        };
        let title = format!(
            "reveal {place} of {}? (the audit keeps that)",
            pane.object.title()
        );
        let entry = |text: &str, choice| Entry {
            text: text.to_owned(),
            key: String::new(),
            why_not: String::new(),
            choice,
        };
        let entries = vec![
            entry("no", Choice::Nothing),
            entry(
                "show it here, until this screen is left or read again",
                Choice::Reveal,
            ),
            entry(
                "copy it to the clipboard without showing it",
                Choice::RevealInto,
            ),
        ];
        self.menu(&title, entries);
    }

    /// Reads the hidden value under the cursor, and says so in the audit. `copy`: it is not shown.
    pub(super) fn reveal(&mut self, copy: bool, out: &mut Vec<Effect>) {
        let Some(pane) = self.text_pane() else {
            return;
        };
        let Some(place) = pane.place() else {
            return;
        };
        pane.revealing = Some(place.clone());
        pane.reveals_into = copy;
        let (no, cluster, object) = (pane.no, pane.cluster, pane.object.clone());
        if let Some(of) = self.clusters.get(cluster) {
            let scene = of.scene(self.clock);
            let line = json!({
                "time": self.clock.wall.to_rfc3339_opts(SecondsFormat::Millis, true),
                "cluster": scene.cluster,
                "context": scene.context,
                "who": &*self.actions.gate(cluster).who,
                "operation": if copy { "copy a hidden value" } else { "reveal a hidden value" },
                "object": {
                    "kind": &*object.kind.kind,
                    "namespace": &*object.namespace,
                    "name": &*object.name,
                    "uid": object.uid.as_ref().map(ToString::to_string),
                    "place": place,
                },
            });
            out.push(Effect::Audit(Box::new(line)));
        }
        self.read_document(no, Part::Hidden, out);
    }

    pub(super) fn take_revealed(
        &mut self,
        no: ScreenNo,
        place: Option<String>,
        answer: Answer,
        out: &mut Vec<Effect>,
    ) {
        let text = match answer {
            Ok(Value::String(text)) => text,
            Ok(_) => {
                return self.say(
                    "the value is not there any more: ctrl-r reads again",
                    Tone::Warn,
                );
            }
            Err(failure) => {
                let span = failure.span();
                return self.say(span.text, span.tone);
            }
        };
        let Some(place) = place else {
            return;
        };
        let copy = self.with_document(no, |pane| {
            if !pane.reveals_into {
                pane.revealed.insert(place.clone(), text.clone());
            }
            pane.reveals_into
        });
        match copy {
            Some(true) => self.clip(text, &format!("the value of {place}"), out),
            Some(false) => self.write_document(no, false),
            None => {}
        }
    }
}

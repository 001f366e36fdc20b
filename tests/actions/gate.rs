//! The gate on the screen: lock, rights, preview, confirmation.

use std::time::Duration;

use constable::engine::action::pending::Pressed;
use constable::engine::action::{Actions, Operation, Target};
use constable::engine::view::Overlay;
use constable::engine::{Code, Effect, Key, Reply};
use constable::model::{ClusterNo, Kind};
use serde_json::json;

use crate::lab::{Lab, scene_of, target_pod};

/// Key by key; answers rights as they are asked, and draws after each key.
fn press(lab: &mut Lab, keys: &str, drawn: bool) -> Pressed {
    let mut last = Pressed::Waits;
    for c in keys.chars() {
        if drawn {
            lab.actions.drawn();
        }
        let key = if c == '\n' {
            Key::plain(Code::Enter)
        } else {
            Key::char(c)
        };
        let now = lab.now();
        let scene = scene_of(&lab.model, now);
        last = lab.actions.key(scene, key, &mut lab.effects);
    }
    last
}

fn propose(lab: &mut Lab, operation: Operation, target: Target, allowed: bool) {
    let now = lab.now();
    let scene = scene_of(&lab.model, now);
    let request = Lab::request(operation, target);
    lab.actions
        .propose(scene, request, &mut lab.effects)
        .unwrap();
    for (id, call) in lab.calls() {
        assert!(call.path.ends_with("/selfsubjectaccessreviews"));
        lab.reply(id, &Reply::Done(json!({"status": {"allowed": allowed}})));
    }
}

fn ask(lab: &Lab) -> String {
    match lab.actions.overlay(lab.scene()) {
        Some(Overlay::Confirm { ask, .. }) => ask.iter().map(|s| &*s.text).collect(),
        other => panic!("{other:?}"),
    }
}

fn one_pod() -> Lab {
    let mut lab = Lab::new();
    lab.pod("api", "p-1", json!({}));
    lab.calls();
    lab
}

#[test]
fn the_first_action_offers_to_unlock_and_then_shows_its_preview() {
    let mut lab = one_pod();
    propose(&mut lab, Operation::DeletePod, target_pod("api"), true);
    assert!(ask(&lab).starts_with("y unlocks it for 10 min"));
    assert_eq!(press(&mut lab, "y", true), Pressed::Waits);
    assert!(ask(&lab).starts_with("y confirms"));
    assert!(matches!(press(&mut lab, "y", true), Pressed::Runs(_)));
    assert_eq!(lab.calls().len(), 1);
}

#[test]
fn keys_typed_before_the_preview_was_drawn_confirm_nothing() {
    let mut lab = one_pod();
    propose(&mut lab, Operation::DeletePod, target_pod("api"), true);
    assert_eq!(press(&mut lab, "yyyy", false), Pressed::Waits);
    assert!(ask(&lab).starts_with("y unlocks"));
    // Unlocked by the first y, the second comes before the preview was seen.
    lab.actions.drawn();
    assert_eq!(press(&mut lab, "yyy", false), Pressed::Waits);
    assert_eq!(lab.calls(), []);
}

#[test]
fn the_default_is_no() {
    for key in [
        Key::plain(Code::Esc),
        Key::char('n'),
        Key::plain(Code::Enter),
        Key::char('x'),
    ] {
        let mut lab = one_pod();
        propose(&mut lab, Operation::DeletePod, target_pod("api"), true);
        press(&mut lab, "y", true);
        lab.actions.drawn();
        let now = lab.now();
        let scene = scene_of(&lab.model, now);
        lab.actions.key(scene, key, &mut lab.effects);
        assert_eq!(lab.calls(), [], "{key:?}");
    }
}

#[test]
fn what_rbac_denies_is_said_and_cannot_be_confirmed() {
    let mut lab = one_pod();
    propose(&mut lab, Operation::DeletePod, target_pod("api"), false);
    assert_eq!(press(&mut lab, "yy", true), Pressed::Waits);
    assert!(ask(&lab).starts_with("you may not delete pods in ci-jobs"));
    assert_eq!(lab.calls(), []);
}

#[test]
fn a_drain_takes_the_number_of_jobs_that_die_typed() {
    let mut lab = Lab::new();
    lab.node("p-1", false);
    for n in 10..22 {
        lab.job(&n.to_string(), "p-1", "Running");
    }
    lab.calls();
    propose(&mut lab, Operation::Drain, Target::Node("p-1".into()), true);
    assert_eq!(press(&mut lab, "y1\n", true), Pressed::Waits);
    assert_eq!(lab.calls(), []);
    assert!(matches!(press(&mut lab, "2\n", true), Pressed::Runs(_)));
    assert_eq!(lab.calls().len(), 1);
}

#[test]
fn when_the_plan_turns_to_other_things_what_was_typed_is_void() {
    let mut lab = Lab::new();
    lab.node("p-1", false);
    lab.job("1", "p-1", "Running");
    lab.calls();
    propose(&mut lab, Operation::Drain, Target::Node("p-1".into()), true);
    press(&mut lab, "y1", true);
    // The job ends, another begins: still one, but another one.
    lab.job("2", "p-1", "Running");
    lab.remove(Kind::Pod, "ci-jobs", "job-1-1", "uid-job-1-1");
    assert_eq!(press(&mut lab, "\n", false), Pressed::Waits);
    assert_eq!(press(&mut lab, "\n", true), Pressed::Waits);
    assert!(matches!(press(&mut lab, "1\n", true), Pressed::Runs(_)));
}

#[test]
fn production_takes_the_name_of_the_cluster() {
    let mut lab = one_pod();
    lab.actions = Actions::new(false, Duration::from_secs(600), "oncall".into());
    lab.actions.gate_mut(ClusterNo::FIRST).production = true;
    propose(&mut lab, Operation::DeletePod, target_pod("api"), true);
    press(&mut lab, "y", true);
    assert!(ask(&lab).starts_with("type prod and Enter"));
    assert_eq!(press(&mut lab, "y\n", true), Pressed::Waits);
    lab.actions.drawn();
    let backspace = Key::plain(Code::Backspace);
    let now = lab.now();
    let scene = scene_of(&lab.model, now);
    lab.actions.key(scene, backspace, &mut lab.effects);
    assert!(matches!(press(&mut lab, "prod\n", true), Pressed::Runs(_)));
}

#[test]
fn read_only_offers_nothing() {
    let mut lab = one_pod();
    lab.actions = Actions::new(true, Duration::from_secs(600), "oncall".into());
    let now = lab.now();
    let scene = scene_of(&lab.model, now);
    let request = Lab::request(Operation::DeletePod, target_pod("api"));
    let refusal = lab
        .actions
        .propose(scene, request, &mut lab.effects)
        .unwrap_err();
    assert!(refusal.0.contains("read-only"));
    assert_eq!(lab.calls(), []);
}

#[test]
fn budgets_are_watched_only_while_a_drain_needs_them() {
    let mut lab = Lab::new();
    lab.node("p-1", false);
    lab.calls();
    let now = lab.now();
    let scene = scene_of(&lab.model, now);
    let request = Lab::request(Operation::Drain, Target::Node("p-1".into()));
    lab.actions
        .propose(scene, request, &mut lab.effects)
        .unwrap();
    assert!(
        lab.effects
            .contains(&Effect::Feed(ClusterNo::FIRST, Kind::Budget, true))
    );
    lab.actions.leave(&mut lab.effects);
    assert!(
        lab.effects
            .contains(&Effect::Feed(ClusterNo::FIRST, Kind::Budget, false))
    );
}

//! The objects of one cluster, their resourceVersions and the log of changes.
//!
//! One revision counts for all resources, as in etcd. Lists hand out stored bytes; parsing happens
//! on edits alone.

mod custom;
mod draw;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Map, Value};

use super::api::metrics::Served;
use super::object::{Obj, key};
use super::resource::{RESOURCES, Res};
use super::status::Status;

/// The kind whose objects are definitions of others.
const DEFINITION: &str = "CustomResourceDefinition";

/// What happened to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// It was created.
    Added,
    /// It was changed.
    Modified,
    /// It is gone.
    Deleted,
}

/// One entry of the log.
#[derive(Debug, Clone)]
pub struct Change {
    /// The revision that it made.
    pub rv: u64,
    /// What happened.
    pub kind: ChangeKind,
    /// The object after it; of a deletion its last state with the deletion's resourceVersion.
    pub obj: Arc<Obj>,
    /// The object before it.
    pub old: Option<Arc<Obj>>,
}

/// A resourceVersion older than the log reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expired {
    /// What was asked for.
    pub asked: u64,
    /// The oldest revision after which all changes are known.
    pub oldest: u64,
}

/// How much the log of changes keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Keep {
    /// As many changes whatever their age and size.
    least: usize,
    /// Older ones go, as etcd's are compacted every five minutes.
    age: TimeDelta,
    /// Bytes, about: a busy cluster's older ones go before their time.
    bytes: usize,
}

const KEEP: Keep = Keep {
    least: 20_000,
    age: TimeDelta::minutes(5),
    bytes: 64 << 20,
};

/// All objects of a cluster.
#[derive(Clone, Debug)]
pub struct Store {
    /// One map a resource, in the table's order; keys are `namespace/name`.
    objects: Vec<BTreeMap<Box<str>, Arc<Obj>>>,
    by_uid: HashMap<Arc<str>, Arc<Obj>>,
    /// How many objects name this uid as their controller.
    owned: HashMap<Arc<str>, usize>,
    revision: u64,
    changes: VecDeque<Change>,
    /// When each change was made, beside it.
    made: VecDeque<DateTime<Utc>>,
    /// What the changes weigh together.
    weight: usize,
    keep: Keep,
    seed: u64,
    drawn: u64,
    /// What definitions make served, in the order of their names.
    custom: Vec<Res>,
    /// Whether somebody serves figures of use.
    pub(crate) metrics: Served,
}

impl Store {
    /// An empty store; `seed` decides uids and generated names.
    pub fn new(seed: u64) -> Store {
        Store {
            objects: RESOURCES.iter().map(|_| BTreeMap::new()).collect(),
            by_uid: HashMap::new(),
            owned: HashMap::new(),
            revision: 1,
            changes: VecDeque::new(),
            made: VecDeque::new(),
            weight: 0,
            keep: KEEP,
            seed,
            drawn: 0,
            custom: Vec::new(),
            metrics: Served::default(),
        }
    }

    /// The object of that name. `ns` is empty for a cluster's object.
    pub fn get(&self, res: Res, ns: &str, name: &str) -> Option<&Arc<Obj>> {
        self.objects.get(res.index())?.get(key(ns, name).as_str())
    }

    /// All objects of a resource, or those of one namespace, by namespace and name.
    pub fn list<'s>(
        &'s self,
        res: Res,
        ns: Option<&str>,
    ) -> impl Iterator<Item = &'s Arc<Obj>> + use<'s> {
        self.list_after(res, ns, None)
    }

    /// The same, beginning behind a key (`namespace/name`).
    pub fn list_after<'s>(
        &'s self,
        res: Res,
        ns: Option<&str>,
        after: Option<&str>,
    ) -> impl Iterator<Item = &'s Arc<Obj>> + use<'s> {
        use std::ops::Bound::{Excluded, Included, Unbounded};
        let first = ns.map(|ns| key(ns, ""));
        let last = ns.map(|ns| format!("{ns}0")); // '0' is the character after '/'
        let low = match (after, first.as_deref()) {
            (Some(after), Some(first)) if after < first => Included(first),
            (Some(after), _) => Excluded(after),
            (None, Some(first)) => Included(first),
            (None, None) => Unbounded,
        };
        let high = last.as_deref().map_or(Unbounded, Excluded);
        // BTreeMap panics on a range that is upside down: a key behind the namespace lists nothing.
        let upside_down = matches!((after, last.as_deref()), (Some(a), Some(l)) if a >= l);
        let objects = self.objects.get(res.index()).filter(|_| !upside_down);
        let range = objects.map(|objects| objects.range::<str, _>((low, high)));
        range.into_iter().flatten().map(|(_, obj)| obj)
    }

    /// The object of that uid, of whatever resource.
    pub fn by_uid(&self, uid: &str) -> Option<&Arc<Obj>> {
        self.by_uid.get(uid)
    }

    /// Whether any object names this uid as its controller.
    pub fn owns_any(&self, uid: &str) -> bool {
        self.owned.contains_key(uid)
    }

    /// How many objects a resource has.
    pub fn len(&self, res: Res) -> usize {
        self.objects.get(res.index()).map_or(0, BTreeMap::len)
    }

    /// Whether a resource has no object.
    pub fn is_empty(&self, res: Res) -> bool {
        self.len(res) == 0
    }

    /// The revision of the last change.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Completes a new object as creation would, without storing it (for dry-run).
    ///
    /// # Errors
    /// `AlreadyExists` when the name is taken.
    pub fn prepare(
        &mut self,
        now: DateTime<Utc>,
        res: Res,
        mut value: Value,
    ) -> Result<Value, Status> {
        if !value["metadata"].is_object() {
            value["metadata"] = Value::Object(Map::new());
        }
        let meta = &value["metadata"];
        if meta["name"].as_str().unwrap_or_default().is_empty() {
            let prefix = meta["generateName"].as_str().unwrap_or_default().to_owned();
            // The server cuts the prefix so that the name stays within 63 characters.
            let cut: String = prefix.chars().take(58).collect();
            let name = format!("{cut}{}", self.suffix());
            value["metadata"]["name"] = name.into();
        }
        let meta = &value["metadata"];
        let ns = meta["namespace"].as_str().unwrap_or_default();
        let name = meta["name"].as_str().unwrap_or_default();
        if self.get(res, ns, name).is_some() {
            return Err(Status::already_exists(res, name));
        }
        let uid = self.draw_uid();
        let Some(meta) = value["metadata"].as_object_mut() else {
            return Err(Status::bad_request("metadata is not an object"));
        };
        meta.insert("uid".into(), uid.into());
        meta.insert("creationTimestamp".into(), timestamp(now).into());
        meta.shift_remove("deletionTimestamp");
        meta.shift_remove("selfLink");
        if res.generation {
            meta.insert("generation".into(), 1.into());
        } else {
            meta.shift_remove("generation");
        }
        super::defaults::apply(res, &mut value);
        Ok(value)
    }

    /// Fills uid, creationTimestamp, resourceVersion, generation and a generated name, and stores it.
    ///
    /// # Errors
    /// `AlreadyExists` when the name is taken.
    pub fn create(
        &mut self,
        now: DateTime<Utc>,
        res: Res,
        value: Value,
    ) -> Result<Arc<Obj>, Status> {
        let value = self.prepare(now, res, value)?;
        let obj = Arc::new(Obj::new(res, self.revision + 1, value));
        self.put(now, ChangeKind::Added, obj.clone(), None);
        Ok(obj)
    }

    /// Stores an object out of a stencil, in place of the version there is; its revision is the next one.
    pub(crate) fn stamp(&mut self, now: DateTime<Utc>, obj: Obj) {
        let old = self.get(obj.res, &obj.namespace, &obj.name).cloned();
        let kind = match old {
            Some(_) => ChangeKind::Modified,
            None => ChangeKind::Added,
        };
        self.put(now, kind, Arc::new(obj), old);
    }

    /// The same for many new ones that no watch is to hear of: what watches from before is told that its
    /// resourceVersion is too old.
    pub(crate) fn load(&mut self, objects: impl IntoIterator<Item = Arc<Obj>>) {
        for obj in objects {
            self.place(obj);
        }
        self.trim(0);
    }

    /// Reads, edits, writes. An edit that changes nothing writes nothing; one that changes the spec
    /// raises the generation. Uid, name, namespace and creation time cannot be edited.
    ///
    /// # Errors
    /// `NotFound` when there is no such object.
    pub fn update(
        &mut self,
        now: DateTime<Utc>,
        res: Res,
        ns: &str,
        name: &str,
        edit: impl FnOnce(&mut Value),
    ) -> Result<Arc<Obj>, Status> {
        let old = self
            .get(res, ns, name)
            .ok_or_else(|| Status::not_found(res, name))?
            .clone();
        let before = old.value();
        let mut value = before.clone();
        edit(&mut value);
        let value = self.edited(now, &old, &before, value);
        if value == before {
            return Ok(old);
        }
        let obj = Arc::new(Obj::new(res, self.revision + 1, value));
        self.put(now, ChangeKind::Modified, obj.clone(), Some(old));
        Ok(obj)
    }

    /// What an edit of `old` would store: the server's own fields restored, generation raised.
    pub(crate) fn edited(
        &self,
        _now: DateTime<Utc>,
        old: &Obj,
        before: &Value,
        mut value: Value,
    ) -> Value {
        if !value["metadata"].is_object() {
            value["metadata"] = Value::Object(Map::new());
        }
        for field in ["kind", "apiVersion"] {
            value[field] = before[field].clone();
        }
        for field in [
            "name",
            "namespace",
            "uid",
            "creationTimestamp",
            "resourceVersion",
        ] {
            match before["metadata"].get(field) {
                Some(kept) => value["metadata"][field] = kept.clone(),
                None => {
                    if let Some(meta) = value["metadata"].as_object_mut() {
                        meta.shift_remove(field);
                    }
                }
            }
        }
        if old.res.generation {
            let was = before["metadata"]["generation"].as_i64().unwrap_or(1);
            let marked = before["metadata"]["deletionTimestamp"].is_null()
                && !value["metadata"]["deletionTimestamp"].is_null();
            let raised = value["spec"] != before["spec"] || marked;
            value["metadata"]["generation"] = (was + i64::from(raised)).into();
        }
        value
    }

    /// Removes an object now; finalizers and grace are the caller's affair.
    ///
    /// # Errors
    /// `NotFound` when there is no such object.
    pub fn remove(
        &mut self,
        now: DateTime<Utc>,
        res: Res,
        ns: &str,
        name: &str,
    ) -> Result<Arc<Obj>, Status> {
        let old = self
            .get(res, ns, name)
            .ok_or_else(|| Status::not_found(res, name))?
            .clone();
        let obj = Arc::new(old.at_revision(self.revision + 1));
        self.revision += 1;
        if let Some(objects) = self.objects.get_mut(res.index()) {
            objects.remove(key(ns, name).as_str());
        }
        self.by_uid.remove(&obj.uid);
        self.disown(&obj);
        if res.kind == DEFINITION {
            self.define();
        }
        self.log(
            now,
            Change {
                rv: obj.rv,
                kind: ChangeKind::Deleted,
                obj: obj.clone(),
                old: Some(old),
            },
        );
        Ok(obj)
    }

    /// The changes after a revision, oldest first.
    ///
    /// # Errors
    /// [`Expired`] when the log no longer reaches back that far.
    pub fn changes_after(&self, rv: u64) -> Result<impl Iterator<Item = &Change>, Expired> {
        let oldest = self.oldest();
        if rv < oldest {
            return Err(Expired { asked: rv, oldest });
        }
        let from = self.changes.partition_point(|change| change.rv <= rv);
        Ok(self.changes.range(from..))
    }

    /// The oldest revision that [`Store::changes_after`] still answers.
    pub fn oldest(&self) -> u64 {
        self.changes
            .front()
            .map_or(self.revision, |change| change.rv - 1)
    }

    /// Keeps at most the newest `keep` changes: what compaction does.
    pub fn trim(&mut self, keep: usize) {
        while self.changes.len() > keep {
            self.forget();
        }
    }

    /// The oldest change goes.
    fn forget(&mut self) {
        self.made.pop_front();
        if let Some(change) = self.changes.pop_front() {
            self.weight -= weight(&change);
        }
    }

    fn disown(&mut self, obj: &Obj) {
        let Some(owner) = &obj.owner else { return };
        if let Some(count) = self.owned.get_mut(owner) {
            *count -= 1;
            if *count == 0 {
                self.owned.remove(owner);
            }
        }
    }

    fn put(&mut self, now: DateTime<Utc>, kind: ChangeKind, obj: Arc<Obj>, old: Option<Arc<Obj>>) {
        if let Some(old) = &old {
            self.disown(old);
        }
        self.place(obj.clone());
        self.log(
            now,
            Change {
                rv: obj.rv,
                kind,
                obj,
                old,
            },
        );
    }

    fn place(&mut self, obj: Arc<Obj>) {
        if let Some(owner) = &obj.owner {
            *self.owned.entry(owner.clone()).or_default() += 1;
        }
        self.revision = obj.rv;
        self.by_uid.insert(obj.uid.clone(), obj.clone());
        let (res, at) = (obj.res, obj.res.index());
        if at >= self.objects.len() {
            self.objects.resize_with(at + 1, BTreeMap::new);
        }
        self.objects[at].insert(obj.key().into(), obj);
        if res.kind == DEFINITION {
            self.define();
        }
    }

    fn log(&mut self, now: DateTime<Utc>, change: Change) {
        self.weight += weight(&change);
        self.changes.push_back(change);
        self.made.push_back(now);
        while self.changes.len() > self.keep.least
            && (self.weight > self.keep.bytes
                || self
                    .made
                    .front()
                    .is_some_and(|at| *at + self.keep.age < now))
        {
            self.forget();
        }
    }
}

/// What a change adds to the log: the object as it was is the change before's.
fn weight(change: &Change) -> usize {
    size_of::<Change>() + change.obj.weight()
}

/// RFC 3339 in whole seconds, as `metav1.Time`.
pub fn timestamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::resource::resource;
    use serde_json::json;

    fn at(s: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_760_000_000 + s, 0).unwrap()
    }

    fn pod(ns: &str, name: &str) -> Value {
        json!({"metadata": {"namespace": ns, "name": name}, "spec": {}})
    }

    fn names<'a>(list: impl Iterator<Item = &'a Arc<Obj>>) -> Vec<String> {
        list.map(|o| o.key()).collect()
    }

    #[test]
    fn lists_by_namespace_in_the_servers_order() {
        let (mut store, pods) = (Store::new(1), resource("pods"));
        for (ns, name) in [("ci", "b"), ("ci-jobs", "a"), ("ci", "a"), ("zz", "a")] {
            store.create(at(0), pods, pod(ns, name)).unwrap();
        }
        assert_eq!(
            names(store.list(pods, None)),
            ["ci-jobs/a", "ci/a", "ci/b", "zz/a"]
        );
        assert_eq!(names(store.list(pods, Some("ci"))), ["ci/a", "ci/b"]);
        assert_eq!(
            names(store.list_after(pods, Some("ci"), Some("ci/a"))),
            ["ci/b"]
        );
        assert_eq!(
            names(store.list_after(pods, Some("ci"), Some("zz/a"))),
            [""; 0]
        );
        assert_eq!(names(store.list_after(pods, None, Some("ci/b"))), ["zz/a"]);
    }

    #[test]
    fn update_keeps_the_servers_fields_and_skips_no_ops() {
        let (mut store, pods) = (Store::new(1), resource("pods"));
        let made = store.create(at(0), pods, pod("a", "p")).unwrap();
        assert_eq!(
            (made.rv, made.value()["metadata"]["generation"].as_i64()),
            (2, Some(1))
        );
        let same = store.update(at(1), pods, "a", "p", |_| {}).unwrap();
        assert_eq!(same.rv, 2);
        let edited = store
            .update(at(1), pods, "a", "p", |v| {
                v["metadata"]["uid"] = "other".into();
                v["spec"]["nodeName"] = "n".into();
            })
            .unwrap();
        assert_eq!((edited.rv, &edited.uid, &*edited.node), (3, &made.uid, "n"));
        assert_eq!(edited.value()["metadata"]["generation"], 2);
    }

    #[test]
    fn changes_and_their_end() {
        let (mut store, pods) = (Store::new(1), resource("pods"));
        store.create(at(0), pods, pod("a", "p")).unwrap();
        store
            .update(at(1), pods, "a", "p", |v| v["spec"]["x"] = 1.into())
            .unwrap();
        store.remove(at(2), pods, "a", "p").unwrap();
        let seen: Vec<_> = store
            .changes_after(2)
            .unwrap()
            .map(|c| (c.rv, c.kind, c.obj.rv))
            .collect();
        assert_eq!(
            seen,
            [(3, ChangeKind::Modified, 3), (4, ChangeKind::Deleted, 4)]
        );
        store.trim(1);
        assert_eq!(
            store.changes_after(2).err(),
            Some(Expired {
                asked: 2,
                oldest: 3
            })
        );
        assert_eq!(store.changes_after(3).unwrap().count(), 1);
    }

    #[test]
    fn the_log_is_bounded_by_age_and_bytes_but_for_the_newest() {
        let (mut store, pods) = (Store::new(1), resource("pods"));
        store.create(at(0), pods, pod("a", "p")).unwrap();
        let change = |store: &mut Store, s: i64| {
            store
                .update(at(s), pods, "a", "p", |v| v["spec"]["x"] = s.into())
                .unwrap();
            (store.oldest(), store.changes.len())
        };
        store.keep = Keep {
            least: 2,
            age: TimeDelta::seconds(60),
            bytes: 1 << 20,
        };
        assert_eq!(change(&mut store, 50), (1, 2));
        assert_eq!(change(&mut store, 60), (1, 3));
        assert_eq!(change(&mut store, 61), (2, 3), "the first is too old");
        assert_eq!(change(&mut store, 500), (4, 2), "all are, two stay");
        store.keep.bytes = 1;
        assert_eq!(change(&mut store, 501), (5, 2));
        let weight: usize = store.changes.iter().map(super::weight).sum();
        assert_eq!((store.weight, store.made.len()), (weight, 2));
    }

    #[test]
    fn same_seed_same_uids_and_names() {
        let make = |seed| {
            let mut store = Store::new(seed);
            let value = json!({"metadata": {"namespace": "a", "generateName": "web-"}});
            let obj = store.create(at(0), resource("pods"), value).unwrap();
            (obj.uid.clone(), obj.name.clone())
        };
        assert_eq!(make(7), make(7));
        assert_ne!(make(7), make(8));
        assert_eq!(make(7).1.len(), 9);
    }
}

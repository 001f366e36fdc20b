//! Garbage collection: dependents follow their owner; what is marked goes once nothing holds it.

use super::ctx::{Ctx, mark_deleted};
use super::owned::Owned;
use super::workload;
use crate::sim::{Obj, resource};

const FOREGROUND: &str = "foregroundDeletion";
const ORPHAN: &str = "orphan";

/// An object is gone: so are its dependents, in the background.
pub(crate) fn on_removed(ctx: &mut Ctx<'_>, owned: &Owned, obj: &Obj) {
    for child in owned.all(ctx.store, &obj.uid) {
        delete(ctx, &child);
    }
}

/// An owner that waits for its dependents may have lost the last one.
pub(crate) fn on_child_removed(ctx: &mut Ctx<'_>, owned: &Owned, child: &Obj) {
    let Some(owner) = child
        .owner
        .as_deref()
        .and_then(|uid| ctx.store.by_uid(uid))
        .cloned()
    else {
        return;
    };
    if owner.deleting {
        on_deleting(ctx, owned, &owner);
    }
}

/// An object is marked for deletion: does what its finalizers of ours ask; without finalizers it goes.
pub(crate) fn on_deleting(ctx: &mut Ctx<'_>, owned: &Owned, obj: &Obj) {
    // The change may be older than the object's present state.
    let Some(obj) = ctx
        .store
        .get(obj.res, &obj.namespace, &obj.name)
        .filter(|o| o.uid == obj.uid)
        .cloned()
    else {
        return;
    };
    if !obj.deleting {
        return;
    }
    let value = obj.value();
    let finalizers: Vec<&str> = value["metadata"]["finalizers"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|f| f.as_str())
        .collect();
    if finalizers.is_empty() {
        let waits = obj.res == resource("pods")
            && value["metadata"]["deletionGracePeriodSeconds"]
                .as_i64()
                .unwrap_or(0)
                > 0;
        if !waits {
            let _ = ctx
                .store
                .remove(ctx.now, obj.res, &obj.namespace, &obj.name);
        }
        return;
    }
    if finalizers.contains(&ORPHAN) {
        for child in owned.all(ctx.store, &obj.uid) {
            ctx.edit(child.res, &child.namespace, &child.name, |v| {
                let meta = &mut v["metadata"];
                if let Some(refs) = meta["ownerReferences"].as_array_mut() {
                    refs.retain(|r| r["uid"] != *obj.uid);
                    if refs.is_empty()
                        && let Some(meta) = meta.as_object_mut()
                    {
                        meta.shift_remove("ownerReferences");
                    }
                }
            });
        }
        drop_finalizer(ctx, &obj, ORPHAN);
    } else if finalizers.contains(&FOREGROUND) {
        let children = owned.all(ctx.store, &obj.uid);
        if children.is_empty() {
            drop_finalizer(ctx, &obj, FOREGROUND);
        }
        for child in children.iter().filter(|c| !c.deleting) {
            // Their own dependents go first, too.
            if owned.all(ctx.store, &child.uid).is_empty() {
                delete(ctx, child);
            } else {
                ctx.edit(child.res, &child.namespace, &child.name, |v| {
                    let list = &mut v["metadata"]["finalizers"];
                    match list.as_array_mut() {
                        Some(list) => list.push(FOREGROUND.into()),
                        None => *list = serde_json::json!([FOREGROUND]),
                    }
                });
                mark_deleted(ctx.store, ctx.now, child, 0);
            }
        }
    }
}

fn drop_finalizer(ctx: &mut Ctx<'_>, obj: &Obj, finalizer: &str) {
    ctx.edit(obj.res, &obj.namespace, &obj.name, |v| {
        let meta = &mut v["metadata"];
        if let Some(list) = meta["finalizers"].as_array_mut() {
            list.retain(|f| f != finalizer);
            if list.is_empty()
                && let Some(meta) = meta.as_object_mut()
            {
                meta.shift_remove("finalizers");
            }
        }
    });
}

fn delete(ctx: &mut Ctx<'_>, obj: &Obj) {
    if obj.res == resource("pods") {
        if !obj.deleting {
            workload::delete_pod(ctx, obj, None);
        }
    } else {
        ctx.delete(obj);
    }
}

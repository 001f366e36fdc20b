//! Claims get their volumes: a provisioner makes one for each as soon as its class is there.

use serde_json::json;

use super::ctx::Ctx;
use super::event::Source;
use super::workload;
use crate::sim::{Obj, resource};

const CONTROLLER: &str = "persistentvolume-controller";
/// The class of a claim that names none.
const DEFAULT: &str = "storageclass.kubernetes.io/is-default-class";

pub(crate) fn reconcile(ctx: &mut Ctx<'_>, obj: &Obj) {
    let value = obj.value();
    if obj.deleting || value["status"]["phase"] != "Pending" {
        return;
    }
    let classes = resource("storageclasses");
    let class = match value["spec"]["storageClassName"].as_str() {
        Some(name) => name.to_owned(),
        None => {
            let all = ctx.store.list(classes, None);
            let default =
                |c: &&std::sync::Arc<Obj>| c.value()["metadata"]["annotations"][DEFAULT] == "true";
            all.into_iter()
                .find(default)
                .map(|c| c.name.to_string())
                .unwrap_or_default()
        }
    };
    if class.is_empty() {
        let text = "no persistent volumes available for this claim and no storage class is set";
        return tell(ctx, obj, false, "FailedBinding", text);
    }
    let Some(found) = ctx.store.get(classes, "", &class).map(|c| c.value()) else {
        let text = format!("storageclass.storage.k8s.io \"{class}\" not found");
        return tell(ctx, obj, true, "ProvisioningFailed", &text);
    };
    let provisioner = found["provisioner"].as_str().unwrap_or_default().to_owned();
    if ctx.faults.unbound(&obj.namespace, &obj.name) {
        let text = format!(
            "failed to provision volume with StorageClass \"{class}\": rpc error: code = ResourceExhausted desc = quota of disks exceeded"
        );
        return tell(ctx, obj, true, "ProvisioningFailed", &text);
    }
    let name = format!("pvc-{}", obj.uid);
    let size = value["spec"]["resources"]["requests"]["storage"].clone();
    let volume = json!({
        "metadata": {"name": name, "annotations": {"pv.kubernetes.io/provisioned-by": provisioner}},
        "spec": {
            "capacity": {"storage": size}, "accessModes": value["spec"]["accessModes"],
            "persistentVolumeReclaimPolicy": found["reclaimPolicy"], "storageClassName": class,
            "volumeMode": "Filesystem", "csi": {"driver": provisioner, "volumeHandle": name},
            "claimRef": {"kind": "PersistentVolumeClaim", "apiVersion": "v1", "namespace": &*obj.namespace,
                "name": &*obj.name, "uid": &*obj.uid},
        },
        "status": {"phase": "Bound"},
    });
    // The name is the claim's uid: nobody else has it.
    let _ = ctx
        .store
        .create(ctx.now, resource("persistentvolumes"), volume);
    let modes = value["spec"]["accessModes"].clone();
    ctx.edit(obj.res, &obj.namespace, &obj.name, |v| {
        v["spec"]["volumeName"] = name.as_str().into();
        v["spec"]["storageClassName"] = class.as_str().into();
        v["metadata"]["annotations"]["pv.kubernetes.io/bind-completed"] = "yes".into();
        v["status"] =
            json!({"phase": "Bound", "accessModes": modes, "capacity": {"storage": size}});
    });
    let text = format!("Successfully provisioned volume {name}");
    tell(ctx, obj, false, "ProvisioningSucceeded", &text);
}

/// Why a pod with these claims cannot be placed yet.
pub(crate) fn unbound(ctx: &Ctx<'_>, namespace: &str, claims: &[String]) -> Option<String> {
    claims.iter().find_map(|name| {
        let claim = ctx
            .store
            .get(resource("persistentvolumeclaims"), namespace, name);
        match claim.map(|c| c.value()) {
            None => Some(format!("persistentvolumeclaim \"{name}\" not found")),
            Some(v) if v["status"]["phase"] != *"Bound" => {
                Some("pod has unbound immediate PersistentVolumeClaims".to_owned())
            }
            Some(_) => None,
        }
    })
}

fn tell(ctx: &mut Ctx<'_>, obj: &Obj, warning: bool, reason: &str, text: &str) {
    let (api_version, kind) = workload::about(obj);
    let about = workload::about_of(obj, &api_version, kind);
    ctx.event(Source::Controller(CONTROLLER), about, warning, reason, text);
}

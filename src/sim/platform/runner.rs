//! The runner pod of one attempt: by the label scheme, for a simulated node, for kwok and for a real kubelet alike.

use super::entry::{Entry, JobId};
use super::fate::{Fate, Outcome};
use super::load::{Shape, shape_named};
use super::options::PlatformOptions;
use serde_json::{Map, Value, json};

/// The annotation that a simulated kubelet reads.
const SCRIPT: &str = "sim.constable/script";

/// One container's part in a shell, on a kubelet that runs it: waits for its predecessor's mark, prints lines, leaves
/// its own mark. Arguments: own name, predecessor (or `-`), seconds, exit code (or `oom`), `always` or `-`.
const SHELL: &str = r#"cd /workspace; trap 'exit 143' TERM; nap() { sleep "$1" & wait $!; }
if [ "$2" != - ]; then while [ ! -e ".$2" ]; do nap 1; done; fi
if [ -e .failed ] && [ "$5" != always ]; then printf skipped > /dev/termination-log; touch ".$1"; exit 0; fi
echo "$1: begins, about $3 s"; i=0
while [ "$i" -lt "$3" ]; do i=$((i+1)); echo "$1: $i of $3"; nap 1; done
if [ "$4" = oom ]; then echo "$1: uses more and more memory"; touch .failed ".$1"; exec tail /dev/zero; fi
if [ "$4" != 0 ]; then echo "$1: failed with exit $4"; touch .failed; else echo "$1: done"; fi
touch ".$1"; exit "$4""#;

struct Part {
    name: String,
    after: Option<String>,
    millis: u32,
    exit: i32,
    oom: bool,
    always: bool,
    log: &'static str,
}

/// The pod for the entry's present attempt; `queue` names the ConfigMap that holds the entry.
pub(super) fn runner_pod(
    options: &PlatformOptions,
    queue: &str,
    id: JobId,
    entry: &Entry,
) -> Value {
    let shape = shape_named(&entry.shape);
    let fate = Fate::of(options.seed, id, entry);
    let (init, main) = parts(shape, &fate);
    let scripts: Map<String, Value> = init
        .iter()
        .chain(&main)
        .map(|p| (p.name.clone(), p.script()))
        .collect();
    let image = |p: &Part| match (&fate.outcome, p.name.strip_prefix("step-")) {
        (Outcome::NoImage, Some(step)) if shape.steps.first() == Some(&step) => {
            options.missing_image.as_str()
        }
        _ => options.image.as_str(),
    };
    let container = |p: &Part, resources: Value| {
        let mut c = json!({
            "name": p.name,
            "image": image(p),
            "resources": resources,
            "volumeMounts": [{ "name": "workspace", "mountPath": "/workspace" }],
        });
        if options.shell {
            c["command"] = json!(["sh", "-c", SHELL]);
            c["args"] = p.arguments();
        } else {
            c["command"] = json!(["/ci/run", p.name]);
        }
        if let Some(policy) = &options.image_pull_policy {
            c["imagePullPolicy"] = json!(policy);
        }
        c
    };
    let init: Vec<Value> = init.iter().map(|p| container(p, json!({}))).collect();
    let main: Vec<Value> = main
        .iter()
        .enumerate()
        .map(|(i, p)| {
            container(
                p,
                if i == 0 {
                    requests(options, shape)
                } else {
                    json!({})
                },
            )
        })
        .collect();
    let mut spec = json!({
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 20,
        "automountServiceAccountToken": false,
        "enableServiceLinks": false,
        "tolerations": [{ "key": "jobs.constable/public", "operator": "Exists", "effect": "NoSchedule" }],
        "initContainers": init,
        "containers": main,
        "volumes": [{ "name": "workspace", "emptyDir": {} }],
    });
    if let Some(key) = &options.pool_label {
        spec["nodeSelector"] = json!({ key: entry.pool });
    }
    if options.host_network {
        spec["hostNetwork"] = json!(true);
    }
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": entry.pod_name(id),
            "namespace": "ci-jobs",
            "labels": {
                "jobs.constable/id": id.to_string(),
                "jobs.constable/attempt": entry.attempt.to_string(),
                "jobs.constable/component": "runner",
            },
            "annotations": {
                "jobs.constable/project": entry.project,
                "jobs.constable/pipeline": entry.pipeline,
                "jobs.constable/run": entry.run,
                "jobs.constable/name": entry.name,
                "jobs.constable/ref": entry.git_ref,
                "jobs.constable/commit": entry.commit,
                "jobs.constable/author": entry.author,
                "jobs.constable/url": format!("https://ci.example.com/{}/{}", entry.project, entry.run),
                "jobs.constable/queue": format!("ci-system/{queue}"),
                "jobs.constable/worker": entry.worker.as_deref().unwrap_or_default(),
                "jobs.constable/deadline": options.deadline.num_seconds().to_string(),
                "jobs.constable/duration": fate.seconds().to_string(),
                "jobs.constable/outcome": fate.outcome.word(),
                SCRIPT: Value::Object(scripts).to_string(),
            },
        },
        "spec": spec,
    })
}

fn requests(options: &PlatformOptions, shape: &Shape) -> Value {
    let share = |n: u32| (n / options.request_divisor).max(1);
    let memory = format!("{}Mi", share(shape.memory).max(16));
    json!({ "requests": { "cpu": format!("{}m", share(shape.cpu)), "memory": memory }, "limits": { "memory": memory } })
}

fn parts(shape: &Shape, fate: &Fate) -> (Vec<Part>, Vec<Part>) {
    let part = |name: String, after: Option<String>, millis: u32, log| Part {
        name,
        after,
        millis,
        exit: 0,
        oom: false,
        always: false,
        log,
    };
    let init = vec![
        part("checkout".into(), None, fate.init[0], "git"),
        part("restore-cache".into(), None, fate.init[1], "cache"),
    ];
    let mut main: Vec<Part> = Vec::new();
    for (step, millis) in shape.steps.iter().zip(&fate.steps) {
        let log = match *step {
            "test" | "unit" | "e2e" | "verify" | "lint" | "links" | "scan" => "test",
            "report" | "push" => "upload",
            _ => "build",
        };
        let after = main.last().map(|p| p.name.clone());
        main.push(part(format!("step-{step}"), after, *millis, log));
    }
    match fate.outcome {
        Outcome::Script { step, exit } => main[step].exit = exit,
        Outcome::Oom { step } => {
            main[step].exit = 137;
            main[step].oom = true;
        }
        Outcome::Succeeded | Outcome::NoImage => {}
    }
    let after = main.last().map(|p| p.name.clone());
    main.push(Part {
        always: true,
        ..part("upload-artifacts".into(), after, fate.upload, "upload")
    });
    (init, main)
}

impl Part {
    fn script(&self) -> Value {
        let mut script = json!({ "run_ms": self.millis, "log": self.log });
        if self.exit != 0 {
            script["exit"] = json!(self.exit);
        }
        if self.oom {
            script["reason"] = json!("OOMKilled");
        }
        if let Some(after) = &self.after {
            script["after"] = json!(after);
        }
        if self.always {
            script["always"] = json!(true);
        }
        script
    }

    fn arguments(&self) -> Value {
        let exit = if self.oom {
            "oom".to_owned()
        } else {
            self.exit.to_string()
        };
        let after = self.after.as_deref().unwrap_or("-");
        // `sh -c SCRIPT sh …`: the first argument after the script is $0.
        json!([
            "sh",
            self.name,
            after,
            self.millis.div_ceil(1000).to_string(),
            exit,
            if self.always { "always" } else { "-" }
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_by_the_label_scheme() {
        let entry: Entry = serde_json::from_value(json!({
            "state": "queued", "attempt": 2, "project": "shop/api", "pipeline": "check", "run": "8121", "name": "lint", "ref": "main",
            "commit": "9f1c2ab", "author": "dev-4", "pool": "runner-small", "shape": "lint",
        }))
        .unwrap();
        let pod = runner_pod(&PlatformOptions::default(), "queue-1", 48213, &entry);
        assert_eq!(pod["metadata"]["name"], "job-48213-2");
        assert_eq!(
            pod["metadata"]["labels"],
            json!({ "jobs.constable/id": "48213", "jobs.constable/attempt": "2", "jobs.constable/component": "runner" })
        );
        assert_eq!(
            pod["metadata"]["annotations"]["jobs.constable/queue"],
            "ci-system/queue-1"
        );
        let names = |list: &Value| {
            list.as_array()
                .unwrap()
                .iter()
                .map(|c| c["name"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            names(&pod["spec"]["initContainers"]),
            ["checkout", "restore-cache"]
        );
        assert_eq!(
            names(&pod["spec"]["containers"]),
            ["step-lint", "upload-artifacts"]
        );
        assert_eq!(
            pod["spec"]["nodeSelector"],
            json!({ "cloud.google.com/gke-nodepool": "runner-small" })
        );
        let script: Value =
            serde_json::from_str(pod["metadata"]["annotations"][SCRIPT].as_str().unwrap()).unwrap();
        assert_eq!(
            (
                &script["upload-artifacts"]["after"],
                &script["upload-artifacts"]["always"]
            ),
            (&json!("step-lint"), &json!(true))
        );
        assert_eq!(
            pod["spec"]["containers"][0]["resources"],
            json!({ "requests": { "cpu": "500m", "memory": "768Mi" }, "limits": { "memory": "768Mi" } })
        );
    }

    #[test]
    fn a_shell_runs_the_steps_in_order() {
        let options = PlatformOptions {
            shell: true,
            image_pull_policy: Some("Never".into()),
            host_network: true,
            ..PlatformOptions::default()
        };
        let entry: Entry =
            serde_json::from_value(json!({ "state": "queued", "shape": "build" })).unwrap();
        let pod = runner_pod(&options, "queue-0", 4, &entry);
        assert_eq!(pod["spec"]["hostNetwork"], true);
        let second = &pod["spec"]["containers"][1];
        assert_eq!(
            (
                &second["imagePullPolicy"],
                &second["args"][1],
                &second["args"][2]
            ),
            (
                &json!("Never"),
                &json!("step-package"),
                &json!("step-compile")
            )
        );
    }
}

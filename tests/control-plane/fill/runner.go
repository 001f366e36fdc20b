package main

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// How far a runner pod is.
type phase int

const (
	waiting   phase = iota // without a node
	pulling                // bound
	preparing              // in its init containers
	stepping               // in its steps
	succeeded
	failed
)

// Mostly running, as in a busy hour.
func (c *cluster) phaseOf(i int) phase {
	return [20]phase{waiting, pulling, preparing, stepping, stepping, stepping, stepping, stepping, stepping, stepping,
		stepping, stepping, stepping, succeeded, succeeded, succeeded, succeeded, succeeded, succeeded, failed}[i*7%20]
}

// A pod of the job platform: two init containers, a step, the upload.
func (c *cluster) runner(i int, at phase) *corev1.Pod {
	id := 100_000 + i
	age := time.Duration(20+i*37%1500) * time.Second
	created := c.ago(age)
	project := fmt.Sprintf("team-%d/%s", i%60, []string{"api", "web", "worker", "infra"}[i/60%4])
	meta := c.meta(jobs, fmt.Sprintf("job-%d-1", id), age)
	meta.Labels = map[string]string{"jobs.constable/id": fmt.Sprint(id), "jobs.constable/attempt": "1", "jobs.constable/component": "runner"}
	meta.Annotations = map[string]string{
		"jobs.constable/project":  project,
		"jobs.constable/pipeline": []string{"build", "check", "release"}[i%3],
		"jobs.constable/run":      fmt.Sprint(8000 + i/4),
		"jobs.constable/name":     []string{"lint", "test", "package", "e2e"}[i%4],
		"jobs.constable/ref":      []string{"main", fmt.Sprintf("feature/%d", i%700), "release-4"}[i%3],
		"jobs.constable/commit":   fmt.Sprintf("%07x", (i*2654435761)&0xfffffff),
		"jobs.constable/author":   fmt.Sprintf("dev-%d", i%300),
		"jobs.constable/url":      fmt.Sprintf("https://ci.example.com/%s/%d", project, 8000+i/4),
		"jobs.constable/queue":    fmt.Sprintf("ci-system/queue-%d", i%4),
		"jobs.constable/deadline": "3600",
	}
	spec := corev1.PodSpec{
		RestartPolicy: corev1.RestartPolicyNever, DNSPolicy: corev1.DNSClusterFirst, SchedulerName: "default-scheduler", ServiceAccountName: "default",
		TerminationGracePeriodSeconds: pointer(int64(20)), SecurityContext: &corev1.PodSecurityContext{}, AutomountServiceAccountToken: pointer(false),
		EnableServiceLinks: pointer(false), NodeSelector: map[string]string{"cloud.google.com/gke-nodepool": []string{"runner-large", "runner-small", "runner-arm"}[i%3]},
		Tolerations: []corev1.Toleration{
			{Key: "jobs.constable/public", Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoSchedule},
			{Key: "node.kubernetes.io/not-ready", Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute, TolerationSeconds: pointer(int64(300))},
			{Key: "node.kubernetes.io/unreachable", Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute, TolerationSeconds: pointer(int64(300))},
		},
		Volumes:        []corev1.Volume{{Name: "workspace", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}},
		InitContainers: []corev1.Container{container("checkout", "registry.example.com/ci/git:12", "", ""), container("restore-cache", "registry.example.com/ci/cache:12", "", "")},
		Containers: []corev1.Container{
			container("step-"+meta.Annotations["jobs.constable/name"], fmt.Sprintf("registry.example.com/build-base:%d", i%9), []string{"500m", "1", "2"}[i%3], []string{"1Gi", "2Gi", "4Gi"}[i%3]),
			container("upload-artifacts", "registry.example.com/ci/upload:12", "", ""),
		},
	}
	for _, list := range [][]corev1.Container{spec.InitContainers, spec.Containers} {
		for k := range list {
			list[k].Command = []string{"/ci/run", list[k].Name}
			list[k].VolumeMounts = []corev1.VolumeMount{{Name: "workspace", MountPath: "/workspace"}}
		}
	}
	spec.Containers[0].Env = []corev1.EnvVar{
		{Name: "CI", Value: "true"}, {Name: "CI_PROJECT", Value: project}, {Name: "CI_RUN", Value: meta.Annotations["jobs.constable/run"]},
		{Name: "CI_COMMIT", Value: meta.Annotations["jobs.constable/commit"]},
		{Name: "CI_TOKEN", ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: "ci-token"}, Key: "token"}}},
	}
	if at != waiting && len(c.jobNodes) > 0 {
		spec.NodeName = c.jobNodes[i*13%len(c.jobNodes)]
	}
	pod := &corev1.Pod{ObjectMeta: meta, Spec: spec}
	pod.Status = c.runnerStatus(pod, i, at, created)
	pod.ManagedFields = managed("runner", pod, "constable-platform", created)
	if at != waiting {
		pod.ManagedFields = append(pod.ManagedFields, managedStatus("runner", pod, created)...)
	}
	return pod
}

func (c *cluster) runnerStatus(pod *corev1.Pod, i int, at phase, created metav1.Time) corev1.PodStatus {
	if at == waiting {
		return corev1.PodStatus{Phase: corev1.PodPending, QOSClass: corev1.PodQOSBurstable, Conditions: []corev1.PodCondition{{
			Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable, LastTransitionTime: created,
			Message: fmt.Sprintf("0/%d nodes are available: %d Insufficient cpu.", c.nodes, c.nodes)}}}
	}
	// Each container after the one before it, ten seconds for an init container.
	after := func(seconds int) metav1.Time {
		return metav1.NewTime(created.Add(time.Duration(seconds) * time.Second))
	}
	ended := func(from, to int, code int32) corev1.ContainerState {
		reason := "Completed"
		if code != 0 {
			reason = "Error"
		}
		return corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: code, Reason: reason, StartedAt: after(from), FinishedAt: after(to),
			ContainerID: fmt.Sprintf("containerd://%064x", i)}}
	}
	created2 := after(1)
	wait := corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "PodInitializing"}}
	states := [4]corev1.ContainerState{ended(2, 5, 0), ended(5, 9, 0), running(after(9)), running(after(9))}
	phase, ready, reason := corev1.PodRunning, corev1.ConditionTrue, ""
	switch at {
	case pulling:
		states = [4]corev1.ContainerState{wait, wait, wait, wait}
		phase, ready, reason = corev1.PodPending, corev1.ConditionFalse, "ContainersNotReady"
	case preparing:
		states = [4]corev1.ContainerState{ended(2, 5, 0), running(after(5)), wait, wait}
		phase, ready, reason = corev1.PodPending, corev1.ConditionFalse, "ContainersNotReady"
	case succeeded:
		states[2], states[3] = ended(9, 15, 0), ended(9, 18, 0)
		phase, ready, reason = corev1.PodSucceeded, corev1.ConditionFalse, "PodCompleted"
	case failed:
		states[2], states[3] = ended(9, 15, 1), ended(9, 18, 0)
		phase, ready, reason = corev1.PodFailed, corev1.ConditionFalse, "PodFailed"
	}
	return corev1.PodStatus{
		Phase: phase, HostIP: address(10, i), PodIP: address(172, i), PodIPs: []corev1.PodIP{{IP: address(172, i)}}, StartTime: &created2,
		QOSClass: corev1.PodQOSBurstable, Conditions: conditions(created2, ready, reason),
		InitContainerStatuses: []corev1.ContainerStatus{status(&pod.Spec.InitContainers[0], i, states[0]), status(&pod.Spec.InitContainers[1], i, states[1])},
		ContainerStatuses:     []corev1.ContainerStatus{status(&pod.Spec.Containers[0], i, states[2]), status(&pod.Spec.Containers[1], i, states[3])},
	}
}

func running(since metav1.Time) corev1.ContainerState {
	return corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: since}}
}

func status(c *corev1.Container, i int, state corev1.ContainerState) corev1.ContainerStatus {
	is := state.Running != nil
	out := corev1.ContainerStatus{Name: c.Name, Image: c.Image, State: state, Ready: is, Started: &is}
	if state.Waiting == nil {
		out.ImageID = fmt.Sprintf("registry.example.com/ci@sha256:%064x", i%9)
		out.ContainerID = fmt.Sprintf("containerd://%064x", i)
	}
	return out
}

func conditions(since metav1.Time, ready corev1.ConditionStatus, reason string) []corev1.PodCondition {
	row := func(kind corev1.PodConditionType, status corev1.ConditionStatus, reason string) corev1.PodCondition {
		return corev1.PodCondition{Type: kind, Status: status, Reason: reason, LastTransitionTime: since}
	}
	return []corev1.PodCondition{
		row(corev1.PodReadyToStartContainers, corev1.ConditionTrue, ""), row(corev1.PodInitialized, corev1.ConditionTrue, reason),
		row(corev1.PodReady, ready, reason), row(corev1.ContainersReady, ready, reason), row(corev1.PodScheduled, corev1.ConditionTrue, ""),
	}
}

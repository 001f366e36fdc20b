package main

import (
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// The platform's services: one pod in twenty, each owned by a ReplicaSet that
// exists (else the garbage collector would take it). Returns how many pods.
func (c *cluster) platform(put func(stored)) int {
	const ns = "ci-system"
	names := []string{"api", "hooks", "worker", "results", "log-shipper", "cache", "registry", "artifacts", "scheduler", "notify"}
	wanted := c.pods / 20
	for s, name := range names {
		replicas := wanted / len(names)
		if s < wanted%len(names) {
			replicas++
		}
		count := int32(replicas)
		labels := map[string]string{"app": name, "jobs.constable/component": name}
		template := corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: c.serviceSpec(name, "")}
		deployment := &appsv1.Deployment{
			ObjectMeta: c.meta(ns, name, 30*24*time.Hour),
			Spec:       appsv1.DeploymentSpec{Replicas: &count, Selector: &metav1.LabelSelector{MatchLabels: labels}, Template: template},
			Status:     appsv1.DeploymentStatus{Replicas: count, ReadyReplicas: count, AvailableReplicas: count, UpdatedReplicas: count, ObservedGeneration: 1},
		}
		put(stored{"deployments/" + ns + "/" + name, deployment})
		set := &appsv1.ReplicaSet{
			ObjectMeta: c.meta(ns, name+"-7d4b9c6f5", 3*24*time.Hour),
			Spec:       appsv1.ReplicaSetSpec{Replicas: &count, Selector: &metav1.LabelSelector{MatchLabels: labels}, Template: template},
			Status:     appsv1.ReplicaSetStatus{Replicas: count, ReadyReplicas: count, AvailableReplicas: count, ObservedGeneration: 1},
		}
		set.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(deployment, appsv1.SchemeGroupVersion.WithKind("Deployment"))}
		put(stored{"replicasets/" + ns + "/" + set.Name, set})
		// Headless: no address that the API server would have to hand out.
		put(stored{"services/specs/" + ns + "/" + name, &corev1.Service{
			ObjectMeta: c.meta(ns, name, 30*24*time.Hour),
			Spec: corev1.ServiceSpec{Selector: labels, Type: corev1.ServiceTypeClusterIP, ClusterIP: corev1.ClusterIPNone, ClusterIPs: []string{corev1.ClusterIPNone},
				Ports: []corev1.ServicePort{{Name: "http", Port: 80, TargetPort: intstr.FromInt32(8080), Protocol: corev1.ProtocolTCP}}},
		}})
		slice := &discoveryv1.EndpointSlice{ObjectMeta: c.meta(ns, name+"-x2x9k", 30*24*time.Hour), AddressType: discoveryv1.AddressTypeIPv4}
		slice.Labels = map[string]string{discoveryv1.LabelServiceName: name}
		port, ready := int32(8080), true
		slice.Ports = []discoveryv1.EndpointPort{{Port: &port}}
		for r := range replicas {
			pod := c.service(ns, name, s*10_000+r, labels, set)
			put(stored{"pods/" + ns + "/" + pod.Name, pod})
			if r < 100 {
				slice.Endpoints = append(slice.Endpoints, discoveryv1.Endpoint{Addresses: []string{pod.Status.PodIP},
					Conditions: discoveryv1.EndpointConditions{Ready: &ready}, NodeName: &pod.Spec.NodeName,
					TargetRef: &corev1.ObjectReference{Kind: "Pod", Namespace: ns, Name: pod.Name, UID: pod.UID}})
			}
		}
		put(stored{"endpointslices/" + ns + "/" + slice.Name, slice})
		if s < 3 {
			put(stored{"ingress/" + ns + "/" + name, c.ingress(ns, name)})
		}
	}
	return wanted
}

func (c *cluster) ingress(ns, service string) *networkingv1.Ingress {
	prefix := networkingv1.PathTypePrefix
	return &networkingv1.Ingress{
		ObjectMeta: c.meta(ns, service, 30*24*time.Hour),
		Spec: networkingv1.IngressSpec{Rules: []networkingv1.IngressRule{{
			Host: service + ".example.com",
			IngressRuleValue: networkingv1.IngressRuleValue{HTTP: &networkingv1.HTTPIngressRuleValue{Paths: []networkingv1.HTTPIngressPath{{
				Path: "/", PathType: &prefix,
				Backend: networkingv1.IngressBackend{Service: &networkingv1.IngressServiceBackend{Name: service, Port: networkingv1.ServiceBackendPort{Name: "http"}}},
			}}}},
		}}},
	}
}

func (c *cluster) serviceSpec(name, node string) corev1.PodSpec {
	return corev1.PodSpec{
		NodeName: node, RestartPolicy: corev1.RestartPolicyAlways, DNSPolicy: corev1.DNSClusterFirst, SchedulerName: "default-scheduler",
		ServiceAccountName: "default", TerminationGracePeriodSeconds: pointer(int64(30)), SecurityContext: &corev1.PodSecurityContext{},
		Containers: []corev1.Container{container(name, "registry.example.com/platform/"+name+":41", "250m", "512Mi")},
	}
}

func (c *cluster) service(ns, name string, i int, labels map[string]string, set *appsv1.ReplicaSet) *corev1.Pod {
	age := time.Duration(1+i%70) * time.Hour
	meta := c.meta(ns, fmt.Sprintf("%s-%s", set.Name, suffix(i)), age)
	meta.GenerateName = set.Name + "-"
	meta.Labels = map[string]string{"app": labels["app"], "jobs.constable/component": name, "pod-template-hash": "7d4b9c6f5"}
	meta.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(set, appsv1.SchemeGroupVersion.WithKind("ReplicaSet"))}
	node := "n-0001"
	if len(c.services) > 0 {
		node = c.services[i%len(c.services)]
	}
	pod := &corev1.Pod{ObjectMeta: meta, Spec: c.serviceSpec(name, node)}
	began := c.ago(age)
	pod.Status = corev1.PodStatus{
		Phase: corev1.PodRunning, HostIP: address(10, i), PodIP: address(172, i), StartTime: &began, QOSClass: corev1.PodQOSBurstable,
		Conditions:        conditions(began, corev1.ConditionTrue, ""),
		ContainerStatuses: []corev1.ContainerStatus{status(&pod.Spec.Containers[0], i, running(began))},
	}
	pod.ManagedFields = append(managed("service", pod, "kube-controller-manager", began), managedStatus("service", pod, began)...)
	return pod
}

// A container as the API server stores it, with its defaults.
func container(name, image, cpu, memory string) corev1.Container {
	c := corev1.Container{
		Name: name, Image: image, ImagePullPolicy: corev1.PullIfNotPresent,
		TerminationMessagePath: "/dev/termination-log", TerminationMessagePolicy: corev1.TerminationMessageReadFile,
	}
	if cpu != "" {
		requests := corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu), corev1.ResourceMemory: resource.MustParse(memory)}
		c.Resources = corev1.ResourceRequirements{Requests: requests, Limits: corev1.ResourceList{corev1.ResourceMemory: requests[corev1.ResourceMemory]}}
	}
	return c
}

func pointer[T any](value T) *T { return &value }

// Five characters, as a ReplicaSet's pods have, another for each number.
func suffix(i int) string {
	const letters = "bcdfghjklmnpqrstvwxz2456789"
	out := make([]byte, 5)
	n := uint32(i)*2654435761>>4 ^ uint32(i)
	n = n%8_000_000 + uint32(i)
	for k := range out {
		out[k] = letters[n%27]
		n /= 27
	}
	return string(out) + fmt.Sprintf("%x", i)
}

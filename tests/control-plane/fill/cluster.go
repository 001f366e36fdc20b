package main

import (
	"fmt"
	"math/rand/v2"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// The namespace of the runner pods.
const jobs = "ci-jobs"

// A cluster of the demo platform's scheme: job nodes in several pools, job pods
// in all phases, the platform's own services. The same numbers make the same
// cluster, but for its clock.
type cluster struct {
	nodes, pods int
	now         time.Time
	random      *rand.Rand
	jobNodes    []string
	services    []string
}

func newCluster(nodes, pods int, now time.Time) *cluster {
	return &cluster{nodes: nodes, pods: pods, now: now.Truncate(time.Second), random: rand.New(rand.NewPCG(1, 2))}
}

func (c *cluster) all(put func(stored)) {
	for _, name := range []string{jobs, "ci-system"} {
		put(stored{"namespaces/" + name, &corev1.Namespace{
			ObjectMeta: c.meta("", name, 90*24*time.Hour),
			Spec:       corev1.NamespaceSpec{Finalizers: []corev1.FinalizerName{corev1.FinalizerKubernetes}},
			Status:     corev1.NamespaceStatus{Phase: corev1.NamespaceActive},
		}})
		// Pods are refused in a namespace without one, and no controller makes it.
		put(stored{"serviceaccounts/" + name + "/default", &corev1.ServiceAccount{ObjectMeta: c.meta(name, "default", 90*24*time.Hour)}})
	}
	for i := range c.nodes {
		node := c.node(i)
		put(stored{"minions/" + node.Name, node})
	}
	left := c.pods - c.platform(put)
	for i := range left {
		pod := c.runner(i, c.phaseOf(i))
		put(stored{"pods/" + jobs + "/" + pod.Name, pod})
	}
}

func (c *cluster) uid() types.UID {
	a, b := c.random.Uint64(), c.random.Uint64()
	return types.UID(fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", a>>32, a>>16&0xffff, a&0xfff, b>>48&0xfff, b&0xffffffffffff))
}

func (c *cluster) ago(age time.Duration) metav1.Time { return metav1.NewTime(c.now.Add(-age)) }

func (c *cluster) meta(namespace, name string, age time.Duration) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: namespace, Name: name, UID: c.uid(), CreationTimestamp: c.ago(age)}
}

// One in fifty is a controller, one in ten carries services, the rest runs jobs.
func (c *cluster) node(i int) *corev1.Node {
	pool, name, cores := "runner-large", fmt.Sprintf("p-%05d", i), int64(32)
	var taints []corev1.Taint
	switch {
	case i%50 == 0 && i < 250:
		pool, name, cores = "controllers", fmt.Sprintf("c-%d", i/50), 8
		taints = []corev1.Taint{{Key: "node-role.kubernetes.io/control-plane", Effect: corev1.TaintEffectNoSchedule}}
	case i%10 == 1:
		pool, name, cores = "patricians", fmt.Sprintf("n-%04d", i), 16
		c.services = append(c.services, name)
	default:
		pool = []string{"runner-large", "runner-small", "runner-arm"}[i%3]
		taints = []corev1.Taint{{Key: "jobs.constable/public", Value: "true", Effect: corev1.TaintEffectNoSchedule}}
		c.jobNodes = append(c.jobNodes, name)
	}
	meta := c.meta("", name, time.Duration(1+i%200)*time.Hour)
	meta.Labels = map[string]string{
		"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
		"node.kubernetes.io/instance-type": fmt.Sprintf("standard-%d", cores), "cloud.google.com/gke-nodepool": pool,
		"topology.kubernetes.io/region": "eu-1", "topology.kubernetes.io/zone": "eu-1" + string("abc"[i%3]),
	}
	if pool == "controllers" {
		meta.Labels["node-role.kubernetes.io/control-plane"] = ""
	}
	sizes := corev1.ResourceList{
		corev1.ResourceCPU: *resource.NewQuantity(cores, resource.DecimalSI), corev1.ResourceMemory: *resource.NewQuantity(cores<<32, resource.BinarySI),
		corev1.ResourcePods: *resource.NewQuantity(110, resource.DecimalSI), corev1.ResourceEphemeralStorage: resource.MustParse("200Gi"),
	}
	ready := corev1.ConditionTrue
	if i%97 == 96 {
		ready = corev1.ConditionFalse
	}
	node := &corev1.Node{
		ObjectMeta: meta,
		Spec:       corev1.NodeSpec{Taints: taints, Unschedulable: i%41 == 40},
		Status: corev1.NodeStatus{
			Capacity: sizes, Allocatable: sizes,
			Conditions: []corev1.NodeCondition{
				{Type: corev1.NodeMemoryPressure, Status: corev1.ConditionFalse, Reason: "KubeletHasSufficientMemory", LastHeartbeatTime: c.ago(time.Minute), LastTransitionTime: c.ago(time.Hour)},
				{Type: corev1.NodeDiskPressure, Status: corev1.ConditionFalse, Reason: "KubeletHasNoDiskPressure", LastHeartbeatTime: c.ago(time.Minute), LastTransitionTime: c.ago(time.Hour)},
				{Type: corev1.NodePIDPressure, Status: corev1.ConditionFalse, Reason: "KubeletHasSufficientPID", LastHeartbeatTime: c.ago(time.Minute), LastTransitionTime: c.ago(time.Hour)},
				{Type: corev1.NodeReady, Status: ready, Reason: "KubeletReady", Message: "kubelet is posting ready status", LastHeartbeatTime: c.ago(time.Minute), LastTransitionTime: c.ago(time.Hour)},
			},
			Addresses: []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: address(10, i)}, {Type: corev1.NodeHostName, Address: name}},
			NodeInfo: corev1.NodeSystemInfo{Architecture: "amd64", OperatingSystem: "linux", OSImage: "Linux", KernelVersion: "6.12.0",
				KubeletVersion: "v1.37.2", ContainerRuntimeVersion: "containerd://2.1.4"},
			Images: images(i),
		},
	}
	node.ManagedFields = managed("node", node, "kubelet", meta.CreationTimestamp)
	return node
}

// What a kubelet says about its image store.
func images(seed int) []corev1.ContainerImage {
	list := make([]corev1.ContainerImage, 12)
	for i := range list {
		list[i] = corev1.ContainerImage{Names: []string{fmt.Sprintf("registry.example.com/build/base-%d:%d", i, seed%9)}, SizeBytes: int64(100_000_000 + i)}
	}
	return list
}

func address(first, i int) string {
	return fmt.Sprintf("%d.%d.%d.%d", first, i>>16&0xff, i>>8&0xff, i&0xff)
}

package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
)

// Pods that come and go: each is created bound to a node, set Running, and some
// seconds later deleted without grace, which makes three changes a life.
func churn(ctx context.Context, flags *flag.FlagSet, arguments []string) error {
	kubeconfig := flags.String("kubeconfig", "", "`FILE` that leads to the API server")
	lives := flags.Float64("lives", 34, "pods a second")
	stay := flags.Duration("stay", 5*time.Second, "how long each lives")
	seconds := flags.Int("seconds", 0, "how long in all; 0: until a signal")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	set, err := client(*kubeconfig)
	if err != nil {
		return err
	}
	cluster, err := known(ctx, set)
	if err != nil {
		return err
	}
	ctx, cancel := within(ctx, *seconds)
	defer cancel()

	var alive sync.WaitGroup
	var changes, failures atomic.Int64
	ticker := time.NewTicker(time.Duration(float64(time.Second) / *lives))
	defer ticker.Stop()
	began := time.Now()
	for i := 0; ctx.Err() == nil; i++ {
		select {
		case <-ctx.Done():
		case <-ticker.C:
			alive.Add(1)
			// Numbers that no loaded pod has, and that another run does not use.
			number := 10_000_000 + int(began.Unix()%1_000_000)*1000 + i
			go func() {
				defer alive.Done()
				count, err := live(ctx, set, cluster, number, *stay)
				changes.Add(int64(count))
				if err != nil {
					failures.Add(1)
					fmt.Println(err)
				}
			}()
		}
	}
	took := time.Since(began)
	alive.Wait()
	fmt.Printf("%d changes in %.1f s, %d failures\n", changes.Load(), took.Seconds(), failures.Load())
	return nil
}

// The job nodes that are there.
func known(ctx context.Context, set *kubernetes.Clientset) (*cluster, error) {
	nodes, err := set.CoreV1().Nodes().List(ctx, metav1.ListOptions{LabelSelector: "cloud.google.com/gke-nodepool in (runner-large,runner-small,runner-arm)"})
	if err != nil {
		return nil, fmt.Errorf("list nodes: %w", err)
	}
	c := newCluster(len(nodes.Items), 0, time.Now())
	for _, node := range nodes.Items {
		c.jobNodes = append(c.jobNodes, node.Name)
	}
	return c, nil
}

// The pod's whole life, shorter after a signal; how many changes were made.
func live(ctx context.Context, set *kubernetes.Clientset, known *cluster, number int, stay time.Duration) (int, error) {
	pods := set.CoreV1().Pods(jobs)
	one := newCluster(known.nodes, 0, time.Now())
	one.jobNodes = known.jobNodes
	pod := one.runner(number, stepping)
	status := pod.Status
	pod.UID, pod.ManagedFields = "", nil
	pod.CreationTimestamp = metav1.Time{}
	calls := context.WithoutCancel(ctx)
	made, err := pods.Create(calls, pod, metav1.CreateOptions{})
	if err != nil {
		return 0, fmt.Errorf("create %s: %w", pod.Name, err)
	}
	defer func() {
		none := int64(0)
		_ = pods.Delete(calls, made.Name, metav1.DeleteOptions{GracePeriodSeconds: &none})
	}()
	pause(ctx, time.Second)
	patch, err := json.Marshal(map[string]any{"status": status})
	if err != nil {
		return 2, err
	}
	if _, err := pods.Patch(calls, made.Name, types.MergePatchType, patch, metav1.PatchOptions{}, "status"); err != nil {
		return 2, fmt.Errorf("status of %s: %w", made.Name, err)
	}
	pause(ctx, stay)
	return 3, nil
}

func pause(ctx context.Context, long time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(long):
	}
}

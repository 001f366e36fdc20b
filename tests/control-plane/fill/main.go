// Fills a control plane with a large cluster, and keeps it busy, for
// measurements. Nothing of it is needed by `cargo test`.
//
//	fill load  --etcd URL --nodes N --pods N      objects straight into etcd, before the API server starts
//	fill churn --kubeconfig FILE --lives N        N pods a second created, set Running, deleted some seconds later
//	fill stamp --kubeconfig FILE --pod NS/NAME    writes st-1001, st-1002, … as the author of one pod's job
//
// churn and stamp go through the API as any platform does, run until SIGTERM or
// the end of --seconds, and take away what they made.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

func main() {
	commands := map[string]func(context.Context, *flag.FlagSet, []string) error{
		"load": load, "churn": churn, "stamp": stamp,
	}
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: fill load|churn|stamp [flags]; fill COMMAND -h tells them")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	defer stop()
	name := os.Args[1]
	flags := flag.NewFlagSet("fill "+name, flag.ExitOnError)
	if err := commands[name](ctx, flags, os.Args[2:]); err != nil {
		fmt.Fprintf(os.Stderr, "fill %s: %v\n", name, err)
		os.Exit(1)
	}
}

// A client that speaks protobuf and does not hold itself back.
func client(kubeconfig string) (*kubernetes.Clientset, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	config.QPS = -1
	config.UserAgent = "fill"
	config.ContentType = "application/vnd.kubernetes.protobuf"
	config.AcceptContentTypes = "application/vnd.kubernetes.protobuf"
	return kubernetes.NewForConfig(config)
}

// The context ends after so many seconds; 0: only with its parent.
func within(ctx context.Context, seconds int) (context.Context, context.CancelFunc) {
	if seconds == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, time.Duration(seconds)*time.Second)
}

package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// Writes st-1001, st-1002, … as the author of one runner pod's job, which the
// console shows in a column, and says for each when it was sent and when the
// server had it, in nanoseconds of the wall clock:
//
//	NUMBER SENT ANSWERED
func stamp(ctx context.Context, flags *flag.FlagSet, arguments []string) error {
	kubeconfig := flags.String("kubeconfig", "", "`FILE` that leads to the API server")
	target := flags.String("pod", "", "`NS/NAME` of the pod")
	rate := flags.Float64("rate", 100, "stamps a second")
	seconds := flags.Int("seconds", 20, "how long")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	namespace, name, ok := strings.Cut(*target, "/")
	if !ok {
		return fmt.Errorf("--pod %q is not NS/NAME", *target)
	}
	set, err := client(*kubeconfig)
	if err != nil {
		return err
	}
	ctx, cancel := within(ctx, *seconds)
	defer cancel()
	write := func(ctx context.Context, value string) error {
		patch := fmt.Sprintf(`{"metadata":{"annotations":{"jobs.constable/author":%q}}}`, value)
		_, err := set.CoreV1().Pods(namespace).Patch(ctx, name, types.MergePatchType, []byte(patch), metav1.PatchOptions{})
		return err
	}
	defer func() {
		// The last one is to be seen too.
		time.Sleep(time.Second)
		_ = write(context.WithoutCancel(ctx), "dev-1")
	}()

	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	ticker := time.NewTicker(time.Duration(float64(time.Second) / *rate))
	defer ticker.Stop()
	for number := 1001; ; number++ {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		sent := time.Now().UnixNano()
		if err := write(context.WithoutCancel(ctx), fmt.Sprintf("st-%d", number)); err != nil {
			return fmt.Errorf("stamp %s: %w", *target, err)
		}
		fmt.Fprintln(out, number, sent, time.Now().UnixNano())
	}
}

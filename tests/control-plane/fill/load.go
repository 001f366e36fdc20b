package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/client-go/kubernetes/scheme"
)

// etcd takes at most 128 in one transaction.
const transaction = 100

// One object and where the API server keeps it.
type stored struct {
	key    string
	object runtime.Object
}

func load(ctx context.Context, flags *flag.FlagSet, arguments []string) error {
	etcd := flags.String("etcd", "", "`URL` of etcd")
	nodes := flags.Int("nodes", 1000, "nodes in all")
	pods := flags.Int("pods", 30000, "pods in all")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	writer, err := clientv3.New(clientv3.Config{Endpoints: []string{*etcd}, DialTimeout: 5 * time.Second})
	if err != nil {
		return err
	}
	defer writer.Close()

	began := time.Now()
	objects := make(chan stored, 2*transaction)
	batches := make(chan []clientv3.Op, 4)
	go func() {
		defer close(objects)
		newCluster(*nodes, *pods, began).all(func(object stored) { objects <- object })
	}()

	var first error
	var once sync.Once
	fail := func(err error) { once.Do(func() { first = err }) }
	var encoders, writers sync.WaitGroup
	for range 2 {
		encoders.Add(1)
		go func() {
			defer encoders.Done()
			encode(objects, batches, fail)
		}()
	}
	var count int
	var mutex sync.Mutex
	for range 4 {
		writers.Add(1)
		go func() {
			defer writers.Done()
			for batch := range batches {
				if _, err := writer.Txn(ctx).Then(batch...).Commit(); err != nil {
					fail(fmt.Errorf("write to %s: %w", *etcd, err))
					continue
				}
				mutex.Lock()
				count += len(batch)
				mutex.Unlock()
			}
		}()
	}
	encoders.Wait()
	close(batches)
	writers.Wait()
	if first != nil {
		return first
	}
	fmt.Printf("%d objects (%d nodes, %d pods) in %.1f s\n", count, *nodes, *pods, time.Since(began).Seconds())
	return nil
}

// As the API server stores them: `k8s\0` and an Unknown around the message.
func encode(objects <-chan stored, batches chan<- []clientv3.Op, fail func(error)) {
	encoder := protobuf.NewSerializer(scheme.Scheme, scheme.Scheme)
	batch := make([]clientv3.Op, 0, transaction)
	for object := range objects {
		kinds, _, err := scheme.Scheme.ObjectKinds(object.object)
		if err != nil {
			fail(err)
			continue
		}
		object.object.GetObjectKind().SetGroupVersionKind(kinds[0])
		var value bytes.Buffer
		if err := encoder.Encode(object.object, &value); err != nil {
			fail(fmt.Errorf("encode %s: %w", object.key, err))
			continue
		}
		batch = append(batch, clientv3.OpPut("/registry/"+object.key, value.String()))
		if len(batch) == transaction {
			batches <- batch
			batch = make([]clientv3.Op, 0, transaction)
		}
	}
	if len(batch) > 0 {
		batches <- batch
	}
}

package main

import (
	"encoding/json"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// managedFields are a part of every real object: who owns which field, written
// as the API server writes it, but cut at the second level, which makes a runner
// pod 5.2 KB of JSON.
const levels = 2

// Objects of one shape own the same fields.
var written sync.Map

func managed(shape string, object runtime.Object, manager string, at metav1.Time) []metav1.ManagedFieldsEntry {
	raw := once(shape, func() map[string]any {
		fields := fieldsOf(object)
		delete(fields, "f:status")
		return fields
	})
	return []metav1.ManagedFieldsEntry{entry(manager, "", raw, at)}
}

// The kubelet's part.
func managedStatus(shape string, pod *corev1.Pod, at metav1.Time) []metav1.ManagedFieldsEntry {
	raw := once(shape+" status", func() map[string]any {
		return map[string]any{"f:status": fieldsOf(pod)["f:status"]}
	})
	return []metav1.ManagedFieldsEntry{entry("kubelet", "status", raw, at)}
}

func once(shape string, fields func() map[string]any) []byte {
	if raw, ok := written.Load(shape); ok {
		return raw.([]byte)
	}
	raw, err := json.Marshal(fields())
	if err != nil {
		panic(err)
	}
	written.Store(shape, raw)
	return raw
}

func entry(manager, subresource string, raw []byte, at metav1.Time) metav1.ManagedFieldsEntry {
	return metav1.ManagedFieldsEntry{Manager: manager, Operation: metav1.ManagedFieldsOperationUpdate, APIVersion: "v1", Time: &at,
		FieldsType: "FieldsV1", FieldsV1: &metav1.FieldsV1{Raw: raw}, Subresource: subresource}
}

func fieldsOf(object runtime.Object) map[string]any {
	tree, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		panic(err)
	}
	if meta, ok := tree["metadata"].(map[string]any); ok {
		for _, key := range []string{"name", "namespace", "uid", "creationTimestamp", "managedFields"} {
			delete(meta, key)
		}
	}
	for _, key := range []string{"apiVersion", "kind"} {
		delete(tree, key)
	}
	return owned(tree, levels)
}

func owned(tree map[string]any, levels int) map[string]any {
	out := map[string]any{}
	for key, value := range tree {
		inner := map[string]any{}
		if value, ok := value.(map[string]any); ok && levels > 1 {
			inner = owned(value, levels-1)
			inner["."] = map[string]any{}
		}
		out["f:"+key] = inner
	}
	return out
}

package driftstore

import (
	"context"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// ConfigMap is a history in the ConfigMap HistoryName of a namespace.
type ConfigMap struct {
	Cluster   *Cluster
	Namespace string
}

func (m ConfigMap) String() string {
	return "ConfigMap " + m.Namespace + "/" + HistoryName + " of " + m.Cluster.Context
}

// Load implements Store. A ConfigMap without the key is a history that does
// not exist yet: the schedule makes it so.
func (m ConfigMap) Load(ctx context.Context) ([]byte, string, error) {
	object, err := m.Cluster.Get(ctx, "ConfigMap", m.Namespace, HistoryName)
	if err != nil || object == nil {
		return nil, "", err
	}
	text, _, err := unstructured.NestedString(object.Object, "data", HistoryKey)
	if err != nil {
		return nil, "", m.Cluster.explain("read the history of drift", err)
	}
	if text == "" {
		return nil, object.GetResourceVersion(), nil
	}
	return []byte(text), object.GetResourceVersion(), nil
}

// Save implements Store by resourceVersion.
func (m ConfigMap) Save(ctx context.Context, text []byte, version string) error {
	client, err := m.Cluster.client("ConfigMap", m.Namespace)
	if err != nil {
		return err
	}
	object := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap",
		"metadata": map[string]any{"name": HistoryName, "namespace": m.Namespace, "labels": map[string]any{RecordLabel: RecordValue, "app.kubernetes.io/managed-by": FieldManager}},
		"data":     map[string]any{HistoryKey: string(text)},
	}}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if version == "" {
		_, err = client.Create(ctx, object, metav1.CreateOptions{FieldManager: FieldManager})
	} else {
		object.SetResourceVersion(version)
		_, err = client.Update(ctx, object, metav1.UpdateOptions{FieldManager: FieldManager})
	}
	if apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err) {
		return ErrChanged
	}
	return m.Cluster.explain("write the history of drift", err)
}

package driftcheck

import (
	"encoding/base64"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// lifeless are metadata that tell where and when, not what.
var lifeless = []string{"uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp", "managedFields", "selfLink", "ownerReferences"}

// notes are annotations that tools keep for themselves; the first one can hold
// a whole Secret.
var notes = []string{"kubectl.kubernetes.io/last-applied-configuration", "deployment.kubernetes.io/revision", "kubectl.kubernetes.io/restartedAt"}

// projection is a copy of what decides: no status, no bookkeeping, and the
// values of Secrets sealed.
func (s *sealer) projection(o *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	o = o.DeepCopy()
	unstructured.RemoveNestedField(o.Object, "status")
	for _, field := range lifeless {
		unstructured.RemoveNestedField(o.Object, "metadata", field)
	}
	for _, note := range notes {
		unstructured.RemoveNestedField(o.Object, "metadata", "annotations", note)
	}
	if len(o.GetAnnotations()) == 0 {
		unstructured.RemoveNestedField(o.Object, "metadata", "annotations")
	}
	if o.GetKind() == "Secret" && o.GroupVersionKind().Group == "" {
		return o, s.sealSecret(o)
	}
	return o, nil
}

// sealSecret joins data and stringData, as the API server does, and seals them.
func (s *sealer) sealSecret(o *unstructured.Unstructured) error {
	sealed := map[string]any{}
	for _, field := range []string{"data", "stringData"} {
		values, _, err := unstructured.NestedMap(o.Object, field)
		if err != nil {
			return fault.Unable("Secret %s/%s: its %s is no map", o.GetNamespace(), o.GetName(), field)
		}
		for key, value := range values {
			text, ok := value.(string)
			if !ok && value != nil {
				return fault.Unable("Secret %s/%s: a value of its %s is no text", o.GetNamespace(), o.GetName(), field)
			}
			if field == "data" {
				raw, err := base64.StdEncoding.DecodeString(text)
				if err != nil {
					return fault.Unable("Secret %s/%s: a value of its data is no base64", o.GetNamespace(), o.GetName())
				}
				text = string(raw)
			}
			sealed[key] = s.seal(text)
		}
	}
	delete(o.Object, "stringData")
	delete(o.Object, "data")
	if len(sealed) > 0 {
		o.Object["data"] = sealed
	}
	return nil
}

// key tells objects of both sides apart; the version of an API is no part of
// it, so that an object in v1 and one in v1beta1 are compared.
type key struct{ group, kind, namespace, name string }

func keyOf(o *unstructured.Unstructured) key {
	return key{o.GroupVersionKind().Group, o.GetKind(), o.GetNamespace(), o.GetName()}
}

// index finds objects by key; one that is there twice is an error.
func index(side Side) (map[key]*unstructured.Unstructured, error) {
	found := make(map[key]*unstructured.Unstructured, len(side.Objects))
	for _, o := range side.Objects {
		if _, doubled := found[keyOf(o)]; doubled {
			return nil, fault.Unable("compare: %s has two of %s", side.Name, describe(o))
		}
		found[keyOf(o)] = o
	}
	return found, nil
}

func describe(o *unstructured.Unstructured) string {
	if o.GetNamespace() == "" {
		return fmt.Sprintf("%s %s", o.GetKind(), o.GetName())
	}
	return fmt.Sprintf("%s %s/%s", o.GetKind(), o.GetNamespace(), o.GetName())
}

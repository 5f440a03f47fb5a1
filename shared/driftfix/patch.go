package driftfix

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// templates are where workloads keep the spec of their pods.
var templates = map[key][]string{
	{group: "apps", kind: "Deployment"}:     {"spec", "template", "spec"},
	{group: "apps", kind: "StatefulSet"}:    {"spec", "template", "spec"},
	{group: "apps", kind: "DaemonSet"}:      {"spec", "template", "spec"},
	{group: "batch", kind: "CronJob"}:       {"spec", "jobTemplate", "spec", "template", "spec"},
	{group: "argoproj.io", kind: "Rollout"}: {"spec", "template", "spec"},
}

// podFields and containerFields say how much a pod may do to its node.
var (
	podFields       = []string{"securityContext", "hostNetwork", "hostPID", "hostIPC", "hostUsers"}
	containerFields = []string{"securityContext"}
)

// operations bring the security of w into h, and nothing else.
func operations(h, w *unstructured.Unstructured) []Operation {
	k := keyOf(h)
	if k.kind == "Namespace" && k.group == "" {
		return standard(h, w)
	}
	path, known := templates[key{group: k.group, kind: k.kind}]
	if !known {
		return nil
	}
	have, _, _ := unstructured.NestedMap(h.Object, path...)
	want, _, _ := unstructured.NestedMap(w.Object, path...)
	at := "/" + strings.Join(path, "/")
	list := fields(at, have, want, podFields)
	for _, kind := range []string{"initContainers", "containers"} {
		list = append(list, containers(at+"/"+kind, have[kind], want[kind])...)
	}
	return list
}

// fields sets or removes those that differ.
func fields(at string, have, want map[string]any, names []string) (list []Operation) {
	for _, name := range names {
		path := at + "/" + escaped(name)
		value, wanted := want[name]
		_, has := have[name]
		switch {
		case reflect.DeepEqual(have[name], value):
		case !wanted:
			list = append(list, Operation{Op: "remove", Path: path})
		case has:
			list = append(list, Operation{"replace", path, value})
		default:
			list = append(list, Operation{"add", path, value})
		}
	}
	return list
}

// containers are the same by their name. A test of the name goes before each
// change: the object may have changed since it was read.
func containers(at string, have, want any) (list []Operation) {
	haves, _ := have.([]any)
	wants, _ := want.([]any)
	for i, one := range haves {
		h, _ := one.(map[string]any)
		for _, other := range wants {
			w, _ := other.(map[string]any)
			if h == nil || w == nil || h["name"] != w["name"] {
				continue
			}
			here := at + "/" + strconv.Itoa(i)
			if changes := fields(here, h, w, containerFields); len(changes) > 0 {
				list = append(append(list, Operation{"test", here + "/name", h["name"]}), changes...)
			}
		}
	}
	return list
}

// standard brings the Pod Security labels of a namespace over.
func standard(h, w *unstructured.Unstructured) []Operation {
	have, want := h.GetLabels(), w.GetLabels()
	names := map[string]bool{}
	haves, wants := map[string]any{}, map[string]any{}
	for name, value := range have {
		names[name], haves[name] = true, value
	}
	for name, value := range want {
		names[name], wants[name] = true, value
	}
	sorted := slices.DeleteFunc(slices.Sorted(maps.Keys(names)), func(name string) bool { return !strings.HasPrefix(name, "pod-security.kubernetes.io/") })
	list := fields("/metadata/labels", haves, wants, sorted)
	if len(list) > 0 && have == nil {
		list = append([]Operation{{"add", "/metadata/labels", map[string]any{}}}, list...)
	}
	return list
}

// apply does to an object what an API server does with a JSON patch, as far as
// this package makes such.
func apply(o *unstructured.Unstructured, list []Operation) error {
	for _, op := range list {
		parts := strings.Split(strings.TrimPrefix(op.Path, "/"), "/")
		var at any = o.Object
		for _, part := range parts[:len(parts)-1] {
			if at = step(at, unescaped(part)); at == nil {
				return fault.Unable("fix %s: %s leads nowhere", o.GetName(), op.Path)
			}
		}
		fields, ok := at.(map[string]any)
		last := unescaped(parts[len(parts)-1])
		switch {
		case !ok:
			return fault.Unable("fix %s: %s is no field", o.GetName(), op.Path)
		case op.Op == "test":
			if fmt.Sprint(fields[last]) != fmt.Sprint(op.Value) {
				return fault.Unable("fix %s: %s is another one", o.GetName(), op.Path)
			}
		case op.Op == "remove":
			delete(fields, last)
		default:
			fields[last] = op.Value
		}
	}
	return nil
}

func step(at any, part string) any {
	switch at := at.(type) {
	case map[string]any:
		return at[part]
	case []any:
		if i, err := strconv.Atoi(part); err == nil && i >= 0 && i < len(at) {
			return at[i]
		}
	}
	return nil
}

package render

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// located is an overlay in which every line that matters is known. The line
// numbers stand at the left of the wants.
var located = Tree{
	"base/kustomization.yaml": []byte(`resources: [gateway.yaml, proxy.yaml]
configMapGenerator:
- name: settings
  literals: [a=b]
`),
	"base/gateway.yaml": []byte(`apiVersion: apps/v1
kind: Deployment
metadata:
  name: gateway
spec:
  template:
    spec:
      securityContext: &context
        runAsUser: 0
      containers:
      - name: gateway
        image: mcp:latest
        env:
        - name: CLAWQL_LOG_LEVEL
          value: debug
        - name: PORT
          value: "8080"
        securityContext:
          <<: *context
          privileged: true
          capabilities:
            add: [SYS_ADMIN]
`),
	"base/proxy.yaml": []byte(`apiVersion: v1
kind: List
items:
- apiVersion: apps/v1
  kind: Deployment
  metadata: {name: gateway-proxy}
  spec: {template: {spec: {hostNetwork: true, containers: [{name: p, image: "nginx:1", env: [{name: A, value: b}]}]}}}
`),
	"o/kustomization.yaml": []byte(`namespace: clawql
resources: [../base]
namePrefix: ""
images:
- name: mcp
  newName: registry/mcp
  newTag: prod
labels:
- pairs: {owner: nobody}
replicas:
- {name: gateway, count: 7}
patches:
- path: patch.yaml
- path: ops.json
  target: {kind: Deployment, name: "gatew.*"}
- patch: |-
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: gateway-proxy}
    spec:
      template:
        spec:
          hostPID: true
`),
	"o/patch.yaml": []byte(`apiVersion: apps/v1
kind: Deployment
metadata: {name: gateway}
spec:
  template:
    spec:
      containers:
      - name: gateway
        env:
        - {name: PANGUARD_PROXY_FAIL_MODE, value: open}
        - {name: PORT, value: "9090"}
`),
	"o/ops.json": []byte(`[
  {"op": "add", "path": "/spec/template/spec/hostIPC", "value": true},
  {"op": "add", "path": "/spec/template/spec/containers/0/env/-",
   "value": {"name": "CLAWQL_ALLOW_NO_ENFORCEMENT", "value": "1"}},
  {"op": "add", "path": "/spec/template/metadata", "value":
    {"annotations": {"a.b/c": "d"}}}
]`),
}

func TestLocate(t *testing.T) {
	rendered := mustRender(t, located, "o")
	gateway := rendered.get(t, "Deployment", "gateway")
	proxy := rendered.get(t, "Deployment", "gateway-proxy")
	spec := "spec template spec "
	env := spec + "containers [name=gateway] env "
	for name, c := range map[string]struct {
		object *unstructured.Unstructured
		path   string
		value  any
		want   string
	}{
		"base sets it":             {gateway, env + "[name=CLAWQL_LOG_LEVEL] value", "debug", "base/gateway.yaml:15"},
		"patch beats base":         {gateway, env + "[name=PORT] value", "9090", "o/patch.yaml:11"},
		"value tells which":        {gateway, env + "[name=PORT] value", "8080", "base/gateway.yaml:17"},
		"any value: last word":     {gateway, env + "[name=PORT] value", nil, "o/patch.yaml:11"},
		"strategic merge patch":    {gateway, env + "[name=PANGUARD_PROXY_FAIL_MODE] value", "open", "o/patch.yaml:10"},
		"json patch, whole path":   {gateway, spec + "hostIPC", true, "o/ops.json:2"},
		"json patch, inside value": {gateway, env + "[name=CLAWQL_ALLOW_NO_ENFORCEMENT] value", "1", "o/ops.json:4"},
		"json patch, by regexp":    {proxy, spec + "hostIPC", true, "o/ops.json:2"},
		"key with dots":            {gateway, "spec template metadata annotations a.b/c", "d", "o/ops.json:6"},
		"inline patch":             {proxy, spec + "hostPID", true, "o/kustomization.yaml:23"},
		"inside a List":            {proxy, spec + "hostNetwork", true, "base/proxy.yaml:7"},
		"image by images:":         {gateway, spec + "containers [name=gateway] image", "registry/mcp:prod", "o/kustomization.yaml:7"},
		"image of another name":    {proxy, spec + "containers [name=p] image", "nginx:1", "base/proxy.yaml:7"},
		"namespace":                {gateway, "metadata namespace", "clawql", "o/kustomization.yaml:1"},
		"label":                    {gateway, "metadata labels owner", "nobody", "o/kustomization.yaml:9"},
		"replicas":                 {gateway, "spec replicas", int64(7), "o/kustomization.yaml:11"},
		"index":                    {gateway, spec + "containers [0] securityContext privileged", true, "base/gateway.yaml:20"},
		"merge key":                {gateway, spec + "containers [name=gateway] securityContext runAsUser", int64(0), "base/gateway.yaml:9"},
		"a list":                   {gateway, spec + "containers [name=gateway] securityContext capabilities add", []any{"SYS_ADMIN"}, "base/gateway.yaml:22"},
		"nobody sets it":           {gateway, spec + "automountServiceAccountToken", nil, "base/gateway.yaml:4"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := rendered.Locate(c.object, strings.Fields(c.path), c.value).String(); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
	for _, object := range rendered.Objects {
		if object.GetKind() == "ConfigMap" {
			if got := rendered.Locate(object, []string{"data", "mode"}, "learning").String(); got != "base/kustomization.yaml:3" {
				t.Errorf("generated ConfigMap at %s", got)
			}
		}
	}
	if got := rendered.Locate(rendered.Object("Service", "absent"), []string{"spec"}, nil).String(); got != "o/kustomization.yaml:1" {
		t.Errorf("absent object at %s", got)
	}
	stranger := &unstructured.Unstructured{Object: map[string]any{"kind": "Role", "metadata": map[string]any{"name": "x"}}}
	if got := rendered.Locate(stranger, []string{"rules"}, nil).String(); got != "o/kustomization.yaml:1" {
		t.Errorf("unknown object at %s", got)
	}
}

// Names that kustomize changes still lead to their manifest.
func TestLocateRenamed(t *testing.T) {
	tree := one("hostPID: true\ncontainers: [{name: a, image: b}]")
	tree["o/kustomization.yaml"] = []byte("resources: [pod.yaml]\nnamePrefix: prod-\nnameSuffix: \"-one\"\n")
	rendered := mustRender(t, tree, "o")
	got := rendered.Locate(rendered.Objects[0], []string{"spec", "hostPID"}, true).String()
	if got != "o/pod.yaml:5" {
		t.Errorf("got %s", got)
	}
}

// A component's patch has the last word over the bases of its overlay.
func TestLocateComponent(t *testing.T) {
	tree := one("containers: [{name: a, image: b}]")
	tree["o/kustomization.yaml"] = []byte("resources: [pod.yaml]\ncomponents: [../c]\n")
	tree["c/kustomization.yaml"] = []byte("apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\npatches:\n- path: p.yaml\n")
	tree["c/p.yaml"] = []byte("apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  hostPID: true\n")
	rendered := mustRender(t, tree, "o")
	if got := rendered.Locate(rendered.Objects[0], []string{"spec", "hostPID"}, true).String(); got != "c/p.yaml:5" {
		t.Errorf("got %s", got)
	}
}

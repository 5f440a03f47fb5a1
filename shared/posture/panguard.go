package posture

import (
	"path"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// Names of the Panguard bridge, the enforcing proxy of upstream's chart
// (mcpProxy.mode: custom). The chart's default, mode nginx, runs nginx in a
// Deployment of the same name and only forwards (S).
const (
	bridgeImage    = "panguard-mcp-bridge"
	bridgeUpstream = "CLAWQL_BRIDGE_UPSTREAM_URL"
)

// proxy judges a Deployment that stands in front of the gateway.
func (j *judge) proxy(w workload) {
	if w.object.GetName() != j.Gateway+"-proxy" {
		return
	}
	var bridges int
	for _, container := range w.spec().members("containers") {
		if isBridge(container) {
			bridges++
			j.bridgeEnv(container)
		}
	}
	if bridges > 0 {
		return
	}
	for _, container := range w.spec().members("containers") {
		container.refuse(PanguardMode, "image", "the Panguard bridge ("+bridgeImage+")",
			"mode nginx forwards and enforces nothing: use mcpProxy.mode: custom, or leave the proxy out")
	}
}

func isBridge(container *place) bool {
	base := path.Base(imageName(container.str("image")))
	return strings.Contains(base, bridgeImage) && len(entries(container, bridgeUpstream)) > 0
}

// panguardConfig judges the ConfigMaps that hold Panguard's policy: those
// labelled so (ours), and any that carries its config.json (S).
func (j *judge) panguardConfig(object *unstructured.Unstructured) {
	if object.GetKind() != "ConfigMap" || object.GetAPIVersion() != "v1" {
		return
	}
	labelled := object.GetLabels()[SecurityConfig] == "panguard-policy"
	root := &place{j: j, on: refTo(object), fields: object.Object}
	data := root.in("data")
	for _, key := range sortedKeys(data.fields) {
		text := data.str(key)
		mode, fail := modesIn(key, text)
		weak := weakModes[mode] || labelled && mode != "" && mode != "protection"
		if (labelled || key == "config.json" || strings.Contains(strings.ToLower(root.on.Name), "panguard")) && (weak || fail == "open") {
			data.refuse(PanguardMode, key, "mode protection, fail mode closed", "weaker modes block nothing")
		}
	}
	if labelled && len(root.in("binaryData").fields) > 0 {
		root.refuse(PanguardMode, "binaryData", "unset", "put the policy under data:, where it can be judged")
	}
}

// modesIn reads the guard mode and the fail mode that one key of a ConfigMap
// sets: as the key itself, or inside a JSON or YAML document.
func modesIn(key, text string) (mode, fail string) {
	plain := strings.ToLower(strings.TrimSpace(text))
	switch normal(key) {
	case "mode", "guardmode", "panguardmode":
		return plain, ""
	case "failmode", "panguardproxyfailmode":
		return "", plain
	}
	var document map[string]any
	if yaml.Unmarshal([]byte(text), &document) != nil {
		return "", ""
	}
	for name, value := range document {
		word, _ := value.(string)
		switch word = strings.ToLower(strings.TrimSpace(word)); normal(name) {
		case "mode", "guardmode":
			mode = word
		case "failmode":
			fail = word
		}
	}
	return mode, fail
}

func normal(key string) string {
	return strings.NewReplacer("-", "", "_", "", ".", "").Replace(strings.ToLower(key))
}

package posture

import (
	"encoding/json"
	"math/rand"
	"reflect"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// choices are values for the fields of a pod that matter, good and bad ones.
// The first of each is "leave it out".
var choices = map[string][]string{
	"pod hostNetwork":                   {"", "true", "false", "null"},
	"pod hostPID":                       {"", "true", "false"},
	"pod hostUsers":                     {"", "true", "false"},
	"pod os":                            {"", `{"name":"linux"}`, `{"name":"windows"}`},
	"pod automountServiceAccountToken":  {"", "true", "false"},
	"pod terminationGracePeriodSeconds": {"", "0", "1", "600"},
	"pod volumes":                       {"", `[{"name":"v"}]`, `[{"name":"v","hostPath":{"path":"/"}}]`, `[{"name":"tmp-clawql-mcp-http","secret":{"secretName":"s"}}]`, `[{"name":"v","nfs":{"server":"a","path":"/"}}]`},
	"podctx runAsNonRoot":               {"", "true", "false"},
	"podctx runAsUser":                  {"", "0", "1000"},
	"podctx seccompProfile":             {"", `{}`, `{"type":"Unconfined"}`, `{"type":"RuntimeDefault"}`, `{"type":"Localhost","localhostProfile":"a"}`},
	"podctx sysctls":                    {"", `[{"name":"kernel.msgmax","value":"1"}]`, `[{"name":"net.ipv4.tcp_rmem","value":"1"}]`},
	"podctx appArmorProfile":            {"", `{"type":"Unconfined"}`, `{"type":"RuntimeDefault"}`},
	"podctx seLinuxOptions":             {"", `{"type":"container_t"}`, `{"type":"x_t"}`, `{"user":"u"}`},
	"podctx windowsOptions":             {"", `{"hostProcess":true}`, `{}`},
	"ctx privileged":                    {"", "true", "false"},
	"ctx allowPrivilegeEscalation":      {"", "true", "false"},
	"ctx readOnlyRootFilesystem":        {"", "true", "false"},
	"ctx runAsNonRoot":                  {"", "true", "false"},
	"ctx runAsUser":                     {"", "0", "7"},
	"ctx capabilities":                  {"", `{}`, `{"drop":["ALL"]}`, `{"drop":["KILL"]}`, `{"add":["NET_BIND_SERVICE"]}`, `{"add":["SYS_PTRACE"]}`, `{"drop":["all"]}`},
	"ctx seccompProfile":                {"", `{}`, `{"type":"Unconfined"}`, `{"type":"RuntimeDefault"}`},
	"ctx procMount":                     {"", `"Default"`, `"Unmasked"`},
	"ctr ports":                         {"", `[{"containerPort":80,"hostPort":80}]`, `[{"containerPort":80}]`},
	"ctr env":                           {"", `[{"name":"CLAWQL_LOG_LEVEL","value":"debug"}]`, `[{"name":"CLAWQL_HOME","value":"/x"}]`, `[{"name":"PANGUARD_PROXY_FAIL_MODE","value":"closed"}]`},
	"ctr envFrom":                       {"", `[{"secretRef":{"name":"s"}}]`},
	"ctr livenessProbe":                 {"", `{"tcpSocket":{"host":"h","port":1}}`, `{"tcpSocket":{"port":1}}`},
	"ctr lifecycle":                     {"", `{"preStop":{"sleep":{"seconds":1}}}`, `{"postStart":{"httpGet":{"host":"h","port":1}}}`},
	"ctr volumeMounts":                  {"", `[{"name":"v","mountPath":"/tmp"}]`},
}

// anyOverlay draws an overlay with an init container beside the gateway; few
// fields are drawn when sparse, so that whole overlays are good now and then.
func anyOverlay(t testing.TB, random *rand.Rand, sparse bool) []*unstructured.Unstructured {
	pick := func(part string) map[string]any {
		fields := map[string]any{}
		for _, key := range sortedKeys(choices) {
			name, of := strings.CutPrefix(key, part)
			if !of || sparse && random.Intn(8) > 0 {
				continue
			}
			if raw := choices[key][random.Intn(len(choices[key]))]; raw != "" {
				fields[name] = decode(t, raw)
			}
		}
		return fields
	}
	newContainer := func(name string) map[string]any {
		container := pick("ctr ")
		container["name"], container["image"] = name, "a@sha256:"+hex64
		if context := pick("ctx "); len(context) > 0 {
			container["securityContext"] = context
		}
		return container
	}
	pod := pick("pod ")
	pod["securityContext"] = pick("podctx ")
	pod["containers"] = []any{newContainer(gateway)}
	pod["initContainers"] = []any{newContainer("init")}
	objects := parse(t, plain)
	objects[0].Object["spec"].(map[string]any)["template"].(map[string]any)["spec"] = pod
	return objects
}

func decode(t testing.TB, raw string) any {
	t.Helper()
	object := parse(t, "kind: X\nvalue: "+raw)
	return object[0].Object["value"]
}

// For any overlay: hardening does not depend on anything but the input; a
// result without violations is admitted by Kubernetes' evaluator at the level
// that the namespace gets; and hardening it again changes nothing.
func TestHardenProperties(t *testing.T) {
	random, good := rand.New(rand.NewSource(20261123)), 0
	for i := 0; i < 600; i++ {
		objects := anyOverlay(t, random, i%2 == 0)
		var excepted []string
		for _, control := range Controls() {
			if i%3 == 0 && random.Intn(6) == 0 {
				excepted = append(excepted, control.ID)
			}
		}
		result := Harden(objects, settings(excepted...))
		if again := Harden(objects, settings(excepted...)); !reflect.DeepEqual(again, result) {
			t.Fatalf("two results for one input: %s", dump(objects))
		}
		if len(result.Violations) > 0 {
			continue
		}
		good++
		admitted(t, result)
		again := Harden(result.Objects, settings(excepted...))
		if len(again.Violations) > 0 || !reflect.DeepEqual(again.Objects, result.Objects) {
			t.Fatalf("not stable, excepted %v, violations %+v\ninput %s\nonce %s\ntwice %s",
				excepted, again.Violations, dump(objects), dump(result.Objects), dump(again.Objects))
		}
		if t.Failed() {
			t.Fatalf("input %s", dump(objects))
		}
	}
	if good < 60 {
		t.Errorf("only %d of 600 overlays were good: the test says little", good)
	}
}

// Our own checks find whatever Pod Security finds, at a field: no violation
// comes from the evaluator alone.
func TestOurChecksAgreeWithKubernetes(t *testing.T) {
	random := rand.New(rand.NewSource(7))
	for i := 0; i < 600; i++ {
		objects := anyOverlay(t, random, i%2 == 0)
		for _, v := range Harden(objects, settings()).Violations {
			if v.Allowed == admissible {
				t.Fatalf("only Kubernetes saw it: %+v\n%s", v, dump(objects))
			}
		}
	}
}

// Any value in any place, of any type: nothing crashes, and what is called
// good is admitted.
func TestHardenSurvivesAnything(t *testing.T) {
	random := rand.New(rand.NewSource(99))
	strange := []any{nil, int64(0), 1.5, "x", true, []any{}, []any{nil}, map[string]any{}, []any{map[string]any{"name": int64(1)}}}
	for i := 0; i < 2000; i++ {
		objects := anyOverlay(t, random, true)
		for range 1 + random.Intn(3) {
			disturb(objects[random.Intn(2)].Object, random, strange)
		}
		before := dump(objects)
		result := Harden(objects, settings())
		CanaryTwin(result.Objects, settings())
		if dump(objects) != before {
			t.Fatalf("input changed: %s", before)
		}
		if len(result.Violations) == 0 {
			admitted(t, result)
		}
		if t.Failed() {
			t.Fatal(before)
		}
	}
}

// disturb puts a strange value somewhere below node.
func disturb(node map[string]any, random *rand.Rand, strange []any) {
	for _, key := range sortedKeys(node) {
		below, deeper := node[key].(map[string]any)
		if list, ok := node[key].([]any); ok && len(list) > 0 {
			below, deeper = list[random.Intn(len(list))].(map[string]any)
		}
		switch {
		case deeper && random.Intn(3) > 0:
			disturb(below, random, strange)
			return
		case random.Intn(4) == 0 && key != "kind" && key != "apiVersion":
			node[key] = strange[random.Intn(len(strange))]
			return
		}
	}
}

func dump(objects []*unstructured.Unstructured) string {
	raw, err := json.Marshal(objects)
	if err != nil {
		return err.Error()
	}
	return string(raw)
}

// FuzzHarden feeds any JSON in as a pod template, as a whole object, and as
// settings of a network policy. Nothing may crash or change the input, and a
// result that is called good must be admitted.
func FuzzHarden(f *testing.F) {
	for _, seed := range []string{
		`{}`, `null`, `{"spec":null}`, `{"spec":{"containers":[null,{"name":1}],"volumes":[{}]}}`,
		`{"spec":{"containers":[{"env":{"a":1},"securityContext":[],"ports":"x"}],"securityContext":"x"}}`,
		`{"metadata":{"labels":[],"annotations":{"a":1}},"spec":{"containers":{},"initContainers":[[]]}}`,
		`{"spec":{"ingress":[null,{"from":[null,{}]}],"podSelector":[]}}`,
		`{"items":[{"kind":"Pod"},1]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, kind := range []string{"Pod", "Deployment", "CronJob", "NetworkPolicy", "ConfigMap", "Service", "Namespace", "List", "Widget"} {
			wrapped := []byte(`{"kind":"` + kind + `","apiVersion":"v1","metadata":{"name":"clawql-mcp-http"}}`)
			whole := &unstructured.Unstructured{}
			if whole.UnmarshalJSON(wrapped) != nil {
				return
			}
			part := &unstructured.Unstructured{}
			if part.UnmarshalJSON(append(append([]byte(`{"kind":"x","part":`), raw...), '}')) != nil {
				return
			}
			if fields, ok := part.Object["part"].(map[string]any); ok {
				for key, value := range fields {
					if key != "kind" && key != "apiVersion" {
						whole.Object[key] = value
					}
				}
			}
			template := whole.DeepCopy()
			template.Object["spec"] = map[string]any{"template": part.Object["part"]}
			for _, tried := range []*unstructured.Unstructured{whole, template} {
				input := append(parse(t, plain)[1:], tried)
				before := dump(input)
				result := Harden(input, settings())
				CanaryTwin(result.Objects, settings())
				if dump(input) != before {
					t.Fatalf("input changed: %s", before)
				}
				if len(result.Violations) == 0 {
					admitted(t, result)
				}
			}
		}
	})
}

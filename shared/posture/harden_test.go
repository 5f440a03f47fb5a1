package posture

import (
	"reflect"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const c = "spec template spec containers [clawql-mcp-http] "

// What the overlay leaves out is set.
func TestDefaultsAreSet(t *testing.T) {
	result := Harden(overlay{}.build(t), settings()).clean(t)
	deployment := result.get(t, "Deployment", gateway)
	for path, want := range map[string]any{
		"spec template spec securityContext runAsNonRoot":        true,
		"spec template spec securityContext seccompProfile type": "RuntimeDefault",
		"spec template spec automountServiceAccountToken":        false,
		"spec template spec terminationGracePeriodSeconds":       int64(330),
		"spec strategy rollingUpdate maxSurge":                   int64(1),
		"spec strategy rollingUpdate maxUnavailable":             int64(0),
		"spec template metadata labels clawql.io/gateway":        gateway,
		"spec template metadata labels clawql.io/track":          "stable",
		"spec template metadata labels clawql.io/deploy":         "3",
		"spec template metadata labels app":                      gateway,
		"spec template metadata labels owner":                    "ana",
		"spec template metadata labels version":                  "v1.2.3",
		"metadata labels environment":                            "production",
		c + "securityContext allowPrivilegeEscalation":           false,
		c + "securityContext readOnlyRootFilesystem":             true,
		c + "securityContext runAsUser":                          int64(65532),
		c + "securityContext runAsGroup":                         int64(65532),
		c + "env [CLAWQL_LOG_LEVEL] value":                       "info",
		c + "env [CLAWQL_PANGUARD_PROXY_PLUGIN] value":           "1",
		c + "env [CLAWQL_PANGUARD_IN_PROCESS] value":             "1",
		c + "env [PANGUARD_PROXY_FAIL_MODE] value":               "closed",
		c + "env [CLAWQL_HOME] value":                            "/var/lib/clawql",
		c + "env [CLAWQL_STATE_DIR] value":                       "/var/lib/clawql",
		c + "volumeMounts [clawql-state] mountPath":              "/var/lib/clawql",
		c + "volumeMounts [tmp-clawql-mcp-http] mountPath":       "/tmp",
		c + "lifecycle preStop sleep":                            map[string]any{"seconds": int64(5)},
		c + "securityContext capabilities drop":                  []any{"ALL"},
		"spec selector matchLabels":                              map[string]any{"app": gateway}, // immutable
		"spec template spec volumes":                             []any{empty("tmp-clawql-mcp-http"), empty("clawql-state")},
	} {
		if got := at(t, deployment, path); !reflect.DeepEqual(got, want) {
			t.Errorf("%s = %v, want %v", path, got, want)
		}
	}
	namespace := result.get(t, "Namespace", "clawql")
	if got := namespace.GetLabels()["pod-security.kubernetes.io/enforce"]; got != "restricted" || result.PodSecurityLevel != "restricted" {
		t.Errorf("enforced: %q, level %q", got, result.PodSecurityLevel)
	}
	if got := kinds(result.Objects); got != "Namespace NetworkPolicy NetworkPolicy Deployment Service" {
		t.Errorf("order of objects: %s", got)
	}
	admitted(t, result)
}

func empty(name string) map[string]any {
	return map[string]any{"name": name, "emptyDir": map[string]any{}}
}

func kinds(objects []*unstructured.Unstructured) string {
	var all []string
	for _, object := range objects {
		all = append(all, object.GetKind())
	}
	return strings.Join(all, " ")
}

// What the overlay sets securely is kept, also when it is not what we would
// have set.
func TestSecureIsKept(t *testing.T) {
	for name, o := range map[string]overlay{
		"another user":             {pod: "securityContext: {runAsUser: 1000, runAsGroup: 1000, fsGroup: 1000}"},
		"user of the container":    {container: "securityContext: {runAsUser: 1000}"},
		"node's seccomp profile":   {pod: "securityContext: {seccompProfile: {type: Localhost, localhostProfile: a.json}}"},
		"bind to low ports":        {container: "securityContext: {capabilities: {drop: [ALL], add: [NET_BIND_SERVICE]}}"},
		"safe sysctl":              {pod: `securityContext: {sysctls: [{name: net.ipv4.tcp_syncookies, value: "1"}]}`},
		"AppArmor of the node":     {pod: "securityContext: {appArmorProfile: {type: RuntimeDefault}}"},
		"linux":                    {pod: "os: {name: linux}"},
		"explicit false":           {pod: "hostNetwork: false\nhostPID: false", container: "securityContext: {privileged: false, allowPrivilegeEscalation: false}"},
		"null is unset":            {pod: "automountServiceAccountToken: null\nsecurityContext: null", container: "securityContext: null"},
		"tag before the digest":    {container: `image: "registry.example:5000/a/mcp:v1@sha256:` + hex64 + `"`},
		"token with a reason":      {pod: "automountServiceAccountToken: true\nvolumes: [{name: t, projected: {sources: [{serviceAccountToken: {path: t}}]}}]", deployment: "spec: {template: {metadata: {annotations: {clawql.io/service-account-token: reads its own quota}}}}"},
		"info":                     {container: "env: [{name: CLAWQL_LOG_LEVEL, value: info}]"},
		"empty no-enforcement":     {container: `env: [{name: CLAWQL_ALLOW_NO_ENFORCEMENT, value: ""}]`},
		"heap size":                {container: `env: [{name: NODE_OPTIONS, value: "--max-old-space-size=3072"}]`},
		"one state folder":         {container: "env: [{name: CLAWQL_HOME, value: /state}]"},
		"same state folder twice":  {container: "env: [{name: CLAWQL_HOME, value: /state}, {name: CLAWQL_STATE_DIR, value: /state/}]"},
		"surge in percent":         {deployment: `spec: {strategy: {rollingUpdate: {maxSurge: 25%}}}`},
		"no surge":                 {deployment: `spec: {strategy: {rollingUpdate: {maxSurge: 0}}}`},
		"short grace":              {pod: "terminationGracePeriodSeconds: 10"},
		"own drain":                {container: "lifecycle: {preStop: {httpGet: {path: /drain, port: 8080}}}"},
		"narrow policy":            {objects: policyWith("p", "podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {app: x}}}], ports: [{port: 80}]}]")},
		"own default-deny":         {objects: policyWith("default-deny", "podSelector: {}, policyTypes: [Egress, Ingress]")},
		"DNS anywhere":             {objects: policyWith("p", "podSelector: {}, egress: [{ports: [{port: 53, protocol: UDP}]}]")},
		"public HTTPS":             {objects: policyWith("p", "podSelector: {}, egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 169.254.0.0/16]}}], ports: [{port: 443}]}]")},
		"pinned recent version":    {objects: "apiVersion: v1\nkind: Namespace\nmetadata: {name: clawql, labels: {pod-security.kubernetes.io/enforce-version: v1.35}}"},
		"enforcing bridge":         {objects: strings.ReplaceAll(other("Deployment", `containers: [{name: b, image: "x/clawql-panguard-mcp-bridge@sha256:`+hex64+`", env: [{name: CLAWQL_BRIDGE_UPSTREAM_URL, value: x}]}]`), "name: other", "name: clawql-mcp-http-proxy")},
		"protecting policy map":    {objects: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: p, namespace: clawql, labels: {clawql.io/security-config: panguard-policy}}\ndata: {mode: protection, failMode: closed, blocked-tools.json: '[\"shell_exec\"]'}"},
		"a mode of something else": {objects: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: p, namespace: clawql}\ndata: {mode: learning}"},
		"another owner":            {deployment: "metadata: {labels: {owner: ben}}"},
		"no namespace on objects":  {deployment: "metadata: {namespace: null}"},
		"a Job":                    {objects: "apiVersion: batch/v1\nkind: Job\nmetadata: {name: j, namespace: clawql}\nspec: {template: {spec: {restartPolicy: Never, containers: [{name: j, " + goodImage + "}]}}}"},
		"claims":                   {pod: "volumes: [{name: v, persistentVolumeClaim: {claimName: v}}, {name: s, secret: {secretName: s}}]"},
	} {
		t.Run(name, func(t *testing.T) {
			result := Harden(o.build(t), settings()).clean(t)
			admitted(t, result)
			again := Harden(result.Objects, settings()).clean(t)
			if !reflect.DeepEqual(again.Objects, result.Objects) {
				t.Errorf("hardening twice changes objects")
			}
			for _, action := range again.Actions {
				if action.Kind != Kept {
					t.Errorf("hardening twice says %+v", action)
				}
			}
		})
	}
}

func TestWeakerListsAreReplaced(t *testing.T) {
	result := Harden(overlay{container: "securityContext: {capabilities: {drop: [NET_RAW]}}"}.build(t), settings()).clean(t)
	if got := at(t, result.get(t, "Deployment", gateway), c+"securityContext capabilities drop"); !reflect.DeepEqual(got, []any{"ALL"}) {
		t.Errorf("drop %v", got)
	}
	for _, action := range result.Actions {
		if action.Control == Capabilities && (action.Kind != Set || action.From != `["NET_RAW"]`) {
			t.Errorf("%+v", action)
		}
	}
}

// A ConfigMap that is loaded whole cannot switch enforcement off: an explicit
// variable wins, and one is there.
func TestEnvFromCannotWin(t *testing.T) {
	result := Harden(overlay{container: "envFrom: [{configMapRef: {name: sly}}]"}.build(t), settings()).clean(t)
	deployment := result.get(t, "Deployment", gateway)
	for name, want := range map[string]string{"CLAWQL_ALLOW_NO_ENFORCEMENT": "", "CLAWQL_LOG_LEVEL": "info", "PANGUARD_PROXY_FAIL_MODE": "closed"} {
		if got := at(t, deployment, c+"env ["+name+"] value"); got != want {
			t.Errorf("%s = %v, want %q", name, got, want)
		}
	}
}

// Init containers, sidecars and other workloads are hardened too, but get
// nothing that is the gateway's.
func TestOtherContainers(t *testing.T) {
	o := overlay{
		pod:     "initContainers: [{name: i, " + goodImage + "}]",
		objects: other("StatefulSet", "containers: [{name: o, "+goodImage+"}]"),
	}
	result := Harden(o.build(t), settings()).clean(t)
	admitted(t, result)
	set := result.get(t, "StatefulSet", "other")
	if at(t, set, "spec template spec containers [o] env") != nil || at(t, set, "spec template metadata labels clawql.io/gateway") != nil {
		t.Error("another workload got the gateway's environment or label")
	}
	if got := at(t, set, "spec template spec containers [o] volumeMounts [tmp-o] mountPath"); got != "/tmp" {
		t.Errorf("mounted %v", got)
	}
	if got := at(t, result.get(t, "Deployment", gateway), "spec template spec initContainers [i] securityContext readOnlyRootFilesystem"); got != true {
		t.Errorf("init container: %v", got)
	}
}

// A Job's template cannot change, so nothing that differs from deploy to
// deploy goes into it.
func TestJobTemplateIsStable(t *testing.T) {
	job := "apiVersion: batch/v1\nkind: Job\nmetadata: {name: j, namespace: clawql}\nspec: {template: {spec: {containers: [{name: j, " + goodImage + "}]}}}"
	first, second := settings(), settings()
	second.Deploy, second.Version = 4, "v2"
	a := Harden(overlay{objects: job}.build(t), first).get(t, "Job", "j")
	b := Harden(overlay{objects: job}.build(t), second).get(t, "Job", "j")
	if !reflect.DeepEqual(a.Object["spec"], b.Object["spec"]) {
		t.Error("the Job's spec differs between two deploys")
	}
	if b.GetLabels()["version"] != "v2" {
		t.Errorf("the Job itself is labelled %v", b.GetLabels())
	}
}

func TestInputIsNotMutated(t *testing.T) {
	for _, a := range allAttacks() {
		input, before := a.build(t), a.build(t)
		Harden(input, settings())
		CanaryTwin(input, settings())
		if !reflect.DeepEqual(input, before) {
			t.Errorf("%s: the input changed", a.name)
		}
	}
}

func TestTakenVolumeNames(t *testing.T) {
	o := overlay{pod: "volumes: [{name: clawql-state, secret: {secretName: s}}, {name: bare}]"}
	result := Harden(o.build(t), settings()).clean(t)
	if got := at(t, result.get(t, "Deployment", gateway), c+"volumeMounts [clawql-state-2] mountPath"); got != "/var/lib/clawql" {
		t.Errorf("mounted %v", got)
	}
	admitted(t, result)
}

func TestStateDirFollowsTheOverlay(t *testing.T) {
	result := Harden(overlay{
		container: "env: [{name: CLAWQL_STATE_DIR, value: /data/state}]\nvolumeMounts: [{name: d, mountPath: /data}]",
		pod:       "volumes: [{name: d, persistentVolumeClaim: {claimName: d}}]",
	}.build(t), settings()).clean(t)
	deployment := result.get(t, "Deployment", gateway)
	if got := at(t, deployment, c+"env [CLAWQL_HOME] value"); got != "/data/state" {
		t.Errorf("CLAWQL_HOME = %v", got)
	}
	if mounts := at(t, deployment, c+"volumeMounts").([]any); len(mounts) != 2 { // /data, /tmp
		t.Errorf("mounts %v", mounts)
	}
}

func TestOwnerIsWanted(t *testing.T) {
	s := settings()
	s.Owner = ""
	result := Harden(overlay{}.build(t), s)
	if len(result.Violations) != 1 || FieldString(result.Violations[0].Field) != "spec.template.metadata.labels.owner" {
		t.Errorf("%+v", result.Violations)
	}
	Harden(overlay{deployment: "spec: {template: {metadata: {labels: {owner: ben}}}}"}.build(t), s).clean(t)
}

func TestGatewayIsWanted(t *testing.T) {
	for name, objects := range map[string]string{
		"nothing":         "",
		"no Service":      strings.Split(plain, "\n---\n")[0],
		"no Deployment":   strings.Split(plain, "\n---\n")[1],
		"a StatefulSet":   strings.Replace(plain, "kind: Deployment", "kind: StatefulSet", 1),
		"another group":   strings.Replace(plain, "apps/v1", "apps.example/v1", 1),
		"selects others":  strings.Replace(plain, "selector: {app: clawql-mcp-http}", "selector: {app: x}", 1),
		"selects by hand": strings.Replace(plain, "selector: {app: clawql-mcp-http}, ", "", 1),
		"leads outside":   strings.Replace(plain, "type: LoadBalancer, selector: {app: clawql-mcp-http}", "type: ExternalName, externalName: evil.example", 1),
	} {
		result := Harden(parse(t, objects), settings())
		if len(result.Violations) == 0 || result.Violations[0].Control != GatewayShape {
			t.Errorf("%s: %+v", name, result.Violations)
		}
	}
}

func TestLabelValues(t *testing.T) {
	for text, want := range map[string]string{
		"v1.2.3": "v1.2.3", "sha256:" + hex64: ("sha256-" + hex64)[:63], "Ana Ö": "Ana", "-x-": "x", "": "", "日本": "",
	} {
		if got := labelValue(text); got != want {
			t.Errorf("labelValue(%q) = %q, want %q", text, got, want)
		}
	}
}

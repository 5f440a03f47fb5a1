package driftjob

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/project"
)

const digest = "registry.example.com/clawql/drift@sha256:4b1c0f5e2d8a7c6b9e3f1a0d5c4b3a29181706f5e4d3c2b1a09f8e7d6c5b4a39"

func good() Spec {
	return Spec{
		Image: digest, From: "staging", To: "production", FromContext: "stage", ToContext: "prod", Args: []string{"--map-namespace", "a=b"},
		Project: []byte("kind: Project\n"), KubeconfigSecret: "clawql-drift-staging",
		Alerts: []project.Alert{
			{Name: "pager", Severities: []string{"critical"}, URLFrom: project.URLFrom{Env: "CLAWQL_ALERT_PAGER"}},
			{Name: "chat", Severities: []string{"high"}, URLFrom: project.URLFrom{File: AlertsFolder + "/chat"}},
			{Name: "chat2", Severities: []string{"info"}, URLFrom: project.URLFrom{File: AlertsFolder + "/chat"}},
		},
		Server:         netip.MustParseAddrPort("10.96.0.1:443"),
		Egress:         []project.Egress{{CIDR: "203.0.113.0/24", Ports: []int32{443}}},
		APIServer:      []netip.AddrPort{netip.MustParseAddrPort("10.0.0.1:6443"), netip.MustParseAddrPort("[fd00::1]:6443")},
		Namespaces:     map[string][]string{"stage": {"clawql-staging"}, "prod": {"clawql"}},
		NamespaceRules: []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"secrets"}, Verbs: []string{"list"}}},
		ClusterRules:   []rbacv1.PolicyRule{{APIGroups: []string{"rbac.authorization.k8s.io"}, Resources: []string{"clusterroles"}, Verbs: []string{"list"}}},
		HistoryName:    "clawql-drift-history", HistoryLabel: [2]string{"clawql.io/record", "drift-history"},
	}
}

func find[T any](t *testing.T, list []*unstructured.Unstructured, kind, name string) *T {
	t.Helper()
	for _, o := range list {
		if o.GetKind() == kind && o.GetName() == name {
			into := new(T)
			if err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(o.Object, into, true); err != nil {
				t.Fatal(err)
			}
			return into
		}
	}
	t.Fatalf("no %s %s", kind, name)
	return nil
}

// Both CronJobs, as an API server that enforces `restricted` would judge them.
func TestPodsAreRestricted(t *testing.T) {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{Name, CheckName} {
		job := find[batchv1.CronJob](t, good().Job(), "CronJob", name)
		template := job.Spec.JobTemplate.Spec.Template
		for _, result := range evaluator.EvaluatePod(api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}, &template.ObjectMeta, &template.Spec) {
			if !result.Allowed {
				t.Errorf("%s: %s: %s", name, result.ForbiddenReason, result.ForbiddenDetail)
			}
		}
		container := template.Spec.Containers[0]
		if container.Image != digest || !*container.SecurityContext.ReadOnlyRootFilesystem || *template.Spec.AutomountServiceAccountToken {
			t.Errorf("%s: %+v", name, container)
		}
		if job.Spec.ConcurrencyPolicy != batchv1.ForbidConcurrent || job.Spec.StartingDeadlineSeconds == nil || *job.Spec.TimeZone != "Etc/UTC" {
			t.Errorf("%s: %+v", name, job.Spec)
		}
		if slices.Contains(container.Args, "--check-only") != (name == CheckName) || !strings.HasPrefix(strings.Join(container.Args, " "), "run --from staging --to production --history prod/clawql-drift ") {
			t.Errorf("%s: %q", name, container.Args)
		}
		if got := container.Env[0].Value; got != "/etc/clawql/kubeconfig:/etc/clawql-other/kubeconfig" || container.Env[1].ValueFrom.SecretKeyRef.Key != "CLAWQL_ALERT_PAGER" || len(container.Env) != 2 {
			t.Errorf("%s: %+v", name, container.Env)
		}
	}
}

// What the run may do: list, and write one ConfigMap.
func TestRightsAreToReadAndOneConfigMap(t *testing.T) {
	for _, o := range append(good().Reader("stage"), good().Job()...) {
		if o.GetKind() != "Role" && o.GetKind() != "ClusterRole" {
			continue
		}
		role := find[rbacv1.Role](t, []*unstructured.Unstructured{o}, o.GetKind(), o.GetName())
		for _, rule := range role.Rules {
			writes := slices.ContainsFunc(rule.Verbs, func(v string) bool { return v != "list" && v != "get" })
			if writes && (role.Namespace != Namespace || !slices.Equal(rule.ResourceNames, []string{"clawql-drift-history"}) || !slices.Equal(rule.Verbs, []string{"get", "update"})) {
				t.Errorf("%s: %+v", role.Name, rule)
			}
		}
	}
	bound := find[rbacv1.RoleBinding](t, good().Reader("stage"), "RoleBinding", "clawql-drift")
	if bound.Namespace != "clawql-staging" || bound.Subjects[0].Namespace != Namespace {
		t.Errorf("%+v", bound)
	}
}

// Both clusters have the same reader, apart from the namespaces.
func TestReadersAreEqual(t *testing.T) {
	text := func(context string) string {
		all, err := json.Marshal(good().Reader(context))
		if err != nil {
			t.Fatal(err)
		}
		return strings.NewReplacer("clawql-staging", "X", `"namespace":"clawql"`, `"namespace":"X"`).Replace(string(all))
	}
	if text("stage") != text("prod") {
		t.Errorf("%s\n%s", text("stage"), text("prod"))
	}
}

func TestNetworkIsClosedButForWhatIsNamed(t *testing.T) {
	deny := find[networkingv1.NetworkPolicy](t, good().Job(), "NetworkPolicy", "default-deny")
	if len(deny.Spec.PolicyTypes) != 2 || len(deny.Spec.Egress)+len(deny.Spec.Ingress) != 0 || len(deny.Spec.PodSelector.MatchLabels) != 0 {
		t.Errorf("%+v", deny.Spec)
	}
	var to []string
	for _, rule := range find[networkingv1.NetworkPolicy](t, good().Job(), "NetworkPolicy", Name).Spec.Egress {
		if len(rule.To) == 0 || len(rule.Ports) == 0 {
			t.Errorf("open: %+v", rule)
		}
		if block := rule.To[0].IPBlock; block != nil {
			to = append(to, block.CIDR+" "+rule.Ports[0].Port.String())
		}
	}
	if want := []string{"10.0.0.1/32 6443", "fd00::1/128 6443", "203.0.113.0/24 443"}; !slices.Equal(to, want) {
		t.Errorf("%q, want %q", to, want)
	}
}

// An apply must not empty the history, nor carry fields of the server.
func TestAppliedObjectsAreBare(t *testing.T) {
	for _, o := range append(good().Reader("prod"), good().Job()...) {
		text, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "null") || strings.Contains(string(text), `"status"`) || o.GetLabels()["app.kubernetes.io/managed-by"] != ManagedBy {
			t.Errorf("%s", text)
		}
		if _, has := o.Object["data"]; has && o.GetName() == "clawql-drift-history" {
			t.Errorf("the history is written over: %s", text)
		}
	}
}

func TestCheck(t *testing.T) {
	if err := good().Check(); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(good().SecretKeys(), " "); got != "CLAWQL_ALERT_PAGER chat" {
		t.Errorf("%q", got)
	}
	one := func(s *Spec) { s.FromContext, s.KubeconfigSecret = s.ToContext, "" }
	for name, c := range map[string]struct {
		change func(*Spec)
		fails  string
	}{
		"one cluster":        {one, ""},
		"a tag":              {func(s *Spec) { s.Image = "registry.example.com/drift:v1" }, "no image by digest"},
		"tag and digest":     {func(s *Spec) { s.Image = "registry.example.com/drift:v1@sha256:" + strings.Repeat("a", 64) }, ""},
		"no image":           {func(s *Spec) { s.Image = "" }, "no image by digest"},
		"no kubeconfig":      {func(s *Spec) { s.KubeconfigSecret = "" }, "needs a kubeconfig"},
		"no API server":      {func(s *Spec) { s.APIServer = nil }, "not known"},
		"nobody is told":     {func(s *Spec) { s.Alerts = nil }, "would tell nobody"},
		"nobody of critical": {func(s *Spec) { s.Alerts = s.Alerts[1:] }, "would tell nobody"},
		"closed":             {func(s *Spec) { s.Egress = nil }, "drift.egress is empty"},
		"a file elsewhere":   {func(s *Spec) { s.Alerts[1].URLFrom.File = "/home/me/url" }, "which is not there in the cluster"},
		"a file below":       {func(s *Spec) { s.Alerts[1].URLFrom.File = AlertsFolder + "/a/../../b" }, "which is not there in the cluster"},
	} {
		s := good()
		c.change(&s)
		err := s.Check()
		if (err == nil) != (c.fails == "") || err != nil && (!strings.Contains(err.Error(), c.fails) || fault.Code(err) == fault.CodeNo) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Another account, or one without Secrets, takes nothing from the schedule's.
func TestOtherReadersHaveNamesOfTheirOwn(t *testing.T) {
	names := func(r Reader) (all []string) {
		r.Namespaces = []string{"clawql"}
		for _, o := range r.Objects() {
			all = append(all, o.GetKind()+" "+o.GetNamespace()+"/"+o.GetName())
		}
		return all
	}
	own := names(Reader{})
	if !slices.Equal(own, names(Reader{Account: [2]string{Namespace, Name}})) || own[0] != "Namespace /clawql-drift" {
		t.Errorf("%q", own)
	}
	for _, other := range []Reader{{Account: [2]string{"ci", "reader"}}, {Account: [2]string{"ci", Name}}, {Account: [2]string{Namespace, "other"}}, {NoSecrets: true}, {Account: [2]string{"ci", "reader"}, NoSecrets: true}} {
		for _, name := range names(other) {
			if strings.Contains(name, "Binding") && slices.Contains(own, name) {
				t.Errorf("%+v writes over %s", other, name)
			}
			if other.NoSecrets && name == "ClusterRole /"+NamespaceRole {
				t.Errorf("%+v takes Secrets from %s", other, name)
			}
		}
	}
}

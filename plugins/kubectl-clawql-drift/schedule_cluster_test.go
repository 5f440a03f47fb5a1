package main

import (
	"net/netip"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

const scheduledProject = `apiVersion: clawql.io/v1alpha1
kind: Project
environments:
  staging: {context: CONTEXT, namespace: clawql-staging, overlay: o}
  production: {context: CONTEXT, namespace: clawql, overlay: o}
drift:
  egress: [{cidr: GATEWAY/32, ports: [PORT]}]
  alerts:
  - {name: pager, type: webhook, severities: [critical, high], urlFrom: {env: CLAWQL_ALERT_PAGER}}
`

const looseRole = `
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: loose, namespace: clawql-staging}
rules: [{apiGroups: [""], resources: [pods/exec], verbs: [create]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: loose, namespace: clawql-staging}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: loose}
subjects: [{kind: User, name: eve, apiGroup: rbac.authorization.k8s.io}]
`

// scheduleTrial is a schedule whose pods run.
type scheduleTrial struct {
	*scheduleSandbox
	*firewall
	hook  *webhook
	image string
	logs  []string

	gateway string // the node's address for pods
}

// The schedule on a real cluster with a real node: applied, run by its own
// pods in an image as it is released, behind its own NetworkPolicies, with its
// own rights, and taken away.
func TestScheduleOnClusters(t *testing.T) {
	s := newScheduleSandbox(t)
	dir := t.TempDir()
	t.Chdir(dir)
	trial := newScheduleTrial(s, dir)
	trial.install()
	for _, step := range []struct {
		name string
		do   func(*scheduleTrial)
	}{
		{"pods run", (*scheduleTrial).podsRun},
		{"the dead man", (*scheduleTrial).deadMan},
		{"rights", (*scheduleTrial).rights},
		{"killed at any moment", (*scheduleTrial).killed},
		{"four at once", (*scheduleTrial).atOnce},
		{"outside the policy", (*scheduleTrial).outside},
		{"another cluster", (*scheduleTrial).anotherCluster},
		{"Vault", (*scheduleTrial).vault},
		{"nothing secret is said", (*scheduleTrial).nothingSaid},
		{"remove", (*scheduleTrial).remove},
		{"aggregated roles", (*scheduleTrial).aggregatedRoles},
	} {
		t.Run(step.name, func(t *testing.T) {
			again := *s
			again.T = t
			trial.scheduleSandbox, trial.firewall.scheduleSandbox = &again, &again
			step.do(trial)
		})
	}
}

func newScheduleTrial(s *scheduleSandbox, dir string) *scheduleTrial {
	s.Helper()
	network, err := netip.ParsePrefix(s.podCIDR)
	if err != nil {
		s.Fatalf("the pods of this sandbox do not run: %v", err)
	}
	gateway := network.Addr().Next().String()
	hook := newWebhook(s.T, gateway)
	s.write("clawql.yaml", strings.NewReplacer("CONTEXT", s.context, "GATEWAY", gateway, "PORT", hook.port()).Replace(scheduledProject))
	s.write("ca.pem", hook.ca)
	for _, namespace := range []string{"clawql-staging", "clawql"} {
		s.kubectl("create", "namespace", namespace)
		s.kubectl("-n", namespace, "create", "secret", "generic", "providers", "--from-literal=token=planted-4711")
	}
	return &scheduleTrial{gateway: gateway, scheduleSandbox: s, firewall: newFirewall(s), hook: hook, image: s.image(filepath.Join(dir, "image"))}
}

func (t *scheduleTrial) schedule(more ...string) []string {
	return append([]string{"schedule", "--image", t.image, "--ca", "ca.pem", "--request-timeout", "90s"}, more...)
}

// install applies the schedule, twice, and makes the Secret that it asks for.
func (t *scheduleTrial) install() {
	t.expect("a tag", 2, "is no image by digest", "schedule", "--image", "registry.example.com/drift:1.0", "--ca", "ca.pem")
	t.expect("dry run", 0, "nothing was changed", t.schedule("--dry-run")...)
	if out, code := t.run("kubectl", "get", "namespace", "clawql-drift"); code == 0 {
		t.Fatalf("the dry run made %s", out)
	}
	t.Log("\n" + t.expect("schedule", 0, "\n  new     CronJob            clawql-drift/clawql-drift-check\n", t.schedule()...))
	t.expect("schedule again", 0, "apply   CronJob            clawql-drift/clawql-drift", t.schedule()...)
	t.expect("the schedule is no drift", 0, "equal", "-o", "json")
	t.kubectl("-n", "clawql-drift", "create", "secret", "generic", "clawql-drift-alerts", "--from-literal=CLAWQL_ALERT_PAGER="+t.hook.URL+"/planted-url")
	t.enforce()
	t.oneStory()
}

// oneStory: what `drift rbac` prints of a side is what the schedule installs.
func (t *scheduleTrial) oneStory() {
	var plan struct {
		Steps []struct{ Manifest map[string]any }
	}
	t.decode(t.must("kubectl-clawql-drift", t.schedule("--dry-run", "-o", "json")...), &plan)
	for _, side := range []string{"staging", "production"} {
		printed := strings.Split(t.must("kubectl-clawql-drift", "rbac", side), "---\n")
		for _, text := range printed {
			var one map[string]any
			if err := yaml.Unmarshal([]byte(text), &one); err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(plan.Steps, func(s struct{ Manifest map[string]any }) bool { return reflect.DeepEqual(s.Manifest, one) }) {
				t.Errorf("%s: the schedule installs no such object:\n%s", side, text)
			}
		}
		if len(printed) != 6 {
			t.Errorf("%s: %d objects", side, len(printed))
		}
	}
}

// runs starts a CronJob's Job, and wants the exit code of its pod, a text in
// its log, and what the webhook hears.
func (t *scheduleTrial) runs(cronJob, name string, exit int, want string, told ...string) {
	t.Helper()
	log, code := t.job(cronJob, name, exit)
	t.logs = append(t.logs, log)
	if code != exit || !strings.Contains(log, want) {
		t.Errorf("%s: exit %d, want %d and %q:\n%s", name, code, exit, want, log)
	}
	if got := t.hook.told(t.T); !slices.Equal(got, told) {
		t.Errorf("%s: told %q, want %q\n%s", name, got, told, log)
	}
	t.Logf("%s: exit %d\n%s", name, code, log)
}

func (t *scheduleTrial) podsRun() {
	t.runs("clawql-drift", "first", 0, "0 open")
	t.runs("clawql-drift", "second", 0, "quiet")
	t.runs("clawql-drift-check", "look", 0, "0 open")
	t.apply(looseRole)
	t.runs("clawql-drift", "drifted", 1, "pager: 1 new", "new critical RBAC eve")
	t.runs("clawql-drift", "drifted-again", 1, "quiet")
	t.kubectl("-n", "clawql-staging", "delete", "role/loose", "rolebinding/loose")
	t.runs("clawql-drift", "mended", 0, "pager: 1 resolved", "resolved critical RBAC eve")
	t.expect("schedule keeps the history", 0, "apply   ConfigMap", t.schedule()...)
	t.expect("history", 0, `"status": "equal"`, "history", "-o", "json")
	if begun, refused := t.counted(); begun < 6 || refused > 0 {
		t.Errorf("%d connections begun, %d refused by the schedule's own NetworkPolicies", begun, refused)
	}
	for _, name := range []string{"drifted", "drifted-again"} { // an answer is not tried again
		if n := t.answers(name); n != 1 {
			t.Errorf("%s: %d pods answered", name, n)
		}
	}
}

// nothingSaid looks for planted values in all that the pods logged and kept.
func (t *scheduleTrial) nothingSaid() {
	kept := t.kubectl("-n", "clawql-drift", "get", "configmaps,jobs,cronjobs,pods,events", "-o", "yaml")
	for _, planted := range []string{"planted", "cGxhbnRlZ", "706c616e746564", t.hook.URL} {
		if strings.Contains(strings.Join(t.logs, "\n"), planted) || strings.Contains(kept, planted) {
			t.Errorf("%s is in what the pods said or kept", planted)
		}
	}
	if len(t.logs) < 7 {
		t.Errorf("%d logs", len(t.logs))
	}
}

func (t *scheduleTrial) remove() {
	t.expect("remove", 0, "keep    ConfigMap          clawql-drift/clawql-drift-history", "schedule", "--remove")
	if out := t.kubectl("get", "cronjobs,clusterroles,clusterrolebindings,roles,rolebindings,networkpolicies,serviceaccounts", "-A", "-l", "app.kubernetes.io/managed-by=clawql-drift", "-o", "name"); out != "" {
		t.Errorf("left behind: %s", out)
	}
	t.kubectl("-n", "clawql-drift", "get", "configmap", "clawql-drift-history")
}

package podsec

import (
	"math/bits"
	"math/rand"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"

	"github.com/clawql/clawql-workbench/shared/finding"
)

var names = [2]string{"staging", "production"}

func namespace(labels ...string) Side {
	ns := Namespace{Name: "clawql", Labels: map[string]string{}}
	for i := 0; i+1 < len(labels); i += 2 {
		ns.Labels["pod-security.kubernetes.io/"+labels[i]] = labels[i+1]
	}
	return Side{Namespaces: []Namespace{ns}}
}

func running(spoil ...func(*pod)) Side {
	p := modest()
	for _, one := range spoil {
		one(&p)
	}
	return Side{Workloads: []Workload{{Object: finding.Object{APIVersion: "apps/v1", Kind: "Deployment", Namespace: "clawql", Name: "web"}, Meta: p.meta, Spec: p.spec}}}
}

func compare(t *testing.T, from, to Side) *Result {
	t.Helper()
	result, err := Compare(from, to, names)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// Each check of the standard has a probe that fails it: a new check in a new
// version of the library needs one.
func TestEveryCheckHasAProbe(t *testing.T) {
	for _, check := range policy.DefaultChecks() {
		failed := false
		for _, p := range probePods() {
			for _, version := range check.Versions {
				failed = failed || !version.CheckPod(&p.meta, &p.spec).Allowed
			}
		}
		if !failed {
			t.Errorf("no probe fails %s", check.ID)
		}
	}
}

func TestTheModestPodIsAdmittedEverywhere(t *testing.T) {
	c := &comparer{checks: policy.DefaultChecks()}
	for minor := range 40 {
		for _, level := range []api.Level{api.LevelPrivileged, api.LevelBaseline, api.LevelRestricted} {
			if !c.admits(api.LevelVersion{Level: level, Version: api.MajorMinorVersion(1, minor)}, modest()) {
				t.Errorf("%s 1.%d refuses it", level, minor)
			}
		}
	}
}

// These probes are each the only one that tells some two settings apart; the
// others have company, and make clearer witnesses.
func TestProbesThatAloneTellTwoSettingsApart(t *testing.T) {
	c := &comparer{checks: policy.DefaultChecks()}
	var settings []uint64 // the probes that each admits, a bit for each
	pods := probePods()
	for minor := range 40 {
		for _, level := range []api.Level{api.LevelBaseline, api.LevelRestricted} {
			var admits uint64
			for i, p := range pods {
				if c.admits(api.LevelVersion{Level: level, Version: api.MajorMinorVersion(1, minor)}, p) {
					admits |= 1 << i
				}
			}
			settings = append(settings, admits)
		}
	}
	alone := map[string]bool{}
	for _, a := range settings {
		for _, b := range settings {
			if only := a &^ b; only != 0 && only&(only-1) == 0 {
				alone[pods[bits.TrailingZeros64(only)].what] = true
			}
		}
	}
	for _, what := range []string{
		"a container whose probe calls another host", "a pod that sets net.ipv4.tcp_rmem", "a pod that sets net.ipv4.ip_local_reserved_ports", "a pod that sets net.ipv4.tcp_keepalive_time",
		"a pod of the SELinux type container_engine_t", "a pod in a user namespace with an unmasked /proc", "a container with seccomp off by annotation", "a pod with seccomp off",
		"a container that keeps the default capabilities", "a Windows pod that says nothing of privileges, capabilities and seccomp",
	} {
		if !alone[what] {
			t.Errorf("%s tells no two settings apart by itself: %v", what, alone)
		}
	}
}

// The two ways to ask whether a pod is admitted agree, on every probe and on
// spoiled mixtures, for every level and version.
func TestTheRecheckAgreesWithTheEvaluator(t *testing.T) {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &comparer{checks: policy.DefaultChecks(), evaluator: evaluator}
	random := rand.New(rand.NewSource(1))
	for range 3000 {
		p := modest()
		for range 1 + random.Intn(3) {
			func() {
				defer func() { _ = recover() }() // a probe that spoils what another took away
				probes[random.Intn(len(probes))].spoil(&p)
			}()
		}
		lv := api.LevelVersion{Level: []api.Level{api.LevelBaseline, api.LevelRestricted, api.LevelPrivileged}[random.Intn(3)], Version: api.MajorMinorVersion(1, random.Intn(40))}
		if random.Intn(4) == 0 {
			lv.Version = api.LatestVersion()
		}
		if got, want := c.admits(lv, p), c.refusal(lv, p) == ""; got != want {
			t.Fatalf("%s: %v against %v for %+v", lv.String(), got, want, p.spec)
		}
	}
}

func TestNamespaces(t *testing.T) {
	for _, one := range []struct {
		name     string
		from, to Side
		want     []string // direction severity
		witness  string
	}{
		{"the same", namespace("enforce", "restricted"), namespace("enforce", "restricted"), nil, ""},
		{"no label is privileged", namespace(), namespace("enforce", "privileged"), nil, ""},
		{"unlabelled against restricted", namespace(), namespace("enforce", "restricted"), []string{"more-permissive critical"}, "a privileged container"},
		{"baseline against restricted", namespace("enforce", "baseline"), namespace("enforce", "restricted"), []string{"more-permissive high"}, "a container that may run as root"},
		{"restricted against baseline", namespace("enforce", "restricted"), namespace("enforce", "baseline"), []string{"stricter warning"}, "a container that may run as root"},
		{"only advice", namespace("enforce", "baseline", "warn", "restricted"), namespace("enforce", "baseline"), []string{"different info"}, ""},
		{"an old version lets more through", namespace("enforce", "restricted", "enforce-version", "v1.22"), namespace("enforce", "restricted"), []string{"more-permissive high", "stricter warning"}, ""},
		{"a version without another meaning", namespace("enforce", "restricted", "enforce-version", "v1.50"), namespace("enforce", "restricted"), nil, ""},
		{"a sysctl that v1.27 allows", namespace("enforce", "baseline", "enforce-version", "v1.26"), namespace("enforce", "baseline", "enforce-version", "v1.27"), []string{"stricter warning"}, "ip_local_reserved_ports"},
		{"a sysctl that v1.29 allows", namespace("enforce", "baseline", "enforce-version", "v1.28"), namespace("enforce", "baseline", "enforce-version", "v1.29"), []string{"stricter warning"}, "tcp_keepalive_time"},
		{"a SELinux type that v1.31 allows", namespace("enforce", "baseline", "enforce-version", "v1.30"), namespace("enforce", "baseline", "enforce-version", "v1.31"), []string{"stricter warning"}, "container_engine_t"},
		{"seccomp moved from annotations to fields in v1.19", namespace("enforce", "baseline", "enforce-version", "v1.18"), namespace("enforce", "baseline", "enforce-version", "v1.19"), []string{"more-permissive high", "stricter warning"}, "seccomp off"},
		{"an unmasked /proc in a user namespace from v1.35", namespace("enforce", "baseline", "enforce-version", "v1.34"), namespace("enforce", "baseline", "enforce-version", "v1.35"), []string{"stricter warning"}, "unmasked /proc"},
		{"each admits what the other does not", namespace("enforce", "baseline"), namespace("enforce", "restricted", "enforce-version", "v1.0"), []string{"more-permissive high", "stricter warning"}, ""},
	} {
		t.Run(one.name, func(t *testing.T) {
			result := compare(t, one.from, one.to)
			var got []string
			for _, f := range result.Findings {
				got = append(got, string(f.Direction)+" "+string(f.Severity))
				if f.Witness == nil != (f.Direction == finding.Different) {
					t.Errorf("witness %v of a finding that is %s", f.Witness, f.Direction)
				}
				if f.Witness != nil && !strings.Contains(f.Witness.Text, one.witness) {
					t.Errorf("witness %q, not %q", f.Witness.Text, one.witness)
				}
			}
			if !slices.Equal(got, one.want) || len(result.Incomplete) > 0 {
				t.Errorf("%v %v, not %v", got, result.Incomplete, one.want)
			}
		})
	}
}

func TestABadLabelIsIncomplete(t *testing.T) {
	result := compare(t, namespace("enforce", "restrictd"), namespace("enforce", "restricted"))
	if len(result.Incomplete) != 1 || !strings.Contains(result.Incomplete[0], "restrictd") {
		t.Errorf("%+v", result)
	}
}

func TestATwiceNamedWorkloadIsIncomplete(t *testing.T) {
	from := running()
	from.Workloads = append(from.Workloads, from.Workloads[0])
	if result := compare(t, from, running()); len(result.Incomplete) != 1 {
		t.Errorf("%+v", result)
	}
}

// Every way to spoil a pod is found in the right direction, and alone.
func TestWorkloads(t *testing.T) {
	for _, one := range probes {
		if strings.Contains(one.what, "user namespace") || strings.Contains(one.what, "net.ipv4.") || strings.Contains(one.what, "container_engine_t") || strings.Contains(one.what, "by annotation") || strings.Contains(one.what, "Windows pod") {
			continue // only older versions of the standard refuse it
		}
		result := compare(t, running(one.spoil), running())
		if len(result.Findings) == 0 {
			t.Errorf("%s: nothing found", one.what)
		}
		for _, f := range result.Findings {
			if f.Direction != finding.MorePermissive || f.Witness == nil || !strings.HasPrefix(f.Explanation, "staging runs it with ") {
				t.Errorf("%s: %+v", one.what, f)
			}
		}
		alone := compare(t, running(one.spoil), Side{})
		if len(alone.Findings) != len(result.Findings) || alone.Findings[0].To != "has no such workload" {
			t.Errorf("%s alone: %+v", one.what, alone.Findings)
		}
	}
	both := func(p *pod) { p.spec.HostNetwork, p.spec.HostPID = true, true }
	if result := compare(t, running(probes[1].spoil), running(both)); len(result.Findings) != 0 {
		t.Errorf("both fail the check: %+v", result.Findings)
	}
}

func TestABaselineCapabilityIsSaidOnce(t *testing.T) {
	add := func(p *pod) {
		p.container().SecurityContext.Capabilities.Add = []corev1.Capability{"SYS_ADMIN"}
	}
	result := compare(t, running(add), running())
	if len(result.Findings) != 1 || result.Findings[0].Severity != finding.High {
		t.Errorf("%+v", result.Findings)
	}
}

func witness(f finding.Finding) string {
	if f.Witness == nil {
		return ""
	}
	return f.Witness.Text
}

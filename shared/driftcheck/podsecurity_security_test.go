package driftcheck

import (
	"strings"
	"testing"

	"github.com/clawql/clawql-workbench/shared/finding"
)

const pods = `
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: clawql}
spec:
  securityContext: POD
  volumes: [{name: host, hostPath: {path: VOLUME}}]
  containers:
  - {name: c, image: "example.com/c:1", securityContext: FIRST}
  - {name: d, image: "example.com/d:1", securityContext: SECOND}
`

func podOf(t *testing.T, name string, fills ...string) Side {
	t.Helper()
	fills = append(fills, "POD", "{runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}", "VOLUME", "/var/log")
	fills = append(fills, "FIRST", "{allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}", "SECOND", "{allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}")
	return folderOf(t, name, strings.NewReplacer(fills...).Replace(pods))
}

const (
	hardPod  = "{runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}"
	softPod  = "{runAsNonRoot: true}"
	hardened = "{allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}"
)

// A finding of Pod Security silences the places that it speaks of, and no
// other: a difference in the other direction would be hidden by it.
func TestAPodSecurityFindingHidesNoOtherPlace(t *testing.T) {
	for _, one := range []struct {
		name     string
		from, to []string
		place    string // that a structural finding names
	}{
		{"the host's / behind seccomp that is set", []string{"VOLUME", "/"}, []string{"POD", softPod}, `spec.volumes[name="host"].hostPath.path`},
		{"a privileged container beside one that both sides have, and more", []string{"FIRST", "{privileged: true}", "SECOND", "{privileged: true}", "POD", "{}"},
			[]string{"FIRST", "{privileged: true}", "SECOND", "{privileged: false}"}, `spec.containers[name="d"].securityContext.privileged`},
		{"a file system that can be written, in what is added whole", []string{"SECOND", "null"}, []string{"SECOND", hardened + ", readOnlyRootFilesystem: true}"}, `spec.containers[name="d"].securityContext`},
		{"a profile of one container behind none of another", []string{"FIRST", hardened + ", seccompProfile: {type: Unconfined}}", "SECOND", hardened + ", seccompProfile: {type: Localhost, localhostProfile: a.json}}"},
			[]string{"SECOND", hardened + ", seccompProfile: {type: RuntimeDefault}}"}, `spec.containers[name="d"].securityContext.seccompProfile.type`},
		{"a capability that is added behind others that are dropped", []string{"FIRST", "{allowPrivilegeEscalation: false, capabilities: {drop: [NET_RAW]}}"},
			[]string{"FIRST", "{allowPrivilegeEscalation: false, capabilities: {drop: [ALL], add: [NET_BIND_SERVICE]}}"}, `spec.containers[name="c"].securityContext.capabilities.add`},
		{"a user behind root", []string{"FIRST", hardened + ", runAsUser: 0}", "SECOND", hardened + ", runAsUser: 7}"}, nil, `spec.containers[name="d"].securityContext.runAsUser`},
	} {
		t.Run(one.name, func(t *testing.T) {
			from, to := podOf(t, "staging", one.from...), podOf(t, "production", one.to...)
			for range 2 {
				judged, named := false, false
				for _, f := range compare(t, from, to, Options{}).Findings {
					judged = judged || f.Control == "PodSecurityPods"
					named = named || f.Control == ControlObject && f.Direction == finding.Different && strings.Contains(f.Explanation, one.place)
				}
				if !judged || !named {
					t.Errorf("a finding of Pod Security: %v; one of %s: %v", judged, one.place, named)
				}
				from, to = to, from
			}
		})
	}
}

// What a finding of Pod Security says is not said again.
func TestWhatPodSecuritySaysIsSaidOnce(t *testing.T) {
	for _, one := range []struct {
		name string
		from []string
		want int
	}{
		{"nothing", nil, 0},
		{"privileged", []string{"FIRST", hardened + ", privileged: true}"}, 1},
		{"no seccomp", []string{"POD", softPod}, 1},
		{"no context of the pod", []string{"POD", "null"}, 2},
		{"no context of a container", []string{"SECOND", "null"}, 2},
		{"no capabilities dropped", []string{"SECOND", "{allowPrivilegeEscalation: false}"}, 1},
		{"SYS_ADMIN", []string{"FIRST", "{allowPrivilegeEscalation: false, capabilities: {drop: [ALL], add: [SYS_ADMIN]}}"}, 1},
		{"root", []string{"FIRST", hardened + ", runAsUser: 0}"}, 1},
		{"the user of the pod is root", []string{"POD", strings.Replace(hardPod, "}}", "}, runAsUser: 0}", 1)}, 1},
		{"a container with seccomp off", []string{"FIRST", hardened + ", seccompProfile: {type: Unconfined}}"}, 1},
		{"a SELinux type", []string{"FIRST", hardened + ", seLinuxOptions: {type: spc_t}}"}, 1},
		{"AppArmor off", []string{"FIRST", hardened + ", appArmorProfile: {type: Unconfined}}"}, 1},
		{"an unsafe sysctl", []string{"POD", strings.Replace(hardPod, "}}", "}, sysctls: [{name: kernel.msgmax, value: '1'}]}", 1)}, 1},
	} {
		t.Run(one.name, func(t *testing.T) {
			from, to := podOf(t, "staging", one.from...), podOf(t, "production")
			for range 2 {
				report := compare(t, from, to, Options{})
				if len(report.Findings) != one.want {
					t.Errorf("%+v", report.Findings)
				}
				for _, f := range report.Findings {
					if f.Control != "PodSecurityPods" {
						t.Errorf("said again: %+v", f)
					}
				}
				from, to = to, from
			}
		})
	}
}

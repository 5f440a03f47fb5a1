package podsec

import (
	"fmt"
	"math/rand"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/clawql/clawql-workbench/shared/finding"
	"github.com/clawql/clawql-workbench/shared/oracletest"
)

type dice struct{ *rand.Rand }

func (d dice) in(n int) bool              { return d.Intn(n) == 0 }
func (d dice) one(words ...string) string { return words[d.Intn(len(words))] }

var cases = oracletest.Cases

// labels are those of a namespace: levels and versions for each mode, each
// mostly said.
func (d dice) labels() []string {
	words := []string{}
	for _, mode := range []string{"enforce", "enforce", "audit", "warn"} {
		if d.in(4) {
			continue
		}
		words = append(words, mode, d.one("privileged", "baseline", "restricted"))
		switch d.Intn(4) {
		case 0:
			words = append(words, mode+"-version", "latest")
		case 1, 2:
			words = append(words, mode+"-version", fmt.Sprintf("v1.%d", d.Intn(40)))
		}
	}
	return words
}

// spoils change a pod, each in one field that some check looks at, or none
// does. Unlike the probes they come in any combination.
var spoils = []func(d dice, p *pod){
	func(d dice, p *pod) { p.spec.HostNetwork, p.spec.HostPID, p.spec.HostIPC = d.in(2), d.in(2), d.in(2) },
	func(d dice, p *pod) { p.spec.HostUsers = ptr.To(d.in(3)) },
	func(d dice, p *pod) {
		p.spec.OS = &corev1.PodOS{Name: corev1.OSName(d.one("linux", "windows"))}
	},
	func(d dice, p *pod) { d.context(p).Privileged = ptr.To(d.in(2)) },
	func(d dice, p *pod) {
		d.context(p).AllowPrivilegeEscalation = [...]*bool{nil, ptr.To(true), ptr.To(false)}[d.Intn(3)]
	},
	func(d dice, p *pod) {
		add := [][]corev1.Capability{nil, {"NET_BIND_SERVICE"}, {"CHOWN"}, {"SYS_ADMIN"}, {"NET_RAW"}, {"ALL"}}
		drop := [][]corev1.Capability{nil, {"ALL"}, {"NET_RAW"}, {"ALL"}}
		d.context(p).Capabilities = &corev1.Capabilities{Add: add[d.Intn(len(add))], Drop: drop[d.Intn(len(drop))]}
	},
	func(d dice, p *pod) { d.context(p).Capabilities = nil },
	func(d dice, p *pod) {
		d.context(p).ProcMount = ptr.To(corev1.ProcMountType(d.one("Default", "Unmasked")))
	},
	func(d dice, p *pod) {
		d.context(p).SeccompProfile = d.seccomp()
	},
	func(d dice, p *pod) { podContext(p).SeccompProfile = d.seccomp() },
	func(d dice, p *pod) {
		p.meta.Annotations = map[string]string{d.one(corev1.SeccompPodAnnotationKey, corev1.SeccompContainerAnnotationKeyPrefix+"main", "other"): d.one("unconfined", "runtime/default")} //nolint:staticcheck // as above
	},
	func(d dice, p *pod) {
		p.meta.Annotations = map[string]string{corev1.DeprecatedAppArmorBetaContainerAnnotationKeyPrefix + "main": d.one("unconfined", "runtime/default", "localhost/x")}
	},
	func(d dice, p *pod) {
		podContext(p).AppArmorProfile = &corev1.AppArmorProfile{Type: corev1.AppArmorProfileType(d.one("Unconfined", "RuntimeDefault"))}
	},
	func(d dice, p *pod) {
		podContext(p).SELinuxOptions = &corev1.SELinuxOptions{Type: d.one("", "container_t", "container_init_t", "container_kvm_t", "container_engine_t", "spc_t"), Role: d.one("", "", "r"), User: d.one("", "", "", "u")}
	},
	func(d dice, p *pod) {
		podContext(p).Sysctls = []corev1.Sysctl{{Name: d.one("kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start", "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range",
			"net.ipv4.ip_local_reserved_ports", "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem", "kernel.msgmax"), Value: "1"}}
	},
	func(d dice, p *pod) {
		podContext(p).RunAsNonRoot = [...]*bool{nil, ptr.To(true), ptr.To(false)}[d.Intn(3)]
	},
	func(d dice, p *pod) {
		d.context(p).RunAsNonRoot = [...]*bool{nil, ptr.To(true), ptr.To(false)}[d.Intn(3)]
	},
	func(d dice, p *pod) {
		podContext(p).RunAsUser = [...]*int64{nil, ptr.To[int64](0), ptr.To[int64](5)}[d.Intn(3)]
	},
	func(d dice, p *pod) {
		d.context(p).RunAsUser = [...]*int64{nil, ptr.To[int64](0), ptr.To[int64](5)}[d.Intn(3)]
	},
	func(d dice, p *pod) {
		p.container().Ports = []corev1.ContainerPort{{ContainerPort: 80, HostPort: int32(d.Intn(2)) * 80}}
	},
	func(d dice, p *pod) {
		p.mount([]corev1.VolumeSource{
			{HostPath: &corev1.HostPathVolumeSource{Path: "/etc"}}, {NFS: &corev1.NFSVolumeSource{Server: "192.0.2.1", Path: "/"}},
			{EmptyDir: &corev1.EmptyDirVolumeSource{}}, {ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: "c"}}},
		}[d.Intn(4)])
	},
	func(d dice, p *pod) {
		podContext(p).WindowsOptions = &corev1.WindowsSecurityContextOptions{HostProcess: ptr.To(d.in(2))}
		p.spec.HostNetwork = true // as the API asks of such a pod
	},
	func(d dice, p *pod) {
		p.container().LivenessProbe = &corev1.Probe{ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Host: d.one("", "192.0.2.1", "127.0.0.1"), Path: "/", Port: portOf(80)}}}
	},
	func(d dice, p *pod) {
		p.container().Lifecycle = &corev1.Lifecycle{PostStart: &corev1.LifecycleHandler{HTTPGet: &corev1.HTTPGetAction{Host: d.one("", "192.0.2.1"), Path: "/", Port: portOf(80)}}}
	},
}

func (d dice) seccomp() *corev1.SeccompProfile {
	if d.in(3) {
		return nil
	}
	return &corev1.SeccompProfile{Type: corev1.SeccompProfileType(d.one("RuntimeDefault", "Unconfined"))}
}

func (d dice) context(p *pod) *corev1.SecurityContext {
	if p.container().SecurityContext == nil {
		p.container().SecurityContext = &corev1.SecurityContext{}
	}
	return p.container().SecurityContext
}

func podContext(p *pod) *corev1.PodSecurityContext {
	if p.spec.SecurityContext == nil {
		p.spec.SecurityContext = &corev1.PodSecurityContext{}
	}
	return p.spec.SecurityContext
}

// pod is a modest pod with up to four spoiled fields.
func (d dice) pod() pod {
	p := modest()
	for range d.Intn(5) {
		spoils[d.Intn(len(spoils))](d, &p)
	}
	if p.spec.OS != nil && p.spec.OS.Name == corev1.Windows && !d.in(3) { // else such pods are impossible
		p.spec.SecurityContext = &corev1.PodSecurityContext{RunAsNonRoot: p.spec.SecurityContext.RunAsNonRoot, WindowsOptions: p.spec.SecurityContext.WindowsOptions}
		p.container().SecurityContext, p.spec.HostUsers, p.spec.HostPID, p.spec.HostIPC = nil, nil, false, false
	}
	return p
}

// side is a namespace with labels and up to two workloads.
func (d dice) side() Side {
	s := namespace(d.labels()...)
	for i := range d.Intn(3) {
		p := d.pod()
		s.Workloads = append(s.Workloads, Workload{
			Object: finding.Object{APIVersion: "apps/v1", Kind: "Deployment", Namespace: "clawql", Name: fmt.Sprintf("w%d", i)}, Meta: p.meta, Spec: p.spec,
		})
	}
	return s
}

// pair is two sides that have something in common.
func (d dice) pair() (Side, Side) {
	a, b := d.side(), d.side()
	if d.in(2) {
		b.Workloads = a.Workloads
	}
	if d.in(2) {
		b.Namespaces = a.Namespaces
	}
	return a, b
}

// reversed is the same side in another order.
func reversed(s Side) Side {
	s.Workloads, s.Namespaces = slices.Clone(s.Workloads), slices.Clone(s.Namespaces)
	slices.Reverse(s.Workloads)
	slices.Reverse(s.Namespaces)
	return s
}

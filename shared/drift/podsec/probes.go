package podsec

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

// pod is a pod that is asked about, and how a person calls it.
type pod struct {
	what string
	meta metav1.ObjectMeta
	spec corev1.PodSpec
}

// modest is a pod that every level and version admits.
func modest() pod {
	return pod{what: "a pod that asks for nothing", spec: corev1.PodSpec{
		SecurityContext: &corev1.PodSecurityContext{
			RunAsNonRoot:   ptr.To(true),
			SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
		},
		Containers: []corev1.Container{{
			Name: "main", Image: "example.com/probe",
			SecurityContext: &corev1.SecurityContext{
				AllowPrivilegeEscalation: ptr.To(false),
				Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
			},
		}},
	}}
}

// probe makes a pod that fails one check.
type probe struct {
	what  string
	spoil func(p *pod)
}

// container is the pod's only container.
func (p *pod) container() *corev1.Container { return &p.spec.Containers[0] }

func (p *pod) mount(source corev1.VolumeSource) {
	p.spec.Volumes = []corev1.Volume{{Name: "data", VolumeSource: source}}
}

// probes has one for each check of the standard; a test holds the list against
// it. They stand from the most to the least dangerous: the first that is
// admitted makes the clearest witness.
var probes = []probe{
	{"a privileged container", func(p *pod) {
		p.container().SecurityContext.Privileged = ptr.To(true)
		p.container().SecurityContext.AllowPrivilegeEscalation = nil
	}},
	{"a pod in the host's network", func(p *pod) { p.spec.HostNetwork = true }},
	{"a pod that mounts the host's /", func(p *pod) {
		p.mount(corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/"}})
	}},
	{"a container with the capability SYS_ADMIN", func(p *pod) {
		p.container().SecurityContext.Capabilities.Add = []corev1.Capability{"SYS_ADMIN"}
	}},
	{"a container on port 22 of the host", func(p *pod) {
		p.container().Ports = []corev1.ContainerPort{{ContainerPort: 22, HostPort: 22}}
	}},
	{"a pod with AppArmor off", func(p *pod) {
		p.spec.SecurityContext.AppArmorProfile = &corev1.AppArmorProfile{Type: corev1.AppArmorProfileTypeUnconfined}
	}},
	{"a pod with a SELinux user of its own", func(p *pod) {
		p.spec.SecurityContext.SELinuxOptions = &corev1.SELinuxOptions{User: "system_u"}
	}},
	{"a pod with seccomp off", func(p *pod) {
		p.spec.SecurityContext.SeccompProfile.Type = corev1.SeccompProfileTypeUnconfined
	}},
	{"a pod that sets kernel.msgmax", func(p *pod) {
		p.spec.SecurityContext.Sysctls = []corev1.Sysctl{{Name: "kernel.msgmax", Value: "1"}}
	}},
	{"a Windows HostProcess pod", func(p *pod) {
		p.spec.SecurityContext.WindowsOptions = &corev1.WindowsSecurityContextOptions{HostProcess: ptr.To(true)}
		p.spec.HostNetwork = true // as the API asks
	}},
	{"a container whose probe calls another host", func(p *pod) {
		p.container().LivenessProbe = &corev1.Probe{ProbeHandler: corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Host: "192.0.2.1", Port: intstr.FromInt32(80)}}}
	}},
	{"a container that may run as root", func(p *pod) { p.spec.SecurityContext.RunAsNonRoot = nil }},
	{"a pod that runs as UID 0", func(p *pod) { p.spec.SecurityContext.RunAsUser = ptr.To[int64](0) }},
	{"a container that may gain privileges", func(p *pod) { p.container().SecurityContext.AllowPrivilegeEscalation = nil }},
	{"a container that keeps the default capabilities", func(p *pod) { p.container().SecurityContext.Capabilities = nil }},
	{"a pod without a seccomp profile", func(p *pod) { p.spec.SecurityContext.SeccompProfile = nil }},
	{"a pod in a user namespace with an unmasked /proc", func(p *pod) {
		p.spec.HostUsers = ptr.To(false) // as the API asks
		p.container().SecurityContext.ProcMount = ptr.To(corev1.UnmaskedProcMount)
	}},
	{"a pod that mounts an NFS share", func(p *pod) {
		p.mount(corev1.VolumeSource{NFS: &corev1.NFSVolumeSource{Server: "192.0.2.1", Path: "/"}})
	}},
	{"a pod that sets net.ipv4.tcp_rmem", func(p *pod) {
		p.spec.SecurityContext.Sysctls = []corev1.Sysctl{{Name: "net.ipv4.tcp_rmem", Value: "1"}}
	}},
	{"a pod that sets net.ipv4.ip_local_reserved_ports", func(p *pod) {
		p.spec.SecurityContext.Sysctls = []corev1.Sysctl{{Name: "net.ipv4.ip_local_reserved_ports", Value: "1"}}
	}},
	{"a pod that sets net.ipv4.tcp_keepalive_time", func(p *pod) {
		p.spec.SecurityContext.Sysctls = []corev1.Sysctl{{Name: "net.ipv4.tcp_keepalive_time", Value: "1"}}
	}},
	{"a pod of the SELinux type container_engine_t", func(p *pod) {
		p.spec.SecurityContext.SELinuxOptions = &corev1.SELinuxOptions{Type: "container_engine_t"}
	}},
	{"a pod with seccomp off by annotation", func(p *pod) {
		p.meta.Annotations = map[string]string{corev1.SeccompPodAnnotationKey: "unconfined"} //nolint:staticcheck // old versions of the standard ask for it
		p.spec.SecurityContext.SeccompProfile = nil
	}},
	{"a container with seccomp off by annotation", func(p *pod) {
		p.meta.Annotations = map[string]string{corev1.SeccompContainerAnnotationKeyPrefix + "main": "unconfined"} //nolint:staticcheck // as above
	}},
	{"a pod in a user namespace that runs as UID 0", func(p *pod) {
		p.spec.HostUsers, p.spec.SecurityContext.RunAsUser = ptr.To(false), ptr.To[int64](0)
	}},
	{"a pod in a user namespace that may run as root", func(p *pod) {
		p.spec.HostUsers, p.spec.SecurityContext.RunAsNonRoot = ptr.To(false), nil
	}},
	{"a Windows pod that says nothing of privileges, capabilities and seccomp", func(p *pod) {
		p.spec.OS = &corev1.PodOS{Name: corev1.Windows}
		p.spec.SecurityContext.SeccompProfile = nil
		p.container().SecurityContext = nil
	}},
}

// probePods are the probes, then the modest pod.
func probePods() []pod {
	var all []pod
	for _, one := range probes {
		p := modest()
		p.what = one.what
		one.spoil(&p)
		all = append(all, p)
	}
	return append(all, modest())
}

// templates are the pods of both sides' workloads in a namespace.
func templates(namespace string, sides ...Side) []pod {
	var all []pod
	for _, side := range sides {
		for _, w := range side.Workloads {
			if w.Object.Namespace == namespace && !impossible(w.Meta, w.Spec) {
				all = append(all, pod{"the pod of " + w.Object.Kind + " " + w.Object.Name, w.Meta, w.Spec})
			}
		}
	}
	return slices.Clip(all)
}

// impossible says whether the API refuses a pod in any namespace, before Pod
// Security is asked: some checks leave such pods to that. It knows the rules
// that the checks' own fields have: what a pod for Windows may not ask for,
// seccomp both in annotations and in fields, an unmasked /proc without a user
// namespace, a HostProcess container without the host's network.
func impossible(meta metav1.ObjectMeta, spec corev1.PodSpec) bool {
	p := spec.SecurityContext
	if p == nil {
		p = &corev1.PodSecurityContext{}
	}
	pod := linuxAsks{p.SELinuxOptions != nil, p.SeccompProfile != nil, p.AppArmorProfile != nil, p.RunAsUser != nil || p.RunAsGroup != nil,
		p.Sysctls != nil || p.FSGroup != nil || p.SupplementalGroups != nil || spec.HostPID || spec.HostIPC || spec.HostUsers != nil}
	unmasked, asHost := false, hostProcess(p.WindowsOptions)
	for _, c := range slices.Concat(spec.InitContainers, spec.Containers) {
		if s := c.SecurityContext; s != nil {
			pod = pod.or(linuxAsks{s.SELinuxOptions != nil, s.SeccompProfile != nil, s.AppArmorProfile != nil, s.RunAsUser != nil || s.RunAsGroup != nil,
				s.Capabilities != nil || s.Privileged != nil || s.AllowPrivilegeEscalation != nil || s.ProcMount != nil || s.ReadOnlyRootFilesystem != nil})
			unmasked = unmasked || s.ProcMount != nil && *s.ProcMount == corev1.UnmaskedProcMount
		}
	}
	ownUsers := spec.HostUsers != nil && !*spec.HostUsers
	return spec.OS != nil && spec.OS.Name == corev1.Windows && pod != linuxAsks{} || saidTwice(meta, spec) ||
		unmasked && !ownUsers || asHost && !spec.HostNetwork || ownUsers && (spec.HostNetwork || spec.HostPID || spec.HostIPC)
}

// saidTwice says whether seccomp stands in an annotation and in the field of
// the same pod or container: both would have to be the same.
func saidTwice(meta metav1.ObjectMeta, spec corev1.PodSpec) bool {
	if _, noted := meta.Annotations[corev1.SeccompPodAnnotationKey]; noted && spec.SecurityContext != nil && spec.SecurityContext.SeccompProfile != nil { //nolint:staticcheck // old versions of the standard ask for it
		return true
	}
	return slices.ContainsFunc(slices.Concat(spec.InitContainers, spec.Containers), func(c corev1.Container) bool {
		_, noted := meta.Annotations[corev1.SeccompContainerAnnotationKeyPrefix+c.Name] //nolint:staticcheck // as above
		return noted && c.SecurityContext != nil && c.SecurityContext.SeccompProfile != nil
	})
}

// linuxAsks is what of Linux' own a pod asks for.
type linuxAsks struct{ selinux, seccomp, appArmor, user, other bool }

func (a linuxAsks) or(b linuxAsks) linuxAsks {
	return linuxAsks{a.selinux || b.selinux, a.seccomp || b.seccomp, a.appArmor || b.appArmor, a.user || b.user, a.other || b.other}
}

func hostProcess(w *corev1.WindowsSecurityContextOptions) bool {
	return w != nil && w.HostProcess != nil && *w.HostProcess
}

package posture

import (
	"fmt"
	"strings"
)

// hardenPod applies the controls of the pod as a whole.
func (j *judge) hardenPod(w workload) {
	spec := w.spec()
	for _, key := range []string{"hostPID", "hostIPC", "hostNetwork"} {
		spec.never(HostNamespaces, key, "false", "take the field out", true)
	}
	j.podContext(spec.in("securityContext"))
	j.podSystem(w)
	j.volumes(w)
	j.token(w)
	for _, container := range w.containers() {
		j.hardenContainer(w, container)
	}
}

// podContext applies what a pod's security context says for all containers.
func (j *judge) podContext(context *place) {
	context.must(RunAsNonRoot, "runAsNonRoot", true, "take the field out, or say true")
	noRoot(context)
	for i, group := range context.list("supplementalGroups") {
		if group == int64(0) {
			j.refuse(Violation{RunAsNonRoot, context.on, append(context.field("supplementalGroups"), fmt.Sprintf("[%d]", i)),
				group, "a group other than 0", "root's group reads root's files"})
		}
	}
	context.never(RunAsNonRoot, "fsGroup", "a group other than 0", "root's group reads root's files", int64(0))
	context.in("seccompProfile").must2(Seccomp, "type", "RuntimeDefault", "Localhost")
	foreignProfiles(context)
	for _, sysctl := range context.members("sysctls") {
		if name := sysctl.str("name"); !safeSysctls[name] {
			sysctl.refuse(PodSecurity, "name", "a sysctl that Kubernetes counts as safe", "take it out")
		}
	}
}

// noRoot refuses UID and GID 0, for a pod's context and for a container's.
func noRoot(context *place) {
	context.never(RunAsNonRoot, "runAsUser", "a UID above 0", "the gateway's image runs as 65532", int64(0))
	context.never(RunAsNonRoot, "runAsGroup", "a GID above 0", "root's group reads root's files", int64(0))
}

// must2 is must for a field with two secure values: the first is set.
func (p *place) must2(control, key string, want, also any) {
	if have := p.value(key); have != nil && have == also {
		if !p.j.off(control, p.on) {
			p.j.did(control, p.on, p.field(key), have, have, Kept)
		}
		return
	}
	p.must(control, key, want, fmt.Sprintf("%v and %v are allowed", want, also))
}

// safeSysctls of Pod Security baseline, v1.32 and later.
var safeSysctls = map[string]bool{
	"kernel.shm_rmid_forced":              true,
	"net.ipv4.ip_local_port_range":        true,
	"net.ipv4.tcp_syncookies":             true,
	"net.ipv4.ping_group_range":           true,
	"net.ipv4.ip_unprivileged_port_start": true,
	"net.ipv4.ip_local_reserved_ports":    true,
	"net.ipv4.tcp_keepalive_time":         true,
	"net.ipv4.tcp_fin_timeout":            true,
	"net.ipv4.tcp_keepalive_intvl":        true,
	"net.ipv4.tcp_keepalive_probes":       true,
	"net.ipv4.tcp_rmem":                   true,
	"net.ipv4.tcp_wmem":                   true,
}

// foreignProfiles refuses AppArmor, SELinux and Windows settings that weaken
// what the node does by default; for a pod's context and for a container's.
func foreignProfiles(context *place) {
	armor := context.in("appArmorProfile")
	if kind := armor.value("type"); armor.fields != nil && kind != "RuntimeDefault" && kind != "Localhost" {
		armor.refuse(PodSecurity, "type", "RuntimeDefault or Localhost", "take the field out")
	}
	selinux := context.in("seLinuxOptions")
	switch selinux.str("type") {
	case "", "container_t", "container_init_t", "container_kvm_t", "container_engine_t":
	default:
		selinux.refuse(PodSecurity, "type", "container_t, container_init_t, container_kvm_t or container_engine_t", "take the field out")
	}
	for _, key := range []string{"user", "role"} {
		if selinux.str(key) != "" {
			selinux.refuse(PodSecurity, key, "unset", "take the field out")
		}
	}
	context.in("windowsOptions").never(PodSecurity, "hostProcess", "false", "take the field out", true)
}

// podSystem refuses what would exempt the pod from checks: another operating
// system, and AppArmor annotations.
func (j *judge) podSystem(w workload) {
	os := w.spec().in("os")
	if name := os.value("name"); name != nil && name != "linux" {
		os.refuse(PodSecurity, "name", "linux", "Kubernetes exempts pods of other systems from its checks")
	}
	annotations := w.template.in("metadata", "annotations")
	for _, key := range sortedKeys(annotations.fields) {
		value := annotations.str(key)
		if strings.HasPrefix(key, "container.apparmor.security.beta.kubernetes.io/") &&
			value != "" && value != "runtime/default" && !strings.HasPrefix(value, "localhost/") {
			annotations.refuse(PodSecurity, key, "runtime/default or localhost/...", "take the annotation out")
		}
	}
}

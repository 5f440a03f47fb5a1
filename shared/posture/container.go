package posture

import (
	"slices"
)

// hardenContainer applies the controls of one container, of whatever sort.
func (j *judge) hardenContainer(w workload, container *place) {
	context := container.in("securityContext")
	context.never(HostNamespaces, "privileged", "false", "take the field out", true)
	context.must(PrivilegeEscalation, "allowPrivilegeEscalation", false, "take the field out, or say false")
	context.must(ReadOnlyRoot, "readOnlyRootFilesystem", true, "mount an emptyDir where the program writes")
	context.never(RunAsNonRoot, "runAsNonRoot", "true", "take the field out, or say true", false)
	noRoot(context)
	j.capabilities(context.in("capabilities"))
	j.containerSeccomp(context)
	foreignProfiles(context)
	if mount := context.value("procMount"); mount != nil && mount != "Default" {
		context.refuse(PodSecurity, "procMount", "Default", "take the field out")
	}
	j.hostPorts(container)
	j.probeHosts(container)
	j.image(container, "image")
}

// capabilities drops all of them. A drop list without ALL is replaced, since
// ALL contains it.
func (j *judge) capabilities(caps *place) {
	for _, added := range caps.list("add") {
		if added != "NET_BIND_SERVICE" {
			caps.refuse(Capabilities, "add", "NET_BIND_SERVICE or nothing", "take the other capabilities out")
			break
		}
	}
	if j.off(Capabilities, caps.on) {
		return
	}
	drop, all := caps.value("drop"), []any{"ALL"}
	switch {
	case slices.Contains(caps.list("drop"), any("ALL")):
		j.did(Capabilities, caps.on, caps.field("drop"), drop, drop, Kept)
	case len(caps.list("drop")) == 0:
		caps.write("drop", all)
		j.did(Capabilities, caps.on, caps.field("drop"), nil, all, New)
	default:
		caps.write("drop", all)
		j.did(Capabilities, caps.on, caps.field("drop"), drop, all, Set)
	}
}

// containerSeccomp judges a container's own profile; without one the pod's
// holds.
func (j *judge) containerSeccomp(context *place) {
	if profile := context.in("seccompProfile"); profile.fields != nil {
		profile.must2(Seccomp, "type", "RuntimeDefault", "Localhost")
	}
}

func (j *judge) hostPorts(container *place) {
	for _, port := range container.members("ports") {
		if number := port.value("hostPort"); number != nil && number != int64(0) {
			port.refuse(HostNamespaces, "hostPort", "unset", "reach the pod through a Service")
		}
	}
}

// probeHosts refuses probes and lifecycle hooks that make the kubelet call
// another address than the pod's (Pod Security baseline, v1.34 and later).
func (j *judge) probeHosts(container *place) {
	for _, path := range [][]string{
		{"livenessProbe"}, {"readinessProbe"}, {"startupProbe"},
		{"lifecycle", "postStart"}, {"lifecycle", "preStop"},
	} {
		for _, action := range []string{"httpGet", "tcpSocket"} {
			if at := container.in(append(path, action)...); at.str("host") != "" {
				at.refuse(PodSecurity, "host", "unset", "the kubelet probes the pod itself")
			}
		}
	}
}

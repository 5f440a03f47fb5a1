package podsec

import (
	"encoding/json"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/pod-security-admission/policy"

	"github.com/clawql/clawql-workbench/shared/finding"
)

// inContainer and inPod are the fields of a securityContext that a check reads.
var (
	inContainer = map[policy.CheckID][]string{
		"allowPrivilegeEscalation":  {"allowPrivilegeEscalation"},
		"appArmorProfile":           {"appArmorProfile"},
		"capabilities_baseline":     {"capabilities.add"},
		"capabilities_restricted":   {"capabilities.add", "capabilities.drop"},
		"privileged":                {"privileged"},
		"procMount":                 {"procMount"},
		"procMount_restricted":      {"procMount"},
		"runAsNonRoot":              {"runAsNonRoot"},
		"runAsUser":                 {"runAsUser"},
		"seLinuxOptions":            {"seLinuxOptions.type", "seLinuxOptions.user", "seLinuxOptions.role"},
		"seccompProfile_baseline":   {"seccompProfile"},
		"seccompProfile_restricted": {"seccompProfile"},
		"windowsHostProcess":        {"windowsOptions.hostProcess"},
	}
	inPod = map[policy.CheckID][]string{
		"appArmorProfile":           {"appArmorProfile"},
		"runAsNonRoot":              {"runAsNonRoot"},
		"runAsUser":                 {"runAsUser"},
		"seLinuxOptions":            {"seLinuxOptions.type", "seLinuxOptions.user", "seLinuxOptions.role"},
		"seccompProfile_baseline":   {"seccompProfile"},
		"seccompProfile_restricted": {"seccompProfile"},
		"sysctls":                   {"sysctls"},
		"windowsHostProcess":        {"windowsOptions.hostProcess"},
	}
)

// judge notes what a finding has spoken of.
func (r *Result) judge(object finding.Object, places ...string) {
	if r.Judged == nil {
		r.Judged = map[finding.Object][]string{}
	}
	r.Judged[object] = append(r.Judged[object], places...)
}

// judgeLabels notes labels of a namespace.
func (r *Result) judgeLabels(ns finding.Object, labels ...string) {
	for _, label := range labels {
		r.judge(ns, ".metadata.labels."+label+".")
	}
}

// places of a pod's spec that make it fail a check: what else differs there
// has not been told by saying that it fails.
func places(check policy.Check, spec corev1.PodSpec) []string {
	var list []string
	switch check.ID {
	case "hostNamespaces":
		list = append(list, ".hostNetwork.", ".hostPID.", ".hostIPC.")
	case "hostPathVolumes", "restrictedVolumes":
		for _, v := range spec.Volumes {
			if v.HostPath != nil {
				list = append(list, ".volumes"+named(v.Name)+".hostPath.")
			}
		}
	}
	alone := spec
	alone.InitContainers, alone.EphemeralContainers, alone.Containers = nil, nil, []corev1.Container{{Name: "pod"}}
	if fails(check, alone) {
		for _, field := range inPod[check.ID] {
			list = append(list, ".securityContext."+field+".")
		}
	}
	everyContainer(spec, func(path string, container corev1.Container) {
		list = append(list, containerPlaces(check, spec, path, container)...)
	})
	return list
}

func containerPlaces(check policy.Check, spec corev1.PodSpec, path string, container corev1.Container) []string {
	var list []string
	if check.ID == "hostPorts" {
		for _, p := range container.Ports {
			protocol := p.Protocol
			if protocol == "" {
				protocol = corev1.ProtocolTCP
			}
			list = append(list, fmt.Sprintf("%s.ports[containerPort=%d,protocol=%s].hostPort.", path, p.ContainerPort, quoted(string(protocol))))
		}
	}
	for _, field := range inContainer[check.ID] {
		if fails(check, only(spec, container, field)) {
			list = append(list, path+".securityContext."+field+".")
		}
	}
	return list
}

// only is a pod of one container, in which nothing but a field of its
// securityContext, or what it has there from the pod, can fail the check.
func only(spec corev1.PodSpec, container corev1.Container, field string) corev1.PodSpec {
	spec.InitContainers, spec.EphemeralContainers = nil, nil
	own := container.SecurityContext.DeepCopy()
	if owns(own, field) {
		spec.SecurityContext = nil
	}
	if strings.HasPrefix(field, "capabilities.") {
		if own == nil {
			own = &corev1.SecurityContext{}
		}
		if own.Capabilities == nil {
			own.Capabilities = &corev1.Capabilities{}
		}
		if field == "capabilities.add" {
			own.Capabilities.Drop = []corev1.Capability{"ALL"}
		} else {
			own.Capabilities.Add = nil
		}
	}
	container.SecurityContext = own
	spec.Containers = []corev1.Container{container}
	return spec
}

// owns says whether a container has the field itself, so that the pod's does
// not count.
func owns(s *corev1.SecurityContext, field string) bool {
	if s == nil {
		return false
	}
	name, _, _ := strings.Cut(field, ".")
	return map[string]bool{
		"appArmorProfile": s.AppArmorProfile != nil, "runAsNonRoot": s.RunAsNonRoot != nil, "runAsUser": s.RunAsUser != nil,
		"seLinuxOptions": s.SELinuxOptions != nil, "seccompProfile": s.SeccompProfile != nil, "windowsOptions": s.WindowsOptions != nil,
	}[name]
}

// fails asks the check as it stands now, for the fields alone.
func fails(check policy.Check, spec corev1.PodSpec) bool {
	return !check.Versions[len(check.Versions)-1].CheckPod(&metav1.ObjectMeta{}, &spec).Allowed
}

// everyContainer shows all containers with their paths.
func everyContainer(spec corev1.PodSpec, visit func(path string, container corev1.Container)) {
	for _, c := range spec.InitContainers {
		visit(".initContainers"+named(c.Name), c)
	}
	for _, c := range spec.Containers {
		visit(".containers"+named(c.Name), c)
	}
	for _, c := range spec.EphemeralContainers {
		visit(".ephemeralContainers"+named(c.Name), corev1.Container(c.EphemeralContainerCommon))
	}
}

// named is the key of an item, as shared/typediff writes it.
func named(name string) string { return "[name=" + quoted(name) + "]" }

func quoted(text string) string {
	raw, _ := json.Marshal(text) // a text can always be written
	return string(raw)
}

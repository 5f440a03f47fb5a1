package posture

import (
	"slices"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

// controlOf says which control stands for a check of Pod Security. Checks that
// are not named here belong to PodSecurity itself.
var controlOf = map[policy.CheckID]string{
	"allowPrivilegeEscalation":  PrivilegeEscalation,
	"capabilities_baseline":     Capabilities,
	"capabilities_restricted":   Capabilities,
	"hostNamespaces":            HostNamespaces,
	"hostPathVolumes":           HostNamespaces,
	"hostPorts":                 HostNamespaces,
	"privileged":                HostNamespaces,
	"runAsNonRoot":              RunAsNonRoot,
	"runAsUser":                 RunAsNonRoot,
	"seccompProfile_baseline":   Seccomp,
	"seccompProfile_restricted": Seccomp,
}

// failure is a check of Pod Security that a hardened pod does not pass.
type failure struct {
	control string
	level   api.Level // the weakest level that has the check
	detail  string
}

const admissible = "what Pod Security restricted admits"

// admission runs the newest version of every check of Kubernetes' own Pod
// Security over a workload, as the namespace's label will.
func admission(w workload) ([]failure, error) {
	template, err := w.typed()
	if err != nil {
		return nil, err
	}
	var failures []failure
	for _, check := range checks() {
		if result := newest(check, template); !result.Allowed {
			failures = append(failures, failure{controlFor(check, template), check.Level,
				result.ForbiddenReason + ": " + result.ForbiddenDetail})
		}
	}
	return failures, nil
}

// checks of Pod Security, made when first needed.
var checks = sync.OnceValue(policy.DefaultChecks)

func newest(check policy.Check, template *corev1.PodTemplateSpec) policy.CheckResult {
	return check.Versions[len(check.Versions)-1].CheckPod(&template.ObjectMeta, &template.Spec)
}

// controlFor gives the control that stands for a failed check. The check of
// volume types also refuses host paths, which are HostNamespaces' business.
func controlFor(check policy.Check, template *corev1.PodTemplateSpec) string {
	if control := controlOf[check.ID]; control != "" {
		return control
	}
	template = template.DeepCopy()
	template.Spec.Volumes = slices.DeleteFunc(template.Spec.Volumes, func(v corev1.Volume) bool { return v.HostPath != nil })
	if newest(check, template).Allowed {
		return HostNamespaces
	}
	return PodSecurity
}

// admit turns what Kubernetes would still refuse into violations, and gives
// the strictest level that admits the pod. A violation of ours that stands
// for the same check already is not said twice.
func (j *judge) admit(w workload) api.Level {
	level := api.LevelRestricted
	failures, err := admission(w)
	if err != nil {
		return level // workloadOf has refused it
	}
	for _, failed := range failures {
		switch {
		case j.Excepted(failed.control) && failed.level == api.LevelBaseline:
			level = api.LevelPrivileged
		case j.Excepted(failed.control):
			level = weaker(level, api.LevelBaseline)
		case !j.refused(failed.control, w.template.on):
			j.refuse(Violation{failed.control, w.template.on, w.spec().path, failed.detail, admissible,
				"the cluster would refuse the pod"})
		}
	}
	return level
}

func weaker(a, b api.Level) api.Level {
	if api.CompareLevels(a, b) < 0 {
		return a
	}
	return b
}

func (j *judge) refused(control string, on Ref) bool {
	return slices.ContainsFunc(j.violations, func(v Violation) bool { return v.Control == control && v.Object == on })
}

// newestCheck is the first version of Kubernetes that has every check that we
// know.
func newestCheck() api.Version {
	newest := api.MajorMinorVersion(1, 0)
	for _, check := range checks() {
		for _, version := range check.Versions {
			if newest.Older(version.MinimumVersion) {
				newest = version.MinimumVersion
			}
		}
	}
	return newest
}

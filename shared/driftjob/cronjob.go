package driftjob

import (
	"cmp"
	"slices"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Folders and limits of the pod.
const (
	tokenFolder  = "/var/run/secrets/clawql"
	configFolder = "/etc/clawql"
	otherFolder  = "/etc/clawql-other"
	trustFolder  = configFolder + "/trust"
	publicFolder = "/etc/ssl/certs" // of the image
	caKey        = "ca.pem"
	user         = 65532 // nonroot of distroless images

	tokenSeconds    = 3600          // the shortest life that every API server grants is 600
	longestRun      = 3600          // seconds
	monthlyDeadline = 5 * 24 * 3600 // seconds that a start may be late
	dailyDeadline   = 6 * 3600
	fileMode        = 0o440
)

// cronJob runs `drift run` with more flags. Exit codes 1 and 2 are answers,
// which no second attempt changes; others are tried again.
func (s Spec) cronJob(name, schedule string, deadline int64, more []string) *batchv1.CronJob {
	zone, three, seconds, retries := "Etc/UTC", int32(3), int64(longestRun), int32(3)
	return &batchv1.CronJob{
		TypeMeta: typed("batch/v1", "CronJob"), ObjectMeta: named(Namespace, name),
		Spec: batchv1.CronJobSpec{
			Schedule: schedule, TimeZone: &zone, StartingDeadlineSeconds: &deadline, ConcurrencyPolicy: batchv1.ForbidConcurrent,
			SuccessfulJobsHistoryLimit: &three, FailedJobsHistoryLimit: &three,
			JobTemplate: batchv1.JobTemplateSpec{Spec: batchv1.JobSpec{
				ActiveDeadlineSeconds: &seconds, BackoffLimit: &retries,
				PodFailurePolicy: &batchv1.PodFailurePolicy{Rules: []batchv1.PodFailurePolicyRule{{
					Action:      batchv1.PodFailurePolicyActionFailJob,
					OnExitCodes: &batchv1.PodFailurePolicyOnExitCodesRequirement{Operator: batchv1.PodFailurePolicyOnExitCodesOpIn, Values: []int32{1, 2}},
				}}},
				Template: corev1.PodTemplateSpec{
					ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": Name, "app.kubernetes.io/managed-by": ManagedBy}},
					Spec:       s.pod(name, more),
				},
			}},
		},
	}
}

func (s Spec) pod(name string, more []string) corev1.PodSpec {
	yes, no, id := true, false, int64(user)
	volumes, mounts := s.volumes()
	args := slices.Concat([]string{"run", "--from", s.From, "--to", s.To, "--history", s.ToContext + "/" + Namespace, "--color", "never"}, s.Args, more)
	return corev1.PodSpec{
		ServiceAccountName: Name, AutomountServiceAccountToken: &no, RestartPolicy: corev1.RestartPolicyNever, EnableServiceLinks: &no,
		SecurityContext: &corev1.PodSecurityContext{
			RunAsNonRoot: &yes, RunAsUser: &id, RunAsGroup: &id, FSGroup: &id,
			SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
		},
		Volumes: volumes,
		Containers: []corev1.Container{{
			Name: name, Image: s.Image, Command: []string{"kubectl-clawql-drift"}, Args: args, WorkingDir: configFolder,
			Env: s.env(), VolumeMounts: mounts,
			Resources: corev1.ResourceRequirements{
				Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("100m"), corev1.ResourceMemory: resource.MustParse("256Mi")},
				Limits:   corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("1Gi")},
			},
			SecurityContext: &corev1.SecurityContext{
				AllowPrivilegeEscalation: &no, ReadOnlyRootFilesystem: &yes, Privileged: &no,
				Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
			},
		}},
	}
}

// env: where the kubeconfigs are, and the URLs that routes take from variables.
func (s Spec) env() []corev1.EnvVar {
	kubeconfig := configFolder + "/kubeconfig"
	if s.KubeconfigSecret != "" {
		kubeconfig += ":" + otherFolder + "/kubeconfig"
	}
	list := []corev1.EnvVar{{Name: "KUBECONFIG", Value: kubeconfig}}
	if len(s.CA) > 0 { // crypto/x509 reads certificates of all these folders
		list = append(list, corev1.EnvVar{Name: "SSL_CERT_DIR", Value: publicFolder + ":" + trustFolder})
	}
	fixed, seen := len(list), map[string]bool{}
	for _, a := range s.Alerts {
		if key := a.URLFrom.Env; key != "" && !seen[key] {
			seen[key] = true
			list = append(list, fromSecret(AlertsSecret, key))
		}
	}
	for _, key := range s.vaultVariables() {
		list = append(list, fromSecret(VaultSecret, key))
	}
	slices.SortStableFunc(list[fixed:], func(a, b corev1.EnvVar) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

func fromSecret(secret, key string) corev1.EnvVar {
	return corev1.EnvVar{Name: key, ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
		LocalObjectReference: corev1.LocalObjectReference{Name: secret}, Key: key,
	}}}
}

func (s Spec) volumes() (volumes []corev1.Volume, mounts []corev1.VolumeMount) {
	mode, life := int32(fileMode), int64(tokenSeconds)
	add := func(name, path string, source corev1.VolumeSource) {
		volumes = append(volumes, corev1.Volume{Name: name, VolumeSource: source})
		mounts = append(mounts, corev1.VolumeMount{Name: name, MountPath: path, ReadOnly: true})
	}
	add("config", configFolder, corev1.VolumeSource{Projected: s.config(&mode)})
	add("token", tokenFolder, corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{DefaultMode: &mode, Sources: []corev1.VolumeProjection{
		{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{Path: "token", ExpirationSeconds: &life}},
		{ConfigMap: &corev1.ConfigMapProjection{LocalObjectReference: corev1.LocalObjectReference{Name: "kube-root-ca.crt"}, Items: []corev1.KeyToPath{{Key: "ca.crt", Path: "ca.crt"}}}},
	}}})
	if s.logsIn() {
		add("vault", vaultFolder, corev1.VolumeSource{Projected: s.vaultToken()})
	}
	if s.KubeconfigSecret != "" {
		add("other", otherFolder, corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{
			SecretName: s.KubeconfigSecret, DefaultMode: &mode, Items: []corev1.KeyToPath{{Key: "kubeconfig", Path: "kubeconfig"}},
		}})
	}
	return volumes, mounts
}

// config is clawql.yaml, the kubeconfig, and the URLs that routes take from
// files: one volume, since none can be mounted within another that is read-only.
func (s Spec) config(mode *int32) *corev1.ProjectedVolumeSource {
	source := &corev1.ProjectedVolumeSource{DefaultMode: mode, Sources: []corev1.VolumeProjection{
		{ConfigMap: &corev1.ConfigMapProjection{LocalObjectReference: corev1.LocalObjectReference{Name: ConfigName}, Items: s.items()}},
	}}
	seen := map[string]bool{}
	for _, a := range s.Alerts {
		if key := fileKey(a.URLFrom.File); key != "" && !seen[key] {
			seen[key] = true
			source.Sources = append(source.Sources, corev1.VolumeProjection{Secret: &corev1.SecretProjection{
				LocalObjectReference: corev1.LocalObjectReference{Name: AlertsSecret}, Items: []corev1.KeyToPath{{Key: key, Path: "alerts/" + key}},
			}})
		}
	}
	return source
}

// items are the files of the configuration, each at its place.
func (s Spec) items() []corev1.KeyToPath {
	items := []corev1.KeyToPath{{Key: "clawql.yaml", Path: "clawql.yaml"}, {Key: "kubeconfig", Path: "kubeconfig"}}
	if len(s.CA) > 0 {
		items = append(items, corev1.KeyToPath{Key: caKey, Path: "trust/" + caKey})
	}
	return items
}

package posture

import "k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

const askForToken = "say why in the pod template's annotation " + TokenAnnotation

// token keeps the cluster's credentials out of the pod, unless its annotation
// says why they are needed; then the plan shows the reason.
func (j *judge) token(w workload) {
	spec := w.spec()
	if reason := w.template.in("metadata", "annotations").str(TokenAnnotation); reason != "" {
		if !j.off(ServiceAccountToken, spec.on) {
			j.did(ServiceAccountToken, spec.on, spec.field("automountServiceAccountToken"),
				spec.value("automountServiceAccountToken"), "asked for: "+reason, Kept)
		}
		return
	}
	spec.must(ServiceAccountToken, "automountServiceAccountToken", false, askForToken)
	for _, volume := range spec.members("volumes") {
		for _, source := range volume.in("projected").members("sources") {
			if source.value("serviceAccountToken") != nil {
				source.refuse(ServiceAccountToken, "serviceAccountToken", "unset", askForToken)
			}
		}
	}
}

// tokenSecret refuses a Secret that the cluster fills with a token that never
// expires.
func (j *judge) tokenSecret(object *unstructured.Unstructured) {
	root := &place{j: j, on: refTo(object), fields: object.Object}
	if object.GetKind() == "Secret" {
		root.never(ServiceAccountToken, "type", "another type of Secret", "tokens are asked for when needed, and expire",
			"kubernetes.io/service-account-token")
	}
}

package posture

import (
	"strconv"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// labels gives an object, and the pods that it makes, the labels that answer
// "whose is this?". Owner and team may differ from object to object and are
// kept; an environment that is another one's is a violation.
func (j *judge) labels(object *unstructured.Unstructured, w workload, makesPods bool) {
	root := &place{j: j, on: refTo(object), fields: object.Object}
	metadata := root.in("metadata", "labels")
	j.commonLabels(metadata, object.GetKind() != "Namespace")
	if makesPods && len(w.template.path) > 0 {
		pods := w.template.in("metadata", "labels")
		j.commonLabels(pods, object.GetKind() != "Job") // a Job's template cannot change
	}
	if w.gateway {
		j.gatewayLabels(w.template.in("metadata", "labels"), Stable)
		j.ourLabel(metadata, GatewayLabel, j.Gateway)
	}
}

func (j *judge) commonLabels(labels *place, versioned bool) {
	if j.off(Labels, labels.on) {
		return
	}
	for _, label := range [][2]string{{"owner", j.Owner}, {"team", j.Team}} {
		if have := labels.str(label[0]); have != "" {
			j.did(Labels, labels.on, labels.field(label[0]), have, have, Kept)
		} else if value := labelValue(label[1]); value != "" {
			j.replace(Labels, labels, label[0], value)
		}
	}
	if environment := labelValue(j.Environment); environment != "" {
		labels.must(Labels, "environment", environment, "the overlay is another environment's")
	}
	if version := labelValue(j.Version); version != "" && versioned {
		j.replace(Labels, labels, "version", version)
	}
}

// gatewayLabels mark the pods that serve, whichever Deployment they are of.
func (j *judge) gatewayLabels(labels *place, track string) {
	j.ourLabel(labels, GatewayLabel, j.Gateway)
	j.ourLabel(labels, TrackLabel, track)
	j.ourLabel(labels, DeployLabel, strconv.FormatInt(j.Deploy, 10))
}

// ourLabel sets a label that belongs to the deploy, whatever the overlay says.
func (j *judge) ourLabel(labels *place, key, value string) {
	if labels.value(key) != value {
		labels.write(key, value)
	}
}

// replace sets a field that the deploy knows better than the overlay.
func (j *judge) replace(control string, p *place, key string, want any) {
	have, kind := p.value(key), Set
	switch have {
	case nil:
		kind = New
	case want:
		kind = Kept
	}
	p.write(key, want)
	j.did(control, p.on, p.field(key), have, want, kind)
}

// ownerless refuses a gateway that nobody owns.
func (j *judge) ownerless(w workload) {
	labels := w.template.in("metadata", "labels")
	for _, key := range []string{"owner", "team"} {
		if labels.str(key) == "" {
			labels.refuse(Labels, key, "who answers for the gateway", "name it in clawql.yaml")
		}
	}
}

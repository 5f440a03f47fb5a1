package posture

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
)

// shape makes sure that there is one gateway, that its Service leads to it, and
// that nothing else in the overlay can pose as it.
func (j *judge) shape(objects []*unstructured.Unstructured, workloads []workload) *workload {
	gateway := j.theGateway(workloads)
	if gateway == nil {
		return nil
	}
	if gateway.gatewayContainer(j.Gateway) == nil {
		gateway.spec().refuse(GatewayShape, "containers", "a container called "+j.Gateway, "upstream's overlays have it")
	}
	selector := j.service(objects, *gateway)
	for _, w := range workloads {
		if !w.gateway {
			j.impostor(w, selector)
		}
	}
	for _, object := range objects {
		j.reserved(object)
	}
	return gateway
}

func (j *judge) theGateway(workloads []workload) *workload {
	for i, w := range workloads {
		if w.gateway {
			return &workloads[i]
		}
	}
	missing := Ref{"Deployment", j.Namespace, j.Gateway}
	if !j.refused(Readable, missing) { // else it is there, and said to be unreadable
		j.refuse(Violation{GatewayShape, missing, nil, nil, "a Deployment (apps/v1) of this name in the overlay",
			"name the gateway in clawql.yaml if it is called otherwise"})
	}
	return nil
}

// service gives the selector of the gateway's Service, nil when there is none.
func (j *judge) service(objects []*unstructured.Unstructured, gateway workload) labels.Selector {
	on := Ref{"Service", j.Namespace, j.Gateway}
	object := find(objects, "", "Service", j.Gateway)
	if object == nil {
		j.refuse(Violation{GatewayShape, on, nil, nil, "a Service of this name in the overlay", "upstream's base has it"})
		return nil
	}
	wanted, _, _ := unstructured.NestedStringMap(object.Object, "spec", "selector")
	selector := labels.SelectorFromSet(wanted)
	if len(wanted) == 0 || !selector.Matches(labels.Set(podLabels(gateway))) {
		j.refuse(Violation{GatewayShape, on, []string{"spec", "selector"}, object.Object["spec"],
			"a selector of the gateway's pods", "copy the labels of the Deployment's pod template"})
		return nil
	}
	return selector
}

func podLabels(w workload) map[string]string {
	all := map[string]string{}
	for key, value := range w.template.in("metadata", "labels").fields {
		all[key] = text(value)
	}
	return all
}

// impostor refuses other pods that would get the gateway's traffic or its
// network allowances.
func (j *judge) impostor(w workload, service labels.Selector) {
	own := w.template.in("metadata", "labels")
	if service != nil && service.Matches(labels.Set(podLabels(w))) {
		own.refuse(GatewayShape, "app", "labels that the Service "+j.Gateway+" does not select",
			"its pods would serve the gateway's requests")
	}
	for _, key := range []string{GatewayLabel, TrackLabel} {
		if own.value(key) != nil {
			own.refuse(GatewayShape, key, "unset: only the gateway's pods carry it", "take the label out")
		}
	}
}

// reserved refuses names that the deploy itself uses, and hand-made endpoints,
// which would send the gateway's requests to any address.
func (j *judge) reserved(object *unstructured.Unstructured) {
	root := &place{j: j, on: refTo(object), fields: object.Object}
	name, canary := object.GetName(), j.Gateway+"-canary"
	switch kind := object.GetKind(); {
	case (kind == "Deployment" || kind == "Service") && name == canary:
		root.in("metadata").refuse(GatewayShape, "name", "another name", "the deploy makes the canary")
	case kind == "Endpoints" && (name == j.Gateway || name == canary),
		kind == "EndpointSlice" && servesGateway(object.GetLabels()["kubernetes.io/service-name"], j.Gateway):
		root.in("metadata").refuse(GatewayShape, "name", "no endpoints by hand", "the Service's selector finds the pods")
	}
}

func servesGateway(service, gateway string) bool {
	return service == gateway || service == gateway+"-canary"
}

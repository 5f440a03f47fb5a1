package driftcheck

import (
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const (
	endpoints      = "Endpoints"
	endpointSlice  = "EndpointSlice"
	discoveryGroup = "discovery.k8s.io"
)

// withoutDrawn leaves out the Endpoints and EndpointSlices that controllers of
// Kubernetes write anew. Their labels and owners prove nothing, since anybody can
// write them: what proves it is the Service in the same reading. To one without
// a selector no controller writes, and there it is endpoints by hand that say
// where its connections end.
func withoutDrawn(objects []*Object, live bool) []*Object {
	w := services{selects: map[[2]string]bool{}, mirrored: map[[2]string]bool{}, live: live}
	if !slices.ContainsFunc(objects, func(o *Object) bool { return isEndpoints(o) || isSlice(o) }) {
		return objects
	}
	for _, o := range objects {
		place := [2]string{o.namespace, o.name}
		switch {
		case o.kind == "Service" && o.group == "":
			spec, _, _ := unstructured.NestedMap(o.Tree().Object, "spec")
			selector, _ := spec["selector"].(map[string]any)
			w.selects[place] = len(selector) > 0 && spec["type"] != "ExternalName"
		case isEndpoints(o):
			w.mirrored[place] = o.Tree().GetLabels()["endpointslice.kubernetes.io/skip-mirror"] != "true"
		}
	}
	return slices.DeleteFunc(objects, w.draw)
}

func isEndpoints(o *Object) bool { return o.kind == endpoints && o.group == "" }
func isSlice(o *Object) bool     { return o.kind == endpointSlice && o.group == discoveryGroup }

// services of one reading, by namespace and name.
type services struct {
	selects  map[[2]string]bool // it has a selector, or false
	mirrored map[[2]string]bool // its Endpoints are to be mirrored in slices
	live     bool               // the objects are those of a cluster
}

// draw says whether a controller writes an object by itself.
func (s services) draw(o *Object) bool {
	switch {
	case !isEndpoints(o) && !isSlice(o):
		return false
	case s.live && o.namespace == "default" && o.name == "kubernetes": // the API server's own addresses
		return true
	case isEndpoints(o):
		return s.selects[[2]string{o.namespace, o.name}] || election(o)
	}
	labels := o.Tree().GetLabels()
	service := [2]string{o.namespace, labels["kubernetes.io/service-name"]}
	selects, known := s.selects[service]
	switch labels["endpointslice.kubernetes.io/managed-by"] {
	case "endpointslice-controller.k8s.io":
		return selects
	case "endpointslicemirroring-controller.k8s.io":
		return known && !selects && s.mirrored[service]
	}
	return false
}

// election is the lock of an old controller: Endpoints that lead nowhere.
func election(o *Object) bool {
	tree := o.Tree()
	_, locks := tree.GetAnnotations()["control-plane.alpha.kubernetes.io/leader"]
	_, leads := tree.Object["subsets"]
	return locks && !leads
}

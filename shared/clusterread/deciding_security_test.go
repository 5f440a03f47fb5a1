package clusterread

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Who can write one of these decides for all namespaces, or for a Service: what
// is not listed would be equal on any two clusters.
func TestWhatDecidesIsListed(t *testing.T) {
	for gr, namespaced := range map[schema.GroupResource]bool{
		{Resource: "endpoints"}: true, {Group: "discovery.k8s.io", Resource: "endpointslices"}: true,
		{Group: "apiregistration.k8s.io", Resource: "apiservices"}: false, {Group: "security.openshift.io", Resource: "securitycontextconstraints"}: false,
		{Group: "external-secrets.io", Resource: "clustersecretstores"}: false, {Group: "external-secrets.io", Resource: "clusterexternalsecrets"}: false,
		{Group: "cert-manager.io", Resource: "clusterissuers"}: false, {Group: "node.k8s.io", Resource: "runtimeclasses"}: false,
		{Group: "scheduling.k8s.io", Resource: "priorityclasses"}: false, {Group: "mutations.gatekeeper.sh", Resource: "assign"}: false,
	} {
		if !wanted(gr.WithVersion("v1"), metav1.APIResource{Name: gr.Resource, Namespaced: namespaced, Verbs: metav1.Verbs{"list"}}) {
			t.Errorf("%s is not listed", gr)
		}
	}
	if wanted(schema.GroupVersionResource{Version: "v1", Resource: "nodes"}, metav1.APIResource{Name: "nodes", Verbs: metav1.Verbs{"list"}}) {
		t.Error("nodes are listed")
	}
}

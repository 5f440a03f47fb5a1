// Package webhook says which requests validating admission webhooks can refuse
// on one side only. What a webhook answers is its own business; whether it is
// asked, and what happens while it does not answer, stands in the
// ValidatingWebhookConfiguration: rules, selectors, failurePolicy.
//
// The semantics are those of k8s.io/apiserver: `*` is every resource and no
// subresource, `*/*` both, `pods/*` pods and their subresources; a namespace
// selector does not speak of objects without namespace; the failure policy is
// Fail where nothing is said.
package webhook

import (
	admissionv1 "k8s.io/api/admissionregistration/v1"

	"github.com/clawql/clawql-workbench/shared/finding"
)

// Control of the findings.
const Control = "Webhook"

// Resource is one ValidatingWebhookConfiguration.
type Resource struct {
	Object  finding.Object
	Hooks   []admissionv1.ValidatingWebhook // each name at most once
	Changed *finding.Change                 // nil where it is not known
}

// Request is what the API server asks its webhooks about.
type Request struct {
	Operation       string // CREATE, UPDATE, DELETE or CONNECT
	Group, Version  string
	Resource        string // with its subresource: pods/exec
	Namespaced      bool
	NamespaceLabels map[string]string
	ObjectLabels    map[string]string
	Down            bool // the webhook does not answer; else it refuses
}

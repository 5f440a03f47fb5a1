package driftcheck

import (
	"github.com/clawql/clawql-workbench/shared/drift/admission"
	"github.com/clawql/clawql-workbench/shared/drift/atr"
	"github.com/clawql/clawql-workbench/shared/drift/image"
	"github.com/clawql/clawql-workbench/shared/drift/istio"
	"github.com/clawql/clawql-workbench/shared/drift/netpol"
	"github.com/clawql/clawql-workbench/shared/drift/panguard"
	"github.com/clawql/clawql-workbench/shared/drift/podsec"
	"github.com/clawql/clawql-workbench/shared/drift/rbac"
	"github.com/clawql/clawql-workbench/shared/drift/vaultacl"
	"github.com/clawql/clawql-workbench/shared/drift/vaultauth"
	"github.com/clawql/clawql-workbench/shared/drift/webhook"
	"github.com/clawql/clawql-workbench/shared/finding"
)

// Control is one thing that is compared, with what it decides.
type Control struct{ Name, Decides string }

// known controls, in the order of reports.
var known = []Control{
	{netpol.Control, "which connections are let through"},
	{rbac.Control, "who may make which requests of the API server"},
	{vaultacl.Control, "who may make which requests of Vault"},
	{vaultauth.Control, "who may log in to Vault, and as what"},
	{podsec.ControlAdmission, "which pods a namespace admits"},
	{podsec.ControlPods, "with which privileges pods run"},
	{panguard.ControlPolicy, "which tool calls Panguard lets through"},
	{atr.Control, "which inputs the Agent Threat Rules catch"},
	{admission.Control, "which objects Kyverno and ValidatingAdmissionPolicies refuse"},
	{webhook.Control, "which requests validating webhooks are asked about"},
	{istio.Control, "which requests Istio lets through"},
	{image.Control, "which images run, and who decides that"},
	{ControlEnv, "which variables the containers have"},
	{ControlSecret, "which values the Secrets have, by keyed hash"},
	{ControlObject, "what else the objects say"},
}

// Controls are those that a comparison looks at, and any other that a finding
// names.
func Controls(findings []finding.Finding) []Control {
	list, has := append([]Control{}, known...), map[string]bool{}
	for _, c := range list {
		has[c.Name] = true
	}
	for _, f := range findings {
		if !has[f.Control] {
			has[f.Control] = true
			list = append(list, Control{f.Control, "what " + f.Control + " decides"})
		}
	}
	return list
}

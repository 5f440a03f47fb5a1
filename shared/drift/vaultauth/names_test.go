package vaultauth

import (
	"testing"

	"github.com/clawql/clawql-workbench/shared/finding"
)

// Namespaces have other names on the sides: what names them alike is equal.
func TestNamespacesByOtherNames(t *testing.T) {
	const subject = "bound_subject"
	stage := Options{Namespaces: map[string]string{"staging": "clawql", "monitoring": "monitoring"}}
	cases := []struct {
		name     string
		from, to Side
		want     string // direction and witness of the only finding
	}{
		{"the same by another name", side("kubernetes", kubeConfig, with(kubeRole, "bound_service_account_namespaces", "staging,monitoring")), side("kubernetes", kubeConfig, with(kubeRole, "bound_service_account_namespaces", "clawql,monitoring")), ""},
		{"all", side("kubernetes", kubeConfig, with(kubeRole, "bound_service_account_namespaces", "*")), side("kubernetes", kubeConfig, with(kubeRole, "bound_service_account_namespaces", "*")), ""},
		{"the name of the other side", side("kubernetes", kubeConfig, kubeRole), side("kubernetes", kubeConfig, kubeRole), "stricter service account clawql/eso logs in at kubernetes role kubernetes/r"},
		{"a glob", side("kubernetes", kubeConfig, with(kubeRole, "bound_service_account_namespaces", "stag*")), side("kubernetes", kubeConfig, kubeRole), "more-permissive service account stagother/eso logs in at kubernetes role kubernetes/r"},
		{"a selector", side("kubernetes", kubeConfig, with(kubeRole, "bound_service_account_namespaces", nil, "bound_service_account_namespace_selector", `matchLabels: {kubernetes.io/metadata.name: staging}`)), side("kubernetes", kubeConfig, kubeRole), ""},
		{"a subject", side("jwt", jwtConfig, with(jwtRole, subject, "system:serviceaccount:staging:ci")), side("jwt", jwtConfig, with(jwtRole, subject, "system:serviceaccount:clawql:ci")), ""},
		{"another subject", side("jwt", jwtConfig, with(jwtRole, subject, "system:serviceaccount:staging:ci")), side("jwt", jwtConfig, jwtRole), "stricter a JWT of subject other, of audience vault logs in at jwt role jwt/r"},
	}
	for _, c := range cases {
		r := mustCompare(t, c.from, c.to, stage)
		var got string
		for _, f := range r.Findings {
			if f.Witness != nil {
				got += string(f.Direction) + " " + f.Witness.Text
			}
		}
		if c.name == "the name of the other side" {
			// clawql of `from` is no namespace of `to`: nothing more is said of it
			if len(r.Findings) != 1 || r.Findings[0].Direction != finding.Stricter || got != c.want {
				t.Errorf("%s: %v", c.name, said(r))
			}
			continue
		}
		if got != c.want || len(r.Incomplete) > 0 {
			t.Errorf("%s: %v", c.name, said(r))
		}
	}
}

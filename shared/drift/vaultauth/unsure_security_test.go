package vaultauth

import (
	"fmt"
	"strings"
	"testing"

	"github.com/clawql/clawql-workbench/shared/drift/vaultacl"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/finding"
)

// What cannot be told is never equal, and no value of a field is printed that
// may be a secret.

func TestWhatCannotBeReadIsIncomplete(t *testing.T) {
	const planted = "hvs.planted-value"
	for field, value := range map[string]any{
		"token_ttl": planted, "token_max_ttl": -1, "token_num_uses": 1.5, "token_policies": []any{1}, "token_bound_cidrs": planted,
		"token_no_default_policy": planted, "token_type": []any{planted}, "bound_service_account_names": table{planted: planted},
		"audience": 5, "bound_service_account_namespace_selector": planted, "token_period": "1e99h", "token_explicit_max_ttl": 1e300,
		"bound_service_account_namespaces": []any{planted, nil},
	} {
		bad := side("kubernetes", kubeConfig, with(kubeRole, field, value))
		for _, sides := range [][2]Side{{bad, bad}, {bad, side("kubernetes", kubeConfig, kubeRole)}, {side("kubernetes", kubeConfig, kubeRole), bad}} {
			r := mustCompare(t, sides[0], sides[1], Options{})
			if len(r.Incomplete) == 0 || !strings.Contains(r.Incomplete[0], field) {
				t.Errorf("%s: %v", field, said(r))
			}
			if strings.Contains(fmt.Sprint(r), planted) {
				t.Errorf("%s: its value is printed: %v", field, said(r))
			}
		}
	}
}

func TestSecretsThatWereLeftOutAreIncomplete(t *testing.T) {
	claims := with(jwtRole, "bound_claims", table{"api_token": Secret})
	for name, s := range map[string]Side{
		"a claim":              side("jwt", jwtConfig, claims),
		"a field not known":    side("kubernetes", kubeConfig, with(kubeRole, "hook", Secret)),
		"a configuration":      side("jwt", with(jwtConfig, "provider_config", table{"secret": Secret}), jwtRole),
		"a field that decides": side("jwt", with(jwtConfig, "jwks_url", Secret), jwtRole),
	} {
		if r := mustCompare(t, s, s, Options{}); len(r.Incomplete) == 0 {
			t.Errorf("%s: %v", name, said(r))
		}
	}
}

func TestUnknownFieldsAreIncomplete(t *testing.T) {
	for kind, role := range map[string]table{"kubernetes": kubeRole, "approle": appRole, "jwt": jwtRole, "token": tokenRole, "userpass": userRole, "cert": certRole, "aws": {"token_policies": "eso"}} {
		for _, sides := range [][2]table{{with(role, "allow_moon", true), role}, {role, with(role, "allow_moon", true)}} {
			r := mustCompare(t, side(kind, nil, sides[0]), side(kind, nil, sides[1]), Options{})
			if len(r.Incomplete) != 1 || len(r.Findings) != 1 || r.Findings[0].Direction != finding.Different {
				t.Errorf("%s: %v", kind, said(r))
			}
		}
	}
	r := mustCompare(t, side("kubernetes", with(kubeConfig, "trust_moon", "x"), kubeRole), side("kubernetes", kubeConfig, kubeRole), Options{})
	if len(r.Incomplete) != 1 || len(r.Findings) != 1 {
		t.Errorf("a configuration: %v", said(r))
	}
}

func TestConfigurationOfOneSideAloneIsIncomplete(t *testing.T) {
	for kind, role := range map[string]table{"kubernetes": kubeRole, "jwt": jwtRole, "ldap": {"policies": "eso"}} {
		config := map[string]table{"kubernetes": kubeConfig, "jwt": jwtConfig, "ldap": ldapConfig}[kind]
		for _, sides := range [][2]Side{{side(kind, nil, role), side(kind, config, role)}, {side(kind, config, role), side(kind, nil, role)}} {
			if r := mustCompare(t, sides[0], sides[1], Options{}); len(r.Incomplete) == 0 {
				t.Errorf("%s: %v", kind, said(r))
			}
		}
	}
}

func TestTooManyCasesAreIncomplete(t *testing.T) {
	var a, b []any
	for i := range 14 {
		a = append(a, fmt.Sprintf("*%c*%c*%c*%c*", 'a'+i, 'b'+i, 'c'+i, 'a'+i))
		b = append(b, fmt.Sprintf("*%c*%c*", 'a'+i, 'c'+i))
	}
	r := mustCompare(t, side("kubernetes", kubeConfig, with(kubeRole, "bound_service_account_names", a)), side("kubernetes", kubeConfig, with(kubeRole, "bound_service_account_names", b)), Options{})
	stricter := len(r.Findings) == 1 && r.Findings[0].Direction == finding.Stricter
	if len(r.Incomplete) != 1 || !stricter {
		t.Errorf("%v", said(r))
	}
}

func TestPoliciesThatAreNotKnownAreIncomplete(t *testing.T) {
	whole, other := side("kubernetes", kubeConfig, kubeRole), side("kubernetes", kubeConfig, with(kubeRole, "token_policies", "admin"))
	other.Policies = nil
	for _, sides := range [][2]Side{{whole, other}, {other, whole}} {
		r := mustCompare(t, sides[0], sides[1], Options{})
		if len(r.Incomplete) != 1 || len(r.Findings) != 1 || r.Findings[0].Direction != finding.Different {
			t.Errorf("%v", said(r))
		}
	}
	other.Roles[0].Fields = kubeRole
	if r := mustCompare(t, whole, other, Options{}); len(r.Incomplete)+len(r.Findings) > 0 {
		t.Errorf("the same names: %v", said(r))
	}
}

func TestBrokenSidesAreErrors(t *testing.T) {
	m := Mount{Path: "kubernetes", Type: "kubernetes"}
	r := Role{Mount: "kubernetes", Name: "r", Fields: kubeRole}
	for name, s := range map[string]Side{
		"a mount twice":          {Mounts: []Mount{m, m}},
		"a mount with slashes":   {Mounts: []Mount{{Path: "kubernetes/", Type: "kubernetes"}}},
		"a mount without a path": {Mounts: []Mount{{Type: "kubernetes"}}},
		"a role twice":           {Mounts: []Mount{m}, Roles: []Role{r, r}},
		"a role twice, by case":  {Mounts: []Mount{m}, Roles: []Role{r, {Mount: "kubernetes", Name: "R"}}},
		"a role without a mount": {Roles: []Role{r}},
		"a role without a name":  {Mounts: []Mount{m}, Roles: []Role{{Mount: "kubernetes"}}},
		"a policy that is none":  {Mounts: []Mount{m}, Roles: []Role{r}, Policies: []vaultacl.Policy{{Name: "eso", Text: `path "a" {`}}},
		"a policy twice":         {Mounts: []Mount{m}, Roles: []Role{r}, Policies: []vaultacl.Policy{{Name: "eso"}, {Name: "ESO"}}},
	} {
		for _, sides := range [][2]Side{{s, {}}, {{}, s}} {
			if result, err := Compare(sides[0], sides[1], Options{}); err == nil || fault.Code(err) != fault.CodeUnable {
				t.Errorf("%s: %v, %+v", name, err, result)
			}
		}
	}
}

// FuzzFields: whatever fields hold, nothing breaks, a side is never more
// permissive than itself, and swapping the sides flips the directions.
func FuzzFields(f *testing.F) {
	f.Add("kubernetes", "token_ttl", "1h", "token_policies", `a,b`, 5.0)
	f.Add("jwt", "bound_audiences", "x", "bound_subject", "s", 0.5)
	f.Add("approle", "secret_id_ttl", "7d", "secret_id_bound_cidrs", "10.0.0.1/8", -1.0)
	f.Add("token", "allowed_policies_glob", "*a*b*", "disallowed_policies", "root", 1e18)
	f.Add("cert", "allowed_names", "**", "allowed_dns_sans", ",,", 1.0)
	f.Add("ldap", "policies", "default,ROOT", "groups", "\x00", 0.0)
	f.Fuzz(func(t *testing.T, kind, one, value, two, other string, number float64) {
		if len(value)+len(other) > 60 {
			t.Skip("patterns of that length take long")
		}
		base := table{"bound_service_account_names": "a*", "bound_service_account_namespaces": "n", "token_policies": "eso"}
		a, b := with(base, one, value, two, []any{other}, "token_max_ttl", number), with(base, one, []any{value, other}, two, other)
		x, y := side(kind, a, a), side(kind, b, b)
		if same, err := Compare(x, x, Options{}); err == nil && len(same.Findings) > 0 {
			t.Fatalf("differs from itself: %v", said(same))
		}
		there, err := Compare(x, y, Options{})
		back, other2 := Compare(y, x, Options{})
		if (err == nil) != (other2 == nil) {
			t.Fatalf("%v, swapped %v", err, other2)
		}
		if err == nil && fmt.Sprint(directions(there, false)) != fmt.Sprint(directions(back, true)) {
			t.Fatalf("%v, swapped %v", said(there), said(back))
		}
	})
}

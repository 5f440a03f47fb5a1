package admission

import (
	"fmt"
	"reflect"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/clawql/clawql-workbench/shared/drift/verdict"
	"github.com/clawql/clawql-workbench/shared/finding"
)

// Control of the findings.
const Control = "Admission"

// Resource is one object of an admission policy.
type Resource struct {
	Object  finding.Object
	Raw     map[string]any
	Changed *finding.Change // nil where it is not known
}

// Kinds are what Compare looks at, by API group.
var Kinds = map[string][]string{
	"kyverno.io":                   {"ClusterPolicy", "Policy"},
	"admissionregistration.k8s.io": {"ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"},
}

// comparer is one run.
type comparer struct {
	names  [2]string
	sides  [2][]Resource
	result *verdict.Result
	told   map[finding.Object][]string // what has been said of an object
}

// Compare says which requests one side admits and the other refuses; names are
// those of the sides in texts. The error is finding.Bug.
func Compare(from, to []Resource, names [2]string) (*verdict.Result, error) {
	c := &comparer{names, [2][]Resource{from, to}, &verdict.Result{}, map[finding.Object][]string{}}
	for _, object := range c.objects() {
		pair := [2]*Resource{find(from, object), find(to, object)}
		if pair[0] != nil && pair[1] != nil && reflect.DeepEqual(pair[0].Raw["spec"], pair[1].Raw["spec"]) {
			continue
		}
		if err := c.pair(object, pair); err != nil {
			return nil, err
		}
		c.rest(pair)
	}
	finding.Sort(c.result.Findings)
	return c.result, nil
}

func (c *comparer) objects() []finding.Object {
	var all []finding.Object
	for _, side := range c.sides {
		for _, r := range side {
			all = append(all, r.Object)
		}
	}
	slices.SortFunc(all, finding.CompareObjects)
	return slices.Compact(all)
}

func find(list []Resource, object finding.Object) *Resource {
	for i := range list {
		if list[i].Object == object {
			return &list[i]
		}
	}
	return nil
}

func (c *comparer) pair(object finding.Object, pair [2]*Resource) error {
	switch object.Kind {
	case "ValidatingAdmissionPolicy":
		return c.native(pair)
	case "ValidatingAdmissionPolicyBinding":
		return c.binding(pair)
	}
	return c.kyverno(pair)
}

// rest speaks of a difference that no request told. An object that only one
// side has is left to the structural comparison.
func (c *comparer) rest(pair [2]*Resource) {
	a, b := pair[0], pair[1]
	switch {
	case a == nil || b == nil:
		return
	case len(c.told[a.Object]) == 0 || !reflect.DeepEqual(c.residue(a), c.residue(b)):
		c.result.Findings = append(c.result.Findings, finding.Finding{
			Control: Control, Severity: finding.Warning, Direction: finding.Different, Object: a.Object,
			From: "has it in one form", To: "has it in another form", LastChanged: a.Changed,
			Explanation: "the policy differs in what it tests; which side refuses more is not certain",
		}.Identified("form"))
	}
	c.result.Judge(a.Object, ".spec.")
}

// claim adds a finding on a request that side permissive admits.
func (c *comparer) claim(pair [2]*Resource, aspect string, permissive int, says [2]string, request Request) error {
	of := pair[0]
	if of == nil {
		of = pair[1]
	}
	once := fmt.Sprint(aspect, " of side ", permissive)
	if slices.Contains(c.told[of.Object], once) {
		return nil // the same of another rule
	}
	c.told[of.Object] = append(c.told[of.Object], aspect, once)
	if pair[0] == nil || pair[1] == nil {
		c.result.Judge(of.Object, "")
	}
	return c.result.Add(verdict.Claim{
		Control: Control, Object: of.Object, Aspect: aspect, Permissive: permissive, Says: says, Severity: finding.High, Changed: of.Changed,
		Witness: finding.Witness{Kind: "api-request", Text: request.String(), Details: map[string]string{"policy": request.Policy.String(), "rule": request.Rule, "kind": request.Kind}},
		Why:     fmt.Sprintf("%s refuses it, %s does not", c.names[1-permissive], c.names[permissive]),
	}, c.names, func(side int) bool { return !Refuses(c.sides[side], request) })
}

func (r *Resource) spec(path ...string) string {
	value, _, _ := unstructured.NestedString(r.Raw, append([]string{"spec"}, path...)...)
	return value
}

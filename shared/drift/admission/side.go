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

// Kinds are what Compare looks at, by API group. Of a PolicyException only the
// rules that it names are read: of them nothing is certain then.
var Kinds = map[string][]string{
	"kyverno.io":                   {"ClusterPolicy", "Policy", "PolicyException"},
	"admissionregistration.k8s.io": {policyKind, bindingKind},
}

// comparer is one run.
type comparer struct {
	names  [2]string
	sides  [2][]Resource
	index  [2]map[finding.Object]*Resource
	rules  [2]map[finding.Object][]rule // of Kyverno's policies
	uses   [2][]use                     // of Kubernetes' own
	atoms  [2]map[finding.Object][]string
	result *verdict.Result
	told   map[finding.Object]map[string][2]bool // what has been said of an object, by the side that admits
	said   map[string]bool
	named  bool // somebody calls rules by name
}

// Compare says which requests one side admits and the other refuses; names are
// those of the sides in texts. The error is finding.Bug.
func Compare(from, to []Resource, names [2]string) (*verdict.Result, error) {
	c := &comparer{names: names, sides: [2][]Resource{from, to}, result: &verdict.Result{}, told: map[finding.Object]map[string][2]bool{}, said: map[string]bool{}}
	for i, side := range c.sides {
		c.index[i] = map[finding.Object]*Resource{}
		for j := range side {
			c.index[i][side[j].Object] = &side[j]
		}
	}
	if c.alike() {
		return c.result, nil
	}
	exceptions := [2][]exception{exceptionsOf(from), exceptionsOf(to)}
	c.named = len(exceptions[0])+len(exceptions[1]) > 0
	for i, side := range c.sides {
		c.rules[i] = map[finding.Object][]rule{}
		for j := range side {
			if kyvernos(side[j].Object) {
				c.rules[i][side[j].Object] = rulesOf(&side[j], exceptions[i])
			}
		}
		c.uses[i] = usesOf(c.index[i], side)
	}
	if err := c.differences(); err != nil {
		return nil, err
	}
	finding.Sort(c.result.Findings)
	return c.result, nil
}

// alike says whether both sides have the same objects that say the same, as
// they mostly do.
func (c *comparer) alike() bool {
	return len(c.sides[0]) == len(c.sides[1]) && !slices.ContainsFunc(c.sides[0], func(r Resource) bool {
		other := c.index[1][r.Object]
		return other == nil || !reflect.DeepEqual(r.Raw["spec"], other.Raw["spec"])
	})
}

func kyvernos(o finding.Object) bool { return o.Kind == "ClusterPolicy" || o.Kind == "Policy" }

func (c *comparer) differences() error {
	if err := c.native(); err != nil {
		return err
	}
	for _, object := range c.objects() {
		pair := c.pairOf(object)
		if object.Kind == "PolicyException" || pair[0] != nil && pair[1] != nil && reflect.DeepEqual(pair[0].Raw["spec"], pair[1].Raw["spec"]) {
			continue
		}
		if kyvernos(object) {
			if err := c.kyverno(pair); err != nil {
				return err
			}
		}
		c.rest(object, pair)
	}
	return nil
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

func (c *comparer) pairOf(object finding.Object) [2]*Resource {
	return [2]*Resource{c.index[0][object], c.index[1][object]}
}

// rest speaks of a difference that no request told. An object that only one
// side has is left to the structural comparison, unless the other side says
// the same in other objects.
func (c *comparer) rest(object finding.Object, pair [2]*Resource) {
	a, b := pair[0], pair[1]
	switch {
	case a == nil || b == nil:
		if len(c.told[object]) == 0 && c.same(object) {
			c.result.Judge(object, "")
		}
		return
	case len(c.told[object]) == 0 && c.same(object):
	case !reflect.DeepEqual(c.residue(a), c.residue(b)):
		c.result.Findings = append(c.result.Findings, finding.Finding{
			Control: Control, Severity: finding.Warning, Direction: finding.Different, Object: a.Object,
			From: "has it in one form", To: "has it in another form", LastChanged: a.Changed,
			Explanation: "the policy differs in what it tests; which side refuses more is not certain",
		}.Identified("form"))
	}
	c.result.Judge(a.Object, ".spec.")
}

// claim adds a finding on a request that side permissive admits, once for an
// aspect of an object.
func (c *comparer) claim(pair [2]*Resource, aspect string, permissive int, says [2]string, request Request, told ...string) error {
	of := pair[0]
	if of == nil {
		of = pair[1]
	}
	c.note(of.Object, permissive, append(told, aspect)...)
	once := fmt.Sprint(of.Object, aspect, permissive)
	if c.said[once] {
		return nil // the same of another rule
	}
	c.said[once] = true
	if pair[0] == nil || pair[1] == nil {
		c.result.Judge(of.Object, "")
	}
	return c.result.Add(verdict.Claim{
		Control: Control, Object: of.Object, Aspect: aspect, Permissive: permissive, Says: says, Severity: finding.High, Changed: of.Changed,
		Witness: finding.Witness{Kind: "api-request", Text: request.String(), Details: request.details()},
		Why:     fmt.Sprintf("%s refuses it, %s does not", c.names[1-permissive], c.names[permissive]),
	}, c.names, func(side int) bool { return !Refuses(c.sides[side], request) })
}

func (r *Resource) spec(path ...string) string {
	value, _, _ := unstructured.NestedString(r.Raw, append([]string{"spec"}, path...)...)
	return value
}

func (r *Resource) fields() map[string]any {
	spec, _ := r.Raw["spec"].(map[string]any)
	return spec
}

func (r *Resource) field(name string) any { return r.fields()[name] }

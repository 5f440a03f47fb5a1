package istio

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	"github.com/clawql/clawql-workbench/shared/drift/verdict"
	"github.com/clawql/clawql-workbench/shared/finding"
)

// Control of the findings.
const Control = "Istio"

// root is the namespace whose policies hold for the whole mesh.
const root = "istio-system"

// Kinds are what Compare looks at, by API group.
var Kinds = map[string][]string{"security.istio.io": {"PeerAuthentication", "AuthorizationPolicy"}}

// Resource is one policy.
type Resource struct {
	Object  finding.Object
	Raw     map[string]any
	Changed *finding.Change // nil where it is not known
}

// policy is a resource as the comparer reads it.
type policy struct {
	Resource
	spec   spec
	unsure bool // says something that is not known here
}

// comparer is one run.
type comparer struct {
	names  [2]string
	sides  [2][]policy
	raw    [2][]Resource
	result *verdict.Result
}

// Compare says which requests one side lets through and the other does not;
// names are those of the sides in texts. The error is finding.Bug.
func Compare(from, to []Resource, names [2]string) (*verdict.Result, error) {
	c := &comparer{names: names, raw: [2][]Resource{from, to}, result: &verdict.Result{}}
	var objects []finding.Object
	for i, side := range c.raw {
		for _, r := range side {
			c.sides[i] = append(c.sides[i], read(r))
			objects = append(objects, r.Object)
		}
	}
	slices.SortFunc(objects, finding.CompareObjects)
	for _, object := range slices.Compact(objects) {
		if err := c.object(object); err != nil {
			return nil, err
		}
	}
	finding.Sort(c.result.Findings)
	return c.result, nil
}

func find(list []policy, object finding.Object) *policy {
	for i := range list {
		if list[i].Object == object {
			return &list[i]
		}
	}
	return nil
}

// read reads a policy. A field that the type here does not have makes it
// unsure.
func read(r Resource) policy {
	p := policy{Resource: r}
	text, err := json.Marshal(r.Raw["spec"])
	if err == nil {
		p.unsure = !p.spec.read(text)
	}
	p.unsure = p.unsure || err != nil || !p.spec.known(r.Object.Kind, r.Object.Namespace)
	return p
}

// object compares one policy, in the midst of the others.
func (c *comparer) object(object finding.Object) error {
	a, b := find(c.sides[0], object), find(c.sides[1], object)
	if a != nil && b != nil && reflect.DeepEqual(a.Raw["spec"], b.Raw["spec"]) {
		return nil
	}
	told := false
	if !c.unsure(object) {
		hybrid := slices.DeleteFunc(slices.Clone(c.sides[1]), func(p policy) bool { return p.Object == object })
		if a != nil {
			hybrid = append(hybrid, *a)
		}
		for permissive := range c.names {
			found, err := c.direction(object, hybrid, permissive)
			if err != nil {
				return err
			}
			told = told || found
		}
	}
	if a != nil && b != nil {
		c.result.Judge(object, ".spec", ".spec.")
	}
	if told && (a == nil || b == nil) {
		c.result.Judge(object, "")
	}
	if !told && a != nil && b != nil {
		c.result.Findings = append(c.result.Findings, finding.Finding{
			Control: Control, Severity: finding.Warning, Direction: finding.Different, Object: object,
			From: "has it in one form", To: "has it in another form", LastChanged: a.Changed,
			Explanation: "the policy differs; no drawn request shows which side lets more through",
		}.Identified("form"))
	}
	return nil
}

// unsure says whether a policy that holds where object does tells nothing.
func (c *comparer) unsure(object finding.Object) bool {
	for _, side := range c.sides {
		for i, p := range side {
			if object.Kind == "PeerAuthentication" && slices.ContainsFunc(side[:i], p.rivals) {
				return true
			}
			near := object.Namespace == root || p.Object.Namespace == root || p.Object.Namespace == object.Namespace
			if p.unsure && near && p.Object.Kind == object.Kind {
				return true
			}
		}
	}
	return false
}

// rivals says whether two policies of one scope can hold for one pod: then the
// older one counts, which manifests do not tell. A policy of the mesh has no
// selector.
func (p policy) rivals(other policy) bool {
	if p.Object.Kind != other.Object.Kind || p.Object.Namespace != other.Object.Namespace {
		return false
	}
	mine, theirs := p.spec.Selector.MatchLabels, other.spec.Selector.MatchLabels
	if p.Object.Namespace == root || (len(mine) == 0) != (len(theirs) == 0) {
		return p.Object.Namespace == root
	}
	for key, value := range mine {
		if apart, has := theirs[key]; has && apart != value {
			return false
		}
	}
	return true
}

// direction looks for a request that side permissive allows and the other
// refuses, and that object alone is enough to tell.
func (c *comparer) direction(object finding.Object, hybrid []policy, permissive int) (bool, error) {
	alone := [2][]policy{hybrid, c.sides[1]}
	for _, request := range c.requests(object) {
		differs := func(sides [2][]policy) bool {
			return allows(sides[permissive], object.Kind, request) && !allows(sides[1-permissive], object.Kind, request)
		}
		if differs(alone) && differs(c.sides) {
			return true, c.claim(object, permissive, request)
		}
	}
	return false, nil
}

func (c *comparer) claim(object finding.Object, permissive int, request Request) error {
	of := find(c.sides[0], object)
	if of == nil {
		of = find(c.sides[1], object)
	}
	claim := verdict.Claim{
		Control: Control, Object: object, Aspect: "request", Permissive: permissive, Severity: finding.High, Changed: of.Changed,
		Witness: finding.Witness{Kind: "request", Text: request.text(object.Kind), Details: map[string]string{"namespace": request.Namespace}},
		Why:     fmt.Sprintf("%s lets it through, %s does not", c.names[permissive], c.names[1-permissive]),
	}
	claim.Says[permissive], claim.Says[1-permissive] = "lets it through", "refuses it"
	return c.result.Add(claim, c.names, func(side int) bool { return Allows(c.raw[side], object.Kind, request) })
}

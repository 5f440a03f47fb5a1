package istio

import (
	"fmt"
	"slices"

	"github.com/clawql/clawql-workbench/shared/drift/verdict"
	"github.com/clawql/clawql-workbench/shared/finding"
)

// Control of the findings.
const Control = "Istio"

// root is the namespace whose policies hold for the whole mesh.
const root = "istio-system"

// Kinds are what Compare looks at, by API group. RequestAuthentications are
// read to know whose tokens are verified; they are not compared.
var Kinds = map[string][]string{"security.istio.io": {"PeerAuthentication", "AuthorizationPolicy", "RequestAuthentication"}}

// compared are the kinds whose differences Compare tells.
var compared = []string{"AuthorizationPolicy", "PeerAuthentication"}

// Resource is one policy.
type Resource struct {
	Object  finding.Object
	Raw     map[string]any
	Changed *finding.Change // nil where it is not known
}

// comparer is one run.
type comparer struct {
	names   [2]string
	raw     [2][]Resource
	sides   [2][]policy
	changed []finding.Object
	found   map[finding.Object]*[2]*Request // by the side that lets it through
	unsure  map[finding.Object]string       // the namespace where nothing can be told
	result  *verdict.Result
}

// Compare says which requests one side lets through and the other does not;
// names are those of the sides in texts. The error is finding.Bug.
func Compare(from, to []Resource, names [2]string) (*verdict.Result, error) {
	c, err := run(from, to, names)
	if err != nil {
		return nil, err
	}
	return c.result, nil
}

func run(from, to []Resource, names [2]string) (*comparer, error) {
	c := &comparer{
		names: names, raw: [2][]Resource{from, to}, result: &verdict.Result{},
		found: map[finding.Object]*[2]*Request{}, unsure: map[finding.Object]string{},
	}
	for i, side := range c.raw {
		for _, r := range side {
			c.sides[i] = append(c.sides[i], read(r))
		}
	}
	for _, kind := range compared {
		for _, namespace := range c.namespaces(kind) {
			c.scope(namespace, kind)
		}
	}
	slices.SortFunc(c.changed, finding.CompareObjects)
	for _, object := range slices.Compact(c.changed) {
		if err := c.object(object); err != nil {
			return nil, err
		}
	}
	finding.Sort(c.result.Findings)
	return c, nil
}

// namespaces are those with a policy of a kind; where the mesh has one, there
// is one more that stands for all others.
func (c *comparer) namespaces(kind string) []string {
	var list []string
	for _, side := range c.sides {
		for _, p := range side {
			if p.Object.Kind != kind {
				continue
			}
			list = append(list, p.Object.Namespace)
			if p.Object.Namespace == root {
				list = append(list, "other-namespace")
			}
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// scope looks at the pods of one namespace.
func (c *comparer) scope(namespace, kind string) {
	s := newScope(namespace, kind, c.sides)
	changed := s.changed()
	c.changed = append(c.changed, changed...)
	if len(changed) == 0 {
		return
	}
	if s.problem == "" && s.unsure() {
		for _, object := range changed {
			c.unsure[object] = namespace
		}
		return
	}
	if s.problem == "" {
		s.search(changed, c.take)
	}
	if s.problem != "" {
		c.result.Incomplete = append(c.result.Incomplete, fmt.Sprintf("%s objects that hold in namespace %s: %s", kind, namespace, s.problem))
	}
}

// take notes the first request for an object and a direction.
func (c *comparer) take(object finding.Object, permissive int, r Request) {
	if c.found[object] == nil {
		c.found[object] = &[2]*Request{}
	}
	if c.found[object][permissive] == nil {
		c.found[object][permissive] = &r
	}
}

// object tells what was found of one policy.
func (c *comparer) object(object finding.Object) error {
	a, b := find(c.sides[0], object), find(c.sides[1], object)
	told := false
	for permissive, r := range c.requests(object) {
		if r == nil {
			continue
		}
		told = true
		if err := c.claim(object, permissive, *r); err != nil {
			return err
		}
	}
	if a != nil && b != nil {
		c.result.Judge(object, ".spec", ".spec.")
	}
	if told && (a == nil || b == nil) {
		c.result.Judge(object, "")
	}
	where, unsure := c.unsure[object]
	if told && !unsure || a == nil || b == nil || sameMeaning(a, b) {
		return nil
	}
	why := "the policy differs; no request shows which side lets more through"
	if unsure {
		why = "the policy differs; what it does in namespace " + where + " is decided by more than is understood here"
	}
	c.result.Findings = append(c.result.Findings, finding.Finding{
		Control: Control, Severity: finding.Warning, Direction: finding.Different, Object: object,
		From: "has it in one form", To: "has it in another form", LastChanged: a.Changed, Explanation: why,
	}.Identified("form"))
	return nil
}

func (c *comparer) requests(object finding.Object) [2]*Request {
	if found := c.found[object]; found != nil {
		return *found
	}
	return [2]*Request{}
}

func find(list []policy, object finding.Object) *policy {
	for i := range list {
		if list[i].Object == object {
			return &list[i]
		}
	}
	return nil
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

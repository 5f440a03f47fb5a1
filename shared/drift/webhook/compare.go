package webhook

import (
	"fmt"
	"reflect"
	"slices"

	admissionv1 "k8s.io/api/admissionregistration/v1"

	"github.com/clawql/clawql-workbench/shared/drift/verdict"
	"github.com/clawql/clawql-workbench/shared/finding"
)

// comparer is one run.
type comparer struct {
	names  [2]string
	sides  [2][]Resource
	result *verdict.Result
}

// hook is one webhook on both sides; nil is none.
type hook struct {
	object  finding.Object
	name    string
	sides   [2]*admissionv1.ValidatingWebhook
	changed *finding.Change
}

// place is where typediff says that the webhook stands.
func (h hook) place() string { return fmt.Sprintf(".webhooks[name=%q]", h.name) }

// Compare says which requests get past the webhooks of one side only; names are
// those of the sides in texts. Conditions, matchPolicy and who answers are left
// to the structural comparison. The error is finding.Bug.
func Compare(from, to []Resource, names [2]string) (*verdict.Result, error) {
	c := &comparer{names, [2][]Resource{from, to}, &verdict.Result{}}
	for _, object := range c.objects() {
		hooks, whole := c.hooks(object)
		for _, h := range hooks {
			judged, err := c.hook(h)
			if err != nil {
				return nil, err
			}
			whole = whole && judged
		}
		if whole {
			c.result.Judge(object, "") // that it exists says no more than its webhooks
		}
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

// hooks of a configuration, by name; missing says that one side lacks the
// configuration and the other's has webhooks.
func (c *comparer) hooks(object finding.Object) (list []hook, missing bool) {
	there := 0
	for i, side := range c.sides {
		at := slices.IndexFunc(side, func(r Resource) bool { return r.Object == object })
		if at < 0 {
			continue
		}
		there++
		for k := range side[at].Hooks {
			one := &side[at].Hooks[k]
			found := slices.IndexFunc(list, func(h hook) bool { return h.name == one.Name })
			if found < 0 {
				list, found = append(list, hook{object: object, name: one.Name}), len(list)
			}
			list[found].sides[i], list[found].changed = one, side[at].Changed
		}
	}
	return list, there == 1 && len(list) > 0
}

// hook says whether it could judge the webhook.
func (c *comparer) hook(h hook) (judged bool, err error) {
	a, b := h.sides[0], h.sides[1]
	switch {
	case a == nil:
		return c.missing(h, 0)
	case b == nil:
		return c.missing(h, 1)
	case len(a.MatchConditions) > 0 || len(b.MatchConditions) > 0 || !reflect.DeepEqual(a.MatchPolicy, b.MatchPolicy):
		return false, nil
	}
	points := draw(a, b)
	if !points.whole {
		return false, nil
	}
	if err := c.reach(h, points); err != nil {
		return false, err
	}
	return true, c.failure(h, points)
}

// missing is a webhook that one side lacks.
func (c *comparer) missing(h hook, lacks int) (judged bool, err error) {
	there := h.sides[1-lacks]
	points := draw(there, there)
	request, reaches := points.request(func(in [2]bool) bool { return in[0] })
	if !reaches || len(there.MatchConditions) > 0 {
		return false, nil
	}
	says := [2]string{"asks webhook " + h.name, "asks webhook " + h.name}
	says[lacks] = "has no such webhook"
	c.result.Judge(h.object, h.place())
	return true, c.claim(h, "existence", lacks, says, request, "only "+c.names[1-lacks]+" asks this webhook")
}

// reach are requests that the webhook is asked about on one side only.
func (c *comparer) reach(h hook, points points) error {
	for side := range h.sides {
		request, found := points.request(func(in [2]bool) bool { return !in[side] && in[1-side] })
		if !found {
			continue
		}
		says := [2]string{"asks webhook " + h.name, "asks webhook " + h.name}
		says[side] = "does not ask it"
		if err := c.claim(h, "reach", side, says, request, "rules or selectors of the webhook differ"); err != nil {
			return err
		}
	}
	for _, field := range []string{".rules", ".namespaceSelector.", ".objectSelector."} {
		c.result.Judge(h.object, h.place()+field)
	}
	return nil
}

// failure compares what happens while the webhook does not answer.
func (c *comparer) failure(h hook, points points) error {
	ignores := [2]bool{ignore(h.sides[0]), ignore(h.sides[1])}
	request, both := points.request(func(in [2]bool) bool { return in[0] && in[1] })
	if !both {
		return nil
	}
	c.result.Judge(h.object, h.place()+".failurePolicy")
	if ignores[0] == ignores[1] {
		return nil
	}
	request.Down = true
	says := [2]string{"failurePolicy Fail", "failurePolicy Fail"}
	side := slices.Index(ignores[:], true)
	says[side] = "failurePolicy Ignore"
	return c.claim(h, "failure", side, says, request, "while the webhook does not answer")
}

func ignore(w *admissionv1.ValidatingWebhook) bool {
	return w.FailurePolicy != nil && *w.FailurePolicy == admissionv1.Ignore
}

func (c *comparer) claim(h hook, aspect string, permissive int, says [2]string, r Request, why string) error {
	return c.result.Add(verdict.Claim{
		Control: Control, Object: h.object, Aspect: h.name + " " + aspect, Permissive: permissive, Says: says, Severity: finding.High,
		Witness: r.witness(h.name), Why: why, Changed: h.changed,
	}, c.names, func(side int) bool { return Evaluate(c.sides[side], h.object.Name, h.name, r) })
}

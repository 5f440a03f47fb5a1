package rbac

import (
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/finding"
)

// witness is one request that a gap lets through on one side alone.
type witness struct {
	gap      gap
	request  Request
	severity finding.Severity
}

// graver says which of two is to be shown.
func (w *witness) graver(than *witness) bool {
	if w.severity != than.severity {
		return w.severity.Worse(than.severity)
	}
	return w.severity == finding.Critical && w.request.rank() < than.request.rank()
}

func groupSubject(name string) rbacv1.Subject {
	return rbacv1.Subject{Kind: rbacv1.GroupKind, Name: name}
}

// witness of a gap: a critical request that it lets through and the other side
// does not, else the best known one. The last candidate always is one.
func (e *engine) witness(p principal, allows int, g gap) (*witness, error) {
	critical := g.part.critical(e.fresh)
	for i, r := range append(critical, g.part.requests(e.fresh)...) {
		r.User, r.Groups = p.user, p.groups
		for _, r.Namespace = range e.places(g, r) {
			answer, err := Evaluate(e.sides[1-allows], r)
			if err != nil {
				return nil, fault.Unable("looking for a witness: %w", err)
			}
			if !answer.Allowed {
				return &witness{g, r, severityOf(r, i < len(critical))}, nil
			}
		}
	}
	return nil, finding.Bug(Control, p.String()+": "+g.part.verb+" "+g.what(), "denied by "+e.names[1-allows], "every request of it is allowed")
}

// places where a request of the gap may be made. What is granted everywhere is
// shown in a namespace, unless its resource lies in none.
func (e *engine) places(g gap, r Request) []string {
	if g.where != "" {
		return []string{g.where}
	}
	if r.Path != "" || clusterScoped[r.Resource] {
		return []string{""}
	}
	return []string{e.fresh, ""}
}

// clusterScoped are well-known resources that lie in no namespace; RBAC does not
// need to know, only the text of a witness is better for it.
var clusterScoped = map[string]bool{
	"nodes": true, "namespaces": true, "persistentvolumes": true, "clusterroles": true, "clusterrolebindings": true,
	"customresourcedefinitions": true, "storageclasses": true, "users": true, "groups": true, "uids": true, "userextras": true,
	"certificatesigningrequests": true, "mutatingwebhookconfigurations": true, "validatingwebhookconfigurations": true,
	"validatingadmissionpolicies": true, "validatingadmissionpolicybindings": true, "apiservices": true, "priorityclasses": true,
}

// check asks Evaluate about the witness, on both sides.
func (e *engine) check(w *witness, allows int) ([2]Answer, error) {
	var answers [2]Answer
	for side := range answers {
		var err error
		if answers[side], err = Evaluate(e.sides[side], w.request); err != nil {
			return answers, fault.Unable("checking witness %s: %w", w.request, err)
		}
		if answers[side].Allowed != (side == allows) {
			return answers, finding.Bug(Control, w.request.String(), yes(side == allows)+" by "+e.names[side], yes(answers[side].Allowed))
		}
	}
	return answers, nil
}

func yes(allowed bool) string {
	if allowed {
		return "allowed"
	}
	return "denied"
}

// finding's form of the witness.
func (w *witness) finding(p principal) *finding.Witness {
	r := w.request
	details := map[string]string{
		"user": r.User, "groups": strings.Join(r.Groups, ","), "verb": r.Verb, "path": r.Path,
		"namespace": r.Namespace, "name": r.Name, "resource": r.Resource, "subresource": r.Subresource,
	}
	for key, value := range details {
		if value == "" {
			delete(details, key)
		}
	}
	if r.Path == "" {
		details["group"] = r.Group
	}
	return &finding.Witness{Kind: "api-request", Text: p.String() + ": " + r.String(), Details: details}
}

package rbac

import (
	"cmp"
	"fmt"
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/clawql/clawql-workbench/shared/finding"
)

// roleKey names a Role, or (namespace empty) a ClusterRole.
type roleKey struct{ namespace, name string }

func (k roleKey) object() finding.Object {
	o := finding.Object{APIVersion: rbacv1.SchemeGroupVersion.String(), Kind: "Role", Namespace: k.namespace, Name: k.name}
	if k.namespace == "" {
		o.Kind = "ClusterRole"
	}
	return o
}

// role that is called so, nil for none.
func (r *resolver) role(k roleKey) *resolved {
	if k.namespace == "" {
		return r.clusterRoles[k.name]
	}
	return r.roles[[2]string{k.namespace, k.name}]
}

func (r *resolver) keys() (list []roleKey) {
	for name := range r.clusterRoles {
		list = append(list, roleKey{"", name})
	}
	for key := range r.roles {
		list = append(list, roleKey{key[0], key[1]})
	}
	return list
}

// useParts: a role is used too where a used one is made of it, and has all of
// it.
func (x *index) useParts() {
	for grown := true; grown; {
		grown = false
		for name, found := range x.roles.finds {
			for _, one := range found {
				if k := (roleKey{"", one}); x.used[roleKey{"", name}] && !x.used[k] && within(x.roles.clusterRoles[one].parts, x.roles.clusterRoles[name].parts) {
					x.used[k], grown = true, true
				}
			}
		}
	}
}

// within says whether wide covers every one of parts.
func within(parts, wide []part) bool {
	return !slices.ContainsFunc(parts, func(p part) bool {
		return !slices.ContainsFunc(wide, func(q part) bool { return q.covers(p) })
	})
}

// parts of a role on a side; none where it does not exist.
func (e *engine) parts(side int, k roleKey) []part {
	if role := e.indexes[side].roles.role(k); role != nil {
		return role.parts
	}
	return nil
}

// idle compares the roles that give nobody anything yet: whoever is bound to
// one later gets other rights on one side than on the other. No request shows
// it today, so that it is "different".
func (e *engine) idle() (findings []finding.Finding) {
	keys := append(e.indexes[from].roles.keys(), e.indexes[to].roles.keys()...)
	slices.SortFunc(keys, func(a, b roleKey) int {
		return cmp.Or(cmp.Compare(a.namespace, b.namespace), cmp.Compare(a.name, b.name))
	})
	for _, k := range slices.Compact(keys) {
		a, b := e.parts(from, k), e.parts(to, k)
		if slices.Equal(a, b) || within(a, b) && within(b, a) {
			continue
		}
		binder, byName := e.binder(k)
		if shown := e.shown(k); byName || !shown && !e.defaults(k) {
			findings = append(findings, e.idleFinding(k, binder, shown))
		}
	}
	return findings
}

// shown: a binding uses the role where it says more, so that the difference
// shows in what subjects may do.
func (e *engine) shown(k roleKey) bool {
	a, b := e.indexes[from].used[k], e.indexes[to].used[k]
	return a && b || a && within(e.parts(to, k), e.parts(from, k)) || b && within(e.parts(from, k), e.parts(to, k))
}

// defaults: both sides have it as Kubernetes' own, which differs with the
// version of the server; one that is not there on one side must be known.
func (e *engine) defaults(k roleKey) bool {
	for side := range e.indexes {
		role := e.indexes[side].roles.role(k)
		if k.namespace != "" || role == nil && !defaultNames()[k.name] || role != nil && !isDefault(role, k.name) {
			return false
		}
	}
	return true
}

// binder is somebody who may bind a role of which they do not hold everything,
// with the side's name; byName says that a rule names the role. Who may bind
// every ClusterRole has cluster-admin, and needs no other.
func (e *engine) binder(k roleKey) (who string, byName bool) {
	for side := range e.indexes {
		for _, p := range e.all {
			may, named := e.mayBind(side, p, k)
			if may && (who == "" || named && !byName) {
				who, byName = p.String()+" of "+e.names[side], named
			}
		}
	}
	return who, byName
}

func (e *engine) mayBind(side int, p principal, k roleKey) (may, byName bool) {
	asked := part{verb: "bind", group: rbacv1.GroupName, resource: "clusterroles", name: k.name}
	if k.namespace != "" {
		asked.resource = "roles"
	}
	bindings := e.indexes[side].of(p)
	for _, b := range bindings {
		if k.namespace != "" && b.namespace != "" && b.namespace != k.namespace {
			continue
		}
		lacks := func(one part) bool {
			return !covered(bindings, gap{part: one, where: cmp.Or(k.namespace, b.namespace)})
		}
		for _, q := range b.parts {
			if q.covers(asked) && slices.ContainsFunc(e.parts(side, k), lacks) {
				may, byName = true, byName || !q.anyName
			}
		}
	}
	return may, byName
}

func (e *engine) idleFinding(k roleKey, binder string, shown bool) finding.Finding {
	f := finding.Finding{
		Control: Control, Severity: finding.Warning, Direction: finding.Different, Object: k.object(),
		Explanation: "no binding uses this role: whoever is bound to it gets other rights on each side",
	}
	if shown {
		f.Explanation = "whoever is bound to this role gets other rights on each side"
	}
	if binder != "" {
		f.Severity = finding.High
		f.Explanation += fmt.Sprintf("; %s may bind it", binder)
	}
	says := [2]string{"is not there", "is not there"}
	for side := range e.indexes {
		role := e.indexes[side].roles.role(k)
		if role == nil {
			continue
		}
		says[side] = e.alone(side, k)
		if role.changed != nil && (f.LastChanged == nil || role.changed.Time.After(f.LastChanged.Time)) {
			f.LastChanged = role.changed
		}
	}
	f.From, f.To = says[from], says[to]
	return f.Identified("unbound")
}

// alone says what a role allows on this side and not on the other.
func (e *engine) alone(side int, k roleKey) string {
	var gaps []gap
	for _, p := range e.parts(side, k) {
		if !within([]part{p}, e.parts(1-side, k)) {
			gaps = append(gaps, gap{part: p})
		}
	}
	if len(gaps) == 0 {
		return "allows nothing more"
	}
	return "allows " + summary(gaps, gap.thing)
}

package driftcheck

import (
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/clawql/clawql-workbench/shared/drift/admission"
	"github.com/clawql/clawql-workbench/shared/drift/atr"
	"github.com/clawql/clawql-workbench/shared/drift/atrroles"
	"github.com/clawql/clawql-workbench/shared/drift/istio"
	"github.com/clawql/clawql-workbench/shared/drift/panguard"
	"github.com/clawql/clawql-workbench/shared/drift/verdict"
	"github.com/clawql/clawql-workbench/shared/finding"
)

// configLabel says what of ClawQL's security a ConfigMap holds (ours).
const configLabel = "clawql.io/security-config"

func keyOfObject(o finding.Object) key {
	return key{groupOf(o.APIVersion), o.Kind, o.Namespace, o.Name}
}

// hear takes the result of a comparer that says what it has spoken of.
func (c *comparison) hear(r *verdict.Result, err error) error {
	if err != nil {
		return err
	}
	for object, places := range r.Judged {
		k := keyOfObject(object)
		for _, place := range places {
			c.judged[k] = append(c.judged[k], func(path string) bool { return verdict.Speaks(place, path) })
		}
	}
	c.take(r.Findings, r.Incomplete)
	return nil
}

// each shows the objects of both sides under their names in `to`.
func (c *comparison) each(visit func(side int, o *Object) error) error {
	for i, side := range []Side{c.moved, c.to} {
		for _, o := range side.Objects {
			if err := visit(i, o); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *comparison) panguard() error {
	var sides [2]panguard.Side
	err := c.each(func(i int, o *Object) error {
		if o.isConfig("panguard-policy") {
			read, err := as[corev1.ConfigMap](o.Tree())
			if err != nil {
				return err
			}
			sides[i].Policies = append(sides[i].Policies, panguard.Policy{
				Object: o.object(), Data: read.Data, Binary: len(read.BinaryData) > 0, Changed: o.changed,
			})
		}
		template, err := o.template, o.unread
		if err != nil || template == nil {
			return err
		}
		sides[i].Workloads = append(sides[i].Workloads, panguard.Workload{
			Object: o.object(), Containers: template.Spec.Containers, Changed: o.changed,
		})
		return nil
	})
	if err != nil {
		return err
	}
	return c.hear(panguard.Compare(sides[0], sides[1], c.names))
}

func (c *comparison) threatRules() error {
	var sides [2][]atr.Config
	err := c.each(func(i int, o *Object) error {
		if !o.isConfig("panguard-rules") {
			return nil
		}
		read, err := as[corev1.ConfigMap](o.Tree())
		if err != nil {
			return err
		}
		sides[i] = append(sides[i], atr.Config{Object: o.object(), Files: read.Data, Changed: o.changed})
		return nil
	})
	if err != nil {
		return err
	}
	return c.hear(atr.Compare(sides[0], sides[1], c.names))
}

// ofKinds are the objects of some kinds, by API group. What the other side has
// in another version of its API is left out: the structural comparison says
// that it was not compared.
func (c *comparison) ofKinds(kinds map[string][]string) (sides [2][]*Object) {
	versions := map[key]string{}
	mixed := map[key]bool{}
	_ = c.each(func(i int, o *Object) error {
		if !slices.Contains(kinds[o.group], o.kind) {
			return nil
		}
		k := o.key
		mixed[k] = mixed[k] || versions[k] != "" && versions[k] != o.apiVersion
		versions[k] = o.apiVersion
		sides[i] = append(sides[i], o)
		return nil
	})
	for i := range sides {
		sides[i] = slices.DeleteFunc(sides[i], func(o *Object) bool { return mixed[o.key] })
	}
	return sides
}

func (c *comparison) admission() error {
	var sides [2][]admission.Resource
	for i, list := range c.ofKinds(admission.Kinds) {
		for _, o := range list {
			sides[i] = append(sides[i], admission.Resource{Object: o.object(), Raw: o.Tree().Object, Changed: o.changed})
		}
	}
	return c.hear(admission.Compare(sides[0], sides[1], c.names))
}

func (c *comparison) mesh() error {
	var sides [2][]istio.Resource
	for i, list := range c.ofKinds(istio.Kinds) {
		for _, o := range list {
			sides[i] = append(sides[i], istio.Resource{Object: o.object(), Raw: o.Tree().Object, Changed: o.changed})
		}
	}
	return c.hear(istio.Compare(sides[0], sides[1], c.names))
}

func (c *comparison) roles() error {
	var sides [2][]atrroles.Config
	err := c.each(func(i int, o *Object) error {
		named := o.kind == "ConfigMap" && o.group == "" && o.name == "clawql-abac-policy"
		if !named && !o.isConfig("atr-roles") {
			return nil
		}
		read, err := as[corev1.ConfigMap](o.Tree())
		if err != nil {
			return err
		}
		sides[i] = append(sides[i], atrroles.Config{Object: o.object(), Data: read.Data, Changed: o.changed})
		return nil
	})
	if err != nil {
		return err
	}
	return c.hear(atrroles.Compare(sides[0], sides[1], c.names))
}

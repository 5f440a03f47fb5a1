package driftcheck

import (
	admissionv1 "k8s.io/api/admissionregistration/v1"

	"github.com/clawql/clawql-workbench/shared/drift/webhook"
	"github.com/clawql/clawql-workbench/shared/fault"
)

func (c *comparison) webhooks() error {
	var sides [2][]webhook.Resource
	for i, list := range c.ofKinds(map[string][]string{admissionv1.GroupName: {"ValidatingWebhookConfiguration"}}) {
		for _, o := range list {
			read, err := as[admissionv1.ValidatingWebhookConfiguration](o.Tree())
			if err != nil {
				return err
			}
			seen := map[string]bool{}
			for _, one := range read.Webhooks {
				if seen[one.Name] {
					return fault.Unable("read %s: it has two webhooks %q", o, one.Name)
				}
				seen[one.Name] = true
			}
			sides[i] = append(sides[i], webhook.Resource{Object: o.object(), Hooks: read.Webhooks, Changed: o.changed})
		}
	}
	return c.hear(webhook.Compare(sides[0], sides[1], c.names))
}

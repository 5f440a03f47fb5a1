package vaultauth

import (
	"maps"
	"slices"
	"strings"
)

// Namespaces of Kubernetes may have other names on the two sides. What the
// roles of `from` say is compared, and witnesses are found, under the names of
// `to`; named gives a login under a side's own names again.

// kubernetesSubject begins what Kubernetes calls a service account in a JWT.
const kubernetesSubject = "system:serviceaccount:"

// rename the namespaces of from in a spec.
func (c *comparison) rename(s *spec) {
	if len(c.options.Namespaces) == 0 {
		return
	}
	s.kube.namespace.renamed = map[string]string{}
	for own, other := range c.options.Namespaces {
		if own != other {
			s.kube.namespace.renamed[other] = own
		}
	}
	subject := slices.Clone(s.jwt.subject)
	for i, list := range subject {
		subject[i] = slices.Clone(list)
		for j, p := range list {
			if !p.glob {
				subject[i][j].text = renamed(p.text, c.options.Namespaces)
			}
		}
	}
	s.jwt.subject = subject
}

// renamed is a service account's subject with another namespace; any other
// subject stays.
func renamed(subject string, names map[string]string) string {
	rest, is := strings.CutPrefix(subject, kubernetesSubject)
	namespace, account, more := strings.Cut(rest, ":")
	other, has := names[namespace]
	if !is || !more || !has {
		return subject
	}
	return kubernetesSubject + other + ":" + account
}

// named is the login under the names of a side.
func (c *comparison) named(side int, l Login) Login {
	if side == to || len(c.options.Namespaces) == 0 {
		return l
	}
	back := map[string]string{}
	for _, own := range slices.Sorted(maps.Keys(c.options.Namespaces)) {
		back[c.options.Namespaces[own]] = own
	}
	if own, has := back[l.Account.Namespace]; has {
		l.Account.Namespace = own
	}
	l.JWT.Subject = renamed(l.JWT.Subject, back)
	return l
}

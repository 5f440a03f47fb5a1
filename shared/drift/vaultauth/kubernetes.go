package vaultauth

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

// kubeSpec is a role of the method kubernetes (vault-plugin-auth-kubernetes).
type kubeSpec struct {
	names     wanted
	namespace namespaces
	audience  string
	issuer    wanted
	keys      []string // none: any key will do, since the cluster is asked too
}

// namespaces are those whose name matches, or whose labels a selector selects.
type namespaces struct {
	names   []pattern
	labels  map[string]string
	selects bool
	// renamed are the side's own names of namespaces by those of the other
	// side; only `from` has them.
	renamed map[string]string
}

var kubernetes = method{
	known: []string{"alias_name_source"},
	config: []string{
		"kubernetes_host", "kubernetes_ca_cert", "disable_local_ca_jwt", "token_reviewer_jwt_set", "use_annotations_as_alias_metadata",
	},
	read: func(role, config *fields, t tune, s *spec) {
		s.kube = kubeSpec{
			names:     wanted{globs(role.list("bound_service_account_names"))},
			namespace: namespaces{names: globs(role.list("bound_service_account_namespaces"))},
			audience:  role.text("audience"),
			keys:      keyNames(config.list("pem_keys")),
		}
		s.kube.namespace.selector(role)
		issuer := config.text("issuer")
		if !config.truthOr("disable_iss_validation", true) && issuer != "" {
			s.kube.issuer = wanted{literals([]string{issuer})}
		}
		s.token = readToken(role, t)
		s.from, s.token.from = s.token.from, nil
	},
	gates: func(says [2]spec) []gate {
		return []gate{
			gateOf("service account", false, [2]wanted{says[0].kube.names, says[1].kube.names}, wordRule(1, func(l *Login, text string) { l.Account.Name = text })),
			gateOf("namespace", false, [2]namespaces{says[0].kube.namespace, says[1].kube.namespace}, namespaceRule),
			gateOf("audience", false, [2]string{says[0].kube.audience, says[1].kube.audience}, audienceRule),
			addressGate(says),
			gateOf("issuer", true, [2]wanted{says[0].kube.issuer, says[1].kube.issuer}, wordRule(1, func(l *Login, text string) { l.JWT.Issuer = text })),
			gateOf("key", true, [2][]string{says[0].kube.keys, says[1].kube.keys}, anyKeyRule),
		}
	},
}

// keyNames are keys by their fingerprint: Vault shows the PEM.
func keyNames(keys []string) []string {
	var names []string
	for _, key := range keys {
		data := []byte(strings.TrimSpace(key))
		if block, _ := pem.Decode(data); block != nil {
			data = block.Bytes
		}
		sum := sha256.Sum256(data)
		names = append(names, "key sha256:"+hex.EncodeToString(sum[:6]))
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// selector is JSON or YAML; Vault takes matchLabels only.
func (n *namespaces) selector(role *fields) {
	const name = "bound_service_account_namespace_selector"
	text := role.text(name)
	if strings.TrimSpace(text) == "" {
		return
	}
	var selector struct {
		Labels map[string]string `json:"matchLabels"`
	}
	if err := yaml.UnmarshalStrict([]byte(text), &selector); err != nil {
		role.fail(name, text, "an object with matchLabels")
		return
	}
	own, named := selector.Labels[nameLabel]
	switch {
	case named && len(selector.Labels) == 1:
		n.names = append(n.names, pattern{own, false})
	case named:
		role.fail(name, text, "labels, or "+nameLabel+" alone")
	default:
		n.labels, n.selects = selector.Labels, true
	}
}

// nameLabel is one that Kubernetes gives each namespace: its name.
const nameLabel = "kubernetes.io/metadata.name"

// has says whether a namespace is one of them by its name.
func (n namespaces) has(name string) bool {
	if own, renamed := n.renamed[name]; renamed {
		name = own
	}
	a := newAutomaton(n.names)
	return slices.Contains(a.matched(a.read(name)), true)
}

// special names are renamed, or hidden by it: they are asked about one by one,
// or not at all.
func special(a, b namespaces) (asked, never []string) {
	for _, n := range []namespaces{a, b} {
		asked = append(asked, slices.Sorted(maps.Keys(n.renamed))...)
		never = append(never, slices.Sorted(maps.Values(n.renamed))...)
	}
	return asked, slices.DeleteFunc(never, func(name string) bool { return slices.Contains(asked, name) })
}

// find a name by what the two sides say of it.
func (n namespaces) find(other namespaces, yes func(in, out bool) bool) (string, reach) {
	asked, never := special(n, other)
	for _, name := range asked {
		if yes(n.has(name), other.has(name)) {
			return name, found
		}
	}
	patterns := slices.Concat(n.names, other.names, literals(asked), literals(never))
	return search(patterns, nil, 1, func(matched []bool) bool {
		own, rest := matched[:len(n.names)], matched[len(n.names):]
		theirs, specials := rest[:len(other.names)], rest[len(other.names):]
		return !slices.Contains(specials, true) && yes(slices.Contains(own, true), slices.Contains(theirs, true))
	})
}

var namespaceRule = rule[namespaces, Account]{
	beyond: func(a, b namespaces) (Account, reach) {
		reached := none
		if !b.selects || len(b.labels) > 0 { // else b's selector selects all
			var name string
			if name, reached = a.find(b, func(in, other bool) bool { return in && !other }); reached == found {
				return Account{Namespace: name}, found
			}
		}
		if a.selects && (!b.selects || !includes(a.labels, b.labels)) {
			name, labelled := a.find(b, func(_, other bool) bool { return !other })
			if labelled != found {
				labelled = max(reached, labelled)
			}
			return Account{Namespace: name, Labels: a.labels}, labelled
		}
		return Account{}, reached
	},
	within: func(a, b namespaces) (Account, reach) {
		name, reached := a.find(b, func(in, other bool) bool { return in && other })
		switch {
		case reached == found:
			return Account{Namespace: name}, found
		case a.selects && b.selects && agree(a.labels, b.labels):
			labels := maps.Clone(a.labels)
			if labels == nil {
				labels = map[string]string{}
			}
			maps.Copy(labels, b.labels)
			name, reached = a.find(b, func(_, _ bool) bool { return true })
			return Account{Namespace: name, Labels: labels}, reached
		}
		if name, reached = a.find(b, func(in, _ bool) bool { return in }); reached == none && a.selects {
			name, reached = a.find(b, func(_, other bool) bool { return other })
			if reached == none {
				name, reached = a.find(b, func(_, _ bool) bool { return true })
			}
			return Account{Namespace: name, Labels: a.labels}, reached
		}
		return Account{Namespace: name, Labels: b.labels}, reached
	},
	set: func(l *Login, value Account) { l.Account.Namespace, l.Account.Labels = value.Namespace, value.Labels },
}

// includes says whether all that selects one set of labels is in the other.
func includes(labels, wanted map[string]string) bool {
	for key, value := range wanted {
		if have, has := labels[key]; !has || have != value {
			return false
		}
	}
	return true
}

// agree: no label is wanted in two values.
func agree(a, b map[string]string) bool {
	for key, value := range a {
		if other, has := b[key]; has && other != value {
			return false
		}
	}
	return true
}

// audienceRule: a role with an audience wants it in the token; one without
// takes any token.
var audienceRule = rule[string, []string]{
	beyond: func(a, b string) ([]string, reach) {
		switch {
		case b == "" || a == b:
			return nil, none
		case a == "":
			return []string{"not-" + b}, found
		}
		return []string{a}, found
	},
	within: func(a, b string) ([]string, reach) {
		var list []string
		for _, one := range []string{a, b} {
			if one != "" && !slices.Contains(list, one) {
				list = append(list, one)
			}
		}
		return list, found
	},
	set: func(l *Login, value []string) { l.JWT.Audiences = value },
}

// anyKeyRule: without keys any will do.
var anyKeyRule = rule[[]string, string]{
	beyond: func(a, b []string) (string, reach) {
		switch {
		case len(b) == 0:
			return "", none
		case len(a) == 0:
			return "another key of the cluster", found
		}
		return keyRule.beyond(a, b)
	},
	within: func(a, b []string) (string, reach) {
		if len(a) == 0 || len(b) == 0 {
			return "", found
		}
		return keyRule.within(a, b)
	},
	set: func(l *Login, value string) { l.JWT.Key = value },
}

// keyRule: a token has to be signed with one of the keys. "" is one that both
// sides take.
var keyRule = rule[[]string, string]{
	beyond: func(a, b []string) (string, reach) {
		i := slices.IndexFunc(a, func(one string) bool { return !slices.Contains(b, one) })
		if i < 0 {
			return "", none
		}
		return a[i], found
	},
	within: func(a, b []string) (string, reach) {
		switch {
		case slices.ContainsFunc(a, func(one string) bool { return slices.Contains(b, one) }):
			return "", found
		case len(a) > 0:
			return a[0], found
		}
		return "", none
	},
	set: func(l *Login, value string) { l.JWT.Key = value },
}

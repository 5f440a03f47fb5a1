package netpol

import (
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// exchanged makes of the labels and networks of a mapping an exchange: where
// staging's network stands for production's, a policy of the mapped side that
// lets in production's speaks of the other environment. Without this the two
// would pass for one. What gives no exchange is an error.
func (m Mapping) exchanged() (Mapping, error) {
	networks := make(map[netip.Prefix]netip.Prefix, len(m.CIDRs))
	for old, renamed := range m.CIDRs {
		if !old.IsValid() || !renamed.IsValid() || old.Bits() != renamed.Bits() || old.Addr().BitLen() != renamed.Addr().BitLen() {
			return m, fault.Usage("mapping CIDR %s to %s: both must be of one family and length", old, renamed)
		}
		if other, known := networks[old.Masked()]; known && other != renamed.Masked() {
			return m, fault.Usage("mapping CIDR %s: it is mapped twice", old.Masked())
		}
		networks[old.Masked()] = renamed.Masked()
	}
	var err error
	if m.CIDRs, err = closed(networks, netip.Prefix.Compare); err != nil {
		return m, err
	}
	if m.Labels, err = closed(m.Labels, strings.Compare); err != nil {
		return m, err
	}
	if err = apart(m.CIDRs); err != nil {
		return m, err
	}
	m.crossed, err = crossed(m.Labels)
	return m, err
}

// closed adds what makes a mapping a permutation: the last name of a chain
// becomes its first. Two names that become one are an error.
func closed[K comparable](names map[K]K, order func(a, b K) int) (map[K]K, error) {
	all, back := make(map[K]K, 2*len(names)), make(map[K]K, len(names))
	for _, a := range slices.SortedFunc(maps.Keys(names), order) {
		b := names[a]
		if other, twice := back[b]; twice {
			return nil, fault.Usage("mapping %v and %v both to %v: the two could not be told apart", other, a, b)
		}
		all[a], back[b] = b, a
	}
	for b := range back {
		if _, mapped := names[b]; mapped {
			continue
		}
		first := b
		for before, has := back[first]; has; before, has = back[first] {
			first = before
		}
		all[b] = first
	}
	return all, nil
}

// apart: networks that lie within one another have no exchange.
func apart(networks map[netip.Prefix]netip.Prefix) error {
	list := slices.SortedFunc(maps.Keys(networks), netip.Prefix.Compare)
	for i, one := range list {
		for _, other := range list[i+1:] {
			if one.Overlaps(other) {
				return fault.Usage("mapping CIDRs %s and %s: one lies within the other", one, other)
			}
		}
	}
	return nil
}

// crossed gives the keys that have a value which goes to another key. Of such a
// key all mapped values must go to one key, and none of them from elsewhere; no
// key is mapped both by itself and with a value.
func crossed(labels map[string]string) (map[string]bool, error) {
	with, came, alone := map[string]string{}, map[string]string{}, map[string]bool{}
	list := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		key, _, pair := strings.Cut(name, "=")
		renamed, _, both := strings.Cut(labels[name], "=")
		switch {
		case key == NameLabel || renamed == NameLabel:
			return nil, fault.Usage("mapping label %s to %s: %s follows the namespaces, map those", name, labels[name], NameLabel)
		case pair != both:
			return nil, fault.Usage("mapping label %s to %s: both must have a value, or none", name, labels[name])
		case !pair:
			alone[key] = true
			continue
		case with[key] != "" && with[key] != renamed || came[renamed] != "" && came[renamed] != key:
			return nil, fault.Usage("mapping label %s to %s: other values of its key go to, or come from, another key", name, labels[name])
		}
		with[key], came[renamed] = renamed, key
		list[key] = key != renamed
	}
	for key := range alone {
		if with[key] != "" {
			return nil, fault.Usage("mapping label %s: it is mapped both by itself and with a value", key)
		}
	}
	return list, nil
}

// whole says whether a requirement asks of a crossed key only what moves with
// it: of its other values, and of whether it is there, the other side's key
// says nothing.
func (m Mapping) whole(key string, values []string) error {
	if !m.crossed[key] {
		return nil
	}
	for _, value := range values {
		if _, mapped := m.Labels[key+"="+value]; !mapped {
			return fault.Unable("%s=%s is asked for, and only other values of its key are mapped to another", key, value)
		}
	}
	if len(values) == 0 {
		return fault.Unable("its requirement on %s asks for any value, and only some are mapped to another key", key)
	}
	return nil
}

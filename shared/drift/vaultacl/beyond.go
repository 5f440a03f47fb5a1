package vaultacl

import (
	"slices"
	"strings"
	"time"
)

// demand is what a request brings beside its path: parameters and a wrapping
// time, 0 for none.
type demand struct {
	data map[string]string
	wrap time.Duration
}

// beyond is a demand with a capability that a allows and b does not; false for
// none. A nil rule allows nothing.
func beyond(a, b *rule, c Capability, fresh string) (demand, bool) {
	switch {
	case a == nil || !a.capabilities.has(c):
		return demand{}, false
	case !c.isOperation():
		return demand{}, b == nil || !b.capabilities.has(c)
	}
	var other perms
	if b != nil {
		other = b.perms
	}
	data, some := map[string]string(nil), true
	if checksParameters[c] {
		data, some = a.least(other, fresh)
	}
	if !some {
		return demand{}, false
	}
	denies := b == nil || !b.capabilities.has(c)
	for _, ttl := range wraps(a.perms, other) {
		if a.wrapFits(ttl) && (denies || !other.wrapFits(ttl)) {
			return demand{data, ttl}, true
		}
	}
	return beyondData(a.perms, other, c, fresh, data)
}

// beyondData looks for parameters, with a wrapping time that both take.
func beyondData(a, b perms, c Capability, fresh string, least map[string]string) (demand, bool) {
	if !checksParameters[c] {
		return demand{}, false
	}
	fits := slices.IndexFunc(wraps(a, b), a.wrapFits)
	if fits < 0 {
		return demand{}, false
	}
	ttl := wraps(a, b)[fits]
	if !b.takes(least) {
		return demand{least, ttl}, true
	}
	if a.refusesAll() {
		return demand{}, false
	}
	for _, key := range keysOf(a, b, fresh) {
		for _, value := range valuesOf(a, b, key, fresh) {
			data := map[string]string{key: value}
			for k, v := range least {
				if k != key {
					data[k] = v
				}
			}
			if a.takes(data) && !b.takes(data) {
				return demand{data, ttl}, true
			}
		}
	}
	return demand{}, false
}

// takes says whether the parameters pass.
func (p perms) takes(data map[string]string) bool {
	for _, key := range p.required {
		if _, given := data[strings.ToLower(key)]; !given {
			return false
		}
	}
	if len(data) > 0 && p.refusesAll() {
		return false
	}
	for key, value := range data {
		if !p.accepts(key, value) {
			return false
		}
	}
	return true
}

// least is the fewest parameters that p takes, of values that other takes too
// where there are such; false where it takes none.
func (p perms) least(other perms, fresh string) (map[string]string, bool) {
	data := map[string]string{}
	for _, key := range p.required {
		key = strings.ToLower(key)
		values := slices.DeleteFunc(valuesOf(p, other, key, fresh), func(v string) bool { return !p.accepts(key, v) })
		if len(values) == 0 {
			return nil, false
		}
		data[key] = values[0]
		if i := slices.IndexFunc(values, func(v string) bool { return other.accepts(key, v) }); i >= 0 {
			data[key] = values[i]
		}
	}
	return data, p.takes(data)
}

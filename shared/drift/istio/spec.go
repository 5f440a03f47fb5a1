package istio

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
)

// spec is what both kinds of policy say, as far as it is understood here.
type spec struct {
	Selector struct {
		MatchLabels map[string]string `json:"matchLabels"`
	} `json:"selector"`
	Mtls struct {
		Mode string `json:"mode"`
	} `json:"mtls"`
	PortLevelMtls map[string]struct {
		Mode string `json:"mode"`
	} `json:"portLevelMtls"`
	Action string `json:"action"`
	Rules  []rule `json:"rules"`
}

type rule struct {
	From []struct {
		Source source `json:"source"`
	} `json:"from"`
	To []struct {
		Operation operation `json:"operation"`
	} `json:"to"`
}

type source struct {
	Principals    []string `json:"principals"`
	NotPrincipals []string `json:"notPrincipals"`
	Namespaces    []string `json:"namespaces"`
	NotNamespaces []string `json:"notNamespaces"`
	IPBlocks      []string `json:"ipBlocks"`
	NotIPBlocks   []string `json:"notIpBlocks"`
}

type operation struct {
	Hosts      []string `json:"hosts"`
	NotHosts   []string `json:"notHosts"`
	Ports      []string `json:"ports"`
	NotPorts   []string `json:"notPorts"`
	Methods    []string `json:"methods"`
	NotMethods []string `json:"notMethods"`
	Paths      []string `json:"paths"`
	NotPaths   []string `json:"notPaths"`
}

// read is false for a field that is not listed above.
func (s *spec) read(text []byte) bool {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	return decoder.Decode(s) == nil
}

// known says whether modes, actions and patterns are such as are understood.
func (s *spec) known(kind, namespace string) bool {
	if kind == "PeerAuthentication" {
		if namespace == root && len(s.Selector.MatchLabels) > 0 {
			return false // it is nobody's
		}
		modes := []string{"", "UNSET", "STRICT", "PERMISSIVE", "DISABLE"}
		for _, port := range s.PortLevelMtls {
			if !slices.Contains(modes, port.Mode) {
				return false
			}
		}
		return slices.Contains(modes, s.Mtls.Mode)
	}
	for _, r := range s.Rules {
		for _, f := range r.From {
			for _, block := range slices.Concat(f.Source.IPBlocks, f.Source.NotIPBlocks) {
				if _, ok := prefix(block); !ok {
					return false
				}
			}
		}
		for _, t := range r.To {
			if strings.Contains(strings.Join(slices.Concat(t.Operation.Paths, t.Operation.NotPaths), ""), "{") {
				return false
			}
		}
	}
	return slices.Contains([]string{"", "ALLOW", "DENY"}, s.Action)
}

// prefix reads a block of addresses, or one address.
func prefix(text string) (netip.Prefix, bool) {
	if p, err := netip.ParsePrefix(text); err == nil {
		return p.Masked(), true
	}
	address, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(address, address.BitLen()), true
}

// selects says whether a policy holds for a pod.
func (p policy) selects(namespace string, labels map[string]string) bool {
	if p.Object.Namespace != root && p.Object.Namespace != namespace {
		return false
	}
	for key, value := range p.spec.Selector.MatchLabels {
		if labels[key] != value {
			return false
		}
	}
	return true
}

// allows says whether a side lets a request through, as the comparer sees it.
func allows(side []policy, kind string, r Request) bool {
	var here []policy
	for _, p := range side {
		if p.Object.Kind == kind && p.selects(r.Namespace, r.Labels) {
			here = append(here, p)
		}
	}
	if kind == "PeerAuthentication" {
		mode := mode(here, r.Port)
		return mode == "DISABLE" || mode == "PERMISSIVE" && !r.InMesh
	}
	allowed, anyAllow := false, false
	for _, p := range here {
		hit := slices.ContainsFunc(p.spec.Rules, func(one rule) bool { return one.matches(r) })
		if p.spec.Action == "DENY" && hit {
			return false
		}
		if p.spec.Action != "DENY" {
			anyAllow, allowed = true, allowed || hit
		}
	}
	return allowed || !anyAllow
}

// mode is the mode in force: that of the nearest policy which says one. (Of two
// equally near ones the strictest; where that matters, nothing is compared.)
func mode(here []policy, port string) string {
	best, rank := "PERMISSIVE", 0
	order := []string{"DISABLE", "PERMISSIVE", "STRICT"}
	take := func(mode string, near int) {
		if mode == "" || mode == "UNSET" {
			return
		}
		if near > rank || near == rank && slices.Index(order, mode) > slices.Index(order, best) {
			best, rank = mode, near
		}
	}
	for _, p := range here {
		workload := len(p.spec.Selector.MatchLabels) > 0
		switch {
		case workload:
			take(p.spec.Mtls.Mode, 3)
			take(p.spec.PortLevelMtls[port].Mode, 4)
		case p.Object.Namespace != root:
			take(p.spec.Mtls.Mode, 2)
		default:
			take(p.spec.Mtls.Mode, 1)
		}
	}
	return best
}

func (one rule) matches(r Request) bool {
	from, to := len(one.From) == 0, len(one.To) == 0
	for _, f := range one.From {
		s := f.Source
		from = from || match(s.Principals, s.NotPrincipals, r.Principal) && match(s.Namespaces, s.NotNamespaces, r.From) && blocks(s.IPBlocks, s.NotIPBlocks, r.IP)
	}
	for _, t := range one.To {
		o := t.Operation
		to = to || match(o.Hosts, o.NotHosts, r.Host) && match(o.Ports, o.NotPorts, r.Port) && match(o.Methods, o.NotMethods, r.Method) && match(o.Paths, o.NotPaths, r.Path)
	}
	return from && to
}

// match asks for one of list, if there is any, and for none of not.
func match(list, not []string, value string) bool {
	like := func(pattern string) bool {
		switch {
		case pattern == "*":
			return value != ""
		case strings.HasSuffix(pattern, "*"):
			return strings.HasPrefix(value, strings.TrimSuffix(pattern, "*"))
		case strings.HasPrefix(pattern, "*"):
			return strings.HasSuffix(value, strings.TrimPrefix(pattern, "*"))
		}
		return pattern == value
	}
	return (len(list) == 0 || slices.ContainsFunc(list, like)) && !slices.ContainsFunc(not, like)
}

func blocks(list, not []string, ip string) bool {
	address, err := netip.ParseAddr(ip)
	in := func(block string) bool {
		p, ok := prefix(block)
		return ok && err == nil && p.Contains(address)
	}
	return (len(list) == 0 || slices.ContainsFunc(list, in)) && !slices.ContainsFunc(not, in)
}

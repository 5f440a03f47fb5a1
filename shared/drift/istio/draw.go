package istio

import (
	"net/netip"
	"slices"
	"strings"
)

// Values are drawn so that every combination of answers that patterns of one
// part can give is given by one of them: all values with the same answers are
// treated the same. Those that people know come first.

// usual are the values to begin with; "" is none.
var usual = map[string][]string{
	partPort: {"8080"}, partHost: {"service.example"}, partMethod: {"GET", "POST", "PUT", "DELETE"}, partPath: {"/other-path"},
	partIP: {"192.0.2.77"}, partRemote: {"192.0.2.77"}, partSender: {"", "cluster.local/ns/other-namespace/sa/someone"},
}

// drawn are values of one part of a request.
func drawn(part string, patterns []pattern) []string {
	texts := texts(patterns)
	list := slices.Clone(usual[part])
	switch {
	case part == partPort:
		list = append(list, texts...)
		list = append(list, unlike(texts, "8080", "9999", "10001"))
	case part == partIP || part == partRemote:
		list = append(list, addresses(texts)...)
	case part == partSender:
		list = append(list, senders(texts)...)
	case part == partPath:
		list = slices.DeleteFunc(append(list, words(texts, "/")...), func(path string) bool { return !strings.HasPrefix(path, "/") })
	case part == partMethod || part == partHost:
		list = slices.DeleteFunc(append(list, words(texts, "")...), func(value string) bool { return value == "" })
	default: // headers and claims, which may be missing
		list = append(list, "")
		list = append(list, words(texts, "")...)
	}
	return differing(list, patterns)
}

// texts are those of patterns, each once.
func texts(patterns []pattern) []string {
	var list []string
	for _, p := range patterns {
		list = append(list, p.text)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// differing keeps the first value of those that all patterns answer alike.
func differing(list []string, patterns []pattern) []string {
	seen, kept := map[string]bool{}, []string{}
	for _, value := range list {
		answers := make([]byte, len(patterns)+1)
		if value == "" {
			answers[0] = 1 // none is not like any other
		}
		for i, p := range patterns {
			if p.fits(value) {
				answers[i+1] = 1
			}
		}
		if !seen[string(answers)] {
			seen[string(answers)] = true
			kept = append(kept, value)
		}
	}
	return kept
}

// unlike is the first of some values that is none of the list.
func unlike(list []string, values ...string) string {
	for _, value := range values {
		if !slices.Contains(list, value) {
			return value
		}
	}
	return values[0]
}

// words are for texts with a star at one end: each text, and each start with
// each end. root begins those without a start.
func words(texts []string, root string) []string {
	list, starts, ends := []string{}, []string{root}, []string{""}
	for _, text := range texts {
		switch {
		case text == "*":
		case strings.HasPrefix(text, "*"):
			ends = append(ends, text[1:])
		case strings.HasSuffix(text, "*"):
			starts = append(starts, text[:len(text)-1])
		default:
			list = append(list, text)
		}
	}
	x := filler(texts)
	for _, start := range starts {
		for _, end := range ends {
			list = append(list, start+x+end)
		}
	}
	return list
}

// filler is a text that no other has.
func filler(texts []string) string {
	all := strings.Join(texts, " ")
	for _, x := range []string{"x", "z", "q", "0", "7"} {
		if !strings.Contains(all, x) {
			return x
		}
	}
	x := "x"
	for strings.Contains(all, x) {
		x += "x"
	}
	return x
}

// addresses are the first of each block, and the first after it: between two of
// them no block begins or ends.
func addresses(texts []string) []string {
	list := []string{"2001:db8::77"}
	for _, text := range texts {
		block, ok := prefix(text)
		if !ok {
			continue
		}
		list = append(list, block.Addr().String())
		if after := last(block).Next(); after.IsValid() {
			list = append(list, after.String())
		}
	}
	return list
}

func last(block netip.Prefix) netip.Addr {
	bytes := block.Addr().AsSlice()
	for bit := block.Bits(); bit < len(bytes)*8; bit++ {
		bytes[bit/8] |= 1 << (7 - bit%8)
	}
	address, _ := netip.AddrFromSlice(bytes)
	return address
}

// mostSenders bounds how many callers are tried for one namespace.
const mostSenders = 20_000

// senders are callers as their certificates name them: domain/ns/NAMESPACE/sa/NAME,
// each part as some pattern names it, or as none does.
func senders(texts []string) []string {
	x := filler(texts)
	domains, namespaces, names := []string{"cluster.local", x + ".local"}, []string{"other-namespace", x}, []string{"someone", x}
	add := func(list *[]string, values ...string) {
		for _, value := range values {
			value = strings.ReplaceAll(value, "*", x)
			if value != "" && !strings.Contains(value, "/") && !slices.Contains(*list, value) {
				*list = append(*list, value)
			}
		}
	}
	var exact []string
	for _, text := range texts {
		parts := strings.Split(text, "/")
		marks := slices.Index(parts, "ns")
		switch {
		case len(parts) == 1: // a namespace, a trust domain, or the end of a name
			bare := strings.Trim(text, "*")
			for _, list := range []*[]string{&domains, &namespaces, &names} {
				add(list, text, bare, x+bare, bare+x)
			}
		case len(parts) == 2 && !strings.Contains(text, "*"): // a service account
			add(&namespaces, parts[0])
			add(&names, parts[1])
		case strings.HasPrefix(text, "*"):
			fromTheEnd(parts, x, add, &namespaces, &names)
		default:
			add(&domains, parts[0])
			if marks == 1 && len(parts) > 2 {
				add(&namespaces, parts[2], strings.Trim(parts[2], "*"))
			}
			if len(parts) > 4 {
				add(&names, parts[4], strings.Trim(parts[4], "*"))
			}
			if !strings.Contains(text, "*") && marks == 1 && len(parts) == 5 {
				exact = append(exact, text)
			}
		}
	}
	for _, name := range names {
		for _, ns := range namespaces {
			for _, domain := range domains {
				if len(exact) < mostSenders {
					exact = append(exact, domain+"/ns/"+ns+"/sa/"+name)
				}
			}
		}
	}
	return exact
}

// fromTheEnd reads a pattern that begins with a star: */sa/NAME, */ns/NS/sa/NAME.
func fromTheEnd(parts []string, x string, add func(*[]string, ...string), namespaces, names *[]string) {
	last := len(parts) - 1
	tail := strings.Trim(parts[last], "*")
	add(names, tail, x+tail)
	if last >= 2 && parts[last-1] == "sa" {
		tail = strings.Trim(parts[last-2], "*")
		add(namespaces, tail, x+tail)
	}
}

// tokens are issuer and subject: the issuer is given.
func tokens(issuer string, patterns []pattern) []string {
	var texts []string
	for _, p := range patterns {
		at := strings.LastIndex(p.text, "/")
		texts = append(texts, p.text[at+1:])
	}
	slices.Sort(texts)
	var list []string
	for _, subject := range append([]string{"someone"}, words(texts, "")...) {
		if subject != "" {
			list = append(list, issuer+between+subject)
		}
	}
	return differing(list, patterns)
}

// sets are a claim's values, alone and two together, and all of them; where
// one of some is needed, only sets that have it.
func sets(patterns []pattern, needed []string) []string {
	var texts []string
	for _, p := range patterns {
		texts = append(texts, p.text)
	}
	slices.Sort(texts)
	single := append(slices.Clone(needed), words(slices.Compact(texts), "")...)
	single = slices.DeleteFunc(single, func(value string) bool { return value == "" })
	list := append([]string{""}, single...)
	for i, a := range single {
		for _, b := range single[:i] {
			list = append(list, b+between+a)
		}
	}
	list = append(list, strings.Join(single, between))
	if len(needed) > 0 {
		list = slices.DeleteFunc(list, func(set string) bool {
			return !slices.ContainsFunc(strings.Split(set, between), func(one string) bool { return slices.Contains(needed, one) })
		})
	}
	seen := map[string]bool{}
	return slices.DeleteFunc(list, func(set string) bool {
		answers := ""
		for _, p := range patterns {
			answers += map[bool]string{true: "1", false: "0"}[slices.ContainsFunc(strings.Split(set, between), p.fits)]
		}
		again := seen[answers]
		seen[answers] = true
		return again
	})
}

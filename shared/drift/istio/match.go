package istio

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// match asks for one thing of a request: for one of values, if there are any,
// and for none of not.
type match struct {
	part        string // of a request: what it is asked of
	kind        string // how patterns are read
	values, not []pattern
}

// pattern is one value that a policy names.
type pattern struct {
	kind, text string
	fits       func(value string) bool
}

// The parts of a request. Headers and claims have one part each, whose name
// follows: "header x-tenant".
const (
	partPort, partHost, partMethod, partPath = "port", "host", "method", "path"
	partSender, partIP, partRemote           = "sender", "ip", "remote"
	partToken, partAudience, partPresenter   = "token", "audience", "presenter"
	header, claim                            = "header ", "claim "
)

// kinds of patterns of the sender besides the principal itself.
const (
	kindNamespace, kindAccount, kindDomain = "namespace", "account", "domain"
	kindIssuer, kindSubject                = "issuer", "subject"
)

// attributes are those whose part of a request is always the same.
var attributes = map[string]match{
	"source.principal": {part: partSender}, "source.namespace": {part: partSender, kind: kindNamespace},
	"source.serviceAccount": {part: partSender, kind: kindAccount}, "source.trustDomain": {part: partSender, kind: kindDomain},
	"source.ip": {part: partIP}, "remote.ip": {part: partRemote}, "destination.port": {part: partPort},
	"host": {part: partHost}, "method": {part: partMethod}, "path": {part: partPath},
	"request.auth.principal": {part: partToken}, "request.auth.audiences": {part: partAudience}, "request.auth.presenter": {part: partPresenter},
	"request.auth.claims[iss]": {part: partToken, kind: kindIssuer}, "request.auth.claims[sub]": {part: partToken, kind: kindSubject},
	"request.auth.claims[aud]": {part: partAudience}, "request.auth.claims[azp]": {part: partPresenter},
}

// newMatch reads what is asked of one attribute; false is for what is not
// known here, or what Istio would not take.
func newMatch(attribute string, values, not []string, namespace string) (match, bool) {
	m, known := attributes[attribute]
	if !known {
		name, isHeader := bracketed(attribute, "request.headers")
		part := header + strings.ToLower(name)
		if !isHeader {
			if name, known = bracketed(attribute, "request.auth.claims"); !known {
				return m, false
			}
			part = claim + name
		}
		if m.part = part; strings.HasPrefix(name, ":") || strings.EqualFold(name, "host") {
			return m, false // the same as another attribute, otherwise compared
		}
	}
	for _, text := range values {
		m.values = append(m.values, m.pattern(text, namespace))
	}
	for _, text := range not {
		m.not = append(m.not, m.pattern(text, namespace))
	}
	unknown := func(p pattern) bool { return p.fits == nil }
	return m, len(values)+len(not) > 0 && !slices.ContainsFunc(m.values, unknown) && !slices.ContainsFunc(m.not, unknown)
}

func bracketed(attribute, start string) (string, bool) {
	inner, ok := strings.CutPrefix(attribute, start+"[")
	inner, closed := strings.CutSuffix(inner, "]")
	return inner, ok && closed && inner != "" && !strings.ContainsAny(inner, "[]")
}

// pattern reads one value; without fits it cannot be read.
func (m match) pattern(text, namespace string) pattern {
	p := pattern{kind: m.kind, text: text}
	switch {
	case text == "":
	case m.part == partPort:
		if number, err := strconv.ParseUint(text, 10, 16); err == nil {
			p.text = strconv.FormatUint(number, 10)
			p.fits = func(value string) bool { return value == p.text }
		}
	case m.part == partIP || m.part == partRemote:
		if block, ok := prefix(text); ok {
			p.fits = func(value string) bool {
				address, err := netip.ParseAddr(value)
				return err == nil && block.Contains(address)
			}
		}
	case m.part == partHost:
		p.text = strings.ToLower(text)
		p.fits = like(p.text)
	case m.part == partPath && strings.ContainsAny(text, "{}"):
	case m.kind == kindAccount:
		if !strings.Contains(text, "/") {
			p.text = namespace + "/" + text
		}
		ns, name, _ := strings.Cut(p.text, "/")
		p.fits = func(value string) bool {
			return strings.Index(value, "/ns/"+ns+"/sa/"+name) > 0 && strings.HasSuffix(value, "/ns/"+ns+"/sa/"+name)
		}
	case m.kind == kindNamespace:
		inner := "/ns/" + text + "/"
		p.fits = func(value string) bool { return strings.Contains(value, inner) }
		if strings.Contains(text, "*") {
			p.fits = func(value string) bool { return glob("*"+inner+"*", value) }
		}
	case m.kind == kindDomain:
		p.fits = func(value string) bool {
			domain, _, _ := strings.Cut(value, "/")
			return domain != "" && glob(text, domain)
		}
	case m.part == partToken:
		p.fits = tokenPattern(text, m.kind)
	default:
		p.fits = like(text)
	}
	return p
}

// tokenPattern reads a pattern of issuer/subject, or of one of the two.
func tokenPattern(text, kind string) func(string) bool {
	issuer, subject := requestPrincipal(text)
	switch kind {
	case kindIssuer:
		issuer, subject = like(text), like("*")
	case kindSubject:
		issuer, subject = like("*"), like(text)
	}
	return func(value string) bool {
		iss, sub, is := strings.Cut(value, between)
		return is && issuer(iss) && subject(sub)
	}
}

// between an issuer and a subject, and several values of a claim.
const between = "\x00"

// requestPrincipal reads issuer/subject as Istio does: the last slash parts
// them, and a star may stand at either end of the whole.
func requestPrincipal(text string) (issuer, subject func(string) bool) {
	at := strings.LastIndex(text, "/")
	switch {
	case text == "*":
		return like("*"), like("*")
	case at < 0 && strings.HasPrefix(text, "*"):
		return like("*"), like(text)
	case at < 0 && strings.HasSuffix(text, "*"):
		return like(text), like("*")
	case at < 0:
		return same(text), same("")
	case strings.HasPrefix(text, "*"):
		return like(text[:at]), same(text[at+1:])
	case strings.HasSuffix(text, "*"):
		return same(text[:at]), like(text[at+1:])
	}
	return same(text[:at]), same(text[at+1:])
}

func same(text string) func(string) bool {
	return func(value string) bool { return value == text }
}

// like is a text, with a star at its start or at its end. Nothing is like none.
func like(text string) func(string) bool {
	switch {
	case text == "*":
		return func(value string) bool { return value != "" }
	case strings.HasPrefix(text, "*"):
		return func(value string) bool { return strings.HasSuffix(value, text[1:]) }
	case strings.HasSuffix(text, "*"):
		return func(value string) bool { return strings.HasPrefix(value, text[:len(text)-1]) }
	}
	return same(text)
}

// glob takes each star for any text.
func glob(pattern, text string) bool {
	first, rest, more := strings.Cut(pattern, "*")
	if !more {
		return pattern == text
	}
	if text, more = strings.CutPrefix(text, first); !more {
		return false
	}
	for ; ; text = text[1:] {
		if glob(rest, text) {
			return true
		}
		if text == "" {
			return false
		}
	}
}

// holds says whether a part of a request is as is asked. Of a claim with
// several values one is enough.
func (m match) holds(value string) bool {
	values := []string{value}
	if m.several() {
		values = strings.Split(value, between)
	}
	fits := func(p pattern) bool { return slices.ContainsFunc(values, p.fits) }
	return (len(m.values) == 0 || slices.ContainsFunc(m.values, fits)) && !slices.ContainsFunc(m.not, fits)
}

func (m match) several() bool {
	return m.part == partAudience || m.part == partPresenter || strings.HasPrefix(m.part, claim)
}

// ofHTTP says whether a part is there in HTTP only.
func ofHTTP(part string) bool {
	switch part {
	case partPort, partSender, partIP, partRemote:
		return false
	}
	return true
}

// ofToken says whether a part comes from a verified token.
func ofToken(part string) bool {
	return part == partToken || part == partAudience || part == partPresenter || strings.HasPrefix(part, claim)
}

// prefix reads a block of addresses, or one address.
func prefix(text string) (netip.Prefix, bool) {
	if p, err := netip.ParsePrefix(text); err == nil {
		return p.Masked(), true
	}
	address, err := netip.ParseAddr(text)
	if err != nil || address.Zone() != "" {
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(address, address.BitLen()), true
}

// strict reads JSON; false is for a field that the type does not have.
func strict(text []byte, into any) bool {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into) == nil
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

package istio

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Request is one request, or one TCP connection, to one pod.
type Request struct {
	Namespace string // of the pod
	Labels    map[string]string
	Port      string

	InMesh bool // for PeerAuthentication: is it plain text between pods of the mesh?

	TCP       bool   // a connection: nothing of HTTP is known of it
	Principal string // of the sender's certificate, "domain/ns/NAMESPACE/sa/NAME"; "" is none
	IP        string // of the connection
	Remote    string // of the first sender, as X-Forwarded-For or the PROXY protocol tell

	Host, Method, Path string
	Headers            map[string]string // by lower-case name
	Token              *Token            // one that was signed rightly; nil is none
}

// Token is a JWT.
type Token struct {
	Issuer, Subject     string
	Audience, Presenter []string
	Claims              map[string][]string // by name, the others
}

// set gives one part of the request a value.
func (r *Request) set(part, value string) {
	switch part {
	case partPort:
		r.Port = value
	case partHost:
		r.Host = value
	case partMethod:
		r.Method = value
	case partPath:
		r.Path = value
	case partSender:
		r.Principal = value
	case partIP:
		r.IP = value
	case partRemote:
		r.Remote = value
	case partToken:
		r.Token = &Token{Claims: map[string][]string{}}
		r.Token.Issuer, r.Token.Subject, _ = strings.Cut(value, between)
	default:
		r.setNamed(part, value)
	}
}

func (r *Request) setNamed(part, value string) {
	name, isHeader := strings.CutPrefix(part, header)
	switch {
	case value == "":
	case isHeader:
		if r.Headers == nil {
			r.Headers = map[string]string{}
		}
		r.Headers[name] = value
	case r.Token == nil:
	case part == partAudience:
		r.Token.Audience = strings.Split(value, between)
	case part == partPresenter:
		r.Token.Presenter = strings.Split(value, between)
	default:
		r.Token.Claims[strings.TrimPrefix(part, claim)] = strings.Split(value, between)
	}
}

func (r Request) text(kind string) string {
	pod := "a pod of " + r.Namespace
	for _, key := range slices.Sorted(maps.Keys(r.Labels)) {
		pod += fmt.Sprintf(" with %s=%s", key, r.Labels[key])
	}
	if kind == "PeerAuthentication" {
		sender := "plain text from outside the mesh"
		if r.InMesh {
			sender = "plain text between pods of the mesh"
		}
		return fmt.Sprintf("%s to port %s of %s", sender, r.Port, pod)
	}
	sender := r.Principal
	if sender == "" {
		sender = "nobody known"
	}
	sender += " from " + r.IP
	if r.Remote != r.IP {
		sender += " (first from " + r.Remote + ")"
	}
	if r.TCP {
		return fmt.Sprintf("a TCP connection to port %s of %s, by %s", r.Port, pod, sender)
	}
	return fmt.Sprintf("%s %s (host %s, port %s) to %s, by %s%s", r.Method, r.Path, r.Host, r.Port, pod, sender, r.with())
}

// long are runs of characters that could be a key, and private names those of
// headers and claims that hold one: a report shows neither.
var (
	long    = regexp.MustCompile(`[A-Za-z0-9+/_=.-]{20,}`)
	private = regexp.MustCompile(`(?i)auth|key|token|secret|cookie|pass|session|cred|sign`)
)

func shown(name, value string) string {
	if private.MatchString(name) {
		return name + ": …"
	}
	return name + ": " + long.ReplaceAllString(value, "…")
}

// with tells headers and the token.
func (r Request) with() string {
	var list []string
	for _, name := range sortedKeys(r.Headers) {
		list = append(list, "the header "+shown(name, r.Headers[name]))
	}
	if t := r.Token; t != nil {
		list = append(list, fmt.Sprintf("a token of %s for %s", t.Issuer, t.Subject))
		for name, values := range map[string][]string{"audience": t.Audience, "presenter": t.Presenter} {
			if len(values) > 0 {
				list = append(list, "its "+name+" "+strings.Join(values, ", "))
			}
		}
		for _, name := range sortedKeys(t.Claims) {
			list = append(list, "its claim "+shown(name, strings.Join(t.Claims[name], ", ")))
		}
		slices.Sort(list[len(r.Headers)+1:])
	}
	if len(list) == 0 {
		return ""
	}
	return ", with " + strings.Join(list, ", ")
}

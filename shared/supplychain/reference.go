// Package supplychain asks registries about container images. Only the
// digest counts: everything that a registry answers is hashed and compared
// with the digest that was asked for.
package supplychain

import (
	"net"
	"strings"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/google/go-containerregistry/pkg/name"
)

// Reference is a parsed image reference.
type Reference struct {
	Text       string // as it was given
	Registry   string // host and port, such as "ghcr.io"
	Repository string // with the registry, such as "ghcr.io/acme/mcp"
	Tag        string // "" when none was given
	Digest     string // "sha256:" and 64 hex digits; "" when none was given
}

// ByDigest says whether the reference names one content for ever.
func (r Reference) ByDigest() bool { return r.Digest != "" }

// With is the reference of the same repository by digest.
func (r Reference) With(digest string) string { return r.Repository + "@" + digest }

// Parse reads an image reference as Kubernetes does: without a registry it
// means Docker Hub. A digest must be SHA-256. Errors are of kind fault.Usage.
func Parse(ref string) (Reference, error) {
	out := Reference{Text: ref}
	if strings.Contains(ref, "://") {
		return out, fault.Usage("read image reference %q: it is an address of the web; an image has no http:// before it", ref)
	}
	base, digest, byDigest := strings.Cut(ref, "@")
	var repo name.Repository
	if byDigest {
		d, err := name.NewDigest(ref)
		if err != nil || !strings.HasPrefix(digest, "sha256:") {
			return out, fault.Usage("read image reference %q: %q is no digest; allowed is sha256: and 64 hex digits", ref, digest)
		}
		out.Digest, repo = digest, d.Repository
	} else {
		t, err := name.NewTag(ref)
		if err != nil {
			return out, fault.Usage("read image reference %q: it is no image reference", ref).
				Hint("a reference reads: registry.example/repository@sha256:...")
		}
		repo = t.Repository
	}
	if last := base[strings.LastIndexByte(base, '/')+1:]; strings.Contains(last, ":") {
		_, out.Tag, _ = strings.Cut(last, ":")
	}
	out.Registry, out.Repository = repo.RegistryStr(), repo.Name()
	return out, nil
}

// parsed is the library's form of the reference. A registry on the loopback
// interface is spoken to by plain HTTP, every other by HTTPS only.
func (r Reference) parsed() (name.Reference, error) {
	var options []name.Option
	if isLoopback(r.Registry) {
		options = append(options, name.Insecure)
	}
	if r.ByDigest() {
		return name.NewDigest(r.With(r.Digest), options...)
	}
	return name.NewTag(r.Text, options...)
}

// isLoopback takes a host with or without a port.
func isLoopback(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.Trim(host, "[]")
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

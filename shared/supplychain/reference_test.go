package supplychain

import (
	"strings"
	"testing"

	"github.com/clawql/clawql-workbench/shared/fault"
)

func TestParse(t *testing.T) {
	digest := "sha256:" + strings.Repeat("a", 64)
	for _, tt := range []struct{ in, registry, repository, tag, digest string }{
		{"ghcr.io/acme/mcp@" + digest, "ghcr.io", "ghcr.io/acme/mcp", "", digest},
		{"ghcr.io/acme/mcp:v1@" + digest, "ghcr.io", "ghcr.io/acme/mcp", "v1", digest},
		{"ghcr.io/acme/mcp:v1", "ghcr.io", "ghcr.io/acme/mcp", "v1", ""},
		{"ghcr.io/acme/mcp", "ghcr.io", "ghcr.io/acme/mcp", "", ""},
		{"127.0.0.1:5000/mcp", "127.0.0.1:5000", "127.0.0.1:5000/mcp", "", ""},
		{"127.0.0.1:5000/mcp:v1", "127.0.0.1:5000", "127.0.0.1:5000/mcp", "v1", ""},
		{"nginx", "index.docker.io", "index.docker.io/library/nginx", "", ""},
		{"acme/mcp@" + digest, "index.docker.io", "index.docker.io/acme/mcp", "", digest},
	} {
		got, err := Parse(tt.in)
		if err != nil || got.Registry != tt.registry || got.Repository != tt.repository || got.Tag != tt.tag || got.Digest != tt.digest || got.ByDigest() != (tt.digest != "") {
			t.Errorf("%s: %+v, %v", tt.in, got, err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	digest := "sha256:" + strings.Repeat("a", 64)
	for _, in := range []string{
		"", " ", "@" + digest, "a@", "a@sha256:", "a@sha256:" + strings.Repeat("a", 63), "a@sha256:" + strings.Repeat("A", 64),
		"a@sha256:" + strings.Repeat("a", 65), "a@sha512:" + strings.Repeat("a", 128), "a@md5:" + strings.Repeat("a", 32),
		"a@" + digest + "@" + digest, "Ghcr.io/Acme/MCP", "a b", "a:", "a:b:c", "http://ghcr.io/a", "a@" + digest + " ", "a\n@" + digest,
	} {
		if got, err := Parse(in); fault.Code(err) != fault.CodeUsage {
			t.Errorf("%q: %+v, %v", in, got, err)
		}
	}
}

func TestIsLoopback(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "localhost:5000": true, "127.0.0.1:1": true, "127.9.9.9": true, "[::1]:5000": true, "::1": true,
		"localhost.evil.example": false, "127.0.0.1.evil.example": false, "10.0.0.1:5000": false, "registry.local": false, "192.168.0.1": false, "": false,
	} {
		if got := isLoopback(host); got != want {
			t.Errorf("%q: %v", host, got)
		}
	}
}

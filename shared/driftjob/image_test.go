package driftjob

import (
	"strings"
	"testing"
)

// Only a release has an image; what git describes between two has none.
func TestWhereTheImageIs(t *testing.T) {
	for version, released := range map[string]bool{
		"v1.2.3": true, "v0.1.0": true, "v1.2.3-rc.1": true, "v1.2.3-rc1": true,
		"devel": false, "": false, "v1.2.3-4-gabcdef0": false, "v1.2.3-dirty": false, "v0.0.0-20261101000000-abcdef012345": false, "v1.2.3+dirty": false, "abcdef0": false,
	} {
		text := whereImageIs(version)
		if strings.Contains(text, Repository+":"+strings.TrimPrefix(version, "v")+";") != released || strings.Contains(text, "is no release") == released {
			t.Errorf("%q: %s", version, text)
		}
	}
}

func TestCertificatesOnly(t *testing.T) {
	s := good()
	for _, bad := range []string{"x", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n"} {
		s.CA = []byte(bad)
		if err := s.Check(); err == nil || !strings.Contains(err.Error(), "--ca") || strings.Contains(err.Error(), "AAAA") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

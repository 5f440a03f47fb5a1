package driftjob

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"regexp"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// Repository is where releases put the image of the run.
const Repository = "ghcr.io/clawql/kubectl-clawql-drift"

var releaseForm = regexp.MustCompile(`^v(\d+\.\d+\.\d+(-(alpha|beta|rc)\.?\d+)?)$`)

// whereImageIs says where an image by digest comes from. A program cannot hold
// the digest of an image that holds it, so it has to be named.
func whereImageIs(version string) string {
	if found := releaseForm.FindStringSubmatch(version); found != nil {
		return fmt.Sprintf("the image of this version is %s:%s; its digest is in digests.txt of the release (sha256: goes before it), and `cosign verify` says who made it", Repository, found[1])
	}
	return fmt.Sprintf("this build (%s) is no release, so no image of it is published: `make drift-image` prepares it; build it, push it, and name its digest", version)
}

// checkCA wants certificates and nothing else: what is given becomes a
// ConfigMap, which a key must never be in. None is fine.
func checkCA(text []byte) error {
	for rest := bytes.TrimSpace(text); len(rest) > 0; rest = bytes.TrimSpace(rest) {
		var block *pem.Block
		before := rest
		block, rest = pem.Decode(rest)
		if block == nil || !bytes.HasPrefix(before, []byte("-----BEGIN ")) {
			return fault.Usage("--ca: the file holds something that is no PEM block; it may hold certificates only")
		}
		if block.Type != "CERTIFICATE" {
			return fault.Usage("--ca: the file holds a block of type %q; it may hold certificates only, since it is put into a ConfigMap", block.Type)
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			return fault.Usage("--ca: a certificate cannot be read: %w", err)
		}
	}
	return nil
}

package driftcheck

import (
	"bytes"
	"context"
	"encoding/pem"
	"strings"

	"github.com/clawql/clawql-workbench/shared/clusterread"
	"github.com/clawql/clawql-workbench/shared/drift/vaultauth"
	"github.com/clawql/clawql-workbench/shared/vaultread"
)

// Vault reads a side's Vault beside its cluster. environment is its name in
// clawql.yaml, at its cluster: they decide whether the standing exception may
// hold, see standing. The errors are those of vaultread.Read.
func (r *Reader) Vault(ctx context.Context, s *Side, from vaultread.Source, environment string, at clusterread.Place) error {
	reading, err := vaultread.Read(ctx, from)
	if err != nil {
		return err
	}
	for _, m := range reading.Mounts {
		ownCluster(m, at)
	}
	s.Policies, s.Auth = reading.Policies, &VaultAuth{reading.Mounts, reading.Roles, reading.Identities, reading.Unread}
	s.Incomplete = append(s.Incomplete, reading.Incomplete...)
	s.Requests += reading.Requests
	s.localVault = reading.Local && at.Local && canBeLocal(environment)
	return nil
}

// canBeLocal: the two that a comparison and a deploy are about never are an
// environment of this machine, whatever they claim.
func canBeLocal(environment string) bool {
	return environment != "staging" && environment != "production"
}

// What stands for a side's own cluster in a mount's configuration.
const (
	ownServer    = "[the API server of this side]"
	ownAuthority = "[who signed for the API server of this side]"
)

// ownCluster marks that a method kubernetes asks the side's own cluster: two
// sides that do are the same in that, whatever their addresses. One that asks
// another cluster lets in whoever that one knows, and stays as it is.
func ownCluster(m vaultauth.Mount, at clusterread.Place) {
	if m.Type != "kubernetes" || m.Config == nil || at.Server == "" {
		return
	}
	if host, _ := m.Config["kubernetes_host"].(string); host != "" && strings.TrimRight(host, "/") == strings.TrimRight(at.Server, "/") {
		m.Config["kubernetes_host"] = ownServer
	}
	if ca, _ := m.Config["kubernetes_ca_cert"].(string); sameCertificates([]byte(ca), at.CA) {
		m.Config["kubernetes_ca_cert"] = ownAuthority
	}
}

// sameCertificates compares what PEM holds, one certificate at least.
func sameCertificates(a, b []byte) bool {
	x, y := certificates(a), certificates(b)
	return len(x) > 0 && bytes.Equal(x, y)
}

func certificates(text []byte) (all []byte) {
	for {
		block, rest := pem.Decode(text)
		if block == nil {
			return all
		}
		all, text = append(all, block.Bytes...), rest
	}
}

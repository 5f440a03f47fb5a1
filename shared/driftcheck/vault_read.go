package driftcheck

import (
	"context"

	"github.com/clawql/clawql-workbench/shared/vaultread"
)

// Vault reads a side's Vault beside its cluster. environment is its name in
// clawql.yaml; whether that one's cluster is one of this machine is what
// clusterread.Local says. They decide whether the standing exception may hold,
// see standing. The errors are those of vaultread.Read.
func (r *Reader) Vault(ctx context.Context, s *Side, from vaultread.Source, environment string, localCluster bool) error {
	reading, err := vaultread.Read(ctx, from)
	if err != nil {
		return err
	}
	s.Policies, s.Auth = reading.Policies, &VaultAuth{reading.Mounts, reading.Roles}
	s.Incomplete = append(s.Incomplete, reading.Incomplete...)
	s.Requests += reading.Requests
	s.localVault = reading.Local && localCluster && canBeLocal(environment)
	return nil
}

// canBeLocal: the two that a comparison and a deploy are about never are an
// environment of this machine, whatever they claim.
func canBeLocal(environment string) bool {
	return environment != "staging" && environment != "production"
}

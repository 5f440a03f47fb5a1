package driftcheck

import (
	"context"
	"net/url"

	"github.com/clawql/clawql-workbench/shared/project"
	"github.com/clawql/clawql-workbench/shared/vaultread"
)

// Vault reads a side's Vault beside its cluster. environment is its name in
// clawql.yaml, apiServer the address of its cluster: they decide whether the
// standing exception may hold, see standing. The errors are those of
// vaultread.Read.
func (r *Reader) Vault(ctx context.Context, s *Side, from vaultread.Source, environment, apiServer string) error {
	reading, err := vaultread.Read(ctx, from)
	if err != nil {
		return err
	}
	s.Policies, s.Auth = reading.Policies, &VaultAuth{reading.Mounts, reading.Roles}
	s.Incomplete = append(s.Incomplete, reading.Incomplete...)
	s.Requests += reading.Requests
	s.localVault = reading.Local && localEnvironment(environment, apiServer)
	return nil
}

// localEnvironment says whether an environment can be one of this machine: its
// API server listens on loopback, as those of kind, minikube and k3d do. The
// two that a comparison and a deploy are about never are, whatever they claim.
func localEnvironment(name, apiServer string) bool {
	u, err := url.Parse(apiServer)
	return err == nil && project.LoopbackHost(u.Hostname()) && name != "staging" && name != "production"
}

package driftcheck

import (
	"testing"
	"time"

	"github.com/clawql/clawql-workbench/shared/clusterread"
	"github.com/clawql/clawql-workbench/shared/drift/vaultauth"
	"github.com/clawql/clawql-workbench/shared/finding"
	"github.com/clawql/clawql-workbench/shared/project"
	"github.com/clawql/clawql-workbench/shared/vaultread"
	"github.com/clawql/clawql-workbench/shared/vaultread/vaulttest"
)

// Two Vaults of which none is local are compared like everything else.
func TestRemoteVaultsAreNotExcepted(t *testing.T) {
	from, to := sides(false)
	if r := compared(t, from, to); r.Status != finding.Drift || len(r.Excepted) > 0 || r.Summary.MorePermissive != 1 {
		t.Errorf("%+v", r)
	}
}

// Ways for staging to pass for local, on a real development server.
func TestAStagingThatClaimsToBeLocal(t *testing.T) {
	memory, disk := vaulttest.Start(t, vaulttest.Options{}), vaulttest.Start(t, vaulttest.Options{Stored: true})
	for name, c := range map[string]struct {
		vault        *vaulttest.Server
		environment  string
		localCluster bool // TestClustersThatClaimToBeLocal of clusterread has what claims to
		local        bool
	}{
		"a laptop":                {memory, "local", true, true},
		"the cluster is remote":   {memory, "local", false, false},
		"it is called staging":    {memory, "staging", true, false},
		"it is called production": {memory, "production", true, false},
		"its Vault keeps what it stores, behind a tunnel": {disk, "local", true, false},
	} {
		side := Side{Name: name}
		err := NewReader().Vault(t.Context(), &side, liveSource(c.vault), c.environment, clusterread.Place{Local: c.localCluster})
		if err != nil || side.localVault != c.local {
			t.Errorf("%s: local %v, %v", name, side.localVault, err)
		}
	}
}

func liveSource(s *vaulttest.Server) vaultread.Source {
	return vaultread.Source{
		Vault:  project.Vault{Address: s.Address, CACert: s.CA, Token: project.VaultToken{Env: "T"}},
		Getenv: func(string) string { return s.Root },
	}
}

// A snapshot of a laptop is a file: it cannot claim to be one.
func TestASnapshotIsNeverLocal(t *testing.T) {
	from, to := sides(true)
	from.Values = NoValues
	packed, err := Pack(from, "test", time.Unix(1, 0))
	if err != nil {
		t.Fatal(err)
	}
	_, unpacked, err := Unpack("laptop", packed)
	if err != nil {
		t.Fatal(err)
	}
	if r := compared(t, unpacked, to); r.Status != finding.Drift || len(r.Excepted) > 0 {
		t.Errorf("%+v", r)
	}
}

// Findings of other controls stay, whatever a local Vault is.
func TestALocalVaultExceptsNothingElse(t *testing.T) {
	r := &Report{Findings: []finding.Finding{{Control: "RBAC"}, {Control: vaultauth.Control}, {Control: "Vault"}, {Control: "Secret"}}}
	r.standing(Side{localVault: true}, Side{})
	if len(r.Findings) != 3 || len(r.Excepted) != 1 {
		t.Errorf("%+v", r)
	}
}

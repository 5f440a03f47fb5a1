package driftcheck

import (
	"time"

	"github.com/clawql/clawql-workbench/shared/drift/vaultacl"
	"github.com/clawql/clawql-workbench/shared/drift/vaultauth"
	"github.com/clawql/clawql-workbench/shared/finding"
	"github.com/clawql/clawql-workbench/shared/project"
)

// Standing is the reason of the one exception that nobody has to write down.
const Standing = "local Vault in dev mode (standing exception)"

// never is the last day of what does not expire.
var never = project.Date(time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC))

// standing takes what is said of Vault out of the verdict where one side's
// Vault is a development server on the machine that compares, in an environment
// of that machine. It is about a side that was read just now: neither a folder
// nor a snapshot can claim it. The evidence is that of vaultread and
// clusterread.Place, and none of it is a name that somebody gave: staging's
// Vault, reached by a tunnel, tells of another machine, and staging's cluster
// with somebody's own Vault beside it has another API server. What could not
// be read is not excepted.
func (r *Report) standing(from, to Side) {
	if !from.localVault && !to.localVault {
		return
	}
	var kept []finding.Finding
	for _, f := range r.Findings {
		if f.Control != vaultacl.Control && f.Control != vaultauth.Control {
			kept = append(kept, f)
			continue
		}
		r.Excepted = append(r.Excepted, Excepted{Finding: f, Standing: true, Exception: project.DriftException{
			Control: f.Control, Object: f.Object.Kind + " " + f.Object.String(), Direction: string(f.Direction),
			Reason: Standing, Owner: "clawql", Expires: never,
		}})
	}
	r.Findings = kept
}

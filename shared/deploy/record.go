// Package deploy is the engine behind `kubectl clawql deploy`: load, gates,
// plan, lock and record, apply, canary, verdict, proof. It says what happens
// through a Reporter and prints nothing.
package deploy

import (
	"encoding/json"
	"time"

	"github.com/clawql/clawql-workbench/shared/canary"
	"github.com/clawql/clawql-workbench/shared/cluster"
	"github.com/clawql/clawql-workbench/shared/gate"
	"github.com/clawql/clawql-workbench/shared/posture"
	"github.com/clawql/clawql-workbench/shared/project"
)

// Phase is how far a deploy has come. It is written before the step that it
// names, so that a process killed at any moment leaves a record that is
// never behind the cluster by more than one step.
type Phase string

// The phases in their order. The last four end a deploy.
const (
	Planned     Phase = "Planned"
	Gated       Phase = "Gated"
	Applied     Phase = "Applied" // controls and the canary workload
	Shifted     Phase = "Shifted" // the weights
	Observing   Phase = "Observing"
	Promoting   Phase = "Promoting"
	RollingBack Phase = "RollingBack"

	Promoted   Phase = "Promoted"
	RolledBack Phase = "RolledBack"
	Unverified Phase = "Unverified" // acted, but the end state could not be proven
	Abandoned  Phase = "Abandoned"  // ended before anything was applied
)

// Ended says whether nothing is left to do for this deploy.
func (p Phase) Ended() bool { return p == Promoted || p == RolledBack || p == Abandoned }

// PhaseChange is one line of a record's history.
type PhaseChange struct {
	Phase Phase     `json:"phase"`
	At    time.Time `json:"at"`
	Fence int64     `json:"fence"` // number of the lock's holder that wrote it
	Note  string    `json:"note,omitempty"`
}

// Commit is the change that is deployed.
type Commit struct {
	ID      string `json:"id"`
	Subject string `json:"subject"`
}

// Abort is somebody's order to end a deploy.
type Abort struct {
	By     string    `json:"by"`
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
}

// Timing tells how fast harm was answered, by this process's clock.
type Timing struct {
	HarmSeen  time.Time `json:"harmSeen,omitzero"`  // the reason for the rollback was known
	ZeroAsked time.Time `json:"zeroAsked,omitzero"` // the API server had taken weight 0
	ZeroSeen  time.Time `json:"zeroSeen,omitzero"`  // the gateway controller had it in force
}

// Record is what the cluster keeps of one deploy (kind DeployRecord).
type Record struct {
	APIVersion  string              `json:"apiVersion"`
	Kind        string              `json:"kind"`
	Number      int64               `json:"number"`
	Environment string              `json:"environment"`
	Namespace   string              `json:"namespace"`
	Context     string              `json:"context"`
	Phase       Phase               `json:"phase"`
	Reason      string              `json:"reason,omitempty"` // of the end, one sentence
	By          string              `json:"by"`
	Started     time.Time           `json:"started"`
	Ended       time.Time           `json:"ended,omitzero"`
	Commit      Commit              `json:"commit"`
	From        string              `json:"from,omitempty"` // image digest that served before; empty for a first deploy
	To          string              `json:"to"`
	Desired     string              `json:"desired"` // sha256 of everything that was to be applied
	First       bool                `json:"first,omitempty"`
	Gates       []gate.Result       `json:"gates,omitempty"`
	Controls    []posture.Action    `json:"controls,omitempty"`
	Exceptions  []project.Exception `json:"exceptions,omitempty"`
	Criteria    canary.Criteria     `json:"criteria"`
	Weight      int32               `json:"weight"`
	Judge       json.RawMessage     `json:"judge,omitempty"`
	Verdict     *canary.Verdict     `json:"verdict,omitempty"`
	Learned     *canary.Learned     `json:"learned,omitempty"` // for the judge of the next deploy
	Created     []cluster.Ref       `json:"created,omitempty"` // shared objects that did not exist before
	Canary      []cluster.Ref       `json:"canary,omitempty"`
	Before      string              `json:"before,omitempty"` // sha256 of the objects that a rollback restores; they lie in a Secret until the end
	Aborted     *Abort              `json:"aborted,omitempty"`
	Timing      Timing              `json:"timing,omitzero"`
	Proof       []string            `json:"proof,omitempty"` // what was checked at the end, and what was seen
	Phases      []PhaseChange       `json:"phases"`
}

const recordKey = "record.json"

func decodeRecord(stored *cluster.Stored) (*Record, error) {
	var r Record
	if err := json.Unmarshal([]byte(stored.Data[recordKey]), &r); err != nil {
		return nil, err
	}
	return &r, nil
}

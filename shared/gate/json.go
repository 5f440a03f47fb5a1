package gate

import (
	"encoding/json"
	"math"
	"time"
)

// record is a Result as it stands in reports and in the deploy's record.
type record struct {
	Gate     string     `json:"gate"`
	Verdict  Verdict    `json:"verdict"`
	Summary  string     `json:"summary"`
	Evidence []Evidence `json:"evidence"`
	Hints    []string   `json:"hints,omitempty"`
	Started  time.Time  `json:"started"`
	Took     float64    `json:"tookSeconds"`
}

// MarshalJSON writes Took in seconds, to the millisecond, and evidence as a
// list even when there is none.
func (r Result) MarshalJSON() ([]byte, error) {
	evidence := r.Evidence
	if evidence == nil {
		evidence = []Evidence{}
	}
	return json.Marshal(record{
		r.Gate, r.Verdict, r.Summary, evidence, r.Hints, r.Started.UTC(),
		math.Round(r.Took.Seconds()*1000) / 1000,
	})
}

// UnmarshalJSON reads what MarshalJSON wrote. A verdict that is none of the
// three is read as it stands, and is no pass.
func (r *Result) UnmarshalJSON(data []byte) error {
	var in record
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	took := time.Duration(in.Took * float64(time.Second)).Round(time.Millisecond)
	*r = Result{in.Gate, in.Verdict, in.Summary, in.Evidence, in.Hints, in.Started, took}
	return nil
}

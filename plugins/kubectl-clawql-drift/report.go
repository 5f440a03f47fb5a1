package main

import (
	"github.com/clawql/clawql-workbench/shared/driftcheck"
	"github.com/clawql/clawql-workbench/shared/finding"
	"github.com/clawql/clawql-workbench/shared/output"
)

// driftReport is the object of -o json.
type driftReport struct {
	output.Header `json:",inline"`
	Status        finding.Status        `json:"status"` // equal, drift or incomplete
	From          string                `json:"from"`
	To            string                `json:"to"`
	Objects       int                   `json:"objects"` // of both sides
	Summary       finding.Summary       `json:"summary"`
	Findings      []finding.Finding     `json:"findings"`
	Excepted      []driftcheck.Excepted `json:"excepted"`   // by clawql.yaml; they do not count
	Warnings      []string              `json:"warnings"`   // exceptions that expired, or cover nothing
	Notes         []string              `json:"notes"`      // what nobody asked to compare
	Incomplete    []string              `json:"incomplete"` // what was not compared, and why
}

func objectOf(o options, r *driftcheck.Report) driftReport {
	return driftReport{
		Header: output.Head("DriftReport"), Status: r.Status, From: o.from.name, To: o.to.name, Objects: r.Objects,
		Summary: r.Summary, Findings: orEmpty(r.Findings), Incomplete: orEmpty(r.Incomplete),
		Excepted: orEmpty(r.Excepted), Warnings: orEmpty(r.Warnings), Notes: orEmpty(r.Notes),
	}
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

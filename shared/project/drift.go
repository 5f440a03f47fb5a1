package project

import (
	"path"
	"slices"
	"strings"
	"time"
)

// Drift says what of a comparison of staging with production is known.
type Drift struct {
	Exceptions []DriftException `json:"exceptions,omitempty"`
	Alerts     []Alert          `json:"alerts,omitempty"`
	RemindDays int              `json:"remindDays,omitempty"` // tell again of what is still there; default 30
	Egress     []Egress         `json:"egress,omitempty"`     // where the scheduled run may connect to, beside its own API server
}

// DriftException takes findings out of the verdict; they are still printed.
type DriftException struct {
	Control   string `json:"control"`             // as the finding says it, such as NetworkPolicy
	Object    string `json:"object"`              // pattern of "Kind namespace/name", or of "Kind.group namespace/name"; * stands for any part of a word
	Direction string `json:"direction,omitempty"` // more-permissive, stricter or different; empty: stricter and different
	Reason    string `json:"reason"`
	Owner     string `json:"owner"`
	Expires   Date   `json:"expires"` // the last day on which it holds, UTC
}

// DriftDirections are those that an exception can name.
var DriftDirections = []string{"more-permissive", "stricter", "different"}

// Covers says whether the exception speaks of a finding. One that names no
// direction does not cover what is more permissive: that takes a deliberate word.
func (e DriftException) Covers(control, object, direction string) bool {
	if e.Control != control || e.Direction != "" && e.Direction != direction || e.Direction == "" && direction == DriftDirections[0] {
		return false
	}
	kinds, names, _ := strings.Cut(e.Object, " ")
	kind, name, _ := strings.Cut(object, " ") // no kind holds a space, and a name can: * stays within each
	fitsKind, err1 := path.Match(kinds, kind)
	fitsName, err2 := path.Match(names, name)
	return err1 == nil && err2 == nil && fitsKind && fitsName
}

// Expired says whether the exception's last day is over.
func (e DriftException) Expired(now time.Time) bool {
	return !now.Before(time.Time(e.Expires).AddDate(0, 0, 1))
}

func (d *Drift) checks() []check {
	if d == nil {
		return nil
	}
	all := d.alertChecks()
	for i, e := range d.Exceptions {
		at := indexed("drift.exceptions", i)
		kinds, names, _ := strings.Cut(e.Object, " ")
		_, badKinds := path.Match(kinds, "")
		_, badNames := path.Match(names, "")
		all = append(all,
			check{at + ".control", e.Control != "", e.Control, "the control of the finding, as it is printed"},
			check{at + ".object", kinds != "" && names != "" && badKinds == nil && badNames == nil, e.Object, `a pattern such as "NetworkPolicy clawql/allow-*"`},
			check{at + ".direction", e.Direction == "" || slices.Contains(DriftDirections, e.Direction), e.Direction, strings.Join(DriftDirections, ", ") + ", or left out"},
			check{at + ".reason", len(strings.TrimSpace(e.Reason)) >= 10, e.Reason, "a reason of at least 10 characters"},
			check{at + ".owner", e.Owner != "", e.Owner, "a person or team that answers for it"},
			check{at + ".expires", !time.Time(e.Expires).IsZero(), "", "a date such as 2027-02-01"},
		)
	}
	return all
}

package canary

import "time"

// Side is one of the two versions that share the traffic.
type Side string

const (
	Baseline Side = "baseline" // the stable version
	Canary   Side = "canary"   // the version under judgement
)

// Counters are raw and cumulative since the process started: never a rate,
// which would miss a series that is born at 1.
type Counters struct {
	Requests float64 `json:"requests"` // calls answered, blocked ones and errors included
	Blocks   float64 `json:"blocks"`   // those that Panguard blocked
}

// PodSample is what one pod said in one tick.
type PodSample struct {
	Pod      string    // name or uid, unique on its side
	Instance string    // container id and restart count: changes when counters restart from zero
	Started  time.Time // when this instance started; zero when unknown
	Counters
	OK bool // scraped in this tick
}

// Tick is one look at all pods of both sides. A tick without canary pods
// before the canary exists teaches the judge how the baseline's blocks clump.
type Tick struct {
	At           time.Time
	Baseline     []PodSample
	Canary       []PodSample
	LogsFollowed bool // the log of every canary pod is being followed
}

// EventKind is something that needs no statistics.
type EventKind string

const (
	Unhandled500  EventKind = "Unhandled500"  // on the canary: roll back at once
	FalcoCritical EventKind = "FalcoCritical" // on any side: roll back at once
	NotReady      EventKind = "NotReady"      // on the canary, past the caller's deadline: roll back at once
	Restarted     EventKind = "Restarted"     // on the canary: its process died with every session in it: roll back at once
	RouteMoved    EventKind = "RouteMoved"    // somebody else wrote the weights or took a backend away: what is sent where is not known: roll back at once
)

// Event happened on one pod. An event of unknown kind or side is taken for the
// canary's worst: what cannot be read is never good news.
type Event struct {
	At   time.Time `json:"at"`
	Kind EventKind `json:"kind"`
	Side Side      `json:"side"`
	Pod  string    `json:"pod,omitempty"`
	Text string    `json:"text,omitempty"`
}

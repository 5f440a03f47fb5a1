package deploy

import (
	"time"

	"github.com/clawql/clawql-workbench/shared/canary"
	"github.com/clawql/clawql-workbench/shared/gate"
	"github.com/clawql/clawql-workbench/shared/posture"
	"github.com/clawql/clawql-workbench/shared/project"
)

// Reporter receives what happens, in order, from one goroutine.
type Reporter interface {
	Plan(*Plan)
	Step(Step)
	Progress(Progress)
}

// Step is one change of state.
type Step struct {
	Phase  Phase
	Detail string
}

// Progress is a look at a deploy that is under way.
type Progress struct {
	Phase          Phase
	StableWeight   int64
	CanaryWeight   int64
	StableReady    string // such as "2 of 2"
	CanaryReady    string
	Detail         string // what is waited for
	Verdict        canary.Verdict
	Window         time.Duration
	BaselineErrors int
	CanaryErrors   int
}

// Change is what the apply does to one object.
type Change struct {
	Object string   `json:"object"`
	Action string   `json:"action"` // create, change, same
	Fields []string `json:"fields,omitempty"`
}

// Plan is what a deploy is going to do (kind DeployPlan).
type Plan struct {
	APIVersion  string              `json:"apiVersion"`
	Kind        string              `json:"kind"`
	Number      int64               `json:"number"`
	Environment string              `json:"environment"`
	Context     string              `json:"context"`
	Server      string              `json:"server"`
	Kubernetes  string              `json:"kubernetes"`
	Namespace   string              `json:"namespace"`
	Gateway     string              `json:"gateway"`
	Commit      Commit              `json:"commit"`
	From        string              `json:"from,omitempty"`
	To          string              `json:"to"`
	First       bool                `json:"first"`   // nothing serves yet: no baseline, no canary
	Serving     bool                `json:"serving"` // this very content serves already: nothing to do
	Gates       []gate.Result       `json:"gates"`
	Controls    []posture.Action    `json:"controls"`
	Images      []ImageChange       `json:"images"`
	Exceptions  []project.Exception `json:"exceptions"`
	Changes     []Change            `json:"changes"`
	Weight      int32               `json:"weight"`
	Criteria    canary.Criteria     `json:"criteria"`
	Outlook     *canary.Outlook     `json:"outlook,omitempty"`
	Notices     []string            `json:"notices,omitempty"`
	Took        float64             `json:"gatesSeconds"`
}

// ImageChange says which image of the overlay became which digest.
type ImageChange struct {
	Name   string `json:"name"`
	Mapped string `json:"mapped"`
}

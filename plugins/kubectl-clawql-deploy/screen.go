package main

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/deploy"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/output"
)

// screen is what a person sees of one deploy. The plan of a dry run and the
// verdict are results and go to Out; everything else goes to Err. With -o
// json or yaml all of it goes to Err.
type screen struct {
	streams console.Streams
	result  io.Writer
	plan    io.Writer

	mu      sync.Mutex
	live    *console.Live
	paint   console.Paint
	started time.Time
	last    deploy.Progress
	phase   deploy.Phase
}

func newScreen(s console.Streams, format output.Format, dryRun bool) *screen {
	sc := &screen{streams: s, result: s.Out, plan: s.Err, started: time.Now()}
	if dryRun {
		sc.plan = s.Out
	}
	if format.Structured() {
		sc.result, sc.plan = s.Err, s.Err
	}
	sc.paint = s.Paint(s.Err)
	return sc
}

// Plan prints the plan.
func (s *screen) Plan(p *deploy.Plan) {
	printPlan(s.plan, s.streams.Paint(s.plan), p)
}

// Step prints a change of phase, or a fact within one.
func (s *screen) Step(step deploy.Step) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if step.Phase != "" {
		s.phase = step.Phase
	}
	line := phaseText(step.Phase)
	switch {
	case step.Detail == "" || step.Phase.Ended():
	case step.Phase == deploy.Applied || step.Phase == deploy.Promoting:
		line = console.Clean(step.Detail)
	default:
		line += ": " + console.Clean(step.Detail)
	}
	s.print(fmt.Sprintf("%s  %s", s.paint.Dim(s.clock()), line))
}

var phaseTexts = map[deploy.Phase]string{
	deploy.Planned: "recorded", deploy.Gated: "gates passed, lock held",
	deploy.Applied: "applying controls and the new version at weight 0", deploy.Shifted: "moving the weight",
	deploy.Observing: "observing", deploy.Promoting: "promoting: stable takes the new version, still under watch",
	deploy.RollingBack: "rolling back", deploy.Promoted: "promoted", deploy.RolledBack: "rolled back",
}

func phaseText(p deploy.Phase) string {
	if text, ok := phaseTexts[p]; ok {
		return text
	}
	return string(p)
}

// Progress redraws the live block.
func (s *screen) Progress(p deploy.Progress) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.Verdict.Elapsed == 0 {
		p.Verdict, p.BaselineErrors, p.CanaryErrors = s.last.Verdict, s.last.BaselineErrors, s.last.CanaryErrors
	}
	s.last = p
	if s.live == nil {
		s.live = s.streams.Live(s.streams.Err)
	}
	s.live.Update(stateLine(p), liveBlock(s.paint, p))
}

func (s *screen) print(line string) {
	if s.live != nil {
		s.live.Print(line)
		return
	}
	fmt.Fprintln(s.streams.Err, line)
}

func (s *screen) clock() string { return clock(time.Since(s.started)) }

// end prints the one verdict line.
func (s *screen) end(outcome deploy.Outcome, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.live != nil {
		s.live.Update("", nil)
		s.live.Close()
	}
	if outcome.Record == nil || outcome.Plan == nil {
		return
	}
	paint := s.streams.Paint(s.result)
	for _, line := range verdict(paint, outcome.Record, fault.Code(err)) {
		fmt.Fprintln(s.result, line)
	}
}

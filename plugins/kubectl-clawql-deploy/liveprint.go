package main

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/clawql/clawql-workbench/shared/canary"
	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/deploy"
	"github.com/clawql/clawql-workbench/shared/fault"
)

// stateLine is the progress off a terminal: it changes with the phase, each
// tenth of the window, and with what is waited for.
func stateLine(p deploy.Progress) string {
	if p.Phase != deploy.Observing {
		return fmt.Sprintf("%s: %s", phaseText(p.Phase), console.Clean(p.Detail))
	}
	if p.Verdict.Covered > p.Window {
		return fmt.Sprintf("canary %d %%: %s covered, but not enough to judge by: watching on", p.CanaryWeight, p.Window)
	}
	line := fmt.Sprintf("canary %d %%: %d %% of %s covered", p.CanaryWeight, 10*tenths(p), p.Window)
	if p.CanaryErrors+p.BaselineErrors > 0 {
		line += ", errors seen"
	}
	return line
}

func tenths(p deploy.Progress) int {
	if p.Window <= 0 {
		return 0
	}
	return int(10 * p.Verdict.Covered / p.Window)
}

// liveBlock is the progress on a terminal.
func liveBlock(paint console.Paint, p deploy.Progress) []string {
	if p.Phase != deploy.Observing && p.Phase != deploy.Shifted {
		return []string{"  " + paint.Dim(console.Clean(p.Detail))}
	}
	left := max(0, p.Window-p.Verdict.Covered)
	block := []string{
		fmt.Sprintf("%s   %s of %s covered %27s", paint.Bold(fmt.Sprintf("canary %d %%", p.CanaryWeight)), clock(p.Verdict.Covered), clock(p.Window), "ETA "+clock(left)),
		fmt.Sprintf("%-12s %12s %10s %9s %6s", "", "requests", "blocked", "", "500"),
		sideLine("baseline", p.Verdict.Baseline, p.BaselineErrors, ""),
		sideLine("canary", p.Verdict.Canary, p.CanaryErrors, sentence(p)),
	}
	if p.Detail != "" {
		block = append(block, "  "+paint.Warn("waiting: "+console.Clean(p.Detail)))
	}
	return block
}

func sideLine(name string, t canary.SideTotals, errors int, remark string) string {
	return fmt.Sprintf("  %-10s %12s %10s %7.2f %% %6d   %s", name, grouped(t.Requests), grouped(t.Blocks), 100*t.BlockShare, errors, remark)
}

func sentence(p deploy.Progress) string {
	if p.Verdict.Decision == canary.Continue {
		return "no evidence of harm"
	}
	return string(p.Verdict.Decision)
}

// grouped writes 78914 as 78 914.
func grouped(v float64) string {
	digits := strconv.FormatInt(int64(math.Round(v)), 10)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + " " + digits[i:]
	}
	return digits
}

// verdict is the end of a run, in at most five lines.
func verdict(paint console.Paint, r *deploy.Record, code int) []string {
	word := paint.Bad(plainWord(r.Phase))
	if r.Phase == deploy.Promoted {
		word = paint.Good(plainWord(r.Phase))
	}
	var lines []string
	for i, line := range wrap(console.Clean(headline(r)), 64) {
		if i == 0 {
			lines = append(lines, word+strings.Repeat(" ", max(2, 14-console.Columns(plainWord(r.Phase))))+line)
			continue
		}
		lines = append(lines, indent+line)
	}
	for _, proof := range r.Proof {
		for _, line := range wrap(fullDigest.ReplaceAllStringFunc(console.Clean(proof), shortDigest), 66) {
			lines = append(lines, indent+line)
		}
	}
	if t := r.Timing; !t.ZeroSeen.IsZero() && !t.HarmSeen.IsZero() && r.Phase == deploy.RolledBack {
		lines = append(lines, fmt.Sprintf("%sweight 0 in force %d ms after the reason was seen", indent, t.ZeroSeen.Sub(t.HarmSeen).Milliseconds()))
	}
	if code != fault.CodeYes {
		lines = append(lines, fmt.Sprintf("evidence      kubectl clawql deploy history %s --show %d", r.Environment, r.Number))
	}
	return lines
}

// fullDigest is shortened on the screen; the record keeps all of it.
var fullDigest = regexp.MustCompile(`sha256:[0-9a-f]{64}`)

const indent = "              "

func plainWord(p deploy.Phase) string {
	switch p {
	case deploy.Promoted:
		return "PROMOTED"
	case deploy.RolledBack:
		return "ROLLED BACK"
	case deploy.Unverified:
		return "UNVERIFIED"
	case deploy.Abandoned:
		return "ABANDONED"
	}
	return "NOT FINISHED (" + string(p) + ")"
}

func headline(r *deploy.Record) string {
	if r.Phase == deploy.Promoted {
		return strings.TrimSuffix(fmt.Sprintf("%s serves %s (deploy %d); %s", r.Environment, shortDigest(r.To), r.Number, r.Reason), "; ")
	}
	return r.Reason
}

func ago(t, now time.Time) string {
	if t.IsZero() {
		return ""
	}
	return now.Sub(t).Truncate(time.Second).String() + " ago"
}

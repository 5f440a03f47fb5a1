package standin

import (
	"encoding/json"
	"math"
	"regexp"
	"slices"
	"sync/atomic"
)

// BlockedPrefix begins the text of every answer that Panguard denied: a normal
// MCP result, not an HTTP error.
const BlockedPrefix = "[BLOCKED by PanGuard]"

// rule is one attack pattern, matched against the call's raw JSON arguments.
type rule struct {
	id       string
	category string
	pattern  *regexp.Regexp
}

var rules = []rule{
	{"ATR-2026-00001", categoryInjection, regexp.MustCompile(`(?i)ignore (all )?(previous|prior|above) instructions`)},
	{"ATR-2026-00002", categoryInjection, regexp.MustCompile(`(?i)(reveal|print) (your )?system prompt`)},
	{"ATR-2026-00110", categoryExecution, regexp.MustCompile(`(?i)(curl|wget)\b[^|]*\|\s*(ba|z)?sh\b`)},
	{"ATR-2026-00111", categoryExecution, regexp.MustCompile(`(?i)\brm\s+-rf\s+/|/dev/tcp/`)},
	{"ATR-2026-00210", categoryTraversal, regexp.MustCompile(`\.\./\.\.|/etc/(passwd|shadow)\b`)},
}

// verdict is what Panguard says of one call.
type verdict struct {
	blocked  bool
	category string
	ruleID   string
}

// panguard decides on calls. Its only state is the count of benign calls.
type panguard struct {
	enforcing bool
	tools     []string
	share     float64 // of benign calls blocked besides, 0 to 1
	benign    atomic.Int64
}

// decide never blocks when Panguard is not enforcing. The patterns see the
// arguments as the client wrote them.
func (p *panguard) decide(tool string, arguments json.RawMessage) verdict {
	if !p.enforcing {
		return verdict{}
	}
	if slices.Contains(p.tools, tool) || slices.Contains(p.tools, "*") {
		return verdict{true, categoryBlockedTool, "block-list"}
	}
	for _, r := range rules {
		if r.pattern.Match(arguments) {
			return verdict{true, r.category, r.id}
		}
	}
	if p.falsePositive() {
		return verdict{true, categoryAnomaly, "ATR-2026-00900"}
	}
	return verdict{}
}

// falsePositive picks the share of benign calls evenly: the nth call is
// blocked exactly when n*share passes a whole number, so after n calls
// floor(n*share) were blocked.
func (p *panguard) falsePositive() bool {
	if p.share <= 0 {
		return false
	}
	n := float64(p.benign.Add(1))
	return math.Floor(n*p.share) > math.Floor((n-1)*p.share)
}

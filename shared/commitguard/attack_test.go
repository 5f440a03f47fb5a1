package commitguard

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
)

// attack is one way to get a planted token into history, or a commit past the
// policy of signatures. do prepares it and ends with one site.try, which the
// named hook must refuse.
type attack struct {
	name  string
	where string // the hook that refuses
	do    func(s *site)
}

// The hooks that refuse.
const (
	early  = "pre-commit"
	branch = "reference-transaction"
	push   = "pre-push"
	server = "pre-receive"
)

// row is one line of the table that the test prints.
type row struct{ name, hook, exit, refs string }

var table struct {
	sync.Mutex
	rows []row
}

// full says that every attack runs: where CLAWQL_REQUIRE names git. Else it is
// every smoke-th, which still has some of each kind.
func full() bool { return slices.Contains(strings.Split(os.Getenv("CLAWQL_REQUIRE"), ","), "git") }

const smoke = 10

// attacks runs those of one sort and wants each refused, by the hook that it
// names, for a reason that begins as told, and with nothing changed.
func attacks(t *testing.T, reason string, make func(t *testing.T) *site, all []attack) {
	t.Helper()
	for i, a := range all {
		if !full() && i%smoke != 0 {
			continue
		}
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			s := make(t)
			a.do(s)
			s.refused(a, reason)
		})
	}
}

func (s *site) refused(a attack, reason string) {
	s.Helper()
	after := s.state()
	same := maps.Equal(s.before, after)
	if s.last.exit == 0 {
		s.Errorf("PASSED: exit 0\n%s", s.last.text)
	}
	if !same {
		s.Errorf("references or what they reach changed\nbefore:\n%s\nafter:\n%s\n%s", s.before["refs"], after["refs"], s.last.text)
	}
	if s.last.hook != a.where {
		s.Errorf("refused by %q, want %q\n%s", s.last.hook, a.where, s.last.text)
	}
	if reason = cmp.Or(s.says, reason); !strings.Contains(s.last.text, reason) {
		s.Errorf("refused for another reason than %q\n%s", reason, s.last.text)
	}
	if strings.Contains(s.last.text, s.token) && strings.Contains(s.last.text, "[redacted]") && !strings.Contains(s.last.text, "To ") {
		s.Errorf("the refusal tells the token\n%s", s.last.text)
	}
	refs := "unchanged"
	if !same {
		refs = "CHANGED"
	}
	table.Lock()
	defer table.Unlock()
	table.rows = append(table.rows, row{a.name, s.last.hook, fmt.Sprint(s.last.exit), refs})
}

// writeTable writes all rows, by hook and name, to the file that
// CLAWQL_ATTACK_TABLE names; see `make test-hooks-attacks`.
func writeTable() {
	file, err := os.Create(os.Getenv("CLAWQL_ATTACK_TABLE"))
	if err != nil {
		return // nobody asked
	}
	defer file.Close()
	slices.SortFunc(table.rows, func(a, b row) int {
		return cmp.Or(cmp.Compare(order(a.hook), order(b.hook)), strings.Compare(a.name, b.name))
	})
	fmt.Fprintf(file, "%-62s  %-21s  %4s  %s\n", "attack", "refused by", "exit", "references")
	for _, r := range table.rows {
		fmt.Fprintf(file, "%-62s  %-21s  %4s  %s\n", r.name, r.hook, r.exit, r.refs)
	}
	fmt.Fprintf(file, "%d attacks, each on real git", len(table.rows))
	for _, hook := range []string{early, branch, push, server} {
		n := 0
		for _, r := range table.rows {
			if r.hook == hook {
				n++
			}
		}
		fmt.Fprintf(file, "; %s %d", hook, n)
	}
	fmt.Fprintln(file)
}

func order(hook string) int { return slices.Index([]string{early, branch, push, server}, hook) }

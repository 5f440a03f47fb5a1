package commitverify

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/clawql/clawql-workbench/shared/gitchange"
)

// In graphs of any shape git's list and its edge fit together, and each commit
// is judged once.
func TestGraphsOfAnyShape(t *testing.T) {
	for seed := range uint64(2) {
		random := rand.New(rand.NewPCG(seed, 7))
		w := newWorld(t)
		ids := []string{w.anchor}
		tree := w.Git("rev-parse", "HEAD^{tree}")
		for n := range 24 {
			args := []string{"-c", "gpg.format=ssh", "-c", "user.signingkey=" + w.ann.Path, "-c", "user.email=" + w.ann.Email, "commit-tree", "-S", "-m", fmt.Sprint(n)}
			seen := map[string]bool{}
			for range 1 + random.IntN(3) {
				parent := ids[max(0, len(ids)-1-random.IntN(8))]
				if !seen[parent] {
					args, seen[parent] = append(args, "-p", parent), true
				}
			}
			ids = append(ids, w.Git(append(args, tree)...))
		}
		for range 8 {
			from, to := ids[random.IntN(len(ids))], ids[random.IntN(len(ids))]
			o := w.options()
			o.Revisions, o.Anchor = []string{to, "^" + from}, from
			report, err := Verify(t.Context(), gitchange.In(w.Dir), o)
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			if want := w.Git("rev-list", "--count", to, "^"+from); want != fmt.Sprint(report.Judged) || len(report.Refused) > 0 {
				t.Errorf("seed %d: %s commits, %d judged, %+v", seed, want, report.Judged, report.Refused)
			}
		}
	}
}

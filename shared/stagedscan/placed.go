package stagedscan

import (
	"context"
	"slices"
)

// placed gives fresh, and those of all that stand on lines which the change
// adds. A commit that moves or copies a secret within its file, or brings it
// back, puts it into history at another place, as gitleaks reports it too.
// Only a look at history asks for this: a commit that is about to be made must
// not be refused for a secret that its file has had all along.
func (s *scan) placed(ctx context.Context, before, after string, fresh, all []Finding) ([]Finding, error) {
	added, err := s.repo.Added(ctx, before, after)
	if err != nil {
		return nil, err
	}
	var kept []Finding
	for _, f := range all {
		isFresh := slices.ContainsFunc(fresh, func(one Finding) bool { return samePlace(one, f) })
		onAdded := slices.ContainsFunc(added, func(lines [2]int) bool { return f.StartLine <= lines[1] && lines[0] <= f.EndLine })
		ofFile := f.StartLine == 0 // the rule asks for the file's name only
		if isFresh || f.In == InContent && (onAdded || ofFile) {
			kept = append(kept, f)
		}
	}
	return kept, nil
}

func samePlace(a, b Finding) bool {
	return a.Rule == b.Rule && a.In == b.In && a.StartLine == b.StartLine && a.StartColumn == b.StartColumn &&
		a.EndLine == b.EndLine && a.EndColumn == b.EndColumn && a.File == b.File && a.Secret.Same(b.Secret)
}

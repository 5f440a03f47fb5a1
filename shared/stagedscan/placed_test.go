package stagedscan

import (
	"slices"
	"testing"
)

// A secret that moves within its file is reported where it went, one that
// stays is not reported again, one that comes back is.
func TestEachPlaceInHistoryIsReported(t *testing.T) {
	s := newSite(t)
	for _, step := range []struct{ text, message string }{
		{"one\n" + s.line() + "two\nthree\n", "enters"},
		{"one\n" + s.line() + "two\nthree\nfour\n", "stays"},
		{"one\ntwo\nthree\nfour\n" + s.line(), "moves"},
		{"one\ntwo\nthree\nfour\n", "goes"},
		{"one\ntwo\nthree\nfour\n" + s.line(), "comes back"},
	} {
		s.stage("a.env", step.text)
		s.commit(step.message)
	}
	var lines []int
	for _, f := range s.history("").Findings {
		lines = append(lines, f.StartLine)
	}
	slices.Sort(lines)
	if !slices.Equal(lines, []int{2, 5, 5}) {
		t.Errorf("findings at lines %v, want one where it enters, moves and comes back", lines)
	}
}

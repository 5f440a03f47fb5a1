package route

import (
	"slices"
	"sync"
	"testing"
)

func draw(d *Deck, n int, backends int) []int {
	counts := make([]int, backends)
	for range n {
		counts[d.Draw()]++
	}
	return counts
}

func TestDeckIsExactOverEachWholeDeck(t *testing.T) {
	cases := []struct {
		weights []int
		draws   int
		want    []int
	}{
		{[]int{95, 5}, 20, []int{19, 1}},
		{[]int{95, 5}, 2000, []int{1900, 100}},
		{[]int{50, 50}, 2, []int{1, 1}},
		{[]int{1, 1, 0}, 100, []int{50, 50, 0}},
		{[]int{100, 0}, 100, []int{100, 0}},
		{[]int{0, 7}, 100, []int{0, 100}},
		{[]int{999, 1}, 1000, []int{999, 1}},
	}
	for _, c := range cases {
		if got := draw(NewDeck(c.weights), c.draws, len(c.weights)); !slices.Equal(got, c.want) {
			t.Errorf("weights %v: %d draws went %v, want %v", c.weights, c.draws, got, c.want)
		}
	}
}

func TestDeckWithoutWeight(t *testing.T) {
	for _, weights := range [][]int{nil, {0}, {0, 0}} {
		if got := NewDeck(weights).Draw(); got != -1 {
			t.Errorf("weights %v: drew %d, want -1", weights, got)
		}
	}
}

// TestLargeWeightsAreRandom: 1,000,000 is the API's greatest weight. The bounds
// are six standard deviations wide, so chance alone fails once in 10^9 runs.
func TestLargeWeightsAreRandom(t *testing.T) {
	got := draw(NewDeck([]int{949_999, 50_001}), 100_000, 2)
	if got[1] < 4590 || got[1] > 5410 {
		t.Errorf("drew %v, want about 5 %% of 100000", got)
	}
}

// TestDeckDoesNotFallInStep: clients that send two requests a session (the
// SDK's server/discover, then initialize) must not find all their sessions on
// one backend, as with round robin. 1000 draws at odd places, half of them
// expected on each side; the bounds are six standard deviations wide.
func TestDeckDoesNotFallInStep(t *testing.T) {
	d := NewDeck([]int{50, 50})
	second := 0
	for range 1000 {
		d.Draw()
		second += d.Draw()
	}
	if second < 405 || second > 595 {
		t.Errorf("%d of 1000 sessions on the second backend, want about 500", second)
	}
}

func TestDeckIsExactUnderConcurrency(t *testing.T) {
	d := NewDeck([]int{95, 5})
	var group sync.WaitGroup
	counts := make([][2]int, 8)
	for i := range counts {
		group.Go(func() {
			for range 500 {
				counts[i][d.Draw()]++
			}
		})
	}
	group.Wait()
	canary := 0
	for _, c := range counts {
		canary += c[1]
	}
	if canary != 200 {
		t.Errorf("%d of 4000 draws, want 200", canary)
	}
}

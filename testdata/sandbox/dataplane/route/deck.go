package route

import (
	"math/rand/v2"
	"sync"
)

// largestDeck bounds a deck's cards; weights that need more are drawn at random.
const largestDeck = 1000

// Deck chooses by weight. It deals cards from a shuffled deck with one card a
// unit of (reduced) weight and shuffles anew when it is dealt out: 95/5 is
// exactly 1 in each 20, so that 5 % of new sessions is 5 %, yet the order is
// random, so that no rhythm of the clients (a probe before each session, say)
// can fall in step with it, as it would with plain round robin.
type Deck struct {
	weights []int
	total   int
	only    int // the single index with a weight, or -1

	mu    sync.Mutex
	cards []int
	dealt int
}

// NewDeck takes weights of 0 and more.
func NewDeck(weights []int) *Deck {
	d := &Deck{weights: reduced(weights), only: -1}
	positive := 0
	for i, w := range d.weights {
		d.total += w
		if w > 0 {
			positive++
			d.only = i
		}
	}
	if positive != 1 {
		d.only = -1
	}
	if d.total <= largestDeck {
		d.cards = cards(d.weights)
	}
	d.dealt = len(d.cards)
	return d
}

// Draw returns an index, or -1 when no weight is above 0.
func (d *Deck) Draw() int {
	switch {
	case d.total == 0:
		return -1
	case d.only >= 0:
		return d.only
	case d.cards == nil:
		return d.random()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.dealt == len(d.cards) {
		rand.Shuffle(len(d.cards), func(i, j int) { d.cards[i], d.cards[j] = d.cards[j], d.cards[i] })
		d.dealt = 0
	}
	d.dealt++
	return d.cards[d.dealt-1]
}

func (d *Deck) random() int {
	n := rand.IntN(d.total)
	for i, w := range d.weights {
		if n < w {
			return i
		}
		n -= w
	}
	panic("unreachable: weights add up to the total")
}

func cards(weights []int) []int {
	var list []int
	for i, w := range weights {
		for range w {
			list = append(list, i)
		}
	}
	return list
}

// reduced divides the weights by their greatest common divisor.
func reduced(weights []int) []int {
	divisor := 0
	for _, w := range weights {
		for a, b := divisor, w; ; a, b = b, a%b {
			if b == 0 {
				divisor = a
				break
			}
		}
	}
	out := make([]int, len(weights))
	for i, w := range weights {
		if divisor > 0 {
			out[i] = w / divisor
		}
	}
	return out
}

package netpol

// bits is a set of small numbers.
type bits []uint64

func (b bits) has(i int) bool { return i/64 < len(b) && b[i/64]&(1<<(i%64)) != 0 }

// with is a copy of b that holds i too.
func (b bits) with(i int) bits {
	grown := make(bits, max(len(b), i/64+1))
	copy(grown, b)
	grown[i/64] |= 1 << (i % 64)
	return grown
}

// key is the same for the same set: bits are made by with alone, so the last
// word is never zero.
func (b bits) key() string {
	text := make([]byte, 0, 8*len(b))
	for _, word := range b {
		for shift := 0; shift < 64; shift += 8 {
			text = append(text, byte(word>>shift))
		}
	}
	return string(text)
}

// cell is all label sets that the same selectors match.
type cell struct {
	boxes   []box
	matched bits
}

// split cuts universe into the cells that the selectors (by number) make, and
// is false where that takes more than limit boxes.
func split(universe box, selectors map[int]box, order []int, limit int) ([]cell, bool) {
	cells := []cell{{boxes: []box{universe}}}
	for _, i := range order {
		var next []cell
		boxes := 0
		for _, c := range cells {
			in, out := c.cut(selectors[i])
			if boxes += len(in) + len(out); boxes > limit {
				return nil, false
			}
			if len(in) > 0 {
				next = append(next, cell{in, c.matched.with(i)})
			}
			if len(out) > 0 {
				next = append(next, cell{out, c.matched})
			}
		}
		cells = next
	}
	return cells, true
}

func (c cell) cut(selector box) (in, out []box) {
	for _, b := range c.boxes {
		both, some := b.and(selector)
		if !some {
			out = append(out, b)
			continue
		}
		in = append(in, both)
		out = append(out, b.minus(selector)...)
	}
	return in, out
}

// sample is the shortest label set of the boxes.
func sample(boxes []box) map[string]string {
	best := boxes[0].sample()
	for _, b := range boxes[1:] {
		if s := b.sample(); len(s) < len(best) {
			best = s
		}
	}
	return best
}

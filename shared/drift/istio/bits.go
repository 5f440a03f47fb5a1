package istio

// bits are a set of clauses.
type bits [8]uint64

// mostClauses is how many clauses can be told apart for one namespace.
const mostClauses = len(bits{}) * 64

func (b *bits) add(i int) { b[i/64] |= 1 << (i % 64) }

func (b bits) and(other bits) bits {
	for i := range b {
		b[i] &= other[i]
	}
	return b
}

func (b bits) or(other bits) bits {
	for i := range b {
		b[i] |= other[i]
	}
	return b
}

func (b bits) meets(other bits) bool { return b.and(other) != bits{} }

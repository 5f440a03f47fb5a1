package vaultauth

// gate is one condition that a login has to meet, on both sides. Gates of a
// role do not depend on one another: each looks at its own part of the login.
// So a side lets something in that the other does not exactly where it lets
// anything in at all, and one gate lets something through that the other
// side's does not.
type gate struct {
	name  string // in findings' ids
	mount bool   // decided by the mount, not by the role
	// beyond puts what the side takes, and the other does not, into the login.
	beyond func(side int, l *Login) reach
	// within puts what the side takes, and the other too where there is such,
	// into the login.
	within func(side int, l *Login) reach
}

// rule is how values of one gate compare: S is what a side says, V a part of a
// login.
type rule[S, V any] struct {
	beyond func(a, b S) (V, reach)
	within func(a, b S) (V, reach)
	set    func(l *Login, value V)
}

func gateOf[S, V any](name string, mount bool, says [2]S, r rule[S, V]) gate {
	ask := func(question func(a, b S) (V, reach)) func(int, *Login) reach {
		return func(side int, l *Login) reach {
			value, reached := question(says[side], says[1-side])
			if reached == found {
				r.set(l, value)
			}
			return reached
		}
	}
	return gate{name: name, mount: mount, beyond: ask(r.beyond), within: ask(r.within)}
}

// wanted is a text that has to match one pattern of each list; with no list
// every text does, with an empty list none.
type wanted [][]pattern

// wordRule compares what texts of at least so many characters are wanted.
func wordRule(shortest int, set func(l *Login, text string)) rule[wanted, string] {
	return rule[wanted, string]{
		beyond: func(a, b wanted) (string, reach) {
			return searchWanted(a, b, shortest, func(in, other bool) bool { return in && !other })
		},
		within: func(a, b wanted) (string, reach) {
			if len(a)+len(b) == 0 {
				return "", found
			}
			text, reached := searchWanted(a, b, shortest, func(in, other bool) bool { return in && other })
			if reached == none {
				text, reached = searchWanted(a, b, shortest, func(in, _ bool) bool { return in })
			}
			return text, reached
		},
		set: set,
	}
}

func searchWanted(a, b wanted, shortest int, yes func(in, other bool) bool) (string, reach) {
	var patterns []pattern
	for _, list := range append(append(wanted{}, a...), b...) {
		patterns = append(patterns, list...)
	}
	return search(patterns, nil, shortest, func(matched []bool) bool {
		in, rest := a.met(matched)
		other, _ := b.met(rest)
		return yes(in, other)
	})
}

// met by a text that matches these of the patterns; what is left over belongs
// to others.
func (w wanted) met(matched []bool) (bool, []bool) {
	all := true
	for _, list := range w {
		one := false
		for i := range list {
			one = one || matched[i]
		}
		all, matched = all && one, matched[len(list):]
	}
	return all, matched
}

// addressGate compares blocks of addresses to log in from.
func addressGate(says [2]spec) gate {
	return gateOf("address", false, [2]blocks{says[0].from, says[1].from}, rule[blocks, address]{
		beyond: addressBeyond, within: addressIn, set: func(l *Login, a address) { l.Address = a },
	})
}

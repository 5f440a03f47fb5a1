package istio

import (
	"fmt"
	"slices"
	"strings"
)

// pass is one kind of traffic: HTTP, HTTP with a token, or TCP.
type pass struct {
	tcp   bool
	token *tokenRule // nil is none
}

// ways are parts of requests, and what clauses say to each value.
type way struct {
	part   string
	values []string
	hold   []bits // by value: the clauses that it leaves standing
}

// outcome is a request that stands for all that are treated as it is.
type outcome struct {
	request Request
	alive   bits // the clauses that match it
}

// mostStates bounds how many kinds of requests are told apart.
const mostStates = 50_000

// passes are the kinds of traffic to pods with these labels.
func (s *scope) passes(labels map[string]string) []pass {
	list := []pass{{}}
	if slices.ContainsFunc(s.clauses, func(c clause) bool { return c.has(func(m match) bool { return ofToken(m.part) }) }) {
		for _, p := range s.tokens[0] {
			for i := range p.tokens {
				if p.selects(labels) {
					list = append(list, pass{token: &p.tokens[i]})
				}
			}
		}
	}
	return append(list, pass{tcp: true})
}

// outcomes are all kinds of requests of one pass. begin are the clauses that
// hold for the pod.
func (s *scope) outcomes(labels map[string]string, one pass, begin bits) []outcome {
	ways := s.ways(one)
	alive := begin.and(s.standing(one))
	states := []struct {
		alive bits
		at    []int
	}{{alive, nil}}
	for _, w := range ways {
		seen := map[bits]bool{}
		next := states[:0:0]
		for _, state := range states {
			for i, hold := range w.hold {
				left := state.alive.and(hold)
				if seen[left] {
					continue
				}
				seen[left] = true
				state.at = slices.Clip(state.at)
				next = append(next, struct {
					alive bits
					at    []int
				}{left, append(state.at, i)})
			}
		}
		if states = next; len(states) > mostStates {
			s.problem = fmt.Sprintf("they tell more than %d kinds of requests apart", mostStates)
			states = states[:mostStates]
		}
	}
	var list []outcome
	for _, state := range states {
		r := Request{Namespace: s.namespace, Labels: labels, TCP: one.tcp}
		for i, w := range ways {
			r.set(w.part, w.values[state.at[i]])
		}
		if r.Remote == "" {
			r.Remote = r.IP
		}
		list = append(list, outcome{r, state.alive})
	}
	return list
}

// standing are the clauses that can match in a pass at all. In TCP a rule of an
// ALLOW that asks for something of HTTP matches nothing; one of a DENY asks for
// the rest only.
func (s *scope) standing(one pass) bits {
	var standing bits
	for i, c := range s.clauses {
		dead := one.tcp && c.http && !s.denies[i] || !one.tcp && one.token == nil && c.has(func(m match) bool { return ofToken(m.part) && !m.holds("") })
		if !dead {
			standing.add(i)
		}
	}
	return standing
}

// ways are the parts that the clauses ask for, and those that every request has.
func (s *scope) ways(one pass) []way {
	patterns := s.patterns()
	if one.token != nil && len(one.token.audiences) > 0 && patterns[partAudience] == nil {
		patterns[partAudience] = []pattern{}
	}
	var list []way
	for _, part := range sortedParts(patterns) {
		switch {
		case one.tcp && ofHTTP(part) || one.token == nil && ofToken(part):
		case ofToken(part):
			list = append(list, s.way(part, s.ofToken(part, patterns[part], one.token)))
		default:
			w, known := s.known[part]
			if !known {
				w = s.way(part, s.values(part, patterns[part]))
				s.known[part] = w
			}
			list = append(list, w)
		}
	}
	return list
}

// patterns are those of the clauses, each once, by the part of a request.
func (s *scope) patterns() map[string][]pattern {
	patterns, seen := map[string][]pattern{}, map[[3]string]bool{}
	for _, part := range []string{partPort, partIP, partSender, partHost, partMethod, partPath, partToken} {
		patterns[part] = nil
	}
	for _, c := range s.clauses {
		for _, m := range c.matches {
			for _, p := range slices.Concat(m.values, m.not) {
				if key := [3]string{m.part, p.kind, p.text}; !seen[key] {
					seen[key] = true
					patterns[m.part] = append(patterns[m.part], p)
				}
			}
		}
	}
	return patterns
}

func (s *scope) way(part string, values []string) way {
	w := way{part: part, values: values}
	for _, value := range values {
		w.hold = append(w.hold, s.holding(part, value))
	}
	return w
}

// sortedParts puts the token before what stands in it.
func sortedParts(patterns map[string][]pattern) []string {
	list := sortedKeys(patterns)
	slices.SortStableFunc(list, func(a, b string) int {
		return strings.Compare(fmt.Sprint(ofToken(a), a != partToken), fmt.Sprint(ofToken(b), b != partToken))
	})
	return list
}

func (s *scope) ofToken(part string, patterns []pattern, rule *tokenRule) []string {
	switch part {
	case partToken:
		return tokens(rule.issuer, patterns)
	case partAudience:
		return sets(patterns, rule.audiences)
	}
	return sets(patterns, nil)
}

func (s *scope) values(part string, patterns []pattern) []string {
	if part == partSender && len(senders(texts(patterns))) >= mostSenders {
		s.problem = fmt.Sprintf("they name more than %d callers", mostSenders)
	}
	return drawn(part, patterns)
}

// holding are the clauses that a value of one part leaves standing.
func (s *scope) holding(part, value string) bits {
	var hold bits
	for i, c := range s.clauses {
		if !c.has(func(m match) bool { return m.part == part && !m.holds(value) }) {
			hold.add(i)
		}
	}
	return hold
}

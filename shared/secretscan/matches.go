package secretscan

// matches gives what the regex's FindAll gives on the whole text; window.go
// says why.
func (r *rule) matches(look *pass, a *aim) []span {
	if !a.touched && len(r.Keywords) > 0 {
		return nil // a rule that another one requires
	}
	if !a.touched {
		a.begin(r, look.text)
	}
	if a.how.search == fromStarts && len(a.places) == 0 {
		a.starts(look.text)
	}
	for margin := 0; ; margin = 8*margin + 64 {
		all, edge := r.inWindows(look, a.windows(r, look, margin))
		if !edge {
			return all
		}
	}
}

// inWindows runs the regex in each window. edge says that a match begins or
// ends where a window does and the text does not.
func (r *rule) inWindows(look *pass, windows []span) (all []span, edge bool) {
	for _, w := range windows {
		for _, m := range r.regex().FindAllStringIndex(look.text[w.from:w.to], -1) {
			one := span{w.from + m[0], w.from + m[1]}
			if (one.from == w.from && w.from > 0) || (one.to == w.to && w.to < len(look.text)) {
				return nil, true
			}
			all = append(all, one)
		}
	}
	return all, false
}

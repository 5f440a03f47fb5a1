package secretscan

// required keeps those findings of a rule near which each rule that it
// requires has a finding too (gitleaks' multi-part rules).
func (p *Policy) required(r *rule, look *pass, found []Finding) []Finding {
	if len(found) == 0 {
		return nil
	}
	others := map[string][]Finding{}
	for _, need := range r.Required {
		if other, ok := p.byID[need.ID]; ok {
			others[need.ID] = p.apply(other, look, true)
		}
	}
	var kept []Finding
	for _, f := range found {
		met := map[string]bool{}
		for _, need := range r.Required {
			for _, other := range others[need.ID] {
				if near(f, other, need) {
					met[need.ID] = true
				}
			}
		}
		all := len(met) > 0
		for _, need := range r.Required {
			all = all && met[need.ID]
		}
		if all {
			kept = append(kept, f)
		}
	}
	return kept
}

func near(f, other Finding, need requiredSpec) bool {
	within := func(a, b int, most *int) bool { return most == nil || max(a-b, b-a) <= *most }
	return within(f.StartLine, other.StartLine, need.WithinLines) &&
		within(f.StartColumn, other.StartColumn, need.WithinColumns)
}

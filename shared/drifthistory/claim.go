package drifthistory

import "time"

// Claim says that one run is telling the routes: others wait, so that nobody is
// told twice. It is kept in the history, and so are its end and its renewals.
type Claim struct {
	By    string    `json:"by"`    // one run of the program
	Until time.Time `json:"until"` // by then it is renewed, given back, or its run is dead
}

// ClaimFor is how long a claim holds: longer than one route can take (four
// attempts of ten seconds, and pauses of half a minute), and the note of it.
const ClaimFor = 4 * time.Minute

// Claim takes or renews the right to tell. It is false while another run has
// it. A claim that lies further ahead than two clocks may differ is not honoured.
func (h *History) Claim(by string, now time.Time) bool {
	if t := h.Telling; t != nil && t.By != by && now.Before(t.Until) && t.Until.Sub(now) <= 2*ClaimFor {
		return false
	}
	h.Telling = &Claim{by, now.Add(ClaimFor).UTC()}
	return true
}

// Release gives the claim of that run back.
func (h *History) Release(by string) {
	if h.Telling != nil && h.Telling.By == by {
		h.Telling = nil
	}
}

// Package route is the data plane's core: which rule of which HTTPRoute a
// request belongs to, and which pod gets it. It knows no Kubernetes client and
// does no I/O.
package route

import (
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/clawql/clawql-workbench/testdata/sandbox/dataplane/count"
)

// Endpoint is one ready pod.
type Endpoint struct {
	Address string // ip:port
	Pod     string // namespace/name, empty when the slice names none
	Series  *count.Series
}

// Backend is one backendRef of a rule.
type Backend struct {
	Name      string // namespace/name of the Service
	Port      int32  // of the Service
	Weight    int    // 0 to 1,000,000
	Invalid   bool   // the reference does not resolve: 500, says the Gateway API
	Endpoints []*Endpoint
	Local     *count.Series // what the data plane answers in its place
}

// Rule is one rule of one HTTPRoute, with its backends in force.
type Rule struct {
	Route      string // namespace/name
	Index      int
	Generation int64
	Backends   []*Backend
	Local      *count.Series
	Deck       *Deck
}

// Target is where a request goes, or the status that answers it instead.
type Target struct {
	Backend  *Backend
	Endpoint *Endpoint
	Status   int           // 0, 500 or 503
	Local    *count.Series // counts Status
}

// Pick chooses a pod. A session that lives on a ready pod of any of the rule's
// backends stays there, whatever the weights, 0 included (GEP-1619, "Traffic
// Splitting"); an empty or unknown address is load balanced: by weight to a
// backend, then evenly over its pods.
func (r *Rule) Pick(session string) Target {
	if session != "" {
		if t, ok := r.holder(session); ok {
			return t
		}
	}
	i := r.Deck.Draw()
	if i < 0 {
		return Target{Status: http.StatusInternalServerError, Local: r.Local}
	}
	return r.Backends[i].pick()
}

func (r *Rule) holder(address string) (Target, bool) {
	for _, b := range r.Backends {
		for _, e := range b.Endpoints {
			if e.Address == address {
				return Target{Backend: b, Endpoint: e}, true
			}
		}
	}
	return Target{}, false
}

func (b *Backend) pick() Target {
	switch {
	case b.Invalid:
		return Target{Backend: b, Status: http.StatusInternalServerError, Local: b.Local}
	case len(b.Endpoints) == 0:
		return Target{Backend: b, Status: http.StatusServiceUnavailable, Local: b.Local}
	default:
		return Target{Backend: b, Endpoint: b.Endpoints[rand.IntN(len(b.Endpoints))]}
	}
}

// Entry is one way into a rule: a hostname and a match. Routes with several of
// them have several entries.
type Entry struct {
	Hostname string // "" is any; "*.example.com" a wildcard
	Match    Match
	Created  time.Time // of the HTTPRoute, breaks ties
	Rule     *Rule
}

// Table is an immutable configuration: entries in order of precedence for each
// listener port.
type Table struct {
	Ports map[int32][]Entry
}

// Find returns the rule of a request that came in on a port, or nil.
func (t *Table) Find(port int32, req *http.Request) *Rule {
	host := hostOf(req.Host)
	for i := range t.Ports[port] {
		e := &t.Ports[port][i]
		if MatchesHost(e.Hostname, host) && e.Match.Matches(req) {
			return e.Rule
		}
	}
	return nil
}

package dataplane

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/clawql/clawql-workbench/testdata/sandbox/dataplane/route"
)

// remembered bounds the history of changes.
const remembered = 1000

// Weight is one backend of a rule as the admin endpoint shows it.
type Weight struct {
	Backend   string `json:"backend"`
	Weight    int    `json:"weight"`
	Endpoints int    `json:"endpoints"` // ready pods; absent from comparisons
	Invalid   bool   `json:"invalid,omitempty"`
}

// RouteView is a route in force.
type RouteView struct {
	Route      string     `json:"route"`
	Generation int64      `json:"generation"`
	Since      time.Time  `json:"since"` // these weights are in force since then
	Rules      [][]Weight `json:"rules"`
}

// Change is a moment at which a route's weights changed; Rules is empty for a
// route that went away.
type Change struct {
	Time       time.Time  `json:"time"`
	Route      string     `json:"route"`
	Generation int64      `json:"generation"`
	Rules      [][]Weight `json:"rules"`
}

// History follows the tables that come into force.
type History struct {
	mu      sync.Mutex
	routes  map[string]RouteView
	changes []Change
}

func (c Change) String() string {
	text := fmt.Sprintf("%s generation %d", c.Route, c.Generation)
	for _, rule := range c.Rules {
		for _, w := range rule {
			text += fmt.Sprintf(" %s=%d", w.Backend, w.Weight)
		}
		text += ";"
	}
	return text
}

// Record notes a table that is in force since now and returns what it changed.
func (h *History) Record(t *route.Table, now time.Time) []Change {
	h.mu.Lock()
	defer h.mu.Unlock()
	var changed []Change
	next := viewsOf(t)
	for name, view := range next {
		old, known := h.routes[name]
		view.Since = old.Since
		if !known || !sameWeights(old.Rules, view.Rules) {
			view.Since = now
			changed = append(changed, Change{now, name, view.Generation, view.Rules})
		}
		next[name] = view
	}
	for name, old := range h.routes {
		if _, still := next[name]; !still {
			changed = append(changed, Change{now, name, old.Generation, nil})
		}
	}
	h.routes = next
	for _, c := range changed {
		h.note(c)
	}
	return changed
}

func (h *History) note(c Change) {
	if len(h.changes) == remembered {
		h.changes = slices.Delete(h.changes, 0, 1)
	}
	h.changes = append(h.changes, c)
}

// View returns the routes in force, by name, and the changes, oldest first.
func (h *History) View() ([]RouteView, []Change) {
	h.mu.Lock()
	defer h.mu.Unlock()
	views := make([]RouteView, 0, len(h.routes))
	for _, v := range h.routes {
		views = append(views, v)
	}
	slices.SortFunc(views, func(a, b RouteView) int { return compareNames(a.Route, b.Route) })
	return views, slices.Clone(h.changes)
}

func viewsOf(t *route.Table) map[string]RouteView {
	views := map[string]RouteView{}
	seen := map[*route.Rule]bool{}
	for _, entries := range t.Ports {
		for _, e := range entries {
			if seen[e.Rule] {
				continue
			}
			seen[e.Rule] = true
			view := views[e.Rule.Route]
			view.Route, view.Generation = e.Rule.Route, e.Rule.Generation
			view.Rules = put(view.Rules, e.Rule.Index, weightsOf(e.Rule))
			views[e.Rule.Route] = view
		}
	}
	return views
}

func put(rules [][]Weight, i int, w []Weight) [][]Weight {
	for len(rules) <= i {
		rules = append(rules, nil)
	}
	rules[i] = w
	return rules
}

func weightsOf(r *route.Rule) []Weight {
	weights := make([]Weight, 0, len(r.Backends))
	for _, b := range r.Backends {
		weights = append(weights, Weight{b.Name, b.Weight, len(b.Endpoints), b.Invalid})
	}
	return weights
}

func sameWeights(a, b [][]Weight) bool {
	return slices.EqualFunc(a, b, func(x, y []Weight) bool {
		return slices.EqualFunc(x, y, func(v, w Weight) bool {
			return v.Backend == w.Backend && v.Weight == w.Weight
		})
	})
}

package dataplane

import (
	"cmp"
	"encoding/json"
	"net/http"
	"time"
)

// Admin serves the sandbox's own questions, as JSON:
//
//	GET  /counters        what was served, per route, backend and pod
//	POST /counters/reset  all counters to zero
//	GET  /routes          weights in force, since when, and their history
//	GET  /stickiness      {"enabled":true}
//	PUT  /stickiness      the same, to switch it
//	GET  /healthz         200 once the first configuration is in force
type Admin struct {
	proxy   *Proxy
	history *History
	started time.Time
	ready   func() bool
}

// Handler routes the admin endpoints.
func (a *Admin) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /counters", a.counters)
	mux.HandleFunc("POST /counters/reset", a.reset)
	mux.HandleFunc("GET /routes", a.routes)
	mux.HandleFunc("GET /stickiness", a.stickiness)
	mux.HandleFunc("PUT /stickiness", a.setStickiness)
	mux.HandleFunc("GET /healthz", a.healthz)
	return mux
}

func (a *Admin) counters(w http.ResponseWriter, _ *http.Request) {
	reply(w, http.StatusOK, map[string]any{"now": time.Now().UTC(), "started": a.started.UTC(), "counters": a.proxy.book.Rows()})
}

func (a *Admin) reset(w http.ResponseWriter, _ *http.Request) {
	a.proxy.book.Reset()
	reply(w, http.StatusOK, map[string]any{"now": time.Now().UTC()})
}

func (a *Admin) routes(w http.ResponseWriter, _ *http.Request) {
	routes, changes := a.history.View()
	reply(w, http.StatusOK, map[string]any{"now": time.Now().UTC(), "stickiness": a.proxy.sticky.Load(), "routes": routes, "history": changes})
}

// switchState is the body of /stickiness. The pointer tells absent from false.
type switchState struct {
	Enabled *bool `json:"enabled"`
}

func (a *Admin) stickiness(w http.ResponseWriter, _ *http.Request) {
	enabled := a.proxy.sticky.Load()
	reply(w, http.StatusOK, switchState{&enabled})
}

func (a *Admin) setStickiness(w http.ResponseWriter, r *http.Request) {
	var state switchState
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<10))
	if err := decoder.Decode(&state); err != nil || state.Enabled == nil {
		reply(w, http.StatusBadRequest, map[string]string{"error": `the body must be {"enabled": true} or {"enabled": false}`})
		return
	}
	a.proxy.sticky.Store(*state.Enabled)
	reply(w, http.StatusOK, state)
}

func (a *Admin) healthz(w http.ResponseWriter, _ *http.Request) {
	if !a.ready() {
		reply(w, http.StatusServiceUnavailable, map[string]string{"status": "starting"})
		return
	}
	reply(w, http.StatusOK, map[string]string{"status": "ok"})
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the reader is gone: nobody to tell
}

func compareNames(a, b string) int { return cmp.Compare(a, b) }

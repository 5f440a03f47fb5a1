package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/clawql/clawql-workbench/shared/alert"
	"github.com/clawql/clawql-workbench/shared/cmdline"
	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/drifthistory"
	"github.com/clawql/clawql-workbench/shared/fault"
)

// runID tells this run from others that write the same history: in a cluster
// the name of the pod, and something that no other has.
func runID() string {
	host, _ := os.Hostname()
	own := make([]byte, 6)
	_, _ = rand.Read(own) // it never fails, see its documentation
	return host + "-" + hex.EncodeToString(own)
}

// How long a run waits for another one that is telling: longer than a claim
// that nobody renews.
const (
	claimPause = time.Second
	claimWait  = 4 * drifthistory.ClaimFor

	releaseTime = 20 * time.Second
)

// claimed gives the history once this run alone may tell the routes. Mostly it
// has the claim already, since it came with the note of the run.
func (r *scheduled) claimed(h *drifthistory.History) (*drifthistory.History, error) {
	if h.Telling != nil && h.Telling.By == r.id {
		return h, nil
	}
	r.sayWaiting(h.Telling)
	for end := time.Now().Add(claimWait); time.Now().Before(end); {
		select {
		case <-r.Context.Context.Done():
			return h, r.Context.Context.Err()
		case <-time.After(claimPause):
		}
		var mine bool
		var err error
		if h, err = r.load(); err != nil {
			return nil, err
		}
		if h == nil || !h.Claim(r.id, time.Now()) {
			continue
		}
		h, err = changeHistory(r.Context.Context, r.store, r.o, r.now, func(h *drifthistory.History) { mine = h.Claim(r.id, time.Now()) })
		if mine || err != nil {
			return h, err
		}
	}
	return h, fault.Unable("tell the routes: another run has been doing so for more than %s", claimWait)
}

func (r *scheduled) sayWaiting(t *drifthistory.Claim) {
	if t == nil {
		return
	}
	_, _ = fmt.Fprintf(cmdline.Streams(r.Context).Err, "another run, %s, is telling the routes: waiting for it, at most until %s\n", console.Clean(t.By), t.Until.UTC().Format(time.TimeOnly+" UTC"))
}

func (r *scheduled) load() (*drifthistory.History, error) {
	text, _, err := r.store.Load(r.Context.Context)
	if err != nil {
		return nil, err
	}
	return decodeHistory(r.store, r.o, text)
}

// tell sends by every route, and notes of each at once that it was told. The
// error is that of the notes: such alerts went out, and will go out again.
func (r *scheduled) tell(h *drifthistory.History) (_ *drifthistory.History, results []routeResult, err error) {
	mine, err := r.claimed(h)
	if err != nil {
		return h, nil, err
	}
	h = mine
	var failed error
	for _, route := range alert.Routes(r.alerts, os.Getenv) {
		result := r.tellOne(route, h)
		results = append(results, result)
		if result.Error == "" && len(result.Notices) > 0 {
			_, noted := changeHistory(r.Context.Context, r.store, r.o, r.now, func(h *drifthistory.History) {
				h.Tell(result.Name, result.Notices, r.now)
				h.Claim(r.id, time.Now())
			})
			failed = errors.Join(failed, noted)
		}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context.Context), releaseTime) // an interrupt gives the claim back too
	defer cancel()
	last, err := changeHistory(ctx, r.store, r.o, r.now, func(h *drifthistory.History) {
		for _, result := range results {
			if result.Error == "" {
				h.Tell(result.Name, nil, r.now) // what became milder
			}
		}
		h.Release(r.id)
	})
	if err == nil {
		h = last
	}
	return h, results, errors.Join(failed, err)
}

func (r *scheduled) tellOne(route alert.Route, h *drifthistory.History) routeResult {
	notices := h.Notices(route.Name, route.Severities, r.now, r.remind)
	result := routeResult{Name: route.Name, Notices: orEmpty(notices)}
	sent := alert.Sender{}.Send(r.Context.Context, route, alert.Message{
		From: r.o.from.name, To: r.o.to.name, Time: r.now, Notices: notices, Open: h.Shown(route.Severities),
	})
	if sent != nil {
		result.Error = sent.Error()
	}
	return result
}

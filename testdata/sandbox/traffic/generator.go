package traffic

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Generator makes the traffic of many MCP clients against one endpoint.
type Generator struct {
	options   Options
	plan      Plan
	transport *http.Transport
	stats     atomic.Pointer[Stats]
	sessions  atomic.Uint64 // numbers given out
	clock     pacer
}

// NewGenerator is ready to Run.
func NewGenerator(o Options) *Generator {
	g := &Generator{options: o, plan: o.plan(), clock: pacer{interval: time.Duration(float64(time.Second) / o.Rate)},
		transport: &http.Transport{MaxIdleConns: 2 * o.Sessions, MaxIdleConnsPerHost: 2 * o.Sessions, DisableCompression: true}}
	g.stats.Store(NewStats())
	return g
}

// Run makes calls until ctx ends, and returns when each client has finished
// the call it was in and closed its session.
func (g *Generator) Run(ctx context.Context) {
	var clients sync.WaitGroup
	for range g.options.Sessions {
		clients.Go(func() {
			for ctx.Err() == nil {
				g.client(ctx)
			}
		})
	}
	clients.Wait()
	g.transport.CloseIdleConnections()
}

// Reset begins new counters; calls in flight count in the old ones.
func (g *Generator) Reset() { g.stats.Store(NewStats()) }

// client plays one session of the plan; a session that breaks is opened anew
// for the calls that are left, as an MCP client does.
func (g *Generator) client(ctx context.Context) {
	var s *session
	defer func() {
		if s != nil {
			s.close()
		}
	}()
	for _, c := range g.plan.Session(g.sessions.Add(1)) {
		if !g.clock.wait(ctx) {
			return
		}
		if s == nil {
			opened, err := g.open(context.WithoutCancel(ctx))
			if err != nil {
				rest(ctx, 200*time.Millisecond)
				return
			}
			s = opened
		}
		if !g.call(context.WithoutCancel(ctx), s, c) {
			s.close()
			s = nil
		}
	}
}

func rest(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// pacer gives out moments, one an interval, whoever asks: the total rate does
// not depend on the number of clients. Moments long past are dropped, so that
// a stall is not followed by a flood.
type pacer struct {
	interval time.Duration
	mu       sync.Mutex
	next     time.Time
}

// slack is how far the traffic may catch up after a stall.
const slack = 100 * time.Millisecond

// wait returns false when ctx ended first.
func (p *pacer) wait(ctx context.Context) bool {
	p.mu.Lock()
	now := time.Now()
	if p.next.Before(now.Add(-slack)) {
		p.next = now
	}
	moment := p.next
	p.next = p.next.Add(p.interval)
	p.mu.Unlock()
	if delay := moment.Sub(now); delay > 0 {
		timer := time.NewTimer(delay)
		defer timer.Stop()
		select {
		case <-ctx.Done():
			return false
		case <-timer.C:
		}
	}
	return ctx.Err() == nil
}

package traffic

import (
	"math"
	"sync/atomic"
	"time"
)

// Stats are exact counters of what the clients saw. Each call ends in exactly
// one of ok, blocked, failed and lost: they add up to Requests once nothing is
// in flight. HTTP500, HTTP5xx and TransportErrors also count other messages
// (initialize, notifications), since those are served badly too.
type Stats struct {
	since time.Time

	requests, ok, blocked, failed, lost atomic.Int64
	hostile, toolErrors                 atomic.Int64
	http500, http5xx, transportErrors   atomic.Int64
	sessionsOpened, openFailures        atomic.Int64
	lostEarly                           atomic.Int64 // sessions lost before their first call
	first500, last500                   atomic.Int64 // Unix nanoseconds
	latency                             histogram
}

// Snapshot is Stats as JSON. Times are absent until they have happened;
// latencies are of answered calls, to within 5 %.
type Snapshot struct {
	Since           time.Time  `json:"since"`
	Now             time.Time  `json:"now"`
	Requests        int64      `json:"requests"` // tools/call sent
	OK              int64      `json:"ok"`
	Blocked         int64      `json:"blocked"`
	Failed          int64      `json:"failed"` // neither ok nor blocked nor lost
	CallsLost       int64      `json:"callsLost"`
	Hostile         int64      `json:"hostile"`    // hostile calls sent
	ToolErrors      int64      `json:"toolErrors"` // of ok: the tool said no
	HTTP500         int64      `json:"http500"`
	HTTP5xx         int64      `json:"http5xx"` // 500 included
	TransportErrors int64      `json:"transportErrors"`
	SessionsLost    int64      `json:"sessionsLost"` // re-initialized after 400 or 404; callsLost and those lost in the handshake
	SessionsOpened  int64      `json:"sessionsOpened"`
	OpenFailures    int64      `json:"openFailures"`
	First500At      *time.Time `json:"first500At"`
	Last500At       *time.Time `json:"last500At"`
	P50             float64    `json:"p50Ms"`
	P95             float64    `json:"p95Ms"`
	P99             float64    `json:"p99Ms"`
	RatePerSecond   float64    `json:"ratePerSecond"` // calls, since the start
}

// NewStats counts from now on.
func NewStats() *Stats { return &Stats{since: time.Now()} }

// Snapshot may be taken at any time.
func (s *Stats) Snapshot() Snapshot {
	now := time.Now()
	return Snapshot{Since: s.since.UTC(), Now: now.UTC(), Requests: s.requests.Load(), OK: s.ok.Load(), Blocked: s.blocked.Load(),
		Failed: s.failed.Load(), CallsLost: s.lost.Load(), Hostile: s.hostile.Load(), ToolErrors: s.toolErrors.Load(),
		HTTP500: s.http500.Load(), HTTP5xx: s.http5xx.Load(), TransportErrors: s.transportErrors.Load(),
		SessionsLost: s.lost.Load() + s.lostEarly.Load(), SessionsOpened: s.sessionsOpened.Load(), OpenFailures: s.openFailures.Load(),
		First500At: instant(s.first500.Load()), Last500At: instant(s.last500.Load()),
		P50: s.latency.quantile(0.50), P95: s.latency.quantile(0.95), P99: s.latency.quantile(0.99),
		RatePerSecond: math.Round(float64(s.requests.Load())/now.Sub(s.since).Seconds()*10) / 10}
}

// answered counts an HTTP answer of any message.
func (s *Stats) answered(status int) {
	if status < 500 {
		return
	}
	s.http5xx.Add(1)
	if status == 500 {
		now := time.Now().UnixNano()
		s.http500.Add(1)
		s.first500.CompareAndSwap(0, now)
		s.last500.Store(now)
	}
}

func instant(nanos int64) *time.Time {
	if nanos == 0 {
		return nil
	}
	t := time.Unix(0, nanos).UTC()
	return &t
}

// histogram has buckets that grow by 5 %, from 10 µs to beyond a minute.
type histogram struct{ buckets [330]atomic.Int64 }

const (
	smallest = 10 * time.Microsecond
	growth   = 1.05
)

func (h *histogram) add(d time.Duration) {
	i := int(math.Log(float64(max(d, smallest))/float64(smallest)) / math.Log(growth))
	h.buckets[min(i, len(h.buckets)-1)].Add(1)
}

// quantile returns the upper bound of the bucket of the quantile, in
// milliseconds to three decimals; 0 when there is nothing.
func (h *histogram) quantile(q float64) float64 {
	var total, seen int64
	for i := range h.buckets {
		total += h.buckets[i].Load()
	}
	for i := range h.buckets {
		seen += h.buckets[i].Load()
		if seen > 0 && float64(seen) >= q*float64(total) {
			ms := float64(smallest) * math.Pow(growth, float64(i+1)) / float64(time.Millisecond)
			return math.Round(ms*1000) / 1000
		}
	}
	return 0
}

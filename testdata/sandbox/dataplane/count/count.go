// Package count keeps the data plane's exact counters. Counting takes no lock:
// a Series is looked up when a configuration is built and only added to when a
// request is served.
package count

import (
	"sort"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Key names a series. Answers that the data plane made itself have no Pod;
// those without any route have only empty fields.
type Key struct {
	Route   string `json:"route"`   // namespace/name
	Backend string `json:"backend"` // namespace/name of the Service
	Pod     string `json:"pod"`     // namespace/name of the pod
	Address string `json:"address"` // ip:port of the pod
}

// Series counts what one pod (or the data plane itself) answered on one route.
type Series struct {
	status      [600]atomic.Int64 // by HTTP status; a request is counted when its answer begins
	inFlight    atomic.Int64
	sessions    atomic.Int64
	dialErrors  atomic.Int64
	lastRequest atomic.Int64 // Unix nanoseconds
	first5xx    atomic.Int64 // Unix nanoseconds
}

// Began notes that a request goes out now.
func (s *Series) Began(now time.Time) {
	s.inFlight.Add(1)
	s.lastRequest.Store(now.UnixNano())
}

// Ended notes that the request that Began is over, however it went.
func (s *Series) Ended() { s.inFlight.Add(-1) }

// Answered counts an answer by its status, 100 to 599; others count as 599.
func (s *Series) Answered(status int, now time.Time) {
	if status < 100 || status > 599 {
		status = 599
	}
	s.status[status].Add(1)
	if status >= 500 {
		s.first5xx.CompareAndSwap(0, now.UnixNano())
	}
}

// SessionOpened counts a session id that an upstream gave out.
func (s *Series) SessionOpened() { s.sessions.Add(1) }

// DialFailed counts a connection that could not be made; the request goes to
// another pod and is counted there.
func (s *Series) DialFailed() { s.dialErrors.Add(1) }

func (s *Series) reset() {
	for i := range s.status {
		s.status[i].Store(0)
	}
	for _, v := range []*atomic.Int64{&s.sessions, &s.dialErrors, &s.lastRequest, &s.first5xx} {
		v.Store(0)
	}
}

// Row is a Series as the admin endpoint shows it. Requests is the sum of ByStatus.
type Row struct {
	Key
	Requests       int64            `json:"requests"`
	ByStatus       map[string]int64 `json:"byStatus"`
	InFlight       int64            `json:"inFlight"`
	SessionsOpened int64            `json:"sessionsOpened"`
	DialErrors     int64            `json:"dialErrors"`
	LastRequestAt  *time.Time       `json:"lastRequestAt"`
	First5xxAt     *time.Time       `json:"first5xxAt"`
}

func (s *Series) row(key Key) Row {
	row := Row{Key: key, ByStatus: map[string]int64{}, InFlight: s.inFlight.Load(), SessionsOpened: s.sessions.Load(),
		DialErrors: s.dialErrors.Load(), LastRequestAt: instant(s.lastRequest.Load()), First5xxAt: instant(s.first5xx.Load())}
	for status := range s.status {
		if n := s.status[status].Load(); n > 0 {
			row.ByStatus[strconv.Itoa(status)] = n
			row.Requests += n
		}
	}
	return row
}

func instant(nanos int64) *time.Time {
	if nanos == 0 {
		return nil
	}
	t := time.Unix(0, nanos).UTC()
	return &t
}

// Book holds all series. Its zero value is ready.
type Book struct {
	mu     sync.Mutex
	series map[Key]*Series
}

// Series returns the one series of the key: counts survive new configurations.
func (b *Book) Series(key Key) *Series {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.series == nil {
		b.series = map[Key]*Series{}
	}
	s, ok := b.series[key]
	if !ok {
		s = new(Series)
		b.series[key] = s
	}
	return s
}

// Rows are all series, sorted by route, backend and pod.
func (b *Book) Rows() []Row {
	b.mu.Lock()
	defer b.mu.Unlock()
	rows := make([]Row, 0, len(b.series))
	for key, s := range b.series {
		rows = append(rows, s.row(key))
	}
	sort.Slice(rows, func(i, j int) bool { return rows[i].less(rows[j]) })
	return rows
}

func (r Row) less(o Row) bool {
	if r.Route != o.Route {
		return r.Route < o.Route
	}
	if r.Backend != o.Backend {
		return r.Backend < o.Backend
	}
	return r.Pod+r.Address < o.Pod+o.Address
}

// Reset sets every counter to zero, but what is in flight stays in flight.
func (b *Book) Reset() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.series {
		s.reset()
	}
}

package session

import (
	"net/http"
	"sync"
	"time"
)

// Entry is one access to a secret, without its value.
type Entry struct {
	Time time.Time `json:"time"`
	What string    `json:"what"` // put, get, delete, token
	Name string    `json:"name,omitempty"`
	Peer Peer      `json:"peer"`
}

// books keeps the entries of one session, in memory.
type books struct {
	mutex   sync.Mutex
	entries []Entry
}

// wrote notes an access.
func (s *supervisor) wrote(r *http.Request, what, name string) {
	s.books.mutex.Lock()
	defer s.books.mutex.Unlock()
	s.books.entries = append(s.books.entries, Entry{time.Now(), what, name, peerOf(r)})
}

func (s *supervisor) auditRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /v1/audit", func(w http.ResponseWriter, _ *http.Request) {
		s.books.mutex.Lock()
		defer s.books.mutex.Unlock()
		answer(w, s.books.entries)
	})
}

// farewell is shown on the terminal when the session is over.
func (s *supervisor) farewell() string { return "" }

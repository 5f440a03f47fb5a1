package session

import (
	"encoding/json"
	"net/http"
	"os"
	"time"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// headerTimeout bounds a peer that connects and says nothing.
const headerTimeout = 10 * time.Second

// controlServer serves the control socket.
func (s *supervisor) controlServer() *http.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/status", s.answerStatus)
	mux.HandleFunc("POST /v1/stop", s.answerStop)
	mux.HandleFunc("GET /v1/token", s.answerToken)
	mux.HandleFunc("POST /v1/share", s.answerShare)
	s.secretRoutes(mux)
	s.digestRoutes(mux)
	s.auditRoutes(mux)
	return &http.Server{
		Handler: met(mux), ReadHeaderTimeout: headerTimeout,
		ConnContext: s.meets,
	}
}

// met lets through only what came over a connection whose peer was judged.
func met(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !peerOf(r).judged {
			fail(w, fault.No("the control socket serves processes of its own user only"))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Status is what a session says of itself. Nothing in it is secret.
type Status struct {
	ID        string    `json:"id"`
	Project   string    `json:"project"`
	StateDir  string    `json:"stateDir"`
	Started   time.Time `json:"started"`
	Ends      time.Time `json:"ends"`
	Left      int64     `json:"secondsLeft"`
	Server    string    `json:"server"` // path of the Vault binary
	Version   string    `json:"version"`
	Command   []string  `json:"command"`
	PID       int       `json:"pid"` // of the supervisor
	Locked    bool      `json:"memoryLocked"`
	Swap      bool      `json:"swap"` // the machine has swap in use
	Inside    bool      `json:"inside"`
	Secrets   int       `json:"secrets"`
	Processes int       `json:"processes"`
}

func (s *supervisor) answerStatus(w http.ResponseWriter, r *http.Request) {
	names, err := s.vault.Keeper.List(r.Context())
	if err != nil {
		fail(w, err)
		return
	}
	answer(w, Status{
		ID: sessionID(s.plan.Folder), Project: s.plan.Project, StateDir: s.plan.StateDir, Started: s.started,
		Ends: time.Now().Add(s.left()).Round(time.Second), Left: int64(s.left() / time.Second),
		Server: s.plan.Binary.Path, Version: s.server.version, Command: s.plan.Argv[:1], PID: os.Getpid(),
		Locked: s.locked && s.server.locked, Swap: swapIsOn(), Inside: peerOf(r).Inside, Secrets: len(names),
		Processes: len(descendants(os.Getpid(), map[int]bool{s.server.pid: true})),
	})
}

// answerStop answers before the end begins: with its length given, the answer
// is whole when it is flushed.
func (s *supervisor) answerStop(w http.ResponseWriter, _ *http.Request) {
	const whole = "{}"
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", itoa(len(whole)))
	w.Write([]byte(whole))
	http.NewResponseController(w).Flush()
	select {
	case s.stops <- struct{}{}:
	default:
	}
}

// answerToken hands out the command's token, to processes of the session only.
func (s *supervisor) answerToken(w http.ResponseWriter, r *http.Request) {
	err := requireInside(peerOf(r))
	s.wrote(r, "token", "", err)
	if err != nil {
		fail(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Write([]byte(s.vault.Command.Token()))
}

// answer sends value as JSON.
func answer(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(value)
}

// fail sends a fault with its code and hints; Client gives the same fault to
// its caller.
func fail(w http.ResponseWriter, err error) {
	status := map[int]int{fault.CodeNo: http.StatusForbidden, fault.CodeUsage: http.StatusBadRequest}[fault.Code(err)]
	if status == 0 {
		status = http.StatusServiceUnavailable
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(problemOf(err))
}

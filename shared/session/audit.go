package session

import (
	"encoding/json"
	"net/http"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// Entry is one access to a secret, without its value.
type Entry struct {
	Time    time.Time `json:"time"`
	What    string    `json:"what"` // get, put, list, delete, token, redact
	Name    string    `json:"name,omitempty"`
	Via     string    `json:"via"`               // ViaControl or ViaVault
	Peer    Peer      `json:"peer"`              // who asked
	Parent  Peer      `json:"parent"`            // who started the one who asked
	Refused string    `json:"refused,omitempty"` // why it was not done
}

// The ways to a secret.
const (
	ViaControl = "session" // the commands of clawql-vault-session
	ViaVault   = "vault"   // Vault's own API
)

// mostEntries bounds the memory that a session's audit takes; the file has all
// of them.
const mostEntries = 100_000

// books keeps the entries of one session, in memory.
type books struct {
	mutex   sync.Mutex
	entries []Entry
	dropped int      // for the bound
	file    *os.File // of --audit-file, nil without
	broken  error    // the file cannot be written any more
}

// openBooks opens the file of --audit-file, to which each entry is added as it
// comes. It belongs to the user alone and is no link.
func openBooks(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0o600)
	if err != nil {
		return nil, fault.Unable("opening the audit file: %w", err)
	}
	info, err := file.Stat()
	if err == nil && (!info.Mode().IsRegular() || info.Mode().Perm()&0o077 != 0) {
		err = fault.Usage("the audit file %s has mode %s; it must be a file that only you can read (0600)", path, info.Mode())
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// wrote notes an access over the control socket, and whether it was refused.
func (s *supervisor) wrote(r *http.Request, what, name string, err error) {
	refused := ""
	if err != nil {
		refused = err.Error()
	}
	s.books.add(entryOf(r, ViaControl, what, name, refused))
}

func entryOf(r *http.Request, via, what, name, refused string) Entry {
	peer := peerOf(r)
	entry := Entry{Time: time.Now(), What: what, Name: name, Via: via, Peer: peer, Refused: refused}
	if parent, _, _, ok := stat(peer.PID); ok && parent > 0 {
		entry.Parent = Peer{PID: parent, UID: peer.UID, Name: nameOf(parent), Program: programOf(parent), Inside: peer.Inside && parent != os.Getpid()}
	}
	return entry
}

func (b *books) add(entry Entry) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if len(b.entries) < mostEntries {
		b.entries = append(b.entries, entry)
	} else {
		b.dropped++
	}
	if b.file == nil || b.broken != nil {
		return
	}
	line, err := json.Marshal(entry)
	if err == nil {
		_, err = b.file.Write(append(line, '\n'))
	}
	b.broken = err
}

// Audit is what was asked of a session so far.
type Audit struct {
	Entries []Entry `json:"entries"`
	Dropped int     `json:"dropped"` // entries that were too many to keep
	// Broken says why the audit file was not written to its end, "" for none.
	Broken string `json:"fileBroken,omitempty"`
}

func (b *books) all() Audit {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	audit := Audit{Entries: append([]Entry{}, b.entries...), Dropped: b.dropped}
	if b.broken != nil {
		audit.Broken = b.broken.Error()
	}
	return audit
}

func (s *supervisor) auditRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /v1/audit", func(w http.ResponseWriter, _ *http.Request) { answer(w, s.books.all()) })
}

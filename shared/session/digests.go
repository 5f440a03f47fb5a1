package session

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"net/http"
	"sync"

	"github.com/clawql/clawql-workbench/shared/livesecrets"
	"github.com/clawql/clawql-workbench/shared/vault"
)

// liveness knows the digests of the live secrets, as long as nothing changed.
type liveness struct {
	mutex     sync.Mutex
	key       []byte // made at the first question, dies with the session
	notSecret map[string]bool
	changes   int // counts every write that may have changed a secret

	set *livesecrets.Set
	at  int // the count that set is of
}

// changed notes that a secret may be another now.
func (l *liveness) changed(name string, notSecret bool) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.changes++
	if l.notSecret == nil {
		l.notSecret = map[string]bool{}
	}
	l.notSecret[name] = notSecret
}

func (s *supervisor) digestRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /v1/live-digests", func(w http.ResponseWriter, r *http.Request) {
		set, err := s.digests(r.Context())
		if err != nil {
			fail(w, err)
			return
		}
		answer(w, set)
	})
}

// digests makes the set of what is live now, or takes the one that still is.
func (s *supervisor) digests(ctx context.Context) (*livesecrets.Set, error) {
	s.known.mutex.Lock()
	defer s.known.mutex.Unlock()
	if s.known.set != nil && s.known.at == s.known.changes {
		return s.known.set, nil
	}
	if s.known.key == nil {
		s.known.key = make([]byte, livesecrets.KeySize)
		if _, err := rand.Read(s.known.key); err != nil {
			return nil, err
		}
	}
	at := s.known.changes
	values, err := valuesBy(ctx, s.vault.Keeper, s.vault.Keeper)
	if err != nil {
		return nil, err
	}
	for name := range s.known.notSecret {
		if s.known.notSecret[name] {
			delete(values, name)
		}
	}
	set, _, err := livesecrets.New(s.known.key, values)
	if err != nil {
		return nil, err
	}
	s.known.set, s.known.at = &set, at
	return &set, nil
}

// valuesBy reads all texts that reader may read, of the names that lister
// lists. What put has kept goes by the secret's name, another field by
// NAME#FIELD.
func valuesBy(ctx context.Context, lister, reader *vault.Client) (map[string][]byte, error) {
	names, err := lister.List(ctx)
	if err != nil {
		return nil, err
	}
	values := map[string][]byte{}
	for _, name := range names {
		fields, err := reader.Read(ctx, name)
		switch {
		case errors.Is(err, vault.ErrAbsent) || errors.Is(err, vault.ErrDenied):
			continue // deleted meanwhile, or not this reader's
		case err != nil:
			return nil, err
		}
		collectFields(values, name, fields)
	}
	return values, nil
}

func collectFields(into map[string][]byte, name string, fields map[string]any) {
	for field, content := range fields {
		switch text := content.(type) {
		case map[string]any:
			collectFields(into, name+"#"+field, text)
		case string:
			switch field {
			case textField:
				into[name] = []byte(text)
			case binaryField:
				if value, err := base64.StdEncoding.DecodeString(text); err == nil {
					into[name] = value
				}
			default:
				into[name+"#"+field] = []byte(text)
			}
		}
	}
}

// answerValues gives all values to a process of the session, for redaction:
// those that the command's own token may read.
func (s *supervisor) answerValues(w http.ResponseWriter, r *http.Request) {
	err := requireInside(peerOf(r))
	var values map[string][]byte
	if err == nil {
		values, err = valuesBy(r.Context(), s.vault.Keeper, s.vault.Command)
	}
	s.wrote(r, "redact", "", err)
	if err != nil {
		fail(w, err)
		return
	}
	answer(w, values)
}

package livesession

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/livesecrets"
)

// serve answers on a socket until the test ends.
func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "s") // short: a socket's path has 108 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "s")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: handler}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
	return socket
}

func fetch(socket string) (*livesecrets.Set, error) {
	return Fetch(context.Background(), func(string) string { return socket })
}

func TestFetch(t *testing.T) {
	value := []byte("not-a-known-shape-of-key")
	set, _, err := livesecrets.New(bytes.Repeat([]byte{1}, livesecrets.KeySize), map[string][]byte{"db": value})
	if err != nil {
		t.Fatal(err)
	}
	got, err := fetch(serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && r.URL.Path == "/v1/live-digests" {
			json.NewEncoder(w).Encode(set)
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Find(value)) != 1 || len(got.Find([]byte("something else"))) != 0 {
		t.Error("the set that arrived is another one")
	}
}

func TestNoSessionIsNoSet(t *testing.T) {
	if set, err := fetch(""); set != nil || err != nil {
		t.Errorf("%v %v", set, err)
	}
}

func TestWhatRefuses(t *testing.T) {
	old := filepath.Join(t.TempDir(), "gone")
	for name, socket := range map[string]string{
		"no socket":       old,
		"relative":        "sock",
		"not found":       serve(t, func(w http.ResponseWriter, _ *http.Request) { http.NotFound(w, nil) }),
		"redirect":        serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/x", http.StatusFound) }),
		"no JSON":         serve(t, func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("hello")) }),
		"an empty object": serve(t, func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("{}")) }),
		"hangs up":        serve(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }),
	} {
		if set, err := fetch(socket); fault.Code(err) != fault.CodeUnable || set != nil {
			t.Errorf("%s: %v %v", name, set, err)
		}
	}
}

func TestASessionThatHangsIsNotWaitedForForever(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	ctx, stop := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer stop()
	socket := serve(t, func(http.ResponseWriter, *http.Request) { <-release })
	if _, err := Fetch(ctx, func(string) string { return socket }); fault.Code(err) != fault.CodeUnable {
		t.Errorf("%v", err)
	}
}

package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/clawql/clawql-workbench/shared/drifthistory"
)

// moments stands between a run, the real API server and a webhook. It counts
// what changes the world, and can end the run right before or right after that.
type moments struct {
	*scheduleTrial
	owner      *kubernetes.Clientset
	kubeconfig string // leads through here
	lock       sync.Mutex
	seen       []string // "PUT history", "POST alert"
	told       int
	kill       int // the number of the moment; two of each event; -1 for never
	process    *os.Process
	slow       time.Duration // that the webhook takes
}

func newMoments(t *scheduleTrial) *moments {
	config := must(clientcmd.BuildConfigFromFlags("", t.scheduleSandbox.kubeconfig))
	config.QPS = -1
	m := &moments{scheduleTrial: t, owner: must(kubernetes.NewForConfig(config)), kill: -1}
	target := must(url.Parse(config.Host))
	proxy := &httputil.ReverseProxy{Transport: must(rest.TransportFor(config)), Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}
	m.kubeconfig = filepath.Join(t.TempDir(), "through")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet || !strings.Contains(r.URL.Path, "/configmaps") {
			proxy.ServeHTTP(w, r)
			return
		}
		m.event("write", func() { proxy.ServeHTTP(w, r) })
	}))
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		time.Sleep(m.slow)
		m.event("alert", func() { m.told += strings.Count(string(body), `"reason":"new"`) })
	}))
	t.Cleanup(func() { server.CloseClientConnections(); server.Close(); hook.CloseClientConnections(); hook.Close() })
	t.write(m.kubeconfig, fmt.Sprintf(`{"apiVersion":"v1","kind":"Config","clusters":[{"name":"c","cluster":{"server":%q}}],"users":[{"name":"u","user":{}}],"contexts":[{"name":%q,"context":{"cluster":"c","user":"u"}}]}`, server.URL, t.context))
	t.Setenv("CLAWQL_ALERT_PAGER", hook.URL)
	return m
}

// event does what changes the world, unless the run is to die before it. One
// that dies after it does not hear that it happened.
func (m *moments) event(what string, do func()) {
	m.lock.Lock()
	defer m.lock.Unlock()
	at := 2 * len(m.seen)
	m.seen = append(m.seen, what)
	if at == m.kill {
		m.end()
	}
	do()
	if at+1 == m.kill {
		m.end()
	}
}

// end kills the run; the handler's panic lets nothing of the answer out.
func (m *moments) end() {
	_ = m.process.Kill()
	panic(http.ErrAbortHandler)
}

// drift runs `drift run`, dies at the moment where one is set, and gives the
// exit code, -1 for killed.
func (m *moments) drift(kill int, history string) (string, int) {
	m.Helper()
	m.lock.Lock()
	m.kill, m.seen = kill, nil
	c := exec.Command(filepath.Join(m.bin, "kubectl-clawql-drift"), "run", "--kubeconfig", m.kubeconfig, "--history", history)
	var out strings.Builder
	c.Stdout, c.Stderr = &out, &out
	if err := c.Start(); err != nil {
		m.Fatal(err)
	}
	m.process = c.Process
	m.lock.Unlock()
	_ = c.Wait()
	return out.String(), c.ProcessState.ExitCode()
}

// forget begins a new history.
func (m *moments) forget() {
	err := m.owner.CoreV1().ConfigMaps("clawql-drift").Delete(context.Background(), "clawql-drift-history", metav1.DeleteOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		m.Fatal(err)
	}
	m.told = 0
}

// kept is what is stored, nil for nothing; it must be readable at any time.
func (m *moments) kept() *drifthistory.History {
	m.Helper()
	found, err := m.owner.CoreV1().ConfigMaps("clawql-drift").Get(context.Background(), "clawql-drift-history", metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		m.Fatal(err)
	}
	return must(drifthistory.Decode([]byte(found.Data["history.json"])))
}

// minutesLater lets the claim of a run that died expire.
func (m *moments) minutesLater() {
	found, err := m.owner.CoreV1().ConfigMaps("clawql-drift").Get(context.Background(), "clawql-drift-history", metav1.GetOptions{})
	if err != nil {
		return
	}
	h := must(drifthistory.Decode([]byte(found.Data["history.json"])))
	if h.Telling == nil {
		return
	}
	h.Telling.Until = h.Telling.Until.Add(-drifthistory.ClaimFor)
	found.Data["history.json"] = string(must(h.Encode(time.Now())))
	must(m.owner.CoreV1().ConfigMaps("clawql-drift").Update(context.Background(), found, metav1.UpdateOptions{}))
}

// killed ends a run with SIGKILL before and after each thing that it changes.
// The next run understands what is stored, and nobody is told never; twice only
// where the note of an alert that went out was lost with the run.
func (t *scheduleTrial) killed() {
	m := newMoments(t)
	history := t.context + "/clawql-drift"
	t.apply(looseRole)
	m.forget()
	if out, code := m.drift(-1, history); code != 1 || m.told != 1 || !slices.Equal(m.seen, []string{"write", "alert", "write", "write"}) {
		t.Fatalf("exit %d, told %d, %q\n%s", code, m.told, m.seen, out)
	}
	for kill := range 2 * 4 {
		m.forget()
		if out, code := m.drift(kill, history); code != -1 {
			t.Fatalf("moment %d: not killed: exit %d\n%s", kill, code, out)
		}
		before, left := m.told, m.kept()
		m.minutesLater()
		out, code := m.drift(-1, history)
		want := 1
		if kill == 3 || kill == 4 { // between the alert and its note
			want = 2
		}
		now := m.kept()
		if code != 1 || m.told != want || now.Open() != 1 || now.Telling != nil {
			t.Errorf("moment %d: exit %d, told %d and then %d, want %d in all; %+v\n%s", kill, code, before, m.told, want, now, out)
		}
		if left != nil && (len(left.Runs) != 1 || len(now.Runs) != 2 || !now.Entries[0].FirstSeen.Equal(left.Entries[0].FirstSeen)) {
			t.Errorf("moment %d: %+v became %+v", kill, left, now)
		}
		if out, code := m.drift(-1, history); code != 1 || m.told != want || !strings.Contains(out, "quiet") {
			t.Errorf("moment %d: told %d after two whole runs: exit %d\n%s", kill, m.told, code, out)
		}
	}
}

// atOnce lets four runs go at the same time: each is noted, one alert goes out.
func (t *scheduleTrial) atOnce() {
	m := newMoments(t)
	m.slow = 300 * time.Millisecond
	for _, history := range []string{t.context + "/clawql-drift", "file:" + filepath.Join(t.TempDir(), "history.json")} {
		m.forget()
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				c := exec.Command(filepath.Join(m.bin, "kubectl-clawql-drift"), "run", "--kubeconfig", m.kubeconfig, "--history", history)
				if out, _ := c.CombinedOutput(); c.ProcessState.ExitCode() != 1 {
					t.Errorf("exit %d\n%s", c.ProcessState.ExitCode(), out)
				}
			})
		}
		all.Wait()
		h := m.kept()
		if path, is := strings.CutPrefix(history, "file:"); is {
			h = must(drifthistory.Decode(must(os.ReadFile(path))))
			if left := must(os.ReadDir(filepath.Dir(path))); len(left) != 1 {
				t.Errorf("left behind: %v", left)
			}
		}
		if m.told != 1 || len(h.Runs) != 4 || h.Open() != 1 || h.Telling != nil {
			t.Errorf("%s: told %d, %+v", history, m.told, h)
		}
	}
	t.kubectl("-n", "clawql-staging", "delete", "role/loose", "rolebinding/loose")
}

package dataplane

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/clawql/clawql-workbench/testdata/sandbox/dataplane/count"
)

func ask(t *testing.T, url, method, path, body string, into any) int {
	t.Helper()
	req, _ := http.NewRequest(method, url+path, strings.NewReader(body))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, _ := io.ReadAll(resp.Body)
	if into != nil {
		if err := json.Unmarshal(data, into); err != nil {
			t.Fatalf("%s %s: %v in %s", method, path, err, data)
		}
	}
	return resp.StatusCode
}

func TestAdmin(t *testing.T) {
	_, stable := pod(t)
	p := startPlane(t)
	history := &History{}
	admin := httptest.NewServer((&Admin{proxy: p.proxy, history: history, started: time.Now(), ready: func() bool { return true }}).Handler())
	defer admin.Close()
	p.use(backend{"stable", 95, []string{stable}}, backend{"canary", 5, nil})
	history.Record(p.proxy.table.Load(), time.Now())
	p.use(backend{"stable", 100, []string{stable}}, backend{"canary", 0, nil})
	changed := time.Now()
	history.Record(p.proxy.table.Load(), changed)
	history.Record(p.proxy.table.Load(), changed.Add(time.Second)) // nothing new
	rawSession(t, p.URL)

	var routes struct {
		Stickiness bool
		Routes     []RouteView
		History    []Change
	}
	ask(t, admin.URL, "GET", "/routes", "", &routes)
	if len(routes.Routes) != 1 || !routes.Routes[0].Since.Equal(changed) || routes.Routes[0].Rules[0][0].Weight != 100 {
		t.Errorf("routes in force: %+v", routes.Routes)
	}
	if len(routes.History) != 2 || routes.History[0].Rules[0][1].Weight != 5 || routes.History[1].Rules[0][1].Weight != 0 {
		t.Errorf("history: %+v", routes.History)
	}
	var counters struct{ Counters []count.Row }
	ask(t, admin.URL, "GET", "/counters", "", &counters)
	served := counters.Counters[len(counters.Counters)-1]
	if served.Pod != "clawql/"+stable || served.Requests != 2 || served.SessionsOpened != 1 || served.LastRequestAt == nil || served.First5xxAt != nil {
		t.Errorf("counters: %+v", counters.Counters)
	}
	ask(t, admin.URL, "POST", "/counters/reset", "", nil)
	if row := p.row("stable"); row.Requests != 0 || row.SessionsOpened != 0 {
		t.Errorf("after reset: %+v", row)
	}
	if status := ask(t, admin.URL, "PUT", "/stickiness", `{"enabled":false}`, nil); status != 200 || p.proxy.sticky.Load() {
		t.Errorf("switch off: %d, still %v", status, p.proxy.sticky.Load())
	}
	for _, body := range []string{"", "{}", "no"} {
		if status := ask(t, admin.URL, "PUT", "/stickiness", body, nil); status != 400 {
			t.Errorf("PUT %q: %d, want 400", body, status)
		}
	}
}

func TestHistoryIsBounded(t *testing.T) {
	h := &History{}
	for i := range remembered + 10 {
		h.note(Change{Generation: int64(i)})
	}
	_, changes := h.View()
	if len(changes) != remembered || changes[0].Generation != 10 {
		t.Errorf("%d changes from %d on", len(changes), changes[0].Generation)
	}
}

func TestFlags(t *testing.T) {
	t.Setenv("KUBECONFIG", "")
	for _, args := range [][]string{{}, {"--kubeconfig", "k", "--admin", "0.0.0.0:1"}, {"--kubeconfig", "k", "--admin", "x"}, {"--kubeconfig", "k", "more"}} {
		if _, err := parse(args, io.Discard); err == nil {
			t.Errorf("%v: no error", args)
		}
	}
	o, err := parse([]string{"--kubeconfig", "k", "--no-stickiness"}, io.Discard)
	if err != nil || !o.NoStickiness || o.Class != "clawql-sandbox" {
		t.Errorf("%+v, %v", o, err)
	}
}

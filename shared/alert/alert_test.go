package alert

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/clawql/clawql-workbench/shared/drifthistory"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/finding"
	"github.com/clawql/clawql-workbench/shared/project"
)

const planted = "planted-secret-4711"

var now = time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC)

var quick = Sender{Timeout: 300 * time.Millisecond, Pauses: []time.Duration{time.Millisecond, time.Millisecond}}

// server answers with the codes in turn, the last one for ever.
type server struct {
	*httptest.Server
	lock   sync.Mutex
	bodies []string
	paths  []string
}

func serve(t *testing.T, codes ...int) *server {
	s := &server{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.lock.Lock()
		s.bodies, s.paths = append(s.bodies, string(body)), append(s.paths, r.Method+" "+r.URL.Path)
		code := codes[min(len(s.bodies), len(codes))-1]
		s.lock.Unlock()
		if code == 302 {
			w.Header().Set("Location", "/elsewhere/"+planted)
		}
		w.WriteHeader(code)
		fmt.Fprint(w, "you sent ", planted)
	}))
	t.Cleanup(s.Close)
	return s
}

func routeTo(kind, url string) Route {
	return Routes([]project.Alert{{Name: "r", Type: kind, Severities: []string{"critical", "high"}, URLFrom: project.URLFrom{Env: "URL"}}}, func(string) string { return url })[0]
}

func message() Message {
	h := drifthistory.New("staging", "production", now)
	h.Update(drifthistory.Run{Time: now, Status: finding.Drift, Findings: []finding.Finding{{
		ID: "abc", Control: "RBAC", Severity: finding.High, Direction: finding.MorePermissive,
		Object: finding.Object{Kind: "ServiceAccount", Namespace: "clawql", Name: "<!channel> *gateway*\n"}, Explanation: "can create pods/exec",
	}}})
	return Message{From: "staging", To: "production", Time: now, Notices: h.Notices("r", []finding.Severity{finding.High}, now, 0), Open: h.Entries}
}

func TestWebhookAndSlack(t *testing.T) {
	for _, kind := range []string{project.AlertWebhook, project.AlertSlack} {
		s := serve(t, 200)
		if err := quick.Send(context.Background(), routeTo(kind, s.URL+"/hook/"+planted), message()); err != nil {
			t.Fatal(err)
		}
		if len(s.bodies) != 1 || s.paths[0] != "POST /hook/"+planted {
			t.Fatalf("%q", s.paths)
		}
		var body map[string]any
		if err := json.Unmarshal([]byte(s.bodies[0]), &body); err != nil {
			t.Fatal(err)
		}
		if kind == project.AlertWebhook && (body["kind"] != "DriftAlert" || !strings.Contains(s.bodies[0], `"reason":"new"`) || strings.Contains(s.bodies[0], "told")) {
			t.Errorf("%s", s.bodies[0])
		}
		if text, _ := body["text"].(string); kind == project.AlertSlack && (!strings.Contains(text, "new: high more permissive RBAC") || strings.ContainsAny(text, "<>") || strings.Count(text, "\n") != 2) {
			t.Errorf("%q", text)
		}
		quiet := message()
		quiet.Notices = nil
		if err := quick.Send(context.Background(), routeTo(kind, s.URL), quiet); err != nil || len(s.bodies) != 1 {
			t.Errorf("no news made %d requests, %v", len(s.bodies), err)
		}
	}
}

func TestRetries(t *testing.T) {
	for _, c := range []struct {
		codes    []int
		requests int
		fails    string
	}{
		{[]int{200}, 1, ""}, {[]int{204}, 1, ""}, {[]int{503, 429, 200}, 3, ""}, {[]int{500}, 3, "answered 500"},
		{[]int{404, 200}, 1, "answered 404"}, {[]int{302, 200}, 1, "answered 302"},
	} {
		s := serve(t, c.codes...)
		err := quick.Send(context.Background(), routeTo(project.AlertSlack, s.URL+"/"+planted), message())
		if len(s.bodies) != c.requests || (err == nil) != (c.fails == "") || err != nil && !strings.Contains(err.Error(), c.fails) {
			t.Errorf("%v: %d requests, %v", c.codes, len(s.bodies), err)
		}
	}
}

// Every way to fail, and none shows the URL, its host or what the server said.
func TestURLsAreInNoError(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	tls := httptest.NewUnstartedServer(http.NotFoundHandler())
	tls.Config.ErrorLog = log.New(io.Discard, "", 0)
	tls.StartTLS()
	defer tls.Close()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for name, url := range map[string]string{
		"status": serve(t, 403).URL, "redirect": serve(t, 302).URL, "silent": "http://" + silent.Addr().String(), "certificate": tls.URL, "gone": gone.URL,
		"plain http": "http://hooks.example.com", "no URL": "hooks " + planted, "not a URL": "https://%zz", "name": "https://planted-secret-4711.invalid", "user": "https://me:" + planted + "@hooks.example.invalid",
	} {
		if !strings.Contains(url, planted) {
			url += "/services/" + planted
		}
		route := routeTo(project.AlertWebhook, url)
		err := quick.Send(context.Background(), route, message())
		if err == nil || fault.Code(err) != fault.CodeUnable {
			t.Errorf("%s: %v", name, err)
			continue
		}
		asJSON, _ := json.Marshal(struct{ R any }{route.url})
		all := fmt.Sprintf("%v %+v %#v %s %v %+v %#v %s %v", err, err, err, asJSON, route, route, route, route.url, fault.Hints(err))
		for _, bad := range []string{planted, "hooks.example", "127.0.0.1", "services"} {
			if strings.Contains(all, bad) {
				t.Errorf("%s: %q is in %s", name, bad, all)
			}
		}
	}
}

func TestRoutesReadTheirURLs(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	s := serve(t, 200)
	for _, c := range []struct {
		path, fails string
	}{
		{file("good", s.URL+"\n"), ""}, {filepath.Join(dir, "none"), "no such file"}, {file("empty", " \n"), "is empty"},
		{file("long", strings.Repeat("x", 5000)), "more than 4096 bytes"}, {file("two", s.URL+"\n"+s.URL), "is none"},
	} {
		r := Routes([]project.Alert{{Name: "r", Type: project.AlertWebhook, URLFrom: project.URLFrom{File: c.path}}}, nil)[0]
		err := quick.Send(context.Background(), r, message())
		if (err == nil) != (c.fails == "") || err != nil && !strings.Contains(err.Error(), c.fails) {
			t.Errorf("%s: %v", c.path, err)
		}
	}
	if err := quick.Send(context.Background(), routeTo(project.AlertSlack, ""), message()); err == nil || !strings.Contains(err.Error(), "the variable URL is empty") {
		t.Errorf("%v", err)
	}
	for _, near := range []string{"http://alertmanager.monitoring.svc:9093", "http://[::1]:1", "http://am.x.svc.cluster.local"} {
		if _, err := parse(near); err != nil {
			t.Errorf("%s: %v", near, err)
		}
	}
}

func TestAlertmanagerBody(t *testing.T) {
	m := message()
	m.Open[0].Told = map[string]drifthistory.Told{"r": {Severity: finding.Warning}}
	gone := m.Open[0]
	gone.ID, gone.Told = "gone", map[string]drifthistory.Told{"r": {Severity: finding.Critical}}
	m.Notices = append(m.Notices, drifthistory.Notice{Reason: drifthistory.IsResolved, Entry: gone})
	s := serve(t, 200)
	if err := quick.Send(context.Background(), routeTo(project.AlertAlertmanager, s.URL+"/prefix/"), m); err != nil {
		t.Fatal(err)
	}
	if s.paths[0] != "POST /prefix/api/v2/alerts" {
		t.Errorf("%q", s.paths)
	}
	var list []amAlert
	if err := json.Unmarshal([]byte(s.bodies[0]), &list); err != nil || len(list) != 3 {
		t.Fatalf("%v %s", err, s.bodies[0])
	}
	for i, want := range []struct {
		id, severity string
		fires        bool
	}{{"abc", "high", true}, {"abc", "warning", false}, {"gone", "critical", false}} {
		if l := list[i].Labels; l["finding"] != want.id || l["severity"] != want.severity || list[i].EndsAt.After(now) != want.fires {
			t.Errorf("%d: %+v", i, list[i])
		}
	}
	if list[0].EndsAt.Sub(now) <= drifthistory.Overdue {
		t.Error("silence would resolve the alert before the dead man's alert comes")
	}
}

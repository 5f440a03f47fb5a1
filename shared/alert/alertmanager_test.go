package alert

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/clawql/clawql-workbench/shared/drifthistory"
	"github.com/clawql/clawql-workbench/shared/finding"
	"github.com/clawql/clawql-workbench/shared/project"
)

// alertmanager starts the real one that CLAWQL_ALERTMANAGER names, and gives
// its URL.
func alertmanager(t *testing.T) string {
	t.Helper()
	binary := os.Getenv("CLAWQL_ALERTMANAGER")
	if binary == "" {
		if strings.Contains(os.Getenv("CLAWQL_REQUIRE"), "alertmanager") {
			t.Fatal("CLAWQL_REQUIRE asks for Alertmanager, but CLAWQL_ALERTMANAGER names none")
		}
		t.Skip("needs Alertmanager: make test-drift-alerts")
	}
	dir := t.TempDir()
	config := filepath.Join(dir, "config.yml")
	if err := os.WriteFile(config, []byte("route: {receiver: none}\nreceivers: [{name: none}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	free.Close()
	var said strings.Builder
	server := exec.Command(binary, "--config.file", config, "--storage.path", dir, "--web.listen-address", address, "--cluster.listen-address=")
	server.Stdout, server.Stderr = &said, &said
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Process.Kill(); _ = server.Wait() })
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if answer, err := http.Get("http://" + address + "/-/ready"); err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return "http://" + address
			}
		}
		if time.Now().After(end) {
			t.Fatal("Alertmanager does not become ready")
		}
	}
}

// firing asks Alertmanager for its active alerts: severity by finding.
func firing(t *testing.T, url string) map[string]string {
	t.Helper()
	answer, err := http.Get(url + "/api/v2/alerts?active=true")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var list []struct{ Labels map[string]string }
	if err := json.NewDecoder(answer.Body).Decode(&list); err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, a := range list {
		all[a.Labels["finding"]] += a.Labels["severity"]
	}
	return all
}

// A life of two findings, as the real Alertmanager sees it: new, worsened
// (fires under one severity only), resolved.
func TestARealAlertmanager(t *testing.T) {
	url := alertmanager(t)
	at := time.Now().UTC().Add(-time.Hour)
	severities := []finding.Severity{finding.Critical, finding.High}
	route := routeTo(project.AlertAlertmanager, url)
	h := drifthistory.New("staging", "production", at)
	step := func(name string, want map[string]string, list ...finding.Finding) {
		t.Helper()
		at = at.Add(time.Minute)
		h.Update(drifthistory.Run{Time: at, Status: finding.Drift, Findings: list})
		m := Message{From: "staging", To: "production", Time: at, Notices: h.Notices("r", severities, at, 0), Open: h.Shown(severities)}
		if err := quick.Send(context.Background(), route, m); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		h.Tell("r", m.Notices, at)
		got := firing(t, url)
		if len(got) != len(want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
		for id, severity := range want {
			if got[id] != severity {
				t.Errorf("%s: %s fires as %q, want %q", name, id, got[id], severity)
			}
		}
	}
	a, b := one("a", finding.High), one("b", finding.Critical)
	step("new", map[string]string{"a": "high", "b": "critical"}, a, b)
	step("again", map[string]string{"a": "high", "b": "critical"}, a, b)
	step("worsened", map[string]string{"a": "critical", "b": "critical"}, one("a", finding.Critical), b)
	step("milder", map[string]string{"a": "critical", "b": "high"}, one("a", finding.Critical), one("b", finding.High))
	step("b is gone", map[string]string{"a": "critical"}, one("a", finding.Critical))
	step("all gone", map[string]string{})
}

func one(id string, s finding.Severity) finding.Finding {
	return finding.Finding{ID: id, Control: "RBAC", Severity: s, Direction: finding.MorePermissive, Object: finding.Object{Kind: "ServiceAccount", Name: id}, Explanation: "why"}
}

package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clawql/clawql-workbench/shared/cmdline"
	"github.com/clawql/clawql-workbench/shared/console"
)

const wholeDeny = `apiVersion: v1
kind: Namespace
metadata: {name: clawql}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny, namespace: clawql}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
`

// A life of one finding through the whole command, with a real server: told
// once, told again where that had failed, and told of its end; one route that
// is broken stops nothing.
func TestRunTellsOnceAndOfTheEnd(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	write := func(name, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var told []string
	code := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		told = append(told, string(body))
		w.WriteHeader(code)
	}))
	defer server.Close()
	write("url", server.URL+"/planted-secret\n")
	write("clawql.yaml", `apiVersion: clawql.io/v1alpha1
kind: Project
environments: {staging: {context: a, namespace: clawql, overlay: o}}
drift:
  alerts:
  - {name: broken, type: slack, severities: [critical], urlFrom: {env: NOBODY_SETS_THIS}}
  - {name: chat, type: webhook, severities: [critical], urlFrom: {file: `+filepath.Join(dir, "url")+`}}
`)
	write("to/all.yaml", wholeDeny)
	write("from/all.yaml", strings.Replace(wholeDeny, "Ingress, Egress", "Ingress", 1))
	step := func(name string, exit, requests int, want string) {
		t.Helper()
		told = nil
		var out, diagnostics bytes.Buffer
		got := cmdline.Run(app(), []string{"kubectl-clawql-drift", "run", "--from", "dir:from", "--to", "dir:to", "--history", "file:h.json"},
			console.Streams{In: strings.NewReader(""), Out: &out, Err: &diagnostics})
		if got != exit || len(told) != requests || requests > 0 && !strings.Contains(told[0], want) {
			t.Errorf("%s: exit %d, told %q\n%s%s", name, got, told, &out, &diagnostics)
		}
		kept, err := os.ReadFile("h.json")
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{out.String(), diagnostics.String(), string(kept)} {
			if strings.Contains(text, "planted") || strings.Contains(text, server.URL) {
				t.Errorf("%s: the URL is in %s", name, text)
			}
		}
	}
	code = http.StatusForbidden
	step("the chat refuses", 3, 1, `"reason":"new"`)
	code = http.StatusOK
	step("told by the next run", 3, 1, `"reason":"new"`)
	step("nothing new", 3, 0, "")
	write("from/all.yaml", wholeDeny)
	step("ended; the broken route was never told", 0, 1, `"reason":"resolved"`)
	step("quiet", 0, 0, "")
}

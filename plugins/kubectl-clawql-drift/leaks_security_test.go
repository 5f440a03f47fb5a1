package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/clawql/clawql-workbench/shared/cmdline"
	"github.com/clawql/clawql-workbench/shared/console"
)

// write puts a file below the current folder.
func put(t testing.TB, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// said is one run of the command in this process.
type said struct {
	code     int
	out, err string
}

func (s said) all() string { return s.out + s.err }

func command(args ...string) said {
	var out, diagnostics bytes.Buffer
	code := cmdline.Run(app(), append([]string{"kubectl-clawql-drift"}, args...), console.Streams{In: strings.NewReader(""), Out: &out, Err: &diagnostics})
	return said{code, out.String(), diagnostics.String()}
}

var formats = []string{"table", "json", "yaml", "markdown", "sarif", "junit", "html"}

// leakySides writes three folders: production; staging with other values and
// more rights; twin with production's values.
func leakySides(t *testing.T, c *canaries) {
	t.Helper()
	t.Chdir(t.TempDir())
	strict := strings.NewReplacer("@MODE", "protection", "@LEVEL", "info", "@TYPES", "[Ingress, Egress]", "@VERBS", "[get]")
	loose := strings.NewReplacer("@MODE", "learning", "@LEVEL", "debug", "@TYPES", "[Ingress]", "@VERBS", `["*"]`)
	put(t, "production/all.yaml", c.plant(strict.Replace(leaky), "production"))
	put(t, "twin/all.yaml", c.plant(strict.Replace(leaky), "production"))
	put(t, "staging/all.yaml", c.plant(loose.Replace(leaky), "staging"))
	for _, side := range []string{"production", "twin", "staging"} {
		put(t, side+"/clawql-eso-read.hcl", `path "secret/data/clawql/*" { capabilities = ["read"] }`)
	}
	put(t, "key", strings.Repeat("0123456789abcdef", 4))
}

// No value is in any format of a comparison, whether the sides have the same
// ones or others, nor in what `fix` and `history` print.
func TestNoValueInAnyOutput(t *testing.T) {
	c := newCanaries()
	leakySides(t, c)
	if n := len(c.values); n < 100 {
		t.Fatalf("only %d values are planted", n)
	}
	for _, format := range formats {
		got := command("--from", "dir:staging", "--to", "dir:production", "-o", format)
		if got.code != 1 || !strings.Contains(got.out, "S3") || !strings.Contains(got.out, "default-deny") {
			t.Errorf("%s does not see the difference: exit %d\n%s", format, got.code, got.all())
		}
		c.none(t, format, got.all())
		got = command("--from", "dir:twin", "--to", "dir:production", "-o", format)
		if got.code != 0 {
			t.Errorf("%s of equal sides: exit %d\n%s", format, got.code, got.all())
		}
		c.none(t, format+" of equal sides", got.all())
	}
	put(t, "empty/ns.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: clawql}\n")
	for _, sides := range [][2]string{{"staging", "production"}, {"production", "staging"}, {"empty", "production"}, {"production", "empty"}} {
		for _, format := range []string{"table", "json", "yaml"} {
			c.none(t, "fix "+sides[0]+" as "+format, command("fix", "--from", "dir:"+sides[0], "--to", "dir:"+sides[1], "-o", format).all())
			c.none(t, sides[0]+" as "+format, command("--from", "dir:"+sides[0], "--to", "dir:"+sides[1], "-o", format).all())
		}
	}
	if got := command("fix", "--from", "dir:empty", "--to", "dir:production"); !strings.Contains(got.out, "name: default-deny") || strings.Contains(got.out, "redacted") {
		t.Errorf("the fix writes what stands for a value, or not the policy:\n%s", got.all())
	}
}

// A snapshot has no value either, packed and unpacked, with a key and without.
// What a ConfigMap holds under a harmless name is in it, as the help says.
func TestNoValueInASnapshot(t *testing.T) {
	c := newCanaries()
	leakySides(t, c)
	for _, side := range []string{"staging", "production"} {
		for _, key := range [][]string{nil, {"--key", "key"}} {
			got := command(append([]string{"snapshot", "dir:" + side, "-o", side + ".snap", "--unsigned"}, key...)...)
			if got.code != 0 {
				t.Fatalf("%+v", got)
			}
			c.none(t, "what snapshot says", got.all())
			packed, err := os.ReadFile(side + ".snap")
			if err != nil {
				t.Fatal(err)
			}
			c.none(t, "the packed snapshot", string(packed))
			unpacker, err := gzip.NewReader(bytes.NewReader(packed))
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(unpacker)
			if err != nil {
				t.Fatal(err)
			}
			c.none(t, "the snapshot", string(text), "open ")
			if !strings.Contains(string(text), "DB_PASSWORD") {
				t.Error("the snapshot lacks a variable")
			}
		}
	}
	for _, format := range formats {
		got := command("--from", "file:staging.snap", "--to", "dir:production", "--key", "key", "--unsigned", "-o", format)
		if got.code != 1 {
			t.Errorf("%s of a snapshot: %+v", format, got)
		}
		c.none(t, format+" of a snapshot", got.all())
	}
}

// What somebody exported of a Vault by hand, with what Vault would never give
// out: nothing of it is in a report or a snapshot.
func TestNoValueOfAVault(t *testing.T) {
	c := newCanaries()
	leakySides(t, c)
	put(t, "staging/vault.yaml", c.plant(strings.ReplaceAll(leakyVault, "POLICY", "root"), "staging"))
	put(t, "production/vault.yaml", c.plant(strings.ReplaceAll(leakyVault, "POLICY", "clawql-eso-read"), "production"))
	for _, format := range formats {
		got := command("--from", "dir:staging", "--to", "dir:production", "-o", format)
		if got.code == 0 || !strings.Contains(got.out, "VaultAuth") {
			t.Errorf("%s: exit %d\n%.2000s", format, got.code, got.all())
		}
		c.none(t, format, got.all())
	}
	for _, key := range [][]string{nil, {"--key", "key"}} {
		got := command(append([]string{"snapshot", "dir:staging", "-o", "v.snap", "--unsigned"}, key...)...)
		content, err := os.ReadFile("v.snap")
		if err != nil {
			t.Fatalf("%v %+v", err, got)
		}
		c.none(t, "what snapshot says", got.all())
		c.none(t, "the snapshot", unpacked(t, content), "open ")
	}
}

// What no key joins is not compared: two sides whose variables alone could
// differ are not equal.
func TestUnkeyedCredentialsAreNotEqual(t *testing.T) {
	t.Chdir(t.TempDir())
	const pod = "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: a}\nspec: {containers: [{name: c, image: i, env: [{name: API_TOKEN, value: VALUE}]}]}\n"
	put(t, "one/all.yaml", strings.Replace(pod, "VALUE", "first-value", 1))
	put(t, "two/all.yaml", strings.Replace(pod, "VALUE", "other-value", 1))
	if got := command("snapshot", "dir:one", "-o", "one.snap", "--unsigned"); got.code != 0 {
		t.Fatalf("%+v", got)
	}
	got := command("--from", "file:one.snap", "--to", "dir:two", "--unsigned")
	if got.code != 3 || !strings.Contains(strings.Join(strings.Fields(got.out), " "), "1 value that may be credentials: file:one.snap was taken without a key") {
		t.Errorf("%+v", got)
	}
	if got := command("--from", "dir:one", "--to", "dir:two"); got.code != 1 || !strings.Contains(got.out, "Environment") {
		t.Errorf("%+v", got)
	}
}

// Neither the history, nor the webhooks, nor what `run` says holds a value.
func TestNoValueInHistoryAndAlerts(t *testing.T) {
	c := newCanaries()
	leakySides(t, c)
	var lock sync.Mutex
	var told []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		lock.Lock()
		defer lock.Unlock()
		told = append(told, r.URL.String()+string(body))
	}))
	defer server.Close()
	url := server.URL + "/" + c.value("webhook url", "both")
	file := filepath.Join(t.TempDir(), "url")
	put(t, file, url)
	t.Setenv("HOOK_URL", url)
	put(t, "clawql.yaml", `apiVersion: clawql.io/v1alpha1
kind: Project
environments: {staging: {context: a, namespace: clawql, overlay: o}}
drift:
  alerts:
  - {name: slack, type: slack, severities: [critical, high, warning, info], urlFrom: {env: HOOK_URL}}
  - {name: hook, type: webhook, severities: [critical, high, warning, info], urlFrom: {file: `+file+`}}
  - {name: pager, type: alertmanager, severities: [critical, high, warning, info], urlFrom: {env: HOOK_URL}}
`)
	run := []string{"run", "--from", "dir:staging", "--to", "dir:production", "--history", "file:h.json"}
	for _, format := range []string{"table", "json", "yaml"} {
		c.none(t, "run as "+format, command(append(run, "-o", format)...).all())
		c.none(t, "history as "+format, command("history", "--from", "dir:staging", "--to", "dir:production", "--history", "file:h.json", "-o", format).all())
	}
	kept, err := os.ReadFile("h.json")
	if err != nil || !strings.Contains(string(kept), "default-deny") {
		t.Fatalf("%v %s", err, kept)
	}
	c.none(t, "the history", string(kept))
	if len(told) < 3 {
		t.Fatalf("%d alerts", len(told))
	}
	for _, one := range told {
		c.none(t, "an alert", one, "webhook url")
	}
}

package rbac

import (
	"bufio"
	"encoding/json"
	"io"
	"math/rand"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/clawql/clawql-workbench/shared/finding"
)

// authorizer is Kubernetes' own RBAC authorizer, in a program that
// `make test-drift-oracle` builds.
type authorizer struct {
	in  io.Writer
	out *bufio.Reader
}

func startAuthorizer(t *testing.T) *authorizer {
	t.Helper()
	program := os.Getenv("CLAWQL_ORACLE_RBAC")
	if program == "" {
		if cases(0, 1) == 1 {
			t.Fatal("CLAWQL_REQUIRE asks for the oracle, but CLAWQL_ORACLE_RBAC names no program")
		}
		t.Skip("CLAWQL_ORACLE_RBAC names no program: make test-drift-oracle builds it")
	}
	command := exec.CommandContext(t.Context(), program)
	command.Stderr = os.Stderr
	in, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = command.Wait()
	})
	return &authorizer{in, bufio.NewReader(out)}
}

func (a *authorizer) ask(t *testing.T, side Side, requests []Request) []bool {
	t.Helper()
	line, err := json.Marshal(struct {
		Side
		Ask []Request
	}{side, requests})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.in.Write(append(line, '\n')); err != nil {
		t.Fatal(err)
	}
	text, err := a.out.ReadBytes('\n')
	var allowed []bool
	if err == nil {
		err = json.Unmarshal(text, &allowed)
	}
	if err != nil || len(allowed) != len(requests) {
		t.Fatalf("the authorizer said %q: %v", text, err)
	}
	return allowed
}

// TestAgainstTheAuthorizer: Evaluate says what the authorizer says, and so does
// every witness: allowed by the one side, denied by the other.
func TestAgainstTheAuthorizer(t *testing.T) {
	judge := startAuthorizer(t)
	universe := smallUniverse()
	yes, no, witnesses := 0, 0, 0
	for seed := range int64(cases(500, 10_000)) {
		d := dice{rand.New(rand.NewSource(seed))}
		a, b := pair(seed)
		var requests []Request
		for _, p := range principals([2]Side{a, b}) {
			for range 25 {
				r := universe[d.Intn(len(universe))]
				r.User, r.Groups = p.user, p.groups
				requests = append(requests, r)
			}
		}
		findings := mustCompare(t, seed, a, b)
		for _, f := range findings {
			requests = append(requests, requestOf(f.Witness))
		}
		for s, side := range []Side{a, b} {
			for i, allowed := range judge.ask(t, side, requests) {
				answer, err := Evaluate(side, requests[i])
				if err != nil || answer.Allowed != allowed {
					t.Fatalf("seed %d: %+v: Evaluate says %+v (%v), the authorizer %v", seed, requests[i], answer, err, allowed)
				}
				if allowed {
					yes++
				} else {
					no++
				}
				if w := i - (len(requests) - len(findings)); w >= 0 {
					witnesses++
					if allowed != (s == 0) == (findings[w].Direction == finding.MorePermissive) {
						t.Fatalf("seed %d side %d: %s: %s is %v", seed, s, findings[w].Direction, findings[w].Witness.Text, allowed)
					}
				}
			}
		}
	}
	t.Logf("%d requests allowed, %d denied, %d of them witnesses", yes, no, witnesses)
	if yes == 0 || no == 0 || witnesses == 0 {
		t.Error("the generator draws nothing of worth")
	}
}

// requestOf reads a witness as a program would.
func requestOf(w *finding.Witness) Request {
	d := w.Details
	r := Request{User: d["user"], Verb: d["verb"], Path: d["path"], Group: d["group"], Resource: d["resource"], Subresource: d["subresource"], Namespace: d["namespace"], Name: d["name"]}
	if d["groups"] != "" {
		r.Groups = strings.Split(d["groups"], ",")
	}
	return r
}

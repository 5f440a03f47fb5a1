package vaultauth

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/clawql/clawql-workbench/shared/drift/vaultacl"
	"github.com/clawql/clawql-workbench/shared/finding"
)

// readWitness reads a witness as a program would: from its details.
func readWitness(t *testing.T, w *finding.Witness) (Login, Ask) {
	t.Helper()
	d := w.Details
	l := Login{Mount: d["mount"], Type: d["type"], Role: d["role"], Address: addressOf(t, d["address"])}
	l.Account = Account{d["serviceAccount"], d["namespace"], map[string]string{}}
	for _, pair := range split(d["namespaceLabels"]) {
		name, value, _ := strings.Cut(pair, "=")
		l.Account.Labels[name] = value
	}
	l.JWT = JWT{Flow: d["flow"], Key: d["key"], Algorithm: d["algorithm"], Issuer: d["issuer"], Subject: d["subject"], Audiences: split(d["audiences"])}
	l.JWT.Times = Times{seconds(t, d["issued"]), seconds(t, d["notBefore"]), seconds(t, d["expires"])}
	if text := d["claims"]; text != "" {
		decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
		decoder.UseNumber()
		if err := decoder.Decode(&l.JWT.Claims); err != nil {
			t.Fatal(err)
		}
	}
	l.SecretID = SecretID{Given: d["secretID"] == "true", Use: 1, Age: span(t, d["secretIDAge"])}
	if n := seconds(t, d["secretIDUse"]); n != nil {
		l.SecretID.Use = *n
	}
	l.Creation = Creation{split(d["parentPolicies"]), d["tokenType"], split(d["policies"]), d["entityAlias"]}
	for name, value := range d {
		if part, is := strings.CutPrefix(name, "certificate "); is {
			if l.Certificate == nil {
				l.Certificate = map[string]string{}
			}
			l.Certificate[part] = value
		}
	}
	return l, readAsk(t, w)
}

func readAsk(t *testing.T, w *finding.Witness) Ask {
	t.Helper()
	d := w.Details
	q := Ask{After: span(t, d["after"]), Renewed: d["renewed"] == "true", From: addressOf(t, d["usedFrom"]), Orphaned: d["orphaned"] == "true"}
	if n := seconds(t, d["use"]); n != nil {
		q.Use = *n
	}
	if d["capability"] != "" {
		r, err := vaultacl.RequestOf(*w)
		if err != nil {
			t.Fatal(err)
		}
		q.Request = &r
	}
	return q
}

func split(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

func addressOf(t *testing.T, text string) netip.Addr {
	t.Helper()
	if text == "" {
		return netip.Addr{}
	}
	address, err := netip.ParseAddr(text)
	if err != nil {
		t.Fatal(err)
	}
	return address
}

func seconds(t *testing.T, text string) *int64 {
	t.Helper()
	if text == "" {
		return nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return &n
}

func span(t *testing.T, text string) time.Duration {
	t.Helper()
	if text == "" {
		return 0
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestWitnessesCanBeReadAgain: the details of a witness are all of it.
func TestWitnessesCanBeReadAgain(t *testing.T) {
	read := 0
	for seed := range int64(cases(100, 2000)) {
		d := dice{rnd(seed)}
		a, b := d.pair(drawnKinds[seed%int64(len(drawnKinds))])
		for _, f := range mustCompare(t, a.side(), b.side(), Options{}).Findings {
			if f.Witness == nil {
				continue
			}
			l, q := readWitness(t, f.Witness)
			if got := witness(l, q); got.Text != f.Witness.Text {
				t.Fatalf("seed %d: %q read again is %q", seed, f.Witness.Text, got.Text)
			}
			x, y := mustEvaluate(t, a, l, q), mustEvaluate(t, b, l, q)
			if (f.Direction == finding.MorePermissive) != x || x == y {
				t.Fatalf("seed %d: %s: %v and %v", seed, f.Witness.Text, x, y)
			}
			read++
		}
	}
	if read == 0 {
		t.Error("nothing was read")
	}
}

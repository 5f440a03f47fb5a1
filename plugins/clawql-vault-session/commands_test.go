//go:build linux

package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/clawql/clawql-workbench/shared/livesecrets"
)

const value = "cqk_8f3a5b1c9d2e4f60_Zk3mQ9xT1vB7nL5pR8sW2yC4dF6gH0jK"

const keep = `printf %s "$VALUE" | clawql-vault-session put `

// in is a session whose script finds the value in the variable VALUE, which it
// reads from stdin.
func in(script string) string { return "IFS= read -r VALUE\n" + script }

func TestPutGetListDelete(t *testing.T) {
	w := aWorld(t)
	got := w.session(t, value+"\n", in(keep+`db/KEY && clawql-vault-session get db/KEY && echo &&
		echo second | clawql-vault-session put B && clawql-vault-session list &&
		vault kv get -field=value secret/db/KEY && echo && vault kv get -field=value secret/B && echo &&
		clawql-vault-session delete B && clawql-vault-session list && ! clawql-vault-session get B`))
	got.want(t, 0, value+"\nB\ndb/KEY\n"+value+"\nsecond\ndb/KEY\n")
	if !strings.Contains(got.err, "reading B: not there") {
		t.Errorf("%s", got.err)
	}
}

func TestValuesOfAnyBytes(t *testing.T) {
	w := aWorld(t)
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	cases := map[string]string{
		"every byte": string(all), "zero bytes": "\x00\x00", "no line break": "x", "two lines": "a\nb\n",
		"a megabyte": strings.Repeat("0123456789abcdef", 1<<16), "a binary megabyte": strings.Repeat(string(all), 4096), "utf-8": "schön 密码",
	}
	for name, value := range cases {
		w.session(t, value, `clawql-vault-session put X && clawql-vault-session get X`).want(t, 0, value)
		encoded := w.session(t, value, `clawql-vault-session put X && clawql-vault-session get X -o json`)
		var object secretObject
		if err := json.Unmarshal([]byte(encoded.out), &object); err != nil || object.Bytes != len(value) {
			t.Fatalf("%s: %v, %d bytes", name, err, object.Bytes)
		}
		back := []byte{}
		if object.Base64 != nil {
			back, _ = base64.StdEncoding.DecodeString(*object.Base64)
		} else {
			back = []byte(*object.Value)
		}
		if string(back) != value {
			t.Errorf("%s: came back as %d other bytes", name, len(back))
		}
	}
	w.session(t, "line\n", `clawql-vault-session put X && clawql-vault-session get X`).want(t, 0, "line")
	w.session(t, "line\n", `clawql-vault-session put --exact X && clawql-vault-session get X`).want(t, 0, "line\n")
	w.session(t, "", `clawql-vault-session put --allow-empty X && clawql-vault-session get X`).want(t, 0, "")
}

func TestRun(t *testing.T) {
	w := aWorld(t)
	w.session(t, value+"\n", in(keep+`db/KEY; clawql-vault-session run db/KEY=VAR -- sh -c 'echo "$VAR"; exit 7'`)).want(t, 7, value+"\n")
	w.session(t, value+"\n", in(keep+`db/KEY; clawql-vault-session run db/KEY -- sh -c 'echo "$KEY"; kill -TERM $$'`)).want(t, 128+15, value+"\n")
	// the flags of the command are its own, and the variable is in no other environment
	w.session(t, value+"\n", in(keep+`K; clawql-vault-session run K -- printf '%s|' --redact -o; env | grep -c ^K= ; grep -c cqk_ /proc/self/environ`)).
		want(t, 1, "--redact|-o|0\n0\n")
	// what stood in the variable before is gone, not there twice
	w.session(t, value+"\n", in(keep+`K; K=old clawql-vault-session run K -- sh -c 'tr "\0" "\n" < /proc/$$/environ | grep ^K='`)).want(t, 0, "K="+value+"\n")
}

func TestRunAsFile(t *testing.T) {
	w := aWorld(t)
	got := w.session(t, value+"\n", in(keep+`K; head -c 300000 /dev/zero | clawql-vault-session put ZERO
		clawql-vault-session run --as-file K ZERO -- sh -c '
			echo "$K $ZERO"; cat "$K"; echo; cat "$K"; echo; wc -c < "$ZERO"
			(echo more >> "$K") 2>/dev/null || echo sealed; (: > "$K") 2>/dev/null || echo sealed
			grep -c cqk_ /proc/$$/environ'`))
	got.want(t, 1, "/proc/self/fd/3 /proc/self/fd/4\n"+value+"\n"+value+"\n300000\nsealed\nsealed\n0\n")
}

func TestRedact(t *testing.T) {
	w := aWorld(t)
	got := w.session(t, value+"\n", in(keep+`K; printf other-secret-5 | clawql-vault-session put OTHER; printf 123 | clawql-vault-session put PIN
		clawql-vault-session run --redact K -- sh -c '
			echo "a $K b"; printf %s "$K" | base64 -w0; echo; printf %s "$K" | od -An -tx1 | tr -d " \n"; echo
			echo other-secret-5; printf "me:%s" "$K" | base64 -w 20; echo plain text; echo "err $K" >&2
			for part in $(printf %s "$K" | sed "s/./& /g"); do printf %s "$part"; done; echo
			dd if=/dev/zero bs=100000 count=3 2>/dev/null; exit 3' | tr -d '\0'; exit 3`))
	got.want(t, 3, "a [redacted] b\n[redacted]s=\n[redacted]\n[redacted]\nbWU6[redacted]s=\nplain text\n[redacted]\n")
	if !strings.Contains(got.err, "err [redacted]\n") || strings.Contains(got.err, value) || !strings.Contains(got.err, "PIN is shorter than 4 bytes") {
		t.Errorf("stderr: %s", got.err)
	}
	w.session(t, value+"\n", in(keep+`K; clawql-vault-session run --redact K -- sh -c 'exit 9'`)).want(t, 9, "")
	w.session(t, value+"\n", in(keep+`K; clawql-vault-session run --redact K -- sh -c 'kill -9 $$'`)).want(t, 128+9, "")
	w.session(t, value+"\n", in(keep+`K; clawql-vault-session run --redact K -- yes "$VALUE" | head -n 1`)).want(t, 0, "[redacted]\n")
}

const env = "# a file\nexport A=\"first \\\"value\\\"\"\r\nB='multi\nline'   # with a comment\nEMPTY=\nC=third=3\n"

func TestImport(t *testing.T) {
	w := aWorld(t)
	script := `printf %s "$FILE" > .env; chmod 600 .env
		clawql-vault-session import --prefix app/ --not-secret C --shred .env || exit
		clawql-vault-session list; for n in A B C; do clawql-vault-session get app/$n; echo; done; ls -A`
	got := w.runWith(t, []string{"FILE=" + env}, w.project(t), "", "clawql-vault-session", "--", "sh", "-c", script)
	got.want(t, 0, "app/A\napp/B\napp/C\nfirst \"value\"\nmulti\nline\nthird=3\n")
	if !strings.Contains(got.err, "imported 3 secrets") || !strings.Contains(got.err, "old copies can remain") {
		t.Errorf("%s", got.err)
	}
	// nothing is imported when one line is wrong, the file stays, and no value is shown
	bad := w.runWith(t, []string{"FILE=A=one-secret\nB two-secret\n"}, w.project(t), "", "clawql-vault-session", "--", "sh", "-c",
		`printf %s "$FILE" > .env; clawql-vault-session import --shred .env; echo $?; clawql-vault-session list; cat .env`)
	bad.want(t, 0, "2\nA=one-secret\nB two-secret\n")
	if !strings.Contains(bad.err, ".env: line 2:") || strings.Contains(bad.err, "-secret") {
		t.Errorf("%s", bad.err)
	}
	// from a pipe, and a file that stays
	w.session(t, "X=from-a-pipe\n", `cat | clawql-vault-session import /dev/stdin && clawql-vault-session get X`).want(t, 0, "from-a-pipe")
	kept := w.session(t, "", `echo Y=kept-value > f; clawql-vault-session import f; cat f`)
	kept.want(t, 0, "Y=kept-value\n")
	if !strings.Contains(kept.err, "f still holds the values; --shred") {
		t.Errorf("%s", kept.err)
	}
}

// The overwritten file is reached by its other name: what stood there is gone.
func TestShredOverwrites(t *testing.T) {
	w := aWorld(t)
	got := w.session(t, "", `echo Y=canary-in-a-file > f; ln f g; ln -s f l; clawql-vault-session import --shred f; ls; grep -c canary g
		echo Y=other-value > h; ln -s h m; clawql-vault-session import --shred m; cat h`)
	got.want(t, 0, "g\nl\n0\nY=other-value\n")
	if !strings.Contains(got.err, "shredding m: it is no regular file") {
		t.Errorf("%s", got.err)
	}
}

func TestImportFromPass(t *testing.T) {
	w := aWorld(t)
	if _, err := os.Stat("/usr/bin/pass"); err != nil {
		if isRequired("pass") {
			t.Fatal("CLAWQL_REQUIRE names pass: apt-get install pass gnupg")
		}
		t.Skip("pass is not installed")
	}
	got := w.session(t, "", `mkdir -m 700 -p "$GNUPGHOME" && gpg --batch --quiet --passphrase '' --quick-generate-key test@example.com default default never 2>/dev/null
		pass init test@example.com >/dev/null && printf 'the-pass-value\nurl: x\n' | pass insert -m web/site >/dev/null
		clawql-vault-session import --from pass web/site web/site=OTHER && clawql-vault-session list && clawql-vault-session get OTHER; echo
		clawql-vault-session import --from pass web/none; echo $?; gpgconf --kill all`)
	got.want(t, 0, "OTHER\nweb/site\nthe-pass-value\n3\n")
	for _, entry := range []string{"-c", "--clip", "op://a", "x"} {
		from := "1password"
		if entry[0] == '-' {
			from = "pass"
		}
		w.session(t, "", `clawql-vault-session import --from `+from+` -- `+entry).want(t, 2, "")
	}
}

func TestStatus(t *testing.T) {
	w := aWorld(t)
	got := w.session(t, value+"\n", in(keep+`K; clawql-vault-session status -o json; clawql-vault-session status > screen; cat screen >&2; grep -c cqk_ screen`))
	text, _, _ := strings.Cut(got.out, "\n}\n")
	var object sessionObject
	if err := json.Unmarshal([]byte(text+"\n}"), &object); err != nil {
		t.Fatalf("%v: %s %s", err, got.out, got.err)
	}
	if s := object.Status; object.Kind != "VaultSession" || !object.Running || s.Secrets != 1 || s.Version != "1.21.1" || s.Left < 4*3600-60 || s.Left > 4*3600 || !s.Inside {
		t.Errorf("%s", got.out)
	}
	none := w.run(t, "", "clawql-vault-session", "status", "-o", "json")
	if none.code != 1 || !strings.Contains(none.out, `"running": false`) {
		t.Errorf("%+v", none)
	}
	over := w.runWith(t, []string{"CLAWQL_VAULT_SESSION=" + filepath.Join(w.dir("runtime"), "gone.sock")}, w.project(t), "", "clawql-vault-session", "status")
	if over.code != 1 || !strings.Contains(over.err, "is over") {
		t.Errorf("%+v", over)
	}
	w.run(t, "", "clawql-vault-session", "renew", "1h").want(t, 2, "")
}

// The digests are of what is live now, whoever wrote it, and name no value.
func TestLiveDigests(t *testing.T) {
	w := aWorld(t)
	const ask = `attacker attack ask "$CLAWQL_VAULT_SESSION" /v1/live-digests
		`
	got := w.session(t, value+"\n", in(ask+keep+`K; printf config-value-1 | clawql-vault-session put --not-secret HOST
		`+ask+`vault kv put secret/direct password=direct-value-77 n=5 >/dev/null
		`+ask+`printf replaced-value | clawql-vault-session put K; clawql-vault-session delete direct
		`+ask))
	lines := strings.Fields(got.out)
	if len(lines) != 4 {
		t.Fatalf("%+v", got)
	}
	text := []byte("x " + value + " config-value-1 direct-value-77 replaced-value")
	for i, want := range []string{"", "K", "K direct#password", "K"} {
		var set livesecrets.Set
		if err := json.Unmarshal([]byte(lines[i]), &set); err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, hit := range set.Find(text) {
			names = append(names, hit.Name)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("answer %d finds %q, want %q", i, got, want)
		}
	}
	if bytes.Contains([]byte(got.out), []byte("cqk_")) || strings.Contains(got.out, "direct-value") {
		t.Error("a value is in the digests")
	}
}

func TestAudit(t *testing.T) {
	w := aWorld(t)
	folder := w.project(t)
	file := filepath.Join(folder, "audit.log")
	got := w.runWith(t, nil, folder, value+"\n", "clawql-vault-session", "--audit-file", "audit.log", "--", "sh", "-c",
		in(keep+`K; clawql-vault-session get K >/dev/null; vault kv get secret/K >/dev/null; vault kv list secret >/dev/null
		clawql-vault-session get NONE; clawql-vault-session run --redact K -- true; clawql-vault-session audit -o json; cat audit.log; stat -c %a audit.log`))
	if got.code != 0 || strings.Contains(got.out, value) || strings.Contains(got.err, value) || !strings.HasSuffix(got.out, "\n600\n") {
		t.Fatalf("%+v", got)
	}
	var object auditObject
	text, rest, _ := strings.Cut(got.out, "\n}\n")
	if err := json.Unmarshal([]byte(text+"\n}"), &object); err != nil {
		t.Fatal(err)
	}
	var deeds []string
	for _, one := range object.Entries {
		deeds = append(deeds, strings.Join(strings.Fields(one.What+" "+one.Name+" "+one.Via+" "+filepath.Base(one.Peer.Program)+" "+one.Refused), " "))
		if one.Peer.PID == 0 || one.Peer.UID != w.uid || !one.Peer.Inside || one.Parent.Name != "sh" && one.Peer.Name != "token" {
			t.Errorf("%+v", one)
		}
	}
	want := []string{
		"put K session clawql-vault-session", "get K session clawql-vault-session", "token session clawql-vault-session", "get K vault vault",
		"token session clawql-vault-session", "list vault vault", "get NONE session clawql-vault-session reading NONE: not there",
		"get K session clawql-vault-session", "redact session clawql-vault-session",
	}
	if !slices.Equal(deeds, want) {
		t.Errorf("audit:\n%s\nwant:\n%s", strings.Join(deeds, "\n"), strings.Join(want, "\n"))
	}
	if n := strings.Count(rest, "\n"); n != len(want)+1 {
		t.Errorf("the file has %d lines:\n%s", n-1, rest)
	}
	if !strings.Contains(got.err, "secrets in this session") || !strings.Contains(got.err, "get, refused") {
		t.Errorf("the farewell: %s", got.err)
	}
	if _, err := os.Stat(file); err != nil {
		t.Error("the audit file is gone with the session")
	}
}

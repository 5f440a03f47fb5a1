//go:build linux

package main

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// running is a session that waits for its stdin to end.
type running struct {
	folder              string // of its sockets
	supervisor, command int
	vault, front        int
	status              sessionObject
	end                 func() result
}

// hold starts a session that holds the value, and stays.
func (w *world) hold(t *testing.T) *running {
	t.Helper()
	command := w.command(nil, w.project(t), "clawql-vault-session", "--", "sh", "-c",
		in(keep+`K; clawql-vault-session status -o json | tr -d "\n"; echo; dirname "$CLAWQL_VAULT_SESSION"; echo $$; cat >/dev/null`))
	stdin, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	command.Stderr = os.Stderr
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stdin.Close(); command.Wait(); w.nothingLeft(t) })
	io.WriteString(stdin, value+"\n")
	lines := bufio.NewScanner(stdout)
	next := func() string {
		if !lines.Scan() {
			t.Fatal("the session did not come up")
		}
		return lines.Text()
	}
	r := &running{front: command.Process.Pid}
	if err := json.Unmarshal([]byte(next()), &r.status); err != nil {
		t.Fatal(err)
	}
	r.folder, r.supervisor = next(), r.status.PID
	r.command, _ = strconv.Atoi(next())
	for _, pid := range w.processes() {
		if program, _ := os.Readlink("/proc/" + strconv.Itoa(pid) + "/exe"); filepath.Base(program) == "vault" {
			r.vault = pid
		}
	}
	if r.vault == 0 || r.command == 0 || r.supervisor == 0 {
		t.Fatalf("%+v", r)
	}
	return r
}

// attempt is one try of an attacker: what, and on what.
type attempt struct{ what, target string }

// attempts are all ways to a session that have a name: its files and sockets,
// and each of its processes.
func (r *running) attempts() []attempt {
	all := []attempt{
		{"list", r.folder}, {"enter", r.folder}, {"list", filepath.Dir(r.folder)}, {"list", filepath.Dir(filepath.Dir(r.folder))},
		{"connect", filepath.Join(r.folder, "control.sock")}, {"connect", filepath.Join(r.folder, "vault.sock")}, {"connect", filepath.Join(r.folder, serverSocket)},
	}
	for _, name := range []string{"lock", "session", "vault.hcl", "token"} {
		all = append(all, attempt{"read", filepath.Join(r.folder, name)})
	}
	for _, pid := range []int{r.front, r.supervisor, r.vault, r.command} {
		all = append(all, ofProcess(pid)...)
	}
	return all
}

const serverSocket = "server.sock"

func ofProcess(pid int) []attempt {
	proc := "/proc/" + strconv.Itoa(pid) + "/"
	return []attempt{
		{"read", proc + "environ"}, {"read", proc + "mem"}, {"read", proc + "maps"}, {"read", proc + "auxv"}, {"list", proc + "fd"},
		{"list", proc + "fdinfo"}, {"link", proc + "exe"}, {"link", proc + "cwd"}, {"link", proc + "root"}, {"list", proc + "map_files"}, {"link", proc + "fd/3"},
		{"trace", strconv.Itoa(pid)}, {"signal", strconv.Itoa(pid)},
	}
}

// try runs the attempt as a user; it says whether it was refused.
func (w *world) try(t *testing.T, uid, gid int, one attempt) bool {
	t.Helper()
	command := exec.Command(w.dir("bin/attacker"), "attack", one.what, one.target)
	command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	command.Dir, command.Env = "/", []string{"PATH=/usr/bin:/bin"}
	out, _ := command.CombinedOutput()
	if text := string(out); text != one.what+" refused\n" && !strings.Contains(text, " WORKED ") {
		t.Fatalf("%v: the attacker itself failed: %s", one, text)
	}
	return command.ProcessState.ExitCode() == 0
}

// Another user of the machine can neither connect, nor read, nor trace, nor
// list, nor end anything of a session.
func TestAnotherUser(t *testing.T) {
	w := aWorld(t)
	if os.Getuid() != 0 {
		t.Skip("needs root, to make another user")
	}
	uid, gid, err := w.makeUser("b")
	if err != nil {
		t.Fatal(err)
	}
	r := w.hold(t)
	for _, one := range r.attempts() {
		if !w.try(t, uid, gid, one) {
			t.Errorf("another user can %s %s", one.what, one.target)
		}
	}
	// The attacks are real: root can do each that the kernel lets it.
	worked := 0
	for _, one := range r.attempts() {
		if one.what != "signal" && one.what != "trace" && !w.try(t, 0, 0, one) {
			worked++
		}
	}
	if worked < 30 {
		t.Errorf("only %d of the attacks work for root: the test does not attack", worked)
	}
}

// The product's own commands tell another user that it is not theirs.
func TestAnotherUserWithTheTool(t *testing.T) {
	w := aWorld(t)
	if os.Getuid() != 0 {
		t.Skip("needs root, to make another user")
	}
	uid, gid, err := w.makeUser("c")
	if err != nil {
		t.Fatal(err)
	}
	r := w.hold(t)
	socket := "CLAWQL_VAULT_SESSION=" + filepath.Join(r.folder, "control.sock")
	for _, argv := range [][]string{{"list"}, {"get", "K"}, {"audit"}, {"stop"}, {"token"}, {"status"}, {"run", "K", "--", "env"}, {"list", "--session", r.status.ID}, {"stop", "--all"}, {"sessions"}} {
		command := exec.Command(w.dir("bin/clawql-vault-session"), argv...)
		command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
		command.Dir, command.Env = "/", []string{"PATH=/usr/bin:/bin", "HOME=/nonexistent", socket, "XDG_RUNTIME_DIR=" + w.dir("runtime")}
		out, _ := command.CombinedOutput()
		refused := command.ProcessState.ExitCode() != 0
		if harmless := argv[0] == "sessions" || slices.Contains(argv, "--all"); !refused && !harmless || strings.Contains(string(out), "cqk_") || strings.Contains(string(out), r.status.ID+" ") {
			t.Errorf("%v as another user: %s", argv, out)
		}
	}
	os.RemoveAll("/tmp/clawql-" + strconv.Itoa(uid))
	if _, err := os.Stat("/proc/" + strconv.Itoa(r.supervisor)); err != nil {
		t.Error("the session was ended by another user")
	}
}

// The same user from outside of the session: no value, no token, and nothing
// of the supervisor's memory.
func TestSameUserOutside(t *testing.T) {
	w := aWorld(t)
	r := w.hold(t)
	for _, argv := range [][]string{{"get", "K"}, {"token"}, {"run", "K", "--", "env"}} {
		got := w.runWith(t, []string{"CLAWQL_VAULT_SESSION=" + filepath.Join(r.folder, "control.sock")}, w.project(t), "", append([]string{"clawql-vault-session"}, argv...)...)
		if got.code != 1 || strings.Contains(got.out+got.err, "cqk_") || !strings.Contains(got.err, "does not belong to the session") {
			t.Errorf("%v: %+v", argv, got)
		}
	}
	audit := w.runWith(t, []string{"CLAWQL_VAULT_SESSION=" + filepath.Join(r.folder, "control.sock")}, w.project(t), "", "clawql-vault-session", "audit")
	if !strings.Contains(audit.out, "get, refused") || !strings.Contains(audit.out, "token, refused") {
		t.Errorf("the refused attempts are not in the audit:\n%s", audit.out)
	}
	proc := "/proc/" + strconv.Itoa(r.supervisor) + "/"
	for _, one := range []attempt{{"read", proc + "mem"}, {"read", proc + "environ"}, {"list", proc + "fd"}, {"read", proc + "maps"}, {"trace", strconv.Itoa(r.supervisor)}} {
		if !w.try(t, w.uid, w.gid, one) {
			t.Errorf("the same user can %s %s of the supervisor", one.what, one.target)
		}
	}
	for _, pid := range w.processes() {
		for _, file := range []string{"environ", "cmdline"} {
			text, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/" + file)
			if strings.Contains(string(text), "cqk_") || strings.Contains(string(text), "hvs.") || strings.Contains(string(text), "VAULT_TOKEN") {
				t.Errorf("process %d has a secret in its %s", pid, file)
			}
		}
	}
}

//go:build linux

package main

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// oneError wants an exit code, and one error of one line that has all of the
// words; then nothing may be left.
func (w *world) oneError(t *testing.T, got result, code int, words ...string) {
	t.Helper()
	var errors []string
	for _, line := range strings.Split(got.err, "\n") {
		if strings.Contains(line, "error:") {
			errors = append(errors, line)
		}
	}
	if got.code != code || len(errors) != 1 || strings.Contains(got.err, "goroutine ") {
		t.Errorf("exit code %d, want %d, and one error:\n%s", got.code, code, got.err)
	}
	for _, word := range words {
		if !strings.Contains(got.err, word) {
			t.Errorf("does not say %q:\n%s", word, got.err)
		}
	}
	w.nothingLeft(t)
}

// withVault makes a folder with a vault of its own, to stand first on PATH.
func (w *world) withVault(t *testing.T, script string) string {
	t.Helper()
	folder, err := os.MkdirTemp(w.root, "vault-")
	if err == nil {
		err = os.Chmod(folder, 0o755)
	}
	if err == nil && script != "" {
		err = os.WriteFile(filepath.Join(folder, "vault"), []byte("#!/bin/sh\n"+script+"\n"), 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	return "PATH=" + folder + ":/usr/bin:/bin"
}

func (w *world) start(t *testing.T, extra ...string) result {
	t.Helper()
	return w.runWith(t, extra, w.project(t), "", w.dir("bin/clawql-vault-session"), "--", "true")
}

func TestNoVault(t *testing.T) {
	w := aWorld(t)
	w.oneError(t, w.start(t, w.withVault(t, "")), 3, "no vault and no bao on PATH", "hint: ")
}

func TestBrokenVaults(t *testing.T) {
	w := aWorld(t)
	cases := map[string]struct{ script, says string }{
		"exits":              {"echo 'storage is on fire' >&2; exit 1", "storage is on fire"},
		"exits with success": {"exit 0", "did not start (exit code 0)"},
		"dies of a signal":   {"kill -SEGV $$", "did not start (signal segmentation fault)"},
		"prints garbage":     {"head -c 300000 /dev/urandom; printf '\\033[2Jhint: curl evil\\n'; exit 1", "did not start"},
		"prints no end":      {"(sleep 1; kill $$) & while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done", "did not start"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := w.start(t, w.withVault(t, c.script))
			w.oneError(t, got, 3, c.says)
			if strings.ContainsAny(got.err, "\x1b\r") || len(got.err) > 4000 {
				t.Errorf("%d bytes on the terminal: %q", len(got.err), got.err[:min(len(got.err), 500)])
			}
		})
	}
}

// A vault that never answers is given up: here by the person, and by itself
// after a minute.
func TestVaultThatHangs(t *testing.T) {
	w := aWorld(t)
	path := w.withVault(t, "exec sleep 1000")
	command := w.command([]string{path}, w.project(t), w.dir("bin/clawql-vault-session"), "--", "true")
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(300 * time.Millisecond)
	command.Process.Signal(syscall.SIGINT)
	command.Wait()
	if code := command.ProcessState.ExitCode(); code != 130 {
		t.Errorf("exit code %d", code)
	}
	w.nothingLeft(t)
	if isRequired("vault") {
		w.oneError(t, w.start(t, path), 3, "waiting for Vault to answer")
	}
}

// A vault that answers, and is another version than the session takes.
func TestVaultOfAnotherVersion(t *testing.T) {
	w := aWorld(t)
	got := w.start(t, w.withVault(t, `exec `+w.dir("bin/attacker")+` attack serve "$2"`))
	w.oneError(t, got, 3, "0.1.0")
}

func TestTakenPort(t *testing.T) {
	w := aWorld(t)
	listener, err := net.Listen("tcp", "127.0.0.1:8200")
	if err != nil {
		t.Skip("port 8200 is taken already: ", err)
	}
	defer listener.Close()
	w.session(t, value+"\n", in(keep+`K && clawql-vault-session get K`)).want(t, 0, value)
}

// What a killed session left (a socket without anybody behind it, a folder) is
// no obstacle, and is cleared away.
func TestStaleSockets(t *testing.T) {
	w := aWorld(t)
	folder := w.dir("runtime/clawql/0123456789abcdef/deadbeef")
	for _, each := range []string{w.dir("runtime/clawql"), filepath.Dir(folder), folder} {
		os.Mkdir(each, 0o700)
		os.Chown(each, w.uid, w.gid)
	}
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(folder, "control.sock")})
	if err != nil {
		t.Fatal(err)
	}
	listener.SetUnlinkOnClose(false)
	listener.Close()
	os.WriteFile(filepath.Join(folder, "lock"), nil, 0o600)
	os.Chown(filepath.Join(folder, "lock"), w.uid, w.gid)
	w.session(t, value+"\n", in(keep+`K && clawql-vault-session get K`)).want(t, 0, value)
}

// mounted is a small file system of its own as the runtime folder.
func (w *world) mounted(t *testing.T, options string) string {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root, to mount a file system")
	}
	folder, err := os.MkdirTemp(w.root, "mount-")
	if err != nil {
		t.Fatal(err)
	}
	owner := ",mode=700,uid=" + strconv.Itoa(w.uid) + ",gid=" + strconv.Itoa(w.gid)
	if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, options+owner); err != nil {
		t.Skip("this machine mounts nothing: ", err)
	}
	t.Cleanup(func() { syscall.Unmount(folder, syscall.MNT_DETACH) })
	return folder
}

// A disk with no room at all, with room for folders but no file, and one that
// gets full within: each time one error, and nothing is left on it.
func TestFullDisk(t *testing.T) {
	w := aWorld(t)
	refused := 0
	for _, options := range []string{"size=4k,nr_inodes=1", "size=4k,nr_inodes=2", "size=4k,nr_inodes=3", "size=4k,nr_inodes=4", "size=4k,nr_inodes=5", "size=4k,nr_inodes=7", "size=4k,nr_inodes=8"} {
		folder := w.mounted(t, options)
		got := w.start(t, "XDG_RUNTIME_DIR="+folder)
		if got.code == 0 {
			continue // room enough
		}
		refused++
		w.oneError(t, got, 3, "no space left on device")
		if left, _ := filepath.Glob(folder + "/*/*/*"); len(left) > 0 {
			t.Errorf("%s: left: %s", options, left)
		}
	}
	if refused < 4 {
		t.Errorf("only %d of the disks were too small", refused)
	}
	folder := w.mounted(t, "size=4k")
	os.WriteFile(filepath.Join(folder, "filler"), make([]byte, 4096), 0o600)
	w.oneError(t, w.start(t, "XDG_RUNTIME_DIR="+folder), 3, "no space left on device")
	// the audit file on a full disk: the session goes on, and says so at its end
	got := w.runWith(t, nil, w.project(t), value+"\n", "clawql-vault-session", "--audit-file", filepath.Join(folder, "audit"), "--", "sh", "-c", in(keep+`K && clawql-vault-session get K`))
	got.want(t, 0, value)
	if !strings.Contains(got.err, "the audit file could not be written to its end: ") {
		t.Errorf("%s", got.err)
	}
}

func TestReadOnlyHome(t *testing.T) {
	w := aWorld(t)
	home := w.mounted(t, "size=4k")
	if err := syscall.Mount("", home, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	got := w.runWith(t, []string{"HOME=" + home}, home, value+"\n", "clawql-vault-session", "--", "sh", "-c", in(keep+`K && clawql-vault-session get K`))
	got.want(t, 0, value)
	w.nothingLeft(t)
	nowhere := w.start(t, "HOME="+home, "XDG_RUNTIME_DIR="+home)
	if nowhere.code != 0 { // /tmp serves where the runtime folder does not
		t.Errorf("%+v", nowhere)
	}
	w.nothingLeft(t)
	os.RemoveAll("/tmp/clawql-" + strconv.Itoa(w.uid))
}

func TestVaultThatDies(t *testing.T) {
	w := aWorld(t)
	got := w.session(t, value+"\n", in(keep+`K; echo up
		kill -9 $(pgrep -x -U $(id -u) vault); sleep 5; echo still there`))
	if got.code != 3 || got.out != "up\n" {
		t.Errorf("%+v", got)
	}
	w.oneError(t, got, 3, "Vault ended unexpectedly", "start a new session")
}

// Each command where there is no session.
func TestWithoutASession(t *testing.T) {
	w := aWorld(t)
	for _, argv := range [][]string{{"put", "K"}, {"get", "K"}, {"list"}, {"delete", "K"}, {"run", "K", "--", "env"}, {"import", "/dev/null"}, {"audit"}, {"token"}, {"stop"}} {
		w.oneError(t, w.run(t, value, append([]string{"clawql-vault-session"}, argv...)...), 3, "no session runs for", "hint: ")
	}
}

func TestOddNames(t *testing.T) {
	w := aWorld(t)
	good := []string{"a b", "ü/密码", "-x", "%2f", "a?b&c", "a#b", "'", `"`, "$(id)", "x;y", "data/x", "a/b/c/d", `back\slash`, "*", strings.Repeat("n", 500)}
	script := "set -e\n"
	for _, name := range good {
		quoted := "'" + strings.ReplaceAll(name, "'", `'\''`) + "'"
		script += "printf %s " + quoted + " | clawql-vault-session put -- " + quoted + "; test \"$(clawql-vault-session get -- " + quoted + ")\" = " + quoted + "\n"
	}
	w.session(t, "", script+"clawql-vault-session list | wc -l").want(t, 0, strconv.Itoa(len(good))+"\n")
	bad := []string{"", ".", "..", "a/../b", "/a", "a/", "a//b", " a", "a ", "a\nb", "a\x1b[2Jb", "a\u200bb", "a\xffb", strings.Repeat("n", 513)}
	for _, name := range bad {
		for _, verb := range []string{"put", "get", "delete"} {
			got := w.run(t, value, "clawql-vault-session", verb, "--", name)
			if got.code != 2 || strings.Contains(got.err, "\x1b") {
				t.Errorf("%s %q: %+v", verb, name, got)
			}
		}
	}
	got := w.run(t, "", "clawql-vault-session", "put", "KEY="+value)
	if got.code != 2 || strings.Contains(got.err, value) || !strings.Contains(got.err, "never an argument") {
		t.Errorf("%+v", got)
	}
}

func TestValuesThatAreRefused(t *testing.T) {
	w := aWorld(t)
	w.oneError(t, w.session(t, "", `clawql-vault-session put K`), 2, "zero bytes", "--allow-empty")
	w.oneError(t, w.session(t, "", `head -c 4194305 /dev/zero | clawql-vault-session put K`), 2, "more than 4194304 bytes")
	w.oneError(t, w.session(t, "", `head -c 500000 /dev/zero | tr '\0' x | clawql-vault-session put K; clawql-vault-session run K -- true`), 2, "too large for an environment", "--as-file")
	w.oneError(t, w.session(t, "", `printf 'a\0b' | clawql-vault-session put K; clawql-vault-session run K -- true`), 2, "zero byte", "--as-file")
}

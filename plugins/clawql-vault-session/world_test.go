//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The tests here run the real binary on the real Vault that CLAWQL_VAULT names
// (make vault). As root they do so as a user made for them, since a session
// does not run as root.

// world is where the tests take place: programs, folders, a user.
type world struct {
	root  string
	uid   int
	gid   int
	users []string // that were made
}

var (
	theWorld  *world
	worldOnce sync.Once
	worldErr  error
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "attack" {
		os.Exit(attack(os.Args[2:]))
	}
	code := m.Run()
	if theWorld != nil {
		theWorld.remove()
	}
	os.Exit(code)
}

// here is the world; without a Vault the test is skipped, or fails when
// CLAWQL_REQUIRE names vault.
func aWorld(t *testing.T) *world {
	t.Helper()
	vault := os.Getenv("CLAWQL_VAULT")
	if _, err := exec.LookPath(vault); err != nil {
		if isRequired("vault") {
			t.Fatal("CLAWQL_REQUIRE names vault, and CLAWQL_VAULT no program: make vault")
		}
		t.Skip("needs a real Vault: make vault, CLAWQL_VAULT=bin/vault")
	}
	worldOnce.Do(func() { theWorld, worldErr = newWorld(vault) })
	if worldErr != nil {
		t.Fatal(worldErr)
	}
	return theWorld
}

func newWorld(vault string) (*world, error) {
	above := "/opt" // a session takes no Vault from below a folder that others can write to
	if os.Getuid() != 0 {
		above = os.Getenv("HOME")
	}
	root, err := os.MkdirTemp(above, "cq-") // short: the paths of sockets are
	if err != nil {
		return nil, err
	}
	w := &world{root: root, uid: os.Getuid(), gid: os.Getgid()}
	if err := w.furnish(vault); err != nil {
		w.remove()
		return nil, err
	}
	return w, nil
}

func (w *world) dir(name string) string { return filepath.Join(w.root, name) }

func (w *world) furnish(vault string) error {
	if os.Getuid() == 0 {
		var err error
		if w.uid, w.gid, err = w.makeUser("a"); err != nil {
			return err
		}
	}
	if err := errors.Join(os.Chmod(w.root, 0o755), os.Mkdir(w.dir("bin"), 0o755)); err != nil {
		return err
	}
	build := exec.Command("go", "build", "-trimpath", "-tags", "urfave_cli_no_docs", "-o", w.dir("bin")+"/", ".")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("%v: %s", err, out)
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if err := errors.Join(provide(vault, w.dir("bin/vault")), provide(self, w.dir("bin/attacker"))); err != nil {
		return err
	}
	for _, each := range []string{"home", "runtime"} {
		if err := errors.Join(os.Mkdir(w.dir(each), 0o700), os.Chown(w.dir(each), w.uid, w.gid)); err != nil {
			return err
		}
	}
	return nil
}

// provide links or copies a program.
func provide(from, to string) error {
	if os.Link(from, to) == nil {
		return nil
	}
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source)
	return errors.Join(err, target.Close())
}

// makeUser makes a real user of this machine.
func (w *world) makeUser(mark string) (uid, gid int, err error) {
	name := "clawqltest" + mark + strconv.Itoa(os.Getpid()%100000)
	if out, err := exec.Command("useradd", "--no-create-home", "--home-dir", w.dir("home"), name).CombinedOutput(); err != nil {
		return 0, 0, fmt.Errorf("useradd: %v: %s", err, out)
	}
	w.users = append(w.users, name)
	made, err := user.Lookup(name)
	if err != nil {
		return 0, 0, err
	}
	uid, err = strconv.Atoi(made.Uid)
	gid, err2 := strconv.Atoi(made.Gid)
	return uid, gid, errors.Join(err, err2)
}

func (w *world) remove() {
	for _, pid := range w.processes() {
		syscall.Kill(pid, syscall.SIGKILL)
	}
	os.RemoveAll(w.root)
	for _, name := range w.users {
		exec.Command("userdel", "--force", name).Run()
	}
}

// processes that run programs of this world.
func (w *world) processes() []int {
	var all []int
	entries, _ := filepath.Glob("/proc/[0-9]*")
	for _, entry := range entries {
		program, _ := os.Readlink(entry + "/exe")
		if pid, err := strconv.Atoi(filepath.Base(entry)); err == nil && strings.HasPrefix(program, w.root) {
			all = append(all, pid)
		}
	}
	return all
}

// environment is what a session starts from.
func (w *world) environment() []string {
	return []string{
		"PATH=" + w.dir("bin") + ":/usr/local/bin:/usr/bin:/bin", "HOME=" + w.dir("home"),
		"XDG_RUNTIME_DIR=" + w.dir("runtime"), "SHELL=/bin/sh", "TERM=dumb", "GNUPGHOME=" + w.dir("home/gpg"),
	}
}

// result is how a program ended.
type result struct {
	out, err string
	code     int
}

// run runs a program as the world's user in a project of its own.
func (w *world) run(t *testing.T, stdin string, argv ...string) result {
	t.Helper()
	return w.runWith(t, nil, w.project(t), stdin, argv...)
}

func (w *world) project(t *testing.T) string {
	folder, err := os.MkdirTemp(w.root, "project-")
	if err == nil {
		err = os.Chown(folder, w.uid, w.gid)
	}
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

func (w *world) command(extra []string, folder string, argv ...string) *exec.Cmd {
	command := exec.Command("/usr/bin/env", append([]string{"--"}, argv...)...)
	command.Dir, command.Env = folder, append(w.environment(), extra...)
	command.SysProcAttr = &syscall.SysProcAttr{}
	if os.Getuid() == 0 {
		command.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(w.uid), Gid: uint32(w.gid)}
	}
	return command
}

// isRequired says whether CLAWQL_REQUIRE names what a test needs.
func isRequired(what string) bool {
	return slices.Contains(strings.Split(os.Getenv("CLAWQL_REQUIRE"), ","), what)
}

// longest is how long a program of a test may run.
const longest = 2 * time.Minute

func (w *world) runWith(t *testing.T, extra []string, folder, stdin string, argv ...string) result {
	t.Helper()
	command := w.command(extra, folder, argv...)
	var out, errOut bytes.Buffer
	command.Stdin, command.Stdout, command.Stderr = strings.NewReader(stdin), &out, &errOut
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(longest, func() { command.Process.Kill() })
	command.Wait()
	if !timer.Stop() {
		t.Fatalf("%s did not end within %s\n%s", argv, longest, errOut.String())
	}
	return result{out.String(), errOut.String(), command.ProcessState.ExitCode()}
}

// session runs a shell script in a session, and fails when anything is left of
// it afterwards.
func (w *world) session(t *testing.T, stdin, script string, flags ...string) result {
	t.Helper()
	argv := append(append([]string{"clawql-vault-session"}, flags...), "--", "sh", "-c", script)
	got := w.run(t, stdin, argv...)
	w.nothingLeft(t)
	return got
}

// nothingLeft: no process, no socket, no folder of a session.
func (w *world) nothingLeft(t *testing.T) {
	t.Helper()
	if left := w.processes(); len(left) > 0 {
		time.Sleep(2 * time.Second)
		if left = w.processes(); len(left) > 0 {
			t.Errorf("processes %v are left", left)
		}
	}
	if left, _ := filepath.Glob(w.dir("runtime/clawql/*/*")); len(left) > 0 {
		t.Errorf("left: %s", left)
	}
}

func (r result) want(t *testing.T, code int, out string) {
	t.Helper()
	if r.code != code || r.out != out {
		t.Errorf("exit code %d, want %d\nstdout: %q\n  want: %q\nstderr: %s", r.code, code, r.out, out, r.err)
	}
}

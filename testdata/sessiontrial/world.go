package main

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
)

// world is where a trial takes place: folders and a user of its own.
type world struct {
	root    string // all of it lies below
	uid     int
	gid     int
	name    string // of the user that was made, "" where the caller's serves
	began   time.Time
	before  map[int]bool // processes that were there
	counter atomic.Int64
}

func (w *world) dir(name string) string { return filepath.Join(w.root, name) }

// newWorld copies both programs to where the product takes a Vault from: below
// folders that only root, or only this user, can write to.
func newWorld(product, vault string) (*world, error) {
	above := "/opt"
	if os.Getuid() != 0 {
		above = os.Getenv("HOME")
	}
	root, err := os.MkdirTemp(above, "clawql-trial-")
	if err != nil {
		return nil, err
	}
	w := &world{root: root, uid: os.Getuid(), gid: os.Getgid(), began: time.Now()}
	if err := w.furnish(product, vault); err != nil {
		w.remove()
		return nil, err
	}
	return w, nil
}

func (w *world) furnish(product, vault string) error {
	if err := os.Chmod(w.root, 0o755); err != nil {
		return err
	}
	if os.Getuid() == 0 {
		if err := w.makeUser(); err != nil {
			return err
		}
	}
	if err := os.Mkdir(w.dir("bin"), 0o755); err != nil {
		return err
	}
	for from, to := range map[string]string{product: "clawql-vault-session", vault: "vault"} {
		if err := copyProgram(from, filepath.Join(w.dir("bin"), to)); err != nil {
			return err
		}
	}
	for _, each := range []string{"home", "project", "tmp", "runtime", "pipes"} {
		if err := os.Mkdir(w.dir(each), 0o700); err != nil {
			return err
		}
		if err := os.Chown(w.dir(each), w.uid, w.gid); err != nil {
			return err
		}
	}
	w.before = map[int]bool{}
	for _, one := range w.processes() {
		w.before[one.pid] = true
	}
	return os.WriteFile(w.dir("inside.sh"), []byte(inside), 0o755)
}

// makeUser makes a real user of the machine, who owns what the trial's
// sessions touch.
func (w *world) makeUser() error {
	w.name = "clawqltrial" + strconv.Itoa(os.Getpid()%10000)
	if out, err := exec.Command("useradd", "--no-create-home", "--home-dir", w.dir("home"), w.name).CombinedOutput(); err != nil {
		return fmt.Errorf("useradd %s: %v: %s", w.name, err, bytes.TrimSpace(out))
	}
	made, err := user.Lookup(w.name)
	if err != nil {
		return err
	}
	w.uid, err = strconv.Atoi(made.Uid)
	if err == nil {
		w.gid, err = strconv.Atoi(made.Gid)
	}
	return err
}

// remove ends what the user still runs, and takes user and folders away.
func (w *world) remove() {
	for _, one := range w.processes() {
		syscall.Kill(one.pid, syscall.SIGKILL)
	}
	os.RemoveAll(w.root)
	if w.name != "" {
		os.RemoveAll("/tmp/tmux-" + strconv.Itoa(w.uid))
		exec.Command("userdel", "--force", w.name).Run()
	}
}

func copyProgram(from, to string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	if _, err := io.Copy(target, source); err != nil {
		return err
	}
	return target.Close()
}

// environment is what a session starts from. Cores are allowed, and a Vault
// token of somebody else stands there: the session must change both.
func (w *world) environment() []string {
	return []string{
		"PATH=" + w.dir("bin") + ":/usr/local/bin:/usr/bin:/bin", "HOME=" + w.dir("home"), "TMPDIR=" + w.dir("tmp"),
		"XDG_RUNTIME_DIR=" + w.dir("runtime"), "SHELL=/bin/sh", "TERM=xterm", "VAULT_TOKEN=stale-token-of-another-vault",
	}
}

// command runs a program as the trial's user, cores allowed.
func (w *world) command(folder string, argv ...string) *exec.Cmd {
	made := exec.Command("/bin/sh", append([]string{"-c", `ulimit -c unlimited; exec "$@"`, "sh"}, argv...)...)
	made.Dir, made.Env = folder, w.environment()
	made.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if os.Getuid() == 0 {
		made.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(w.uid), Gid: uint32(w.gid)}
	}
	return made
}

// pipe makes a named pipe that the user may use: what goes through it is on no
// disk.
func (w *world) pipe(name string) (string, error) {
	path := filepath.Join(w.dir("pipes"), fmt.Sprint(name, w.counter.Add(1)))
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		return "", err
	}
	return path, os.Chown(path, w.uid, w.gid)
}

// fresh is a random value that is found nowhere by accident.
func fresh() string {
	var random [24]byte
	rand.Read(random[:])
	return "canary" + hex.EncodeToString(random[:])
}

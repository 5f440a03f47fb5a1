package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// proc is a living process of the trial's user.
type proc struct {
	pid  int
	name string
}

// processes of the trial's user. Where that is the caller's own user, only
// those that a session could have left.
func (w *world) processes() []proc {
	var all []proc
	entries, _ := filepath.Glob("/proc/[0-9]*")
	for _, entry := range entries {
		info, err := os.Stat(entry)
		pid, _ := strconv.Atoi(filepath.Base(entry))
		if err != nil || pid == os.Getpid() || w.before[pid] {
			continue
		}
		status, _ := os.ReadFile(entry + "/status")
		if !bytes.Contains(status, []byte("\nUid:\t"+strconv.Itoa(w.uid)+"\t")) || bytes.Contains(status, []byte("\nState:\tZ")) {
			continue
		}
		name, _ := os.ReadFile(entry + "/comm")
		one := proc{pid, strings.TrimSpace(string(name))}
		if w.name != "" || w.ofSession(entry, one.name) {
			all = append(all, one)
		}
		_ = info
	}
	return all
}

// ofSession is how a session's process is known among the caller's own.
func (w *world) ofSession(entry, name string) bool {
	environ, _ := os.ReadFile(entry + "/environ")
	return strings.HasPrefix(name, "clawql-vault") || name == "vault" || bytes.Contains(environ, []byte(w.root))
}

// left are the processes that a session must not leave: tmux's server is none.
func (w *world) left() []proc {
	return slices.DeleteFunc(w.processes(), func(one proc) bool { return strings.HasPrefix(one.name, "tmux") })
}

// sockets are the unix sockets on which somebody listens in the trial's
// runtime folder, as the kernel lists them.
func (w *world) sockets() []string {
	text, _ := os.ReadFile("/proc/net/unix")
	var all []string
	for _, line := range strings.Split(string(text), "\n") {
		if at := strings.Index(line, w.dir("runtime")); at >= 0 {
			all = append(all, line[at:])
		}
	}
	return all
}

// forms are the shapes in which a value could lie around.
func forms(value string) [][]byte {
	all := [][]byte{[]byte(value), []byte(hex.EncodeToString([]byte(value)))}
	for shift := range 3 { // base64 of something that ends in the value
		encoded := base64.StdEncoding.EncodeToString(append(make([]byte, shift), value...))
		all = append(all, []byte(encoded[4:len(encoded)-4]))
	}
	return all
}

// find names the files and processes in which one of the values is found.
func (w *world) find(values ...string) []string {
	var wanted [][]byte
	for _, value := range values {
		wanted = append(wanted, forms(value)...)
	}
	var found []string
	for _, top := range []string{w.root, "/tmp", "/var/tmp", "/dev/shm", "/run/user/" + strconv.Itoa(w.uid), "/var/crash", "/var/lib/systemd/coredump"} {
		found = append(found, w.findBelow(top, wanted)...)
	}
	entries, _ := filepath.Glob("/proc/[0-9]*/*")
	for _, entry := range entries {
		if base := filepath.Base(entry); (base == "environ" || base == "cmdline") && !strings.HasPrefix(entry, "/proc/"+strconv.Itoa(os.Getpid())+"/") && holds(entry, wanted) {
			found = append(found, entry)
		}
	}
	return found
}

// findBelow reads the regular files of the trial's user, and all files in the
// trial's own folders.
func (w *world) findBelow(top string, wanted [][]byte) []string {
	var found []string
	filepath.WalkDir(top, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() || strings.HasPrefix(path, w.dir("bin")) {
			return nil
		}
		info, err := entry.Info()
		if err != nil {
			return nil
		}
		stat, ok := info.Sys().(*syscall.Stat_t)
		mine := ok && int(stat.Uid) == w.uid && info.ModTime().After(w.began)
		if (top == w.root || mine) && holds(path, wanted) {
			found = append(found, path)
		}
		return nil
	})
	return found
}

func holds(path string, wanted [][]byte) bool {
	content, err := os.ReadFile(path)
	return err == nil && slices.ContainsFunc(wanted, func(each []byte) bool { return bytes.Contains(content, each) })
}

// cores are core files below the trial's folders.
func (w *world) cores() []string {
	var all []string
	filepath.WalkDir(w.root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() && (entry.Name() == "core" || strings.HasPrefix(entry.Name(), "core.")) {
			all = append(all, path)
		}
		return nil
	})
	return all
}

package commitguard

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/clawql/clawql-workbench/shared/gitchange"
)

// Receipts remember that a set of changes on top of a commit was scanned and
// found clean, so that the second look at the same content costs nothing.
//
// A receipt is an empty file whose name is a MAC over what was seen: the commit
// whose policy counted, each change (path, modes, object ids), and the program
// that looked. Without the user's key nobody can make one for other content; a
// receipt of another user, machine, program or policy has another name. They
// serve the hooks of commits only: a push never asks them.
type Receipts struct {
	dir     string
	key     []byte
	program string
}

// keep is how many receipts stay in a repository; the oldest go.
const keep = 256

// fresh is how long a receipt counts: as long as somebody writes a message. What
// a vault session holds, and what the tools for agent threats know, may be more
// by then.
const fresh = 30 * time.Minute

// OpenReceipts opens the receipts of the repository around the current folder.
// program is what tells this build, and what else a scan depends on, from others. Where the repository or the
// user's key cannot be had there are none, which costs time and nothing else.
func OpenReceipts(getenv func(string) string, program string) *Receipts {
	common, ok := commonDir(getenv)
	if !ok {
		return nil
	}
	key, err := userKey(getenv)
	if err != nil {
		return nil
	}
	return &Receipts{dir: filepath.Join(common, "clawql-hooks", "receipts"), key: key, program: program}
}

// file is where the receipt for changes on top of base would be.
func (r *Receipts) file(base string, changes []gitchange.Change) string {
	lines := make([]string, 0, len(changes))
	for _, c := range changes {
		lines = append(lines, strings.Join([]string{c.OldMode, c.NewMode, c.Old, c.New, c.Path}, " "))
	}
	slices.Sort(lines)
	mac := hmac.New(sha256.New, r.key)
	fmt.Fprintf(mac, "clawql receipt 1\x00%s\x00%s\x00%d\x00", r.program, base, len(lines))
	for _, line := range lines {
		fmt.Fprintf(mac, "%s\x00", line)
	}
	return filepath.Join(r.dir, hex.EncodeToString(mac.Sum(nil)))
}

// Holds says whether these very changes on top of base were found clean.
func (r *Receipts) Holds(base string, changes []gitchange.Change) bool {
	if r == nil {
		return false
	}
	info, err := os.Lstat(r.file(base, changes))
	return err == nil && info.Mode().IsRegular() && time.Since(info.ModTime()) < fresh
}

// Add writes a receipt. That it cannot is no harm: the content is scanned again.
func (r *Receipts) Add(base string, changes []gitchange.Change) {
	if r == nil || os.MkdirAll(r.dir, 0o700) != nil {
		return
	}
	name := r.file(base, changes)
	file, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return
	}
	_ = file.Close()
	now := time.Now()
	_ = os.Chtimes(name, now, now) // it may be there from before
	r.prune()
}

// prune leaves the newest.
func (r *Receipts) prune() {
	entries, err := os.ReadDir(r.dir)
	if err != nil || len(entries) <= keep {
		return
	}
	var infos []os.FileInfo
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil {
			infos = append(infos, info)
		}
	}
	slices.SortFunc(infos, func(a, b os.FileInfo) int { return b.ModTime().Compare(a.ModTime()) })
	for i := keep / 2; i < len(infos); i++ {
		_ = os.Remove(filepath.Join(r.dir, infos[i].Name()))
	}
}

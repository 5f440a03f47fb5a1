package session

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/clawql/clawql-workbench/shared/fault"
)

func itoa(n int) string { return strconv.Itoa(n) }

// ControlName is the name of the control socket in a session's folder.
const ControlName = "control.sock"

// The other files of a session's folder. None of them holds a secret.
const (
	vaultName  = "vault.sock"
	lockName   = "lock"      // locked by front and supervisor while either lives
	recordName = "session"   // JSON of Record
	helperName = "token"     // link to this program, by which Vault's CLI asks for the token
	cliName    = "vault.hcl" // names the helper to Vault's CLI
)

// Record is what a session's folder says of it.
type Record struct {
	ID       string    `json:"id"`
	Project  string    `json:"project"`
	StateDir string    `json:"stateDir"`
	Started  time.Time `json:"started"`
	Ends     time.Time `json:"ends"` // by the wall clock; the boot clock decides
	Vault    process   `json:"vault"`
}

// process names a process beyond the reuse of its id.
type process struct {
	PID   int    `json:"pid"`
	Birth string `json:"birth"` // as the system tells it, "" unknown
}

// projectKey is the name of a project's folder: of fixed length, and it shows
// nothing of the path.
func projectKey(stateDir string) string {
	sum := sha256.Sum256([]byte(stateDir))
	return hex.EncodeToString(sum[:8])
}

// place makes and locks the folder of a new session. The lock is held as long
// as the returned file is open, also by a process that inherits it. The
// folders above it may be taken away by a session that ends just now, hence
// the repetition.
func place(base, stateDir string, uid int) (folder string, lock *os.File, err error) {
	for range 20 {
		if _, err = ownFolder(base, uid); err == nil {
			folder, lock, err = tryPlace(filepath.Join(base, projectKey(stateDir)), uid)
		}
		if !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	return folder, lock, err
}

func tryPlace(project string, uid int) (folder string, lock *os.File, err error) {
	if _, err := ownFolder(project, uid); err != nil {
		return "", nil, err
	}
	var name [4]byte
	if _, err := rand.Read(name[:]); err != nil {
		return "", nil, fault.Unable("naming the session: %w", err)
	}
	folder = filepath.Join(project, hex.EncodeToString(name[:]))
	if len(filepath.Join(folder, ControlName)) > longestSocket {
		return "", nil, fault.Unable("the path of a socket in %s would be longer than %d bytes", folder, longestSocket)
	}
	lock, err = lockedFile(folder + ".new")
	if err != nil {
		return "", nil, err
	}
	if err = os.Mkdir(folder, 0o700); err == nil {
		err = os.Rename(folder+".new", filepath.Join(folder, lockName))
	}
	if err != nil {
		lock.Close()
		os.Remove(folder + ".new")
		return "", nil, fault.Unable("making the session's folder: %w", err)
	}
	return folder, lock, nil
}

// lockedFile makes a file that is locked before it gets its name in a
// session's folder: a lock file there that nobody holds is one of the dead.
func lockedFile(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fault.Unable("making the session's folder: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		file.Close()
		os.Remove(path)
		return nil, fault.Unable("locking the session's folder: %w", err)
	}
	return file, nil
}

func writeRecord(folder string, r Record) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	temporary := filepath.Join(folder, recordName+".new")
	if err := os.WriteFile(temporary, text, 0o600); err != nil {
		return fault.Unable("writing the session's record: %w", err)
	}
	return os.Rename(temporary, filepath.Join(folder, recordName))
}

func readRecord(folder string) (Record, error) {
	var r Record
	text, err := os.ReadFile(filepath.Join(folder, recordName))
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal(text, &r)
}

// isHeld says whether a living process holds the folder's lock.
func isHeld(folder string) bool {
	held, _ := lockOf(folder)
	return held
}

// lockOf looks at a folder's lock once: whether it is there, and whether a
// living process holds it. What cannot be read counts as held.
func lockOf(folder string) (held, there bool) {
	lock, err := os.Open(filepath.Join(folder, lockName))
	if err != nil {
		return !errors.Is(err, fs.ErrNotExist), false
	}
	defer lock.Close()
	return syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil, true
}

// grace is how old a folder without a lock file must be to count as left
// behind: a session that is just being made has none for a moment.
const grace = 10 * time.Second

// sweep removes what killed sessions have left below base: dead sockets, and a
// Vault that outlived both of its guards. It never touches a held folder.
func sweep(base string, now time.Time) {
	folders, _ := filepath.Glob(filepath.Join(base, "*", "*"))
	for _, folder := range folders {
		info, err := os.Lstat(folder)
		if err != nil {
			continue
		}
		if !info.IsDir() {
			removeOld(folder, info, now)
			continue
		}
		held, there := lockOf(folder)
		if held || !there && now.Sub(info.ModTime()) < grace {
			continue
		}
		if left, err := readRecord(folder); err == nil {
			left.Vault.killIfSame()
		}
		removeFolder(folder)
	}
}

// removeOld takes a file away that a session left which was killed while it
// was being made.
func removeOld(path string, info fs.FileInfo, now time.Time) {
	if now.Sub(info.ModTime()) > grace {
		os.Remove(path)
	}
}

// removeFolder takes a session's folder away, and those above it when that was
// their last.
func removeFolder(folder string) {
	os.RemoveAll(folder)
	if project := filepath.Dir(folder); os.Remove(project) == nil {
		os.Remove(filepath.Dir(project))
	}
}

// killIfSame kills p if the process of that id is still the one that was
// recorded.
func (p process) killIfSame() {
	if p.PID > 1 && p.Birth != "" && birthOf(p.PID) == p.Birth {
		syscall.Kill(p.PID, syscall.SIGKILL)
	}
}

// sessionID is the last step of a session's folder.
func sessionID(folder string) string { return strings.TrimSpace(filepath.Base(folder)) }

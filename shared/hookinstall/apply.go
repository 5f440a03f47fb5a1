package hookinstall

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// Apply carries the plan out. Each file changes at once or not at all, and a
// journal tells the next run what was begun. When somebody else changed a file
// since Look, nothing more is done and the error names it.
func (p *Plan) Apply(ctx context.Context) error {
	s := p.site
	left := exists(s.inState("lock")) || exists(s.journalFile()+newSuffix) // by a run that was killed
	if len(p.Changes) > 0 || left {
		unlock, err := s.lock()
		if err != nil {
			return err
		}
		defer unlock()
		if s.Pending = exists(s.journalFile()); s.Pending {
			return fault.Unable("install: another run was cut off just now").Hint("run the command again")
		}
		if err := s.writeJournal(p); err != nil {
			return err
		}
		for _, c := range p.Changes {
			if err := errors.Join(ctx.Err(), act(c, p.site.isConfig(c.Path))); err != nil {
				return err
			}
		}
		if err := os.Remove(s.journalFile()); err != nil {
			return fault.Unable("end the journal: %w", err)
		}
	}
	if p.going {
		return s.sweep()
	}
	return nil
}

// lock keeps a second run out. It ends with the process.
func (s *Site) lock() (unlock func(), err error) {
	if err := os.MkdirAll(s.State, 0o755); err != nil {
		return nil, fault.Unable("make %s: %w", s.State, err)
	}
	s.handOver(s.State)
	file, err := os.OpenFile(s.inState("lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fault.Unable("lock %s: %w", s.State, err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		file.Close()
		return nil, fault.Unable("lock %s: another install or uninstall is at work", s.State)
	}
	_ = os.Remove(s.journalFile() + newSuffix) // of a run that was killed before it began
	return func() { os.Remove(file.Name()); file.Close() }, nil
}

// act makes one change, after a last look at what is there.
func act(c Change, config bool) error {
	now, err := readFile(c.Path)
	switch {
	case err != nil || now.equal(c.After):
		return err
	case !now.equal(c.Before):
		return moved(c.Path)
	case !c.After.There() && !config:
		if err := os.Remove(c.Path); err != nil {
			return fault.Unable("remove %s: %w", c.Path, err)
		}
		return nil
	}
	return write(c, config)
}

func moved(path string) error {
	return fault.Unable("change %s: somebody else changed it in between", path).Hint("run the command again")
}

// write puts a file in place by a rename.
func write(c Change, config bool) (err error) {
	if err := os.MkdirAll(filepath.Dir(c.Path), 0o755); err != nil {
		return fault.Unable("make %s: %w", filepath.Dir(c.Path), err)
	}
	half := c.Path + newSuffix
	_ = os.Remove(half) // of a run that was cut off
	if err = create(half, c.After); err == nil && config {
		return writeConfig(c, half)
	}
	if err == nil {
		err = os.Rename(half, c.Path)
	}
	if err != nil {
		_ = os.Remove(half)
		return fault.Unable("write %s: %w", c.Path, err)
	}
	return nil
}

// writeConfig takes the lock that git itself respects: a second name of the
// new file. Under it, the configuration is looked at once more.
func writeConfig(c Change, half string) error {
	lock := c.Path + ".lock"
	defer os.Remove(half)
	if err := os.Link(half, lock); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return fault.Unable("write %s: %s is there: git is at work, or was cut off", c.Path, lock)
		}
		return fault.Unable("lock %s: %w", c.Path, err)
	}
	defer os.Remove(lock)
	now, err := readFile(c.Path)
	switch {
	case err != nil:
		return err
	case !now.equal(c.Before):
		return moved(c.Path)
	case !c.After.There():
		err = os.Remove(c.Path)
	default:
		err = os.Rename(half, c.Path)
	}
	if err != nil {
		return fault.Unable("write %s: %w", c.Path, err)
	}
	return nil
}

const newSuffix = ".clawql-new"

// create writes a file durably; root gives it to whom the folder belongs to.
func create(path string, f File) (err error) {
	if f.Link != "" {
		return os.Symlink(f.Link, path)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err1 := file.Write(f.Data)
	err2, err3 := file.Chmod(f.Mode), file.Sync()
	if uid, gid, ok := owner(filepath.Dir(path)); ok && os.Geteuid() == 0 {
		err2 = errors.Join(err2, file.Chown(uid, gid))
	}
	return errors.Join(err1, err2, err3, file.Close())
}

func owner(path string) (uid, gid int, ok bool) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, 0, false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0, false
	}
	return int(stat.Uid), int(stat.Gid), true
}

func parent(path string) string { return filepath.Dir(path) }

// handOver gives a folder that root made to whom the one around it belongs to.
func (s *Site) handOver(path string) {
	if uid, gid, ok := owner(parent(path)); ok && os.Geteuid() == 0 {
		_ = os.Chown(path, uid, gid)
	}
}

// sweep removes our folders after an uninstall. A hook of somebody else that
// was put among ours stays.
func (s *Site) sweep() error {
	_ = os.Remove(s.inState("hooks"))
	if exists(s.inState("hooks")) {
		return nil
	}
	if err := os.RemoveAll(s.State); err != nil {
		return fault.Unable("remove %s: %w", s.State, err)
	}
	if s.ledger.MadeHooks {
		_ = os.Remove(s.plain()) // only where it is empty
	}
	if s.ledger.MadeState {
		_ = os.Remove(parent(s.State))
	}
	return nil
}

package cluster

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/clawql/clawql-workbench/testdata/sandbox/ledger"
	"github.com/clawql/clawql-workbench/testdata/sandbox/node"
)

// downLimit is how long everything may take to be gone.
const downLimit = 60 * time.Second

// A Down takes one sandbox off the machine. It needs nothing but the ledger, and asks nothing of
// the sandbox's own programs, so it works the same when they hang, or were killed.
type Down struct {
	Ledger *ledger.Ledger
}

// Run ends and removes everything that the ledger names, in the reverse order of its making;
// what is gone already is no error. The ledger goes last.
func (d *Down) Run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, downLimit)
	defer cancel()
	for _, step := range []func(context.Context) error{
		d.withdraw, d.processes, d.links, d.cgroups, d.mounts, d.folder,
	} {
		if err := step(ctx); err != nil {
			return fmt.Errorf("taking sandbox %s down: %w", d.Ledger.Name, err)
		}
	}
	d.Ledger.Keeper.Linger(3 * time.Second)
	return nil
}

// withdraw leaves a cluster that is not the sandbox's own as it was.
func (d *Down) withdraw(ctx context.Context) error { return withdraw(ctx, d.Ledger) }

// processes ends a `sandbox up` that is still at work, then the keeper and with it all others.
// The search for marked ones finds what was started and not yet written down.
func (d *Down) processes(ctx context.Context) error {
	if err := d.Ledger.Up.Kill(ctx); err != nil {
		return err
	}
	if err := d.Ledger.Keeper.Kill(ctx); err != nil {
		return err
	}
	for {
		left := ledger.Marked(d.Ledger.ID)
		if len(left) == 0 {
			return nil
		}
		for _, p := range left {
			if err := p.Kill(ctx); err != nil {
				return err
			}
		}
	}
}

func (d *Down) links(ctx context.Context) error {
	for _, link := range d.Ledger.Links {
		if err := node.DropLink(ctx, link); err != nil {
			return err
		}
	}
	return nil
}

func (d *Down) cgroups(ctx context.Context) error {
	for _, cgroup := range d.Ledger.Cgroups {
		if err := node.DropCgroup(ctx, cgroup); err != nil {
			return err
		}
	}
	return nil
}

// mounts takes off what is mounted below the folder as the host sees it. The sandbox mounts only
// inside its own namespace, so this finds nothing unless somebody else mounted there; deleting
// through a mount would be worse than looking twice.
func (d *Down) mounts(context.Context) error { return node.Unmount(d.Ledger.Dir) }

// folder removes the sandbox's files, the ledger as the last of them, and the way to them. The
// kernel drops the namespace's mounts a moment after its last process: hence the repetition.
func (d *Down) folder(ctx context.Context) error {
	if err := await(ctx, "the sandbox's files to go", func(context.Context) error { return empty(d.Ledger.Dir) }); err != nil {
		return err
	}
	if err := os.RemoveAll(d.Ledger.Dir); err != nil {
		return err
	}
	if d.Ledger.Symlink == "" {
		return nil
	}
	if err := os.Remove(d.Ledger.Symlink); err != nil && !os.IsNotExist(err) {
		return err
	}
	return nil
}

// empty removes all in dir but the ledger.
func empty(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	for _, e := range entries {
		if e.Name() == ledger.File {
			continue
		}
		if err := os.RemoveAll(dir + "/" + e.Name()); err != nil {
			return err
		}
	}
	return nil
}

// Sweep removes what an `up` leaves behind that was killed before its ledger was in place: the
// draft of the folder, or a link to a folder that was never made. Only this user's own.
func Sweep(name string) error {
	unlock, err := lockPlanning()
	if err != nil {
		return err
	}
	defer unlock()
	return sweep(name)
}

// sweep is Sweep for who holds the lock, without which it might take a living `up`'s draft.
func sweep(name string) error {
	usual := Folder(name)
	if err := ledger.RemoveDraft(usual); err != nil {
		return err
	}
	info, err := os.Lstat(usual)
	if err != nil || info.Mode().Type() != os.ModeSymlink {
		return nil
	}
	if _, err := os.Stat(usual); !os.IsNotExist(err) {
		return nil
	}
	return os.Remove(usual)
}

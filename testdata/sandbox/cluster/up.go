package cluster

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/clawql/clawql-workbench/testdata/sandbox/ledger"
	"github.com/clawql/clawql-workbench/testdata/sandbox/nest"
	"github.com/clawql/clawql-workbench/testdata/sandbox/node"
)

// upLimit is how long everything may take to be ready.
const upLimit = 180 * time.Second

// An Up starts one sandbox.
type Up struct {
	Name     string
	Dir      string // empty: Folder(Name)
	Mode     string // Real, Simulated or External; see ChooseMode
	Reason   string // of the mode
	Programs Programs
	Progress *Progress

	ledger *ledger.Ledger
	keeper nest.Client
	pause  string // the pause image's reference by digest
}

// Run starts everything and returns when the sandbox is ready to be deployed to. After an
// error, or when the context ends, it takes down what it had made.
func (u *Up) Run(ctx context.Context) (*ledger.Ledger, error) {
	ctx, cancel := context.WithTimeout(ctx, upLimit)
	defer cancel()
	if err := u.reserve(); err != nil {
		return nil, err
	}
	if err := u.start(ctx); err != nil {
		return nil, u.undo(err)
	}
	u.ledger.Ready, u.ledger.Up = true, ledger.Process{}
	return u.ledger, u.ledger.Save()
}

// reserve chooses ports, networks and names and writes them down, before anything is made.
func (u *Up) reserve() error {
	usual := Folder(u.Name)
	dir, err := filepath.Abs(cmp.Or(u.Dir, usual))
	if err != nil {
		return Usage("folder %q: %v", u.Dir, err)
	}
	unlock, err := lockPlanning()
	if err != nil {
		return err
	}
	defer unlock()
	if l, err := ledger.Load(usual); err == nil {
		return Usage("sandbox %q is there already, in %s: `sandbox down --name %s` ends it", u.Name, l.Dir, u.Name)
	} else if !errors.Is(err, ledger.ErrNone) {
		return err
	}
	l, err := plan(u.Name, dir, u.Mode)
	if err != nil {
		return err
	}
	l.ModeReason = u.Reason
	if l.Up, err = ledger.Identify(os.Getpid()); err != nil {
		return fmt.Errorf("identifying this process: %w", err)
	}
	if dir != usual {
		l.Symlink = usual
	}
	if err := sweep(u.Name); err != nil {
		return err
	}
	if l.Symlink != "" {
		if err := os.Symlink(dir, usual); err != nil {
			return fmt.Errorf("linking the sandbox's folder: %w", err)
		}
	}
	u.ledger, u.keeper = l, nest.Client{Dir: dir}
	return ledger.Create(l)
}

// undo takes down what a failed start has made, and keeps the words of the reason.
func (u *Up) undo(reason error) error {
	ctx, cancel := context.WithTimeout(context.Background(), downLimit)
	defer cancel()
	hint := u.lastWords()
	u.ledger.Up = ledger.Process{} // this process is not to be ended
	if err := (&Down{Ledger: u.ledger}).Run(ctx); err != nil {
		return errors.Join(reason, err)
	}
	return fmt.Errorf("%w%s", reason, hint)
}

// start makes things in the order in which they need one another; what can, runs at once.
func (u *Up) start(ctx context.Context) error {
	if err := u.ground(ctx); err != nil {
		return err
	}
	switch u.Mode {
	case External:
		if err := together(ctx, u.adopt, u.registry); err != nil {
			return err
		}
		return u.gateway(ctx)
	case Simulated:
		if err := together(ctx, u.controlPlane, u.registry); err != nil {
			return err
		}
		return together(ctx, u.simulatedNode, u.gateway)
	}
	if err := together(ctx, u.controlPlane, u.images); err != nil {
		return err
	}
	return together(ctx, u.node, u.gateway)
}

// ground makes the ground that everything stands on: certificates, bridge, cgroup, keeper.
func (u *Up) ground(ctx context.Context) error {
	l := u.ledger
	if err := os.MkdirAll(l.Path("logs"), 0o700); err != nil {
		return fmt.Errorf("making the folder of logs: %w", err)
	}
	if u.Mode != External {
		if err := writeIdentities(l, time.Now()); err != nil {
			return err
		}
	}
	if u.Mode == Real {
		if err := node.MakeBridge(ctx, l.Bridge, l.Network.Gateway+"/24", l.Network.ServiceIP+"/32"); err != nil {
			return err
		}
		if err := node.MakeCgroup(cgroupName(l)); err != nil {
			return err
		}
	}
	if err := u.launch(ctx); err != nil {
		return err
	}
	u.Progress.Done("ground", "%s, keeper %d", l.Dir, l.Keeper.PID)
	return nil
}

func (u *Up) launch(ctx context.Context) error {
	env := []string{"PATH=" + systemPath, "HOME=" + u.ledger.Dir, "TMPDIR=" + u.ledger.Dir, ledger.Marker + "=" + u.ledger.ID}
	pid, err := nest.Launch(u.Programs.Sandbox, u.ledger.Dir, u.Mode == Real, env)
	if err != nil {
		return err
	}
	if u.ledger.Keeper, err = ledger.Identify(pid); err != nil {
		return fmt.Errorf("the keeper ended at once (see %s): %w", u.ledger.Path("logs", "keeper.log"), err)
	}
	if err := u.ledger.Save(); err != nil {
		return err
	}
	return u.keeper.Await(ctx)
}

package demo

import (
	"context"
	"fmt"
	"time"
)

// act is one version of the play.
type act struct {
	version, says string
	faults        []string
	exit          int
}

var acts = []act{
	{"v1", "version 1: nothing serves yet", nil, 0},
	{"v2", "version 2 is good: it must be promoted", nil, 0},
	{"v3", "version 3 answers 500 from its 5th call: it must be rolled back", []string{"--fail-from", "5"}, 1},
}

// Play runs the demo. It ends with an error when a version did not end as it
// should. keep leaves the sandbox up.
func Play(ctx context.Context, s *Stage, keep bool) (err error) {
	s.keep = keep
	started := time.Now()
	s.title("a sandbox on this machine")
	if err := s.Up(ctx); err != nil {
		return fmt.Errorf("starting the sandbox: %w", err)
	}
	defer func() {
		if keep && err == nil {
			s.howToUse()
			return
		}
		if ended := s.Down(context.WithoutCancel(ctx)); err == nil {
			err = ended
		}
	}()
	if s.simulated() {
		return s.prologue(ctx)
	}
	rollback, err := s.acts(ctx)
	if err != nil {
		return err
	}
	return s.summary(ctx, rollback, time.Since(started))
}

func (s *Stage) acts(ctx context.Context) (rollback Abort, err error) {
	for i, a := range acts {
		if err := s.perform(ctx, a); err != nil {
			return rollback, err
		}
		if i == 0 {
			s.title("MCP clients: 200 calls a second, 2 % of them blocked by Panguard")
			if err := s.Traffic(ctx, "200", "2"); err != nil {
				return rollback, err
			}
		}
	}
	return s.Measure(ctx)
}

// perform deploys one version and wants the exit code that the play says.
func (s *Stage) perform(ctx context.Context, a act) error {
	image, err := s.Image(ctx, a.version, a.faults...)
	if err != nil {
		return err
	}
	if err := s.Commit(ctx, image, "Deploy "+a.version+" of the gateway", "20s"); err != nil {
		return err
	}
	s.title(a.says)
	fmt.Fprintln(s.Out, "$ kubectl clawql deploy production")
	code, err := s.Deploy(ctx, s.Out, s.Out)
	if err != nil {
		return err
	}
	if code != a.exit {
		return fmt.Errorf("deploying %s ended with exit code %d, not %d", a.version, code, a.exit)
	}
	fmt.Fprintf(s.Out, "exit code %d\n", code)
	return nil
}

// simulated says whether pods only seem to run: they answer no request, and a
// canary of them cannot be judged.
func (s *Stage) simulated() bool { return s.status.Mode == "simulated" }

// prologue is what of the play simulated pods can show: the first version.
func (s *Stage) prologue(ctx context.Context) error {
	if err := s.perform(ctx, acts[0]); err != nil {
		return err
	}
	s.title("here the demo ends: simulated pods answer no request")
	fmt.Fprintln(s.Out, "  shown      gates, plan, controls and a first version, on a real API server")
	fmt.Fprintln(s.Out, "  not shown  the canary: a good version promoted, a bad one rolled back")
	fmt.Fprintln(s.Out, "  next       make demo as root on Debian or Ubuntu, or KUBECONFIG=... of a cluster to try it on")
	return nil
}

func (s *Stage) summary(ctx context.Context, rollback Abort, total time.Duration) error {
	stats, err := s.Served(ctx)
	if err != nil {
		return err
	}
	s.title("summary")
	line := func(label, format string, args ...any) {
		fmt.Fprintf(s.Out, "  %-26s %s\n", label, fmt.Sprintf(format, args...))
	}
	line("version 2", "promoted")
	line("version 3", "rolled back")
	line("first 500 to weight 0", "%d ms, as the data plane saw it", rollback.Took().Milliseconds())
	line("requests served", "%d (%d blocked by Panguard)", rollback.Served, stats.Blocked)
	line("served badly", "%d", rollback.Bad)
	line("sessions", "%d opened, %d had to begin again", stats.SessionsOpened, stats.SessionsLost)
	line("the demo took", "%.0f s", total.Seconds())
	if !s.keep {
		fmt.Fprintln(s.Out, "\n  next: make demo KEEP=1 leaves this cluster up to play with; README.md says how to deploy your own")
	}
	if rollback.Bad == 0 || !rollback.Seen() {
		return fmt.Errorf("the rollback was not seen in the data plane: %+v", rollback)
	}
	return nil
}

func (s *Stage) title(text string) { fmt.Fprintf(s.Out, "\n== %s\n", text) }

func (s *Stage) howToUse() {
	fmt.Fprintf(s.Out, `
The sandbox stays up. To use it:
  export PATH=%s:$PATH KUBECONFIG=%s
  cd %s
  kubectl clawql deploy status production
  kubectl -n clawql get pods
  sandbox traffic stats --name %s
and to end it:
  sandbox down --name %s
`, s.Bin, s.status.Kubeconfig, s.repo, s.Name, s.Name)
}

package cmdline

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/urfave/cli/v2"

	"github.com/clawql/clawql-workbench/shared/console"
)

// stubborn makes this test binary a command that does not end when it is
// told to, as a rollback that waits for a dead API server.
const stubborn = "CMDLINE_TEST_STUBBORN"

func TestStubbornCommand(t *testing.T) {
	if os.Getenv(stubborn) == "" {
		t.Skip("runs as a child of TestSecondInterruptEndsAtOnce")
	}
	app := &cli.App{Name: "stubborn", Action: func(c *cli.Context) error {
		fmt.Println("ready")
		<-c.Context.Done()
		fmt.Println("cancelled")
		select {}
	}}
	os.Exit(Run(app, []string{"stubborn"}, console.Standard()))
}

func TestSecondInterruptEndsAtOnce(t *testing.T) {
	child := exec.Command(os.Args[0], "-test.run=^TestStubbornCommand$")
	child.Env = append(os.Environ(), stubborn+"=1")
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer child.Process.Kill()
	lines := bufio.NewScanner(out)
	for _, want := range []string{"ready", "cancelled"} {
		if !lines.Scan() || lines.Text() != want {
			t.Fatalf("the child says %q, want %q", lines.Text(), want)
		}
		if err := child.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
	}
	var ended *exec.ExitError
	if err := child.Wait(); !errors.As(err, &ended) {
		t.Fatalf("the child ended with %v", err)
	}
	if status := ended.Sys().(syscall.WaitStatus); !status.Signaled() || status.Signal() != syscall.SIGTERM {
		t.Errorf("the child ended with %v, want the interrupt itself (130 in a shell)", ended)
	}
}

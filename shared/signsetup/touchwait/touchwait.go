// Package touchwait stands between git and ssh-keygen (gpg.ssh.program). It
// runs ssh-keygen unchanged; while a signature takes long, it says that a
// security key waits for a touch, which git's own silence does not.
package touchwait

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"time"

	"github.com/clawql/clawql-workbench/shared/console"
)

// patience is how long a signature may take before a person is told. A key in
// a file takes some milliseconds, ssh-agent not much more.
const patience = 400 * time.Millisecond

// failed is what ssh-keygen itself ends with when it cannot sign.
const failed = 255

// Wanted says whether the command line is one that git gives to
// gpg.ssh.program: -Y sign, -Y verify, -Y find-principals, -Y check-novalidate.
func Wanted(args []string) bool { return len(args) > 1 && args[1] == "-Y" }

// Main does what ssh-keygen does with args, without the program's own name,
// and returns its exit code. The streams go to it as they are.
func Main(args []string, s console.Streams) int {
	program, err := find()
	if err != nil {
		fmt.Fprintf(s.Err, "git clawql-hooks: error: run ssh-keygen: %v\n", err)
		return failed
	}
	if len(args) < 2 || args[1] != "sign" {
		err := syscall.Exec(program, append([]string{"ssh-keygen"}, args...), os.Environ())
		fmt.Fprintf(s.Err, "git clawql-hooks: error: run %s: %v\n", program, err)
		return failed
	}
	return sign(program, args, s)
}

// find is the ssh-keygen on PATH, which must not be this program again.
func find() (string, error) {
	program, err := exec.LookPath("ssh-keygen")
	if err != nil {
		return "", errors.New("there is none on PATH; install openssh-client")
	}
	own, err := os.Executable()
	if err != nil {
		return "", err
	}
	mine, err1 := os.Stat(own)
	theirs, err2 := os.Stat(program)
	if err := errors.Join(err1, err2); err != nil {
		return "", err
	}
	if os.SameFile(mine, theirs) {
		return "", fmt.Errorf("%s is this program, not OpenSSH's", program)
	}
	return filepath.Abs(program)
}

func sign(program string, args []string, s console.Streams) int {
	runtime.LockOSThread() // a child's parent-death signal belongs to the thread
	child := exec.Command(program, args...)
	child.Stdin, child.Stdout, child.Stderr = s.In, s.Out, s.Err
	child.SysProcAttr = attributes()
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
	if err := child.Start(); err != nil {
		fmt.Fprintf(s.Err, "git clawql-hooks: error: run %s: %v\n", program, err)
		return failed
	}
	done := make(chan struct{})
	go attend(child.Process, signals, done, args)
	err := child.Wait()
	close(done)
	signal.Stop(signals)
	return outcome(child.ProcessState, err)
}

// attend passes signals on to the child, and speaks up once when it takes long.
func attend(child *os.Process, signals <-chan os.Signal, done <-chan struct{}, args []string) {
	late := time.After(patience)
	for {
		select {
		case got := <-signals:
			_ = child.Signal(got) // it may have ended meanwhile
		case <-late:
			if text := message(args); text != "" {
				tell(text)
			}
		case <-done:
			return
		}
	}
}

// outcome is the child's exit code; a signal that ended it ends us too.
func outcome(state *os.ProcessState, err error) int {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		signal.Reset(status.Signal())
		_ = syscall.Kill(os.Getpid(), status.Signal())
		return 128 + int(status.Signal())
	}
	if state.ExitCode() < 0 || err != nil && state.Success() {
		return failed
	}
	return state.ExitCode()
}

// keyFile is the value of -f.
func keyFile(args []string) string {
	if i := slices.Index(args, "-f"); i >= 0 && i+1 < len(args) {
		return args[i+1]
	}
	return ""
}

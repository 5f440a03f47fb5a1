package main

import (
	"errors"
	"os/exec"
	"syscall"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// firstDescriptor is that of the first file a program inherits beyond its
// three streams.
const firstDescriptor = 3

// become replaces this process by the program: nothing stays in between, so
// exit code, signals and terminal are its own.
func (r *runner) become() error {
	if err := r.moveFiles(); err != nil {
		return err
	}
	err := syscall.Exec(r.program, r.argv, r.environ)
	return r.cannotRun(err)
}

func (r *runner) cannotRun(err error) error {
	if errors.Is(err, syscall.E2BIG) {
		return fault.Usage("running %s: the values are too large for an environment", r.argv[0]).Hint("--as-file hands them over as files")
	}
	return fault.Unable("running %s: %w", r.argv[0], err)
}

// codeOf is the exit code, 128 and the signal's number where a signal ended it.
func codeOf(err error) (int, error) {
	var ended *exec.ExitError
	switch {
	case err == nil:
		return 0, nil
	case !errors.As(err, &ended):
		return 0, fault.Unable("waiting for the command: %w", err)
	}
	if status, ok := ended.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal()), nil
	}
	return ended.ExitCode(), nil
}

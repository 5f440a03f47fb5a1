package session

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/vault"
)

// prepare judges what can be judged before anything runs, and makes the
// session's folder. The lock of that folder is held until lock is closed here
// and in the supervisor.
func prepare(o Options) (p plan, lock *os.File, err error) {
	uid := os.Getuid()
	getenv := lookup(o.Environ)
	if err := checkRoot(uid, o.AllowRoot, inContainer()); err != nil {
		return p, nil, err
	}
	if err := CheckTTL(o.TTL); err != nil {
		return p, nil, err
	}
	if err := CheckStateDir(o.StateDir, uid); err != nil {
		return p, nil, err
	}
	p = plan{
		TTL: o.TTL, Environ: o.Environ, Project: o.Project, StateDir: o.StateDir, Policies: o.Policies, AuditFile: o.AuditFile,
		Interactive: o.Terminal.interactive(), Group: syscall.Getpgrp(),
	}
	if p.Argv, p.Program, err = commandOf(o.Command, getenv); err != nil {
		return p, nil, err
	}
	if p.Binary, err = vault.Find(getenv("PATH"), uid); err != nil {
		return p, nil, err
	}
	if p.Self, err = os.Executable(); err != nil {
		return p, nil, fault.Unable("finding this program: %w", err)
	}
	where, err := base(getenv, uid)
	if err != nil {
		return p, nil, err
	}
	sweep(where, time.Now())
	p.Folder, lock, err = place(where, o.StateDir, uid)
	return p, lock, err
}

// commandOf finds the program to run: that of the arguments, else the user's
// shell. PATH's empty and relative entries are passed over.
func commandOf(argv []string, getenv func(string) string) ([]string, string, error) {
	if len(argv) == 0 {
		shell := getenv("SHELL")
		if !filepath.IsAbs(shell) {
			shell = "/bin/sh"
		}
		argv = []string{shell}
	}
	if strings.Contains(argv[0], "/") {
		path, err := exec.LookPath(argv[0])
		if err != nil {
			return nil, "", fault.Usage("command %q cannot be run: %s", argv[0], reasonOnly(err))
		}
		absolute, err := filepath.Abs(path)
		return argv, absolute, err
	}
	for _, folder := range filepath.SplitList(getenv("PATH")) {
		candidate := filepath.Join(folder, argv[0])
		if info, err := os.Stat(candidate); filepath.IsAbs(folder) && err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return argv, candidate, nil
		}
	}
	return nil, "", fault.Usage("command %q is not on PATH", argv[0])
}

// reasonOnly drops the path that the error repeats.
func reasonOnly(err error) string {
	if inner, ok := err.(*exec.Error); ok {
		return inner.Err.Error()
	}
	return err.Error()
}

// lookup reads a variable of an environment; the last one of a name counts.
func lookup(environ []string) func(string) string {
	return func(name string) string {
		value := ""
		for _, each := range environ {
			if found, ok := strings.CutPrefix(each, name+"="); ok {
				value = found
			}
		}
		return value
	}
}

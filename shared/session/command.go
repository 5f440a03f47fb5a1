package session

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// open makes the session usable: control socket, the files for Vault's own
// CLI, the record, and then the command.
func (s *supervisor) open() error {
	if err := errors.Join(s.openVault(), s.listen()); err != nil {
		return err
	}
	if err := s.writeFiles(); err != nil {
		return err
	}
	return s.startCommand()
}

func (s *supervisor) writeFiles() error {
	if err := os.Symlink(s.plan.Self, s.path(helperName)); err != nil {
		return fault.Unable("writing into the session's folder: %w", err)
	}
	cli := fmt.Sprintf("token_helper = %s\n", strconv.Quote(s.path(helperName)))
	if err := os.WriteFile(s.path(cliName), []byte(cli), 0o600); err != nil {
		return fault.Unable("writing into the session's folder: %w", err)
	}
	return writeRecord(s.plan.Folder, Record{
		ID: sessionID(s.plan.Folder), Project: s.plan.Project, StateDir: s.plan.StateDir,
		Started: s.started, Ends: time.Now().Add(s.left()), Vault: s.serverProcess(),
	})
}

func (s *supervisor) serverProcess() process {
	return process{s.server.pid, birthOf(s.server.pid)}
}

// listen opens the control socket. The folder is 0700, so nobody else reaches
// the socket in the moment before its own mode is set.
func (s *supervisor) listen() error {
	listener, err := net.Listen("unix", s.path(ControlName))
	if err != nil {
		return fault.Unable("opening the control socket: %w", err)
	}
	if err := os.Chmod(s.path(ControlName), 0o600); err != nil {
		listener.Close()
		return fault.Unable("closing the control socket to others: %w", err)
	}
	s.control = s.controlServer()
	go s.control.Serve(listener)
	return nil
}

// startCommand starts the shell or command. Interactive, it leads a process
// group of its own that owns the terminal, so that ctrl-C and ctrl-Z are its
// own matter; else it stays in the front's group, as without a session.
func (s *supervisor) startCommand() error {
	attributes := &syscall.SysProcAttr{Setpgid: true, Pgid: s.plan.Group}
	if s.plan.Interactive {
		attributes = &syscall.SysProcAttr{Setpgid: true, Foreground: true, Ctty: 0}
	}
	command := &exec.Cmd{
		Path: s.plan.Program, Args: s.plan.Argv, Env: s.environment(), SysProcAttr: attributes,
		Stdin: s.streams.In, Stdout: s.streams.Out, Stderr: s.streams.Err,
	}
	dieWithParent(command, syscall.SIGHUP)
	if err := s.launch.start(command); err != nil {
		return fault.Unable("starting %s: %w", s.plan.Program, err)
	}
	s.command = command.Process.Pid
	s.front.send(message{Kind: sayStarted, Group: s.command, Vault: s.serverProcess(), Text: s.memory()})
	return nil
}

// environment is the command's: the caller's own, without what would lead to
// another Vault, and with the paths of this session. No token.
func (s *supervisor) environment() []string {
	address := "unix://" + s.path(vaultName)
	kept := withoutVault(s.plan.Environ)
	return append(kept, EnvSocket+"="+s.path(ControlName),
		EnvAddress+"="+address, "BAO_ADDR="+address,
		EnvConfig+"="+s.path(cliName), "BAO_CONFIG_PATH="+s.path(cliName))
}

// withoutVault drops VAULT_*, BAO_* and the socket of a session around this
// one.
func withoutVault(environ []string) []string {
	var kept []string
	for _, each := range environ {
		if !strings.HasPrefix(each, "VAULT_") && !strings.HasPrefix(each, "BAO_") && !strings.HasPrefix(each, EnvSocket+"=") {
			kept = append(kept, each)
		}
	}
	return kept
}

// memory says what keeps the secrets out of swap, "" when all is locked or
// there is no swap.
func (s *supervisor) memory() string {
	if s.locked && s.server.locked || !swapIsOn() {
		return ""
	}
	return "memory may not be locked here, and the machine swaps: secrets can reach the swap device"
}

// warnBefore are the moments before the end at which the person is told.
var warnBefore = []time.Duration{10 * time.Minute, time.Minute}

// warnings sends the text of each warning when it is due. A session that is
// shorter than a moment gets no warning for it.
func (s *supervisor) warnings() <-chan string {
	texts := make(chan string)
	for _, before := range warnBefore {
		if s.plan.TTL <= before {
			continue
		}
		if due, err := alarm(s.deadline - before); err == nil {
			go func() {
				<-due
				texts <- "this session ends in " + hours(before) + ", and its shell with it"
			}()
		}
	}
	return texts
}

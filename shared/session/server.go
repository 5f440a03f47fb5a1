package session

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/vault"
)

// bootTimeout is how long Vault may take to be ready for use; it takes a third
// of a second where nothing else runs.
const bootTimeout = 60 * time.Second

// server is the Vault process of a session.
type server struct {
	pid     int
	locked  bool   // its memory is
	version string // as it says, set before the control socket opens
	log     *lastLines
}

// bootResult is what comes of a boot.
type bootResult struct {
	ready *vault.Ready
	err   error
}

// boot starts Vault and brings it into use; the result comes on the channel.
func (s *supervisor) boot(ctx context.Context) (<-chan bootResult, error) {
	started, err := s.startVault()
	if err != nil {
		return nil, err
	}
	s.server = started
	booted := make(chan bootResult, 1)
	go func() {
		ready, err := s.bootstrap(ctx)
		booted <- bootResult{ready, err}
	}()
	return booted, nil
}

// startVault starts the server as a child that dies with this process. Its
// configuration comes on a descriptor: it is on no disk.
func (s *supervisor) startVault() (*server, error) {
	lock := mayLock() || mayLockBy(s.plan.Binary.Path)
	config := vault.Config{
		Socket: s.path(serverName), UID: os.Getuid(), GID: os.Getgid(), MaxTTL: s.plan.TTL, Mlock: lock,
	}
	file, err := memoryFile("vault-config", config.JSON())
	if err != nil {
		return nil, fault.Unable("handing Vault its configuration: %w", err)
	}
	defer file.Close()
	read, write, err := os.Pipe()
	if err != nil {
		return nil, fault.Unable("making a pipe for Vault's log: %w", err)
	}
	defer write.Close()
	command := &exec.Cmd{
		Path: s.plan.Binary.Path, Args: s.plan.Binary.Arguments(descriptorPath(3)), Env: s.plan.Binary.Environment(),
		Dir: "/", Stdout: write, Stderr: write, ExtraFiles: []*os.File{file},
		SysProcAttr: &syscall.SysProcAttr{Setpgid: true},
	}
	dieWithParent(command, syscall.SIGKILL)
	if err := s.launch.start(command); err != nil {
		read.Close()
		return nil, fault.Unable("starting %s: %w", s.plan.Binary.Path, err)
	}
	log := &lastLines{}
	go log.follow(read)
	return &server{pid: command.Process.Pid, locked: lock, log: log}, nil
}

// bootstrap waits for the server and furnishes it.
func (s *supervisor) bootstrap(ctx context.Context) (*vault.Ready, error) {
	client, err := vault.Open(s.path(serverName))
	if err != nil {
		return nil, err
	}
	version, err := client.Await(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.plan.Binary.CheckVersion(version); err != nil {
		return nil, err
	}
	s.server.version = version
	return client.Bootstrap(ctx, vault.Setup{TTL: s.left(), Policies: s.plan.Policies})
}

// left is the time until the session ends.
func (s *supervisor) left() time.Duration { return max(0, s.deadline-bootTime()) }

// serverEnded says that Vault ended without being asked to, with its last
// words.
func (s *supervisor) serverEnded(one change) (Reason, error) {
	s.server.log.settle()
	how := "exit code " + itoa(one.status.ExitStatus())
	if one.status.Signaled() {
		how = "signal " + one.status.Signal().String()
	}
	if s.vault == nil {
		err := fault.Unable("%s did not start (%s)", s.plan.Binary.Path, how)
		for _, line := range s.server.log.tail(3) {
			err = err.Hint("it says: %s", line)
		}
		return ByFailure, err
	}
	return ByVault, fault.Unable("the session's Vault ended unexpectedly (%s)", how).
		Hint("its secrets were in memory only and are gone; start a new session")
}

// revokeTimeout bounds the revocation at the end: Vault is killed anyway.
const revokeTimeout = 200 * time.Millisecond

// endVault revokes the tokens and kills the server.
func (s *supervisor) endVault(reason Reason) {
	if s.server == nil {
		return
	}
	if s.vault != nil && reason != ByVault {
		ctx, cancel := context.WithTimeout(context.Background(), revokeTimeout)
		s.vault.Command.RevokeSelf(ctx)
		s.vault.Keeper.RevokeSelf(ctx)
		cancel()
	}
	syscall.Kill(s.server.pid, syscall.SIGKILL)
}

// keptLines is how much of Vault's log is kept, in memory.
const keptLines = 40

// lastLines keeps the end of a log.
type lastLines struct {
	mutex sync.Mutex
	lines []string
	done  bool
}

func (l *lastLines) follow(from io.ReadCloser) {
	defer from.Close()
	scanner := bufio.NewScanner(from)
	for scanner.Scan() {
		l.add(scanner.Text())
	}
	l.mutex.Lock()
	l.done = true
	l.mutex.Unlock()
	io.Copy(io.Discard, from)
}

func (l *lastLines) add(line string) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if line = strings.TrimSpace(console.Clean(line)); line != "" {
		l.lines = append(l.lines, line)
	}
	l.lines = l.lines[max(0, len(l.lines)-keptLines):]
}

// settle waits a moment for the last lines of a process that has ended.
func (l *lastLines) settle() {
	for range 50 {
		l.mutex.Lock()
		done := l.done
		l.mutex.Unlock()
		if done {
			return
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func (l *lastLines) tail(n int) []string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return append([]string(nil), l.lines[max(0, len(l.lines)-n):]...)
}

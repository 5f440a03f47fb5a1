// Package demo plays the project's main job on a sandbox: a good version
// promoted, a bad one rolled back, and how fast. It drives the same commands
// that a person would type.
package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Stage is a sandbox that runs, and the repository on it.
type Stage struct {
	Bin    string // folder of the built programs
	Name   string // of the sandbox
	Source string // kustomize tree
	Out    io.Writer

	keep   bool
	repo   string
	status status
}

// status is what `sandbox status -o json` says, as far as it is needed.
type status struct {
	Mode       string
	ModeReason string
	Kubeconfig string
	Context    string
	Dir        string
	Gateway    struct{ URL, Admin string }
}

// Up starts the sandbox.
func (s *Stage) Up(ctx context.Context) error {
	if err := s.show(ctx, s.sandbox("up")); err != nil {
		return err
	}
	text, err := s.capture(ctx, s.sandbox("status", "-o", "json"))
	if err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(text), &s.status); err != nil {
		return fmt.Errorf("reading the sandbox's status: %w", err)
	}
	s.repo = filepath.Join(s.status.Dir, "repository")
	return nil
}

// Down ends it.
func (s *Stage) Down(ctx context.Context) error { return s.show(ctx, s.sandbox("down")) }

// Image builds and pushes a version of the stand-in gateway.
func (s *Stage) Image(ctx context.Context, version string, faults ...string) (string, error) {
	text, err := s.capture(ctx, s.sandbox("image", append([]string{"--version", version}, faults...)...))
	return strings.TrimSpace(text), err
}

// Commit makes the repository say image, signed and pushed.
func (s *Stage) Commit(ctx context.Context, image, message, window string) error {
	_, err := s.capture(ctx, s.sandbox("repo", "--repo-dir", s.repo, "--source", s.Source, "--image", image, "--message", message, "--window", window))
	return err
}

// Traffic starts MCP clients.
func (s *Stage) Traffic(ctx context.Context, rate, hostile string) error {
	_, err := s.capture(ctx, s.sandbox("traffic", "start", "--rate", rate, "--hostile", hostile))
	return err
}

// Stats are the clients' counts.
type Stats struct {
	Requests, OK, Blocked, HTTP500, HTTP5xx, SessionsLost, SessionsOpened int64
	P95ms                                                                 float64 `json:"p95Ms"`
}

// Served asks the clients for their counts.
func (s *Stage) Served(ctx context.Context) (stats Stats, err error) {
	text, err := s.capture(ctx, s.sandbox("traffic", "stats"))
	if err == nil {
		err = json.Unmarshal([]byte(text), &stats)
	}
	return stats, err
}

// Deploy runs `kubectl clawql deploy production` through the real kubectl and
// gives its exit code.
func (s *Stage) Deploy(ctx context.Context, out, errOut io.Writer) (int, error) {
	c := s.kubectl(ctx, "clawql", "deploy", "production")
	c.Dir, c.Stdout, c.Stderr = s.repo, out, errOut
	err := c.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode(), nil
	}
	return 0, err
}

func (s *Stage) kubectl(ctx context.Context, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, filepath.Join(s.Bin, "kubectl"), args...)
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) } // it rolls back
	c.WaitDelay = time.Minute
	c.Env = append(os.Environ(), "KUBECONFIG="+s.status.Kubeconfig, "PATH="+s.Bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	return c
}

func (s *Stage) sandbox(verb string, args ...string) []string {
	words := append([]string{verb}, args...)
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") { // traffic start
		words = append([]string{verb, args[0], "--name", s.Name}, args[1:]...)
	} else {
		words = append([]string{verb, "--name", s.Name}, args...)
	}
	return words
}

func (s *Stage) show(ctx context.Context, args []string) error {
	c := exec.CommandContext(ctx, filepath.Join(s.Bin, "sandbox"), args...)
	c.Stdout, c.Stderr = s.Out, s.Out
	return c.Run()
}

func (s *Stage) capture(ctx context.Context, args []string) (string, error) {
	var out, errOut bytes.Buffer
	c := exec.CommandContext(ctx, filepath.Join(s.Bin, "sandbox"), args...)
	c.Stdout, c.Stderr = &out, &errOut
	if err := c.Run(); err != nil {
		return "", fmt.Errorf("sandbox %s: %w\n%s", strings.Join(args, " "), err, errOut.String())
	}
	return out.String(), nil
}

// admin reads one of the data plane's own pages.
func (s *Stage) admin(ctx context.Context, method, page string, into any) error {
	request, err := http.NewRequestWithContext(ctx, method, s.status.Gateway.Admin+page, nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	return json.NewDecoder(answer.Body).Decode(into)
}

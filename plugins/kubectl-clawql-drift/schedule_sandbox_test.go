package main

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// scheduleSandbox is staging and production in one real cluster, with a node
// on which pods run.
type scheduleSandbox struct {
	*testing.T
	bin, kubeconfig, context string
	bridge, podCIDR          string
}

const scheduleSandboxName = "drift-schedule"

func newScheduleSandbox(t *testing.T) *scheduleSandbox {
	t.Helper()
	sandbox := os.Getenv("CLAWQL_SANDBOX")
	if sandbox == "" {
		if strings.Contains(os.Getenv("CLAWQL_REQUIRE"), "cluster") {
			t.Fatal("CLAWQL_REQUIRE asks for a cluster, but CLAWQL_SANDBOX names no sandbox binary")
		}
		t.Skip("needs a sandbox: make test-drift-changes")
	}
	s := &scheduleSandbox{T: t, bin: filepath.Dir(sandbox)}
	_ = exec.Command(sandbox, "down", "--name", scheduleSandboxName).Run() // of a run that was killed
	t.Cleanup(func() { _ = exec.Command(sandbox, "down", "--name", scheduleSandboxName).Run() })
	s.must("sandbox", "up", "--name", scheduleSandboxName)
	var status struct{ Kubeconfig, Context, Bridge, PodCIDR string }
	s.decode(s.must("sandbox", "status", "--name", scheduleSandboxName, "-o", "json"), &status)
	s.kubeconfig, s.context, s.bridge, s.podCIDR = status.Kubeconfig, status.Context, status.Bridge, status.PodCIDR
	t.Setenv("KUBECONFIG", s.kubeconfig)
	return s
}

func (s *scheduleSandbox) decode(text string, into any) {
	s.Helper()
	if err := json.Unmarshal([]byte(text), into); err != nil {
		s.Fatalf("%v: %s", err, text)
	}
}

// run gives what a program of bin/ says, and its exit code.
func (s *scheduleSandbox) run(program string, args ...string) (string, int) {
	s.Helper()
	c := exec.Command(filepath.Join(s.bin, program), args...)
	out, _ := c.CombinedOutput()
	return string(out), c.ProcessState.ExitCode()
}

func (s *scheduleSandbox) must(program string, args ...string) string {
	s.Helper()
	out, err := exec.Command(filepath.Join(s.bin, program), args...).Output()
	if err != nil {
		var ended *exec.ExitError
		if errors.As(err, &ended) {
			out = append(out, ended.Stderr...)
		}
		s.Fatalf("%s %s: %v\n%s", program, strings.Join(args, " "), err, out)
	}
	return string(out)
}

func (s *scheduleSandbox) kubectl(args ...string) string {
	s.Helper()
	return s.must("kubectl", args...)
}

// apply applies manifests as the cluster's owner.
func (s *scheduleSandbox) apply(manifests string) {
	s.Helper()
	c := exec.Command(filepath.Join(s.bin, "kubectl"), "apply", "--server-side", "--force-conflicts", "-f", "-")
	c.Stdin = strings.NewReader(manifests)
	if out, err := c.CombinedOutput(); err != nil {
		s.Fatalf("apply: %v\n%s", err, out)
	}
}

// expect runs the command, and wants its exit code and a text in what it says.
func (s *scheduleSandbox) expect(name string, exit int, want string, args ...string) string {
	s.Helper()
	out, code := s.run("kubectl-clawql-drift", args...)
	if code != exit || !strings.Contains(out, want) {
		s.Errorf("%s: exit %d, want %d and %q:\n%s", name, code, exit, want, out)
	}
	return out
}

func (s *scheduleSandbox) write(path, text string) {
	s.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		s.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		s.Fatal(err)
	}
}

// image makes the image of a release of what is in bin/, pushes it to the
// sandbox's registry, and gives its reference by digest.
func (s *scheduleSandbox) image(folder string) string {
	s.Helper()
	for from, to := range map[string]string{
		filepath.Join(s.bin, "kubectl-clawql-drift"): filepath.Join(folder, "linux", runtime.GOARCH, "kubectl-clawql-drift"),
		filepath.Join(s.bin, "ca-certificates.crt"):  filepath.Join(folder, "bin", "ca-certificates.crt"),
	} {
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			s.Fatal(err)
		}
		if err := os.Symlink(from, to); err != nil {
			s.Fatal(err)
		}
	}
	return strings.TrimSpace(s.must("sandbox", "image", "--name", scheduleSandboxName, "--version", "test",
		"--dockerfile", filepath.Join(filepath.Dir(s.bin), "plugins", "kubectl-clawql-drift", "image", "Dockerfile"),
		"--context", folder, "--repository", "clawql/kubectl-clawql-drift"))
}

// as gives a kubeconfig with nothing but the schedule's own token.
func (s *scheduleSandbox) as(dir string) string {
	s.Helper()
	var config map[string]any
	s.decode(s.kubectl("config", "view", "--raw", "--minify", "-o", "json"), &config)
	token := strings.TrimSpace(s.kubectl("-n", "clawql-drift", "create", "token", "clawql-drift"))
	for _, user := range config["users"].([]any) {
		user.(map[string]any)["user"] = map[string]any{"token": token}
	}
	written, err := json.Marshal(config)
	if err != nil {
		s.Fatal(err)
	}
	path := filepath.Join(dir, "token-kubeconfig")
	s.write(path, string(written))
	return path
}

// jobPods are the pods of one Job, as far as the tests ask.
type jobPods struct {
	Items []struct {
		Metadata struct{ Name string }
		Status   struct {
			ContainerStatuses []struct {
				State struct{ Terminated *struct{ ExitCode int } }
			}
		}
	}
}

// ended gives the pods that have, with their exit codes.
func (p jobPods) ended() map[string]int {
	all := map[string]int{}
	for _, one := range p.Items {
		for _, c := range one.Status.ContainerStatuses {
			if c.State.Terminated != nil {
				all[one.Metadata.Name] = c.State.Terminated.ExitCode
			}
		}
	}
	return all
}

// job starts a CronJob's Job now, waits for an answer, and gives the log and
// the exit code of the pod that gave it. Exit 3 is none, unless it is the one
// that is wanted: the Job then tries again, as on a machine under load.
func (s *scheduleSandbox) job(cronJob, name string, want int) (log string, exit int) {
	s.Helper()
	s.kubectl("-n", "clawql-drift", "create", "job", "--from=cronjob/"+cronJob, name)
	seen := map[string]bool{}
	for end := time.Now().Add(3 * time.Minute); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		var pods jobPods
		s.decode(s.kubectl("-n", "clawql-drift", "get", "pods", "-l", "job-name="+name, "-o", "json"), &pods)
		for pod, code := range pods.ended() {
			if seen[pod] {
				continue
			}
			seen[pod] = true
			log := s.kubectl("-n", "clawql-drift", "logs", pod)
			if code != 3 || want == 3 {
				return log, code
			}
			s.Logf("%s could not tell, and is tried again:\n%s", pod, log)
		}
	}
	s.Fatalf("job %s does not end\n%s", name, s.kubectl("-n", "clawql-drift", "get", "events"))
	return "", 0
}

// answers counts the pods of a Job that ended with an answer.
func (s *scheduleSandbox) answers(name string) (n int) {
	s.Helper()
	var pods jobPods
	s.decode(s.kubectl("-n", "clawql-drift", "get", "pods", "-l", "job-name="+name, "-o", "json"), &pods)
	for _, code := range pods.ended() {
		if code != 3 {
			n++
		}
	}
	return n
}

// must gives the value; an error is a fault of the test or its surroundings.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

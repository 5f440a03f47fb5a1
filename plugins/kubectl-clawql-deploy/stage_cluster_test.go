package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/clawql/clawql-workbench/shared/deploy"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// These tests run the built binaries against a real Kubernetes: the sandbox
// that CLAWQL_SANDBOX names. They fail without it when CLAWQL_REQUIRE asks
// for a cluster, and are skipped else.

const sandboxName = "deploytest"

// shared is the one sandbox of this package's tests.
var shared struct {
	once   sync.Once
	err    error
	status sandboxStatus
	images map[string]string
	mu     sync.Mutex
}

type sandboxStatus struct {
	Mode, Kubeconfig, Context string
	Gateway                   struct{ URL, Admin string }
}

func TestMain(m *testing.M) {
	code := m.Run()
	if shared.status.Kubeconfig != "" || shared.err != nil {
		if out, err := exec.Command(sandboxBinary(), "down", "--name", sandboxName).CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "sandbox down: %v\n%s", err, out)
			code = 1
		}
	}
	os.Exit(code)
}

func sandboxBinary() string { return os.Getenv("CLAWQL_SANDBOX") }

// stage is one test's own environment: namespace, host name, repository.
type stage struct {
	*testing.T
	bin, namespace, host, repo string
	kube                       kubernetes.Interface
}

func newStage(t *testing.T) *stage {
	t.Helper()
	if sandboxBinary() == "" {
		if strings.Contains(os.Getenv("CLAWQL_REQUIRE"), "cluster") {
			t.Fatal("CLAWQL_REQUIRE asks for a cluster, but CLAWQL_SANDBOX names no sandbox binary")
		}
		t.Skip("needs the sandbox: make test-cluster")
	}
	shared.once.Do(startSandbox)
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	id := strings.ToLower(rand.Text()[:8])
	s := &stage{T: t, bin: filepath.Dir(sandboxBinary()), namespace: "clawql-" + id, host: id + ".example.com", repo: filepath.Join(t.TempDir(), "repo")}
	config, err := clientcmd.BuildConfigFromFlags("", shared.status.Kubeconfig)
	s.must(err)
	s.kube, err = kubernetes.NewForConfig(config)
	s.must(err)
	t.Cleanup(s.remove)
	return s
}

func startSandbox() {
	_ = exec.Command(sandboxBinary(), "down", "--name", sandboxName).Run() // of a run that was killed
	if out, err := exec.Command(sandboxBinary(), "up", "--name", sandboxName).CombinedOutput(); err != nil {
		shared.err = fmt.Errorf("sandbox up: %w\n%s", err, out)
		return
	}
	out, err := exec.Command(sandboxBinary(), "status", "--name", sandboxName, "-o", "json").Output()
	if err == nil {
		err = json.Unmarshal(out, &shared.status)
	}
	shared.err, shared.images = err, map[string]string{}
}

func (s *stage) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *stage) remove() {
	_ = s.kube.CoreV1().Namespaces().Delete(context.Background(), s.namespace, metav1.DeleteOptions{})
}

func (s *stage) run(program string, args ...string) string {
	s.Helper()
	out, err := exec.Command(filepath.Join(s.bin, program), args...).CombinedOutput()
	if err != nil {
		s.Fatalf("%s %s: %v\n%s", program, strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// image builds a version of the gateway once for all tests.
func (s *stage) image(version string, faults ...string) string {
	s.Helper()
	shared.mu.Lock()
	defer shared.mu.Unlock()
	key := version + strings.Join(faults, " ")
	if shared.images[key] == "" {
		shared.images[key] = s.run("sandbox", append([]string{"image", "--name", sandboxName, "--version", version}, faults...)...)
	}
	return shared.images[key]
}

// commit makes the repository deploy image, signed and pushed.
func (s *stage) commit(image string, more ...string) {
	s.Helper()
	args := []string{"repo", "--name", sandboxName, "--repo-dir", s.repo, "--source", "../../testdata/repository", "--image", image,
		"--message", "Deploy " + image[len(image)-8:], "--namespace", s.namespace, "--hostname", s.host, "--window", "8s", "--weight", "25"}
	s.run("sandbox", append(args, more...)...)
}

// amend changes files of the repository and commits them, signed and pushed.
func (s *stage) amend(files map[string]func(string) string) {
	s.Helper()
	for name, change := range files {
		path := filepath.Join(s.repo, name)
		text, err := os.ReadFile(path)
		s.must(err)
		s.must(os.WriteFile(path, []byte(change(string(text))), 0o644))
	}
	s.git("commit", "-qam", "Change the overlay")
	s.git("push", "-q", "origin", "main")
}

func (s *stage) git(args ...string) string {
	s.Helper()
	c := exec.Command("git", args...)
	c.Dir = s.repo
	c.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
	out, err := c.CombinedOutput()
	if err != nil {
		s.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// ended is how a command ended.
type ended struct {
	code     int
	out, err string
}

func (e ended) String() string { return fmt.Sprintf("exit %d\n%s\n%s", e.code, e.out, e.err) }

// unwrapped is a screen's text without its line breaks.
func unwrapped(screen string) string { return strings.Join(strings.Fields(screen), " ") }

// command prepares `kubectl clawql deploy ...` through the real kubectl.
func (s *stage) command(args ...string) (*exec.Cmd, *bytes.Buffer, *bytes.Buffer) {
	c := exec.Command(filepath.Join(s.bin, "kubectl"), append([]string{"clawql", "deploy"}, args...)...)
	c.Dir = s.repo
	c.Env = append(os.Environ(), "KUBECONFIG="+shared.status.Kubeconfig, "PATH="+s.bin+":"+os.Getenv("PATH"))
	var out, errOut bytes.Buffer
	c.Stdout, c.Stderr = &out, &errOut
	return c, &out, &errOut
}

func (s *stage) deploy(args ...string) ended {
	c, out, errOut := s.command(args...)
	return s.wait(c, out, errOut, c.Start())
}

func (s *stage) wait(c *exec.Cmd, out, errOut *bytes.Buffer, started error) ended {
	s.Helper()
	s.must(started)
	err := c.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		s.Fatal(err)
	}
	return ended{c.ProcessState.ExitCode(), out.String(), errOut.String()}
}

// mustDeploy deploys production and wants exit code 0.
func (s *stage) mustDeploy() {
	s.Helper()
	if e := s.deploy("production"); e.code != 0 {
		s.Fatalf("deploying: %s", e)
	}
}

// serving deploys the first version and gives its image, with clients at work.
func (s *stage) serving() string {
	s.Helper()
	image := s.quiet()
	s.traffic("60")
	return image
}

// quiet deploys the first version and gives its image; no client calls.
func (s *stage) quiet() string {
	s.Helper()
	image := s.image("v1")
	s.commit(image)
	s.mustDeploy()
	return image
}

// traffic runs MCP clients against this test's host until the test ends.
func (s *stage) traffic(rate string) {
	s.Helper()
	c := exec.Command(sandboxBinary(), "traffic-run", "--url", shared.status.Gateway.URL+"/mcp", "--host", s.host, "--rate", rate, "--hostile", "2")
	s.must(c.Start())
	s.Cleanup(func() {
		_ = c.Process.Signal(syscall.SIGTERM)
		_ = c.Wait()
	})
}

// newest is the newest record, nil before the first.
func (s *stage) newest() *deploy.Record {
	list, err := s.kube.CoreV1().ConfigMaps(s.namespace).List(context.Background(), metav1.ListOptions{LabelSelector: "clawql.io/record=deploy"})
	s.must(err)
	var newest *deploy.Record
	for i := range list.Items {
		if r := s.record(&list.Items[i]); newest == nil || r.Number > newest.Number {
			newest = r
		}
	}
	return newest
}

func (s *stage) record(stored *corev1.ConfigMap) *deploy.Record {
	s.Helper()
	var r deploy.Record
	s.must(json.Unmarshal([]byte(stored.Data["record.json"]), &r))
	return &r
}

// weights are the backends of the route, as the API server holds them.
func (s *stage) weights() string {
	return s.kubectl("get", "httproute", "clawql-mcp-http", "-o", `jsonpath={range .spec.rules[*].backendRefs[*]}{.name}={.weight} {end}`)
}

func (s *stage) kubectl(args ...string) string {
	s.Helper()
	return s.run("kubectl", append([]string{"--kubeconfig", shared.status.Kubeconfig, "-n", s.namespace}, args...)...)
}

// served is the digest of every gateway pod that is not ending.
func (s *stage) served() map[string]int {
	pods, err := s.kube.CoreV1().Pods(s.namespace).List(context.Background(), metav1.ListOptions{LabelSelector: "clawql.io/gateway=clawql-mcp-http"})
	s.must(err)
	digests := map[string]int{}
	for _, pod := range pods.Items {
		if pod.DeletionTimestamp == nil {
			digests[pod.Spec.Containers[0].Image]++
		}
	}
	return digests
}

// settled wants the traffic at one version alone: the route without a canary,
// no canary Deployment, every pod of image.
func (s *stage) settled(image string) {
	s.Helper()
	if w := s.weights(); w != "clawql-mcp-http=100" {
		s.Errorf("weights are %q, want all at stable", w)
	}
	if left := s.kubectl("get", "deployment,service", "clawql-mcp-http-canary", "--ignore-not-found"); left != "" {
		s.Errorf("the canary is left behind: %s", left)
	}
	digests := s.served()
	if len(digests) != 1 || digests[image] == 0 {
		s.Errorf("pods run %v, want only %s", digests, image)
	}
}

// await polls until check holds.
func (s *stage) await(what string, limit time.Duration, check func() bool) {
	s.Helper()
	for deadline := time.Now().Add(limit); !check(); {
		if time.Now().After(deadline) {
			s.Fatalf("%s did not happen within %s", what, limit)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func setStickiness(t *testing.T, enabled bool) {
	t.Helper()
	request, err := http.NewRequest(http.MethodPut, shared.status.Gateway.Admin+"/stickiness", strings.NewReader(fmt.Sprintf(`{"enabled": %t}`, enabled)))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
}

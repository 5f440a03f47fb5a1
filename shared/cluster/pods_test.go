package cluster

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// gatewayPod starts one pod of CLAWQL_TEST_IMAGE, the sandbox's gateway.
func gatewayPod(t *testing.T, c *Cluster) Pod {
	t.Helper()
	image := os.Getenv("CLAWQL_TEST_IMAGE")
	if image == "" {
		if strings.Contains(os.Getenv("CLAWQL_REQUIRE"), "cluster") {
			t.Fatal("CLAWQL_REQUIRE asks for a cluster, but CLAWQL_TEST_IMAGE names no image")
		}
		t.Skip("needs an image: CLAWQL_TEST_IMAGE names the sandbox's gateway by digest")
	}
	_, err := c.Apply(context.Background(), &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Pod",
		"metadata": map[string]any{"name": "gw", "namespace": c.Namespace, "labels": map[string]any{"app": "gw"}},
		"spec": map[string]any{"terminationGracePeriodSeconds": int64(0), "containers": []any{map[string]any{"name": "gw", "image": image,
			"readinessProbe": map[string]any{"httpGet": map[string]any{"path": "/healthz", "port": int64(8080)}, "periodSeconds": int64(1)}}}}}}, false)
	must(t, err)
	var pod Pod
	soon(t, "the pod's readiness", func() bool {
		pods, err := c.Pods(context.Background(), map[string]string{"app": "gw"}, "gw")
		must(t, err)
		if len(pods) == 1 {
			pod = pods[0]
		}
		return pod.Ready
	})
	return pod
}

func TestPodIsReadAndReached(t *testing.T) {
	c := connect(t)
	pod := gatewayPod(t, c)
	if pod.Started.IsZero() || pod.Restarts != 0 || !strings.Contains(pod.Instance, "containerd://") || pod.Ending {
		t.Errorf("%+v", pod)
	}
	client := c.PodHTTP(pod.Name)
	defer client.CloseIdleConnections()
	started := runtime.NumGoroutine()
	for range 200 { // as many looks as some minutes of a canary
		answer, err := client.Get("http://pod:8080/metrics")
		must(t, err)
		body, err := io.ReadAll(answer.Body)
		must(t, err)
		must(t, answer.Body.Close())
		if !strings.Contains(string(body), "clawql_mcp_tool_calls_total") {
			t.Fatalf("metrics: %.200s", body)
		}
	}
	if grown := runtime.NumGoroutine() - started; grown > 20 {
		t.Errorf("%d goroutines more after 200 requests", grown)
	}
	if _, err := client.Get("http://pod:9/"); err == nil {
		t.Error("a port on which nothing listens answered")
	}
	client.CloseIdleConnections()
	soon(t, "the end of the connections", func() bool { return runtime.NumGoroutine() <= started+3 })
}

func TestLogIsFollowedUntilCancelled(t *testing.T) {
	c := connect(t)
	pod := gatewayPod(t, c)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	stream, err := c.Logs(ctx, pod.Name, "gw", time.Time{})
	must(t, err)
	defer stream.Close()
	line, err := bufio.NewReader(stream).ReadString('\n')
	must(t, err)
	if stamp, _, _ := strings.Cut(line, " "); !strings.HasPrefix(stamp, "20") {
		t.Errorf("a line without its time: %q", line)
	}
	cancel()
	ended := make(chan error, 1)
	go func() { _, err := io.Copy(io.Discard, stream); ended <- err }()
	select {
	case <-ended:
	case <-time.After(30 * time.Second):
		t.Error("the log goes on after its context has ended")
	}
	if _, err := c.Logs(context.Background(), "nobody", "gw", time.Time{}); err == nil {
		t.Error("the log of a pod that is not there")
	}
}

func TestRecordsHaveOneWriter(t *testing.T) {
	c, ctx := connect(t), context.Background()
	lock, _ := acquire(t, c, "a", alive, false)
	defer lock.Release()
	s, err := c.CreateRecord(ctx, 1, map[string]string{"record.json": "1"})
	must(t, err)
	if _, err := c.CreateRecord(ctx, 1, nil); err == nil {
		t.Error("a record was written twice")
	}
	// Somebody labels it, or an answer of ours is lost: the holder writes on.
	must(t, c.Patch(ctx, Ref{"v1", "ConfigMap", c.Namespace, "clawql-deploy-1"}, map[string]any{"metadata": map[string]any{"labels": map[string]any{"backup": "yes"}}}))
	s.Data = map[string]string{"record.json": "2"}
	must(t, c.UpdateRecord(ctx, lock, s))
	if s.object.Labels["backup"] != "yes" {
		t.Error("somebody's label was lost")
	}
	// Somebody deletes it: the holder writes it anew, and a successor finds it.
	must(t, c.Delete(ctx, Ref{"v1", "ConfigMap", c.Namespace, "clawql-deploy-1"}))
	must(t, c.UpdateRecord(ctx, lock, s))
	// Another holder wrote: the deposed one fails.
	stored, err := c.Records(ctx)
	must(t, err)
	other, _ := acquire(t, c, "b", gone, false)
	stored[0].Data = map[string]string{"record.json": "3"}
	must(t, c.UpdateRecord(ctx, other, stored[0]))
	if err := c.UpdateRecord(ctx, lock, s); !errors.Is(err, ErrDeposed) {
		t.Errorf("write of the deposed: %v", err)
	}
	other.Release() // that nobody holds it now makes the deposed no holder again
	if err := c.UpdateRecord(ctx, lock, s); !errors.Is(err, ErrDeposed) {
		t.Errorf("write of the deposed, after its successor ended: %v", err)
	}
	for _, number := range []int64{2, 10} {
		_, err := c.CreateRecord(ctx, number, nil)
		must(t, err)
	}
	all, err := c.Records(ctx)
	must(t, err)
	if len(all) != 3 || all[0].Number != 10 || all[2].Data["record.json"] != "3" {
		t.Errorf("%d records, newest %d, oldest %v", len(all), all[0].Number, all[2].Data)
	}
}

func TestStateBeforeIsKeptInASecret(t *testing.T) {
	c, ctx := connect(t), context.Background()
	if _, err := c.Kept(ctx, 1); err == nil {
		t.Error("read what was never kept")
	}
	must(t, c.Keep(ctx, 1, []byte("first")))
	must(t, c.Keep(ctx, 2, []byte("second")))
	if got, err := c.Kept(ctx, 2); err != nil || string(got) != "second" {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := c.Kept(ctx, 1); err == nil {
		t.Errorf("state of another deploy: %q", got)
	}
	must(t, c.DropKept(ctx, 1)) // of an earlier one: stays
	if _, err := c.Kept(ctx, 2); err != nil {
		t.Error(err)
	}
	must(t, c.DropKept(ctx, 2))
	if secret, err := c.Get(ctx, Ref{"v1", "Secret", c.Namespace, KeptName}); secret != nil || err != nil {
		t.Errorf("%v, %v", secret, err)
	}
}

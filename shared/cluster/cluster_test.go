package cluster

import (
	"context"
	"crypto/rand"
	"os"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/cli-runtime/pkg/genericclioptions"
)

// These tests write to a real API server: the one of CLAWQL_TEST_KUBECONFIG,
// which must have the Gateway API's CRDs. Without it they are skipped, and
// fail where CLAWQL_REQUIRE asks for a cluster.
func connect(t *testing.T) *Cluster {
	t.Helper()
	path := os.Getenv("CLAWQL_TEST_KUBECONFIG")
	if path == "" {
		if strings.Contains(os.Getenv("CLAWQL_REQUIRE"), "cluster") {
			t.Fatal("CLAWQL_REQUIRE asks for a cluster, but CLAWQL_TEST_KUBECONFIG names no kubeconfig")
		}
		t.Skip("needs a cluster: CLAWQL_TEST_KUBECONFIG names the kubeconfig of a sandbox")
	}
	flags := genericclioptions.NewConfigFlags(true)
	flags.KubeConfig = &path
	name, err := EffectiveContext(flags, "")
	must(t, err)
	namespace := "clawql-test-" + strings.ToLower(rand.Text()[:10])
	c, err := Connect(context.Background(), flags, "", Wanted{Context: name, Namespace: namespace})
	must(t, err)
	_, err = c.Apply(context.Background(), &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": namespace}}}, false)
	must(t, err)
	t.Cleanup(func() {
		_ = c.Delete(context.Background(), Ref{"v1", "Namespace", "", namespace})
	})
	return c
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func soon(t *testing.T, what string, happened func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if happened() {
			return
		}
	}
	t.Fatalf("%s did not happen within a minute", what)
}

func configMap(c *Cluster, name string, data map[string]any) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "ConfigMap",
		"metadata": map[string]any{"name": name, "namespace": c.Namespace}, "data": data}}
}

func TestApplyReadDelete(t *testing.T) {
	c, ctx := connect(t), context.Background()
	want := configMap(c, "settings", map[string]any{"a": "1", "b": "2"})
	ref := RefOf(want)

	dry, err := c.Apply(ctx, want, true)
	must(t, err)
	if dry.GetName() != "settings" {
		t.Errorf("dry run gave %v", dry)
	}
	if live, err := c.Get(ctx, ref); live != nil || err != nil {
		t.Fatalf("a dry run wrote: %v, %v", live, err)
	}
	_, err = c.Apply(ctx, want, false)
	must(t, err)
	// A field that is left out later is removed; another writer's stays.
	must(t, c.Patch(ctx, ref, map[string]any{"metadata": map[string]any{"labels": map[string]any{"team": "other"}}}))
	written, err := c.Apply(ctx, configMap(c, "settings", map[string]any{"a": "3"}), false)
	must(t, err)
	data, _, _ := unstructured.NestedStringMap(written.Object, "data")
	if len(data) != 1 || data["a"] != "3" || written.GetLabels()["team"] != "other" {
		t.Errorf("%v, labels %v", data, written.GetLabels())
	}
	must(t, c.Delete(ctx, ref))
	must(t, c.Delete(ctx, ref)) // gone already
	if live, err := c.Get(ctx, ref); live != nil || err != nil {
		t.Errorf("%v, %v", live, err)
	}
}

func TestApplyRefusesUnknownFieldsAndKinds(t *testing.T) {
	c, ctx := connect(t), context.Background()
	odd := configMap(c, "odd", nil)
	odd.Object["dta"] = map[string]any{"a": "1"}
	if _, err := c.Apply(ctx, odd, true); err == nil || !strings.Contains(err.Error(), "dta") {
		t.Errorf("unknown field: %v", err)
	}
	if err := c.Supports(Ref{"example.com/v1", "Nothing", c.Namespace, "x"}); err == nil || !strings.Contains(err.Error(), "no kind Nothing") {
		t.Errorf("unknown kind: %v", err)
	}
	must(t, c.Supports(RouteRef(c.Namespace, "x")))
}

func TestNamespaceThatIsBeingDeletedIsRefused(t *testing.T) {
	c, ctx := connect(t), context.Background()
	held := configMap(c, "held", nil)
	held.SetFinalizers([]string{"clawql.io/test"})
	_, err := c.Apply(ctx, held, false)
	must(t, err)
	must(t, c.Delete(ctx, Ref{"v1", "Namespace", "", c.Namespace}))
	if _, err := c.NamespaceExists(ctx); err == nil || !strings.Contains(err.Error(), "is being deleted since") {
		t.Errorf("%v", err)
	}
	must(t, c.Patch(ctx, RefOf(held), map[string]any{"metadata": map[string]any{"finalizers": nil}}))
	soon(t, "the namespace's end", func() bool { there, err := c.NamespaceExists(ctx); return !there && err == nil })
}

func TestWrongClusterIsRefused(t *testing.T) {
	c := connect(t)
	path := os.Getenv("CLAWQL_TEST_KUBECONFIG")
	flags := genericclioptions.NewConfigFlags(true)
	flags.KubeConfig = &path
	for name, want := range map[string]Wanted{
		"context": {Context: "other"},
		"cluster": {Context: c.Context, ClusterID: "00000000-0000-0000-0000-000000000000"},
	} {
		if _, err := Connect(context.Background(), flags, "", want); err == nil {
			t.Errorf("a wrong %s was accepted", name)
		}
	}
	id, err := c.ID(context.Background())
	must(t, err)
	if _, err := Connect(context.Background(), flags, "", Wanted{Context: c.Context, ClusterID: id}); err != nil {
		t.Errorf("the right cluster was refused: %v", err)
	}
	if _, err := EffectiveContext(flags, "nowhere"); err == nil {
		t.Error("a context that the kubeconfig lacks was accepted")
	}
}

package manifests

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// folder writes files given as name, content pairs.
func folder(t testing.TB, pairs ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i+1 < len(pairs); i += 2 {
		name := filepath.Join(dir, pairs[i])
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(pairs[i+1]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// whole keeps the objects as they are.
func whole(o *unstructured.Unstructured) (*unstructured.Unstructured, bool, error) {
	return o, true, nil
}

func read(dir string) (*Folder[*unstructured.Unstructured], error) {
	return NewReader(whole).Read(context.Background(), dir, nil)
}

const pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: %s, namespace: ns}\nspec: {terminationGracePeriodSeconds: 7}\n"

func TestRead(t *testing.T) {
	dir := folder(t,
		"b.yaml", "---\n"+fmt.Sprintf(pod, "b1")+"---\n# nothing\n---\n"+fmt.Sprintf(pod, "b2"),
		"a/list.yml", "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod, metadata: {name: l1}}\n- {apiVersion: v1, kind: PodList, items: [{apiVersion: v1, kind: Pod, metadata: {name: l2}}]}\n",
		"c.json", `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"j1"}} {"apiVersion":"v1","kind":"Pod","metadata":{"name":"j2"}}`,
		"vault/clawql-eso-read.hcl", `path "secret/*" { capabilities = ["read"] }`,
		"README.md", "# not read\n", ".git/config.yaml", "not: [read", "values.yaml", "replicas: 3\n", "list.yaml", "- 1\n", "empty.yaml", "",
	)
	got, err := read(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, o := range got.Objects {
		names = append(names, o.File+":"+o.Value.GetName())
	}
	if want := "a/list.yml:l1 a/list.yml:l2 b.yaml:b1 b.yaml:b2 c.json:j1 c.json:j2"; strings.Join(names, " ") != want {
		t.Errorf("%v", names)
	}
	if len(got.Policies) != 1 || !strings.Contains(got.Policies["clawql-eso-read"], "secret/*") {
		t.Errorf("%v", got.Policies)
	}
	if len(got.Skipped) != 2 || !strings.HasPrefix(got.Skipped[0], "list.yaml: ") || !strings.HasPrefix(got.Skipped[1], "values.yaml: ") {
		t.Errorf("%v", got.Skipped)
	}
	spec := got.Objects[2].Value.Object["spec"].(map[string]any)
	if _, whole := spec["terminationGracePeriodSeconds"].(int64); !whole {
		t.Errorf("%T is no whole number", spec["terminationGracePeriodSeconds"])
	}
}

// Nothing of these may end as a folder with less in it.
func TestWhatCannotBeReadIsAnError(t *testing.T) {
	for name, one := range map[string]struct {
		files []string
		says  string
		code  int
	}{
		"broken yaml":        {[]string{"x.yaml", "a: [1\n"}, "x.yaml", fault.CodeUnable},
		"broken second":      {[]string{"x.yaml", fmt.Sprintf(pod, "p") + "---\na: b: c\n"}, "x.yaml", fault.CodeUnable},
		"broken json":        {[]string{"x.json", `{"apiVersion":"v1",`}, "x.json", fault.CodeUnable},
		"template":           {[]string{"x.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: {{ .Name }}}\n"}, "x.yaml", fault.CodeUnable},
		"doubled key":        {[]string{"x.yaml", "apiVersion: v1\nkind: Pod\nkind: Secret\nmetadata: {name: x}\n"}, "line 3: a key stands twice", fault.CodeUnable},
		"doubled key, json":  {[]string{"x.json", `{"apiVersion":"v1","kind":"Pod","kind":"Secret","metadata":{"name":"x"}}`}, "a key stands twice", fault.CodeUnable},
		"doubled object":     {[]string{"x.yaml", fmt.Sprintf(pod, "p"), "y.yaml", fmt.Sprintf(pod, "p")}, "Pod ns/p stands in x.yaml and in y.yaml", fault.CodeUnable},
		"doubled policy":     {[]string{"a/p.hcl", "", "b/p.hcl", ""}, "Vault policy p", fault.CodeUnable},
		"no name":            {[]string{"x.yaml", "apiVersion: v1\nkind: Pod\n"}, "metadata.name", fault.CodeUnable},
		"namespace n":        {[]string{"x.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: x, namespace: n}\n"}, "no text", fault.CodeUnable},
		"half a manifest":    {[]string{"x.yaml", fmt.Sprintf(pod, "p") + "---\nkind: Pod\n"}, "lacks apiVersion", fault.CodeUnable},
		"item of a list":     {[]string{"x.yaml", "apiVersion: v1\nkind: List\nitems: [1]\n"}, "x.yaml", fault.CodeUnable},
		"kustomization":      {[]string{"kustomization.yaml", "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"}, "kustomization", fault.CodeUnable},
		"nothing to compare": {[]string{"README.md", ""}, "holds no", fault.CodeUnable},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := read(folder(t, one.files...))
			if fault.Code(err) != one.code || !strings.Contains(err.Error(), one.says) {
				t.Errorf("code %d: %v", fault.Code(err), err)
			}
		})
	}
	if _, err := read(filepath.Join(t.TempDir(), "none")); fault.Code(err) != fault.CodeUsage {
		t.Errorf("no folder: %v", err)
	}
}

func TestLinksStayInTheFolder(t *testing.T) {
	outside := folder(t, "secret.yaml", fmt.Sprintf(pod, "outside"))
	dir := folder(t, "real/p.yaml", fmt.Sprintf(pod, "inside"))
	link := func(to, name string) {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	link("real/p.yaml", "link.txt")
	if got, err := read(dir); err != nil || len(got.Objects) != 1 {
		t.Fatalf("%v", err)
	}
	for _, to := range []string{"real", outside} { // what it leads to would not be read
		link(to, "more")
		if _, err := read(dir); fault.Code(err) != fault.CodeUnable || !strings.Contains(err.Error(), "more is a link to a folder") {
			t.Errorf("a link to a folder: %v", err)
		}
		if err := os.Remove(filepath.Join(dir, "more")); err != nil {
			t.Fatal(err)
		}
	}
	link(filepath.Join(outside, "secret.yaml"), "out.yaml")
	if _, err := read(dir); fault.Code(err) != fault.CodeUnable || !strings.Contains(err.Error(), "out.yaml") {
		t.Errorf("a link to outside: %v", err)
	}
}

// An error of a parser does not carry a value with it.
func TestErrorsQuoteNoValue(t *testing.T) {
	const canary = "canary-4f9d1c"
	for _, text := range []string{
		"apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {a: " + canary + ", a: " + canary + "}\n",
		"apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  a: " + canary + "\n b: x\n",
		"apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {a: !!int " + canary + "}\n",
		"apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {a: *" + canary + "}\n",
		"apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {? [" + canary + "] : x}\n",
	} {
		_, err := read(folder(t, "s.yaml", text))
		if err == nil || strings.Contains(err.Error(), canary) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func FuzzReadYAML(f *testing.F) {
	f.Add([]byte(fmt.Sprintf(pod, "p")))
	f.Add([]byte("---\n{}\n---\n- 1\n"))
	f.Add([]byte("a: &a [*a]\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		list, err := NewReader(whole).readYAML(bytes.NewReader(text))
		if err != nil {
			return
		}
		for _, one := range list {
			o := one.value
			if o.GetName() == "" || o.GetKind() == "" || o.GetAPIVersion() == "" {
				t.Fatalf("%v", o)
			}
		}
	})
}

// A file that was cut or that grew behind the reader's back is noticed.
func TestAFileThatChangedIsNoticed(t *testing.T) {
	dir := folder(t, "x.yaml", "0123456789")
	file, err := os.OpenFile(filepath.Join(dir, "x.yaml"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	before, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if !asItWas(file, before) {
		t.Error("what stayed as it was is said to have changed")
	}
	for _, size := range []int64{4, 0, 11} {
		if err := file.Truncate(size); err != nil {
			t.Fatal(err)
		}
		if asItWas(file, before) {
			t.Errorf("%d bytes pass for 10", size)
		}
	}
}

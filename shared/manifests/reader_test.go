package manifests

import (
	"fmt"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// A text that both folders have is read once; one that differs in a letter is
// read for itself.
func TestOneTextIsReadOnce(t *testing.T) {
	var taken []string
	reader := NewReader(func(o *unstructured.Unstructured) (string, bool, error) {
		taken = append(taken, o.GetName())
		return o.GetName(), o.GetName() != "skip", nil
	})
	one := fmt.Sprintf(pod, "same") + "---\n" + fmt.Sprintf(pod, "a") + "---\n" + fmt.Sprintf(pod, "skip")
	other := fmt.Sprintf(pod, "same") + "---\n" + fmt.Sprintf(pod, "b") + "---\n" + fmt.Sprintf(pod, "skip")
	for _, step := range []struct{ text, objects, taken string }{
		{one, "[{same x.yaml} {a x.yaml}]", "[same a skip]"}, {other, "[{same x.yaml} {b x.yaml}]", "[same a skip b]"},
	} {
		got, err := reader.Read(t.Context(), folder(t, "x.yaml", step.text), nil)
		if err != nil || fmt.Sprint(got.Objects) != step.objects || fmt.Sprint(taken) != step.taken {
			t.Errorf("%v %v, taken %v", got, err, taken)
		}
	}
	if _, err := reader.Read(t.Context(), folder(t, "x.yaml", one, "y.yaml", fmt.Sprintf(pod, "skip")), nil); err == nil || !strings.Contains(err.Error(), "stands in x.yaml and in y.yaml") {
		t.Errorf("an object that is there twice and not kept: %v", err)
	}
}

// Of several files that cannot be read the first one is named, every time; a
// text that was refused once is refused again.
func TestTheFirstErrorIsTold(t *testing.T) {
	var files []string
	for i := range 40 {
		text := fmt.Sprintf(pod, fmt.Sprint("p", i))
		if i >= 7 {
			text = "a: [broken\n"
		}
		files = append(files, fmt.Sprintf("f%02d.yaml", i), text)
	}
	dir, reader := folder(t, files...), NewReader(whole)
	for range 20 {
		if _, err := reader.Read(t.Context(), dir, nil); fault.Code(err) != fault.CodeUnable || !strings.Contains(err.Error(), "f07.yaml") {
			t.Fatalf("%v", err)
		}
	}
}

// A document that would take the memory of twenty of its size is refused before
// it is read; a file of many documents may be larger.
func TestBoundsOfADocument(t *testing.T) {
	line := "  key: " + strings.Repeat("x", 1<<20) + "\n"
	small := func(name string) string {
		return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name + "}\ndata:\n" + line + "---\n"
	}
	var many strings.Builder
	for i := range maxDocument>>20 + 2 {
		many.WriteString(small(fmt.Sprint("c", i)))
	}
	if got, err := read(folder(t, "many.yaml", many.String())); err != nil || len(got.Objects) != maxDocument>>20+2 {
		t.Errorf("%v", err)
	}
	for name, text := range map[string]string{
		"large.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: large}\ndata:\n" + strings.Repeat(line, maxDocument>>20+1),
		"large.json": `{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "large"}, "data": {"a": "` + strings.Repeat("x", maxDocument) + `"}}`,
	} {
		if _, err := read(folder(t, name, text)); fault.Code(err) != fault.CodeUnable || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "larger than 32 MiB") {
			t.Errorf("%s: %.300v", name, err)
		}
	}
}

func TestProgress(t *testing.T) {
	var files []string
	for i := range 200 {
		files = append(files, fmt.Sprintf("f%03d.yaml", i), fmt.Sprintf(pod, fmt.Sprint("p", i)))
	}
	told := make(chan [2]int, 200)
	if _, err := NewReader(whole).Read(t.Context(), folder(t, files...), func(files, of int) { told <- [2]int{files, of} }); err != nil {
		t.Fatal(err)
	}
	if n := len(told); n != 3 { // after 64, 128 and 192
		t.Errorf("told %d times", n)
	}
	for range len(told) {
		if got := <-told; got[0]%64 != 0 || got[1] != 200 {
			t.Errorf("%v", got)
		}
	}
}

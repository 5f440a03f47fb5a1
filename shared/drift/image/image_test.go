package image

import (
	"fmt"
	"math/rand"
	"slices"
	"strings"
	"testing"

	"github.com/clawql/clawql-workbench/shared/finding"
)

var names = [2]string{"staging", "production"}

const (
	one = "sha256:1111111111111111111111111111111111111111111111111111111111111111"
	two = "sha256:2222222222222222222222222222222222222222222222222222222222222222"
)

func gateway(images ...string) Side {
	w := Workload{Object: finding.Object{APIVersion: "apps/v1", Kind: "Deployment", Namespace: "clawql", Name: "gateway"}}
	for i, image := range images {
		name := fmt.Sprint("c", i)
		w.Containers = append(w.Containers, Container{Place: `.spec.containers[name="` + name + `"].image`, Name: name, Image: image})
	}
	return Side{Workloads: []Workload{w}}
}

func running(image string, digests ...string) Side {
	s := gateway(image)
	s.Workloads[0].Containers[0].Runs = digests
	return s
}

func compare(t *testing.T, from, to Side) *Result {
	t.Helper()
	result, err := Compare(from, to, names)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// summary is each finding in one line.
func summary(r *Result) (lines []string) {
	for _, f := range r.Findings {
		lines = append(lines, fmt.Sprintf("%s %s: %s", f.Direction, f.Severity, about(f)))
	}
	return lines
}

func TestCompare(t *testing.T) {
	for _, test := range []struct {
		name     string
		from, to Side
		want     []string
		untold   int
	}{
		{"one digest", gateway("a.example/x@" + one), gateway("a.example/x@" + one), nil, 0},
		{"one digest, two registries", gateway("a.example/x:1@" + one), gateway("b.example/y@" + one), nil, 0},
		{"two digests under one tag", gateway("x:1@" + one), gateway("x:1@" + two), []string{"different warning: the digests differ of container c0"}, 0},
		{"a tag in from", gateway("ghcr.io/a/x:prod"), gateway("ghcr.io/a/x@" + one),
			[]string{"more-permissive high: another image pushed to ghcr.io/a/x:prod runs as c0"}, 0},
		{"a tag in to", gateway("ghcr.io/a/x@" + one), gateway("ghcr.io/a/x"),
			[]string{"stricter warning: another image pushed to ghcr.io/a/x:latest runs as c0"}, 0},
		{"a short name", gateway("nginx"), gateway("nginx@" + one),
			[]string{"more-permissive high: another image pushed to docker.io/library/nginx:latest runs as c0"}, 0},
		{"one tag, nothing known of pods", gateway("nginx"), gateway("docker.io/library/nginx:latest"), nil, 1},
		{"one tag, pods of one side", running("nginx", one), gateway("nginx"), nil, 1},
		{"one tag, one digest runs", running("nginx", one), running("nginx", one), nil, 0},
		{"one tag, two digests run", running("nginx", one), running("nginx", one, two),
			[]string{"different warning: one tag, but the pods run other digests of container c0"}, 0},
		{"two tags", gateway("nginx:1"), gateway("nginx:2"), []string{"different warning: the tags differ of container c0"}, 0},
		{"two repositories", gateway("a.example/x:1"), gateway("b.example/x:1"), []string{"different warning: the tags differ of container c0"}, 0},
		{"the second container", gateway("x@"+one, "y:1"), gateway("x@"+one, "y@"+two),
			[]string{"more-permissive high: another image pushed to docker.io/library/y:1 runs as c1"}, 0},
		{"a container that one side lacks", gateway("x@"+one, "y:1"), gateway("x@" + one), nil, 0},
		{"no reference", gateway("UPPER CASE"), gateway("x@" + one), nil, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			result := compare(t, test.from, test.to)
			if got := summary(result); !slices.Equal(got, test.want) {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
			if result.Untold != test.untold {
				t.Errorf("%d untold, want %d", result.Untold, test.untold)
			}
		})
	}
}

// What cannot be read is left to others, and what has been judged is not.
func TestJudged(t *testing.T) {
	object := gateway().Workloads[0].Object
	if got := compare(t, gateway("x@"+one), gateway("y@"+one)).Judged[object]; !slices.Equal(got, []string{`.spec.containers[name="c0"].image`}) {
		t.Errorf("judged %q", got)
	}
	for _, odd := range []string{"", "UPPER", "x@sha256:12", "x:", "x@md5:0123", "http://x/y"} {
		if got := compare(t, gateway(odd), gateway("y@"+one)).Judged[object]; got != nil {
			t.Errorf("%q: judged %q", odd, got)
		}
	}
}

// drawn is an image by chance, often one of few.
func drawn(r *rand.Rand) string {
	image := []string{"", "docker.io/", "ghcr.io/a/", "localhost:5000/", "a/", "docker.io/library/", "index.docker.io/", "Host/"}[r.Intn(8)] + []string{"x", "y/z", "x_y"}[r.Intn(3)]
	if r.Intn(2) == 0 {
		image += []string{":latest", ":1", ":v1.2-rc"}[r.Intn(3)]
	}
	if r.Intn(2) == 0 {
		image += "@" + []string{one, two}[r.Intn(2)]
	}
	return image
}

// about is what a finding speaks of, whichever side is which.
func about(f finding.Finding) string {
	if f.Witness != nil {
		return f.Witness.Text
	}
	return f.Explanation
}

func TestMetamorphic(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	directions := map[finding.Direction]int{}
	for range 10_000 {
		var a, b []string
		for range 1 + r.Intn(3) {
			a, b = append(a, drawn(r)), append(b, drawn(r))
		}
		from, to := gateway(a...), gateway(b...)
		if same := compare(t, from, from); len(same.Findings) > 0 {
			t.Fatalf("%q differs from itself: %q", a, summary(same))
		}
		there, back := compare(t, from, to), compare(t, to, from)
		flipped := map[string]finding.Direction{}
		for _, f := range back.Findings {
			flipped[about(f)] = f.Direction
		}
		for _, f := range there.Findings {
			directions[f.Direction]++
			if got := flipped[about(f)]; got != f.Direction.Flip() {
				t.Fatalf("%q %q: %s, swapped %q", a, b, f.Direction, got)
			}
		}
		if len(there.Findings) != len(back.Findings) || there.Untold != back.Untold {
			t.Fatalf("%q %q: %d findings, swapped %d", a, b, len(there.Findings), len(back.Findings))
		}
		// Pinning one image is never more permissive, and naming a tag never stricter.
		pinned := slices.Clone(a)
		bare, _, _ := strings.Cut(a[0], "@")
		pinned[0], a[0] = bare+"@"+one, bare
		for _, f := range compare(t, gateway(pinned...), gateway(a...)).Findings {
			if f.Direction != finding.Stricter {
				t.Fatalf("%q pinned to %q is %s", a, pinned, f.Direction)
			}
		}
	}
	for _, d := range []finding.Direction{finding.MorePermissive, finding.Stricter, finding.Different} {
		if directions[d] < 1000 {
			t.Errorf("only %d findings are %s", directions[d], d)
		}
	}
}

// Whatever the kubelet could pull, the two readers of references agree on.
func FuzzReaders(f *testing.F) {
	r := rand.New(rand.NewSource(2))
	for range 100 {
		f.Add(drawn(r))
	}
	f.Fuzz(func(t *testing.T, image string) {
		n, err := read(image)
		if err != nil {
			return
		}
		if got, want := Evaluate(image, Push{n.repository, n.tag}), n.tag != ""; got != want {
			t.Errorf("%q is %+v; a push of it changes what runs: %v", image, n, got)
		}
		if n.tag != "" && Evaluate(image, Push{n.repository + "x", n.tag}) || Evaluate(image, Push{n.repository, n.tag + "x"}) {
			t.Errorf("%q: another push changes what runs", image)
		}
	})
}

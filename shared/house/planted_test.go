package house

import (
	"strings"
	"testing"
)

// tree builds a graph from lines "path: import import"; a path without a dot
// in its first element belongs to this module.
func tree(lines ...string) graph {
	g := graph{}
	for _, line := range lines {
		name, imports, _ := strings.Cut(line, ":")
		one := &pkg{ImportPath: full(name), Name: name[strings.LastIndex(name, "/")+1:]}
		if strings.HasPrefix(name, "plugins/") {
			one.Name = "main"
		}
		for _, imported := range strings.Fields(imports) {
			one.Imports = append(one.Imports, full(imported))
		}
		g[one.ImportPath] = one
	}
	return g
}

func full(name string) string {
	if strings.HasPrefix(name, "shared") || strings.HasPrefix(name, "plugins") {
		return module + "/" + name
	}
	return name
}

func TestPlantedImportsAreFound(t *testing.T) {
	cases := []struct{ name, line, want string }{
		{"base imports pure", "shared/console: shared/canary", "imports go down only"},
		{"base imports an adapter", "shared/fault: shared/cluster", "imports go down only"},
		{"pure imports an adapter", "shared/canary: shared/signals", "imports go down only"},
		{"an adapter imports a gate", "shared/gitrepo: shared/changegate", "imports go down only"},
		{"an adapter imports the engine", "shared/cluster: shared/deploy", "imports go down only"},
		{"an adapter imports another", "shared/cluster: shared/signals", "adapters never import one another"},
		{"a gate imports another", "shared/changegate: shared/supplygate", "gates never import one another"},
		{"the engine imports a plugin", "shared/deploy: plugins/kubectl-clawql", "nobody imports the plugins"},
		{"a plugin imports another", "plugins/kubectl-clawql-deploy: plugins/kubectl-clawql", "nobody imports the plugins"},
		{"someone imports the house", "shared/deploy: shared/house", "nobody imports the tooling"},
		{"a pure package reads files", "shared/canary: os", "is pure and imports os"},
		{"a pure package runs programs", "shared/gate: os/exec", "is pure and imports os/exec"},
		{"a pure package speaks HTTP", "shared/posture: net/http", "is pure and imports net/http"},
		{"a pure package rolls dice", "shared/canary: math/rand/v2", "is pure and imports math/rand/v2"},
		{"a pure package reaches a client", "shared/posture: example.com/kit", "reaches example.com/kit -> k8s.io/client-go/rest"},
		{"no floor", "shared/novelty: fmt", "has no floor"},
		{"Go files in shared/", "shared: fmt", "holds Go files"},
		{"a bag", "shared/cluster/utils: fmt", "name a package for what it holds"},
		{"the front door links Kubernetes", "plugins/kubectl-clawql: shared/output example.com/kit", "plugins/kubectl-clawql -> example.com/kit -> k8s.io/client-go/rest"},
		{"the deploy links gitleaks", "plugins/kubectl-clawql-deploy: github.com/zricethezav/gitleaks/v8/detect", "gitleaks"},
		{"the hook links Kubernetes", "plugins/git-clawql-hooks: k8s.io/api/core/v1", "a hook costs less than a blink"},
		{"a product links testing", "plugins/clawql-workstation: testing", "links no test code"},
		{"a product imports test support", "shared/deploy: shared/gitrepo/gittest", "links no test code"},
		{"gitleaks outside its adapter", "shared/stagedscan: github.com/zricethezav/gitleaks/v8/config", "only shared/secretscan may"},
		{"the flags bridge outside kubectl plugins", "plugins/git-clawql-hooks: shared/kubeflags", "only plugins/kubectl-* may"},
	}
	for _, c := range cases {
		g := tree(c.line, "example.com/kit: k8s.io/client-go/rest", "k8s.io/client-go/rest: net/http")
		if found := strings.Join(importViolations(g), "\n"); !strings.Contains(found, c.want) {
			t.Errorf("%s: not found; the rules say %q", c.name, found)
		}
	}
}

func TestGoodImportsPass(t *testing.T) {
	g := tree(
		"plugins/kubectl-clawql-deploy: shared/cmdline shared/deploy shared/kubeflags",
		"plugins/kubectl-clawql: shared/output sigs.k8s.io/yaml os",
		"shared/deploy: shared/changegate shared/cluster shared/canary",
		"shared/changegate: shared/gitrepo shared/sshsign shared/gate",
		"shared/cluster: shared/fault k8s.io/client-go/rest os",
		"shared/cluster/wait: shared/cluster",
		"shared/gitrepo/gittest: testing shared/gitrepo",
		"shared/canary: shared/gate shared/fault math net/netip net/url",
		"shared/cmdline: shared/fault os",
	)
	for _, violation := range importViolations(g) {
		t.Error(violation)
	}
}

func TestPlantedHabitsAreFound(t *testing.T) {
	cases := []struct{ name, path, body, want string }{
		{"os.Exit below main", "shared/deploy", `import "os"; func f() { os.Exit(3) }`, "only a main ends the process"},
		{"log.Fatal", "shared/cluster", `import "log"; func f() { log.Fatal() }`, "only a main ends the process"},
		{"printing past the console", "plugins/kubectl-clawql", `import "fmt"; func f() { fmt.Println() }`, "streams come from console"},
		{"os.Stdout in an adapter", "shared/cluster", `import "os"; var w = os.Stdout`, "streams come from console"},
		{"a clock in a pure package", "shared/canary", `import "time"; func f() { _ = time.Now() }`, "gets its time as a value"},
		{"an init", "shared/cluster", "func init() {}", "func init"},
		{"no comment on a func", "shared/gate", "func Open() {}", "Open has no doc comment"},
		{"no comment on a method", "shared/gate", "// T is.\ntype T int\nfunc (t *T) Go() {}", "Go has no doc comment"},
		{"no comment on a type", "shared/gate", "type T int", "T has no doc comment"},
		{"no comment on a constant", "shared/gate", "const A = 1", "A has no doc comment"},
		{"a long file", "shared/gate", strings.Repeat("\n", longestFile+1), "more than 400"},
	}
	for _, c := range cases {
		found := judge(t, c.path, "package p\n"+c.body)
		if !strings.Contains(found, c.want) {
			t.Errorf("%s: not found; the rules say %q", c.name, found)
		}
	}
}

func TestGoodHabitsPass(t *testing.T) {
	cases := []struct{ path, body string }{
		{"plugins/kubectl-clawql", `import "os"; func main() { os.Exit(0) }`},
		{"shared/console", `import "os"; var w = os.Stdout`},
		{"shared/cluster", `import "time"; func f() { _ = time.Now() }`},
		{"shared/canary", `type clock struct{}; func (clock) Now() int { return 0 }; func f() { time := clock{}; _ = time.Now() }`},
		{"shared/gate", "// A and B.\nconst (\nA = 1\nB = 2 // two\n)\ntype t int\nfunc (t) Close() {}"},
	}
	for _, c := range cases {
		if found := judge(t, c.path, "package p\n"+c.body); found != "" {
			t.Errorf("%s\n%s", c.body, found)
		}
	}
}

func judge(t *testing.T, path, text string) string {
	t.Helper()
	one := &pkg{ImportPath: full(path), Name: "p"}
	if strings.HasPrefix(path, "plugins/") {
		one.Name = "main"
	}
	found, _, err := fileViolations(one, "x.go", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(found, "\n")
}

// Package house holds the rules of the house that a machine can check: which
// package may import which, what a binary may link, and a few habits of the
// source. The test runs them on this tree; each rule is also shown to find a
// violation that was planted. .golangci.yml says the import rules a second
// time, for editors.
package house

import (
	"path"
	"slices"
	"strings"
)

// module is the path of the product's module.
const module = "github.com/clawql/clawql-workbench"

// floor is a storey of the house. Imports go down only.
type floor int

// The floors, lowest first.
const (
	base floor = iota + 1
	pure
	adapters
	gates
	engine
	plugins
	tooling // tests of the house itself; nobody imports it
)

var floorNames = map[floor]string{
	base: "base", pure: "pure", adapters: "adapters", gates: "gates",
	engine: "engine", plugins: "plugins", tooling: "tooling",
}

func (f floor) String() string { return floorNames[f] }

// open says that packages of a floor may import one another. Adapters and
// gates may not: what two of them need belongs below, what joins them above.
func (f floor) open() bool { return f == base || f == pure || f == engine }

// floors gives each folder under shared/ its floor. A new one has to be
// entered here, and in .golangci.yml.
var floors = map[string]floor{
	"cmdline": base, "console": base, "fault": base, "nodump": base, "output": base, "project": base, "release": base,

	"canary": pure, "drift": pure, "driftfix": pure, "drifthistory": pure, "driftjob": pure, "finding": pure, "gate": pure, "livesecrets": pure, "posture": pure,
	"dotenv": pure, "redact": pure, "secretexception": pure,

	"agentthreat": adapters, "alert": adapters, "archive": adapters, "cluster": adapters, "clusterread": adapters, "driftstore": adapters, "gitchange": adapters, "gitrepo": adapters, "kubeflags": adapters, "livesession": adapters, "mcpclient": adapters,
	"manifests": adapters, "mcpprobe": adapters, "oracletest": adapters, "render": adapters, "secretscan": adapters, "signals": adapters,
	"sshsign": adapters, "supplychain": adapters, "typediff": adapters, "vault": adapters, "vaultinstall": adapters, "vaultread": adapters,

	"changegate": gates, "supplygate": gates,

	"commitguard": engine, "commitverify": engine, "signsetup": engine, "deploy": engine, "driftcheck": engine, "hookinstall": engine, "session": engine, "stagedscan": engine,

	"house": tooling,
}

// floorOf tells the floor and the component (the folder under shared/ or
// plugins/) of a package of this module; floor 0 is none.
func floorOf(importPath string) (floor, string) {
	parts := strings.Split(strings.TrimPrefix(importPath, module+"/"), "/")
	if len(parts) < 2 {
		return 0, importPath
	}
	component := path.Join(parts[0], parts[1])
	switch parts[0] {
	case "plugins":
		return plugins, component
	case "shared":
		return floors[parts[1]], component
	}
	return 0, component
}

// bannedNames say nothing about what a package holds.
var bannedNames = []string{"util", "utils", "common", "helper", "helpers", "misc", "lib", "shared", "base", "types"}

// linkRule bans packages from everything that a binary links.
type linkRule struct {
	binary string
	banned []string // import path prefixes
	except []string
	why    string
}

var linkRules = []linkRule{
	{"kubectl-clawql", []string{"k8s.io/", "sigs.k8s.io/", "helm.sh/", "github.com/zricethezav/gitleaks"}, []string{"sigs.k8s.io/yaml"}, "the front door starts in 2 ms"},
	{"kubectl-clawql-deploy", []string{"github.com/zricethezav/gitleaks", "github.com/hashicorp/vault"}, nil, "a deploy scans no secrets and needs no Vault"},
	{"git-clawql-hooks", []string{"k8s.io/", "helm.sh/", "github.com/hashicorp/vault"}, nil, "a hook costs less than a blink"},
	{"clawql-vault-session", []string{"k8s.io/", "helm.sh/"}, nil, "a session has no cluster"},
}

// testCode is imported by tests only. (Libraries are not asked: expfmt of
// Prometheus, for one, reaches "testing".)
var testCode = []string{"testing", "net/http/httptest", "github.com/rogpeppe/go-internal"}

// isTestSupport: a package whose name ends in "test" helps the tests of
// others, as httptest does. It may use test code, and no product package may
// import it.
func isTestSupport(importPath string) bool {
	return under(importPath, []string{module}) && strings.HasSuffix(importPath, "test")
}

// pureBans are what a package without I/O has no use for. The first list is
// matched on direct imports, with everything below; net/netip and net/url are
// values only.
var (
	pureBans       = []string{"os", "net", "syscall", "log", "io/ioutil", "path/filepath", "database/sql", "plugin", "math/rand", "crypto/rand", "golang.org/x/sys", "golang.org/x/term"}
	pureExceptions = []string{"net/netip", "net/url"}
	// pureNever may not be reached through any other package either: a
	// client, a registry, a repository.
	pureNever = []string{
		"k8s.io/client-go/kubernetes", "k8s.io/client-go/rest", "k8s.io/client-go/dynamic", "k8s.io/cli-runtime",
		"github.com/go-git/go-git", "github.com/google/go-containerregistry", "github.com/modelcontextprotocol", "github.com/hashicorp/vault",
	}
)

// gitleaks is for one package alone (and for tests): what it means is said
// there, in types of our own.
const gitleaks = "github.com/zricethezav/gitleaks"

// onlyFrom names packages that only some components may import.
var onlyFrom = map[string]string{
	module + "/shared/kubeflags": "plugins/kubectl-", // pflag bridge of cli-runtime
}

// under says whether importPath is one of prefixes or lies below it.
func under(importPath string, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(prefix string) bool {
		return importPath == prefix || strings.HasPrefix(importPath, strings.TrimSuffix(prefix, "/")+"/")
	})
}

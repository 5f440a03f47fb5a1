package project

import (
	"strings"
	"testing"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// wrong lists a mistake of each kind: what is added to the least file, and the
// beginning of the error.
var wrong = map[string]struct{ add, message string }{
	"gateway name":            {"gateway: {name: Bad_Name}", `clawql.yaml:8: gateway.name is "Bad_Name", but must be a Kubernetes name`},
	"gateway name too long":   {"gateway: {name: " + strings.Repeat("a", 51) + "}", "clawql.yaml:8: gateway.name"},
	"gateway port":            {"gateway: {port: 65536}", `clawql.yaml:8: gateway.port is "65536", but must be a port from 1 to 65535`},
	"gateway port negative":   {"gateway: {port: -1}", "clawql.yaml:8: gateway.port"},
	"gateway path":            {"gateway: {path: mcp}", `clawql.yaml:8: gateway.path is "mcp", but must be a path that begins with /`},
	"signers outside":         {"change: {allowedSigners: ../keys}", "clawql.yaml:8: change.allowedSigners"},
	"signers absolute":        {"change: {allowedSigners: /etc/keys}", "clawql.yaml:8: change.allowedSigners"},
	"signers hidden outside":  {"change: {allowedSigners: a/../../keys}", "clawql.yaml:8: change.allowedSigners"},
	"weight":                  {"canary: {weight: 51}", `clawql.yaml:8: canary.weight is "51", but must be from 1 to 50 percent`},
	"weight negative":         {"canary: {weight: -5}", "clawql.yaml:8: canary.weight"},
	"weight overflows":        {"canary: {weight: 4294967301}", "clawql.yaml: "},
	"weight as text":          {"canary: {weight: five}", "clawql.yaml: "},
	"window":                  {"canary: {window: 4s}", `clawql.yaml:8: canary.window is "4s", but must be at least 5s`},
	"window negative":         {"canary: {window: -30m}", "clawql.yaml:8: canary.window"},
	"window without unit":     {"canary: {window: 30}", "clawql.yaml: duration 30 is no text with a unit"},
	"window of nonsense":      {"canary: {window: soon}", `clawql.yaml: duration "soon" is not one such as 30m`},
	"replicas":                {"canary: {replicas: 101}", "clawql.yaml:8: canary.replicas"},
	"ready within":            {"canary: {readyWithin: -1s}", "clawql.yaml:8: canary.readyWithin"},
	"drain":                   {"canary: {drain: -1s}", "clawql.yaml:8: canary.drain"},
	"error line too short":    {"signals: {errors: {line: err}}", "clawql.yaml:8: signals.errors.line"},
	"image without name":      {"images:\n  - digest: sha256:aa", "clawql.yaml:9: images[0].name"},
	"image by tag":            {"images:\n  - {name: x, digest: latest}", `clawql.yaml:9: images[0].digest is "latest", but must be sha256: and 64 hex digits`},
	"image digest upper case": {"images:\n  - {name: x, digest: sha256:" + strings.Repeat("A", 64) + "}", "clawql.yaml:9: images[0].digest"},
	"egress CIDR":             {"network: {egress: [{cidr: 10.0.0.1, ports: [1]}]}", `clawql.yaml:8: network.egress[0].cidr is "10.0.0.1"`},
	"egress without ports":    {"network: {egress: [{cidr: 10.0.0.0/8, ports: []}]}", "clawql.yaml:8: network.egress[0].ports"},
	"egress port 0":           {"network: {egress: [{cidr: 10.0.0.0/8, ports: [443, 0]}]}", "clawql.yaml:8: network.egress[0].ports"},
	"egress port too high":    {"network: {egress: [{cidr: 10.0.0.0/8, ports: [70000]}]}", "clawql.yaml:8: network.egress[0].ports"},
	"exception no control":    {exception("control", ""), "clawql.yaml:9: exceptions[0].control"},
	"exception environment":   {exception("environment", "prod"), `clawql.yaml:10: exceptions[0].environment is "prod", but must be one of production`},
	"exception no reason":     {exception("reason", "because"), "clawql.yaml:11: exceptions[0].reason"},
	"exception blank reason":  {exception("reason", `"            "`), "clawql.yaml:11: exceptions[0].reason"},
	"exception no owner":      {exception("owner", `""`), "clawql.yaml:12: exceptions[0].owner"},
	"exception no expiry":     {strings.Replace(exception("", ""), "    expires: 2027-02-01\n", "", 1), "clawql.yaml:9: exceptions[0].expires"},
	"exception expiry":        {exception("expires", "never"), `clawql.yaml: date "never" is not of the form 2027-02-01`},
	"exception impossible":    {exception("expires", "2027-02-30"), `clawql.yaml: date "2027-02-30"`},
	"unknown field":           {"canary: {windw: 30m}", "clawql.yaml:8: unknown field canary.windw"},
	"unknown at the top":      {"canry: {}", "clawql.yaml:8: unknown field canry"},
	"unknown in a list":       {"images:\n  - {name: x, digst: y}", "clawql.yaml:9: unknown field images[0].digst"},
	"case differs":            {"canary: {Window: 30m}", "clawql.yaml:8: unknown field canary.Window"},
	"doubled field":           {"canary: {window: 30m, window: 1h}", "clawql.yaml: "},
	"doubled at the top":      {"kind: Project", "clawql.yaml: "},
	"second document":         {"---\nkind: Other", "clawql.yaml has 2 YAML documents"},
	"broken second document":  {"---\n{", "clawql.yaml has 2 YAML documents"},
	"a key of one dot":        {`".": 1`, "clawql.yaml:1: unknown field ."},
	"not YAML":                {"{", "clawql.yaml: "},
	"a list for a map":        {"gateway: [1]", "clawql.yaml: "},
}

// exception is a valid one with one field replaced.
func exception(field, value string) string {
	text := "exceptions:\n"
	for i, f := range [][2]string{{"control", "canary.window"}, {"environment", "production"}, {"reason", "a reason of some length"}, {"owner", "team"}, {"expires", "2027-02-01"}} {
		indent := "    "
		if i == 0 {
			indent = "  - "
		}
		if f[0] == field {
			f[1] = value
		}
		text += indent + f[0] + ": " + f[1] + "\n"
	}
	return text
}

func TestMistakes(t *testing.T) {
	for name, c := range wrong {
		t.Run(name, func(t *testing.T) {
			_, err := Parse([]byte(least + c.add + "\n"))
			if err == nil || !strings.HasPrefix(err.Error(), c.message) || fault.Code(err) != fault.CodeUsage {
				t.Errorf("%v (exit %d); want %q", err, fault.Code(err), c.message)
			}
		})
	}
}

var wrongEnvironment = map[string]struct{ from, to, message string }{
	"no context":        {"    context: prod-eu\n", "", `clawql.yaml:4: environments.production.context is ""`},
	"namespace":         {"namespace: clawql", "namespace: Claw/QL", "clawql.yaml:6: environments.production.namespace"},
	"overlay outside":   {"overlay: deploy/overlays/prod", "overlay: ../prod", "clawql.yaml:7: environments.production.overlay"},
	"overlay absolute":  {"overlay: deploy/overlays/prod", "overlay: /prod", "clawql.yaml:7: environments.production.overlay"},
	"environment name":  {"  production:", "  Production!:", "clawql.yaml:4: environments.Production!"},
	"no environment":    {least[strings.Index(least, "environments"):], "environments: {}\n", "clawql.yaml:3: environments is \"\", but must be at least one environment"},
	"other version":     {"v1alpha1", "v2", `clawql.yaml:1: apiVersion is "clawql.io/v2", but must be clawql.io/v1alpha1`},
	"other kind":        {"kind: Project", "kind: Projekt", "clawql.yaml:2: kind"},
	"unknown context":   {"context:", "contxt:", "clawql.yaml:5: unknown field environments.production.contxt"},
	"empty file":        {least, "", "clawql.yaml:1: apiVersion"},
	"a switch that off": {"    context:", "    disableGates: true\n    context:", "clawql.yaml:5: unknown field environments.production.disableGates"},
}

func TestMistakesInAnEnvironment(t *testing.T) {
	for name, c := range wrongEnvironment {
		t.Run(name, func(t *testing.T) {
			_, err := Parse([]byte(strings.Replace(least, c.from, c.to, 1)))
			if err == nil || !strings.HasPrefix(err.Error(), c.message) || fault.Code(err) != fault.CodeUsage {
				t.Errorf("%v; want %q", err, c.message)
			}
		})
	}
}

func TestTheNearestFieldIsProposed(t *testing.T) {
	for path, want := range map[string]string{
		"canary.windw": "window", "canary.Window": "window", "imges": "images", "images[0].digst": "digest",
		"environments.production.contxt": "context", "environments.x.traffic.gatway": "gateway", "exceptions[3].expire": "expires",
		"canary.zzzzzz": "", "nowhere.at.all": "", "": "", ".": "", "[0]": "", "canary.window.unit": "", "exceptions[0].expires.x": "",
	} {
		if got := nearestField(path); got != want {
			t.Errorf("%q: %q, want %q", path, got, want)
		}
	}
}

// No input makes Parse panic, and what it accepts obeys every rule.
func FuzzParse(f *testing.F) {
	f.Add(least)
	for _, c := range wrong {
		f.Add(least + c.add)
	}
	f.Add(least + signedException)
	f.Add("{\"\": 1, \".\": {\"[\": 2}}")
	f.Add("a: &x {b: *x}")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := Parse([]byte(text))
		if err != nil {
			if fault.Code(err) != fault.CodeUsage {
				t.Errorf("exit code %d for %v", fault.Code(err), err)
			}
			return
		}
		for _, c := range p.checks() {
			if !c.holds {
				t.Errorf("accepted although %s is %v", c.path, c.value)
			}
		}
	})
}

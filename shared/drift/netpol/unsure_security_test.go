package netpol

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/finding"
)

// What cannot be told is never equal.

func TestBrokenPoliciesAreErrors(t *testing.T) {
	broken := map[string]string{
		"an unknown operator":            webFrom(`{from: [{podSelector: {matchExpressions: [{key: a, operator: Like, values: [b]}]}}]}`),
		"In without values":              webFrom(`{from: [{podSelector: {matchExpressions: [{key: a, operator: In}]}}]}`),
		"Exists with values":             webFrom(`{from: [{podSelector: {matchExpressions: [{key: a, operator: Exists, values: [b]}]}}]}`),
		"a subject that cannot be read":  `{metadata: {name: x}, spec: {podSelector: {matchExpressions: [{key: a, operator: ''}]}}}`,
		"a peer of nobody":               webFrom(`{from: [{}]}`),
		"a peer of both kinds":           webFrom(`{from: [{podSelector: {}, ipBlock: {cidr: 10.0.0.0/8}}]}`),
		"no CIDR":                        webFrom(`{from: [{ipBlock: {cidr: 10.0.0.0}}]}`),
		"a CIDR with leading zeros":      webFrom(`{from: [{ipBlock: {cidr: 010.0.0.0/8}}]}`),
		"IPv4 dressed as IPv6":           webFrom(`{from: [{ipBlock: {cidr: '::ffff:10.0.0.0/104'}}]}`),
		"an exception outside its block": webFrom(`{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [11.0.0.0/16]}}]}`),
		"an exception above its block":   webFrom(`{from: [{ipBlock: {cidr: 10.1.0.0/16, except: [10.0.0.0/8]}}]}`),
		"an unknown protocol":            webFrom(`{ports: [{protocol: ICMP}]}`),
		"port 0":                         webFrom(`{ports: [{port: 0}]}`),
		"port 65536":                     webFrom(`{ports: [{port: 65536}]}`),
		"a range that ends early":        webFrom(`{ports: [{port: 80, endPort: 79}]}`),
		"a range from a name":            webFrom(`{ports: [{port: http, endPort: 79}]}`),
		"a range from nothing":           webFrom(`{ports: [{endPort: 79}]}`),
		"an unknown type":                `{metadata: {name: x}, spec: {podSelector: {}, policyTypes: [Both]}}`,
		"rules that are ignored, broken": `{metadata: {name: x}, spec: {podSelector: {}, policyTypes: [Ingress], egress: [{ports: [{port: 0}]}]}}`,
	}
	for name, text := range broken {
		for _, sides := range [][2]Side{{sideOf(t, text), sideOf(t)}, {sideOf(t), sideOf(t, text)}, {sideOf(t, text), sideOf(t, text)}} {
			result, err := Compare(sides[0], sides[1], Options{})
			if err == nil || fault.Code(err) != fault.CodeUnable || !strings.Contains(err.Error(), "NetworkPolicy shop/") {
				t.Errorf("%s: %v, %+v", name, err, result)
			}
		}
	}
}

func TestTwoPoliciesOfOneNameAreAnError(t *testing.T) {
	if _, err := Compare(sideOf(t, denyAll, denyIngress), sideOf(t), Options{}); err == nil {
		t.Error("which of the two counts?")
	}
}

func TestPoliciesWithoutNamespaceAreAnError(t *testing.T) {
	side := sideOf(t, denyAll)
	side.Policies[0].Namespace = ""
	if _, err := Compare(side, sideOf(t), Options{}); err == nil {
		t.Error("a policy of no namespace was taken for one that holds nobody")
	}
}

func TestBadWorldsAreErrors(t *testing.T) {
	for name, spoil := range map[string]func(*Side){
		"a workload without a name": func(s *Side) { s.Workloads[0].Name = "" },
		"a port of no protocol":     func(s *Side) { s.Workloads[0].Ports[0].Protocol = "tcp" },
		"a port above all":          func(s *Side) { s.Workloads[0].Ports[0].Number = 70000 },
	} {
		side := sideOf(t, denyAll)
		spoil(&side)
		if _, err := Compare(side, side, Options{}); err == nil {
			t.Errorf("%s passed", name)
		}
	}
	if _, err := Compare(sideOf(t), sideOf(t), Options{PodNetworks: make([]netip.Prefix, 1)}); err == nil {
		t.Error("a pod network that is none passed")
	}
}

// A hundred independent labels make 2^100 kinds of pods.
func TestBlowUpIsIncomplete(t *testing.T) {
	var a, b []string
	for i := range 100 {
		text := fmt.Sprintf(`{metadata: {name: p%d}, spec: {podSelector: {matchLabels: {key%d: x}}, policyTypes: [Ingress]}}`, i, i)
		a, b = append(a, text), append(b, text)
	}
	a = append(a, webFrom(`{}`))
	result, err := Compare(sideOf(t, a...), sideOf(t, b...), Options{})
	if err != nil || len(result.Incomplete) == 0 || !strings.Contains(result.Incomplete[0], "namespace shop") {
		t.Fatalf("%v %+v", err, result)
	}
	if finding.Judge(result.Findings, result.Incomplete) != finding.Incomplete {
		t.Error("a comparison that gave up was not called incomplete")
	}
}

// Existing workloads are compared beyond the bound too.
func TestBlowUpStillComparesWhatRuns(t *testing.T) {
	limits := Limits{Cells: 1, Pairs: 1000}
	result, err := Compare(sideOf(t), sideOf(t, denyAll, webFrom(`{ports: [{port: 80}]}`)), Options{Limits: limits})
	if err != nil || len(result.Incomplete) == 0 || len(result.Findings) == 0 {
		t.Errorf("%v %+v", err, result)
	}
}

func TestTooManyPairsIsIncomplete(t *testing.T) {
	result, err := Compare(sideOf(t), sideOf(t, denyAll), Options{Limits: Limits{Cells: 100, Pairs: 1}})
	if err != nil || len(result.Incomplete) == 0 {
		t.Errorf("%v %+v", err, result)
	}
}

// The check of a witness must be able to fail: a comparison that sees another
// world than the evaluator is caught.
func TestWitnessThatFailsItsCheckIsABug(t *testing.T) {
	e, err := prepare(sideOf(t), sideOf(t, denyAll), Options{})
	if err != nil {
		t.Fatal(err)
	}
	e.walk(e.classes(e.spaces(e.sides), pairUp(e.sides)))
	e.sides[to].Policies = nil // the evaluator reads these
	if _, err := e.findings(); !errors.Is(err, finding.ErrBug) || fault.Code(err) != fault.CodeUnable {
		t.Errorf("%v", err)
	}
}

func TestEvaluateDoesNotGuessAddresses(t *testing.T) {
	side := sideOf(t, webFrom(`{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}`))
	c := Connection{Src: Endpoint{Namespace: "shop"}, Dst: Endpoint{Namespace: "shop", Labels: map[string]string{"app": "web"}}, Protocol: "TCP", Port: 80}
	if v, err := Evaluate(side.Policies, c); err == nil {
		t.Errorf("a pod without address is judged by an ipBlock: %+v", v)
	}
}

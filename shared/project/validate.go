package project

import (
	"net/netip"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/clawql/clawql-workbench/shared/fault"
	"gopkg.in/yaml.v3"
)

var (
	digestForm = form(`^sha256:[a-f0-9]{64}$`)
	nameForm   = form(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`) // RFC 1123 label
)

// form compiles a regex when it is first used: a hook that reads no clawql.yaml
// starts without it.
func form(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}

// check is one rule: where it looks, whether it holds, and what is allowed.
type check struct {
	path  string
	holds bool
	value any
	allow string
}

func (p *Project) validate(root *yaml.Node) error {
	for _, c := range p.checks() {
		if !c.holds {
			return fault.Usage("%s:%d: %s is %q, but must be %s", FileName, lineOf(root, c.path), c.path, text(c.value), c.allow)
		}
	}
	return nil
}

func (p *Project) checks() []check {
	all := []check{
		{"apiVersion", p.APIVersion == APIVersion, p.APIVersion, APIVersion},
		{"kind", p.Kind == Kind, p.Kind, Kind},
		{"environments", len(p.Environments) > 0, "", "at least one environment"},
		{"gateway.name", nameForm().MatchString(p.Gateway.Name) && len(p.Gateway.Name) <= 50, p.Gateway.Name, "a Kubernetes name of at most 50 characters"},
		{"gateway.port", p.Gateway.Port > 0 && p.Gateway.Port < 65536, p.Gateway.Port, "a port from 1 to 65535"},
		{"gateway.path", strings.HasPrefix(p.Gateway.Path, "/"), p.Gateway.Path, "a path that begins with /"},
		{"change.allowedSigners", inside(p.Change.AllowedSigners), p.Change.AllowedSigners, "a path inside the repository"},
		{"canary.weight", p.Canary.Weight >= 1 && p.Canary.Weight <= 50, p.Canary.Weight, "from 1 to 50 percent"},
		{"canary.window", p.Canary.Window >= Duration(5*time.Second), p.Canary.Window, "at least 5s"},
		{"canary.replicas", p.Canary.Replicas >= 1 && p.Canary.Replicas <= 100, p.Canary.Replicas, "from 1 to 100"},
		{"canary.readyWithin", p.Canary.ReadyWithin > 0, p.Canary.ReadyWithin, "more than 0s"},
		{"canary.drain", p.Canary.Drain >= 0, p.Canary.Drain, "0s or more"},
		{"signals.errors.line", len(p.Signals.Errors.Line) >= 8, p.Signals.Errors.Line, "a line's beginning of at least 8 characters"},
	}
	for _, name := range p.EnvironmentNames() {
		all = append(all, environmentChecks("environments."+name, name, p.Environments[name])...)
	}
	for i, image := range p.Images {
		at := indexed("images", i)
		all = append(all, check{at + ".name", image.Name != "", image.Name, "the image name that the overlay uses"},
			check{at + ".digest", digestForm().MatchString(image.Digest), image.Digest, "sha256: and 64 hex digits"})
	}
	for i, egress := range p.Network.Egress {
		_, err := netip.ParsePrefix(egress.CIDR)
		all = append(all, check{indexed("network.egress", i) + ".cidr", err == nil, egress.CIDR, "a CIDR such as 203.0.113.0/24"},
			check{indexed("network.egress", i) + ".ports", portsHold(egress.Ports), egress.Ports, "at least one port, each from 1 to 65535"})
	}
	all = append(all, p.Signing.checks()...)
	all = append(all, p.hookChecks()...)
	all = append(all, p.Session.checks()...)
	all = append(all, p.Drift.checks()...)
	for i, e := range p.Exceptions {
		all = append(all, p.exceptionChecks(indexed("exceptions", i), e)...)
	}
	return all
}

func environmentChecks(at, name string, env Environment) []check {
	return append(env.Vault.checks(at+".vault"), []check{
		{at, nameForm().MatchString(name), name, "a name of lower-case letters, digits and dashes"},
		{at + ".context", env.Context != "", env.Context, "the kubeconfig context of this environment"},
		{at + ".namespace", nameForm().MatchString(env.Namespace), env.Namespace, "a Kubernetes namespace"},
		{at + ".overlay", env.Overlay != "" && inside(env.Overlay), env.Overlay, "a folder inside the repository"},
	}...)
}

func (p *Project) exceptionChecks(at string, e Exception) []check {
	_, known := p.Environments[e.Environment]
	return []check{
		{at + ".control", e.Control != "", e.Control, "the control that it weakens"},
		{at + ".environment", e.Environment == "" || known, e.Environment, "one of " + strings.Join(p.EnvironmentNames(), ", ")},
		{at + ".reason", len(strings.TrimSpace(e.Reason)) >= 10, e.Reason, "a reason of at least 10 characters"},
		{at + ".owner", e.Owner != "", e.Owner, "a person or team that answers for it"},
		{at + ".expires", !time.Time(e.Expires).IsZero(), "", "a date such as 2027-02-01"},
	}
}

func portsHold(ports []int32) bool {
	return len(ports) > 0 && !slices.ContainsFunc(ports, func(p int32) bool { return p < 1 || p > 65535 })
}

// inside says whether a slash path stays within the repository.
func inside(p string) bool {
	clean := path.Clean(p)
	return p != "" && !path.IsAbs(p) && clean != ".." && !strings.HasPrefix(clean, "../")
}

// WeakenedWithoutException lists canary settings that are weaker than the
// curriculum's 5 % for 30 minutes and that no exception covers.
func (p *Project) WeakenedWithoutException(environment string, now time.Time) error {
	if time.Duration(p.Canary.Window) < DefaultWindow && !p.Excepted(ControlWindow, environment, now) {
		return p.weakened(ControlWindow, p.Canary.Window.String(), "30m", environment, now)
	}
	if p.Canary.Weight != DefaultWeight && !p.Excepted(ControlWeight, environment, now) {
		return p.weakened(ControlWeight, text(p.Canary.Weight)+" %", "5 %", environment, now)
	}
	return nil
}

func (p *Project) weakened(control, value, strict, environment string, now time.Time) error {
	err := fault.Usage("%s: %s is %s; %s takes %s", FileName, control, value, environment, strict)
	for _, e := range p.Exceptions {
		if e.Control == control && e.covers(environment) && e.Expired(now) {
			return err.Hint("its exception expired on %s (owner %s): renew it by a reviewed commit, or remove the setting", e.Expires, e.Owner)
		}
	}
	return err.Hint("remove the setting, or record an exception: `exceptions: [{control: %s, reason: ..., owner: ..., expires: ...}]`", control)
}

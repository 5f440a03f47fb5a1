// Package project holds clawql.yaml: what it may say, its defaults, its
// checks, and every path and environment variable that the workbench knows.
package project

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// The one version of clawql.yaml that exists.
const (
	APIVersion = "clawql.io/v1alpha1"
	Kind       = "Project"
	FileName   = "clawql.yaml"
)

// Project is clawql.yaml. Nothing in it can switch a control off, only an
// entry of Exceptions can, and that one is printed at every deploy.
type Project struct {
	APIVersion   string                 `json:"apiVersion"`
	Kind         string                 `json:"kind"`
	Owner        string                 `json:"owner,omitempty"`
	Team         string                 `json:"team,omitempty"`
	Gateway      Gateway                `json:"gateway,omitempty"`
	Images       []Image                `json:"images,omitempty"`
	Change       Change                 `json:"change,omitempty"`
	Signing      *Signing               `json:"signing,omitempty"`
	Hooks        *Hooks                 `json:"hooks,omitempty"`
	Session      *Session               `json:"session,omitempty"`
	Drift        *Drift                 `json:"drift,omitempty"`
	Environments map[string]Environment `json:"environments"`
	Canary       Canary                 `json:"canary,omitempty"`
	Signals      Signals                `json:"signals,omitempty"`
	Network      Network                `json:"network,omitempty"`
	Exceptions   []Exception            `json:"exceptions,omitempty"`
}

// Gateway names the workload that the deploy command rolls out. Deployment,
// Service and container share one name, as in upstream's manifests.
type Gateway struct {
	Name string `json:"name,omitempty"` // default clawql-mcp-http
	Port int32  `json:"port,omitempty"` // container port of HTTP, default 8080
	Path string `json:"path,omitempty"` // of MCP, default /mcp
}

// Image maps an image name of the overlay to a digest, as kustomize's images do.
type Image struct {
	Name    string `json:"name"`
	NewName string `json:"newName,omitempty"`
	Digest  string `json:"digest"` // sha256:...
}

// Change says what makes a commit deployable.
type Change struct {
	ProtectedBranch string `json:"protectedBranch,omitempty"` // default main
	Remote          string `json:"remote,omitempty"`          // default origin
	AllowedSigners  string `json:"allowedSigners,omitempty"`  // path in the repository, default .clawql/allowed_signers
}

// Environment is one place to deploy to.
type Environment struct {
	Context   string  `json:"context"`
	ClusterID string  `json:"clusterID,omitempty"` // uid of namespace kube-system; a context's name is only local
	Namespace string  `json:"namespace"`
	Overlay   string  `json:"overlay"` // kustomize folder, from the repository's root
	Traffic   Traffic `json:"traffic,omitempty"`
	Vault     *Vault  `json:"vault,omitempty"`
}

// Traffic says how requests reach the gateway.
type Traffic struct {
	Gateway   GatewayRef `json:"gateway,omitempty"`   // Gateway API Gateway that the route attaches to
	Hostnames []string   `json:"hostnames,omitempty"` // of the HTTPRoute; none means every host
	Address   string     `json:"address,omitempty"`   // URL for probes; default: the Gateway's status address and listener port
}

// GatewayRef names a Gateway API Gateway.
type GatewayRef struct {
	Name        string `json:"name,omitempty"`
	Namespace   string `json:"namespace,omitempty"`
	SectionName string `json:"sectionName,omitempty"`
}

// Canary sets the observation. Values weaker than the defaults need an
// exception for canary.window or canary.weight.
type Canary struct {
	Weight      int32    `json:"weight,omitempty"`      // percent of new sessions, default 5
	Window      Duration `json:"window,omitempty"`      // covered time, default 30m
	Replicas    int32    `json:"replicas,omitempty"`    // canary pods, default 1
	ReadyWithin Duration `json:"readyWithin,omitempty"` // for new pods to become ready, default 10m
	Drain       Duration `json:"drain,omitempty"`       // for canary sessions to end after promotion, at most; default 330s
}

// Signals names what is read from each gateway pod.
type Signals struct {
	Requests MetricSignal `json:"requests,omitempty"`
	Blocks   MetricSignal `json:"blocks,omitempty"`
	Errors   LogSignal    `json:"errors,omitempty"`
}

// MetricSignal is a counter of the pod's /metrics; its series are summed.
type MetricSignal struct {
	Metric string            `json:"metric,omitempty"`
	Labels map[string]string `json:"labels,omitempty"` // only series that carry these
}

// LogSignal is a line of the pod's log that begins with Line.
type LogSignal struct {
	Line string `json:"line,omitempty"`
}

// Network widens the default-deny policies by what this project needs.
type Network struct {
	Monitoring string   `json:"monitoring,omitempty"` // namespace that may scrape /metrics, default monitoring
	Egress     []Egress `json:"egress,omitempty"`
}

// Egress is one destination that the gateway may open connections to.
type Egress struct {
	CIDR  string  `json:"cidr"`
	Ports []int32 `json:"ports"`
}

// Exception is the deliberate, recorded act that weakens one control.
type Exception struct {
	Control     string `json:"control"`
	Environment string `json:"environment,omitempty"` // empty: all
	Reason      string `json:"reason"`
	Owner       string `json:"owner"`
	Expires     Date   `json:"expires"` // the last day on which it holds, UTC
}

// Names of the controls that this package itself checks.
const (
	ControlWindow = "canary.window"
	ControlWeight = "canary.weight"
	ControlSticky = "sticky-sessions"
)

// Strictest values, from the curriculum's canary: 5 % of traffic, 30 minutes.
const (
	DefaultWeight = 5
	DefaultWindow = 30 * time.Minute
)

// setDefaults is the one place where defaults live.
func (p *Project) setDefaults() {
	fill(&p.Gateway.Name, "clawql-mcp-http")
	fill(&p.Gateway.Port, 8080)
	fill(&p.Gateway.Path, "/mcp")
	fill(&p.Change.ProtectedBranch, "main")
	fill(&p.Change.Remote, "origin")
	fill(&p.Change.AllowedSigners, ".clawql/allowed_signers")
	p.Signing.setDefaults()
	p.Drift.setDefaults()
	fill(&p.Canary.Weight, DefaultWeight)
	fill(&p.Canary.Window, Duration(DefaultWindow))
	fill(&p.Canary.Replicas, 1)
	fill(&p.Canary.ReadyWithin, Duration(10*time.Minute))
	fill(&p.Canary.Drain, Duration(330*time.Second))
	fill(&p.Signals.Requests.Metric, "clawql_mcp_tool_calls_total")
	fill(&p.Signals.Blocks.Metric, "clawql_atr_violations_total")
	fill(&p.Signals.Errors.Line, "[clawql-mcp-http] POST /mcp error:")
	fill(&p.Network.Monitoring, "monitoring")
	for name, env := range p.Environments {
		fill(&env.Traffic.Gateway.Name, "clawql")
		fill(&env.Traffic.Gateway.Namespace, "clawql-gateway")
		env.Vault.setDefaults()
		p.Environments[name] = env
	}
}

func fill[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// EnvironmentNames lists the environments in order.
func (p *Project) EnvironmentNames() []string {
	names := make([]string, 0, len(p.Environments))
	for name := range p.Environments {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// ActiveExceptions are those that hold in environment at now.
func (p *Project) ActiveExceptions(environment string, now time.Time) []Exception {
	var active []Exception
	for _, e := range p.Exceptions {
		if e.covers(environment) && !e.Expired(now) {
			active = append(active, e)
		}
	}
	return active
}

// Excepted says whether control is weakened in environment at now.
func (p *Project) Excepted(control, environment string, now time.Time) bool {
	return slices.ContainsFunc(p.ActiveExceptions(environment, now), func(e Exception) bool { return e.Control == control })
}

func (e Exception) covers(environment string) bool {
	return e.Environment == "" || e.Environment == environment
}

// Expired says whether the exception's last day is over.
func (e Exception) Expired(now time.Time) bool {
	return !now.Before(time.Time(e.Expires).AddDate(0, 0, 1))
}

// String is how a plan prints the exception.
func (e Exception) String() string {
	return fmt.Sprintf("%s: %s (%s, until %s)", e.Control, strings.TrimSpace(e.Reason), e.Owner, e.Expires)
}

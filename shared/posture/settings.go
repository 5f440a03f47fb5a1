package posture

import "strings"

// Labels and annotations of ours.
const (
	GatewayLabel    = "clawql.io/gateway" // the gateway's name, on stable and canary pods alike
	TrackLabel      = "clawql.io/track"   // stable or canary
	DeployLabel     = "clawql.io/deploy"  // number of the deploy
	TokenAnnotation = "clawql.io/service-account-token"
	SecurityConfig  = "clawql.io/security-config"

	Stable = "stable"
	Canary = "canary"
)

// Defaults of Settings.
const (
	DefaultGateway    = "clawql-mcp-http" // S
	DefaultStateDir   = "/var/lib/clawql" // ours
	DefaultMonitoring = "monitoring"      // C names the namespace so
	nonRoot           = int64(65532)      // S: distroless' nonroot
	graceSeconds      = int64(330)        // C
	preStopSeconds    = int64(5)          // ours: time for the data plane to take the pod out
	denyPolicy        = "default-deny"    // C
	allowPolicy       = "clawql-gateway-allow"
)

// Settings say what is deployed where. Empty Gateway, StateDir and
// MonitoringNamespace get the defaults above.
type Settings struct {
	Environment string // value of the label environment
	Namespace   string // the environment's namespace; required
	Gateway     string // name of the gateway's Deployment, Service and container

	Deploy  int64  // number of the deploy, from 1
	Version string // value of the label version; made a legal label value
	Owner   string // label owner, for objects that have none
	Team    string // label team, for objects that have none

	// IngressFrom are the pods that may reach the gateway's ports: those of the
	// data plane. A peer without any field means nobody, never everybody.
	IngressFrom []Peer
	// MonitoringNamespace may reach the port that serves /metrics.
	MonitoringNamespace string
	// Egress are destinations beside DNS and public HTTPS.
	Egress []EgressRule
	// ClosedEgress takes public HTTPS away: DNS and Egress only.
	ClosedEgress bool

	StateDir       string // absolute path in the container
	CanaryReplicas int64  // pods of the canary; below 1 means 1

	// Excepted says whether an exception for a control is in force. Nil: none.
	Excepted func(control string) bool
}

// Peer is a set of pods: those with PodLabels (all if empty) in the namespace
// called Namespace, or in namespaces with NamespaceLabels.
type Peer struct {
	Namespace       string
	NamespaceLabels map[string]string
	PodLabels       map[string]string
}

// EgressRule is a destination that the gateway may call: CIDR, or To.
// Protocol of a port is TCP unless it says UDP. No port means none.
type EgressRule struct {
	CIDR  string
	To    Peer
	Ports []Port
}

// Port of a destination, 1 to 65535.
type Port struct {
	Protocol string
	Number   int64
}

func (s Settings) withDefaults() Settings {
	for field, value := range map[*string]string{
		&s.Gateway: DefaultGateway, &s.StateDir: DefaultStateDir, &s.MonitoringNamespace: DefaultMonitoring,
	} {
		if *field == "" {
			*field = value
		}
	}
	if s.Excepted == nil {
		s.Excepted = func(string) bool { return false }
	}
	s.CanaryReplicas = max(s.CanaryReplicas, 1)
	return s
}

// CanaryName is the name of the canary's Deployment and Service, and the value
// of its pods' label app.
func (s Settings) CanaryName() string { return s.withDefaults().Gateway + "-canary" }

// labelValue makes text a legal label value: at most 63 of letters, digits,
// '-', '_' and '.', with a letter or digit at both ends.
func labelValue(text string) string {
	text = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.", r) {
			return r
		}
		return '-'
	}, text)
	return strings.Trim(text[:min(len(text), 63)], "-_.")
}

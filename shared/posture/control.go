package posture

// The controls. Their names stand in clawql.yaml's exceptions, in plans and in
// records, so they never change.
const (
	PodSecurity         = "pod-security"
	NetworkDefaultDeny  = "network-default-deny"
	NetworkAllowGateway = "network-allow-gateway"
	RunAsNonRoot        = "run-as-non-root"
	PrivilegeEscalation = "privilege-escalation"
	Capabilities        = "capabilities"
	Seccomp             = "seccomp"
	ReadOnlyRoot        = "read-only-root"
	ServiceAccountToken = "service-account-token"
	HostNamespaces      = "host-namespaces"
	LogLevel            = "log-level"
	Enforcement         = "enforcement"
	PanguardMode        = "panguard-mode"
	StateDir            = "state-dir"
	ImageDigest         = "image-digest"
	Labels              = "labels"
	Drain               = "drain"
)

// What no exception can lift, because without it a deploy makes no sense.
const (
	GatewayShape = "gateway"   // there is one gateway, and only its pods serve
	Namespaced   = "namespace" // every object lies in the environment's namespace
	Readable     = "readable"  // Kubernetes knows every field of every pod spec
)

// Control is one entry of the table of controls. Source is S (ClawQL's code,
// chart or overlay does it), C (the security curriculum asks for it) or ours.
type Control struct {
	ID     string `json:"id"`
	Source string `json:"source"`
	Text   string `json:"text"`
}

// Controls lists every control that an exception may name, in the order in
// which plans print them.
func Controls() []Control {
	return []Control{
		{PodSecurity, "C", "namespace labels: Pod Security restricted is enforced, audited and warned about"},
		{NetworkDefaultDeny, "C", "NetworkPolicy default-deny for every pod, both directions, and no policy that opens all"},
		{NetworkAllowGateway, "ours", "NetworkPolicy with what the gateway needs: its data plane, monitoring, DNS, public HTTPS"},
		{RunAsNonRoot, "C", "runAsNonRoot, no UID or GID 0; the gateway runs as 65532, as its image does (S)"},
		{PrivilegeEscalation, "C", "allowPrivilegeEscalation: false"},
		{Capabilities, "C", "all capabilities dropped; NET_BIND_SERVICE alone may be added"},
		{Seccomp, "C", "seccomp profile RuntimeDefault, or one of the node's own"},
		{ReadOnlyRoot, "ours", "read-only root file system, with a writable /tmp"},
		{ServiceAccountToken, "ours", "no service-account token unless the annotation " + TokenAnnotation + " gives a reason"},
		{HostNamespaces, "C", "no host PID, IPC, network, port or path, no docker.sock, nothing privileged"},
		{LogLevel, "C", "CLAWQL_LOG_LEVEL=info"},
		{Enforcement, "S", "no CLAWQL_ALLOW_NO_ENFORCEMENT, no debugger, no TLS without verification"},
		{PanguardMode, "S", "Panguard enforces, and fails closed; no proxy that only forwards"},
		{StateDir, "ours", "CLAWQL_HOME and CLAWQL_STATE_DIR are one place, on a volume of the pod's own"},
		{ImageDigest, "C", "every image by @sha256:"},
		{Labels, "C", "labels owner, team, version and environment"},
		{Drain, "C", "maxSurge 1, maxUnavailable 0, a short preStop and 330 s of grace, where unset"},
	}
}

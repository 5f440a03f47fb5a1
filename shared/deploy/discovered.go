package deploy

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"sigs.k8s.io/yaml"
)

// Text is a commented clawql.yaml of what was found.
func (d *Discovery) Text() string {
	var b strings.Builder
	b.WriteString(head)
	fmt.Fprintf(&b, "# Who answers for it: labels of every object. A guess from the last commit and\n# this folder's name; say what is true.\nowner: %s\nteam: %s\n\n", d.Owner, d.Team)
	fmt.Fprintf(&b, "gateway:\n  name: %s   # Deployment, Service and container of one name\n\n", scalar(d.Name))
	b.WriteString(d.imagesText())
	b.WriteString("environments:\n")
	for _, env := range d.Environments {
		b.WriteString(d.environmentText(env))
	}
	b.WriteString(tail)
	return b.String()
}

const head = `# What ` + "`kubectl clawql deploy`" + ` deploys, and where. It is read from the commit,
# never from the work tree. Nothing in it can switch a control off; an entry of
# exceptions can, and is printed at every deploy. No secret belongs here.
apiVersion: clawql.io/v1alpha1
kind: Project

`

const tail = `
# change:                                # defaults
#   protectedBranch: main
#   remote: origin
#   allowedSigners: .clawql/allowed_signers
# canary: {weight: 5, window: 30m, replicas: 1, readyWithin: 10m, drain: 330s}
# signals:                               # counters of the gateway's /metrics, and its log's error line
#   requests: {metric: clawql_mcp_tool_calls_total}
#   blocks:   {metric: clawql_atr_violations_total}
#   errors:   {line: "[clawql-mcp-http] POST /mcp error:"}
# network:
#   monitoring: monitoring               # namespace that may scrape /metrics
#   egress: [{cidr: 10.20.0.0/16, ports: [5432]}]   # beside DNS and public HTTPS
# exceptions:                            # the deliberate, recorded act
#   - {control: canary.window, reason: why it must be weaker, owner: who answers for it, expires: 2027-02-01}
`

func (d *Discovery) imagesText() string {
	var b strings.Builder
	b.WriteString("# Every image by digest; a tag is refused.\n")
	if len(d.Images) == 0 {
		b.WriteString("# images:\n")
	} else {
		b.WriteString("images:\n")
	}
	for _, i := range d.Images {
		fmt.Fprintf(&b, "  - name: %s\n    newName: %s\n    digest: %s\n", scalar(i.Name), scalar(i.NewName), scalar(i.Digest))
	}
	for _, name := range d.Unmapped {
		fmt.Fprintf(&b, "#  - name: %s          # the overlay names it by a tag\n#    newName: registry.example.com/%s\n#    digest: sha256:...\n", name, name)
	}
	return b.String() + "\n"
}

func (d *Discovery) environmentText(env FoundEnvironment) string {
	var b strings.Builder
	fmt.Fprintf(&b, "  %s:\n    context: %s   # kubeconfig context; another one is refused\n", env.Name, scalar(d.Context))
	if d.ClusterID != "" {
		fmt.Fprintf(&b, "    clusterID: %s   # uid of namespace kube-system\n", scalar(d.ClusterID))
	}
	fmt.Fprintf(&b, "    namespace: %s\n    overlay: %s\n", scalar(env.Namespace), scalar(env.Overlay))
	if d.Gateway.Name != "" {
		fmt.Fprintf(&b, "    traffic:\n      gateway: {name: %s, namespace: %s}\n", d.Gateway.Name, d.Gateway.Namespace)
	} else {
		fmt.Fprintf(&b, "    # %s\n    # traffic:\n    #   gateway: {name: clawql, namespace: clawql-gateway}\n", d.GatewayNote)
	}
	return b.String()
}

var plainScalar = regexp.MustCompile(`^[A-Za-z][-A-Za-z0-9._/@:]*[A-Za-z0-9]$`)

// scalar writes text so that YAML reads this very text: a context may be
// called 1234, on or "prod #2".
func scalar(text string) string {
	var back any
	if err := yaml.Unmarshal([]byte(text), &back); err == nil && back == text && plainScalar.MatchString(text) {
		return text
	}
	return strconv.Quote(text)
}

// Summary says in a few words what was found.
func (d *Discovery) Summary() []string {
	words := []string{"gateway " + d.Name}
	for _, env := range d.Environments {
		words = append(words, env.Name+" from "+env.Overlay)
	}
	return append(words, "context "+d.Context)
}

// NextSteps says what is still missing before a deploy.
func (d *Discovery) NextSteps() []string {
	var steps []string
	for _, name := range d.Unmapped {
		steps = append(steps, fmt.Sprintf("map image %s to a digest under images:", name))
	}
	if !d.Signers {
		steps = append(steps, `list who may sign: mkdir -p .clawql && echo "$(git config user.email) $(cat ~/.ssh/id_ed25519.pub)" >> .clawql/allowed_signers`)
	}
	steps = append(steps, "check owner and team")
	return append(steps, "commit clawql.yaml, signed, on the protected branch", "kubectl clawql deploy "+d.Environments[len(d.Environments)-1].Name+" --dry-run")
}

package main

import (
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/clawql/clawql-workbench/shared/clusterread"
	"github.com/clawql/clawql-workbench/shared/cmdline"
	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/urfave/cli/v2"
)

func rbacCommand() *cli.Command {
	return &cli.Command{
		Name: "rbac", Usage: "print the rights that a comparison needs on a side", ArgsUsage: "SIDE",
		Description: aboutRBAC,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "service-account", Usage: "`NAMESPACE/NAME` that gets the rights; default: clawql-drift in the side's namespace"},
			&cli.BoolFlag{Name: "no-secrets", Usage: "leave the Secrets out; a comparison is then incomplete"},
		},
		Action: printRights,
	}
}

const aboutRBAC = `
Asks the cluster which kinds it serves, and prints a ServiceAccount, a Role and a
ClusterRole with their bindings for ` + "`kubectl apply -f -`" + `: to list those kinds that
are compared, and to get the namespace. Nothing can be written with them. They
are for the kinds of today: print them anew when a CRD is added.

The right to list Secrets is in it, since their values are compared by hash.
`

// grant is what is printed.
type grant struct {
	namespace          string // of the side
	accountNamespace   string
	account            string
	namespaced, global []map[string]any // rules
}

func printRights(c *cli.Context) error {
	p, err := nearest()
	if err != nil {
		return err
	}
	s, err := parseSide("SIDE", c.Args().First(), p)
	if err != nil {
		return err
	}
	if s.namespace == "" {
		return fault.Usage("%s needs no rights: it is read from files", s.name).Hint("name an environment of clawql.yaml, or CONTEXT/NAMESPACE")
	}
	g := grant{namespace: s.namespace, accountNamespace: s.namespace, account: "clawql-drift"}
	if text := c.String("service-account"); text != "" {
		ns, name, split := strings.Cut(text, "/")
		if !split || ns == "" || name == "" || strings.Contains(name, "/") {
			return fault.Usage("--service-account %q is none; write NAMESPACE/NAME", text)
		}
		g.accountNamespace, g.account = ns, name
	}
	rights, incomplete, err := clusterread.Kinds(c.Context, clusterread.Source{Kubeconfig: c.String("kubeconfig"), Context: s.context, Namespaces: []string{s.namespace}})
	if err != nil {
		return err
	}
	g.rules(rights, c.Bool("no-secrets"))
	text, err := g.manifests()
	if err != nil {
		return err
	}
	for _, one := range incomplete {
		text = "# missing: " + console.Clean(one) + "\n" + text
	}
	if err := write(cmdline.Streams(c).Out, text); err != nil || len(incomplete) == 0 {
		return err
	}
	return fault.Unable("%s could not be asked what it serves: the rights are not whole", count(len(incomplete), "API group"))
}

// rules makes one rule of each API group.
func (g *grant) rules(rights []clusterread.Listed, noSecrets bool) {
	// A namespace is got as an object of itself: a Role in it is enough.
	g.namespaced = append(g.namespaced, map[string]any{"apiGroups": []string{""}, "resources": []string{"namespaces"}, "verbs": []string{"get"}})
	for _, r := range rights {
		if noSecrets && r.Group == "" && r.Resource == "secrets" {
			continue
		}
		if r.Namespaced {
			g.namespaced = withRight(g.namespaced, r)
		} else {
			g.global = withRight(g.global, r)
		}
	}
}

// withRight adds a resource to the last rule, where that is of its group.
func withRight(rules []map[string]any, r clusterread.Listed) []map[string]any {
	if n := len(rules); n > 0 {
		last := rules[n-1]
		if groups, verbs := last["apiGroups"].([]string), last["verbs"].([]string); groups[0] == r.Group && verbs[0] == "list" {
			last["resources"] = append(last["resources"].([]string), r.Resource)
			return rules
		}
	}
	return append(rules, map[string]any{"apiGroups": []string{r.Group}, "resources": []string{r.Resource}, "verbs": []string{"list"}})
}

const rbacGroup = "rbac.authorization.k8s.io"

func (g *grant) manifests() (string, error) {
	global := g.account + "-" + g.namespace // two environments may live in one cluster
	account := map[string]any{
		"apiVersion": "v1", "kind": "ServiceAccount", "automountServiceAccountToken": false,
		"metadata": map[string]any{"name": g.account, "namespace": g.accountNamespace},
	}
	local := func(kind string) map[string]any {
		return map[string]any{"apiVersion": rbacGroup + "/v1", "kind": kind, "metadata": map[string]any{"name": g.account, "namespace": g.namespace}}
	}
	wide := func(kind string) map[string]any {
		return map[string]any{"apiVersion": rbacGroup + "/v1", "kind": kind, "metadata": map[string]any{"name": global}}
	}
	role, binding, clusterRole, clusterBinding := local("Role"), local("RoleBinding"), wide("ClusterRole"), wide("ClusterRoleBinding")
	role["rules"], clusterRole["rules"] = g.namespaced, g.global
	binding["roleRef"] = map[string]any{"apiGroup": rbacGroup, "kind": "Role", "name": g.account}
	clusterBinding["roleRef"] = map[string]any{"apiGroup": rbacGroup, "kind": "ClusterRole", "name": global}
	subjects := []map[string]any{{"kind": "ServiceAccount", "name": g.account, "namespace": g.accountNamespace}}
	binding["subjects"], clusterBinding["subjects"] = subjects, subjects
	var parts []string
	for _, one := range []map[string]any{account, role, binding, clusterRole, clusterBinding} {
		text, err := yaml.Marshal(one)
		if err != nil {
			return "", fault.Unable("write the rights: %w", err)
		}
		parts = append(parts, string(text))
	}
	return strings.Join(parts, "---\n"), nil
}

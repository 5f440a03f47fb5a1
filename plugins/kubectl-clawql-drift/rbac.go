package main

import (
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
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
	namespaced, global []rbacv1.PolicyRule
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
	return fault.Unable("%s could not be asked what it serves: the rights are not whole", console.Count(len(incomplete), "API group"))
}

// rules are those of the kinds, without Secrets where they are left out.
func (g *grant) rules(kinds []clusterread.Listed, noSecrets bool) {
	if noSecrets {
		kinds = slices.DeleteFunc(kinds, func(k clusterread.Listed) bool { return k.Group == "" && k.Resource == "secrets" })
	}
	g.namespaced, g.global = clusterread.Rules(kinds)
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

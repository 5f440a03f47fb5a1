package main

import (
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/clawql/clawql-workbench/shared/clusterread"
	"github.com/clawql/clawql-workbench/shared/cmdline"
	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/driftjob"
	"github.com/clawql/clawql-workbench/shared/driftstore"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/urfave/cli/v2"
)

func rbacCommand() *cli.Command {
	return &cli.Command{
		Name: "rbac", Usage: "print the rights that a comparison needs on a side", ArgsUsage: "SIDE",
		Description: aboutRBAC,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "service-account", Usage: "`NAMESPACE/NAME` that gets the rights; default: " + driftjob.Namespace + "/" + driftjob.Name + ", as of a schedule"},
			&cli.BoolFlag{Name: "vault", Usage: "print the policy that reading the side's Vault needs, for `vault policy write NAME -`"},
			&cli.BoolFlag{Name: "no-secrets", Usage: "leave the Secrets out; a comparison is then incomplete"},
		},
		Action: printRights,
	}
}

const aboutRBAC = `
Asks the cluster which kinds it serves, and prints what ` + "`drift schedule`" + `
installs for its run, for this side: a ServiceAccount in a namespace of its own,
two ClusterRoles to list those kinds that are compared and to get the namespace,
and their bindings. Nothing can be written with them. They are for the kinds of
today: print them anew when a CRD is added.

  kubectl clawql drift rbac SIDE |
    kubectl apply --server-side --field-manager=` + driftstore.FieldManager + ` -f -

A schedule that is installed later takes these objects over. Another account
gets bindings of its own to the same roles.

The right to list Secrets is in it, since their values are compared by hash.
Where the environment names a Vault, the policy that its token needs stands
below as a comment; --vault prints it alone.
`

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
	if c.Bool("vault") {
		return vaultRights(c, s)
	}
	reader := driftjob.Reader{Namespaces: []string{s.namespace}, NoSecrets: c.Bool("no-secrets")}
	if reader.Account, err = accountOf(c.String("service-account")); err != nil {
		return err
	}
	kinds, incomplete, err := clusterread.Kinds(c.Context, clusterread.Source{Kubeconfig: c.String("kubeconfig"), Context: s.context, Namespaces: []string{s.namespace}, Timeout: c.Duration("request-timeout")})
	if err != nil {
		return err
	}
	text, err := rightsText(reader, kinds, incomplete)
	if err != nil {
		return err
	}
	if err := write(cmdline.Streams(c).Out, text+vaultNote(s)); err != nil || len(incomplete) == 0 {
		return err
	}
	return fault.Unable("%s could not be asked what it serves: the rights are not whole", console.Count(len(incomplete), "API group"))
}

// accountOf reads --service-account; nothing is the schedule's own.
func accountOf(text string) (account [2]string, err error) {
	if text == "" {
		return account, nil
	}
	namespace, name, split := strings.Cut(text, "/")
	if !split || namespace == "" || name == "" || strings.Contains(name, "/") {
		return account, fault.Usage("--service-account %q is none; write NAMESPACE/NAME", text)
	}
	return [2]string{namespace, name}, nil
}

// rightsText is the manifests, and what is missing from them.
func rightsText(reader driftjob.Reader, kinds []clusterread.Listed, incomplete []string) (string, error) {
	if reader.NoSecrets {
		kinds = slices.DeleteFunc(kinds, func(k clusterread.Listed) bool { return k.Group == "" && k.Resource == "secrets" })
	}
	reader.NamespaceRules, reader.ClusterRules = clusterread.Rules(kinds)
	var head strings.Builder
	for _, one := range incomplete {
		head.WriteString("# missing: " + console.Clean(one) + "\n")
	}
	var parts []string
	for _, one := range reader.Objects() {
		text, err := yaml.Marshal(one.Object)
		if err != nil {
			return "", fault.Unable("write the rights: %w", err)
		}
		parts = append(parts, string(text))
	}
	return head.String() + strings.Join(parts, "---\n"), nil
}

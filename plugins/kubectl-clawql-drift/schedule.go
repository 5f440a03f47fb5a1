package main

import (
	"context"
	"os"
	"slices"
	"strings"

	"github.com/clawql/clawql-workbench/shared/clusterread"
	"github.com/clawql/clawql-workbench/shared/cmdline"
	"github.com/clawql/clawql-workbench/shared/driftjob"
	"github.com/clawql/clawql-workbench/shared/driftstore"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/output"
	"github.com/clawql/clawql-workbench/shared/project"
	"github.com/urfave/cli/v2"
	"sigs.k8s.io/yaml"
)

func scheduleCommand() *cli.Command {
	return &cli.Command{
		Name: "schedule", ArgsUsage: "[FROM:TO]", Usage: "compare monthly, and look daily that it was done",
		Description: aboutSchedule,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "dry-run", Usage: "show what would be done, and do nothing"},
			&cli.BoolFlag{Name: "remove", Usage: "take the schedule away again; the history stays"},
			&cli.StringFlag{Name: "image", Usage: "`REF@sha256:...` of an image that holds kubectl-clawql-drift"},
			&cli.StringFlag{Name: "ca", Usage: "`FILE` of certificates (PEM) that the run trusts beside the public ones: of your alerts' servers"},
			&cli.StringFlag{Name: "kubeconfig-secret", Usage: "`NAME` of the Secret in namespace " + driftjob.Namespace + " that holds a kubeconfig of the other cluster"},
			&cli.StringFlag{Name: "vault-audience", Value: driftjob.VaultAudience, Usage: "`AUDIENCE` of the token by which the run logs in to Vault, as its role there has it"},
			cmdline.OutputFlag(output.Table, output.JSON, output.YAML),
		},
		Action: schedule,
	}
}

const aboutSchedule = `
Applies, in a namespace of their own (clawql-drift), a CronJob that runs ` + "`drift\nrun`" + ` on the first of each month, and one that looks every day whether a run has
completed within 35 days. Both read only, with exactly the rights to list what
is compared, and write one ConfigMap. FROM and TO are environments of
clawql.yaml, staging:production if not given.

The run connects to its own API server and to drift.egress of clawql.yaml, to
nothing else. URLs of alerts come from the Secret clawql-drift-alerts, which you
make; where FROM is another cluster, its kubeconfig comes from a Secret too.

--image takes a digest, never a tag. A release has its image at
` + driftjob.Repository + `, signed with cosign; its digests.txt
has the digest. A build of your own has none: make drift-image prepares one.
`

// scheduling is one call of the command.
type scheduling struct {
	*cli.Context
	o        options
	p        *project.Project
	folder   string // of clawql.yaml
	spec     driftjob.Spec
	clusters map[string]*driftstore.Cluster // by context
}

func schedule(c *cli.Context) error {
	s, err := newScheduling(c)
	if err != nil {
		return err
	}
	if c.Bool("remove") {
		return s.remove()
	}
	if err := s.complete(); err != nil {
		return err
	}
	steps, err := s.plan()
	if err != nil {
		return err
	}
	if err := s.show(steps); err != nil || c.Bool("dry-run") {
		return err
	}
	return s.apply(steps)
}

func newScheduling(c *cli.Context) (*scheduling, error) {
	if pair := c.Args().First(); pair != "" {
		from, to, two := strings.Cut(pair, ":")
		if !two || from == "" || to == "" {
			return nil, fault.Usage("%q is no pair of environments; write FROM:TO, such as staging:production", pair)
		}
		if err := c.Set("from", from); err != nil {
			return nil, err
		}
		if err := c.Set("to", to); err != nil {
			return nil, err
		}
	}
	o, err := parse(c)
	if err != nil {
		return nil, err
	}
	p, folder, err := nearestAt()
	if err != nil {
		return nil, err
	}
	for _, one := range []side{o.from, o.to} {
		if p == nil || p.Environments[one.name].Context == "" {
			return nil, fault.Usage("schedule %q: a schedule compares environments of clawql.yaml", one.name).Hint("its run reads clawql.yaml for contexts, exceptions and alerts")
		}
	}
	return &scheduling{Context: c, o: o, p: p, folder: folder, spec: specOf(c, o, p)}, nil
}

// specOf is all that the files and flags say; the clusters add the rest.
func specOf(c *cli.Context, o options, p *project.Project) driftjob.Spec {
	spec := driftjob.Spec{
		Image: c.String("image"), From: o.from.name, To: o.to.name, FromContext: o.from.context, ToContext: o.to.context,
		KubeconfigSecret: c.String("kubeconfig-secret"), Args: mappingArgs(c),
		HistoryName: driftstore.HistoryName, HistoryLabel: [2]string{driftstore.RecordLabel, driftstore.RecordValue},
		Namespaces: map[string][]string{}, Vaults: vaultsOf(p, o), VaultAudience: c.String("vault-audience"),
	}
	for _, one := range []side{o.from, o.to} {
		spec.Namespaces[one.context] = append(spec.Namespaces[one.context], one.namespace)
	}
	if p.Drift != nil {
		spec.Alerts, spec.Egress = p.Drift.Alerts, p.Drift.Egress
	}
	return spec
}

// mappingArgs hands the mappings on to the run, and how long it is to wait.
func mappingArgs(c *cli.Context) (args []string) {
	for _, flag := range []string{"map-namespace", "map-label", "map-cidr"} {
		for _, value := range c.StringSlice(flag) {
			args = append(args, "--"+flag, value)
		}
	}
	if c.IsSet("request-timeout") {
		args = append(args, "--request-timeout", c.Duration("request-timeout").String())
	}
	return args
}

// open connects to the one or two clusters.
func (s *scheduling) open() (err error) {
	s.clusters = map[string]*driftstore.Cluster{}
	for _, name := range s.contexts() {
		if s.clusters[name], err = driftstore.Open(s.o.kubeconfig, name); err != nil {
			return err
		}
	}
	return nil
}

// contexts are those of the clusters, that of the run last.
func (s *scheduling) contexts() []string {
	if s.spec.FromContext == s.spec.ToContext {
		return []string{s.spec.ToContext}
	}
	return []string{s.spec.FromContext, s.spec.ToContext}
}

// complete checks what the person said before any cluster is asked, and then
// asks them for addresses and rights.
func (s *scheduling) complete() error {
	var err error
	if file := s.String("ca"); file != "" {
		if s.spec.CA, err = os.ReadFile(file); err != nil {
			return fault.Usage("--ca: %w", err)
		}
	}
	if err := s.early().Check(); err != nil {
		return err
	}
	if s.spec.Project, err = reduced(s.p, s.o, s.folder); err != nil {
		return err
	}
	if err := s.open(); err != nil {
		return err
	}
	if s.spec.Server, s.spec.APIServer, err = s.clusters[s.spec.ToContext].APIServer(s.Context.Context); err != nil {
		return err
	}
	if err := s.askServices(); err != nil {
		return err
	}
	if err := s.askRules(s.Context.Context); err != nil {
		return err
	}
	return s.spec.Check()
}

// early is what can be checked before a cluster is asked: as if the API server,
// and Services that are Vaults, were found.
func (s *scheduling) early() driftjob.Spec {
	early := s.spec
	early.APIServer, early.Server = anywhere, anywhere[0]
	early.Vaults = slices.Clone(s.spec.Vaults)
	for i, v := range early.Vaults {
		if _, _, is := v.InCluster(); is {
			early.Vaults[i].Service = &driftjob.Service{}
		}
	}
	return early
}

// askRules takes the union over both clusters: their readers are then equal,
// and no drift themselves.
func (s *scheduling) askRules(ctx context.Context) error {
	var all [][]clusterread.Listed
	for _, name := range s.contexts() {
		rights, missing, err := clusterread.Kinds(ctx, clusterread.Source{Kubeconfig: s.o.kubeconfig, Context: name, Timeout: s.Duration("request-timeout")})
		if err != nil {
			return err
		}
		if len(missing) > 0 {
			return fault.Unable("schedule: %s; without it the rights would not be whole", strings.Join(missing, "; ")).Hint("kubectl --context %s get apiservices", name)
		}
		all = append(all, rights)
	}
	s.spec.NamespaceRules, s.spec.ClusterRules = clusterread.Rules(all...)
	return nil
}

// reduced is clawql.yaml as the run needs it: two environments, and drift.
func reduced(p *project.Project, o options, folder string) ([]byte, error) {
	small := project.Project{APIVersion: p.APIVersion, Kind: p.Kind, Drift: p.Drift, Environments: map[string]project.Environment{}}
	for _, name := range []string{o.from.name, o.to.name} {
		env := p.Environments[name]
		vault, err := inPod(env.Vault, folder)
		if err != nil {
			return nil, err
		}
		small.Environments[name] = project.Environment{Context: env.Context, ClusterID: env.ClusterID, Namespace: env.Namespace, Overlay: env.Overlay, Vault: vault}
	}
	text, err := yaml.Marshal(small)
	if err == nil {
		_, err = project.Parse(text)
	}
	if err != nil {
		return nil, fault.Unable("write clawql.yaml for the run: %w", err)
	}
	return text, nil
}

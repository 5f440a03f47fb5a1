package deploy

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/clawql/clawql-workbench/shared/canary"
	"github.com/clawql/clawql-workbench/shared/cluster"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/gitrepo"
	"github.com/clawql/clawql-workbench/shared/posture"
	"github.com/clawql/clawql-workbench/shared/project"
	"github.com/clawql/clawql-workbench/shared/render"
)

// loaded is what the commit says, rendered and hardened.
type loaded struct {
	repo     *gitrepo.Repo
	head     gitrepo.Commit
	rendered *render.Rendered
	hardened posture.Result
}

// readProject reads clawql.yaml as HEAD holds it: what is deployed is what
// was signed, never what lies in the work tree.
func readProject(ctx context.Context, in Inputs) (*gitrepo.Repo, gitrepo.Commit, *project.Project, project.Environment, error) {
	none := project.Environment{}
	repo, err := gitrepo.Open(ctx, in.Dir)
	if err != nil {
		return nil, gitrepo.Commit{}, nil, none, err
	}
	head, err := repo.Head(ctx)
	if err != nil {
		return repo, head, nil, none, err
	}
	content, err := repo.ReadFile(ctx, head.ID, project.FileName)
	if err != nil {
		return repo, head, nil, none, fault.Usage("reading %s of commit %s: %w", project.FileName, head.Short(), err).
			Hint("`kubectl clawql deploy init` writes one; a deploy reads it as it is committed")
	}
	p, err := project.Parse(content)
	if err != nil {
		return repo, head, nil, none, err
	}
	env, err := environment(p, in.Environment)
	return repo, head, p, env, err
}

func environment(p *project.Project, name string) (project.Environment, error) {
	env, ok := p.Environments[name]
	if !ok {
		return env, fault.Usage("%s has no environment %q; it has %s", project.FileName, name, strings.Join(p.EnvironmentNames(), ", "))
	}
	return env, nil
}

// connect makes an engine that knows project and cluster: enough for status,
// history and abort.
func connect(ctx context.Context, in Inputs) (*engine, error) {
	repo, head, p, env, err := readProject(ctx, in)
	if repo != nil {
		defer repo.Close()
	}
	if err != nil {
		return nil, err
	}
	e := &engine{Inputs: in, project: p, env: env, source: source{commit: Commit{head.ID, head.Subject}}}
	e.cluster, err = cluster.Connect(ctx, in.Getter, in.KubeContext, wanted(env))
	return e, err
}

func wanted(env project.Environment) cluster.Wanted {
	return cluster.Wanted{Context: env.Context, ClusterID: env.ClusterID, Namespace: env.Namespace}
}

// load does all that needs no cluster first, so that a mistake in the
// repository is told without waiting for one.
func load(ctx context.Context, in Inputs) (*engine, *loaded, error) {
	repo, head, p, env, err := readProject(ctx, in)
	if err != nil {
		return nil, nil, err
	}
	e := &engine{Inputs: in, project: p, env: env, source: source{commit: Commit{head.ID, head.Subject}, root: repo.Top()}}
	l := &loaded{repo: repo, head: head}
	if err := p.WeakenedWithoutException(in.Environment, in.Now()); err != nil {
		return nil, nil, err
	}
	if err := e.checkExceptions(); err != nil {
		return nil, nil, err
	}
	tree, err := repo.Tree(ctx, head.ID)
	if err != nil {
		return nil, nil, err
	}
	if _, err := tree.Under(env.Overlay); err != nil { // a link there would hide what the commit says
		return nil, nil, err
	}
	if l.rendered, err = render.Kustomize(render.Tree(tree.Files), env.Overlay, images(p)); err != nil {
		return nil, nil, err
	}
	if err := l.refuseSecrets(); err != nil {
		return nil, nil, err
	}
	l.hardened = posture.Harden(l.rendered.Objects, e.settings(0))
	return e, l, l.contradiction(p)
}

// refuseSecrets: a value in git is no secret any more, and the record of a
// deploy would keep it.
func (l *loaded) refuseSecrets() error {
	for _, o := range l.rendered.Objects {
		for _, field := range []string{"data", "stringData"} {
			values, _ := o.Object[field].(map[string]any)
			if o.GetKind() == "Secret" && len(values) > 0 {
				return fault.Usage("Secret/%s carries values in git (%s)", o.GetName(), l.rendered.Locate(o, []string{field}, nil)).
					Hint("rotate them, and let External Secrets bring them from Vault; nothing was applied")
			}
		}
	}
	return nil
}

func images(p *project.Project) []render.Image {
	var all []render.Image
	for _, i := range p.Images {
		all = append(all, render.Image{Name: i.Name, NewName: i.NewName, Digest: i.Digest})
	}
	return all
}

// checkExceptions refuses an exception for a control that does not exist: it
// would silently weaken nothing, or everything after a rename.
func (e *engine) checkExceptions() error {
	known := []string{project.ControlWindow, project.ControlWeight, project.ControlSticky}
	for _, c := range posture.Controls() {
		known = append(known, c.ID)
	}
	for i, exception := range e.project.Exceptions {
		if !contains(known, exception.Control) {
			return fault.Usage("%s: exceptions[%d].control is %q, but must be one of %s", project.FileName, i, exception.Control, strings.Join(known, ", "))
		}
	}
	return nil
}

func contains(list []string, text string) bool {
	for _, entry := range list {
		if entry == text {
			return true
		}
	}
	return false
}

// settings are the controls' parameters for deploy number.
func (e *engine) settings(number int64) posture.Settings {
	s := posture.Settings{
		Environment: e.Environment, Namespace: e.env.Namespace, Gateway: e.gateway(), Deploy: number,
		Version: e.source.commit.ID[:12], Owner: e.project.Owner, Team: e.project.Team,
		IngressFrom:         []posture.Peer{{Namespace: e.env.Traffic.Gateway.Namespace}},
		MonitoringNamespace: e.project.Network.Monitoring, CanaryReplicas: int64(e.project.Canary.Replicas),
		Excepted: func(control string) bool { return e.project.Excepted(control, e.Environment, e.Now()) },
	}
	for _, egress := range e.project.Network.Egress {
		rule := posture.EgressRule{CIDR: egress.CIDR}
		for _, port := range egress.Ports {
			rule.Ports = append(rule.Ports, posture.Port{Number: int64(port)})
		}
		s.Egress = append(s.Egress, rule)
	}
	return s
}

// contradiction is the error for an overlay that says the opposite of a
// control: the first with file and line, the others as hints.
func (l *loaded) contradiction(p *project.Project) error {
	all := l.hardened.Violations
	if len(all) == 0 {
		return nil
	}
	err := fault.Usage("%s; control %s takes %s (%s)", l.said(all[0]), all[0].Control, all[0].Allowed, l.place(all[0], p))
	if all[0].Hint != "" {
		err.Hint("%s", all[0].Hint)
	}
	for _, v := range all[1:min(len(all), 6)] {
		err.Hint("also: %s; control %s takes %s (%s)", l.said(v), v.Control, v.Allowed, l.place(v, p))
	}
	if len(all) > 6 {
		err.Hint("and %d more", len(all)-6)
	}
	return err.Hint("nothing was applied; only a recorded exception with owner, reason and expiry weakens a control")
}

func (l *loaded) said(v posture.Violation) string {
	if v.Value == nil {
		return fmt.Sprintf("%s lacks %s", v.Object, posture.FieldString(v.Field))
	}
	return fmt.Sprintf("%s sets %s to %s", v.Object, posture.FieldString(v.Field), short(fmt.Sprint(v.Value)))
}

func (l *loaded) place(v posture.Violation, p *project.Project) string {
	for _, o := range l.rendered.Objects {
		if o.GetKind() == v.Object.Kind && o.GetName() == v.Object.Name {
			return l.rendered.Locate(o, v.Field, v.Value).String()
		}
	}
	return "rendered from the overlay"
}

func short(text string) string {
	if len(text) > 120 {
		return strconv.Quote(text[:120]) + "..."
	}
	return strconv.Quote(text)
}

// criteria are fixed before anything is applied.
func (e *engine) criteria() canary.Criteria {
	c := canary.Default()
	c.Window = time.Duration(e.project.Canary.Window)
	c.GapCap = c.Window
	c.MaxGap = min(c.MaxGap, c.Window)
	return c
}

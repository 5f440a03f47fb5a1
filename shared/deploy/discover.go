package deploy

import (
	"context"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/clawql/clawql-workbench/shared/cluster"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/gitrepo"
	"github.com/clawql/clawql-workbench/shared/project"
	"github.com/clawql/clawql-workbench/shared/render"
)

// Search is where `deploy init` looks.
type Search struct {
	Dir         string
	Getter      cluster.Getter
	KubeContext string
	Images      []string // NAME=REF@sha256:... of the command line
}

// Discovery is what it found.
type Discovery struct {
	Root         string
	Context      string
	ClusterID    string
	Gateway      project.GatewayRef
	GatewayNote  string // why no Gateway could be named
	Environments []FoundEnvironment
	Name         string // of the gateway's Deployment
	Port         int64
	Images       []project.Image
	Unmapped     []string // image names without a digest
	Signers      bool     // the allowed-signers file exists
	Owner, Team  string   // guesses for the labels, to be checked by a person
}

// FoundEnvironment is an overlay that holds the gateway.
type FoundEnvironment struct {
	Name, Namespace, Overlay string
}

// environmentNames maps overlay folders to the names of environments.
var environmentNames = map[string]string{"prod": "production", "production": "production", "stage": "staging", "staging": "staging"}

// Discover reads HEAD's overlays, the kubeconfig and the cluster.
func Discover(ctx context.Context, search Search) (*Discovery, error) {
	repo, err := gitrepo.Open(ctx, search.Dir)
	if err != nil {
		return nil, err
	}
	defer repo.Close()
	tree, err := repo.Tree(ctx, "HEAD")
	if err != nil {
		return nil, err
	}
	head, err := repo.Head(ctx)
	if err != nil {
		return nil, err
	}
	d := &Discovery{Root: repo.Top(), Owner: labelWord(head.CommitterName), Team: labelWord(filepath.Base(repo.Top()))}
	if err := d.parseImages(search.Images); err != nil {
		return nil, err
	}
	if err := d.findOverlays(render.Tree(tree.Files)); err != nil {
		return nil, err
	}
	_, d.Signers = tree.Files[".clawql/allowed_signers"]
	return d, d.askCluster(ctx, search)
}

// labelWord makes a legal label value of a name; "unknown" of one without letters.
func labelWord(name string) string {
	word := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r == ' ', r == '-', r == '_', r == '.':
			return '-'
		}
		return -1
	}, strings.ToLower(name))
	word = strings.Trim(word[:min(len(word), 63)], "-")
	if word == "" {
		return "unknown"
	}
	return word
}

func (d *Discovery) parseImages(given []string) error {
	for _, text := range given {
		name, ref, ok := strings.Cut(text, "=")
		repository, digest, ok2 := strings.Cut(ref, "@")
		if !ok || !ok2 || name == "" {
			return fault.Usage("--image is %q, but must be NAME=REGISTRY/NAME@sha256:...", text)
		}
		d.Images = append(d.Images, project.Image{Name: name, NewName: repository, Digest: digest})
	}
	return nil
}

// findOverlays renders every folder that looks like an environment's and
// keeps those that hold a gateway.
func (d *Discovery) findOverlays(tree render.Tree) error {
	var tried []string
	for _, file := range sortedKeys(tree) {
		dir, base := path.Split(file)
		dir = path.Clean(dir)
		name := environmentNames[path.Base(dir)]
		if name == "" || !isKustomization(base) {
			continue
		}
		tried = append(tried, dir)
		rendered, err := render.Kustomize(tree, dir, nil)
		if err != nil {
			return err
		}
		d.consider(name, dir, rendered.Objects)
	}
	if len(d.Environments) == 0 {
		return fault.Usage("HEAD has no overlay of an environment with a gateway Deployment (looked at: %s)", strings.Join(tried, ", ")).
			Hint("a kustomize folder named prod, production, stage or staging, with a Deployment and a Service of one name")
	}
	return nil
}

func isKustomization(file string) bool {
	return file == "kustomization.yaml" || file == "kustomization.yml" || file == "Kustomization"
}

func sortedKeys(tree render.Tree) []string {
	keys := make([]string, 0, len(tree))
	for key := range tree {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// consider takes an overlay in which a Deployment and a Service share a name
// and the Deployment has a container of that name.
func (d *Discovery) consider(name, dir string, objects []*object) {
	for _, o := range objects {
		image := gatewayImage(o, o.GetName())
		hasService := slices.ContainsFunc(objects, func(s *object) bool { return s.GetKind() == "Service" && s.GetName() == o.GetName() })
		if o.GetKind() != "Deployment" || image == "" || !hasService || (d.Name != "" && d.Name != o.GetName()) {
			continue
		}
		d.Name = o.GetName()
		d.Environments = append(d.Environments, FoundEnvironment{name, o.GetNamespace(), dir})
		for _, use := range imagesOf(objects) {
			d.noteImage(use.Ref)
		}
	}
}

func (d *Discovery) noteImage(ref string) {
	if strings.Contains(ref, "@sha256:") {
		return
	}
	name := ref
	if colon := strings.LastIndex(ref, ":"); colon > strings.LastIndex(ref, "/") {
		name = ref[:colon]
	}
	mapped := slices.ContainsFunc(d.Images, func(i project.Image) bool { return i.Name == name })
	if !mapped && !slices.Contains(d.Unmapped, name) {
		d.Unmapped = append(d.Unmapped, name)
	}
}

// askCluster names context, cluster and Gateway. Only a kubeconfig is
// needed; a cluster that does not answer leaves a comment in the file.
func (d *Discovery) askCluster(ctx context.Context, search Search) error {
	name, err := cluster.EffectiveContext(search.Getter, search.KubeContext)
	if err != nil {
		return err
	}
	d.Context = name
	c, err := cluster.Connect(ctx, search.Getter, search.KubeContext, cluster.Wanted{Context: name})
	if err != nil {
		d.GatewayNote = "the cluster did not answer: name the Gateway that the route attaches to"
		return nil
	}
	if d.ClusterID, err = c.ID(ctx); err != nil {
		return err
	}
	gateways, err := c.Gateways(ctx)
	switch {
	case err != nil:
		d.GatewayNote = "no Gateway could be listed: install the Gateway API, then name the Gateway here"
	case len(gateways) == 1:
		d.Gateway = project.GatewayRef{Name: gateways[0].Name, Namespace: gateways[0].Namespace}
	default:
		d.GatewayNote = fmt.Sprintf("the cluster has %d Gateways: name the one that the route attaches to", len(gateways))
	}
	return nil
}

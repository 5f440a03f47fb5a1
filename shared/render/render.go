package render

import (
	"path"
	"sort"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// Tree is a repository's files as one commit holds them: slash-separated path
// from the repository's root to content.
type Tree map[string][]byte

// Rendered is what an overlay describes, and where it says so.
type Rendered struct {
	// Objects in the order of kustomize's output, with the images mapped.
	Objects []*unstructured.Unstructured
	// Unused are the image mappings that matched no container: often a typing
	// error in clawql.yaml, so worth a warning.
	Unused []Image

	tree Tree
	root *layer
}

// kyaml keeps the OpenAPI schema of a run in a package variable.
var oneAtATime sync.Mutex

// Kustomize renders the overlay, a folder of tree with a kustomization file,
// and then maps images. Whatever the overlay or the mappings get wrong is a
// fault.Usage that names the file. Tree is only read.
func Kustomize(tree Tree, overlay string, images []Image) (*Rendered, error) {
	overlay = path.Clean(strings.TrimSuffix(overlay, "/"))
	if err := checkOverlay(tree, overlay); err != nil {
		return nil, err
	}
	if err := checkImages(images); err != nil {
		return nil, err
	}
	root, err := loadLayers(tree, overlay)
	if err != nil {
		return nil, err
	}
	objects, err := build(tree, overlay)
	if err != nil {
		return nil, err
	}
	rendered := &Rendered{Objects: objects, tree: tree, root: root}
	rendered.Unused = mapImages(objects, images)
	return rendered, nil
}

// checkOverlay refuses what is no kustomize folder of the tree, with the
// likely reason.
func checkOverlay(tree Tree, overlay string) error {
	if path.IsAbs(overlay) || overlay == ".." || strings.HasPrefix(overlay, "../") {
		return fault.Usage("overlay %q is not a folder of the repository", overlay).
			Hint("give a path from the repository's root, such as docker/kustomize/overlays/prod")
	}
	if _, chart := tree[path.Join(overlay, "Chart.yaml")]; chart {
		return fault.Usage("overlay %s is a Helm chart (%s); this version renders kustomize folders only",
			overlay, path.Join(overlay, "Chart.yaml")).
			Hint("render the chart once with `helm template`, commit the result, and name it in a kustomization.yaml")
	}
	if _, file := tree[overlay]; file {
		return fault.Usage("overlay %s is a file; a kustomize folder is wanted", overlay).
			Hint("name the folder that holds it: %s", path.Dir(overlay))
	}
	if len(kustomizationFiles(tree, overlay)) == 0 {
		return missingOverlay(tree, overlay)
	}
	return nil
}

func missingOverlay(tree Tree, overlay string) error {
	found := overlays(tree)
	err := fault.Usage("overlay %s: the commit holds no kustomization.yaml there", overlay)
	if len(found) > 0 {
		return err.Hint("the commit has kustomizations in %s", strings.Join(found, ", "))
	}
	return err.Hint("commit the overlay first: a deploy reads the commit, not the work tree")
}

// overlays lists the folders of tree that hold a kustomization, at most ten.
func overlays(tree Tree) []string {
	var found []string
	for file := range tree {
		if isKustomization(path.Base(file)) {
			found = append(found, path.Dir(file))
		}
	}
	sort.Strings(found)
	return found[:min(len(found), 10)]
}

// build runs kustomize on a file system in memory.
func build(tree Tree, overlay string) ([]*unstructured.Unstructured, error) {
	files := filesys.MakeFsInMemory()
	for name, content := range tree {
		if err := files.WriteFile("/"+name, content); err != nil {
			return nil, fault.Unable("could not read %s of the commit: %w", name, err)
		}
	}
	oneAtATime.Lock()
	defer oneAtATime.Unlock()
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(files, "/"+overlay)
	if err != nil {
		return nil, fault.Usage("overlay %s does not render: %s", overlay, tidy(err)).
			Hint("`kubectl kustomize %s` should show the same", overlay)
	}
	return decode(overlay, built)
}

// tidy makes kustomize's error one line.
func tidy(err error) string {
	return strings.Join(strings.Fields(err.Error()), " ")
}

func decode(overlay string, built resmap.ResMap) ([]*unstructured.Unstructured, error) {
	var objects []*unstructured.Unstructured
	for _, resource := range built.Resources() {
		raw, err := resource.MarshalJSON()
		if err != nil {
			return nil, fault.Usage("overlay %s: %s cannot be written as JSON: %s", overlay, resource.CurId(), tidy(err))
		}
		object := &unstructured.Unstructured{}
		if err := object.UnmarshalJSON(raw); err != nil {
			return nil, fault.Usage("overlay %s: %s is no Kubernetes object: %s", overlay, resource.CurId(), tidy(err))
		}
		objects = append(objects, object)
	}
	if len(objects) == 0 {
		return nil, fault.Usage("overlay %s renders to no object at all", overlay)
	}
	return objects, nil
}

package render

import (
	"path"
	"strings"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/types"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// layer is one kustomization file and what it builds on.
type layer struct {
	file string // the kustomization file, from the repository's root
	kust types.Kustomization
	from []source // resources, then components, in the order of the file
}

// source is one entry of a layer: a manifest, or the layer of another folder.
type source struct {
	manifest string // path from the repository's root; empty for a folder
	layer    *layer
}

func (l *layer) dir() string { return path.Dir(l.file) }

func isKustomization(name string) bool {
	for _, known := range konfig.RecognizedKustomizationFileNames() {
		if name == known {
			return true
		}
	}
	return false
}

func kustomizationFiles(tree Tree, dir string) []string {
	var found []string
	for _, name := range konfig.RecognizedKustomizationFileNames() {
		if _, ok := tree[path.Join(dir, name)]; ok {
			found = append(found, path.Join(dir, name))
		}
	}
	return found
}

// loadLayers reads the kustomization of dir and, depth first, all that it
// builds on. It fails on everything that would make kustomize leave the tree.
func loadLayers(tree Tree, dir string) (*layer, error) {
	return loadLayer(tree, dir, nil)
}

func loadLayer(tree Tree, dir string, above []string) (*layer, error) {
	files := kustomizationFiles(tree, dir)
	if len(files) != 1 {
		return nil, fault.Usage("folder %s holds %d kustomization files; exactly one is allowed", dir, len(files))
	}
	l := &layer{file: files[0]}
	for _, file := range above {
		if file == l.file {
			return nil, fault.Usage("%s builds on itself, by way of %s", file, strings.Join(above, ", "))
		}
	}
	if err := l.kust.Unmarshal(tree[l.file]); err != nil {
		return nil, fault.Usage("%s is no kustomization: %s", l.file, tidy(err))
	}
	l.kust.FixKustomization()
	if err := l.checkPowers(); err != nil {
		return nil, err
	}
	if err := l.checkFiles(tree); err != nil {
		return nil, err
	}
	return l, l.descend(tree, append(above, l.file))
}

// descend resolves what the layer builds on.
func (l *layer) descend(tree Tree, above []string) error {
	for _, entry := range append(append([]string{}, l.kust.Resources...), l.kust.Components...) {
		name, err := l.resolve("resource", entry)
		if err != nil {
			return err
		}
		if _, file := tree[name]; file {
			l.from = append(l.from, source{manifest: name})
			continue
		}
		if len(kustomizationFiles(tree, name)) == 0 {
			return l.missing("resource", entry, name)
		}
		below, err := loadLayer(tree, name, above)
		if err != nil {
			return err
		}
		l.from = append(l.from, source{layer: below})
	}
	return nil
}

// checkPowers refuses the fields that run code or read more than the tree:
// plugins (exec, containers), and Helm, which downloads charts.
func (l *layer) checkPowers() error {
	k := &l.kust
	for _, power := range []struct {
		field string
		used  bool
	}{
		{"generators", len(k.Generators) > 0},
		{"transformers", len(k.Transformers) > 0},
		{"validators", len(k.Validators) > 0},
		{"helmCharts", len(k.HelmCharts) > 0},
		{"helmChartInflationGenerator", len(k.HelmChartInflationGenerator) > 0},
	} {
		if power.used {
			return fault.Usage("%s uses `%s:`; a deploy runs no kustomize plugin and inflates no chart", l.file, power.field).
				Hint("commit the rendered manifests and list them under resources:, or say it with patches:")
		}
	}
	return nil
}

// checkFiles makes sure that every file which the layer names is in the tree.
func (l *layer) checkFiles(tree Tree) error {
	for _, named := range l.namedFiles() {
		name, err := l.resolve(named.field, named.path)
		if err != nil {
			return err
		}
		if _, ok := tree[name]; !ok {
			return l.missing(named.field, named.path, name)
		}
	}
	return nil
}

func (l *layer) missing(field, entry, name string) error {
	return fault.Usage("%s names the %s %q, and the commit has no %s", l.file, field, entry, name).
		Hint("commit it, or take the entry out: a deploy reads the commit, not the work tree")
}

// resolve gives an entry's path from the repository's root.
func (l *layer) resolve(field, entry string) (string, error) {
	if looksRemote(entry) {
		return "", fault.Usage("%s names the remote %s %q; a deploy renders from the commit alone", l.file, field, entry).
			Hint("copy it into the repository, so that it is reviewed and signed with the rest")
	}
	name := path.Join(l.dir(), entry)
	if entry == "" || path.IsAbs(entry) || name == ".." || strings.HasPrefix(name, "../") {
		return "", fault.Usage("%s names the %s %q, which is outside the repository", l.file, field, entry)
	}
	return name, nil
}

// looksRemote is true for every form that kustomize takes for a URL or a git
// remote, and for some that it does not: a colon, `user@host/...`, and the
// bare `github.com/org/repo`.
func looksRemote(entry string) bool {
	first, _, _ := strings.Cut(strings.ToLower(entry), "/")
	return strings.Contains(entry, ":") || strings.Contains(first, "@") ||
		first == "github.com" || first == "www.github.com"
}

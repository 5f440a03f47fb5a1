package render

import (
	"strings"

	"sigs.k8s.io/kustomize/api/types"
)

// namedFile is a file that a kustomization reads beside its resources.
type namedFile struct{ field, path string }

// namedFiles lists the files that the layer makes kustomize open.
func (l *layer) namedFiles() []namedFile {
	var files []namedFile
	add := func(field string, paths ...string) {
		for _, p := range paths {
			if p != "" {
				files = append(files, namedFile{field, p})
			}
		}
	}
	k := &l.kust
	for _, patch := range append(append([]types.Patch{}, k.Patches...), k.PatchesJson6902...) {
		add("patch", patch.Path)
	}
	for _, patch := range k.PatchesStrategicMerge {
		if !strings.Contains(string(patch), "\n") { // else it is the patch itself
			add("patch", string(patch))
		}
	}
	for _, replacement := range k.Replacements {
		add("replacement", replacement.Path)
	}
	add("crd", k.Crds...)
	add("configuration", k.Configurations...)
	add("openapi schema", k.OpenAPI["path"])
	return append(files, l.generatorFiles()...)
}

// generatorFiles lists the files that become ConfigMaps and Secrets.
func (l *layer) generatorFiles() []namedFile {
	var files []namedFile
	add := func(sources types.KvPairSources) {
		for _, file := range sources.FileSources {
			if _, p, keyed := strings.Cut(file, "="); keyed {
				file = p
			}
			files = append(files, namedFile{"generator file", file})
		}
		for _, file := range sources.EnvSources {
			files = append(files, namedFile{"generator env file", file})
		}
	}
	for _, m := range l.kust.ConfigMapGenerator {
		add(m.KvPairSources)
	}
	for _, s := range l.kust.SecretGenerator {
		add(s.KvPairSources)
	}
	return files
}

package driftcheck

import (
	"fmt"
	"strings"

	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/drift/image"
)

func (c *comparison) images() error {
	var sides [2]image.Side
	runs := c.running()
	err := c.each(func(i int, o *Object) error {
		template, err := o.template, o.unread
		if err != nil || template == nil {
			return err
		}
		w := image.Workload{Object: o.object(), Changed: o.changed}
		add := func(place, name, reference string) { // place has one %q for the name
			w.Containers = append(w.Containers, image.Container{
				Place: placeOfTemplate(o) + fmt.Sprintf(place, name), Name: name, Image: reference,
				Runs: runs[i][Run{o.kind, o.namespace, o.name, name, reference, ""}],
			})
		}
		for _, one := range template.Spec.InitContainers {
			add("initContainers[name=%q].image", one.Name, one.Image)
		}
		for _, one := range template.Spec.Containers {
			add("containers[name=%q].image", one.Name, one.Image)
		}
		for _, one := range template.Spec.EphemeralContainers {
			add("ephemeralContainers[name=%q].image", one.Name, one.Image)
		}
		for _, one := range template.Spec.Volumes {
			if one.Image != nil {
				add("volumes[name=%q].image.reference", one.Name, one.Image.Reference)
			}
		}
		sides[i].Workloads = append(sides[i].Workloads, w)
		return nil
	})
	if err != nil {
		return err
	}
	result, err := image.Compare(sides[0], sides[1], c.names)
	if err != nil {
		return err
	}
	if result.Untold > 0 {
		c.report.Warnings = append(c.report.Warnings, fmt.Sprintf("%s named by one tag on both sides: what runs may differ all the same; name digests",
			console.Count(result.Untold, "image")))
	}
	return c.hear(&result.Result, nil)
}

// placeOfTemplate is where typediff says that the template's spec stands.
func placeOfTemplate(o *Object) string {
	path := templatePaths[o.groupKind()]
	return strings.Join(append(append([]string{""}, path...), "spec", ""), ".")
}

// running finds digests by all else that a Run says; the objects of `from`
// have their names in `to`, and so do its workloads here.
func (c *comparison) running() (sides [2]map[Run][]string) {
	for i, side := range []Side{c.from, c.to} {
		sides[i] = map[Run][]string{}
		for _, r := range side.Running {
			if i == 0 {
				r.Namespace = c.namespace(r.Namespace)
			}
			digest := r.Digest
			r.Digest = ""
			sides[i][r] = append(sides[i][r], digest)
		}
	}
	return sides
}

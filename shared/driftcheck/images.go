package driftcheck

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/drift/image"
	"github.com/clawql/clawql-workbench/shared/finding"
)

func (c *comparison) images() error {
	var sides [2]image.Side
	err := c.each(func(i int, o *unstructured.Unstructured) error {
		template, err := templateOf(o)
		if err != nil || template == nil {
			return err
		}
		w := image.Workload{Object: objectOf(o), Changed: finding.LastChange(o.GetManagedFields())}
		at := placeOfTemplate(o)
		for _, one := range template.Spec.InitContainers {
			w.Containers = append(w.Containers, containerAt(at+"initContainers", one.Name, one.Image))
		}
		for _, one := range template.Spec.Containers {
			w.Containers = append(w.Containers, containerAt(at+"containers", one.Name, one.Image))
		}
		for _, one := range template.Spec.EphemeralContainers {
			w.Containers = append(w.Containers, containerAt(at+"ephemeralContainers", one.Name, one.Image))
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
func placeOfTemplate(o *unstructured.Unstructured) string {
	path := templatePaths[key{group: o.GroupVersionKind().Group, kind: o.GetKind()}]
	return strings.Join(append(append([]string{""}, path...), "spec", ""), ".")
}

func containerAt(list, name, reference string) image.Container {
	return image.Container{Place: fmt.Sprintf("%s[name=%q].image", list, name), Name: name, Image: reference}
}

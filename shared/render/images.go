package render

import (
	"regexp"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// Image maps a container image to another one by digest, as an entry of
// clawql.yaml's `images:` does. Name is the repository as the overlay renders
// it, without tag or digest; an empty NewName keeps it. Digest is `sha256:`
// and 64 hexadecimal digits.
type Image struct{ Name, NewName, Digest string }

var digestForm = regexp.MustCompile(`^sha256:[a-f0-9]{64}$`)

func checkImages(images []Image) error {
	seen := map[string]bool{}
	for _, image := range images {
		switch {
		case image.Name == "":
			return fault.Usage("an image mapping to %q has no name", image.NewName)
		case seen[image.Name]:
			return fault.Usage("image %q is mapped twice", image.Name)
		case !digestForm.MatchString(image.Digest):
			return fault.Usage("image %q is mapped to the digest %q; sha256: and 64 hexadecimal digits are wanted",
				image.Name, image.Digest)
		case strings.ContainsAny(image.NewName, "@ "):
			return fault.Usage("image %q is mapped to the name %q; give the name without a digest", image.Name, image.NewName)
		}
		seen[image.Name] = true
	}
	return nil
}

// mapImages rewrites, in place, the image of every container and image volume
// and returns the mappings that matched nothing.
func mapImages(objects []*unstructured.Unstructured, images []Image) []Image {
	used := map[string]bool{}
	for _, object := range objects {
		eachImage(object.Object, func(holder map[string]any, key string) {
			for _, image := range images {
				if ref := holder[key].(string); repository(ref) == image.Name {
					holder[key] = image.String()
					used[image.Name] = true
					return
				}
			}
		})
	}
	var unused []Image
	for _, image := range images {
		if !used[image.Name] {
			unused = append(unused, image)
		}
	}
	return unused
}

// String is the reference that the image is mapped to.
func (i Image) String() string {
	if i.NewName == "" {
		return i.Name + "@" + i.Digest
	}
	return i.NewName + "@" + i.Digest
}

// eachImage visits every image reference of an object, wherever its pod spec
// lies: `image` of the members of a list of containers, and `reference` of an
// image volume.
func eachImage(node any, visit func(holder map[string]any, key string)) {
	switch node := node.(type) {
	case map[string]any:
		for key, value := range node {
			switch key {
			case "containers", "initContainers", "ephemeralContainers":
				eachString(value, "image", visit)
			case "image":
				eachString([]any{value}, "reference", visit)
			}
			eachImage(value, visit)
		}
	case []any:
		for _, value := range node {
			eachImage(value, visit)
		}
	}
}

func eachString(list any, key string, visit func(map[string]any, string)) {
	members, _ := list.([]any)
	for _, member := range members {
		if holder, ok := member.(map[string]any); ok {
			if _, text := holder[key].(string); text {
				visit(holder, key)
			}
		}
	}
}

// repository is an image reference without its tag and digest.
func repository(ref string) string {
	ref, _, _ = strings.Cut(ref, "@")
	if colon := strings.LastIndexByte(ref, ':'); colon > strings.LastIndexByte(ref, '/') {
		return ref[:colon]
	}
	return ref
}

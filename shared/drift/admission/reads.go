package admission

import (
	"slices"
	"strings"
)

// reads are the fields that a rule's tests look at.
type reads struct {
	paths  []string
	images bool // signatures of images
	known  bool // false where the tests may look at anything
}

// readsOf knows patterns and image verifications; preconditions, expressions
// and the rest may look at anything.
func readsOf(tests map[string]any) reads {
	r := reads{known: true}
	for name, value := range tests {
		switch name {
		case "verifyImages":
			r.images = true
		case "validate":
			validate, _ := value.(map[string]any)
			for field, pattern := range validate {
				r.known = r.known && (field == "pattern" || field == "anyPattern")
				r.walk("", pattern)
			}
		default:
			r.known = false
		}
	}
	return r
}

// walk adds the paths of a pattern's leaves, without their anchors.
func (r *reads) walk(path string, pattern any) {
	switch p := pattern.(type) {
	case map[string]any:
		for key, value := range p {
			if open := strings.IndexByte(key, '('); open >= 0 && strings.HasSuffix(key, ")") {
				key = key[open+1 : len(key)-1]
			}
			r.known = r.known && !strings.ContainsAny(key, "*?")
			r.walk(path+"/"+strings.ReplaceAll(key, "/", "~"), value)
		}
	case []any:
		for _, one := range p {
			r.walk(path, one)
		}
	default:
		r.paths = append(r.paths, path)
		text, _ := pattern.(string)
		r.known = r.known && !strings.Contains(text, "$(") && !strings.Contains(text, "{{")
	}
}

// apart says whether what fails the one tests can pass the other, because they
// look at different fields.
func (r reads) apart(other reads) bool {
	if !r.known || !other.known || r.images && other.images || r.images && other.image() || other.images && r.image() {
		return false
	}
	return !slices.ContainsFunc(r.paths, func(a string) bool {
		return slices.ContainsFunc(other.paths, func(b string) bool {
			return a == b || strings.HasPrefix(a, b+"/") || strings.HasPrefix(b, a+"/")
		})
	})
}

func (r reads) image() bool {
	return slices.ContainsFunc(r.paths, func(path string) bool { return strings.Contains(path, "ontainers") })
}

// label says whether the tests may look at one of an object's labels.
func (r reads) label(name string) bool {
	path := "/metadata/labels/" + strings.ReplaceAll(name, "/", "~")
	return slices.ContainsFunc(r.paths, func(p string) bool { return p == path || strings.HasPrefix(path, p+"/") })
}

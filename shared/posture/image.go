package posture

import (
	"fmt"
	"regexp"
	"sort"
)

// byDigest is a reference that names one image for ever. A tag before the
// digest does no harm: it is ignored.
var byDigest = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9._:/\-]*@sha256:[a-f0-9]{64}$`)

// image refuses a reference that is not by digest: a tag can mean another
// image tomorrow, and has no signature that could be checked for good.
func (j *judge) image(holder *place, key string) {
	if ref := holder.str(key); byDigest.MatchString(ref) {
		if !j.off(ImageDigest, holder.on) {
			j.did(ImageDigest, holder.on, holder.field(key), ref, ref, Kept)
		}
		return
	}
	holder.refuse(ImageDigest, key, "an image by digest: NAME@sha256:<64 hexadecimal digits>",
		fmt.Sprintf("map it in clawql.yaml's images:, or `kustomize edit set image %s@sha256:...`", imageName(holder.str(key))))
}

var tagOrDigest = regexp.MustCompile(`(:[^/@]*)?(@.*)?$`)

func imageName(ref string) string {
	if name := tagOrDigest.ReplaceAllString(ref, ""); name != "" {
		return name
	}
	return "NAME"
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}

package image

import (
	"fmt"

	"github.com/distribution/reference"
	"github.com/opencontainers/go-digest"
)

// named is an image as the kubelet reads its reference.
type named struct {
	repository string // with the registry's host
	tag        string // "" where the digest counts
	digest     digest.Digest
}

func read(image string) (named, error) {
	ref, err := reference.ParseNormalizedNamed(image)
	if err != nil {
		return named{}, fmt.Errorf("image %q: %w", image, err)
	}
	n := named{repository: ref.Name()}
	if pinned, has := ref.(reference.Digested); has {
		n.digest = pinned.Digest()
		return n, nil
	}
	n.tag = reference.TagNameOnly(ref).(reference.Tagged).Tag()
	return n, nil
}

// says is the image in words for a finding.
func (n named) says() string {
	if n.tag == "" {
		return n.repository + "@" + n.digest.String()
	}
	return n.repository + ":" + n.tag + ", whatever that is at the time"
}

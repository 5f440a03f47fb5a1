package supplychain

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Descriptor is what a registry holds under a digest.
type Descriptor struct {
	Digest    string   `json:"digest"`
	MediaType string   `json:"mediaType"`
	Size      int64    `json:"size"`      // of the manifest, in bytes
	Platforms []string `json:"platforms"` // such as "linux/amd64", sorted
}

// maxChildren bounds how many platforms of an index are asked for.
const maxChildren = 64

// Digest is what the registry says that the reference resolves to today. For
// a tag this is a snapshot of something that moves: use it in hints only.
func (c *Client) Digest(ctx context.Context, ref string) (string, error) {
	r, err := Parse(ref)
	if err != nil || r.ByDigest() {
		return r.Digest, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	parsed, err := r.parsed()
	if err != nil {
		return "", fault.Usage("read image reference %q: %w", ref, err)
	}
	got, err := remote.Get(parsed, c.options(ctx)...)
	if err != nil {
		return "", c.explain(ctx, r, err)
	}
	return sum(got.Manifest), nil
}

// Present fetches the manifest that ref names by digest, checks that its
// content has that digest, and finds out for which platforms it is: for an
// index, the manifest of each platform must be there too. Layers are not
// fetched. Not there, or not what it should be: fault.No. Unreachable, refused
// or unreadable: fault.Unable. Not by digest: fault.Usage.
func (c *Client) Present(ctx context.Context, ref string) (Descriptor, error) {
	r, err := Parse(ref)
	if err != nil {
		return Descriptor{}, err
	}
	if !r.ByDigest() {
		return Descriptor{}, fault.Usage("read image %s: it is a tag; a digest is needed", ref)
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	d, err := c.describe(ctx, r)
	if err != nil {
		return Descriptor{}, c.explain(ctx, r, err)
	}
	return d, nil
}

func (c *Client) describe(ctx context.Context, r Reference) (Descriptor, error) {
	parsed, err := r.parsed()
	if err != nil {
		return Descriptor{}, err
	}
	got, err := remote.Get(parsed, c.options(ctx)...)
	if err != nil {
		return Descriptor{}, err
	}
	if sum(got.Manifest) != r.Digest {
		return Descriptor{}, fault.No("image %s: the registry answered with other content, %s", r.Text, sum(got.Manifest))
	}
	m, err := parseManifest(got.Manifest, string(got.MediaType))
	if err != nil {
		return Descriptor{}, fault.No("image %s: %w", r.Text, err)
	}
	d := Descriptor{Digest: r.Digest, MediaType: string(m.MediaType), Size: int64(len(got.Manifest))}
	if m.isIndex() {
		d.Platforms, err = c.children(ctx, r, parsed.Context(), m)
	} else {
		d.Platforms, err = platformOf(got, m)
	}
	return d, err
}

// manifest is what an image manifest and an index have, both read at once.
type manifest struct {
	MediaType types.MediaType `json:"mediaType"`
	Manifests []v1.Descriptor `json:"manifests"`
	Config    *v1.Descriptor  `json:"config"`
	Layers    json.RawMessage `json:"layers"`
}

func (m manifest) isIndex() bool { return m.Config == nil }

// parseManifest decides by the content what it is. The Content-Type is not
// covered by the digest, so bytes that could be read as image and as index,
// or that say something else than the header, are refused (CVE-2021-41190).
func parseManifest(data []byte, header string) (manifest, error) {
	var m manifest
	if err := json.Unmarshal(data, &m); err != nil {
		return m, fmt.Errorf("its manifest is no JSON: %w", err)
	}
	index, image := m.Manifests != nil, m.Config != nil || m.Layers != nil
	if index == image || image && m.Config == nil {
		return m, errors.New("its manifest is neither an image nor an index, or both")
	}
	if m.MediaType == "" {
		m.MediaType = types.MediaType(header)
	}
	right := m.MediaType.IsImage() && image || m.MediaType.IsIndex() && index
	if !right || string(m.MediaType) != header || strings.Contains(header, "v1+prettyjws") {
		return m, fmt.Errorf("its media type %q does not fit what the registry calls it, %q", m.MediaType, header)
	}
	if image && !m.Config.MediaType.IsConfig() {
		return m, fmt.Errorf("it is no container image but an artifact of type %q", m.Config.MediaType)
	}
	return m, nil
}

// children asks for the manifest of each platform of an index.
func (c *Client) children(ctx context.Context, r Reference, repo name.Repository, m manifest) ([]string, error) {
	if len(m.Manifests) > maxChildren {
		return nil, fault.No("image %s: its index names %d manifests, more than the limit of %d", r.Text, len(m.Manifests), maxChildren)
	}
	var platforms []string
	for _, child := range m.Manifests {
		if child.Platform == nil || child.Platform.OS == "unknown" || child.Platform.OS == "" {
			continue // attestations stand beside the images
		}
		platform := child.Platform.String()
		if _, err := remote.Get(repo.Digest(child.Digest.String()), c.options(ctx)...); err != nil {
			return nil, c.missingChild(ctx, r, platform, err)
		}
		platforms = append(platforms, platform)
	}
	if len(platforms) == 0 {
		return nil, fault.No("image %s: its index names no platform", r.Text)
	}
	slices.Sort(platforms)
	return slices.Compact(platforms), nil
}

func (c *Client) missingChild(ctx context.Context, r Reference, platform string, err error) error {
	if err = c.explain(ctx, r, err); fault.Code(err) == fault.CodeNo {
		return fault.No("image %s: the index is in its registry, but its manifest for %s is not", r.Text, platform)
	}
	return err
}

// platformOf reads the image's configuration, which the library checks
// against the digest in the manifest.
func platformOf(got *remote.Descriptor, m manifest) ([]string, error) {
	image, err := got.Image()
	if err != nil {
		return nil, err
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	if config.OS == "" || config.Architecture == "" {
		return nil, fault.No("image with configuration %s names no platform", m.Config.Digest)
	}
	return []string{config.Platform().String()}, nil
}

func sum(data []byte) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(data)) }

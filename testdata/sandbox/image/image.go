// Package image builds OCI images from one static binary, without Docker, and pushes them. The
// same input gives the same digest: times are fixed and nothing is compressed.
package image

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"os"
	"path"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// User is nobody's: distroless' nonroot, as upstream's gateway image has it.
const User = "65532:65532"

// born is the time of all files and images.
var born = time.Unix(1700000000, 0).UTC()

// A Recipe says what is in an image.
type Recipe struct {
	Binary     string            // file on this machine, static, linux
	Entrypoint string            // where it lies in the image, absolute
	Env        []string          // "NAME=value", baked in
	Ports      []string          // "8080/tcp"
	Labels     map[string]string // org.opencontainers.image.version and the like
}

// Build makes the image: one layer, one binary, run as User.
func Build(r Recipe) (v1.Image, error) {
	layer, err := layer(r.Binary, r.Entrypoint)
	if err != nil {
		return nil, err
	}
	base := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	img, err := mutate.Append(base, mutate.Addendum{Layer: layer, History: v1.History{
		Created: v1.Time{Time: born}, CreatedBy: "sandbox image", Comment: path.Base(r.Entrypoint),
	}})
	if err != nil {
		return nil, fmt.Errorf("building the image: %w", err)
	}
	file, err := img.ConfigFile()
	if err != nil {
		return nil, fmt.Errorf("building the image: %w", err)
	}
	file = file.DeepCopy()
	file.OS, file.Architecture, file.Created = "linux", architecture, v1.Time{Time: born}
	file.Config = v1.Config{Entrypoint: []string{r.Entrypoint}, Env: r.Env, User: User, WorkingDir: "/", Labels: r.Labels, ExposedPorts: map[string]struct{}{}}
	for _, port := range r.Ports {
		file.Config.ExposedPorts[port] = struct{}{}
	}
	return mutate.ConfigFile(img, file)
}

// layer packs the binary into a tar that is not compressed: it travels over loopback only.
func layer(binary, entrypoint string) (v1.Layer, error) {
	data, err := os.ReadFile(binary)
	if err != nil {
		return nil, fmt.Errorf("reading the image's binary: %w", err)
	}
	var packed bytes.Buffer
	w := tar.NewWriter(&packed)
	for _, dir := range []string{"tmp/", "home/", "home/nonroot/"} {
		header := &tar.Header{Typeflag: tar.TypeDir, Name: dir, Mode: 0o755, ModTime: born}
		switch dir {
		case "tmp/":
			header.Mode = 0o1777
		case "home/nonroot/":
			header.Mode, header.Uid, header.Gid = 0o700, 65532, 65532
		}
		if err := w.WriteHeader(header); err != nil {
			return nil, fmt.Errorf("packing the image: %w", err)
		}
	}
	header := &tar.Header{Name: strings.TrimPrefix(entrypoint, "/"), Mode: 0o755, Size: int64(len(data)), ModTime: born}
	if err := w.WriteHeader(header); err != nil {
		return nil, fmt.Errorf("packing the image: %w", err)
	}
	if _, err := w.Write(data); err != nil {
		return nil, fmt.Errorf("packing the image: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("packing the image: %w", err)
	}
	return static.NewLayer(packed.Bytes(), types.OCIUncompressedLayer), nil
}

// Push sends the image to REGISTRY/REPOSITORY:TAG and returns REGISTRY/REPOSITORY@sha256:...
func Push(ctx context.Context, img v1.Image, registry, repository, tag string) (string, error) {
	reference, err := name.NewTag(registry+"/"+repository+":"+tag, name.Insecure, name.StrictValidation)
	if err != nil {
		return "", fmt.Errorf("image name: %w", err)
	}
	if err := remote.Write(reference, img, remote.WithContext(ctx)); err != nil {
		return "", fmt.Errorf("pushing %s: %w", reference, err)
	}
	digest, err := img.Digest()
	if err != nil {
		return "", fmt.Errorf("pushing %s: %w", reference, err)
	}
	return registry + "/" + repository + "@" + digest.String(), nil
}

package image

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// A dockerfile is the image that a Dockerfile describes. Understood are FROM
// scratch, ARG TARGETPLATFORM, COPY of one file, ENV, LABEL, USER and
// ENTRYPOINT; all else is an error, so that nothing is left out unsaid.
type dockerfile struct {
	dir    string // the build's context
	config v1.Config
	files  map[string]copied // by path in the image, without the first slash
	based  bool
}

// copied is a file of the context.
type copied struct {
	data []byte
	mode os.FileMode
}

// FromDockerfile makes the image of a Dockerfile, as Docker does for this
// machine's platform: what a release builds with Docker runs in a sandbox
// without it.
func FromDockerfile(file, dir string) (v1.Image, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading the Dockerfile: %w", err)
	}
	d := &dockerfile{dir: dir, config: v1.Config{Labels: map[string]string{}}, files: map[string]copied{}}
	for i, line := range strings.Split(string(text), "\n") {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		if err := d.take(line); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", file, i+1, err)
		}
	}
	return d.image()
}

func (d *dockerfile) take(line string) error {
	word, rest, _ := strings.Cut(line, " ")
	rest = strings.ReplaceAll(strings.TrimSpace(rest), "$TARGETPLATFORM", "linux/"+architecture)
	if !d.based && word != "FROM" {
		return fmt.Errorf("%s before FROM", word)
	}
	switch {
	case word == "FROM" && rest == "scratch" && !d.based:
		d.based = true
	case word == "ARG" && rest == "TARGETPLATFORM":
	case word == "COPY":
		return d.copy(strings.Fields(rest))
	case word == "ENV" && strings.Contains(rest, "=") && !strings.ContainsAny(rest, " \"$\\"):
		d.config.Env = append(d.config.Env, rest)
	case word == "LABEL" && strings.Contains(rest, "="):
		key, value, _ := strings.Cut(rest, "=")
		d.config.Labels[key] = strings.Trim(value, `"`)
	case word == "USER":
		d.config.User = rest
	case word == "ENTRYPOINT":
		return json.Unmarshal([]byte(rest), &d.config.Entrypoint)
	default:
		return fmt.Errorf("%q is not understood here", line)
	}
	return nil
}

func (d *dockerfile) copy(words []string) error {
	if len(words) != 2 || !path.IsAbs(words[1]) || strings.HasSuffix(words[1], "/") {
		return fmt.Errorf("COPY %v: only COPY FILE /FILE is understood here", words)
	}
	source := filepath.Join(d.dir, words[0])
	info, err := os.Stat(source)
	if err != nil {
		return fmt.Errorf("COPY: %w", err)
	}
	data, err := os.ReadFile(source)
	if err != nil {
		return fmt.Errorf("COPY: %w", err)
	}
	d.files[strings.TrimPrefix(words[1], "/")] = copied{data, info.Mode().Perm()}
	return nil
}

func (d *dockerfile) image() (v1.Image, error) {
	packed, err := d.pack()
	if err != nil {
		return nil, fmt.Errorf("packing the image: %w", err)
	}
	base := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	img, err := mutate.Append(base, mutate.Addendum{Layer: static.NewLayer(packed, types.OCIUncompressedLayer)})
	if err != nil {
		return nil, fmt.Errorf("building the image: %w", err)
	}
	file, err := img.ConfigFile()
	if err != nil {
		return nil, fmt.Errorf("building the image: %w", err)
	}
	file = file.DeepCopy()
	file.OS, file.Architecture, file.Created, file.Config = "linux", architecture, v1.Time{Time: born}, d.config
	return mutate.ConfigFile(img, file)
}

// pack makes one layer: the files for root, as Docker copies them, and their folders.
func (d *dockerfile) pack() ([]byte, error) {
	var packed bytes.Buffer
	w := tar.NewWriter(&packed)
	folders := map[string]bool{}
	for _, name := range d.names() {
		for at := 0; at < len(name); at++ {
			if folder := name[:at+1]; name[at] == '/' && !folders[folder] {
				folders[folder] = true
				if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: folder, Mode: 0o755, ModTime: born}); err != nil {
					return nil, err
				}
			}
		}
		file := d.files[name]
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: int64(file.mode), Size: int64(len(file.data)), ModTime: born}); err != nil {
			return nil, err
		}
		if _, err := w.Write(file.data); err != nil {
			return nil, err
		}
	}
	return packed.Bytes(), w.Close()
}

func (d *dockerfile) names() (list []string) {
	for name := range d.files {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

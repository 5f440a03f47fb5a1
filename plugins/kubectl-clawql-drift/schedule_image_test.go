package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/clawql/clawql-workbench/shared/driftjob"
)

const tree = "../.."

// The image that a release makes is the one that the schedule speaks of: its
// repository, its platforms, the binary where the CronJob looks for it. That
// goreleaser takes the file is not asked here.
func TestTheReleaseMakesTheImage(t *testing.T) {
	var release struct {
		DockersV2 []struct {
			ID         string   `json:"id"`
			IDs        []string `json:"ids"`
			Dockerfile string   `json:"dockerfile"`
			ExtraFiles []string `json:"extra_files"`
			Images     []string `json:"images"`
			Tags       []string `json:"tags"`
			Platforms  []string `json:"platforms"`
			SBOM       string   `json:"sbom"`
		} `json:"dockers_v2"`
		DockerSigns []struct {
			IDs  []string `json:"ids"`
			Cmd  string   `json:"cmd"`
			Args []string `json:"args"`
		} `json:"docker_signs"`
		Release struct {
			ExtraFiles []struct{ Glob string } `json:"extra_files"`
		} `json:"release"`
		Before struct{ Hooks []string } `json:"before"`
	}
	if err := yaml.Unmarshal(must(os.ReadFile(filepath.Join(tree, ".goreleaser.yml"))), &release); err != nil {
		t.Fatal(err)
	}
	if len(release.DockersV2) != 1 || len(release.DockerSigns) != 1 {
		t.Fatalf("%+v", release)
	}
	image, sign := release.DockersV2[0], release.DockerSigns[0]
	if !slices.Equal(image.Images, []string{driftjob.Repository}) || !slices.Equal(image.IDs, []string{"kubectl-clawql-drift"}) || !slices.Equal(image.Platforms, []string{"linux/amd64", "linux/arm64"}) || image.SBOM != "true" {
		t.Errorf("%+v", image)
	}
	if sign.Cmd != "cosign" || !slices.Equal(sign.IDs, []string{image.ID}) || !slices.Contains(sign.Args, "${artifact}@${digest}") {
		t.Errorf("%+v", sign)
	}
	if len(release.Release.ExtraFiles) != 1 || release.Release.ExtraFiles[0].Glob != "./dist/digests.txt" {
		t.Errorf("the digest is not published: %+v", release.Release)
	}
	dockerfile := string(must(os.ReadFile(filepath.Join(tree, image.Dockerfile))))
	for _, file := range image.ExtraFiles {
		if !strings.Contains(dockerfile, "COPY "+file+" ") || !strings.HasSuffix(release.Before.Hooks[len(release.Before.Hooks)-1], "/"+file) {
			t.Errorf("%s is not made before, or not copied", file)
		}
	}
	for _, want := range []string{`(?m)^FROM scratch$`, `(?m)^USER 65532:65532$`, `(?m)^ENV PATH=/usr/local/bin$`, `(?m)^COPY \$TARGETPLATFORM/kubectl-clawql-drift /usr/local/bin/kubectl-clawql-drift$`, `(?m)^COPY bin/ca-certificates.crt /etc/ssl/certs/`} {
		if !regexp.MustCompile(want).MatchString(dockerfile) {
			t.Errorf("the Dockerfile lacks %s", want)
		}
	}
}

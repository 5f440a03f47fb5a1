package image

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const described = `# a comment
FROM scratch
ARG TARGETPLATFORM
COPY roots.crt /etc/ssl/certs/roots.crt
COPY $TARGETPLATFORM/app /usr/local/bin/app
ENV PATH=/usr/local/bin
LABEL a.title="two words"
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/app"]
`

func build(t *testing.T, text string) (user, title, app string, err error) {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{"Dockerfile": text, "roots.crt": "roots", "linux/" + architecture + "/app": "the program"} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	img, err := FromDockerfile(filepath.Join(dir, "Dockerfile"), dir)
	if err != nil {
		return "", "", "", err
	}
	config, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	return config.Config.User, config.Config.Labels["a.title"], content(t, img, "usr/local/bin/app") + content(t, img, "etc/ssl/certs/roots.crt"), nil
}

func TestFromDockerfile(t *testing.T) {
	user, title, app, err := build(t, described)
	if err != nil || user != User || title != "two words" || app != "the programroots" {
		t.Errorf("%q %q %q %v", user, title, app, err)
	}
	for _, bad := range [][2]string{
		{"FROM scratch", "FROM debian"}, {"FROM scratch\n", ""}, {"USER 65532:65532", "RUN rm -rf /"}, {"COPY roots.crt", "COPY --from=a roots.crt"},
		{"COPY roots.crt", "COPY missing.crt"}, {"ENV PATH=/usr/local/bin", "ENV PATH=$HOME"}, {`["/usr/local/bin/app"]`, "app"},
	} {
		if _, _, _, err := build(t, strings.Replace(described, bad[0], bad[1], 1)); err == nil {
			t.Errorf("%q is taken", bad[1])
		}
	}
}

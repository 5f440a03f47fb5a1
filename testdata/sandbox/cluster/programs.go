package cluster

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Programs are the files that a sandbox runs, absolute.
type Programs struct {
	Sandbox    string // this very program
	Kube       string // the multi-call Kubernetes
	Kwok       string // the simulated node
	Pause      string // the pods' first process
	Gateway    string // the stand-in gateway
	Containerd string
}

// FindPrograms looks for the sandbox's own programs beside this one and for containerd in PATH
// and the folders of system programs: those that the mode needs.
func FindPrograms(mode string) (Programs, error) {
	self, err := os.Executable()
	if err != nil {
		return Programs{}, fmt.Errorf("finding this program: %w", err)
	}
	if self, err = filepath.EvalSymlinks(self); err != nil {
		return Programs{}, fmt.Errorf("finding this program: %w", err)
	}
	beside := func(name string) string { return filepath.Join(filepath.Dir(self), name) }
	p := Programs{Sandbox: self, Kube: beside("kube"), Kwok: beside("kwok"), Pause: beside("sandbox-pause"), Gateway: beside("sandbox-gateway")}
	need := map[string][]string{External: {p.Gateway}, Simulated: {p.Gateway, p.Kube, p.Kwok}, Real: {p.Gateway, p.Kube, p.Pause}}
	for _, file := range need[mode] {
		if _, err := os.Stat(file); err != nil {
			return p, fmt.Errorf("a sandbox of mode %s needs %s, which `make -C testdata/sandbox` builds: %w", mode, filepath.Base(file), err)
		}
	}
	if mode == Real {
		p.Containerd, err = systemProgram("containerd")
	}
	return p, err
}

// systemPath adds the folders of system programs, which a user's PATH often lacks.
const systemPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

func systemProgram(name string) (string, error) {
	if found, err := exec.LookPath(name); err == nil {
		return filepath.Abs(found)
	}
	for _, dir := range filepath.SplitList(systemPath) {
		if found, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return found, nil
		}
	}
	return "", fmt.Errorf("the sandbox needs %s, which is not in PATH; testdata/sandbox/install.sh installs it", name)
}

package nest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// hidden are the host's folders into which containerd, CNI and kubelet write at fixed places
// (/run/containerd/s, /var/lib/cni, /var/lib/kubelet/device-plugins, /var/log/containers):
// inside, they are empty and in memory.
var hidden = []string{"/run", "/var/lib", "/var/log"}

// tunables are the kernel settings that a kubelet insists on and otherwise changes for the whole
// machine (k8s.io/kubernetes/pkg/kubelet/cm, setupKernelTunables). It is shown them as it wants
// them; the machine keeps its own.
var tunables = map[string]string{
	"vm/overcommit_memory":      "1",
	"vm/panic_on_oom":           "0",
	"kernel/panic":              "10",
	"kernel/panic_on_oops":      "1",
	"kernel/keys/root_maxkeys":  "1000000",
	"kernel/keys/root_maxbytes": "25000000",
}

// Hides says whether a folder would be invisible inside, because it is below a hidden one.
func Hides(dir string) bool {
	for _, h := range hidden {
		if dir == h || strings.HasPrefix(dir, h+"/") {
			return true
		}
	}
	return false
}

// separate asks for new process and mount namespaces; Go makes the mounts private with the latter.
func separate(attr *syscall.SysProcAttr) {
	attr.Cloneflags = syscall.CLONE_NEWPID
	attr.Unshareflags = syscall.CLONE_NEWNS
}

// furnish gives the fresh namespaces their own /proc, empty runtime folders and kernel settings
// to look at. The mounts are private to the namespace (syscall's CLONE_NEWNS made them so), and
// shared among those inside, as mount propagation between kubelet and pods needs.
func furnish(dir string) error {
	if err := unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return fmt.Errorf("mounting /proc: %w", err)
	}
	for _, h := range hidden {
		if err := unix.Mount("tmpfs", h, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=0755"); err != nil {
			return fmt.Errorf("mounting an empty %s: %w", h, err)
		}
	}
	if err := pretend(filepath.Join(dir, "sysctl")); err != nil {
		return err
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_SHARED, ""); err != nil {
		return fmt.Errorf("sharing the mounts inside: %w", err)
	}
	return nil
}

func pretend(dir string) error {
	for name, value := range tunables {
		file, target := filepath.Join(dir, name), filepath.Join("/proc/sys", name)
		if _, err := os.Stat(target); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(file, []byte(value+"\n"), 0o600); err != nil {
			return err
		}
		if err := unix.Mount(file, target, "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("covering %s: %w", target, err)
		}
	}
	return nil
}

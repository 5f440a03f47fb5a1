package node

import (
	"fmt"
	"os"
	"strings"
	"syscall"
)

// Unmount takes off everything that is mounted below dir in this process's view.
func Unmount(dir string) error {
	data, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return fmt.Errorf("listing mounts: %w", err)
	}
	for _, line := range strings.Split(string(data), "\n") {
		fields := strings.Fields(line)
		if len(fields) > 4 && strings.HasPrefix(fields[4], dir+"/") {
			if err := syscall.Unmount(fields[4], syscall.MNT_DETACH); err != nil {
				return fmt.Errorf("unmounting %s: %w", fields[4], err)
			}
		}
	}
	return nil
}

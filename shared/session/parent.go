package session

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// pollParent returns when this process has another parent than before.
func pollParent(parent int) {
	for os.Getppid() == parent {
		time.Sleep(250 * time.Millisecond)
	}
}

// isSessionLeader: nobody above a session leader handles a stopped job.
func isSessionLeader() bool {
	leader, err := unix.Getsid(0)
	return err == nil && leader == os.Getpid()
}

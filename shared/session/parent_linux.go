package session

import "golang.org/x/sys/unix"

// watchParent closes the channel when the process that started this one ends.
// A parent-death signal would not do: it is sent when the parent's thread
// ends. Where the parent is outside of this process namespace there is nobody
// to watch.
func watchParent() <-chan struct{} {
	gone := make(chan struct{})
	parent := unix.Getppid()
	if parent <= 1 {
		return gone
	}
	fd, err := unix.PidfdOpen(parent, 0)
	if unix.Getppid() != parent {
		close(gone)
		return gone
	}
	go func() {
		defer close(gone)
		if err != nil {
			pollParent(parent)
			return
		}
		waitReadable(fd)
		unix.Close(fd)
	}()
	return gone
}

// waitReadable waits until a pidfd says that its process has ended.
func waitReadable(fd int) {
	for {
		ready := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		if n, err := unix.Poll(ready, -1); err == nil && n > 0 {
			return
		} else if err != nil && err != unix.EINTR {
			return
		}
	}
}

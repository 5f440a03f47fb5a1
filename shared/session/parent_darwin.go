package session

import "golang.org/x/sys/unix"

// watchParent closes the channel when the process that started this one ends.
func watchParent() <-chan struct{} {
	gone := make(chan struct{})
	if parent := unix.Getppid(); parent > 1 {
		go func() {
			defer close(gone)
			pollParent(parent)
		}()
	}
	return gone
}

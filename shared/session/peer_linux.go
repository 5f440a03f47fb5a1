package session

import "golang.org/x/sys/unix"

// credentials asks the system who holds the other end of a unix socket.
func credentials(fd int) (pid, uid, gid int, err error) {
	found, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		return 0, 0, 0, err
	}
	return int(found.Pid), int(found.Uid), int(found.Gid), nil
}

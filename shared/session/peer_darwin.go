package session

import "golang.org/x/sys/unix"

// credentials asks the system who holds the other end of a unix socket.
func credentials(fd int) (pid, uid, gid int, err error) {
	found, err := unix.GetsockoptXucred(fd, unix.SOL_LOCAL, unix.LOCAL_PEERCRED)
	if err != nil {
		return 0, 0, 0, err
	}
	pid, err = unix.GetsockoptInt(fd, unix.SOL_LOCAL, unix.LOCAL_PEERPID)
	return pid, int(found.Uid), int(found.Groups[0]), err
}

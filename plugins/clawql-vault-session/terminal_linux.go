package main

import (
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// pseudoTerminal makes both ends of a terminal (pty(7)).
func pseudoTerminal() (outer, inner *os.File, err error) {
	outer, err = os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, nil, err
	}
	control, err := outer.SyscallConn()
	if err != nil {
		outer.Close()
		return nil, nil, err
	}
	number, failed := 0, error(nil)
	err = control.Control(func(fd uintptr) {
		if failed = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0); failed == nil {
			number, failed = unix.IoctlGetInt(int(fd), unix.TIOCGPTN)
		}
	})
	if err == nil {
		err = failed
	}
	if err == nil {
		inner, err = os.OpenFile("/dev/pts/"+strconv.Itoa(number), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err != nil {
		outer.Close()
		return nil, nil, err
	}
	return outer, inner, nil
}

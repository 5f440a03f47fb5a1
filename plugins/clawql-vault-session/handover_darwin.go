package main

import (
	"errors"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// mostInPipe is what a pipe of macOS takes without a reader.
const mostInPipe = 16 << 10

// sealedFile is a pipe that holds the content: it can be read once. macOS has
// no file that is only in memory.
func sealedFile(_ string, content []byte) (*os.File, error) {
	if len(content) > mostInPipe {
		return nil, errors.New("--as-file takes at most 16 KiB on macOS")
	}
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer write.Close()
	if _, err := write.Write(content); err != nil {
		read.Close()
		return nil, err
	}
	return read, nil
}

func descriptorPath(fd int) string { return "/dev/fd/" + strconv.Itoa(fd) }

// moveFiles puts the files on the descriptors whose paths the environment
// names; see the same for Linux.
func (r *runner) moveFiles() error {
	away := make([]int, len(r.files))
	for i, file := range r.files {
		fd, err := unix.FcntlInt(file.Fd(), unix.F_DUPFD_CLOEXEC, 100+len(r.files))
		if err != nil {
			return err
		}
		away[i] = fd
	}
	for i, fd := range away {
		if err := unix.Dup2(fd, firstDescriptor+i); err != nil {
			return err
		}
	}
	return nil
}

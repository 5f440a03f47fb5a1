package main

import (
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// sealedFile is a file in memory that nobody can change any more, and that is
// on no disk.
func sealedFile(name string, content []byte) (*os.File, error) {
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return nil, err
	}
	file := os.NewFile(uintptr(fd), name)
	if _, err = file.Write(content); err == nil {
		_, err = unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, unix.F_SEAL_SHRINK|unix.F_SEAL_GROW|unix.F_SEAL_WRITE|unix.F_SEAL_SEAL)
	}
	if err == nil {
		_, err = file.Seek(0, 0)
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

func descriptorPath(fd int) string { return "/proc/self/fd/" + strconv.Itoa(fd) }

// moveFiles puts the files on the descriptors whose paths the environment
// names, and lets the program inherit them. First they go out of the way, as
// one may lie on the place of another.
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
		if err := unix.Dup3(fd, firstDescriptor+i, 0); err != nil {
			return err
		}
	}
	return nil
}

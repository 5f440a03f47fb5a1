package main

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"syscall"
)

// attack is the test's own program as somebody else runs it: it tries one
// thing and says what came of it, "refused" for an error that means no.
func attack(args []string) int {
	what, target := args[0], args[1]
	err := map[string]func(string) error{
		"connect": connect, "read": read, "list": listFolder, "enter": os.Chdir, "trace": trace, "signal": signal9, "link": readLink,
	}[what](target)
	if err == nil {
		fmt.Println(what, "WORKED", target)
		return 1
	}
	fmt.Println(what, "refused")
	return 0
}

func connect(socket string) error {
	connection, err := net.Dial("unix", socket)
	if err != nil {
		return err
	}
	defer connection.Close()
	// A listener that lets anyone connect could still hang up on them.
	fmt.Fprintf(connection, "GET /v1/status HTTP/1.1\r\nHost: x\r\n\r\n")
	answer := make([]byte, 12)
	if _, err := connection.Read(answer); err != nil {
		return err
	}
	if string(answer) == "HTTP/1.1 403" {
		return os.ErrPermission
	}
	return nil
}

func read(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = file.ReadAt(make([]byte, 1), mapped(path))
	return err
}

// mapped is an address of a process's memory that can be read if any can: that
// of its program, which is not moved where it is built without -buildmode=pie.
func mapped(path string) int64 {
	if len(path) > 4 && path[len(path)-4:] == "/mem" {
		return 0x400000
	}
	return 0
}

func listFolder(path string) error {
	_, err := os.ReadDir(path)
	return err
}

func readLink(path string) error {
	_, err := os.Readlink(path)
	return err
}

func trace(pid string) error {
	n, err := strconv.Atoi(pid)
	if err != nil {
		return nil // a broken test must not pass
	}
	return syscall.PtraceAttach(n)
}

func signal9(pid string) error {
	n, err := strconv.Atoi(pid)
	if err != nil {
		return nil
	}
	return syscall.Kill(n, syscall.SIGKILL)
}

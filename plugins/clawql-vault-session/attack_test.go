//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// attack is the test's own program as somebody else runs it: it tries one
// thing and says what came of it, "refused" for an error that means no.
func attack(args []string) int {
	what, target := args[0], args[1]
	switch what {
	case "ask":
		return ask(target, args[2])
	case "serve":
		return serve(target)
	}
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

// ask prints what the server on a socket answers.
func ask(socket, path string) int {
	client := http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}}}
	response, err := client.Get("http://session" + path)
	if err != nil {
		fmt.Println(err)
		return 1
	}
	io.Copy(os.Stdout, response.Body)
	return 0
}

// serve is a vault of another version.
func serve(argument string) int {
	text, err := os.ReadFile(strings.TrimPrefix(argument, "-config="))
	var config struct {
		Listener struct{ Unix struct{ Address string } }
	}
	if err == nil {
		err = json.Unmarshal(text, &config)
	}
	var listener net.Listener
	if err == nil {
		listener, err = net.Listen("unix", config.Listener.Unix.Address)
	}
	if err == nil {
		err = http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, `{"sealed":true,"version":"0.1.0"}`)
		}))
	}
	fmt.Println(err)
	return 1
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

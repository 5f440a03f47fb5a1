package session

import (
	"encoding/json"
	"errors"
	"net"
	"os"
	"syscall"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// The kinds of message between front and supervisor.
const (
	sayPlan    = "plan"    // front: what to run
	sayEnd     = "end"     // front: end the session, Text says why
	sayResume  = "resume"  // front: let the stopped command go on
	sayStarted = "started" // supervisor: the command runs, Group is its process group
	sayNotice  = "notice"  // supervisor: Text is for the terminal
	sayStopped = "stopped" // supervisor: the command was stopped (ctrl-Z)
	sayEnded   = "ended"   // supervisor: all is over
)

// message is one line between front and supervisor.
type message struct {
	Kind   string
	Plan   *plan    `json:",omitempty"`
	Text   string   `json:",omitempty"`
	Group  int      `json:",omitempty"`
	Vault  process  `json:",omitzero"`
	Code   int      `json:",omitempty"` // of the command
	Reason Reason   `json:",omitempty"`
	Fault  *Problem `json:",omitempty"`
	Left   []int    `json:",omitempty"` // processes that could not be ended
}

// Problem is an error as it goes over a socket.
type Problem struct {
	Message string   `json:"message"`
	Hints   []string `json:"hints,omitempty"`
	Code    int      `json:"code"`
}

func problemOf(err error) *Problem {
	if err == nil {
		return nil
	}
	return &Problem{err.Error(), fault.Hints(err), fault.Code(err)}
}

// err is the fault that was sent.
func (p *Problem) err() error {
	if p == nil {
		return nil
	}
	build := fault.Unable
	switch p.Code {
	case fault.CodeNo:
		build = fault.No
	case fault.CodeUsage:
		build = fault.Usage
	}
	made := build("%s", p.Message)
	for _, hint := range p.Hints {
		made = made.Hint("%s", hint)
	}
	return made
}

// link is one end of the socket pair.
type link struct {
	connection net.Conn
	encode     *json.Encoder
}

func newLink(file *os.File) (*link, error) {
	connection, err := net.FileConn(file)
	file.Close()
	if err != nil {
		return nil, fault.Usage("there is no session to supervise here").Hint("`clawql-vault-session` starts one")
	}
	return &link{connection, json.NewEncoder(connection)}, nil
}

// pair makes both ends; the second is for the child.
func pair() (*link, *os.File, error) {
	ends, err := socketPair()
	if err != nil {
		return nil, nil, fault.Unable("making a socket pair: %w", err)
	}
	ours, err := newLink(os.NewFile(uintptr(ends[0]), "front"))
	return ours, os.NewFile(uintptr(ends[1]), "supervisor"), err
}

// socketPair is not inherited by other children.
func socketPair() ([2]int, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	ends, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(ends[0])
		syscall.CloseOnExec(ends[1])
	}
	return ends, err
}

func (l *link) send(m message) error { return l.encode.Encode(m) }

// listen sends what comes, and closes the channel when the other end is gone.
func (l *link) listen() <-chan message {
	messages := make(chan message)
	go func() {
		defer close(messages)
		decode := json.NewDecoder(l.connection)
		for {
			var m message
			if err := decode.Decode(&m); err != nil {
				return
			}
			messages <- m
		}
	}()
	return messages
}

var errNoPlan = errors.New("the front sent no plan")

package session

import (
	"context"
	"net"
	"net/http"
	"os"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// Peer is the process at the other end of the control socket, as the system
// tells it.
type Peer struct {
	PID     int    `json:"pid"`
	UID     int    `json:"uid"`
	Name    string `json:"name"`             // short name of its program
	Program string `json:"program"`          // path of its program, "" where it cannot be known
	Inside  bool   `json:"inside"`           // a process of this session, or Shared
	Shared  bool   `json:"shared,omitempty"` // it came over the sockets that were shared with a container
	birth   string
	judged  bool
}

type peerKey struct{}

// peerOf is the process that sent r. A handler of the control socket always
// has one.
func peerOf(r *http.Request) Peer {
	peer, _ := r.Context().Value(peerKey{}).(Peer)
	return peer
}

// meet looks at the other end of a new connection and judges it. Another
// user's process is let in nowhere.
func meet(ctx context.Context, connection net.Conn, uid, supervisor int) context.Context {
	peer, err := peerBehind(connection)
	if err != nil || peer.UID != uid {
		connection.Close()
		return ctx
	}
	peer.Name, peer.Program = nameOf(peer.PID), programOf(peer.PID)
	peer.Inside = descends(peer.PID, supervisor) && birthOf(peer.PID) == peer.birth
	peer.judged = true
	return context.WithValue(ctx, peerKey{}, peer)
}

// peerBehind reads the credentials of the other end of a unix socket.
func peerBehind(connection net.Conn) (Peer, error) {
	socket, ok := connection.(*net.UnixConn)
	if !ok {
		return Peer{}, os.ErrInvalid
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return Peer{}, err
	}
	var peer Peer
	var inner error
	err = raw.Control(func(fd uintptr) { peer.PID, peer.UID, _, inner = credentials(int(fd)) })
	if err == nil {
		err = inner
	}
	peer.birth = birthOf(peer.PID)
	return peer, err
}

// requireInside refuses values to processes that do not belong to the session.
func requireInside(peer Peer) error {
	if peer.Inside {
		return nil
	}
	return fault.No("process %d (%s) does not belong to the session: values are read inside only", peer.PID, peer.Name).
		Hint("run it in the session's shell, or as `clawql-vault-session -- COMMAND`")
}

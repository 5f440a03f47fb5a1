package session

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// shareName is the folder that a dev container mounts: a control socket and a
// Vault socket of its own. Whoever reaches them as the session's user counts
// as inside: in a container, no process descends from the session.
const shareName = "share"

// share is what a session shares, nothing before it is asked to.
type share struct {
	mutex   sync.Mutex
	servers []*http.Server
	closed  bool
}

// close takes the servers, and lets no more be opened.
func (s *share) close() []*http.Server {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.closed = true
	return s.servers
}

// answerShare opens the sockets, once, for a process of the session, and tells
// their folder.
func (s *supervisor) answerShare(w http.ResponseWriter, r *http.Request) {
	if err := requireInside(peerOf(r)); err != nil {
		fail(w, err)
		return
	}
	s.share.mutex.Lock()
	defer s.share.mutex.Unlock()
	if len(s.share.servers) == 0 && !s.share.closed {
		if err := s.openShare(); err != nil {
			fail(w, err)
			return
		}
		s.wrote(r, "share", "", nil)
	}
	answer(w, s.path(shareName))
}

func (s *supervisor) openShare() error {
	if err := os.Mkdir(s.path(shareName), 0o700); err != nil {
		return fault.Unable("making the folder to share: %w", err)
	}
	for name, handler := range map[string]http.Handler{ControlName: s.controlServer().Handler, vaultName: met(s.doorway())} {
		path := filepath.Join(s.path(shareName), name)
		listener, err := net.Listen("unix", path)
		if err == nil {
			err = os.Chmod(path, 0o600)
		}
		if err != nil {
			return fault.Unable("opening a socket to share: %w", err)
		}
		server := &http.Server{Handler: handler, ReadHeaderTimeout: headerTimeout, ConnContext: s.meetsShared}
		s.share.servers = append(s.share.servers, server)
		go server.Serve(listener)
	}
	return nil
}

// meetsShared judges a peer by its user alone.
func (s *supervisor) meetsShared(ctx context.Context, connection net.Conn) context.Context {
	ctx = s.meets(ctx, connection)
	if peer, ok := ctx.Value(peerKey{}).(Peer); ok {
		peer.Inside, peer.Shared = true, true
		return context.WithValue(ctx, peerKey{}, peer)
	}
	return ctx
}

// Share opens the session to a container and gives the folder to mount there.
func (c *Client) Share(ctx context.Context) (folder string, err error) {
	answer, err := c.Do(ctx, http.MethodPost, "/v1/share", nil)
	if err != nil {
		return "", err
	}
	if err := json.Unmarshal(answer, &folder); err != nil {
		return "", fault.Unable("asking the session: its answer cannot be read")
	}
	return folder, nil
}

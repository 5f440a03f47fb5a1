// Package nest is the place where everything of a sandbox lives: one process, the keeper, that is
// the first of its own process namespace and has mounts of its own. The kernel ends all
// processes of that namespace (daemons, containerd's shims, pods) with the keeper, and drops
// its mounts and the pods' network namespaces with the last of them. So one signal cleans up,
// whoever was killed before, and no mount is ever seen on the host.
package nest

// Socket is the name of the keeper's unix socket in the sandbox's folder.
const Socket = "keeper.sock"

// A Command is one request to the keeper.
type Command struct {
	Op    string   `json:"op"`              // start, stop or list
	Name  string   `json:"name,omitempty"`  // of the daemon: letters, digits and dashes
	Args  []string `json:"args,omitempty"`  // start: program (absolute path) and arguments
	Env   []string `json:"env,omitempty"`   // start: added to the keeper's own
	Grace int      `json:"grace,omitempty"` // stop: milliseconds between SIGTERM and SIGKILL
}

// A Reply is the keeper's answer; Error is empty when the request was carried out.
type Reply struct {
	Error   string   `json:"error,omitempty"`
	Daemons []Daemon `json:"daemons,omitempty"`
}

// A Daemon is a program that the keeper has started. PID counts inside the namespace.
type Daemon struct {
	Name    string `json:"name"`
	PID     int    `json:"pid"`
	Running bool   `json:"running"`
	Exit    string `json:"exit,omitempty"` // how it ended
}

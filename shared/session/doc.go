// Package session runs one Vault for one session: a private server in memory,
// a command beside it, and a control socket through which the command's
// processes get at the secrets. All of it ends together.
//
// # Processes
//
//	front        what the person started: holds the terminal, does job control
//	 └ supervisor   holds the tokens, serves the control socket, ends everything
//	    ├ vault     the server: a process group of its own, dies with the supervisor
//	    └ command   the shell or COMMAND, and whatever it starts
//
// Front and supervisor watch each other over a socket pair. Killing the front
// closes it, and the supervisor ends the session in order. Killing the
// supervisor kills Vault by its parent-death signal; the front, which as a
// subreaper inherits all that is left, ends the rest. Killing both at once
// leaves processes of the command at most, without a Vault and so without a
// token that is worth anything, and a folder of dead sockets that the next
// session removes.
//
// The supervisor is a subreaper too: a process that detaches itself from its
// parents stays a descendant, so "is this process of the session?" has an
// answer (Peer.Inside), and nothing is left at the end.
//
// # Who gets what
//
// The command's environment holds paths only: CLAWQL_VAULT_SESSION (control
// socket), VAULT_ADDR (Vault's socket) and VAULT_CONFIG_PATH (a file that
// names a token helper). No token is in an environment, in an argument list or
// on a disk. `put`, `get`, `run` talk to the supervisor over the control
// socket; the supervisor holds the tokens, asks Vault, and notes who asked.
// `vault` itself, run inside, asks the token helper, which asks the supervisor.
//
// The control socket is open to the user's own processes only (0600 in a 0700
// folder, and SO_PEERCRED on each connection). Values and the token go to
// processes of the session only; writing, listing names, status, stop and the
// live digests are open to all of the user's processes.
//
// # Clock
//
// The end is set on a clock that runs on while the machine sleeps
// (CLOCK_BOOTTIME), and the tokens carry explicit_max_ttl, so Vault enforces
// the end too.
package session

package main

import "golang.org/x/sys/unix"

// hideMemory closes this process, which now holds a value, to tracers and to
// readers of /proc/PID/mem of the same user. What it executes is not affected.
func hideMemory() { unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0) }

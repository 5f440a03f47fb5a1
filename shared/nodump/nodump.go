// Package nodump keeps what a process holds in its memory from being written
// anywhere: no core file, whatever limit the caller set, and no tracing by
// other processes of the same user. A program that reads secrets calls Forbid
// before it reads the first one.
package nodump

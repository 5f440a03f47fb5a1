package vaultread

import (
	"bytes"
	"os"
	"strconv"
)

// thisMachine is the one that this process runs on, as its kernel tells.
func thisMachine() (here machine, known bool) {
	stat, err1 := os.ReadFile("/proc/stat")
	memory, err2 := os.ReadFile("/proc/meminfo")
	kernel, err3 := os.ReadFile("/proc/sys/kernel/osrelease")
	if err1 != nil || err2 != nil || err3 != nil {
		return machine{}, false
	}
	boot := number(stat, "btime")
	kibibytes := number(memory, "MemTotal:")
	return machine{int64(boot), string(bytes.TrimSpace(kernel)), kibibytes << 10}, boot > 0 && kibibytes > 0
}

// number stands behind a word at the beginning of a line; 0 is none.
func number(text []byte, word string) uint64 {
	for line := range bytes.Lines(text) {
		if fields := bytes.Fields(line); len(fields) > 1 && string(fields[0]) == word {
			n, _ := strconv.ParseUint(string(fields[1]), 10, 62)
			return n
		}
	}
	return 0
}

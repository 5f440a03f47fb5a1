package gitchange

import (
	"bytes"
	"context"
	"strconv"
	"strings"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// Added tells which lines of one version of a file its former version has
// not, as git's own diff does: from and to, both included, counted from 1.
// Both are ids of blobs.
func (r *Repo) Added(ctx context.Context, before, after string) ([][2]int, error) {
	out, err := r.run(ctx, nil, "diff", "-U0", "--text", "--no-ext-diff", "--no-textconv", "--no-color",
		"--diff-algorithm=default", "--no-prefix", before, after, "--")
	if err != nil {
		return nil, err
	}
	var added [][2]int
	for line := range bytes.Lines(out) {
		if !bytes.HasPrefix(line, []byte("@@ ")) {
			continue // a line of the file begins with +, - or a backslash
		}
		lines, err := hunk(string(line))
		if err != nil {
			return nil, err
		}
		if lines[0] <= lines[1] {
			added = append(added, lines)
		}
	}
	return added, nil
}

// hunk reads `@@ -1,2 +3,4 @@`; a count that is left out is 1.
func hunk(line string) (lines [2]int, err error) {
	words := strings.Fields(line)
	if len(words) < 4 || !strings.HasPrefix(words[2], "+") {
		return lines, fault.Unable("git diff: a hunk that cannot be read: %.40q", line)
	}
	start, length, has := strings.Cut(words[2][1:], ",")
	first, err1 := strconv.Atoi(start)
	count := 1
	var err2 error
	if has {
		count, err2 = strconv.Atoi(length)
	}
	if err1 != nil || err2 != nil || first < 0 || count < 0 {
		return lines, fault.Unable("git diff: a hunk that cannot be read: %.40q", line)
	}
	return [2]int{first, first + count - 1}, nil
}

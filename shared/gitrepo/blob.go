package gitrepo

import (
	"context"
	"path"
	"slices"
	"strings"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// Blob is the content of one plain file as of the commit with the full id
// commit; nil when the file is not there. A link, folder or submodule in its
// place is an error of kind fault.No.
func (r *Repo) Blob(ctx context.Context, commit, file string) ([]byte, error) {
	e, err := r.find(ctx, commit, file)
	if err != nil || e == nil {
		return nil, err
	}
	if e.kind() != "file" {
		return nil, fault.No("%s is %s in commit %s, not a plain file", file, e.kind(), short(commit))
	}
	data, err := r.object(ctx, "blob", e.id)
	if data == nil && err == nil {
		data = []byte{}
	}
	return data, err
}

// ReadFile is the content of one plain file as of the commit that rev names
// (see Commit). A file that is not there is an error.
func (r *Repo) ReadFile(ctx context.Context, rev, file string) ([]byte, error) {
	id, err := r.commitID(ctx, rev)
	if err != nil {
		return nil, err
	}
	data, err := r.Blob(ctx, id, file)
	if err == nil && data == nil {
		return nil, fault.No("read %s: there is no such file in commit %s", file, short(id))
	}
	return data, err
}

// BlobID names the content at file as of the commit with the full id commit,
// without reading it: its mode and object id, "" when there is nothing.
func (r *Repo) BlobID(ctx context.Context, commit, file string) (string, error) {
	e, err := r.find(ctx, commit, file)
	if err != nil || e == nil {
		return "", err
	}
	return e.mode + " " + e.id, nil
}

// find walks down from the commit's tree to file; nil when it is not there.
func (r *Repo) find(ctx context.Context, commit, file string) (*entry, error) {
	c, err := r.Commit(ctx, commit)
	if err != nil {
		return nil, err
	}
	parts := strings.Split(path.Clean(file), "/")
	at := entry{mode: "40000", id: c.Tree}
	for _, name := range parts {
		if at.kind() != "folder" {
			return nil, nil
		}
		list, err := r.entries(ctx, at.id)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(list, func(e entry) bool { return e.name == name })
		if i < 0 {
			return nil, nil
		}
		at = list[i]
	}
	return &at, nil
}

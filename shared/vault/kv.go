package vault

import (
	"context"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// LongestPath is the number of bytes a secret's path may have.
const LongestPath = 512

// CheckPath says whether path can name a secret below Mount: 1 to LongestPath
// bytes of UTF-8, steps divided by single slashes, no step "." or "..", no
// control characters, no blanks at either end of a step. Anything else is a
// fault.Usage.
func CheckPath(path string) error {
	switch {
	case path == "":
		return fault.Usage("a secret's name is empty")
	case len(path) > LongestPath:
		return fault.Usage("a secret's name has %d bytes; at most %d are allowed", len(path), LongestPath)
	case !utf8.ValidString(path) || strings.ContainsFunc(path, isControl):
		return fault.Usage("secret name %q holds control characters or is not UTF-8", path)
	}
	for _, step := range strings.Split(path, "/") {
		if step == "" || step == "." || step == ".." || step != strings.TrimSpace(step) {
			return fault.Usage("secret name %q: the step %q is not allowed (empty, \".\", \"..\", or blanks at an end)", path, step)
		}
	}
	return nil
}

// isControl also holds for invisible format characters: two names that look
// the same must be the same.
func isControl(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }

// Read gives the fields of a secret. Errors wrap ErrAbsent and ErrDenied.
func (c *Client) Read(ctx context.Context, path string) (map[string]any, error) {
	if err := CheckPath(path); err != nil {
		return nil, err
	}
	found, err := c.api.Logical().ReadWithContext(ctx, Mount+"/data/"+path)
	if err != nil {
		return nil, refused("reading "+path, err)
	}
	if found == nil {
		return nil, fault.No("reading %s: %w", path, ErrAbsent)
	}
	fields, ok := found.Data["data"].(map[string]any)
	if !ok {
		return nil, fault.No("reading %s: %w", path, ErrAbsent)
	}
	return fields, nil
}

// Write sets the fields of a secret; the version before is gone, since the
// mount keeps one.
func (c *Client) Write(ctx context.Context, path string, fields map[string]any) error {
	if err := CheckPath(path); err != nil {
		return err
	}
	if _, err := c.api.Logical().WriteWithContext(ctx, Mount+"/data/"+path, map[string]any{"data": fields}); err != nil {
		return refused("writing "+path, err)
	}
	return nil
}

// Delete takes all versions and the metadata of a secret: there is nothing to
// undelete. Deleting what is not there is no error.
func (c *Client) Delete(ctx context.Context, path string) error {
	if err := CheckPath(path); err != nil {
		return err
	}
	if _, err := c.api.Logical().DeleteWithContext(ctx, Mount+"/metadata/"+path); err != nil {
		return refused("deleting "+path, err)
	}
	return nil
}

// List gives the paths of all secrets, in order.
func (c *Client) List(ctx context.Context) ([]string, error) {
	paths, err := c.below(ctx, "")
	slices.Sort(paths)
	return paths, err
}

// below walks one folder of the mount.
func (c *Client) below(ctx context.Context, folder string) ([]string, error) {
	found, err := c.api.Logical().ListWithContext(ctx, Mount+"/metadata/"+folder)
	if err != nil {
		return nil, refused("listing secrets", err)
	}
	if found == nil {
		return nil, nil
	}
	keys, _ := found.Data["keys"].([]any)
	var paths []string
	for _, key := range keys {
		name, _ := key.(string)
		if !strings.HasSuffix(name, "/") {
			paths = append(paths, folder+name)
			continue
		}
		more, err := c.below(ctx, folder+name)
		if err != nil {
			return nil, err
		}
		paths = append(paths, more...)
	}
	return paths, nil
}

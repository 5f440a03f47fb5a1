package main

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/project"
	"github.com/clawql/clawql-workbench/shared/vault"
)

// settings are the session's time and its command's policies: a flag beats
// clawql.yaml, and that beats the default.
func settings(c *cli.Context, root string) (ttl time.Duration, policies []vault.Policy, err error) {
	file, err := sessionOf(root)
	if err != nil {
		return 0, nil, err
	}
	ttl = c.Duration("ttl")
	if file.TTL != 0 && !c.IsSet("ttl") {
		ttl = time.Duration(file.TTL)
	}
	if c.IsSet("policy") {
		policies, err = readPolicies(c.StringSlice("policy"), os.Open)
		return ttl, policies, err
	}
	policies, err = projectPolicies(root, file.Policies)
	return ttl, policies, err
}

// sessionOf reads the section session of the project's clawql.yaml. None is
// well; one that cannot be read is not.
func sessionOf(root string) (project.Session, error) {
	content, err := os.ReadFile(filepath.Join(root, project.FileName))
	if errors.Is(err, fs.ErrNotExist) {
		return project.Session{}, nil
	}
	if err != nil {
		return project.Session{}, fault.Usage("reading %s: %w", project.FileName, err)
	}
	parsed, err := project.Parse(content)
	if err != nil || parsed.Session == nil {
		return project.Session{}, err
	}
	return *parsed.Session, nil
}

// projectPolicies reads policies of the project; no link leads out of it.
func projectPolicies(folder string, files []string) ([]vault.Policy, error) {
	if len(files) == 0 {
		return nil, nil
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, fault.Usage("reading the project's policies: %w", err)
	}
	defer root.Close()
	return readPolicies(files, root.Open)
}

// longestPolicy is the number of bytes that a policy file may have.
const longestPolicy = 1 << 20

func readPolicies(files []string, open func(string) (*os.File, error)) ([]vault.Policy, error) {
	var policies []vault.Policy
	for _, name := range files {
		text, err := readPolicy(name, open)
		if err != nil {
			return nil, err
		}
		policies = append(policies, vault.Policy{Name: name, Text: text})
	}
	return policies, nil
}

func readPolicy(name string, open func(string) (*os.File, error)) (string, error) {
	file, err := open(name)
	if err != nil {
		return "", fault.Usage("reading the policy %s: %w", name, err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Size() > longestPolicy {
		return "", fault.Usage("the policy %s is no file of at most %d bytes", name, longestPolicy)
	}
	text, err := io.ReadAll(io.LimitReader(file, longestPolicy))
	if err != nil {
		return "", fault.Usage("reading the policy %s: %w", name, err)
	}
	if len(text) == 0 {
		return "", fault.Usage("the policy %s is empty: it would allow nothing", name)
	}
	return string(text), nil
}

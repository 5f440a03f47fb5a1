package commitverify

import (
	"bytes"
	"encoding/hex"
	"errors"
	"path"
	"strings"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/gitchange"
	"github.com/clawql/clawql-workbench/shared/project"
	"github.com/clawql/clawql-workbench/shared/sshsign"
)

// policy is what one state of a repository's files says about signatures.
// There is one value for each state: pointers may be compared.
type policy struct {
	at      string // a commit that has it, for people
	project *project.Project
	path    string // of the list
	listed  bool   // the list is there
	demands bool
	signers *sshsign.AllowedSigners
	broken  error // why it cannot be used; then nothing else counts
}

// policies reads policies, each state once.
type policies struct {
	objects *gitchange.Objects
	trees   map[string]map[string]entry // by id; only those below the root
	files   map[[3]string]*policy       // by the ids of clawql.yaml, list, revoked keys
	states  map[string]*policy          // by what they say
	yaml    map[string]settings         // by the id of clawql.yaml
}

// settings is what clawql.yaml says, and in which words.
type settings struct {
	project *project.Project
	text    string
	err     error
}

func newPolicies(objects *gitchange.Objects) *policies {
	return &policies{objects, map[string]map[string]entry{}, map[[3]string]*policy{}, map[string]*policy{}, map[string]settings{}}
}

// entry is one line of a tree.
type entry struct{ mode, id string }

const (
	modeFolder = "40000"
	modeFile   = "100644"
	modeScript = "100755"
)

// of reads the policy that a commit's root tree holds.
func (p *policies) of(commit string, root []byte, width int) (*policy, error) {
	where, err := p.find(root, width, project.FileName)
	if err != nil {
		return nil, err
	}
	s, err := p.settings(where)
	if err != nil {
		return nil, err
	}
	list, err := p.find(root, width, s.project.Change.AllowedSigners)
	if err != nil {
		return nil, err
	}
	revoked, err := p.find(root, width, s.revokedPath())
	if err != nil {
		return nil, err
	}
	key := [3]string{where.mode + where.id, list.mode + list.id, revoked.mode + revoked.id}
	if known, ok := p.files[key]; ok {
		return known, nil
	}
	one, err := p.read(commit, s, list, revoked)
	if err != nil {
		return nil, err
	}
	p.files[key] = one
	return one, nil
}

// read makes the policy of a state that is new, or finds that another
// clawql.yaml says the same.
func (p *policies) read(commit string, s settings, list, revoked entry) (*policy, error) {
	state := strings.Join([]string{s.text, list.mode, list.id, revoked.mode, revoked.id}, "\x00")
	if known, ok := p.states[state]; ok {
		return known, nil
	}
	one := &policy{at: commit, project: s.project, path: s.project.Change.AllowedSigners, listed: list.id != "", broken: s.err}
	one.demands = one.listed || s.project.Signing != nil || s.err != nil
	err := p.readList(one, list, revoked, s.revokedPath())
	if code := fault.Code(err); err != nil && code != fault.CodeUsage {
		return nil, err
	}
	if one.broken == nil {
		one.broken = err
	}
	p.states[state] = one
	return one, nil
}

func (p *policies) readList(one *policy, list, revoked entry, revokedPath string) error {
	if !one.listed {
		one.signers = &sshsign.AllowedSigners{}
		return nil
	}
	content, err := p.file(list, one.path)
	if err != nil {
		return err
	}
	if one.signers, err = sshsign.ParseAllowedSigners(one.path, content); err != nil || revoked.id == "" {
		return err
	}
	if content, err = p.file(revoked, revokedPath); err != nil {
		return err
	}
	return one.signers.Revoke(revokedPath, content)
}

// file reads a plain file; anything else in its place is a fault.Usage.
func (p *policies) file(e entry, name string) ([]byte, error) {
	if e.mode != modeFile && e.mode != modeScript {
		return nil, fault.Usage("read %s: it is no plain file (mode %s)", name, e.mode)
	}
	return p.checked(e.id, "blob")
}

func (p *policies) checked(id, kind string) ([]byte, error) {
	content, got, err := p.objects.Get(id)
	if err != nil {
		return nil, err
	}
	if got != kind || nameOf(kind, content, len(id)) != id {
		return nil, fault.Unable("object %s is not the %s that its name stands for", id, kind).Hint("git fsck")
	}
	return content, nil
}

// settings reads clawql.yaml, or its defaults where there is none.
func (p *policies) settings(e entry) (settings, error) {
	known, ok := p.yaml[e.mode+e.id]
	if ok {
		return known, nil
	}
	s := settings{project: project.Defaults()}
	if e.id != "" {
		content, err := p.file(e, project.FileName)
		if err == nil {
			var read *project.Project
			if read, err = project.Parse(content); err == nil {
				s.project = read
			}
		}
		if err != nil && fault.Code(err) != fault.CodeUsage {
			return s, err
		}
		s.err = err
	}
	s.text = s.project.SigningPolicy()
	if s.err != nil {
		s.text = "broken " + e.id
	}
	p.yaml[e.mode+e.id] = s
	return s, nil
}

func (s settings) revokedPath() string {
	if s.project.Signing == nil {
		return project.DefaultRevokedKeys
	}
	return s.project.Signing.RevokedKeys
}

// find follows a path from the root tree; the zero entry is none there.
func (p *policies) find(root []byte, width int, name string) (entry, error) {
	first, rest, deeper := strings.Cut(path.Clean(name), "/")
	here, err := lookIn(root, width, first)
	for err == nil && deeper && here.mode == modeFolder {
		first, rest, deeper = strings.Cut(rest, "/")
		var inside map[string]entry
		if inside, err = p.tree(here.id); err == nil {
			here = inside[first]
		}
	}
	if err != nil || deeper && here.mode != modeFolder {
		return entry{}, err
	}
	return here, nil
}

// tree reads a tree below the root, once.
func (p *policies) tree(id string) (map[string]entry, error) {
	if known, ok := p.trees[id]; ok {
		return known, nil
	}
	content, err := p.checked(id, "tree")
	if err != nil {
		return nil, err
	}
	all := map[string]entry{}
	err = eachEntry(content, len(id)/2, func(name []byte, e entry) { all[string(name)] = e })
	p.trees[id] = all
	return all, err
}

var errTree = errors.New("a tree that cannot be read")

// lookIn finds one name in a raw tree, without reading the others into memory.
func lookIn(tree []byte, width int, name string) (entry, error) {
	for len(tree) > 0 {
		end := bytes.IndexByte(tree, 0)
		if end < 0 || len(tree) < end+1+width {
			return entry{}, fault.Unable("git cat-file: %w", errTree)
		}
		if blank := end - len(name) - 1; blank > 0 && tree[blank] == ' ' && string(tree[blank+1:end]) == name {
			return entry{string(tree[:blank]), hex.EncodeToString(tree[end+1 : end+1+width])}, nil
		}
		tree = tree[end+1+width:]
	}
	return entry{}, nil
}

func eachEntry(tree []byte, width int, each func(name []byte, e entry)) error {
	for len(tree) > 0 {
		head, rest, ok := bytes.Cut(tree, []byte{0})
		mode, name, ok2 := bytes.Cut(head, []byte(" "))
		if !ok || !ok2 || len(rest) < width {
			return fault.Unable("git cat-file: %w", errTree)
		}
		each(name, entry{string(mode), hex.EncodeToString(rest[:width])})
		tree = rest[width:]
	}
	return nil
}

package hookinstall

import (
	"maps"
	"path/filepath"
)

// without is the picture with nothing of ours in it. What could not be put
// back to where it was is told in the plan's notes.
func (s *Site) without(p *Plan) tree {
	t := maps.Clone(s.now)
	if f, ok := t[s.Config]; ok {
		if f = takeBlock(f); f.There() {
			t[s.Config] = f
		} else {
			delete(t, s.Config)
		}
	}
	for _, name := range []string{"config", "config-worktrees"} {
		delete(t, s.inState(name))
	}
	delete(t, s.underFile())
	delete(t, s.ledgerFile())
	for _, folder := range []string{s.plain(), s.Hooks()} {
		for _, event := range allEvents() {
			if folder != "" {
				takeHook(t, filepath.Join(folder, event), p)
			}
		}
	}
	return t
}

// takeHook takes ours out of one hook's place. Managers move what they find:
// pre-commit to HOOK.legacy, which it runs, lefthook to HOOK.old. The hook that
// we ran goes to where ours was found, as the manager would have moved it.
func takeHook(t tree, path string, p *Plan) {
	chained := path + suffix
	place := ""
	for _, end := range []string{".old", ".legacy", ""} {
		if t[path+end].kind() == Ours {
			place = path + end
			delete(t, place)
		}
	}
	if !t[chained].There() {
		return
	}
	front, back := t[path], t[chained]
	switch {
	case front.There() && (front.equal(back) || front.kind() == back.kind() && back.kind().generated()):
		delete(t, chained) // the manager wrote it anew
	case place != "" && !t[place].There():
		t.move(chained, place)
	case !front.There():
		t.move(chained, path)
	default: // somebody wrote over us, and so over the hook that we ran
		t.move(chained, path+replaced)
		p.Notes = append(p.Notes, "a hook that "+filepath.Base(path)+" has replaced is kept as "+path+replaced)
	}
}

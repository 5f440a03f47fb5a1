package stagedscan

import "sync"

// former remembers what versions of files hold. In a history the new version
// of one commit is the former one of the next: it is looked at once.
type former struct {
	lock  sync.Mutex
	found map[string][]Finding // by path and object id, without the text around
}

// mostFormer is how many versions with findings are remembered.
const mostFormer = 4096

func (f *former) keep(path, id string, found []Finding) {
	var kept []Finding
	for _, one := range found {
		one.Finding = one.Detached()
		kept = append(kept, one)
	}
	f.lock.Lock()
	defer f.lock.Unlock()
	if f.found == nil || len(f.found) >= mostFormer {
		f.found = map[string][]Finding{}
	}
	f.found[path+"\x00"+id] = kept
}

func (f *former) get(path, id string) (found []Finding, ok bool) {
	f.lock.Lock()
	defer f.lock.Unlock()
	found, ok = f.found[path+"\x00"+id]
	return found, ok
}

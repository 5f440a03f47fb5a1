package standin

import (
	"errors"
	"fmt"
	"path"
	"sort"
	"strings"
	"time"
)

func (ws *workspace) search(in searchArgs) (string, error) {
	hits := matching(ws.memories, in.Query)
	for _, name := range sortedKeys(ws.files) {
		if containsFold(ws.files[name], in.Query) || containsFold(name, in.Query) {
			hits = append(hits, name)
		}
	}
	return fmt.Sprintf("%d results\n%s", len(hits), strings.Join(head(hits, 10), "\n")), nil
}

func (ws *workspace) execute(in executeArgs) (string, error) {
	if strings.Count(in.Query, "{") != strings.Count(in.Query, "}") || !strings.Contains(in.Query, "{") {
		return "", fmt.Errorf("query %q is no GraphQL document", in.Query)
	}
	ws.metrics.graphqlOK.Add(1)
	return fmt.Sprintf(`{"data":{"files":%d,"memories":%d}}`, len(ws.files), len(ws.memories)), nil
}

func (ws *workspace) ingest(in textArgs) (string, error) {
	ws.memories = bounded(ws.memories, in.Text)
	return fmt.Sprintf("remembered, %d in all", len(ws.memories)), nil
}

func (ws *workspace) recall(in searchArgs) (string, error) {
	return strings.Join(head(matching(ws.memories, in.Query), 10), "\n"), nil
}

func (ws *workspace) auditTail(in auditArgs) (string, error) {
	n := min(max(in.Limit, 1), 100, len(ws.audit))
	return strings.Join(ws.audit[len(ws.audit)-n:], "\n"), nil
}

func (ws *workspace) cached(in cacheArgs) (string, error) {
	if in.Value != nil {
		putBounded(ws.cache, in.Key, *in.Value)
	}
	value, ok := ws.cache[in.Key]
	if !ok {
		return "miss", nil
	}
	return "hit: " + value, nil
}

func (ws *workspace) fileRead(in pathArgs) (string, error) {
	content, ok := ws.files[path.Clean(in.Path)]
	if !ok {
		return "", fmt.Errorf("no file %q in the workspace", in.Path)
	}
	return content, nil
}

func (ws *workspace) fileWrite(in writeArgs) (string, error) {
	putBounded(ws.files, path.Clean(in.Path), in.Content)
	return fmt.Sprintf("wrote %d bytes to %s", len(in.Content), in.Path), nil
}

// shell runs no process: the sandbox has no shell to lend.
func (ws *workspace) shell(in shellArgs) (string, error) {
	switch name, rest, _ := strings.Cut(strings.TrimSpace(in.Command), " "); name {
	case "echo":
		return rest, nil
	case "date":
		return time.Now().UTC().Format(time.RFC3339), nil
	case "ls":
		return strings.Join(sortedKeys(ws.files), "\n"), nil
	case "":
		return "", errors.New("command is empty")
	default:
		return "", fmt.Errorf("command %q is not allowed: echo, date, ls are", name)
	}
}

func (ws *workspace) notify(in notifyArgs) (string, error) {
	ws.record("notify " + in.Channel)
	return "queued for " + in.Channel, nil
}

func matching(list []string, words string) []string {
	var hits []string
	for _, text := range list {
		if containsFold(text, words) {
			hits = append(hits, text)
		}
	}
	return hits
}

func containsFold(text, words string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(words))
}

func head(list []string, n int) []string { return list[:min(n, len(list))] }

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

package standin

import (
	"context"
	"errors"
	"fmt"
	"path"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// workspace is what the tools work on: everything in memory, bounded, shared by
// all sessions of the process.
type workspace struct {
	mu       sync.Mutex
	memories []string
	cache    map[string]string
	files    map[string]string
	audit    []string
	metrics  *metrics
}

// kept bounds each of the workspace's collections, so that hours of traffic
// cost no memory.
const kept = 100

func newWorkspace(m *metrics) *workspace {
	return &workspace{cache: map[string]string{}, metrics: m,
		files: map[string]string{"README.md": "# workspace\n", "notes/today.md": "- call the underwriter\n"}}
}

func (ws *workspace) record(event string) {
	ws.audit = bounded(ws.audit, event)
	ws.metrics.auditOK.Add(1)
}

func bounded(list []string, item string) []string {
	if len(list) >= kept {
		list = append(list[:0], list[len(list)/2:]...)
	}
	return append(list, item)
}

func putBounded(m map[string]string, key, value string) {
	if _, ok := m[key]; !ok && len(m) >= kept {
		for k := range m {
			delete(m, k)
			break
		}
	}
	m[key] = value
}

type (
	searchArgs struct {
		Query string `json:"query" jsonschema:"words to look for"`
	}
	executeArgs struct {
		Query string `json:"query" jsonschema:"a GraphQL query"`
	}
	textArgs struct {
		Text string `json:"text" jsonschema:"what to remember"`
	}
	auditArgs struct {
		Limit int `json:"limit,omitempty" jsonschema:"newest events to return, 1 to 100"`
	}
	cacheArgs struct {
		Key   string  `json:"key"`
		Value *string `json:"value,omitempty" jsonschema:"absent to read"`
	}
	pathArgs struct {
		Path string `json:"path"`
	}
	writeArgs struct {
		Path    string `json:"path"`
		Content string `json:"content"`
	}
	shellArgs struct {
		Command string `json:"command"`
	}
	notifyArgs struct {
		Channel string `json:"channel"`
		Message string `json:"message"`
	}
)

// register adds the tools to the server and returns their names.
func (ws *workspace) register(s *mcp.Server) {
	add(s, ws, "search", "Search memories and files.", ws.search)
	add(s, ws, "execute", "Run a GraphQL query over the built-in source.", ws.execute)
	add(s, ws, "memory_ingest", "Remember a text.", ws.ingest)
	add(s, ws, "memory_recall", "Recall texts by words.", ws.recall)
	add(s, ws, "audit", "The newest audit events.", ws.auditTail)
	add(s, ws, "cache", "Read or set a cached value.", ws.cached)
	add(s, ws, "file_read", "Read a file of the workspace.", ws.fileRead)
	add(s, ws, "file_write", "Write a file of the workspace.", ws.fileWrite)
	add(s, ws, "shell_exec", "Run one of a few harmless commands.", ws.shell)
	add(s, ws, "notify", "Send a message to a channel.", ws.notify)
}

// toolNames are the values of the label tool_name, besides otherTool.
var toolNames = []string{"search", "execute", "memory_ingest", "memory_recall", "audit", "cache",
	"file_read", "file_write", "shell_exec", "notify"}

// add registers one tool: its work runs under the workspace's lock, its error
// becomes a result with isError, as MCP wants it.
func add[In any](s *mcp.Server, ws *workspace, name, description string, work func(In) (string, error)) {
	mcp.AddTool(s, &mcp.Tool{Name: name, Description: description},
		func(_ context.Context, _ *mcp.CallToolRequest, in In) (*mcp.CallToolResult, any, error) {
			ws.mu.Lock()
			defer ws.mu.Unlock()
			ws.record(name)
			text, err := work(in)
			if err != nil {
				return nil, nil, err
			}
			return textResult(text), nil, nil
		})
}

func textResult(text string) *mcp.CallToolResult {
	return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: text}}}
}

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

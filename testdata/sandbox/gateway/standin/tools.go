package standin

import (
	"context"
	"sync"

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

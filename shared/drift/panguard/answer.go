package panguard

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// The requests that variables decide about.
const (
	ToolWhileDown = "tools/call file_write by anyone while Panguard does not answer"
	WithoutToken  = "POST /mcp without a JWT"
	FromAfar      = "POST /mcp to the pod's address from another pod"
	UnwarnedStart = "a start without any enforcement, unwarned"
	DebugLine     = "a debug line about a request, written to the log"
)

// Request is one of the constants above, or a call of Tool.
type Request struct{ What, Tool string }

// Answers says whether a container's gateway lets a request happen, read from
// its list of variables as the kubelet would set them: the last of a name wins.
func Answers(container corev1.Container, r Request) bool {
	env := func(name string) (value string) {
		for _, v := range container.Env {
			if v.Name == name {
				value = v.Value
			}
		}
		return value
	}
	if r.Tool != "" {
		list := "," + strings.Join(strings.Fields(env("CLAWQL_PANGUARD_BLOCK_TOOLS")), "") + ","
		plugged := env("CLAWQL_PANGUARD_PROXY_PLUGIN") == "1" && env("CLAWQL_PANGUARD_IN_PROCESS") == "1"
		return !plugged || !strings.Contains(list, ",*,") && !strings.Contains(list, ","+r.Tool+",")
	}
	switch r.What {
	case ToolWhileDown:
		return env("PANGUARD_PROXY_FAIL_MODE") == "open"
	case WithoutToken:
		return env("CLAWQL_MCP_JWT_ENABLED") != "1"
	case FromAfar:
		return !strings.Contains(",127.0.0.1,localhost,::1,", ","+env("MCP_HOST")+",") || env("MCP_HOST") == ""
	case UnwarnedStart:
		return env("CLAWQL_ALLOW_NO_ENFORCEMENT") == "1"
	case DebugLine:
		return env("CLAWQL_LOG_LEVEL") == "debug"
	}
	return false
}

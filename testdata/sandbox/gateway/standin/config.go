// Package standin implements the sandbox's gateway: what testdata/sandbox/gateway
// runs as a process and what tests run in their own.
package standin

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Config is all that the gateway is told. The zero value is not usable: take
// FromEnv's, or Defaults' in tests.
type Config struct {
	Address  string // host:port to listen on
	Path     string // path of the MCP endpoint, begins with a slash
	LogLevel string // debug, info, warn, error
	Home     string // state folder; empty means no state (tests only)

	Panguard      bool     // in-process enforcement is on
	BlockTools    []string // tools that Panguard blocks; "*" means all
	QuietUnsafe   bool     // CLAWQL_ALLOW_NO_ENFORCEMENT: no warning when Panguard is off
	Version       string
	FailFrom      int64         // from this tools/call on (1-based, per process) answer 500; 0 is never
	BlockShare    float64       // share of benign calls blocked besides, 0 to 1
	Unready       bool          // /healthz says 503 for ever
	SlowStart     time.Duration // /healthz says 503 for so long
	LameDuck      time.Duration // after SIGTERM: unready, but still serving
	DrainDeadline time.Duration // after SIGTERM: the end, whatever is in flight
}

// Defaults are upstream's, with Panguard off. The two times together keep the
// promise that SIGTERM ends the process within 2 s.
func Defaults() Config {
	return Config{
		Address: "0.0.0.0:8080", Path: "/mcp", LogLevel: "info", Version: "0.0.0-dev",
		LameDuck: 1200 * time.Millisecond, DrainDeadline: 1800 * time.Millisecond,
	}
}

// FromEnv reads the variables of upstream (PORT, MCP_HOST, MCP_PATH, CLAWQL_*)
// and the sandbox's fault switches (SANDBOX_*). A value that does not parse is
// an error that names variable and value.
func FromEnv(getenv func(string) string) (Config, error) {
	c, env := Defaults(), reader{getenv: getenv}
	c.Address = env.text("MCP_HOST", "0.0.0.0") + ":" + strconv.FormatInt(env.integer("PORT", 8080, 0, 65535), 10)
	c.Path = env.text("MCP_PATH", c.Path)
	c.LogLevel = env.oneOf("CLAWQL_LOG_LEVEL", c.LogLevel, "debug", "info", "warn", "error")
	c.Home = env.home()
	c.Panguard = env.on("CLAWQL_PANGUARD_PROXY_PLUGIN") && env.on("CLAWQL_PANGUARD_IN_PROCESS")
	c.BlockTools = env.list("CLAWQL_PANGUARD_BLOCK_TOOLS")
	c.QuietUnsafe = env.on("CLAWQL_ALLOW_NO_ENFORCEMENT")
	c.Version = env.text("SANDBOX_VERSION", c.Version)
	c.FailFrom = env.integer("SANDBOX_FAIL_FROM", 0, 0, math.MaxInt32)
	factor := env.number("SANDBOX_BLOCK_FACTOR", 1, 1, 1000)
	c.BlockShare = min(1, env.number("SANDBOX_BASE_BLOCK", 0.02, 0, 1)*(factor-1))
	c.Unready = env.on("SANDBOX_UNREADY")
	c.SlowStart = env.duration("SANDBOX_SLOW_START")
	if env.err == nil && !strings.HasPrefix(c.Path, "/") {
		env.refuse("MCP_PATH", c.Path, "a path that begins with /")
	}
	return c, env.err
}

// reader keeps the first error, so that FromEnv reads top to bottom.
type reader struct {
	getenv func(string) string
	err    error
}

func (r *reader) refuse(name, value, allowed string) {
	if r.err == nil {
		r.err = fmt.Errorf("%s is %q, allowed is %s", name, value, allowed)
	}
}

func (r *reader) text(name, fallback string) string {
	if v := r.getenv(name); v != "" {
		return v
	}
	return fallback
}

func (r *reader) on(name string) bool {
	switch v := strings.ToLower(r.getenv(name)); v {
	case "", "0", "false":
		return false
	case "1", "true":
		return true
	default:
		r.refuse(name, v, "1 or 0")
		return false
	}
}

func (r *reader) oneOf(name, fallback string, allowed ...string) string {
	v := r.text(name, fallback)
	for _, a := range allowed {
		if v == a {
			return v
		}
	}
	r.refuse(name, v, strings.Join(allowed, ", "))
	return fallback
}

func (r *reader) integer(name string, fallback, low, high int64) int64 {
	v := r.getenv(name)
	if v == "" {
		return fallback
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil || n < low || n > high {
		r.refuse(name, v, fmt.Sprintf("a whole number from %d to %d", low, high))
		return fallback
	}
	return n
}

func (r *reader) number(name string, fallback, low, high float64) float64 {
	v := r.getenv(name)
	if v == "" {
		return fallback
	}
	f, err := strconv.ParseFloat(v, 64)
	if err != nil || !(f >= low && f <= high) {
		r.refuse(name, v, fmt.Sprintf("a number from %g to %g", low, high))
		return fallback
	}
	return f
}

func (r *reader) duration(name string) time.Duration {
	v := r.getenv(name)
	if v == "" {
		return 0
	}
	d, err := time.ParseDuration(v)
	if err != nil || d < 0 {
		r.refuse(name, v, "a duration such as 20s")
	}
	return d
}

func (r *reader) list(name string) []string {
	return strings.FieldsFunc(r.getenv(name), func(c rune) bool { return c == ',' || c == ' ' })
}

// home is the state folder: upstream reads CLAWQL_HOME, the curriculum says
// CLAWQL_STATE_DIR, a secure deploy sets both.
func (r *reader) home() string {
	if v := r.text("CLAWQL_HOME", r.getenv("CLAWQL_STATE_DIR")); v != "" {
		return v
	}
	return filepath.Join(r.text("HOME", os.TempDir()), ".clawql")
}

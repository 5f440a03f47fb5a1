package cluster

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/clawql/clawql-workbench/testdata/sandbox/image"
	"github.com/clawql/clawql-workbench/testdata/sandbox/ledger"
)

// gatewayRepository is upstream's repository, in the sandbox's registry.
const gatewayRepository = "danielsmithdevelopment/clawql-mcp"

var validVersion = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`)

// A Variant is one version of the stand-in gateway; its faults are baked into the image, as
// environment variables that the gateway reads, so that a digest says how it behaves.
type Variant struct {
	Version     string        // the image's tag
	FailFrom    int           // answers 500 from the Nth request on; 0: never
	BlockFactor float64       // blocks this many times as often; 0 or 1: as ever
	Unready     bool          // never becomes ready
	SlowStart   time.Duration // becomes ready this much later
}

// Env is what the image carries.
func (v Variant) Env() []string {
	env := []string{"SANDBOX_VERSION=" + v.Version}
	if v.FailFrom > 0 {
		env = append(env, "SANDBOX_FAIL_FROM="+strconv.Itoa(v.FailFrom))
	}
	if v.BlockFactor > 0 {
		env = append(env, "SANDBOX_BLOCK_FACTOR="+strconv.FormatFloat(v.BlockFactor, 'g', -1, 64))
	}
	if v.Unready {
		env = append(env, "SANDBOX_UNREADY=1")
	}
	if v.SlowStart > 0 {
		env = append(env, "SANDBOX_SLOW_START="+v.SlowStart.String())
	}
	return env
}

func (v Variant) check() error {
	if !validVersion.MatchString(v.Version) {
		return Usage("image version %q: use 1 to 128 letters, digits, dots, dashes and underscores, the first no dot or dash", v.Version)
	}
	if v.FailFrom < 0 || v.BlockFactor < 0 || v.SlowStart < 0 {
		return Usage("image %s: --fail-from, --block-factor and --slow-start must not be negative", v.Version)
	}
	return nil
}

// PushVariant builds the variant and pushes it; the answer is its reference by digest.
func PushVariant(ctx context.Context, l *ledger.Ledger, programs Programs, v Variant) (string, error) {
	if err := v.check(); err != nil {
		return "", err
	}
	img, err := image.Build(image.Recipe{
		Binary: programs.Gateway, Entrypoint: "/clawql-mcp-http", Env: append(v.Env(), "PORT=8080", "HOME=/home/nonroot"),
		Ports: []string{"8080/tcp"}, Labels: map[string]string{"org.opencontainers.image.version": v.Version},
	})
	if err != nil {
		return "", err
	}
	reference, err := image.Push(ctx, img, Registry(l), gatewayRepository, v.Version)
	if err != nil {
		return "", fmt.Errorf("%w (is sandbox %s up?)", err, l.Name)
	}
	return reference, nil
}

package cluster

import (
	"fmt"
	"os"
	"strings"

	"github.com/clawql/clawql-workbench/testdata/sandbox/ledger"
)

// What the sandbox's cluster has from the start.
const (
	kubernetesVersion = "v1.35.4"
	gatewayClass      = "clawql-sandbox"
	gatewayName       = "clawql"
	gatewayNamespace  = "clawql-gateway"
	dataplaneName     = "clawql.io/sandbox-dataplane"
)

// Registry is the registry's host and port.
func Registry(l *ledger.Ledger) string { return fmt.Sprintf("127.0.0.1:%d", l.Ports["registry"]) }

// GatewayURL is where clients of the gateways send their requests.
func GatewayURL(l *ledger.Ledger) string {
	return fmt.Sprintf("http://127.0.0.1:%d", l.Ports["gateway"])
}

// AdminURL is where the data plane tells its counters.
func AdminURL(l *ledger.Ledger) string { return fmt.Sprintf("http://127.0.0.1:%d", l.Ports["admin"]) }

// tail is a file's last lines, for a message.
func tail(file string, lines int) string {
	data, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	all := strings.Split(strings.TrimRight(string(data), "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

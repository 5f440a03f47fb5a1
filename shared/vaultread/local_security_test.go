package vaultread

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/clawql/clawql-workbench/shared/project"
	"github.com/clawql/clawql-workbench/shared/vaultread/vaulttest"
)

// A development server on this machine is one, by port and by socket; one that
// keeps what it stores, or has many keys, is not, and neither is one whose
// token may not ask about the machine.
func TestLocalDevelopmentServer(t *testing.T) {
	for name, c := range map[string]struct {
		options vaulttest.Options
		local   bool
	}{
		"by port":   {vaulttest.Options{}, true},
		"by socket": {vaulttest.Options{Socket: true}, true},
		"by TLS":    {vaulttest.Options{TLS: true}, true},
		"on a disk": {vaulttest.Options{Stored: true}, false},
		"two keys":  {vaulttest.Options{Shares: 2}, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := vaulttest.Start(t, c.options)
			if got := read(t, source(s, s.Root)).Local; got != c.local {
				t.Errorf("local: %v", got)
			}
			if read(t, source(s, s.Token("rights", Rights))).Local {
				t.Error("local, though nothing tells of its machine")
			}
		})
	}
}

// A tunnel to staging's development server ends at loopback, and its storage is
// in memory. Behind it is another machine, and the server says so.
func TestTunnelToAnotherMachine(t *testing.T) {
	here, known := thisMachine()
	if !known {
		t.Skip("this system does not tell of its machine")
	}
	tell := func(m machine, os string) string {
		return fmt.Sprintf(`{"data":{"host":{"os":%q,"bootTime":%d,"kernelVersion":%q},"memory":{"total":%d}}}`, os, m.boot, m.kernel, m.memory)
	}
	for name, c := range map[string]struct {
		answer string
		local  bool
	}{
		"this machine":            {tell(here, runtime.GOOS), true}, // shows that the others fail for their own reason
		"started at another time": {tell(machine{here.boot + 60, here.kernel, here.memory}, runtime.GOOS), false},
		"another kernel":          {tell(machine{here.boot, here.kernel + "-staging", here.memory}, runtime.GOOS), false},
		"other memory":            {tell(machine{here.boot, here.kernel, here.memory / 2}, runtime.GOOS), false},
		"another system":          {tell(here, "windows"), false},
		"nothing":                 {`{"data":{}}`, false},
		"no answer":               {``, false},
	} {
		s := newStub(t, func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path != "/v1/sys/host-info" {
				return false
			}
			_, _ = io.WriteString(w, c.answer)
			return true
		})
		if got := read(t, stubbed(s)).Local; got != c.local {
			t.Errorf("%s: local %v", name, got)
		}
	}
}

// A name that looks like this machine's is none, and one that leads elsewhere
// is not followed.
func TestNamesThatClaimToBeLocal(t *testing.T) {
	for _, address := range []string{"https://127.0.0.1.nip.io", "https://localhost.example.com", "https://2130706433.example.com", "https://vault.internal"} {
		if v := (project.Vault{Address: address}); v.Local() {
			t.Errorf("%s is taken for local", address)
		}
	}
	listener, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Listener = listener
	s.Start()
	defer s.Close()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	for _, other := range otherAddresses(t) {
		conn, err := dialHere(t.Context(), &net.Dialer{}, "tcp", net.JoinHostPort(other, port))
		if err == nil {
			conn.Close()
			t.Errorf("%s is followed", other)
		} else if !strings.Contains(err.Error(), "another machine") {
			t.Errorf("%s: %v", other, err)
		}
	}
}

// otherAddresses of this machine stand for those of others.
func otherAddresses(t *testing.T) (list []string) {
	t.Helper()
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range addresses {
		if network, is := one.(*net.IPNet); is && !network.IP.IsLoopback() && network.IP.To4() != nil {
			list = append(list, network.IP.String())
		}
	}
	return list
}

// Variables VAULT_* of the process lead nowhere and disarm nothing.
func TestVariablesOfTheProcess(t *testing.T) {
	s := vaulttest.Start(t, vaulttest.Options{TLS: true})
	t.Setenv("VAULT_SKIP_VERIFY", "true")
	t.Setenv("VAULT_ADDR", "https://127.0.0.1:1")
	t.Setenv("VAULT_TOKEN", "hvs.other")
	t.Setenv("VAULT_NAMESPACE", "other")
	t.Setenv("VAULT_HEADERS", `{"X-Other": "1"}`)
	if r := read(t, source(s, s.Root)); len(r.Incomplete) > 0 || len(r.Mounts) != 1 {
		t.Errorf("%+v", r)
	}
	from := source(s, s.Root)
	from.CACert = ""
	fails(t, from, 3, "certificate signed by unknown authority")
	fails(t, source(s, ""), 2, "is not set")
}

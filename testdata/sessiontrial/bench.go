package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// aim is what a session may cost at most, as a multiple of a Vault started by
// hand.
const aim = 1.2

// bench measures, in turns, how long it takes from nothing to the first secret
// that was read: by a session, and by hand with `vault server -dev`.
func (w *world) bench(runs int) (bool, error) {
	ways := []struct {
		name string
		once func(secret string) (time.Duration, error)
		took []time.Duration
	}{{name: "clawql-vault-session, put, get", once: w.bySession}, {name: "vault server -dev, kv put, kv get", once: w.byHand}}
	for run := range runs + 1 { // the first warms the caches
		for i := range ways {
			took, err := ways[i].once(fresh())
			if err != nil {
				return false, fmt.Errorf("%s: %w", ways[i].name, err)
			}
			if run > 0 {
				ways[i].took = append(ways[i].took, took)
			}
		}
	}
	fmt.Printf("%-36s%10s%10s%10s\n", fmt.Sprintf("nothing to first secret, %d runs", runs), "min ms", "median", "p95")
	var medians []float64
	for _, one := range ways {
		slices.Sort(one.took)
		at := func(q float64) float64 {
			return float64(one.took[int(q*float64(len(one.took)-1))].Microseconds()) / 1000
		}
		fmt.Printf("%-36s%10.0f%10.0f%10.0f\n", one.name, at(0), at(0.5), at(0.95))
		medians = append(medians, at(0.5))
	}
	ratio := medians[0] / medians[1]
	fmt.Printf("ratio %.2f   (aim: at most %.1f)\n", ratio, aim)
	return true, json.NewEncoder(os.Stdout).Encode(map[string]any{
		"bench": "session", "machine": machine(), "vault": "1.21.1", "runs": runs,
		"sessionMedianMs": medians[0], "byHandMedianMs": medians[1], "ratio": ratio,
	})
}

// bySession is one run of the product: until the secret's bytes arrive here.
func (w *world) bySession(secret string) (time.Duration, error) {
	command := w.command(w.dir("project"), "clawql-vault-session", "--", "sh", "-c",
		`clawql-vault-session put KEY && clawql-vault-session get KEY && echo`)
	var said bytes.Buffer
	command.Stdin, command.Stderr = strings.NewReader(secret), &said
	out, err := command.StdoutPipe()
	if err != nil {
		return 0, err
	}
	began := time.Now()
	if err := command.Start(); err != nil {
		return 0, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	took := time.Since(began)
	command.Wait()
	if strings.TrimSpace(line) != secret {
		return 0, fmt.Errorf("read %q: %v: %s", line, err, said.String())
	}
	return took, nil
}

// byHand is one run of what a person would type, without the person's pauses:
// the server is asked each 2 ms whether it is ready.
func (w *world) byHand(secret string) (time.Duration, error) {
	port, err := freePort()
	if err != nil {
		return 0, err
	}
	address := "127.0.0.1:" + strconv.Itoa(port)
	began := time.Now()
	server := w.command(w.dir("project"), "vault", "server", "-dev", "-dev-no-store-token", "-dev-root-token-id=root", "-dev-listen-address="+address)
	if err := server.Start(); err != nil {
		return 0, err
	}
	defer func() { syscall.Kill(-server.Process.Pid, syscall.SIGKILL); server.Wait() }()
	if err := awaitReady("http://" + address + "/v1/sys/health"); err != nil {
		return 0, err
	}
	if _, err := w.vaultCLI(address, secret, "kv", "put", "secret/KEY", "value=-"); err != nil {
		return 0, err
	}
	out, err := w.vaultCLI(address, "", "kv", "get", "-field=value", "secret/KEY")
	took := time.Since(began)
	if err == nil && strings.TrimSpace(out) != secret {
		err = fmt.Errorf("read %q", out)
	}
	return took, err
}

func (w *world) vaultCLI(address, stdin string, args ...string) (string, error) {
	command := w.command(w.dir("project"), append([]string{"env", "VAULT_ADDR=http://" + address, "VAULT_TOKEN=root", "vault"}, args...)...)
	var errOut bytes.Buffer
	command.Stdin, command.Stderr = strings.NewReader(stdin), &errOut
	out, err := command.Output()
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		err = fmt.Errorf("vault %s: %s", strings.Join(args, " "), errOut.String())
	}
	return string(out), err
}

func awaitReady(url string) error {
	for range 15000 {
		response, err := http.Get(url)
		if err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
		time.Sleep(2 * time.Millisecond)
	}
	return errors.New("vault server -dev is not ready after 30 s")
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

// machine names what this ran on, as far as the system tells.
func machine() string {
	name := runtime.GOARCH
	text, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
			name = strings.TrimSpace(value)
			break
		}
	}
	return fmt.Sprintf("%d x %s, %s/%s", runtime.NumCPU(), name, runtime.GOOS, runtime.GOARCH)
}

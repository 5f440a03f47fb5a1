// Package dataplane is the sandbox's Gateway API data plane: it serves the
// HTTPRoutes of one GatewayClass on loopback, splits by weight, keeps MCP
// sessions where they began, writes status, and counts exactly what it served.
// It is a fixture: nothing of the product knows it.
package dataplane

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	gatewayclient "sigs.k8s.io/gateway-api/pkg/client/clientset/versioned"

	"github.com/clawql/clawql-workbench/testdata/sandbox/daemon"
	"github.com/clawql/clawql-workbench/testdata/sandbox/dataplane/count"
)

// Options are the flags.
type Options struct {
	Kubeconfig   string
	Class        string // name of the GatewayClass
	Admin        string // loopback address of the admin endpoints; port 0 is any
	NoStickiness bool
	ReadyFile    string // gets the admin URL once the first configuration is in force

	dial dialFunc // reaches the pods; tests have none of their own network
}

// Main runs the data plane until SIGTERM or an interrupt: 0 after those, 2 for
// wrong flags, 3 when it could not run.
func Main(args []string) int {
	daemon.Thrift()
	options, err := parse(args, os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	logger := log.New(os.Stderr, "dataplane: ", log.Ltime|log.Lmicroseconds|log.LUTC|log.Lmsgprefix)
	if err := Run(ctx, options, logger); err != nil {
		logger.Print(err)
		return 3
	}
	return 0
}

func parse(args []string, stderr io.Writer) (Options, error) {
	o := Options{dial: dialPod}
	flags := flag.NewFlagSet("dataplane", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.Kubeconfig, "kubeconfig", os.Getenv("KUBECONFIG"), "kubeconfig of the cluster")
	flags.StringVar(&o.Class, "class", "clawql-sandbox", "GatewayClass to serve")
	flags.StringVar(&o.Admin, "admin", loopback+":0", "loopback address of the admin endpoints")
	flags.BoolVar(&o.NoStickiness, "no-stickiness", false, "do not keep MCP sessions on their pod")
	flags.StringVar(&o.ReadyFile, "ready-file", "", "file to write the admin URL to when ready")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	err := validate(o, flags.Args())
	if err != nil {
		fmt.Fprintln(stderr, "dataplane: error:", err)
	}
	return o, err
}

func validate(o Options, rest []string) error {
	host, _, err := net.SplitHostPort(o.Admin)
	switch {
	case len(rest) > 0:
		return fmt.Errorf("unexpected argument %q", rest[0])
	case o.Kubeconfig == "":
		return errors.New("--kubeconfig is missing")
	case err != nil:
		return fmt.Errorf("--admin %q: %w", o.Admin, err)
	case host != loopback:
		return fmt.Errorf("--admin %q: only %s is bound here", o.Admin, loopback)
	}
	return nil
}

// Run serves until ctx ends.
func Run(ctx context.Context, o Options, logger *log.Logger) error {
	config, err := clientcmd.BuildConfigFromFlags("", o.Kubeconfig)
	if err != nil {
		return fmt.Errorf("kubeconfig %s: %w", o.Kubeconfig, err)
	}
	config.QPS = -1 // one small client: the limiter would only delay statuses
	config.UserAgent = "clawql-sandbox-dataplane"
	client, err := gatewayclient.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("client of the API server: %w", err)
	}
	return run(ctx, o, config, client, logger)
}

func run(ctx context.Context, o Options, config *rest.Config, client gatewayclient.Interface, logger *log.Logger) error {
	book := &count.Book{}
	proxy := NewProxy(book, o.dial)
	proxy.sticky.Store(!o.NoStickiness)
	watcher, err := NewWatcher(config, client, o.Class)
	if err != nil {
		return err
	}
	plane := &Plane{proxy: proxy, history: &History{}, compiler: NewCompiler(book), watcher: watcher,
		listeners: NewListeners(proxy.Handler), log: logger,
		reporter: &Reporter{client: client, inbox: make(chan report, 1), failed: func() { watcher.pokeIn(time.Second) }, log: logger}}
	admin, err := net.Listen("tcp", o.Admin)
	if err != nil {
		return fmt.Errorf("admin endpoints: %w", err)
	}
	server := &http.Server{Handler: (&Admin{proxy: proxy, history: plane.history, started: time.Now(), ready: plane.ready.Load}).Handler(), ReadHeaderTimeout: 10 * time.Second}
	go server.Serve(admin)
	defer server.Close()
	return plane.Run(ctx, func() error { return daemon.WriteReady(o.ReadyFile, "http://"+admin.Addr().String()) })
}

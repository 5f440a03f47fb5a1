package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/url"
	"regexp"

	rbacpb "github.com/envoyproxy/go-control-plane/envoy/config/rbac/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/internal/transport"
	"google.golang.org/grpc/internal/xds/rbac"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
)

// capital is a header's name with a capital letter: Envoy looks for it in small
// letters, gRPC as it is written, and its own are small.
var capital = regexp.MustCompile(`\bname: *"[^"]*[A-Z]`)

// secondOpinion asks gRPC's engine, which knows POST alone, one address of the
// sender and no tokens. An error is that it says otherwise.
func (c connection) secondOpinion(chain []*rbacpb.RBAC, allowed bool) (bool, error) {
	if c.TCP || c.Method != "POST" || c.Remote != c.IP || c.verified != nil {
		return false, nil
	}
	var rules []*rbacpb.RBAC
	for _, one := range chain {
		if one != nil && one.Action != rbacpb.RBAC_LOG {
			rules = append(rules, one)
		}
	}
	if capital.MatchString(fmt.Sprint(rules)) {
		return false, nil
	}
	engine, err := rbac.NewChainEngine(rules, "")
	if err != nil {
		return false, fmt.Errorf("gRPC's engine does not take the rules: %w", err)
	}
	err = engine.IsAuthorized(c.context())
	if (err == nil) != allowed || err != nil && status.Code(err) != codes.PermissionDenied {
		return false, fmt.Errorf("let through is %v, and gRPC's engine says %v: %+v\n%v", allowed, err, c.request, rules)
	}
	return true, nil
}

// call is a call that a server of gRPC has taken.
type call struct {
	grpc.ServerTransportStream
	path string
}

func (c call) Method() string { return c.path }

type local struct {
	net.Conn
	port string
}

func (l local) LocalAddr() net.Addr { return address(net.JoinHostPort("203.0.113.1", l.port)) }

type address string

func (address) Network() string  { return "tcp" }
func (a address) String() string { return string(a) }

func (c connection) context() context.Context {
	headers := metadata.MD{}
	for name, value := range c.headers {
		headers.Set(name, value)
	}
	from := &peer.Peer{Addr: address(net.JoinHostPort(c.IP, "40000"))}
	if c.Principal != "" {
		id := &url.URL{Scheme: "spiffe", Opaque: "//" + c.Principal}
		from.AuthInfo = credentials.TLSInfo{State: tls.ConnectionState{PeerCertificates: []*x509.Certificate{{URIs: []*url.URL{id}}}}}
	}
	ctx := metadata.NewIncomingContext(context.Background(), headers)
	ctx = peer.NewContext(ctx, from)
	ctx = transport.SetConnection(ctx, local{port: c.Port})
	return grpc.NewContextWithServerTransportStream(ctx, call{path: c.Path})
}

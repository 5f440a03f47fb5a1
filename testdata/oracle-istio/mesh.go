package main

import (
	"fmt"
	"strconv"
	"sync"
	"time"

	rbacpb "github.com/envoyproxy/go-control-plane/envoy/config/rbac/v3"
	jwtpb "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/jwt_authn/v3"
	rbachttp "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/rbac/v3"
	rbactcp "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/rbac/v3"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	securitypb "istio.io/api/security/v1beta1"
	"istio.io/istio/pilot/pkg/config/memory"
	"istio.io/istio/pilot/pkg/model"
	"istio.io/istio/pilot/pkg/security/authn"
	"istio.io/istio/pilot/pkg/security/authz/builder"
	"istio.io/istio/pilot/pkg/security/trustdomain"
	"istio.io/istio/pkg/config"
	istiomesh "istio.io/istio/pkg/config/mesh"
	"istio.io/istio/pkg/config/mesh/meshwatcher"
	"istio.io/istio/pkg/config/schema/collections"
	"istio.io/istio/pkg/config/schema/gvk"
	"istio.io/istio/pkg/config/schema/resource"
)

// mesh is Istio's view of the objects, and the filters it made of them.
type mesh struct {
	push    *model.PushContext
	filters map[string]filters // by workload
}

// filters are those of one workload.
type filters struct {
	http, tcp []*rbacpb.RBAC
	jwt       *jwtpb.JwtAuthentication // nil where no token is looked at
}

var kinds = map[string]struct {
	gvk    config.GroupVersionKind
	schema resource.Schema
	spec   func() proto.Message
}{
	"AuthorizationPolicy":   {gvk.AuthorizationPolicy, collections.AuthorizationPolicy, func() proto.Message { return &securitypb.AuthorizationPolicy{} }},
	"PeerAuthentication":    {gvk.PeerAuthentication, collections.PeerAuthentication, func() proto.Message { return &securitypb.PeerAuthentication{} }},
	"RequestAuthentication": {gvk.RequestAuthentication, collections.RequestAuthentication, func() proto.Message { return &securitypb.RequestAuthentication{} }},
}

// surroundings are the mesh's own settings, and no routes: made once, since
// they keep goroutines.
var surroundings = sync.OnceValues(func() (meshwatcher.TestWatcher, *model.VirtualServiceController) {
	watcher := meshwatcher.NewTestWatcher(istiomesh.DefaultMeshConfig())
	return watcher, model.NewVirtualServiceController(memory.NewController(memory.Make(collections.Pilot)), model.VSControllerOptions{}, watcher)
})

func newMesh(q inquiry) (*mesh, string, error) {
	store := memory.MakeSkipValidation(collections.Pilot)
	for i, o := range q.Objects {
		kind, known := kinds[o.Kind]
		if !known {
			return nil, "", fmt.Errorf("an object of kind %q", o.Kind)
		}
		spec := kind.spec()
		if err := protojson.Unmarshal(o.Spec, spec); err != nil {
			return nil, fmt.Sprintf("%s: %v", o.Metadata.Name, err), nil
		}
		object := config.Config{Spec: spec, Meta: config.Meta{
			GroupVersionKind: kind.gvk, Name: o.Metadata.Name, Namespace: o.Metadata.Namespace, Annotations: o.Metadata.Annotations,
			CreationTimestamp: time.Unix(int64(i), 0),
		}}
		if _, err := kind.schema.ValidateConfig(object); err != nil {
			return nil, fmt.Sprintf("%s: %v", o.Metadata.Name, err), nil
		}
		if _, err := store.Create(object); err != nil {
			return nil, "", err
		}
	}
	env := model.NewEnvironment()
	env.ConfigStore = store
	env.Watcher, env.VirtualServiceController = surroundings()
	env.ServiceDiscovery = &none{}
	env.Init()
	push := model.NewPushContext()
	push.InitContext(env, nil, nil)
	return &mesh{push, map[string]filters{}}, "", nil
}

// allows says whether one request gets through, and whether gRPC's engine was
// asked too.
func (m *mesh) allows(r request) (allowed, second bool, err error) {
	if r.Kind == "PeerAuthentication" {
		port, err := strconv.Atoi(r.Port)
		if err != nil {
			return false, false, err
		}
		mode := authn.NewMtlsPolicy(m.push, m.push.AuthnPolicies, r.Namespace, r.Labels, false).GetMutualTLSModeForPort(uint32(port))
		return mode == model.MTLSDisable || mode == model.MTLSPermissive && !r.InMesh, false, nil
	}
	f, err := m.of(r)
	if err != nil {
		return false, false, err
	}
	return f.allow(r)
}

// of are the filters of the workload that a request goes to.
func (m *mesh) of(r request) (filters, error) {
	key := fmt.Sprint(r.Namespace, r.Labels)
	if f, known := m.filters[key]; known {
		return f, nil
	}
	var f filters
	matcher := model.PolicyMatcherFor(r.Namespace, r.Labels, false)
	b := builder.New(trustdomain.NewBundle("cluster.local", nil), m.push, m.push.AuthzPolicies.ListAuthorizationPolicies(matcher), builder.Option{})
	if b != nil {
		for _, filter := range b.BuildHTTP() {
			one := &rbachttp.RBAC{}
			if err := filter.GetTypedConfig().UnmarshalTo(one); err != nil {
				return f, err
			}
			f.http = append(f.http, one.Rules)
		}
		for _, filter := range b.BuildTCP() {
			one := &rbactcp.RBAC{}
			if err := filter.GetTypedConfig().UnmarshalTo(one); err != nil {
				return f, err
			}
			f.tcp = append(f.tcp, one.Rules)
		}
	}
	proxy := &model.Proxy{Type: model.SidecarProxy, ConfigNamespace: r.Namespace, Labels: r.Labels, Metadata: &model.NodeMetadata{}}
	if filter := authn.NewPolicyApplier(m.push, proxy, nil).JwtFilter(false); filter != nil {
		f.jwt = &jwtpb.JwtAuthentication{}
		if err := filter.GetTypedConfig().UnmarshalTo(f.jwt); err != nil {
			return f, err
		}
	}
	m.filters[key] = f
	return f, nil
}

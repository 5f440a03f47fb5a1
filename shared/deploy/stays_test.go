package deploy

import "testing"

func TestWhatARollbackLeaves(t *testing.T) {
	named := func(kind, name string) *object {
		o := &object{Object: map[string]any{}}
		o.SetKind(kind)
		o.SetName(name)
		return o
	}
	cases := []struct {
		o, live *object
		stays   bool
	}{
		{named("Namespace", "clawql"), named("Namespace", "clawql"), true},
		{named("NetworkPolicy", "default-deny"), nil, true},
		{named("NetworkPolicy", "clawql-gateway-allow"), nil, true},
		{named("NetworkPolicy", "clawql-gateway-allow"), named("NetworkPolicy", "clawql-gateway-allow"), false},
		{named("NetworkPolicy", "overlay-allows"), nil, false},
		{named("Deployment", "clawql-mcp-http"), nil, false},
	}
	for _, c := range cases {
		if got := stays(c.o, c.live); got != c.stays {
			t.Errorf("%s/%s, there before: %t: stays %t", c.o.GetKind(), c.o.GetName(), c.live != nil, got)
		}
	}
}

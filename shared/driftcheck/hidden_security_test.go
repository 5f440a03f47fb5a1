package driftcheck

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/types"

	"github.com/clawql/clawql-workbench/shared/finding"
)

const everythingToEve = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: eve}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{kind: ServiceAccount, name: eve, namespace: production}]
`

const clusterAdmin = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: cluster-admin}
rules: [{apiGroups: ["*"], resources: ["*"], verbs: ["*"]}]
`

// An account of the other side's namespace is the other side's affair in one
// cluster only: in two, whoever is called so here may do everything here.
func TestTheOtherNamespaceInAnotherCluster(t *testing.T) {
	for name, c := range map[string]struct {
		uid   [2]types.UID
		equal bool
	}{
		"one cluster": {[2]types.UID{"1", "1"}, true}, "two clusters": {[2]types.UID{"1", "2"}, false},
		"not known": {[2]types.UID{"", ""}, false}, "known of one": {[2]types.UID{"1", ""}, false},
	} {
		for _, filed := range []bool{false, true} {
			var sides [2]Side
			for i, namespace := range []string{"staging", "production"} {
				role := object(t, clusterAdmin)
				role.SetUID(c.uid[i])
				sides[i] = Side{Name: namespace, Namespaces: []string{namespace}, Values: "k", Objects: objects(t, role)}
			}
			sides[0].Objects = append(sides[0].Objects, objects(t, object(t, everythingToEve))...)
			for i := range sides {
				if filed {
					var err error
					if _, sides[i], err = Unpack(sides[i].Name, packed(t, sides[i])); err != nil {
						t.Fatal(err)
					}
				}
			}
			if got := compare(t, sides[0], sides[1], mapped); got.Status == finding.Equal != c.equal {
				t.Errorf("%s, snapshots %v: %s, %+v", name, filed, got.Status, got.Findings)
			}
		}
	}
}

// A folder may hold any UID, and both sides' accounts with it.
func TestAFolderIsNotKnownToBeACluster(t *testing.T) {
	role := object(t, clusterAdmin)
	role.SetUID("1")
	if got := (Side{Partial: true, Objects: objects(t, role)}).cluster(); got != "" {
		t.Error(got)
	}
}

const plain = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: plain, namespace: ns}\n"

// hides compares a folder that has more objects with one that has not.
func hides(t *testing.T, more, other string) *Report {
	t.Helper()
	return compare(t, folderOf(t, "a", plain+"---\n"+more), folderOf(t, "b", plain+"---\n"+other), Options{})
}

// Types, labels and names are chosen by whoever writes an object: none of them
// alone makes bookkeeping of it.
func TestWhatClaimsToBeBookkeeping(t *testing.T) {
	const secret, config = "apiVersion: v1\nkind: Secret\n", "apiVersion: v1\nkind: ConfigMap\n"
	const token = secret + "type: kubernetes.io/service-account-token\nmetadata: {name: forever, namespace: ns, annotations: {kubernetes.io/service-account.name: "
	for name, c := range map[string]struct {
		more, other string
		equal       bool
	}{
		"a token that lasts":                  {token + "eve}}", "", false},
		"of another account":                  {token + "eve}}", token + "adam}}", false},
		"with another value":                  {token + "eve}}\ndata: {token: QQ==, ca.crt: QQ==, namespace: QQ==}", token + "eve, kubernetes.io/service-account.uid: u}}\ndata: {token: Qg==}", true},
		"with a value besides":                {token + "eve}}\ndata: {token: QQ==, more: QQ==}", token + "eve}}\ndata: {token: Qg==, more: Qg==}", false},
		"Helm's":                              {secret + "type: helm.sh/release.v1\nmetadata: {name: sh.helm.release.v1.x.v1, namespace: ns}\ndata: {release: QQ==}", "", true},
		"Helm's in a folder":                  {secret + "type: helm.sh/release.v1\nmetadata: {name: sh.helm.release.v1.x.v1, namespace: ns}\nstringData: {release: x}", "", true},
		"Helm's type":                         {secret + "type: helm.sh/release.v1\nmetadata: {name: providers, namespace: ns}\ndata: {release: QQ==}", "", false},
		"Helm's name":                         {secret + "type: Opaque\nmetadata: {name: sh.helm.release.v1.x.v1, namespace: ns}\ndata: {release: QQ==}", "", false},
		"Helm's with a value besides":         {secret + "type: helm.sh/release.v1\nmetadata: {name: sh.helm.release.v1.x.v1, namespace: ns}\ndata: {release: QQ==, token: QQ==}", "", false},
		"Helm's with a text besides":          {secret + "type: helm.sh/release.v1\nmetadata: {name: sh.helm.release.v1.x.v1, namespace: ns}\ndata: {release: QQ==}\nstringData: {token: x}", "", false},
		"a deploy's":                          {secret + "type: clawql.io/deploy\nmetadata: {name: clawql-deploy-before, namespace: ns}\ndata: {objects.json.gz: QQ==}", "", true},
		"a deploy's type":                     {secret + "type: clawql.io/deploy\nmetadata: {name: providers, namespace: ns}\ndata: {objects.json.gz: QQ==}", "", false},
		"a history":                           {config + "metadata: {name: clawql-drift-history, namespace: ns, labels: {clawql.io/record: drift-history}}\ndata: {history.json: x}", "", true},
		"a deploy's record":                   {config + "metadata: {name: clawql-deploy-7, namespace: ns, labels: {clawql.io/record: deploy, clawql.io/deploy: '7'}}\ndata: {record.json: x}", "", true},
		"a record's label":                    {config + "metadata: {name: settings, namespace: ns, labels: {clawql.io/record: deploy, clawql.io/deploy: '7'}}\ndata: {record.json: x}", "", false},
		"a record with more":                  {config + "metadata: {name: clawql-deploy-7, namespace: ns, labels: {clawql.io/record: deploy, clawql.io/deploy: '7'}}\ndata: {record.json: x, env: y}", "", false},
		"a record that is a security setting": {config + "metadata: {name: clawql-drift-history, namespace: ns, labels: {clawql.io/record: drift-history, clawql.io/security-config: other}}\ndata: {history.json: x}", "", false},
		"a root":                              {config + "metadata: {name: kube-root-ca.crt, namespace: ns}\ndata: {ca.crt: x}", "", true},
		"a root with more":                    {config + "metadata: {name: kube-root-ca.crt, namespace: ns}\ndata: {ca.crt: x, mode: y}", "", false},
		"a root with bytes":                   {config + "metadata: {name: istio-ca-root-cert, namespace: ns}\ndata: {root-cert.pem: x}\nbinaryData: {more: QQ==}", "", false},
		"a root that is a security setting":   {config + "metadata: {name: istio-ca-root-cert, namespace: ns, labels: {clawql.io/security-config: other}}\ndata: {root-cert.pem: x}", "", false},
	} {
		if got := hides(t, c.more, c.other); got.Status == finding.Equal != c.equal {
			t.Errorf("%s: %s, %+v", name, got.Status, got.Findings)
		}
	}
}

// Each API server makes some objects for itself, and those alone are left out.
func TestWhatClaimsToBeTheServersOwn(t *testing.T) {
	const service, class = "apiVersion: apiregistration.k8s.io/v1\nkind: APIService\nmetadata: {name: v1.x}\n", "apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\n"
	const system = class + "metadata: {name: system-node-critical}\n"
	for text, equal := range map[string]bool{
		service + "spec: {group: x, version: v1}":                                                  true,
		service + "spec: {group: x, version: v1, service: null}":                                   true,
		service + "spec: {group: x, version: v1, service: {name: eve, namespace: ns}}":             false,
		system + "value: 2000001000\npreemptionPolicy: PreemptLowerPriority\nglobalDefault: false": true,
		system + "value: 2000001000":                                                               true,
		system + "value: 7":                                                                        false,
		system + "value: 2000001000\npreemptionPolicy: Never":                                      false,
		system + "value: 2000001000\nglobalDefault: true":                                          false,
		class + "metadata: {name: mine}\nvalue: 2000001000":                                        false,
		class + "metadata: {name: mine}\nvalue: 0":                                                 false,
	} {
		if got := hides(t, text, ""); got.Status == finding.Equal != equal {
			t.Errorf("%s: %s, %+v, %v", text, got.Status, got.Findings, got.Incomplete)
		}
	}
}

// Endpoints by hand say where a Service's connections end.
func TestEndpointsByHand(t *testing.T) {
	const service = "apiVersion: v1\nkind: Service\nmetadata: {name: db, namespace: ns}\nspec: {SELECTOR, ports: [{port: 1}]}\n---\n"
	without, with := strings.ReplaceAll(service, "SELECTOR, ", ""), strings.ReplaceAll(service, "SELECTOR", "selector: {app: db}")
	const points = "apiVersion: v1\nkind: Endpoints\nmetadata: {name: db, namespace: ns, labels: {endpoints.kubernetes.io/managed-by: endpoint-controller}}\nsubsets: [{addresses: [{ip: 10.0.0.1}], ports: [{port: 1}]}]\n"
	slice := func(by string) string {
		return "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\naddressType: IPv4\nendpoints: [{addresses: [10.0.0.1]}]\n" +
			"metadata: {name: db-1, namespace: ns, ownerReferences: [{apiVersion: v1, kind: Service, name: db, uid: u, controller: true}], labels: {kubernetes.io/service-name: db, endpointslice.kubernetes.io/managed-by: " + by + "}}\n"
	}
	const controller, mirror = "endpointslice-controller.k8s.io", "endpointslicemirroring-controller.k8s.io"
	for name, c := range map[string]struct {
		service, more string
		equal         bool
	}{
		"Endpoints":                            {without, points, false},
		"Endpoints of a selector":              {with, points, true},
		"Endpoints to no Service":              {"", points, false},
		"a slice":                              {without, slice("me"), false},
		"a slice beside a selector":            {with, slice("me"), false},
		"the controller's":                     {with, slice(controller), true},
		"the controller's, without a selector": {without, slice(controller), false},
		"the controller's, to no Service":      {"", slice(controller), false},
		"a mirror of nothing":                  {without, slice(mirror), false},
		"a mirror beside a selector":           {with, slice(mirror), false},
		"a lock":                               {"", "apiVersion: v1\nkind: Endpoints\nmetadata: {name: l, namespace: ns, annotations: {control-plane.alpha.kubernetes.io/leader: '{}'}}", true},
	} {
		if got := hides(t, c.service+c.more, c.service); got.Status == finding.Equal != c.equal {
			t.Errorf("%s: %s, %+v", name, got.Status, got.Findings)
		}
	}
	changed := strings.ReplaceAll(points, "10.0.0.1", "10.6.6.6")
	if got := hides(t, without+points+"---\n"+slice(mirror), without+changed); got.Status != finding.Drift || len(got.Findings) != 1 || got.Findings[0].Object.Kind != "Endpoints" {
		t.Errorf("a redirection, mirrored: %+v", got)
	}
	own := "apiVersion: v1\nkind: Endpoints\nmetadata: {name: kubernetes, namespace: default}\nsubsets: [{addresses: [{ip: 10.0.0.1}]}]\n"
	if len(withoutDrawn(objects(t, object(t, own)), true)) != 0 || len(withoutDrawn(objects(t, object(t, own)), false)) != 1 {
		t.Error("the API server's own addresses are those of a cluster, and of no folder")
	}
}

// What the cluster fills in was somebody's choice where a folder says it.
func TestWhatAFolderChooses(t *testing.T) {
	const pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: ns}\nspec: {nodeName: NODE, containers: [{name: c, image: i}]}\n"
	const claim = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: c, namespace: ns}\nspec: {volumeName: NODE, accessModes: [ReadWriteOnce]}\n"
	for _, text := range []string{pod, claim} {
		one, other, none := strings.ReplaceAll(text, "NODE", "one"), strings.ReplaceAll(text, "NODE", "other"), strings.ReplaceAll(text, "NODE", "''")
		for name, c := range map[string]struct {
			a, b    string
			folders [2]bool
			equal   bool
		}{
			"two folders": {one, other, [2]bool{true, true}, false}, "a folder chose": {one, other, [2]bool{true, false}, false}, "only a folder": {none, one, [2]bool{false, true}, false},
			"a cluster filled in": {none, one, [2]bool{true, false}, true}, "two clusters": {one, other, [2]bool{}, true}, "alike": {one, one, [2]bool{true, false}, true},
		} {
			from, to := folderOf(t, "a", c.a), folderOf(t, "b", c.b)
			from.Partial, to.Partial = c.folders[0], c.folders[1]
			if got := compare(t, from, to, Options{}); got.Status == finding.Equal != c.equal {
				t.Errorf("%s: %s, %+v, %v", name, got.Status, got.Findings, got.Incomplete)
			}
		}
	}
}

// The secrets of a service account are drawn, unless they are a limit.
func TestSecretsThatLimitAServiceAccount(t *testing.T) {
	const account = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: a, namespace: ns, annotations: {kubernetes.io/enforce-mountable-secrets: 'LIMIT'}}\nsecrets: [{name: SECRET}]\n"
	for limit, equal := range map[string]bool{"true": false, "false": true} {
		a, b := strings.NewReplacer("LIMIT", limit, "SECRET", "a"), strings.NewReplacer("LIMIT", limit, "SECRET", "b")
		if got := hides(t, a.Replace(account), b.Replace(account)); got.Status == finding.Equal != equal {
			t.Errorf("%s: %s, %+v", limit, got.Status, got.Findings)
		}
	}
}

// In a folder an owner is what somebody wrote: it hides no pod.
func TestAnOwnerHidesNoPodOfAFolder(t *testing.T) {
	const pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: ns, annotations: {kubernetes.io/config.mirror: x}, ownerReferences: [{apiVersion: KIND, name: node-1, uid: u, controller: true}]}\n" +
		"spec: {nodeName: node-1, containers: [{name: c, image: i, securityContext: {privileged: YES}}]}\n"
	for _, owner := range []string{"v1, kind: Node", "apps/v1, kind: ReplicaSet"} {
		text := strings.ReplaceAll(pod, "KIND", owner)
		got := hides(t, strings.ReplaceAll(text, "YES", "true"), strings.ReplaceAll(text, "YES", "false"))
		if got.Summary.MorePermissive != 1 {
			t.Errorf("%s: %+v", owner, got)
		}
	}
}

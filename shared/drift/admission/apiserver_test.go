package admission

import (
	"fmt"
	"maps"
	"math/rand"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/clawql/clawql-workbench/shared/finding"
	"github.com/clawql/clawql-workbench/shared/oracletest"
)

// server is a real API server.
type server struct{ *oracletest.Server }

// A side of a case stands in a namespace of its own, and its policies are kept
// to that by a label that only this namespace has. Selectors of the drawn
// policies ask for the label `env`, which each case's namespaces have as the
// question needs it.

// caseOf are drawn policies for one side in one case: each name is unique, and
// each binding holds in the side's own namespace alone.
func caseOf(w world, place string) world {
	w = clone(w)
	for _, o := range w {
		meta, spec := o["metadata"].(m), o["spec"].(m)
		meta["name"], meta["labels"] = place+"-"+meta["name"].(string), m{"drawn": "yes"}
		if o["kind"] != bindingKind {
			continue
		}
		spec["policyName"] = place + "-" + spec["policyName"].(string)
		scope, _ := spec["matchResources"].(m)
		if scope == nil {
			scope = m{}
			spec["matchResources"] = scope
		}
		selector, _ := scope["namespaceSelector"].(m)
		if selector == nil {
			selector = m{}
			scope["namespaceSelector"] = selector
		}
		asked, _ := selector["matchExpressions"].(list)
		selector["matchExpressions"] = append(slices.Clone(asked), m{"key": "case", "operator": "In", "values": list{place}})
	}
	return w
}

// judgeable says whether a witness or an object can be asked about in a
// namespace of another name: it is in a new namespace.
func judgeable(w *finding.Witness) bool { return w.Details["namespace"] == someNamespace }

// namesSpaces says whether a side's policies speak of a namespace's name, or of
// what has no namespace.
func namesSpaces(w world) bool { return strings.Contains(encoded(w), nameLabel) }

// sends posts an object as a dry run, and says whether a policy of the place
// refuses it.
func (s *server) sends(place string, o m) (refused bool, text string, err error) {
	o = clone(world{o})[0]
	o["metadata"].(m)["namespace"] = place
	k, _ := known(o["kind"].(string))
	path := "/api/v1/namespaces/"
	if k.group != "" {
		path = "/apis/" + k.group + "/" + k.version + "/namespaces/"
	}
	fill(o)
	status, text, err := s.Call("POST", path+place+"/"+k.plural+"?dryRun=All", o)
	switch {
	case err != nil:
		return false, text, err
	case status == http.StatusCreated:
		return false, text, nil
	case strings.Contains(text, "ValidatingAdmissionPolicy '"+place):
		return true, text, nil
	}
	return false, text, fmt.Errorf("%d %s", status, text)
}

// fill adds what the API asks of an object of its kind.
func fill(o m) {
	pod := m{"containers": list{m{"name": "main", "image": "example.com/x"}}}
	switch o["kind"] {
	case "Pod":
		o["spec"] = pod
	case "Service":
		o["spec"] = m{"ports": list{m{"port": 80}}}
	case "PersistentVolumeClaim":
		o["spec"] = m{"accessModes": list{"ReadWriteOnce"}, "resources": m{"requests": m{"storage": "1Gi"}}}
	case "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet":
		o["spec"] = m{"selector": m{"matchLabels": m{"app": "x"}}, "template": m{"metadata": m{"labels": m{"app": "x"}}, "spec": pod}}
	}
}

// TestAgainstTheAPIServer: each witness about a ValidatingAdmissionPolicy is
// really sent to a real API server, to a namespace in which the policies of the
// one side are in force and to one with those of the other. The strict side
// refuses it, the other admits it. Where no finding says otherwise, drawn
// objects get the same answer in both.
func TestAgainstTheAPIServer(t *testing.T) {
	s := &server{oracletest.APIServer(t)}
	var lock sync.Mutex
	seen := map[string]int{}
	count := func(what string) {
		lock.Lock()
		defer lock.Unlock()
		seen[what]++
	}
	s.keepParameters(t)
	all, batch := int64(cases(40, 500)), int64(100)
	for first := int64(0); first < all; first += batch {
		s.batch(t, first, min(first+batch, all), count)
	}
	t.Log(seen)
	for _, want := range []string{"more-permissive", "stricter", "untested", "true true", "false false", "true false", "false true"} {
		if seen[want] == 0 && all > 100 {
			t.Errorf("%s was never seen", want)
		}
	}
}

// batch puts the policies of some cases into the server, waits until they are
// in force, asks, and takes them out.
func (s *server) batch(t *testing.T, first, end int64, count func(string)) {
	t.Helper()
	var drawn []*drawnCase
	for seed := first; seed < end; seed++ {
		drawn = append(drawn, drawCase(t, seed))
	}
	inParallel(t, drawn, func(c *drawnCase) error { return s.put(c) })
	s.settle(t, fmt.Sprintf("settled-%d", first))
	inParallel(t, drawn, func(c *drawnCase) error { return s.judge(c, count) })
	for _, kind := range []string{"validatingadmissionpolicybindings", "validatingadmissionpolicies"} {
		if status, text, err := s.Call("DELETE", "/apis/admissionregistration.k8s.io/v1/"+kind+"?labelSelector=drawn", nil); err != nil || status != http.StatusOK {
			t.Fatalf("%v %d %s", err, status, text)
		}
	}
}

func inParallel(t *testing.T, drawn []*drawnCase, do func(*drawnCase) error) {
	t.Helper()
	var wait sync.WaitGroup
	queue := make(chan *drawnCase)
	for range 6 {
		wait.Go(func() {
			for c := range queue {
				if err := do(c); err != nil {
					t.Errorf("seed %d: %v\nfrom %s\nto   %s", c.seed, err, encoded(c.sides[0]), encoded(c.sides[1]))
				}
			}
		})
	}
	for _, c := range drawn {
		queue <- c
	}
	close(queue)
	wait.Wait()
	if t.Failed() {
		t.FailNow()
	}
}

// drawnCase is one pair of sides, and what Compare says of it.
type drawnCase struct {
	seed   int64
	dice   dice
	sides  [2]world
	found  []finding.Finding
	left   bool
	labels m // of the namespaces
}

func drawCase(t *testing.T, seed int64) *drawnCase {
	t.Helper()
	c := &drawnCase{seed: seed, dice: dice{rand.New(rand.NewSource(seed))}}
	c.sides[0], c.sides[1] = c.dice.pair(c.dice.native)
	for namesSpaces(c.sides[0]) || namesSpaces(c.sides[1]) {
		c.sides[0], c.sides[1] = c.dice.pair(c.dice.native)
	}
	c.found, c.left = mustCompareAll(t, seed, c.sides[0], c.sides[1])
	c.labels = [...]m{{}, {"env": "prod"}, {"env": "dev"}}[c.dice.Intn(3)]
	for _, f := range c.found {
		if f.Witness != nil {
			_, c.labels = sent(c.sides[0], f.Witness)
			break
		}
	}
	return c
}

func (c *drawnCase) place(side int) string { return fmt.Sprintf("%c%d", 'a'+side, c.seed) }

// put makes the namespaces and policies of a case.
func (s *server) put(c *drawnCase) error {
	for i, w := range c.sides {
		if err := s.create(c.place(i), c.labels, w); err != nil {
			return err
		}
	}
	return nil
}

func (s *server) create(place string, labels m, w world) error {
	const group = "/apis/admissionregistration.k8s.io/v1/"
	paths := map[any]string{"Namespace": "/api/v1/namespaces", policyKind: group + "validatingadmissionpolicies", bindingKind: group + "validatingadmissionpolicybindings"}
	labels = maps.Clone(labels)
	labels["case"] = place
	namespace := m{"apiVersion": "v1", "kind": "Namespace", "metadata": m{"name": place, "labels": labels}}
	limits := m{"apiVersion": "v1", "kind": "ConfigMap", "metadata": m{"name": "limits", "namespace": place}, "data": m{"wanted": "ok"}}
	paths["ConfigMap"] = "/api/v1/namespaces/" + place + "/configmaps"
	for _, o := range append(world{namespace, limits}, caseOf(w, place)...) {
		if status, text, err := s.Call("POST", paths[o["kind"]], o); err != nil || status != http.StatusCreated {
			return fmt.Errorf("%v %d %s", err, status, text)
		}
	}
	return nil
}

// settle puts last policies into the server, one of them with parameters, and
// waits until they are in force: then those before them are too.
func (s *server) settle(t *testing.T, place string) {
	t.Helper()
	if err := s.create(place, m{}, append(denying("last", "configmaps", "false"), parameterized("asking")...)); err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"ConfigMap", "Secret"} {
		s.await(t, place, kind)
	}
}

// denying is a policy for one resource, bound.
func denying(name, resource, expression string) world {
	spec := m{"matchConstraints": m{"resourceRules": list{m{"apiGroups": list{""}, "apiVersions": list{"v1"}, "operations": list{"CREATE"}, "resources": list{resource}}}}, "validations": list{m{"expression": expression}}}
	return world{
		{"apiVersion": "admissionregistration.k8s.io/v1", "kind": policyKind, "metadata": m{"name": name}, "spec": spec},
		{"apiVersion": "admissionregistration.k8s.io/v1", "kind": bindingKind, "metadata": m{"name": name}, "spec": m{"policyName": name, "validationActions": list{"Deny"}}},
	}
}

func parameterized(name string) world {
	w := denying(name, "secrets", "params.data.wanted != 'ok'")
	w[0]["spec"].(m)["paramKind"] = m{"apiVersion": "v1", "kind": "ConfigMap"}
	w[1]["spec"].(m)["paramRef"] = m{"name": "limits", "parameterNotFoundAction": "Allow"}
	return w
}

// keepParameters puts a policy with parameters into the server that stays: when
// the last one for a kind is gone, v1.35.4 reads no parameters of that kind for
// those that come later.
func (s *server) keepParameters(t *testing.T) {
	t.Helper()
	w := caseOf(parameterized("keep"), "nowhere")
	for i, kind := range []string{"validatingadmissionpolicies", "validatingadmissionpolicybindings"} {
		delete(w[i]["metadata"].(m), "labels")
		if status, text, err := s.Call("POST", "/apis/admissionregistration.k8s.io/v1/"+kind, w[i]); err != nil || status != http.StatusCreated {
			t.Fatalf("%v %d %s", err, status, text)
		}
	}
}

func (s *server) await(t *testing.T, place, kind string) {
	t.Helper()
	for range 3000 {
		if refused, _, _ := s.sends(place, objectOf("v1", kind, place, "x", nil)); refused {
			return
		}
	}
	t.Fatalf("a policy for %ss does not come into force", kind)
}

// judge asks the server about a case's witnesses and about drawn objects.
func (s *server) judge(c *drawnCase, count func(string)) error {
	directions := map[finding.Direction]bool{finding.Different: c.left}
	for _, f := range c.found {
		directions[f.Direction] = true
		if f.Witness == nil {
			continue
		}
		strict := 1
		if f.Direction == finding.Stricter {
			strict = 0
		}
		objects, labels := sent(c.sides[strict], f.Witness)
		if !judgeable(f.Witness) || encoded(labels) != encoded(c.labels) {
			count("witness elsewhere")
			continue
		}
		if err := s.holds(c, strict, objects, f); err != nil {
			return err
		}
		count(string(f.Direction))
		if f.Witness.Details["untested"] != "" {
			count("untested")
		}
	}
	if directions[finding.Different] {
		return nil
	}
	objects, _ := c.dice.battery(12)
	for _, o := range objects {
		if o["metadata"].(m)["namespace"] == nil {
			continue
		}
		var refused [2]bool
		var texts [2]string
		for i := range c.sides {
			var err error
			if refused[i], texts[i], err = s.sends(c.place(i), o); err != nil {
				return err
			}
		}
		if refused[0] && !refused[1] && !directions[finding.Stricter] || refused[1] && !refused[0] && !directions[finding.MorePermissive] {
			return fmt.Errorf("findings %v, but %s in a namespace with %v:\n%s\n%s", directions, encoded(o), c.labels, texts[0], texts[1])
		}
		count(fmt.Sprint(refused[0], " ", refused[1]))
	}
	return nil
}

// holds says whether one of the objects that a witness speaks of is refused by
// the strict side alone.
func (s *server) holds(c *drawnCase, strict int, objects []m, f finding.Finding) error {
	var texts []string
	for _, o := range objects {
		there, text, err := s.sends(c.place(strict), o)
		if err != nil {
			return err
		}
		here, other, err := s.sends(c.place(1-strict), o)
		if err != nil {
			return err
		}
		if there && !here {
			return nil
		}
		texts = append(texts, text, other)
	}
	return fmt.Errorf("%s: %s:\n%s", f.Direction, f.Witness.Text, strings.Join(texts, "\n"))
}

package podsec

import (
	"fmt"
	"math/rand"
	"net/http"
	"strings"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/clawql/clawql-workbench/shared/finding"
	"github.com/clawql/clawql-workbench/shared/oracletest"
)

// server is a real API server.
type server struct{ *oracletest.Server }

// place makes a namespace with the labels of a side.
func (s *server) place(name string, side Side) error {
	ns := corev1.Namespace{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"}, ObjectMeta: metav1.ObjectMeta{Name: name, Labels: side.Namespaces[0].Labels}}
	status, text, err := s.Call("POST", "/api/v1/namespaces", ns)
	if err == nil && status != http.StatusCreated {
		err = fmt.Errorf("namespace %v: %d %s", ns.Labels, status, text)
	}
	return err
}

// answer of the API server to a pod.
type answer struct {
	admitted bool // by Pod Security
	valid    bool // as a pod, so that Pod Security was asked
	text     string
}

// send is a dry run. A pod that is not valid is refused before Pod Security is
// asked, and tells nothing.
func (s *server) send(namespace string, p pod) (answer, error) {
	object := corev1.Pod{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"}, ObjectMeta: p.meta, Spec: p.spec}
	object.Name, object.Namespace = "probe", namespace
	status, text, err := s.Call("POST", "/api/v1/namespaces/"+namespace+"/pods?dryRun=All", object)
	if err != nil {
		return answer{}, err
	}
	a := answer{valid: status != http.StatusUnprocessableEntity, admitted: status == http.StatusCreated, text: text}
	switch {
	case a.admitted, !a.valid:
	case status != http.StatusForbidden || !strings.Contains(text, "violates PodSecurity"):
		return a, fmt.Errorf("%d %s", status, text)
	}
	return a, nil
}

// A probe that no API server takes would be no witness.
func TestTheAPIServerTakesEveryProbe(t *testing.T) {
	s := &server{oracletest.APIServer(t)}
	if err := s.place("open", namespace("enforce", "privileged")); err != nil {
		t.Fatal(err)
	}
	for _, p := range probePods() {
		if a, err := s.send("open", p); err != nil || !a.admitted {
			t.Errorf("%s: %v %s", p.what, err, a.text)
		}
	}
}

// TestAgainstTheAPIServer: each witness is really sent to two namespaces of a
// real API server, labelled as the sides are; the one admits it, the other
// refuses it. Where neither side is the more permissive one, drawn pods get the
// same answer in both; where one is, it admits all that the other does.
func TestAgainstTheAPIServer(t *testing.T) {
	s := &server{oracletest.APIServer(t)}
	var lock sync.Mutex
	seen := map[string]int{}
	count := func(what string) {
		lock.Lock()
		defer lock.Unlock()
		seen[what]++
	}
	var wait sync.WaitGroup
	seeds := make(chan int64)
	for range 6 {
		wait.Go(func() {
			for seed := range seeds {
				if err := s.check(seed, count); err != nil {
					t.Errorf("seed %d: %v", seed, err)
				}
			}
		})
	}
	for seed := range int64(cases(40, 600)) {
		seeds <- seed
	}
	close(seeds)
	wait.Wait()
	t.Log(seen)
	for _, want := range []string{"witness", "admitted by both", "refused by both", "admitted by one"} {
		if seen[want] == 0 {
			t.Errorf("%s was never seen", want)
		}
	}
}

func (s *server) check(seed int64, count func(string)) error {
	d := dice{rand.New(rand.NewSource(seed))}
	a, b := d.pair()
	if d.in(3) {
		a, b = namespace(d.labels()...), namespace(d.labels()...)
	}
	names := [2]string{fmt.Sprintf("a%d", seed), fmt.Sprintf("b%d", seed)}
	for i, side := range []Side{a, b} {
		if err := s.place(names[i], side); err != nil {
			return err
		}
	}
	result, err := Compare(a, b, names)
	if err != nil {
		return err
	}
	directions := map[finding.Direction]bool{}
	for _, f := range result.Findings {
		if f.Control != ControlAdmission || f.Witness == nil {
			continue
		}
		directions[f.Direction] = true
		if err := s.witness(names, f, append(probePods(), templates("clawql", a, b)...), count); err != nil {
			return err
		}
	}
	for range 8 {
		p := d.pod()
		from, to, err := s.both(names, p)
		if err != nil {
			return err
		}
		switch {
		case !from.valid:
			count("not valid")
		case from.admitted && to.admitted:
			count("admitted by both")
		case !from.admitted && !to.admitted:
			count("refused by both")
		case from.admitted && !directions[finding.MorePermissive], to.admitted && !directions[finding.Stricter]:
			return fmt.Errorf("%v against %v: findings %v, but admitted %v and %v: %+v\n%s\n%s", a.Namespaces[0].Labels, b.Namespaces[0].Labels, directions, from.admitted, to.admitted, p.spec, from.text, to.text)
		default:
			count("admitted by one")
		}
	}
	return nil
}

func (s *server) both(names [2]string, p pod) (from, to answer, err error) {
	if from, err = s.send(names[0], p); err == nil {
		to, err = s.send(names[1], p)
	}
	return from, to, err
}

func (s *server) witness(names [2]string, f finding.Finding, pods []pod, count func(string)) error {
	for _, p := range pods {
		if p.what != f.Witness.Text {
			continue
		}
		from, to, err := s.both(names, p)
		if err != nil {
			return err
		}
		loose := from
		if f.Direction == finding.Stricter {
			loose = to
		}
		if from.admitted == to.admitted || !loose.admitted {
			return fmt.Errorf("%s: %s: admitted %v and %v\n%s\n%s", f.Direction, f.Witness.Text, from.admitted, to.admitted, from.text, to.text)
		}
		count("witness")
		return nil
	}
	return fmt.Errorf("no pod is %q", f.Witness.Text)
}

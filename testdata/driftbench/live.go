package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"
	"sigs.k8s.io/yaml"

	"github.com/clawql/clawql-workbench/shared/clusterread"
)

// paths of the API by kind.
var paths = map[string]string{
	"Namespace": "/api/v1/namespaces", "Service": "/api/v1/*/services", "ServiceAccount": "/api/v1/*/serviceaccounts",
	"ConfigMap": "/api/v1/*/configmaps", "Secret": "/api/v1/*/secrets", "Deployment": "/apis/apps/v1/*/deployments",
	"Role": "/apis/rbac.authorization.k8s.io/v1/*/roles", "RoleBinding": "/apis/rbac.authorization.k8s.io/v1/*/rolebindings",
	"NetworkPolicy": "/apis/networking.k8s.io/v1/*/networkpolicies", "PodDisruptionBudget": "/apis/policy/v1/*/poddisruptionbudgets",
	"HTTPRoute": "/apis/gateway.networking.k8s.io/v1/*/httproutes", "ServiceMonitor": "/apis/monitoring.example.com/v1/*/servicemonitors",
}

// definition is the CRD of the one kind that nobody else defines.
const definition = `{"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "servicemonitors.monitoring.example.com"},
"spec": {"group": "monitoring.example.com", "scope": "Namespaced", "names": {"kind": "ServiceMonitor", "plural": "servicemonitors", "singular": "servicemonitor"},
"versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}]}}`

// routes is the CRD of HTTPRoutes, as the sandbox has it.
const routes = "testdata/sandbox/cluster/crds/gateway.networking.k8s.io_httproutes.yaml"

// live measures all sizes in one API server; both sides are namespaces of it.
func (b *bench) live() error {
	fmt.Println("starting an API server")
	s, err := startServer(filepath.Join(b.bin, "kube"), filepath.Join(b.dir, "server"))
	if err != nil {
		return err
	}
	defer s.stop()
	if err := s.define(); err != nil {
		return err
	}
	for _, objects := range b.sizes {
		where := func(side, _ int) string { return fmt.Sprintf("%s-%d", sideNames[side], objects) }
		if err := s.create(generate(objects, 0, where)); err != nil {
			return err
		}
		for _, percent := range percents {
			in := generate(objects, percent/100, where)
			if err := s.edit(in.edits); err != nil {
				return err
			}
			if err := b.compareLive(s, in, objects, percent, [2]string{where(0, 0), where(1, 0)}); err != nil {
				return err
			}
		}
	}
	return nil
}

// define adds the kinds that are not Kubernetes' own, and waits for them.
func (s *server) define() error {
	text, err := os.ReadFile(routes)
	if err == nil {
		text, err = yaml.YAMLToJSON(text)
	}
	if err != nil {
		return err
	}
	for _, one := range [][]byte{[]byte(definition), text} {
		if _, err := s.ask(http.MethodPost, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", "application/json", one); err != nil {
			return err
		}
	}
	for _, kind := range []string{"HTTPRoute", "ServiceMonitor"} {
		if err := s.eventually(strings.Replace(paths[kind], "*", "namespaces/default", 1)); err != nil {
			return err
		}
	}
	return nil
}

// creators make objects at the same time.
const creators = 32

// create makes both sides.
func (s *server) create(in input) error {
	for _, side := range in.sides {
		for _, d := range side {
			if d.kind == "Namespace" {
				if err := s.post(d); err != nil {
					return err
				}
			}
		}
	}
	var work errgroup.Group
	work.SetLimit(creators)
	for _, side := range in.sides {
		for _, d := range side {
			if d.kind != "Namespace" {
				work.Go(func() error { return s.post(d) })
			}
		}
	}
	return work.Wait()
}

func (d document) path() string {
	return strings.Replace(paths[d.kind], "*", "namespaces/"+d.space, 1)
}

func (s *server) post(d document) error {
	text, err := yaml.YAMLToJSON([]byte(d.text))
	if err == nil {
		_, err = s.ask(http.MethodPost, d.path()+"?fieldManager=bench", "application/json", text)
	}
	return err
}

// edit makes of equal sides those that differ. An edit that was made before is
// made again, and changes nothing.
func (s *server) edit(edits []document) error {
	var work errgroup.Group
	work.SetLimit(creators)
	for _, d := range edits {
		work.Go(func() error {
			path := d.path() + "/" + d.name
			if d.text == "" {
				_, err := s.ask(http.MethodDelete, path, "application/json", nil)
				if err != nil && strings.Contains(err.Error(), "404") {
					return nil
				}
				return err
			}
			text, err := yaml.YAMLToJSON([]byte(d.text))
			if err == nil {
				_, err = s.ask(http.MethodPatch, path+"?fieldManager=bench", "application/merge-patch+json", text)
			}
			return err
		})
	}
	return work.Wait()
}

// compareLive measures our reading of both namespaces beside kubectl's of the
// same kinds.
func (b *bench) compareLive(s *server, in input, objects int, percent float64, spaces [2]string) error {
	kinds, incomplete, err := clusterread.Kinds(context.Background(), clusterread.Source{Kubeconfig: s.kubeconfig, Context: contextName, Namespaces: spaces[:1]})
	if err != nil || len(incomplete) > 0 {
		return fmt.Errorf("ask the API server for its kinds: %w, %v", err, incomplete)
	}
	var names []string
	for _, k := range kinds {
		names = append(names, strings.TrimSuffix(k.Resource+"."+k.Group, "."))
	}
	row := func(command string, argv ...[]string) *outcome {
		return &outcome{Input: "live", Objects: objects, Changed: percent, Command: command, argv: argv}
	}
	kubectl := func(space string) []string {
		return []string{filepath.Join(b.bin, "kubectl"), "--kubeconfig", s.kubeconfig, "-n", space, "get", strings.Join(names, ","), "-o", "json"}
	}
	ours := row("kubectl clawql drift", []string{filepath.Join(b.bin, "kubectl-clawql-drift"), "--kubeconfig", s.kubeconfig,
		"--from", contextName + "/" + spaces[0], "--to", contextName + "/" + spaces[1], "-o", "json"})
	theirs := row("kubectl get -o json, twice", kubectl(spaces[0]), kubectl(spaces[1]))
	all, out := []*outcome{ours, theirs}, filepath.Join(b.dir, "out")
	judged := func(out string) error {
		got, err := judge(out, in.want)
		ours.truth = &got
		return err
	}
	if err := s.count(all, out, judged); err != nil {
		return err
	}
	if runs := runsOf(objects); runs > 1 {
		ours.took, theirs.took = nil, nil // that was to warm up
		if err := measure(b.dir, runs, all, judged); err != nil {
			return err
		}
	}
	ours.sum()
	theirs.sum()
	b.keep(all)
	return nil
}

// count runs each command once, and counts its requests.
func (s *server) count(all []*outcome, out string, judged func(string) error) (err error) {
	for i, one := range all {
		if one.Requests, err = s.requests(func() error { return one.run(out) }); err != nil {
			return err
		}
		if i == 0 {
			if err := judged(out); err != nil {
				return err
			}
		}
	}
	return os.Remove(out)
}

// requests counts what the API server answered during some work, by its own
// count of lists and gets.
func (s *server) requests(work func() error) (int, error) {
	before, err := s.answered()
	if err != nil {
		return 0, err
	}
	if err := work(); err != nil {
		return 0, err
	}
	after, err := s.answered()
	return after - before - 1, err // the one is the count itself
}

func (s *server) answered() (sum int, err error) {
	text, err := s.ask(http.MethodGet, "/metrics", "", nil)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "apiserver_request_total{") || strings.Contains(line, `resource="leases"`) && strings.Contains(line, `verb="GET"`) {
			continue
		}
		if !strings.Contains(line, `verb="LIST"`) && !strings.Contains(line, `verb="GET"`) {
			continue
		}
		count, err := strconv.ParseFloat(strings.TrimSpace(line[strings.LastIndex(line, " "):]), 64)
		if err != nil {
			return 0, err
		}
		sum += int(count)
	}
	return sum, nil
}

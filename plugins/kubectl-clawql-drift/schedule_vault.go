package main

import (
	"fmt"
	"os"
	"path/filepath"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/clawql/clawql-workbench/shared/driftjob"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/project"
)

// vaultsOf are the Vaults of both environments, as the run reads them.
func vaultsOf(p *project.Project, o options) (list []driftjob.Vault) {
	for _, one := range []side{o.from, o.to} {
		if v := p.Environments[one.name].Vault; v != nil {
			list = append(list, driftjob.Vault{Environment: one.name, Vault: *v})
		}
	}
	return list
}

// inPod is the Vault of clawql.yaml for the run: certificates of a file stand
// in it themselves, and the token is the one that is made for Vault.
func inPod(v *project.Vault, folder string) (*project.Vault, error) {
	if v == nil {
		return nil, nil
	}
	moved := *v
	if v.CACert != "" && !v.PEM() {
		path := v.CACert
		if !filepath.IsAbs(path) {
			path = filepath.Join(folder, path)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, fault.Usage("clawql.yaml: certificates of Vault %s: %w", v.Address, err)
		}
		moved.CACert = string(text)
	}
	if k := v.Token.Kubernetes; k != nil {
		login := *k
		login.TokenFile = driftjob.VaultTokenFile
		moved.Token.Kubernetes = &login
	}
	return &moved, nil
}

// askServices looks where Vaults are that are Services of the run's cluster.
func (s *scheduling) askServices() error {
	for i := range s.spec.Vaults {
		v := &s.spec.Vaults[i]
		namespace, name, is := v.InCluster()
		if !is {
			continue
		}
		object, err := s.clusters[s.spec.ToContext].Get(s.Context.Context, "Service", namespace, name)
		if err != nil {
			return err
		}
		if object == nil {
			return fault.Usage("the Vault of %s is Service %s/%s, which context %s does not have", v.Environment, namespace, name, s.spec.ToContext)
		}
		if v.Service, err = serviceOf(object, v); err != nil {
			return err
		}
	}
	return nil
}

// serviceOf reads the pods and their port behind the port of the address. One
// that selects no pods leads out of the cluster: nil, drift.egress has to say where.
func serviceOf(object *unstructured.Unstructured, v *driftjob.Vault) (*driftjob.Service, error) {
	selector, _, err := unstructured.NestedStringMap(object.Object, "spec", "selector")
	if err != nil || len(selector) == 0 {
		return nil, nil
	}
	_, asked := v.Host()
	ports, _, _ := unstructured.NestedSlice(object.Object, "spec", "ports")
	for _, one := range ports {
		port, is := one.(map[string]any)
		if !is || fmt.Sprint(port["port"]) != fmt.Sprint(asked) {
			continue
		}
		target := intstr.Parse(fmt.Sprint(asked))
		if text := fmt.Sprint(port["targetPort"]); port["targetPort"] != nil && text != "0" {
			target = intstr.Parse(text)
		}
		return &driftjob.Service{Namespace: object.GetNamespace(), Selector: selector, Port: target}, nil
	}
	return nil, fault.Usage("the Vault of %s: Service %s/%s has no port %d", v.Environment, object.GetNamespace(), object.GetName(), asked)
}

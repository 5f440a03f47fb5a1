// Command oracle-istio answers what Istio makes of requests: an oracle for the
// tests of shared/drift/istio, in a module of its own.
//
// Istio's own code reads the policies, says whether it would take them, selects
// those of a workload and translates them to Envoy's filters. What such a filter
// answers is said twice: by this program, after Envoy's documentation of them,
// and, where it can be asked, by gRPC's RBAC engine. Where those two differ the
// program ends.
//
// Each line of its input is JSON with the objects of a mesh and requests. Each
// line of its output says which are let through, or why Istio would not take
// the objects.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	"istio.io/istio/pkg/log"
)

type inquiry struct {
	Objects []struct {
		Kind     string
		Metadata struct {
			Name, Namespace string
			Annotations     map[string]string
		}
		Spec json.RawMessage
	}
	Ask []request
}

// request is shared/drift/istio.Request, with the kind of policy to ask.
type request struct {
	Kind, Namespace, Port string
	Labels                map[string]string
	InMesh, TCP           bool
	Principal, IP, Remote string
	Host, Method, Path    string
	Headers               map[string]string
	Token                 *token
}

type token struct {
	Issuer, Subject     string
	Audience, Presenter []string
	Claims              map[string][]string
}

type answer struct {
	Refused string `json:"refused,omitempty"` // why Istio would not take the objects
	Allowed []bool `json:"allowed"`
	Second  int    `json:"second"` // of how many gRPC's engine said the same
}

// quiet keeps Istio's own log off the answers.
func quiet() error {
	options := log.DefaultOptions()
	options.OutputPaths = []string{"stderr"}
	options.SetDefaultOutputLevel("all", log.NoneLevel)
	return log.Configure(options)
}

func main() {
	if err := quiet(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<24)
	out := json.NewEncoder(os.Stdout)
	for in.Scan() {
		said, err := ask(in.Bytes())
		if err == nil {
			err = out.Encode(said)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	if err := in.Err(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func ask(line []byte) (answer, error) {
	var q inquiry
	if err := json.Unmarshal(line, &q); err != nil {
		return answer{}, err
	}
	mesh, refused, err := newMesh(q)
	if err != nil || refused != "" {
		return answer{Refused: refused}, err
	}
	said := answer{Allowed: make([]bool, len(q.Ask))}
	for i, r := range q.Ask {
		allowed, second, err := mesh.allows(r)
		if err != nil {
			return said, err
		}
		said.Allowed[i] = allowed
		if second {
			said.Second++
		}
	}
	return said, nil
}

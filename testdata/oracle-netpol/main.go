// Command oracle-netpol answers what netpol-analyzer says of a cluster: an
// oracle for the tests of shared/drift/netpol, in a module of its own.
//
// Each line of its input is JSON with the objects of a cluster. Each line of its
// output is the list of what may connect, "ns/name" for a pod and "lo-hi" for
// addresses outside; where single connections are asked about, which of them
// are allowed. Those two come from different parts of netpol-analyzer.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/resource"

	"github.com/np-guard/netpol-analyzer/pkg/logger"
	"github.com/np-guard/netpol-analyzer/pkg/netpol/connlist"
	"github.com/np-guard/netpol-analyzer/pkg/netpol/eval"
)

type inquiry struct {
	Objects []map[string]any
	Ask     []struct{ Src, Dst, Protocol, Port string }
}

type answer struct {
	Src   string                `json:"src"`
	Dst   string                `json:"dst"`
	All   bool                  `json:"all"`
	Ports map[string][][2]int64 `json:"ports"`
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<24)
	out := json.NewEncoder(os.Stdout)
	for in.Scan() {
		answers, err := ask(in.Bytes())
		if err == nil {
			err = out.Encode(answers)
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

func ask(line []byte) (any, error) {
	var q inquiry
	if err := json.Unmarshal(line, &q); err != nil {
		return nil, err
	}
	if len(q.Ask) > 0 {
		return q.points()
	}
	return q.list()
}

// points asks about single connections.
func (q inquiry) points() ([]bool, error) {
	engine := eval.NewPolicyEngine()
	for _, object := range q.Objects {
		typed := map[any]runtime.Object{"Namespace": &corev1.Namespace{}, "Pod": &corev1.Pod{}, "NetworkPolicy": &networkingv1.NetworkPolicy{}}[object["kind"]]
		err := runtime.DefaultUnstructuredConverter.FromUnstructured(object, typed)
		if err == nil {
			err = engine.InsertObject(typed)
		}
		if err != nil {
			return nil, err
		}
	}
	var allowed []bool
	for _, c := range q.Ask {
		one, err := engine.CheckIfAllowed(c.Src, c.Dst, c.Protocol, c.Port)
		if err != nil {
			return nil, err
		}
		allowed = append(allowed, one)
	}
	return allowed, nil
}

// list asks for all there is.
func (q inquiry) list() ([]answer, error) {
	var infos []*resource.Info
	for _, object := range q.Objects {
		infos = append(infos, &resource.Info{Object: &unstructured.Unstructured{Object: object}})
	}
	analyzer := connlist.NewConnlistAnalyzer(connlist.WithMuteErrsAndWarns(), connlist.WithStopOnError(), connlist.WithLogger(logger.NewDefaultLoggerWithVerbosity(logger.LowVerbosity)))
	connections, _, err := analyzer.ConnlistFromResourceInfos(infos)
	if err != nil {
		return nil, err
	}
	for _, problem := range analyzer.Errors() {
		if problem.IsSevere() || problem.IsFatal() {
			return nil, problem.Error()
		}
	}
	answers := []answer{}
	for _, c := range connections {
		one := answer{Src: name(c.Src()), Dst: name(c.Dst()), All: c.AllProtocolsAndPorts(), Ports: map[string][][2]int64{}}
		for protocol, ranges := range c.ProtocolsAndPorts() {
			for _, r := range ranges {
				// The ranges that are not let through are listed too.
				if set, tells := r.(interface{ InSet() bool }); !tells || !set.InSet() {
					continue
				}
				one.Ports[string(protocol)] = append(one.Ports[string(protocol)], [2]int64{r.Start(), r.End()})
			}
		}
		answers = append(answers, one)
	}
	return answers, nil
}

func name(p connlist.Peer) string {
	if p.IsPeerIPType() {
		return p.IP()
	}
	return p.Namespace() + "/" + p.Name()
}

// Package kubeflags offers kubectl's connection flags to urfave/cli. Only the
// kubectl plugins import it.
package kubeflags

import (
	"github.com/spf13/pflag"
	"github.com/urfave/cli/v2"
	"k8s.io/cli-runtime/pkg/genericclioptions"
)

// offered are the flags that make sense where clawql.yaml names context and
// namespace. --token is left out: it would stand in the process list.
var offered = []string{"kubeconfig", "context", "as", "as-group", "request-timeout"}

// Flags are the connection flags of one command line.
type Flags struct {
	config *genericclioptions.ConfigFlags
}

// New makes a set of flags with kubectl's defaults.
func New() *Flags { return &Flags{genericclioptions.NewConfigFlags(true)} }

// CLI gives the flags to urfave/cli: a pflag.Value is a cli.Generic.
func (f *Flags) CLI() []cli.Flag {
	set := pflag.NewFlagSet("", pflag.ContinueOnError)
	f.config.AddFlags(set)
	var flags []cli.Flag
	for _, name := range offered {
		flag := set.Lookup(name)
		flags = append(flags, &cli.GenericFlag{Name: name, Usage: flag.Usage, Value: flag.Value, Category: "connection"})
	}
	return flags
}

// Getter is what connects.
func (f *Flags) Getter() *genericclioptions.ConfigFlags { return f.config }

// Context is the explicit --context, or "".
func (f *Flags) Context() string { return *f.config.Context }

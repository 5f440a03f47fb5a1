package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	genericapiserver "k8s.io/apiserver/pkg/server"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	cliflag "k8s.io/component-base/cli/flag"
	"k8s.io/component-base/logs"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
	"k8s.io/kubernetes/cmd/kubelet/app/options"
	kubeletconfig "k8s.io/kubernetes/pkg/kubelet/apis/config"
	"k8s.io/kubernetes/pkg/kubelet/kubeletconfig/configfiles"
	utilfs "k8s.io/kubernetes/pkg/util/filesystem"
)

// newKubeletCommand is the real kubelet with one thing exchanged: where the machine's size is
// read from. It takes the kubelet's flags, --config included, and two of its own,
// --claim-cpus and --claim-memory-gib; with both 0 it is the kubelet and nothing else.
func newKubeletCommand() *cobra.Command {
	flags := pflag.NewFlagSet("kubelet", pflag.ContinueOnError)
	flags.SetNormalizeFunc(cliflag.WordSepNormalizeFunc)
	kubeletFlags := options.NewKubeletFlags()
	kubeletFlags.AddFlags(flags)
	var claim capacity
	flags.IntVar(&claim.cpus, "claim-cpus", 0, "report this many CPUs, whatever the machine has (0: the machine's)")
	flags.Uint64Var(&claim.memoryGiB, "claim-memory-gib", 0, "report this much memory, whatever the machine has (0: the machine's)")
	return &cobra.Command{
		Use:                "kubelet",
		DisableFlagParsing: true,
		SilenceUsage:       true,
		RunE: func(_ *cobra.Command, args []string) error {
			if err := flags.Parse(args); err != nil {
				return err
			}
			return runKubelet(genericapiserver.SetupSignalContext(), kubeletFlags, claim)
		},
	}
}

// runKubelet is the part of k8s.io/kubernetes/cmd/kubelet/app.NewKubeletCommand that a
// configuration file needs, in the same order: gates first, then logs, then dependencies.
func runKubelet(ctx context.Context, flags *options.KubeletFlags, claim capacity) error {
	config, err := loadConfig(ctx, flags.KubeletConfigFile)
	if err != nil {
		return err
	}
	gates := utilfeature.DefaultMutableFeatureGate
	if err := gates.SetFromMap(config.FeatureGates); err != nil {
		return fmt.Errorf("setting feature gates: %w", err)
	}
	logs.InitLogs()
	server := &options.KubeletServer{KubeletFlags: *flags, KubeletConfiguration: *config}
	if err := options.ValidateKubeletServer(server); err != nil {
		return err
	}
	deps, err := kubelet.UnsecuredDependencies(ctx, server, utilfeature.DefaultFeatureGate)
	if err != nil {
		return fmt.Errorf("building the kubelet's dependencies: %w", err)
	}
	if deps.CAdvisorInterface, err = claim.advisor(server); err != nil {
		return fmt.Errorf("reading the machine's size: %w", err)
	}
	gates.AddMetrics()
	return kubelet.Run(ctx, server, deps, utilfeature.DefaultFeatureGate)
}

func loadConfig(ctx context.Context, file string) (*kubeletconfig.KubeletConfiguration, error) {
	if file == "" {
		return nil, fmt.Errorf("kubelet: --config is required")
	}
	loader, err := configfiles.NewFsLoader(&utilfs.DefaultFs{}, file)
	if err != nil {
		return nil, fmt.Errorf("reading the kubelet's configuration %s: %w", file, err)
	}
	config, err := loader.Load(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the kubelet's configuration %s: %w", file, err)
	}
	return config, nil
}

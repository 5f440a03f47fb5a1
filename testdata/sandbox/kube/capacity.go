package main

import (
	cadvisorapi "github.com/google/cadvisor/info/v1"
	"k8s.io/kubernetes/cmd/kubelet/app/options"
	"k8s.io/kubernetes/pkg/kubelet/cadvisor"
	"k8s.io/kubernetes/pkg/kubelet/cm"
)

// capacity is the size that the node claims. Production-size requests (three pods of 1 CPU and
// 2 GiB, two of everything during a canary) must schedule on a laptop of two cores: requests are
// promises to the scheduler, and the kernel shares out what is really there.
type capacity struct {
	cpus      int    // 0: as many as the machine has
	memoryGiB uint64 // 0: as much as the machine has
}

// advisor gives the kubelet's own reader of the machine, with the claim on top.
func (c capacity) advisor(server *options.KubeletServer) (cadvisor.Interface, error) {
	roots := []string{cm.NodeAllocatableRoot(server.CgroupRoot, server.CgroupsPerQOS, server.CgroupDriver)}
	endpoint := server.ContainerRuntimeEndpoint
	machine, err := cadvisor.New(cadvisor.NewImageFsInfoProvider(endpoint), server.RootDirectory, roots,
		cadvisor.UsingLegacyCadvisorStats(endpoint), server.LocalStorageCapacityIsolation)
	if err != nil {
		return nil, err
	}
	return claimed{Interface: machine, capacity: c}, nil
}

// claimed answers for the machine's size and lets the real reader answer everything else.
type claimed struct {
	cadvisor.Interface
	capacity capacity
}

func (c claimed) MachineInfo() (*cadvisorapi.MachineInfo, error) {
	machine, err := c.Interface.MachineInfo()
	if err != nil {
		return nil, err
	}
	info := machine.Clone()
	if c.capacity.cpus > 0 {
		info.NumCores = c.capacity.cpus
	}
	if c.capacity.memoryGiB > 0 {
		info.MemoryCapacity = c.capacity.memoryGiB << 30
	}
	return info, nil
}

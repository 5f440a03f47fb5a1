package vaultread

import (
	"context"
	"encoding/json"
	"runtime"

	"github.com/hashicorp/vault/api"

	"github.com/clawql/clawql-workbench/shared/project"
)

// local says whether this is a development server on this very machine. All of
// it has to hold: the address is a unix socket or a loopback one (and leads
// there, see dialHere); storage is in memory, under one unseal key; and the
// server describes the machine that we run on: the moment of its start, its
// kernel and its memory. An address alone proves nothing, since a tunnel to
// staging ends at loopback too: what answers behind it tells of another
// machine. What cannot be told is not local.
//
// The server's word is believed as far as it is for its policies.
func (c *client) local(ctx context.Context, v project.Vault, state *api.SealStatusResponse) bool {
	if !v.Local() || state.StorageType != "inmem" || state.N != 1 || state.RecoverySeal {
		return false
	}
	here, known := thisMachine()
	if !known {
		return false
	}
	response, err := c.api.Logical().ReadRawWithContext(ctx, "sys/host-info")
	if response != nil {
		defer response.Body.Close()
	}
	if err != nil {
		return false
	}
	var answer struct {
		Data struct {
			Host struct {
				OS            string `json:"os"`
				BootTime      int64  `json:"bootTime"`
				KernelVersion string `json:"kernelVersion"`
			} `json:"host"`
			Memory struct {
				Total uint64 `json:"total"`
			} `json:"memory"`
		} `json:"data"`
	}
	if json.NewDecoder(response.Body).Decode(&answer) != nil {
		return false
	}
	host := answer.Data.Host
	return host.OS == runtime.GOOS && here.same(machine{host.BootTime, host.KernelVersion, answer.Data.Memory.Total})
}

// machine is what tells one machine from another while it runs.
type machine struct {
	boot   int64 // Unix time of its start, in seconds
	kernel string
	memory uint64 // bytes
}

// same allows for a clock that is set while it runs: the start is computed.
func (m machine) same(o machine) bool {
	apart := m.boot - o.boot
	return m.boot > 0 && apart >= -1 && apart <= 1 && m.kernel != "" && m.kernel == o.kernel && m.memory > 0 && m.memory == o.memory
}

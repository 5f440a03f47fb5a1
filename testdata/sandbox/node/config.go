package node

// containerdConfig suits Debian 12's containerd 1.6. The process may not lower its own
// OOM score in a container or a restricted machine, hence restrict_oom_score_adj; the streaming
// server (exec, logs, port-forward) takes a free port on loopback.
const containerdConfig = `version = 2
root = "{{.Dir}}/containerd"
state = "{{.Dir}}/containerd-state"
oom_score = 0
disabled_plugins = ["io.containerd.internal.v1.opt", "io.containerd.tracing.processor.v1.otlp", "io.containerd.internal.v1.tracing"]

[grpc]
  address = "{{.ContainerdSocket}}"

[ttrpc]
  address = ""

[plugins."io.containerd.grpc.v1.cri"]
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  sandbox_image = "{{.PauseImage}}"
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"

  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "` + PluginDir + `"
    conf_dir = "{{.Dir}}/node/cni"

  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
`

// cniConfig is a plain bridge. It neither masquerades nor lets the plugin be the gateway, so no
// iptables rule is made and the machine's ip_forward stays as it was: pods reach one another and
// the host's end of the bridge, and nothing else. It does not enforce NetworkPolicy.
const cniConfig = `{
  "cniVersion": "0.4.0",
  "name": "clawql-sandbox",
  "plugins": [{
    "type": "bridge",
    "bridge": "{{.Bridge}}",
    "ipMasq": false,
    "isGateway": false,
    "ipam": {
      "type": "host-local",
      "dataDir": "{{.Dir}}/node/ipam",
      "ranges": [[{"subnet": "{{.PodCIDR}}", "gateway": "{{.Gateway}}"}]],
      "routes": [{"dst": "0.0.0.0/0"}]
    }
  }]
}
`

// kubeletConfig: authentication and authorization as in a production cluster; no port but its
// own, on the bridge; nothing is evicted for a full disk of the developer's machine.
const kubeletConfig = `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: {{.Gateway}}
port: {{.Port}}
readOnlyPort: 0
healthzPort: 0
authentication:
  anonymous: {enabled: false}
  webhook: {enabled: true}
  x509: {clientCAFile: {{.ClientCA}}}
authorization: {mode: Webhook}
tlsCertFile: {{.Cert}}
tlsPrivateKeyFile: {{.Key}}
containerRuntimeEndpoint: unix://{{.ContainerdSocket}}
cgroupDriver: cgroupfs
cgroupRoot: {{.CgroupRoot}}
failCgroupV1: false
failSwapOn: false
protectKernelDefaults: true
enforceNodeAllocatable: []
localStorageCapacityIsolation: false
makeIPTablesUtilChains: false
oomScoreAdj: 0
resolvConf: {{.Dir}}/node/resolv.conf
podLogsDir: {{.Dir}}/pod-logs
volumePluginDir: {{.Dir}}/kubelet/volume-plugins
staticPodPath: ""
syncFrequency: 10s
nodeStatusUpdateFrequency: 5s
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
serializeImagePulls: false
registryPullQPS: 0
eventRecordQPS: 0
kubeAPIQPS: 200
kubeAPIBurst: 400
shutdownGracePeriod: 0s
evictionHard:
  memory.available: "0%"
  nodefs.available: "0%"
  nodefs.inodesFree: "0%"
  imagefs.available: "0%"
  imagefs.inodesFree: "0%"
`

package posture

import (
	"strings"
	"sync"
	"testing"

	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

// attack is an overlay that tries to get past a control. Field is where the
// error must point to, in FieldString's form, after spec.template.spec. for
// "pod:" and after the container for "c:".
type attack struct {
	name, control, field string
	overlay
}

const container = "spec.template.spec.containers[name=clawql-mcp-http]."

func (a attack) wantField() string {
	if rest, ok := strings.CutPrefix(a.field, "pod:"); ok {
		return "spec.template.spec." + rest
	}
	if rest, ok := strings.CutPrefix(a.field, "c:"); ok {
		return container + rest
	}
	return a.field
}

// other is a second workload of a kind, with a digest.
func other(kind, pod string) string {
	return "apiVersion: apps/v1\nkind: " + kind + "\nmetadata: {name: other, namespace: clawql}\n" +
		"spec: {template: {metadata: {labels: {app: other}}, spec: {" + pod + "}}}"
}

const goodImage = `image: "a@sha256:` + hex64 + `"`

var podAttacks = []attack{
	{"root user in the pod", RunAsNonRoot, "pod:securityContext.runAsUser", overlay{pod: "securityContext: {runAsUser: 0}"}},
	{"root user in the container", RunAsNonRoot, "c:securityContext.runAsUser", overlay{container: "securityContext: {runAsUser: 0}"}},
	{"container overrides a good pod", RunAsNonRoot, "c:securityContext.runAsUser",
		overlay{pod: "securityContext: {runAsUser: 65532, runAsNonRoot: true}", container: "securityContext: {runAsUser: 0}"}},
	{"runAsNonRoot false in the pod", RunAsNonRoot, "pod:securityContext.runAsNonRoot", overlay{pod: "securityContext: {runAsNonRoot: false}"}},
	{"runAsNonRoot false in the container", RunAsNonRoot, "c:securityContext.runAsNonRoot", overlay{container: "securityContext: {runAsNonRoot: false}"}},
	{"user namespace exempts root", RunAsNonRoot, "pod:securityContext.runAsUser",
		overlay{pod: "hostUsers: false\nsecurityContext: {runAsUser: 0}"}}, // Pod Security 1.35 admits this
	{"root group", RunAsNonRoot, "c:securityContext.runAsGroup", overlay{container: "securityContext: {runAsGroup: 0}"}},
	{"root supplemental group", RunAsNonRoot, "pod:securityContext.supplementalGroups[1]", overlay{pod: "securityContext: {supplementalGroups: [7, 0]}"}},
	{"root fsGroup", RunAsNonRoot, "pod:securityContext.fsGroup", overlay{pod: "securityContext: {fsGroup: 0}"}},
	{"root in an init container", RunAsNonRoot, "pod:initContainers[name=i].securityContext.runAsUser",
		overlay{pod: `initContainers: [{name: i, ` + goodImage + `, securityContext: {runAsUser: 0}}]`}},
	{"root in a sidecar", RunAsNonRoot, "pod:initContainers[name=s].securityContext.runAsUser",
		overlay{pod: `initContainers: [{name: s, restartPolicy: Always, ` + goodImage + `, securityContext: {runAsUser: 0}}]`}},
	{"root in an ephemeral container", RunAsNonRoot, "pod:ephemeralContainers[name=e].securityContext.runAsUser",
		overlay{pod: `ephemeralContainers: [{name: e, ` + goodImage + `, securityContext: {runAsUser: 0}}]`}},

	{"privilege escalation", PrivilegeEscalation, "c:securityContext.allowPrivilegeEscalation", overlay{container: "securityContext: {allowPrivilegeEscalation: true}"}},
	{"privileged", HostNamespaces, "c:securityContext.privileged", overlay{container: "securityContext: {privileged: true}"}},
	{"capability", Capabilities, "c:securityContext.capabilities.add", overlay{container: "securityContext: {capabilities: {add: [SYS_ADMIN], drop: [ALL]}}"}},
	{"all capabilities", Capabilities, "c:securityContext.capabilities.add", overlay{container: "securityContext: {capabilities: {add: [ALL]}}"}},
	{"capability beside an allowed one", Capabilities, "c:securityContext.capabilities.add", overlay{container: "securityContext: {capabilities: {add: [NET_BIND_SERVICE, NET_RAW]}}"}},
	{"capability by its other name", Capabilities, "c:securityContext.capabilities.add", overlay{container: "securityContext: {capabilities: {add: [CAP_NET_BIND_SERVICE]}}"}},
	{"seccomp off in the pod", Seccomp, "pod:securityContext.seccompProfile.type", overlay{pod: "securityContext: {seccompProfile: {type: Unconfined}}"}},
	{"seccomp off in the container", Seccomp, "c:securityContext.seccompProfile.type", overlay{container: "securityContext: {seccompProfile: {type: Unconfined}}"}},
	{"writable root", ReadOnlyRoot, "c:securityContext.readOnlyRootFilesystem", overlay{container: "securityContext: {readOnlyRootFilesystem: false}"}},

	{"host PID", HostNamespaces, "pod:hostPID", overlay{pod: "hostPID: true"}},
	{"host IPC", HostNamespaces, "pod:hostIPC", overlay{pod: "hostIPC: true"}},
	{"host network", HostNamespaces, "pod:hostNetwork", overlay{pod: "hostNetwork: true"}},
	{"host port", HostNamespaces, "c:ports[name=http].hostPort", overlay{container: "ports: [{name: http, containerPort: 8080, hostPort: 8080}]"}},
	{"host path", HostNamespaces, "pod:volumes[name=h].hostPath", overlay{pod: "volumes: [{name: h, hostPath: {path: /}}]"}},
	{"docker.sock", HostNamespaces, "pod:volumes[name=d].hostPath", overlay{pod: "volumes: [{name: d, hostPath: {path: /var/run/docker.sock, type: Socket}}]"}},
	{"host path by way of a volume of the cluster", HostNamespaces, "spec.hostPath",
		overlay{objects: "apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: v}\nspec: {hostPath: {path: /}}"}},
	{"node's disk by way of a volume of the cluster", HostNamespaces, "spec.local",
		overlay{objects: "apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: v}\nspec: {local: {path: /}}"}},

	{"unmasked /proc", PodSecurity, "c:securityContext.procMount", overlay{container: "securityContext: {procMount: Unmasked}"}},
	{"sysctl", PodSecurity, "pod:securityContext.sysctls[name=kernel.core_pattern].name", overlay{pod: `securityContext: {sysctls: [{name: kernel.core_pattern, value: "|/x"}]}`}},
	{"AppArmor off", PodSecurity, "pod:securityContext.appArmorProfile.type", overlay{pod: "securityContext: {appArmorProfile: {type: Unconfined}}"}},
	{"AppArmor off by annotation", PodSecurity, "spec.template.metadata.annotations.container.apparmor.security.beta.kubernetes.io/clawql-mcp-http",
		overlay{deployment: "spec: {template: {metadata: {annotations: {container.apparmor.security.beta.kubernetes.io/clawql-mcp-http: unconfined}}}}"}},
	{"SELinux type", PodSecurity, "c:securityContext.seLinuxOptions.type", overlay{container: "securityContext: {seLinuxOptions: {type: spc_t}}"}},
	{"SELinux role", PodSecurity, "pod:securityContext.seLinuxOptions.role", overlay{pod: "securityContext: {seLinuxOptions: {role: sysadm_r}}"}},
	{"Windows host process", PodSecurity, "pod:securityContext.windowsOptions.hostProcess", overlay{pod: "securityContext: {windowsOptions: {hostProcess: true}}"}},
	{"another system, which is exempt from checks", PodSecurity, "pod:os.name", overlay{pod: "os: {name: windows}"}},
	{"volume of a provider", PodSecurity, "pod:volumes[name=net].nfs", overlay{pod: "volumes: [{name: net, nfs: {server: 10.0.0.1, path: /}}]"}},
	{"probe of the node's metadata service", PodSecurity, "c:livenessProbe.httpGet.host", overlay{container: "livenessProbe: {httpGet: {host: 169.254.169.254, port: 80}}"}},
	{"hook to another host", PodSecurity, "c:lifecycle.postStart.httpGet.host", overlay{container: "lifecycle: {postStart: {httpGet: {host: evil.example, port: 80}}}"}},
	{"mistyped field that would be dropped", Readable, "pod:securityContext.runAsNonroot", overlay{pod: "securityContext: {runAsNonroot: false}"}},
	{"mistyped field of a container", Readable, "pod:containers[0].securityContext.runasuser", overlay{container: "securityContext: {runasuser: 0}"}},
	{"text where a number belongs", Readable, "pod:containers.securityContext.runAsUser", overlay{container: `securityContext: {runAsUser: "0"}`}},
	{"text where a boolean belongs", Readable, "pod:containers.securityContext.privileged", overlay{container: `securityContext: {privileged: "true"}`}},
	{"pods in a kind that nobody knows", PodSecurity, "spec.pod.containers",
		overlay{objects: "apiVersion: x.example/v1\nkind: Widget\nmetadata: {name: w, namespace: clawql}\nspec: {pod: {containers: [{name: a, image: b}]}}"}},

	{"webhook that rewrites pods", PodSecurity, "kind",
		overlay{objects: "apiVersion: admissionregistration.k8s.io/v1\nkind: MutatingWebhookConfiguration\nmetadata: {name: w}"}},

	{"token mounted", ServiceAccountToken, "pod:automountServiceAccountToken", overlay{pod: "automountServiceAccountToken: true"}},
	{"token projected", ServiceAccountToken, "pod:volumes[name=t].projected.sources[0].serviceAccountToken",
		overlay{pod: "volumes: [{name: t, projected: {sources: [{serviceAccountToken: {path: token}}]}}]"}},
	{"token in a Secret", ServiceAccountToken, "type",
		overlay{objects: "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: clawql}\ntype: kubernetes.io/service-account-token"}},
	{"token asked for without a reason", ServiceAccountToken, "pod:automountServiceAccountToken",
		overlay{pod: "automountServiceAccountToken: true", deployment: `spec: {template: {metadata: {annotations: {clawql.io/service-account-token: ""}}}}`}},
}

var imageAttacks = []attack{
	{"tag", ImageDigest, "c:image", overlay{container: `image: "registry.example/mcp:prod"`}},
	{"no tag", ImageDigest, "c:image", overlay{container: `image: "mcp"`}},
	{"short digest", ImageDigest, "c:image", overlay{container: `image: "mcp@sha256:0123"`}},
	{"digest of another length", ImageDigest, "c:image", overlay{container: `image: "mcp@sha512:` + hex64 + hex64 + `"`}},
	{"digest as a tag", ImageDigest, "c:image", overlay{container: `image: "mcp:sha256-` + hex64 + `"`}},
	{"digest, then a tag", ImageDigest, "c:image", overlay{container: `image: "mcp@sha256:` + hex64 + `:prod"`}},
	{"two digests", ImageDigest, "c:image", overlay{container: `image: "mcp@sha256:` + hex64 + `@sha256:` + hex64 + `"`}},
	{"space before the digest", ImageDigest, "c:image", overlay{container: `image: "mcp:prod @sha256:` + hex64 + `"`}},
	{"newline after the digest", ImageDigest, "c:image", overlay{container: `image: "mcp@sha256:` + hex64 + `\n"`}},
	{"upper case digest", ImageDigest, "c:image", overlay{container: `image: "mcp@sha256:` + strings.ToUpper(hex64) + `"`}},
	{"nothing", ImageDigest, "c:image", overlay{container: `image: ""`}},
	{"tag in an init container", ImageDigest, "pod:initContainers[name=i].image", overlay{pod: "initContainers: [{name: i, image: busybox}]"}},
	{"tag in an image volume", ImageDigest, "pod:volumes[name=i].image.reference", overlay{pod: "volumes: [{name: i, image: {reference: \"skills:1\"}}]"}},
	{"tag in a DaemonSet", ImageDigest, "spec.template.spec.containers[name=o].image", overlay{objects: other("DaemonSet", "containers: [{name: o, image: a}]")}},
	{"tag in a StatefulSet", ImageDigest, "spec.template.spec.containers[name=o].image", overlay{objects: other("StatefulSet", "containers: [{name: o, image: a}]")}},
	{"tag in a Rollout", ImageDigest, "spec.template.spec.containers[name=o].image", overlay{objects: other("Rollout", "containers: [{name: o, image: a}]")}},
	{"tag in a CronJob", ImageDigest, "spec.jobTemplate.spec.template.spec.containers[name=o].image", overlay{objects: "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: c, namespace: clawql}\nspec: {jobTemplate: {spec: {template: {spec: {containers: [{name: o, image: a}]}}}}}"}},
	{"tag in a bare Pod", ImageDigest, "spec.containers[name=o].image", overlay{objects: "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: clawql}\nspec: {containers: [{name: o, image: a}]}"}},
	{"tag inside a List", ImageDigest, "spec.containers[name=o].image", overlay{objects: "apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: clawql}, spec: {containers: [{name: o, image: a}]}}]"}},
}

var envAttacks = []attack{
	{"debug", LogLevel, "c:env[name=CLAWQL_LOG_LEVEL].value", overlay{container: "env: [{name: CLAWQL_LOG_LEVEL, value: debug}]"}},
	{"level in capitals", LogLevel, "c:env[name=CLAWQL_LOG_LEVEL].value", overlay{container: "env: [{name: CLAWQL_LOG_LEVEL, value: DEBUG}]"}},
	{"level by reference", LogLevel, "c:env[name=CLAWQL_LOG_LEVEL].valueFrom", overlay{container: "env: [{name: CLAWQL_LOG_LEVEL, valueFrom: {configMapKeyRef: {name: c, key: k}}}]"}},
	{"level by expansion", LogLevel, "c:env[name=CLAWQL_LOG_LEVEL].value", overlay{container: `env: [{name: X, value: debug}, {name: CLAWQL_LOG_LEVEL, value: "$(X)"}]`}},
	{"level twice", LogLevel, "c:env[1].name", overlay{container: "env: [{name: CLAWQL_LOG_LEVEL, value: info}, {name: CLAWQL_LOG_LEVEL, value: info}]"}},
	{"level twice, last one wins", LogLevel, "c:env[1].name", overlay{container: "env: [{name: CLAWQL_LOG_LEVEL, value: info}, {name: CLAWQL_LOG_LEVEL, value: debug}]"}},
	{"level on the command line", LogLevel, "c:command[1]", overlay{container: "command: [env, CLAWQL_LOG_LEVEL=debug, node, server.js]"}},
	{"debug in another workload", LogLevel, "spec.template.spec.containers[name=o].env[name=CLAWQL_LOG_LEVEL].value",
		overlay{objects: other("Deployment", "containers: [{name: o, "+goodImage+", env: [{name: CLAWQL_LOG_LEVEL, value: debug}]}]")}},
	{"no enforcement", Enforcement, "c:env[name=CLAWQL_ALLOW_NO_ENFORCEMENT].value", overlay{container: `env: [{name: CLAWQL_ALLOW_NO_ENFORCEMENT, value: "1"}]`}},
	{"no enforcement, other word", Enforcement, "c:env[name=CLAWQL_ALLOW_NO_ENFORCEMENT].value", overlay{container: `env: [{name: CLAWQL_ALLOW_NO_ENFORCEMENT, value: "yes"}]`}},
	{"no enforcement by reference", Enforcement, "c:env[name=CLAWQL_ALLOW_NO_ENFORCEMENT].valueFrom", overlay{container: "env: [{name: CLAWQL_ALLOW_NO_ENFORCEMENT, valueFrom: {secretKeyRef: {name: c, key: k}}}]"}},
	{"no enforcement in a shell", Enforcement, "c:args[0]", overlay{container: `args: ["CLAWQL_ALLOW_NO_ENFORCEMENT=1 node server.js"]`}},
	{"debugger", Enforcement, "c:env[name=NODE_OPTIONS].value", overlay{container: `env: [{name: NODE_OPTIONS, value: "--max-old-space-size=64 --inspect=0.0.0.0:9229"}]`}},
	{"TLS without verification", Enforcement, "c:env[name=NODE_TLS_REJECT_UNAUTHORIZED].value", overlay{container: `env: [{name: NODE_TLS_REJECT_UNAUTHORIZED, value: "0"}]`}},
	{"plugin off", PanguardMode, "c:env[name=CLAWQL_PANGUARD_PROXY_PLUGIN].value", overlay{container: `env: [{name: CLAWQL_PANGUARD_PROXY_PLUGIN, value: "0"}]`}},
	{"plugin empty", PanguardMode, "c:env[name=CLAWQL_PANGUARD_PROXY_PLUGIN].value", overlay{container: `env: [{name: CLAWQL_PANGUARD_PROXY_PLUGIN}]`}},
	{"plugin without blocking", PanguardMode, "c:env[name=CLAWQL_PANGUARD_IN_PROCESS].value", overlay{container: `env: [{name: CLAWQL_PANGUARD_IN_PROCESS, value: "false"}]`}},
	{"fails open", PanguardMode, "c:env[name=PANGUARD_PROXY_FAIL_MODE].value", overlay{container: `env: [{name: PANGUARD_PROXY_FAIL_MODE, value: open}]`}},
	{"guard that learns", PanguardMode, "c:env[name=PANGUARD_GUARD_MODE].value", overlay{container: `env: [{name: PANGUARD_GUARD_MODE, value: " Learning"}]`}},
	{"proxy that only forwards", PanguardMode, "spec.template.spec.containers[name=nginx].image",
		overlay{objects: strings.ReplaceAll(other("Deployment", `containers: [{name: nginx, image: "nginx@sha256:`+hex64+`"}]`), "name: other", "name: clawql-mcp-http-proxy")}},
	{"proxy with the bridge's name but no upstream", PanguardMode, "spec.template.spec.containers[name=b].image",
		overlay{objects: strings.ReplaceAll(other("Deployment", `containers: [{name: b, image: "clawql-panguard-mcp-bridge@sha256:`+hex64+`"}]`), "name: other", "name: clawql-mcp-http-proxy")}},
	{"bridge that fails open", PanguardMode, "spec.template.spec.containers[name=b].env[name=PANGUARD_PROXY_FAIL_MODE].value",
		overlay{objects: strings.ReplaceAll(other("Deployment", `containers: [{name: b, image: "clawql-panguard-mcp-bridge@sha256:`+hex64+`", env: [{name: CLAWQL_BRIDGE_UPSTREAM_URL, value: x}, {name: PANGUARD_PROXY_FAIL_MODE, value: open}]}]`), "name: other", "name: clawql-mcp-http-proxy")}},
	{"policy map that learns", PanguardMode, "data.mode", overlay{objects: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: p, namespace: clawql, labels: {clawql.io/security-config: panguard-policy}}\ndata: {mode: learning}"}},
	{"policy map with an unknown mode", PanguardMode, "data.mode", overlay{objects: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: p, namespace: clawql, labels: {clawql.io/security-config: panguard-policy}}\ndata: {mode: audit}"}},
	{"policy map that fails open", PanguardMode, "data.policy.yaml", overlay{objects: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: p, namespace: clawql, labels: {clawql.io/security-config: panguard-policy}}\ndata: {policy.yaml: \"mode: protection\\nfail_mode: open\"}"}},
	{"policy map in base64", PanguardMode, "binaryData", overlay{objects: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: p, namespace: clawql, labels: {clawql.io/security-config: panguard-policy}}\nbinaryData: {mode: bGVhcm5pbmc=}"}},
	{"Panguard's own file reports only", PanguardMode, "data.config.json", overlay{objects: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: p, namespace: clawql}\ndata: {config.json: '{\"mode\":\"report-only\"}'}"}},
	{"two state folders", StateDir, "c:env[name=CLAWQL_STATE_DIR].value", overlay{container: "env: [{name: CLAWQL_HOME, value: /a}, {name: CLAWQL_STATE_DIR, value: /b}]"}},
	{"state folder of the shell", StateDir, "c:env[name=CLAWQL_HOME].value", overlay{container: "env: [{name: CLAWQL_HOME, value: ~/.clawql}]"}},
	{"state folder by reference", StateDir, "c:env[name=CLAWQL_HOME].valueFrom", overlay{container: "env: [{name: CLAWQL_HOME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]"}},
	{"state folder is the root", StateDir, "c:env[name=CLAWQL_STATE_DIR].value", overlay{container: "env: [{name: CLAWQL_STATE_DIR, value: /tmp/..}]"}},
}

// policyWith is a NetworkPolicy of the overlay.
func policyWith(name, spec string) string {
	return "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: " + name + ", namespace: clawql}\nspec: {" + spec + "}"
}

var clusterAttacks = []attack{
	{"default-deny that allows", NetworkDefaultDeny, "spec.ingress", overlay{objects: policyWith("default-deny", "podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{}]")}},
	{"default-deny for some pods", NetworkDefaultDeny, "spec.podSelector", overlay{objects: policyWith("default-deny", "podSelector: {matchLabels: {app: x}}, policyTypes: [Ingress, Egress]")}},
	{"default-deny for no pods", NetworkDefaultDeny, "spec.podSelector", overlay{objects: policyWith("default-deny", "podSelector: {matchExpressions: [{key: a, operator: Exists}]}, policyTypes: [Ingress, Egress]")}},
	{"default-deny in one direction", NetworkDefaultDeny, "spec.policyTypes", overlay{objects: policyWith("default-deny", "podSelector: {}, policyTypes: [Ingress]")}},
	{"ingress from everywhere", NetworkDefaultDeny, "spec.ingress[0].from", overlay{objects: policyWith("p", "podSelector: {}, ingress: [{}]")}},
	{"ingress from everywhere to one port", NetworkDefaultDeny, "spec.ingress[0].from", overlay{objects: policyWith("p", "podSelector: {}, ingress: [{ports: [{port: 8080}]}]")}},
	{"ingress from the internet", NetworkDefaultDeny, "spec.ingress[0].from", overlay{objects: policyWith("p", "podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}]")}},
	{"ingress from the internet in halves", NetworkDefaultDeny, "spec.ingress[0].from", overlay{objects: policyWith("p", "podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/1}}, {ipBlock: {cidr: 128.0.0.0/1}}]}]")}},
	{"ingress from the internet, IPv6", NetworkDefaultDeny, "spec.ingress[0].from", overlay{objects: policyWith("p", `podSelector: {}, ingress: [{from: [{ipBlock: {cidr: "2000::/3"}}]}]`)}},
	{"ingress from every namespace", NetworkDefaultDeny, "spec.ingress[0].from", overlay{objects: policyWith("p", "podSelector: {}, ingress: [{from: [{namespaceSelector: {}}]}]")}},
	{"ingress from every namespace by a label all have", NetworkDefaultDeny, "spec.ingress[0].from", overlay{objects: policyWith("p", "podSelector: {}, ingress: [{from: [{namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: Exists}]}}]}]")}},
	{"ingress from every namespace but one", NetworkDefaultDeny, "spec.ingress[0].from", overlay{objects: policyWith("p", "podSelector: {}, ingress: [{from: [{namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: NotIn, values: [x]}]}}]}]")}},
	{"a good peer beside a wide one", NetworkDefaultDeny, "spec.ingress[0].from", overlay{objects: policyWith("p", "podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {app: x}}}, {ipBlock: {cidr: 0.0.0.0/0}}]}]")}},
	{"egress to everywhere", NetworkDefaultDeny, "spec.egress[0].to", overlay{objects: policyWith("p", "podSelector: {}, policyTypes: [Egress], egress: [{}]")}},
	{"egress to everywhere by HTTPS, metadata service too", NetworkDefaultDeny, "spec.egress[0].to", overlay{objects: policyWith("p", "podSelector: {}, egress: [{ports: [{port: 443}]}]")}},
	{"egress from the DNS port to the last", NetworkDefaultDeny, "spec.egress[0].to", overlay{objects: policyWith("p", "podSelector: {}, egress: [{ports: [{port: 53, endPort: 65535}]}]")}},
	{"egress to public addresses on all ports", NetworkDefaultDeny, "spec.egress[0].to", overlay{objects: policyWith("p", "podSelector: {}, egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 169.254.0.0/16]}}]}]")}},
	{"policy of a kind that overrules", NetworkDefaultDeny, "kind", overlay{objects: "apiVersion: policy.networking.k8s.io/v1alpha1\nkind: AdminNetworkPolicy\nmetadata: {name: a}\nspec: {}"}},
	{"policy of another engine", NetworkDefaultDeny, "kind", overlay{objects: "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: a, namespace: clawql}\nspec: {}"}},
	{"another policy under the deploy's name", NetworkAllowGateway, "spec", overlay{objects: policyWith("clawql-gateway-allow", "podSelector: {}, ingress: [{from: [{podSelector: {}}]}]")}},

	{"namespace that enforces less", PodSecurity, "metadata.labels.pod-security.kubernetes.io/enforce", overlay{objects: "apiVersion: v1\nkind: Namespace\nmetadata: {name: clawql, labels: {pod-security.kubernetes.io/enforce: privileged}}"}},
	{"namespace that enforces an old version", PodSecurity, "metadata.labels.pod-security.kubernetes.io/enforce-version", overlay{objects: "apiVersion: v1\nkind: Namespace\nmetadata: {name: clawql, labels: {pod-security.kubernetes.io/enforce-version: v1.19}}"}},
	{"namespace that audits less", PodSecurity, "metadata.labels.pod-security.kubernetes.io/audit", overlay{objects: "apiVersion: v1\nkind: Namespace\nmetadata: {name: clawql, labels: {pod-security.kubernetes.io/audit: baseline}}"}},
	{"stops every pod at once", Drain, "spec.strategy.type", overlay{deployment: "spec: {strategy: {type: Recreate}}"}},
	{"labels of another environment", Labels, "metadata.labels.environment", overlay{deployment: "metadata: {labels: {environment: staging}}"}},

	{"object in another namespace", Namespaced, "metadata.namespace", overlay{objects: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: kube-system}"}},
	{"another namespace", Namespaced, "metadata.name", overlay{objects: "apiVersion: v1\nkind: Namespace\nmetadata: {name: shadow}"}},
	{"other pods behind the gateway's Service", GatewayShape, "spec.template.metadata.labels.app", overlay{objects: strings.ReplaceAll(other("Deployment", "containers: [{name: o, "+goodImage+"}]"), "app: other", "app: clawql-mcp-http")}},
	{"other pods with the gateway's allowances", GatewayShape, "spec.template.metadata.labels.clawql.io/gateway", overlay{objects: strings.ReplaceAll(other("Deployment", "containers: [{name: o, "+goodImage+"}]"), "app: other", "clawql.io/gateway: clawql-mcp-http")}},
	{"endpoints by hand", GatewayShape, "metadata.name", overlay{objects: "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: e, namespace: clawql, labels: {kubernetes.io/service-name: clawql-mcp-http}}"}},
	{"a canary of its own", GatewayShape, "metadata.name", overlay{objects: "apiVersion: v1\nkind: Service\nmetadata: {name: clawql-mcp-http-canary, namespace: clawql}"}},
	{"the gateway's container under another name", GatewayShape, "spec.template.spec.containers", overlay{container: "name: mcp"}},
}

func allAttacks() []attack {
	var all []attack
	for _, some := range [][]attack{podAttacks, imageAttacks, envAttacks, clusterAttacks} {
		all = append(all, some...)
	}
	return all
}

// Every attack is refused, and the error points at the field.
func TestAttacksAreRefused(t *testing.T) {
	for _, a := range allAttacks() {
		t.Run(a.control+"/"+a.name, func(t *testing.T) {
			result := Harden(a.build(t), settings())
			for _, v := range result.Violations {
				if v.Control == a.control && FieldString(v.Field) == a.wantField() {
					if v.Allowed == "" || v.Object.Name == "" {
						t.Errorf("the violation says too little: %+v", v)
					}
					return
				}
			}
			t.Errorf("no violation of %s at %s; got %+v", a.control, a.wantField(), result.Violations)
		})
	}
}

// An exception lifts its own control and no other, and the namespace then
// enforces the strictest level that still admits the pods.
func TestExceptionsLiftOneControl(t *testing.T) {
	for _, a := range allAttacks() {
		t.Run(a.control+"/"+a.name, func(t *testing.T) {
			result := Harden(a.build(t), settings(a.control))
			fixed := structural(a.control)
			var refused, noted bool
			for _, v := range result.Violations {
				refused = refused || v.Control == a.control
			}
			for _, v := range Harden(a.build(t), settings()).Violations {
				if v.Control != a.control && !named(result.Violations, v) {
					t.Errorf("the exception for %s lifted %+v too", a.control, v)
				}
			}
			if others := len(result.Violations); !fixed && others != 0 && others == len(Harden(a.build(t), settings()).Violations) {
				t.Errorf("still refused: %+v", result.Violations)
			}
			for _, action := range result.Actions {
				noted = noted || action.Control == a.control && action.Kind == Excepted
			}
			if refused != fixed || noted == fixed {
				t.Errorf("refused %v, noted %v, %+v", refused, noted, result.Violations)
			}
			if len(result.Violations) == 0 {
				admitted(t, result)
			}
		})
	}
}

func named(all []Violation, want Violation) bool {
	for _, v := range all {
		if v.Control == want.Control && FieldString(v.Field) == FieldString(want.Field) {
			return true
		}
	}
	return false
}

var evaluator = sync.OnceValues(func() (policy.Evaluator, error) {
	return policy.NewEvaluator(policy.DefaultChecks(), nil)
})

// admitted runs the admission plugin's own evaluator over every pod.
func admitted(t *testing.T, result Result) {
	t.Helper()
	evaluator, err := evaluator()
	if err != nil {
		t.Fatal(err)
	}
	level := api.LevelVersion{Level: api.Level(result.PodSecurityLevel), Version: api.LatestVersion()}
	for _, object := range result.Objects {
		j := &judge{Settings: settings().withDefaults()}
		w, ok := j.workloadOf(object)
		if !ok {
			continue
		}
		template, err := w.typed()
		if err != nil {
			t.Fatal(err)
		}
		outcome := policy.AggregateCheckResults(evaluator.EvaluatePod(level, &template.ObjectMeta, &template.Spec))
		if !outcome.Allowed {
			t.Errorf("%s would be refused at level %s: %s", refTo(object), level.Level, outcome.ForbiddenDetail())
		}
	}
}

// JSON has one number 0: a fraction must not hide root from us while the API
// server sees it, all the more where a user namespace exempts root.
func TestRootAsFraction(t *testing.T) {
	objects := overlay{pod: "hostUsers: false\nsecurityContext: {runAsUser: 0}"}.build(t)
	context := (&place{fields: objects[0].Object}).in("spec", "template", "spec", "securityContext")
	context.write("runAsUser", 0.0)
	result := Harden(objects, settings())
	if len(result.Violations) != 1 || result.Violations[0].Control != RunAsNonRoot {
		t.Errorf("%+v", result.Violations)
	}
}

// A custom kind called Namespace must not draw the labels away from the real
// one, nor a custom NetworkPolicy take the place of the default deny.
func TestNamesakesOfOtherGroups(t *testing.T) {
	objects := "apiVersion: x.example/v1\nkind: Namespace\nmetadata: {name: clawql}"
	result := Harden(overlay{objects: objects}.build(t), settings()).clean(t)
	real := find(result.Objects, "", "Namespace", "clawql")
	if real == nil || real.GetLabels()["pod-security.kubernetes.io/enforce"] != "restricted" {
		t.Errorf("the real namespace is not labelled: %v", real)
	}
	namesake := "apiVersion: projectcalico.org/v3\nkind: NetworkPolicy\nmetadata: {name: default-deny, namespace: clawql}"
	result = Harden(overlay{objects: namesake}.build(t), settings())
	if len(result.Violations) != 1 || find(result.Objects, "networking.k8s.io", "NetworkPolicy", "default-deny") == nil {
		t.Errorf("%+v", result.Violations)
	}
}

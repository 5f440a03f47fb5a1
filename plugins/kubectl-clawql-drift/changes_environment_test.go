package main

// definitions let both clusters hold objects of Kyverno and Istio, which need
// not run for a comparison. They have no schema.
const definitions = `---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: clusterpolicies.kyverno.io}
spec:
  group: kyverno.io
  scope: Cluster
  names: {plural: clusterpolicies, singular: clusterpolicy, kind: ClusterPolicy}
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: peerauthentications.security.istio.io}
spec:
  group: security.istio.io
  scope: Namespaced
  names: {plural: peerauthentications, singular: peerauthentication, kind: PeerAuthentication}
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: authorizationpolicies.security.istio.io}
spec:
  group: security.istio.io
  scope: Namespaced
  names: {plural: authorizationpolicies, singular: authorizationpolicy, kind: AuthorizationPolicy}
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]
`

// environment is what both clusters have.
const environment = `
apiVersion: v1
kind: Namespace
metadata: {name: clawql, labels: {pod-security.kubernetes.io/enforce: restricted}}
---
apiVersion: v1
kind: Namespace
metadata: {name: monitoring}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny, namespace: clawql}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: allow-metrics, namespace: clawql}
spec:
  podSelector: {matchLabels: {app: gateway}}
  policyTypes: [Ingress]
  ingress:
  - from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}}]
    ports: [{port: http}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: allow-egress, namespace: clawql}
spec:
  podSelector: {matchLabels: {app: gateway}}
  policyTypes: [Egress]
  egress:
  - to: [{ipBlock: {cidr: 10.20.0.0/16, except: [10.20.9.0/24]}}, {ipBlock: {cidr: "fd00:20::/64"}}]
    ports: [{port: 5432, endPort: 5440}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: gateway, namespace: clawql, labels: {team: a}}
spec:
  replicas: 0
  selector: {matchLabels: {app: gateway}}
  template:
    metadata: {labels: {app: gateway}}
    spec:
      automountServiceAccountToken: false
      securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
      containers:
      - name: gateway
        image: registry.example.com/mcp@sha256:4b1c0f5e2d8a7c6b9e3f1a0d5c4b3a29181706f5e4d3c2b1a09f8e7d6c5b4a39
        ports: [{name: http, containerPort: 8080}]
        env:
        - {name: REGION, value: eu}
        - {name: CLAWQL_LOG_LEVEL, value: info}
        - {name: PANGUARD_PROXY_FAIL_MODE, value: closed}
        - {name: CLAWQL_MCP_JWT_ENABLED, value: '1'}
        - {name: CLAWQL_MCP_JWT_ISSUER, value: https://issuer.example.com}
        - {name: CLAWQL_PANGUARD_PROXY_PLUGIN, value: '1'}
        - {name: CLAWQL_PANGUARD_IN_PROCESS, value: '1'}
        - {name: CLAWQL_PANGUARD_BLOCK_TOOLS, value: 'shell_exec,file_delete'}
        securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
---
apiVersion: v1
kind: Service
metadata: {name: gateway, namespace: clawql}
spec: {selector: {app: gateway}, ports: [{name: http, port: 80, targetPort: http}]}
---
apiVersion: v1
kind: Secret
metadata: {name: providers, namespace: clawql}
data: {token: Y2FuYXJ5LXZhbHVlLTQ3MTE=}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: clawql}
data: {limit: "10"}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: panguard-policy, namespace: clawql, labels: {clawql.io/security-config: panguard-policy}}
data: {mode: protection, failMode: closed, blocked-tools.json: '["shell_exec"]', allowed-tools.json: '["file_read"]'}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: panguard-rules, namespace: clawql, labels: {clawql.io/security-config: panguard-rules}}
data:
  remove-all.yaml: |
    id: EXAMPLE-1
    title: Remove everything
    status: stable
    severity: high
    tags: {confidence: high, scan_target: mcp}
    agent_source: {type: tool_call}
    detection:
      condition: any
      conditions:
      - {field: tool_args, operator: regex, value: 'rm\s+-rf'}
      - {field: tool_args, operator: contains, value: mkfs}
    response: {actions: [block_tool, alert]}
    test_cases:
      true_positives: [{tool_args: rm -rf /}, {tool_args: mkfs /dev/sda}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: clawql-guard}
webhooks:
- name: guard.clawql.io
  clientConfig: {url: 'https://127.0.0.1:1/nobody'}
  rules: [{apiGroups: [example.com], apiVersions: [v1], resources: [things], operations: [CREATE, UPDATE]}]
  namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: clawql}}
  failurePolicy: Fail
  sideEffects: None
  admissionReviewVersions: [v1]
---
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: clawql-ghcr-cosign-keyless}
spec:
  validationFailureAction: Enforce
  failurePolicy: Fail
  rules:
  - name: verify-clawql-images
    match: {any: [{resources: {kinds: [Pod, Deployment]}}]}
    verifyImages:
    - imageReferences: ["ghcr.io/danielsmithdevelopment/*"]
      attestors: [{entries: [{keyless: {issuer: 'https://token.actions.githubusercontent.com', subject: 'https://github.com/danielsmithdevelopment/ClawQL/*'}}]}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: clawql-digests}
spec:
  failurePolicy: Fail
  matchConstraints: {resourceRules: [{apiGroups: [apps], apiVersions: [v1], operations: [CREATE], resources: [deployments]}]}
  validations: [{expression: "object.spec.replicas <= 50"}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: clawql-digests}
spec: {policyName: clawql-digests, validationActions: [Deny], matchResources: {namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: clawql}}}}
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default, namespace: clawql}
spec: {mtls: {mode: STRICT}}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: gateway, namespace: clawql}
spec:
  action: ALLOW
  selector: {matchLabels: {app: gateway}}
  rules:
  - from: [{source: {principals: [cluster.local/ns/ingress/sa/proxy]}}]
    to: [{operation: {methods: [POST], paths: [/mcp]}}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: clawql-abac-policy, namespace: clawql}
data:
  policy.json: '{"rules":[{"actorType":"agent","roles":["underwriter"],"verticals":["lending"],"operations":["lending__*__read"]}]}'
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: gateway, namespace: clawql}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader, namespace: clawql}
rules: [{apiGroups: [""], resources: [pods, configmaps], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reader, namespace: clawql}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects: [{kind: ServiceAccount, name: gateway, namespace: clawql}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: clawql-nodes}
rules: [{apiGroups: [""], resources: [nodes], verbs: [get]}, {nonResourceURLs: [/healthz], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: clawql-nodes}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: clawql-nodes}
subjects: [{kind: Group, name: clawql-operators, apiGroup: rbac.authorization.k8s.io}]
`

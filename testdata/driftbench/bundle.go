package main

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
)

// bundle is what one application brings, as a person or a chart writes it: with
// comments, quotes, flow lists and a long text. What stands in capitals is
// replaced: NAME, SPACE, TIER, NUMBER, PORT, DIGEST, WORD and TEXT.
var bundle = []string{`apiVersion: apps/v1
kind: Deployment
metadata:
  name: NAME
  namespace: SPACE
  labels:
    app.kubernetes.io/name: NAME
    app.kubernetes.io/managed-by: Helm
    app.kubernetes.io/version: "1.NUMBER.0"
    team: team-TIER
  annotations:
    checksum/config: DIGEST
spec:
  replicas: 2
  revisionHistoryLimit: 5
  selector:
    matchLabels:
      app: NAME
  strategy:
    type: RollingUpdate
    rollingUpdate: {maxSurge: 1, maxUnavailable: 0}
  template:
    metadata:
      labels:
        app: NAME
        tier: tier-TIER
      annotations:
        prometheus.io/scrape: "true"
        prometheus.io/port: "9090"
    spec:
      serviceAccountName: NAME
      automountServiceAccountToken: false
      terminationGracePeriodSeconds: 330
      securityContext:
        runAsNonRoot: true
        runAsUser: 65532
        fsGroup: 65532
        seccompProfile: {type: RuntimeDefault}
      containers:
        # The service itself.
        - name: server
          image: "ghcr.io/acme/NAME@sha256:DIGEST"
          imagePullPolicy: IfNotPresent
          args: ["serve", "--listen=:PORT", "--config=/etc/NAME/config.yaml"]
          ports:
            - name: http
              containerPort: PORT
              protocol: TCP
            - name: metrics
              containerPort: 9090
          env:
            - name: LOG_LEVEL
              value: info
            - name: REGION
              value: eu-central-1
            - name: POD_NAME
              valueFrom:
                fieldRef:
                  fieldPath: metadata.name
            - name: DATABASE_PASSWORD
              valueFrom:
                secretKeyRef: {name: NAME-database, key: password}
          resources:
            requests: {cpu: 100m, memory: 128Mi}
            limits:
              cpu: "1"
              memory: 512Mi
          livenessProbe:
            httpGet: {path: /healthz, port: http}
            periodSeconds: 10
          readinessProbe:
            httpGet: {path: /readyz, port: http}
            initialDelaySeconds: 5
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities:
              drop: [ALL]
          volumeMounts:
            - name: config
              mountPath: /etc/NAME
              readOnly: true
            - name: tmp
              mountPath: /tmp
        - name: proxy
          image: "ghcr.io/acme/proxy@sha256:DIGEST"
          args:
            - --upstream=http://127.0.0.1:PORT
            - --drain-seconds=30
          ports:
            - {name: proxy, containerPort: 15000}
          securityContext:
            allowPrivilegeEscalation: false
            capabilities: {drop: ["ALL"]}
      volumes:
        - name: config
          configMap:
            name: NAME-config
        - name: tmp
          emptyDir: {}
      topologySpreadConstraints:
        - maxSkew: 1
          topologyKey: kubernetes.io/hostname
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels: {app: NAME}
`, `apiVersion: v1
kind: Service
metadata:
  name: NAME
  namespace: SPACE
  labels: {app: NAME, team: team-TIER}
spec:
  type: ClusterIP
  selector:
    app: NAME
  ports:
    - name: http
      port: 80
      targetPort: http
      protocol: TCP
    - name: metrics
      port: 9090
      targetPort: metrics
`, `apiVersion: v1
kind: ServiceAccount
metadata:
  name: NAME
  namespace: SPACE
  labels:
    app: NAME
automountServiceAccountToken: false
`, `# Source: NAME/templates/configmap.yaml
apiVersion: v1
kind: ConfigMap
metadata:
  name: NAME-config
  namespace: SPACE
  labels:
    app: NAME
data:
  LOG_FORMAT: json
  MAX_CONNECTIONS: "200"
  config.yaml: |
    server:
      listen: ":PORT"
      timeout: 30s
    database:
      host: postgres.databases.svc
      pool: 20
TEXT`, `apiVersion: v1
kind: ConfigMap
metadata: {name: NAME-flags, namespace: SPACE, labels: {app: NAME}}
data:
  checkout: "on"
  search: "off"
  limit: '100'
  url: https://NAME.example.com/api?v=2
`, `apiVersion: v1
kind: Secret
metadata:
  name: NAME-database
  namespace: SPACE
type: Opaque
data:
  username: YXBw
  password: WORD
`, `apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: NAME
  namespace: SPACE
rules:
  - apiGroups: [""]
    resources: ["configmaps"]
    resourceNames: ["NAME-config", "NAME-flags"]
    verbs: ["get", "watch"]
  - apiGroups: ["coordination.k8s.io"]
    resources: ["leases"]
    verbs: ["get", "create", "update"]
`, `apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: NAME
  namespace: SPACE
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: NAME
subjects:
  - kind: ServiceAccount
    name: NAME
    namespace: SPACE
`, `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: NAME
  namespace: SPACE
spec:
  parentRefs:
    - name: public
      namespace: gateways
      sectionName: https
  hostnames: ["NAME.example.com"]
  rules:
    - matches:
        - path: {type: PathPrefix, value: /}
      backendRefs:
        - name: NAME
          port: 80
          weight: 100
`, `apiVersion: monitoring.example.com/v1
kind: ServiceMonitor
metadata:
  name: NAME
  namespace: SPACE
  labels: {release: prometheus}
spec:
  selector:
    matchLabels: {app: NAME}
  endpoints:
    - port: metrics
      interval: 30s
      scrapeTimeout: 10s
      relabelings:
        - sourceLabels: [__meta_kubernetes_pod_name]
          targetLabel: pod
`, `apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: NAME, namespace: SPACE}
spec:
  maxUnavailable: 1
  selector:
    matchLabels:
      app: NAME
`, policy}

// policy is brought by one application in four.
const policy = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: NAME
  namespace: SPACE
spec:
  podSelector:
    matchLabels:
      app: NAME
  policyTypes: [Ingress, Egress]
  ingress:
    - from:
        - namespaceSelector:
            matchLabels: {kubernetes.io/metadata.name: gateways}
        - podSelector:
            matchLabels: {tier: tier-TIER}
      ports:
        - {port: PORT, protocol: TCP}
  egress:
    - to:
        - ipBlock: {cidr: 10.20.0.0/16, except: [10.20.9.0/24]}
      ports:
        - {port: 5432, protocol: TCP}
`

// commons are what a namespace has besides its applications.
var commons = []string{`apiVersion: v1
kind: Namespace
metadata:
  name: SPACE
  labels:
    kubernetes.io/metadata.name: SPACE
    pod-security.kubernetes.io/enforce: restricted
`, `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny, namespace: SPACE}
spec:
  podSelector: {}
  policyTypes: [Ingress, Egress]
`}

// filled is a template with the values of application n.
func filled(template, space string, n int) string {
	sum := fmt.Sprintf("%x", sha256.Sum256(fmt.Append(nil, n)))
	word := base64.StdEncoding.EncodeToString([]byte(sum[:24]))
	var text strings.Builder
	if strings.Contains(template, "TEXT") {
		for i := range 12 + n%24 {
			fmt.Fprintf(&text, "    route-%d: {from: \"/api/v%d/*\", to: %s, retries: %d} # moved\n", i, i%3, sum[i:i+8], n%5)
		}
	}
	return strings.NewReplacer(
		"NAME", appName(n), "SPACE", space, "TIER", fmt.Sprint(n%8), "NUMBER", fmt.Sprint(n), "PORT", fmt.Sprint(8000+n%1000),
		"DIGEST", sum, "WORD", word, "TEXT", text.String(),
	).Replace(template)
}

func appName(n int) string { return fmt.Sprintf("app-%05d", n) }

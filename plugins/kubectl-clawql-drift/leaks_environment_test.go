package main

// leaky is an environment with a value in every place in which a person or a
// tool puts one. The places that begin with "open" are read as they are: their
// names say nothing of a secret, and neither do they.
const leaky = `apiVersion: v1
kind: Namespace
metadata: {name: clawql, annotations: {example.com/api-token: "${namespace annotation}"}}
---
apiVersion: v1
kind: Secret
metadata:
  name: plain
  namespace: clawql
  annotations:
    kubectl.kubernetes.io/last-applied-configuration: '{"apiVersion":"v1","kind":"Secret","stringData":{"a":"${last applied}"}}'
    kapp.k14s.io/original: '{"apiVersion":"v1","kind":"Secret","data":{"a":"${b64:kapp original}"}}'
    objectset.rio.cattle.io/applied: ${b64:rancher applied}
    example.com/note: ${any annotation of a Secret}
data:
  base64: ${b64:data}
  again: ${twice:data twice}
stringData:
  plain: ${stringData}
  encoded: ${url:stringData in a URL}
  folded: "${fold:stringData folded}"
  block: |
    first line
    ${stringData block}
  more: >-
    and
    ${stringData folded block}
---
apiVersion: v1
kind: Secret
metadata: {name: pull, namespace: clawql}
type: kubernetes.io/dockerconfigjson
stringData: {.dockerconfigjson: '{"auths":{"ghcr.io":{"username":"u","password":"${docker password}","auth":"${b64:docker auth}"}}}'}
---
apiVersion: v1
kind: Secret
metadata: {name: tls, namespace: clawql}
type: kubernetes.io/tls
stringData:
  tls.crt: ${tls certificate}
  tls.key: |
    -----BEGIN PRIVATE KEY-----
    ${tls key}
    -----END PRIVATE KEY-----
---
apiVersion: v1
kind: Secret
metadata: {name: sa-token, namespace: clawql, annotations: {kubernetes.io/service-account.name: default}}
type: kubernetes.io/service-account-token
stringData: {token: "${service account token}"}
---
apiVersion: v1
kind: Secret
metadata: {name: sh.helm.release.v1.gateway.v1, namespace: clawql, labels: {owner: helm}}
type: helm.sh/release.v1
stringData: {release: "${twice:helm release}"}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: gateway, namespace: clawql}
imagePullSecrets: [{name: pull}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: clawql}
data:
  DB_PASSWORD: ${configmap password}
  url: postgres://clawql:${configmap url}@db/clawql
  app.properties: |
    name = clawql
    db.password = ${configmap properties}
  app.json: '{"client": {"apiKey": "${configmap json}"}}'
  kubeconfig: 'users: [{name: a, user: {token: "${configmap kubeconfig}"}}]'
  key.pem: |
    -----BEGIN RSA PRIVATE KEY-----
    ${configmap pem}
    -----END RSA PRIVATE KEY-----
  greeting: ${open configmap}
binaryData: {token: "${b64:configmap binary token}"}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: panguard-policy, namespace: clawql, labels: {clawql.io/security-config: panguard-policy}}
data: {mode: "@MODE", failMode: closed, token: "${panguard token}"}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: gateway
  namespace: clawql
  annotations:
    kapp.k14s.io/original: '{"apiVersion":"apps/v1","kind":"Deployment","spec":{"x":"${workload original}"}}'
    kubectl.kubernetes.io/last-applied-configuration: '{"env":"${workload last applied}"}'
    example.com/webhook-token: ${workload annotation}
spec:
  replicas: 0
  selector: {matchLabels: {app: gateway}}
  template:
    metadata: {labels: {app: gateway}, annotations: {example.com/config: 'password: ${template annotation}'}}
    spec:
      imagePullSecrets: [{name: pull}]
      initContainers:
      - {name: init, image: registry.example.com/init, env: [{name: INIT_TOKEN, value: "${init variable}"}]}
      containers:
      - name: gateway
        image: registry.example.com/mcp@sha256:4b1c0f5e2d8a7c6b9e3f1a0d5c4b3a29181706f5e4d3c2b1a09f8e7d6c5b4a39
        command: [gateway, "--api-key=${command flag}"]
        args: ["--token", "${argument behind a flag}", "--db-password=${argument flag}", "REDIS_PASSWORD=${argument assignment}", "-c", "curl -H 'Authorization: Bearer ${argument shell}' http://x", "amqp://u:${argument url}@mq"]
        env:
        - {name: CLAWQL_API_KEY, value: "${variable key}"}
        - {name: CLAWQL_SERVICE_TOKEN, value: "${variable token}"}
        - {name: DB_PASSWORD, value: "${variable password}"}
        - {name: CLAWQL_MCP_JWT_HS256_SECRET, value: "${variable secret}"}
        - {name: DATABASE_URL, value: "postgres://clawql:${variable url}@db/clawql"}
        - {name: HEADERS, value: "Authorization=Bearer ${variable header}"}
        - {name: HARMLESS_NAME, value: "cqk_0123456789abcdef_${variable that shows it}"}
        - {name: CLAWQL_LOG_LEVEL, value: "@LEVEL"}
        livenessProbe: {httpGet: {port: 8080, path: /healthz, httpHeaders: [{name: Authorization, value: "Bearer ${probe header}"}]}}
        lifecycle: {preStop: {exec: {command: [sh, -c, "curl -H 'X-Api-Key: ${hook command}' http://x"]}}}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly, namespace: clawql}
spec:
  schedule: "0 4 * * *"
  suspend: true
  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: registry.example.com/a, env: [{name: S3_SECRET_KEY, value: "${cronjob variable}"}]}]}}}}
---
apiVersion: example.com/v1
kind: Database
metadata: {name: db, namespace: clawql}
spec:
  password: ${resource password}
  adminPassword: {value: "${resource password in a map}", userName: admin}
  pinToken: ${number pin}
  auth: {token: "${resource token}", tokenName: shown}
  url: mysql://root:${resource url}@db
  headers: [{name: X-Api-Key, value: "${resource header}"}, {key: Authorization, value: "${resource header by key}"}]
  config: |
    [client]
    password = ${resource configuration}
  template: {apiVersion: v1, kind: Secret, metadata: {name: made}, stringData: {any: "${embedded stringData}"}, data: {any: "${b64:embedded data}"}}
  resources: [{base: {kind: Secret, data: {x: "${b64:embedded in a list}"}}}]
---
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: copies}
spec:
  rules:
  - name: copy
    match: {any: [{resources: {kinds: [Namespace]}}]}
    context: [{name: x, apiCall: {service: {url: https://x, headers: [{key: Authorization, value: "Bearer ${kyverno header}"}]}}}]
    generate: {apiVersion: v1, kind: Secret, name: copied, data: {kind: Secret, stringData: {a: "${kyverno generated}"}}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny, namespace: clawql, annotations: {example.com/token: "${policy annotation}"}}
spec: {podSelector: {}, policyTypes: @TYPES}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader, namespace: clawql, annotations: {kapp.k14s.io/original: '{"apiVersion":"v1","password":"${role annotation}"}'}}
rules: [{apiGroups: [""], resources: [pods], verbs: @VERBS}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reader, namespace: clawql}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects: [{kind: ServiceAccount, name: gateway, namespace: clawql}]
`

// leakyVault are the auth methods of a Vault as somebody exports them by hand,
// with what Vault itself would not give out.
const leakyVault = `apiVersion: clawql.io/v1alpha1
kind: VaultAuthMount
metadata: {name: kubernetes, annotations: {example.com/token: "${vault annotation}"}}
spec: {path: kubernetes, type: kubernetes, config: {kubernetes_host: https://10.0.0.1, token_reviewer_jwt: "${vault reviewer}"}}
---
apiVersion: clawql.io/v1alpha1
kind: VaultAuthMount
metadata: {name: ldap}
spec: {path: ldap, type: ldap, config: {url: ldaps://ldap, binddn: cn=vault, bindpass: "${vault bindpass}", client_tls_key: "-----BEGIN PRIVATE KEY----- ${vault tls key}"}}
---
apiVersion: clawql.io/v1alpha1
kind: VaultAuthMount
metadata: {name: oidc}
spec: {path: oidc, type: oidc, config: {oidc_client_id: a, oidc_client_secret: "${vault oidc secret}", provider_config: {provider: azure, api_token: "${vault provider token}"}}}
---
apiVersion: clawql.io/v1alpha1
kind: VaultAuthMount
metadata: {name: radius}
spec: {path: radius, type: radius, config: {host: r, secret: "${vault radius secret}"}}
---
apiVersion: clawql.io/v1alpha1
kind: VaultAuthRole
metadata: {name: kubernetes-gateway}
spec: {mount: kubernetes, name: gateway, fields: {bound_service_account_names: [gateway], bound_service_account_namespaces: [clawql], token_policies: [POLICY], token_ttl: 3600, secret_id: "${vault secret id}"}}
---
apiVersion: clawql.io/v1alpha1
kind: VaultAuthRole
metadata: {name: ann}
spec: {mount: userpass, name: ann, fields: {password: "${vault password}", password_hash: "${vault password hash}", token_policies: [default]}}
---
apiVersion: clawql.io/v1alpha1
kind: VaultAuthMount
metadata: {name: userpass}
spec: {path: userpass, type: userpass}
`

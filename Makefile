# The ClawQL workbench. `make help` lists what there is.

GO      ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
KEEP    ?=
RUNS    ?= 20
RATE    ?= 200
STORM   ?= 40s

# What the full test must have; a test that lacks it fails instead of skipping.
CLAWQL_REQUIRE ?= cluster,git,ssh-keygen,vault,fido

PLUGINS  := $(notdir $(wildcard plugins/*))
BINARIES := $(PLUGINS:%=bin/%)
SANDBOX  := bin/sandbox bin/sandbox-pause bin/sandbox-gateway

# urfave/cli's document writers cost 0.3 ms at each start, and nobody calls them.
TAGS    := urfave_cli_no_docs
# Builds, vet and tests share their flags, so that a package is compiled once.
FLAGS   := -trimpath -tags $(TAGS)
LDFLAGS := -s -w -X github.com/clawql/clawql-workbench/shared/release.version=$(VERSION)

# Everything that a binary is made of: it is built anew when one of these changed.
# (go build leaves a file that is up to date as old as it was, hence the touch.)
PRODUCT_FILES := go.mod go.sum $(shell find plugins shared hooks -type f ! -name '*_test.go' ! -path '*/testdata/*' 2>/dev/null)
SANDBOX_FILES := $(shell find testdata/sandbox -path testdata/sandbox/kube -prune -o -path testdata/sandbox/vault -prune -o -type f ! -name '*_test.go' -print)
KUBE_FILES    := testdata/sandbox/Makefile $(shell find testdata/sandbox/kube -type f)
VAULT_FILES   := testdata/sandbox/Makefile $(shell find testdata/sandbox/vault -type f)

STEP := .ci/step

.DELETE_ON_ERROR:
.PHONY: test-atr test-hooks-attacks test-hooks-coexist test-hooks-equality always help build demo test check lint fmt bench bench-abort bench-session bench-judge bench-startup bench-verify clean install sandbox-build vault test-session test-sandbox test-cluster test-session-leaks test-session-storm

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-15s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  variables: KEEP=1 leaves the demo's sandbox up; RUNS and RATE for bench-abort; SIZES=1000,10000 for bench-drift; STORM; VERSION; GO"

build: $(BINARIES) bin/clawql ## build the tools into bin/

$(BINARIES): bin/%: $(PRODUCT_FILES)
	@$(STEP) "build $@" $(GO) build $(FLAGS) -ldflags "$(LDFLAGS)" -o $@ ./plugins/$*
	@touch $@

# As in a release. Without cgo its start costs 1.5 ms less, and a commit has two.
bin/git-clawql-hooks: export CGO_ENABLED = 0

# As in a release, and static: the sandbox runs it in an image with nothing else in it.
bin/kubectl-clawql-drift: export CGO_ENABLED = 0

bin/clawql: bin/kubectl-clawql
	@ln -sf kubectl-clawql $@

sandbox-build: bin/kube bin/kubectl bin/vault $(SANDBOX) ## build the sandbox: a real Kubernetes, Vault, registry, data plane

bin/kube: $(KUBE_FILES)
	@mkdir -p bin
	@$(STEP) "build $@: Kubernetes v1.35.4, 4 to 7 minutes with empty caches" $(MAKE) --no-print-directory -s -C testdata/sandbox kube
	@touch $@

bin/kubectl: bin/kube
	@ln -sf kube $@

vault: bin/vault ## build the real Vault that the session's tests run on

bin/vault: $(VAULT_FILES)
	@mkdir -p bin
	@$(STEP) "build $@: Vault 1.21.1, 5 minutes with empty caches" $(MAKE) --no-print-directory -s -C testdata/sandbox vault
	@touch $@

# One recipe makes all three; it runs when a source changed or one is missing.
$(SANDBOX): bin/.sandbox
bin/.sandbox: $(SANDBOX_FILES) $(if $(filter-out $(wildcard $(SANDBOX)),$(SANDBOX)),always)
	@mkdir -p bin
	@$(STEP) "build the sandbox" $(MAKE) --no-print-directory -s -C testdata/sandbox sandbox
	@touch $@ $(SANDBOX)

install: ## install what the sandbox needs (apt; root on Debian or Ubuntu)
	@$(STEP) "install what the sandbox needs" .ci/install

always:

demo: install sandbox-build build ## a real cluster, a good version promoted, a bad one rolled back (KEEP=1 leaves it up)
	@bin/sandbox demo $(if $(KEEP),--keep)

check: ## fast checks: vet, gofmt, unit tests, house rules, lint where it is installed
	@$(STEP) "gofmt" .ci/gofmt
	@$(STEP) "go vet" $(GO) vet $(FLAGS) ./...
	@$(STEP) "unit tests and house rules" env -u CLAWQL_REQUIRE $(GO) test $(FLAGS) ./...
	@$(STEP) "lint" .ci/lint

lint: ## golangci-lint and shellcheck, where they are installed
	@$(STEP) "lint" .ci/lint

fmt: ## format the Go files
	@gofmt -w $$(git ls-files -co --exclude-standard '*.go')

test: install sandbox-build build check test-session test-session-leaks test-session-storm test-sandbox test-cluster test-drift-changes test-drift-vault test-drift-oracle test-drift-kyverno test-drift-alerts test-hooks-attacks test-hooks-coexist test-hooks-equality test-atr test-signing ## everything, on a real cluster where there can be one

test-atr: ## skills and MCP configurations, by the real agent-threat-rules (npm)
	@$(STEP) "install agent-threat-rules" .ci/atr
	@$(STEP) "threats to agents" env CLAWQL_REQUIRE=atr PATH="$(abspath bin/atr/node_modules/.bin):$$PATH" $(GO) test $(FLAGS) -count=1 -run 'RealATR|Scripts/git-clawql-hooks/agents' ./shared/agentthreat ./shared/drift/atr ./shared/stagedscan ./shared/house/scripts

test-signing: ## signing with a security key (in software, behind the real ssh-keygen, ssh-agent and git)
	@$(STEP) "signing with a security key" env CLAWQL_REQUIRE=fido $(GO) test $(FLAGS) -count=1 ./shared/sshsign/... ./shared/commitverify ./shared/signsetup/...

test-sandbox: sandbox-build ## the tests of the sandbox's own module
	@$(STEP) "sandbox: go vet" env CGO_ENABLED=0 $(GO) -C testdata/sandbox vet -trimpath ./...
	@$(STEP) "sandbox: tests" env CLAWQL_REQUIRE=$(CLAWQL_REQUIRE),kube CLAWQL_SANDBOX=$(abspath bin/sandbox) CGO_ENABLED=0 $(GO) -C testdata/sandbox test -trimpath -count=1 -timeout 20m ./...

test-cluster: sandbox-build build bin/vault ## the product's tests on a real cluster
	@$(STEP) "tests on a real cluster" env CLAWQL_REQUIRE=$(CLAWQL_REQUIRE) .ci/test-cluster $(GO) $(FLAGS)

test-session: bin/vault ## the commands of a session, other users, bad input, on the real Vault
	@$(STEP) "a session: commands, other users, bad input" env CLAWQL_REQUIRE=$(CLAWQL_REQUIRE),pass CLAWQL_VAULT=$(abspath bin/vault) $(GO) test $(FLAGS) -count=1 -timeout 10m ./plugins/clawql-vault-session

test-session-leaks: bin/clawql-vault-session bin/vault ## end sessions in every way, and search for what they left
	@$(STEP) "sessions ended in every way" env CLAWQL_REQUIRE=$(CLAWQL_REQUIRE) $(GO) run $(FLAGS) ./testdata/sessiontrial leaks bin/clawql-vault-session bin/vault
	@$(STEP) "a token after the time" env CLAWQL_REQUIRE=$(CLAWQL_REQUIRE) $(GO) run $(FLAGS) ./testdata/sessiontrial ttl bin/clawql-vault-session bin/vault

test-session-storm: bin/clawql-vault-session bin/vault ## 50 sessions at once, killed at random (STORM=5m)
	@$(STEP) "50 sessions at once" env CLAWQL_REQUIRE=$(CLAWQL_REQUIRE) $(GO) run $(FLAGS) ./testdata/sessiontrial storm bin/clawql-vault-session bin/vault $(STORM)

test-hooks-equality: bin/gitleaks ## the same findings as gitleaks: its rule corpus, two large trees, a history
	@$(STEP) "the same findings as gitleaks" env CLAWQL_REQUIRE=gitleaks CLAWQL_GITLEAKS=$(abspath bin/gitleaks) $(GO) test $(FLAGS) -count=1 -timeout 40m -v -run 'SameAsGitleaks|DecodesAsGitleaks|WhatGitleaks|AsGitleaksReads|WindowsGive' ./shared/secretscan ./shared/stagedscan

test-hooks-coexist: ## our hooks beside husky, lefthook, pre-commit and hand-written ones, on two gits
	@$(STEP) "install husky, lefthook, pre-commit and a newer git" .ci/install-hook-managers
	@$(STEP) "hooks beside hooks" env CLAWQL_REQUIRE=git,hook-managers $(GO) test $(FLAGS) -count=1 -timeout 20m ./shared/hookinstall

test-hooks-attacks: ## ways to get a token into history or past the signature policy, on real git
	@mkdir -p bin
	@$(STEP) "attacks on the hooks" env CLAWQL_REQUIRE=git,ssh-keygen CLAWQL_ATTACK_TABLE=$(abspath bin)/hooks-attacks.txt $(GO) test $(FLAGS) -count=1 ./shared/commitguard
	@cat bin/hooks-attacks.txt

bench: bench-startup bench-judge bench-hooks bench-verify bench-session bench-abort bench-drift ## all benchmarks; each ends with one line of JSON

bench-startup: build sandbox-build ## how long the tools take to start, beside kubectl
	@$(GO) run ./testdata/startup bin

bench-hooks: bin/git-clawql-hooks bin/gitleaks ## how long the scan of staged changes takes, beside gitleaks
	@$(GO) run ./testdata/hooksbench bin/git-clawql-hooks bin/gitleaks

bench-verify: bin/git-clawql-hooks ## how long 10,000 signed commits take to verify, beside git log --format=%G?
	@$(GO) run $(FLAGS) ./testdata/verifybench bin/git-clawql-hooks

bench-session: bin/clawql-vault-session bin/vault ## from nothing to the first secret read, beside `vault server -dev` by hand (RUNS=20)
	@$(GO) run $(FLAGS) ./testdata/sessiontrial bench bin/clawql-vault-session bin/vault $(RUNS)

# For the benchmark only: the command of the version that go.mod names.
bin/gitleaks: go.mod
	@$(STEP) "build $@" env GOBIN=$(abspath bin) $(GO) install github.com/zricethezav/gitleaks/v8@$$($(GO) list -m -f '{{.Version}}' github.com/zricethezav/gitleaks/v8)
	@touch $@

bench-abort: install sandbox-build build ## how long a version that answers 500 is sent to (RUNS=20 RATE=200)
	@bin/sandbox bench-abort --runs $(RUNS) --rate $(RATE)

bench-judge: ## false rollbacks and time to tell of the canary's judge, by simulation
	@.ci/bench-judge $(GO)

test-drift-changes: sandbox-build build bin/ca-certificates.crt bin/vault ## single changes between two real clusters, each found with its direction and witness
	@$(STEP) "drift between two clusters" env CLAWQL_REQUIRE=$(CLAWQL_REQUIRE) CLAWQL_SANDBOX=$(abspath bin/sandbox) CLAWQL_VAULT=$(abspath bin/vault) $(GO) test $(FLAGS) -count=1 -timeout 20m -v -run 'Clusters$$' ./plugins/kubectl-clawql-drift

bench-drift: bin/kubectl-clawql-drift bin/dyff bin/kube-compare bin/kubectl ## drift of 1,000 to 50,000 objects: time, memory, requests, beside dyff, kube-compare, kubectl get (SIZES=1000)
	@$(GO) build $(FLAGS) -o bin/driftbench ./testdata/driftbench
	@bin/driftbench $(if $(SIZES),-sizes $(SIZES)) bin

# For the benchmark only.
bin/dyff:
	@$(STEP) "build $@" env GOBIN=$(abspath bin) $(GO) install github.com/homeport/dyff/cmd/dyff@v1.12.0

bin/kube-compare: .ci/kube-compare
	@$(STEP) "build $@: 2 to 4 minutes with empty caches" .ci/kube-compare $@

test-drift-vault: bin/vault ## read a real Vault: all methods, exactly the rights, what claims to be local
	@$(STEP) "drift reads a real Vault" env CLAWQL_REQUIRE=vault CLAWQL_VAULT=$(abspath bin/vault) $(GO) test $(FLAGS) -count=1 ./shared/vaultread/... ./shared/driftcheck

test-drift-alerts: bin/prometheus-alertmanager ## alerts of drift, told to a real Alertmanager
	@$(STEP) "drift alerts and Alertmanager" env CLAWQL_REQUIRE=alertmanager CLAWQL_ALERTMANAGER=$(abspath bin/prometheus-alertmanager) $(GO) test $(FLAGS) -count=1 ./shared/alert

# The public root certificates of the image of the scheduled comparison.
ROOTS := plugins/kubectl-clawql-drift/image/roots
bin/ca-certificates.crt: $(wildcard $(ROOTS)/*.go $(ROOTS)/go.*)
	@$(STEP) "write $@" $(GO) -C $(ROOTS) run -trimpath . $(abspath $@)

# What a release gives to Docker; the binaries are static.
drift-image: bin/ca-certificates.crt ## what Docker needs for the image of `drift schedule`, in bin/drift-image
	@for arch in amd64 arm64; do \
		$(STEP) "build kubectl-clawql-drift for linux/$$arch" env CGO_ENABLED=0 GOOS=linux GOARCH=$$arch $(GO) build $(FLAGS) -ldflags "$(LDFLAGS)" -o bin/drift-image/linux/$$arch/kubectl-clawql-drift ./plugins/kubectl-clawql-drift || exit; \
	done
	@mkdir -p bin/drift-image/bin && cp bin/ca-certificates.crt bin/drift-image/bin/
	@echo "now: docker buildx build --platform linux/amd64,linux/arm64 -f plugins/kubectl-clawql-drift/image/Dockerfile -t REPOSITORY:TAG --push bin/drift-image"

# Debian's package, unpacked and not installed; tests only.
bin/prometheus-alertmanager: .ci/alertmanager
	@$(STEP) "fetch $@" .ci/alertmanager $@

test-drift-oracle: bin/oracle-netpol bin/oracle-rbac bin/oracle-istio bin/vault bin/kube ## the drift comparers against independent oracles, 10,000 cases each
	@$(STEP) "drift: oracles, 10,000 cases each" env CLAWQL_REQUIRE=oracle CLAWQL_ORACLE_NETPOL=$(abspath bin/oracle-netpol) CLAWQL_ORACLE_RBAC=$(abspath bin/oracle-rbac) CLAWQL_ORACLE_ISTIO=$(abspath bin/oracle-istio) CLAWQL_ORACLE_VAULT=$(abspath bin/vault) CLAWQL_KUBE=$(abspath bin/kube) $(GO) test $(FLAGS) -count=1 -timeout 30m ./shared/drift/...

test-drift-kyverno: bin/oracle-kyverno ## witnesses about Kyverno's policies, asked of Kyverno's own webhook
	@$(STEP) "drift: Kyverno's own webhook" env CLAWQL_REQUIRE=kyverno CLAWQL_ORACLE_KYVERNO=$(abspath bin/oracle-kyverno) $(GO) test $(FLAGS) -count=1 -timeout 20m -run AgainstKyverno ./shared/drift/admission

# Kyverno's handlers and engine, in a module of their own; tests only.
bin/oracle-kyverno: $(wildcard testdata/oracle-kyverno/*.go testdata/oracle-kyverno/go.*)
	@$(STEP) "build $@: Kyverno 1.19.1, 4 minutes with empty caches" $(GO) -C testdata/oracle-kyverno build -trimpath -ldflags "-s -w" -o $(abspath $@) .
	@touch $@

# netpol-analyzer, in a module of its own; tests only.
bin/oracle-netpol: $(wildcard testdata/oracle-netpol/*.go testdata/oracle-netpol/go.*)
	@$(STEP) "build $@" $(GO) -C testdata/oracle-netpol build -trimpath -o $(abspath $@) .
	@touch $@

# Istio's own translation of its policies, in a module of its own; tests only.
bin/oracle-istio: $(wildcard testdata/oracle-istio/*.go testdata/oracle-istio/go.*)
	@$(STEP) "build $@: Istio's translation, 2 to 3 minutes with empty caches" $(GO) -C testdata/oracle-istio build -trimpath -o $(abspath $@) .
	@touch $@

# Kubernetes' own authorizer, in the sandbox's module; tests only.
bin/oracle-rbac: $(wildcard testdata/sandbox/kube/rbac-oracle/*.go testdata/sandbox/kube/go.*)
	@$(STEP) "build $@" env CGO_ENABLED=0 $(GO) -C testdata/sandbox/kube build -trimpath -o $(abspath $@) ./rbac-oracle
	@touch $@

clean: ## remove what was built
	rm -rf bin dist

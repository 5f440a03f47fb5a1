// Package scripts runs testdata/scripts/<binary>/*.txtar on the real binaries.
//
// A folder is named for the plugin it tests; all of them are built once, with
// the flags of a release. Each script is a testscript
// (github.com/rogpeppe/go-internal/testscript) with these additions:
//
//	code N PROGRAM ARGS...    run a program that must end with exit code N
//	json FILE                 FILE (or stdout) must be one JSON document
//	json FILE PATH WANT       ... and have WANT at PATH, as in items.0.name
//	[have:NAME]               NAME can be used here: a program on PATH, "root",
//	                          or "cluster"; where CLAWQL_REQUIRE lists NAME
//	                          and it cannot, the script fails
//
// CLAWQL_SANDBOX names the program bin/sandbox; with it there is a cluster to
// be had, and its folder (with kubectl) is on the PATH of the scripts.
//
// A script starts from an empty environment: PATH (our binaries first), a
// HOME of its own, CLAWQL_BIN (the folder of our binaries) and git's system
// configuration off. KUBECONFIG, VAULT_*, GIT_* and SSH_AUTH_SOCK of the
// caller never reach it.
//
//	go test ./shared/house/scripts -run Scripts/kubectl-clawql/help
//	go test ./shared/house/scripts -update    write golden files anew
package scripts

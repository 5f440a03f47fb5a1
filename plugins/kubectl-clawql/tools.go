package main

// tool is a program of the workbench that the front door leads to.
type tool struct {
	name    string // what one types behind `clawql`
	binary  string // the executable
	summary string
	built   bool // this release has it
}

// tools in the order of the listing.
var tools = []tool{
	{"deploy", "kubectl-clawql-deploy", "deploy an environment: gates, canary, rollback", true},
	{"drift", "kubectl-clawql-drift", "where staging is more permissive than production", true},
	{"hooks", "git-clawql-hooks", "find secrets before they enter history", true},
	{"vault-session", "clawql-vault-session", "a Vault that lives and dies with one session", true},
	{"workstation", "clawql-workstation", "check and repair the posture of this machine", false},
}

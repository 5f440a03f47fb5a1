package vaultread

// What a reading lacks, as Reading.Unread has it: nothing may be said of it,
// since what was not read looks like what is not there.
const (
	AllPolicies = "policies" // which there are
	AllMounts   = "mounts"   // which there are
)

// UnreadPolicy is a policy whose text was not read.
func UnreadPolicy(name string) string { return "policy " + name }

// UnreadMount is a method of which something was not read.
func UnreadMount(path string) string { return "mount " + path }

// UnreadRole is a role of a method.
func UnreadRole(mount, name string) string { return "role " + mount + "/" + name }

// UnreadIdentity is a group or entity; name "" is which there are.
func UnreadIdentity(kind, name string) string { return "identity " + kind + "/" + name }

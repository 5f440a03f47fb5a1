package main

import (
	"fmt"
	"os/exec"
	"strconv"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
)

// firewall does on the node's bridge what the NetworkPolicies of the schedule
// say, since the sandbox's network plugin enforces none: pods may begin those
// connections, and everything else is refused and counted. All pods of this
// sandbox are the schedule's.
type firewall struct {
	*scheduleSandbox
	chain string
}

func newFirewall(s *scheduleSandbox) *firewall {
	f := &firewall{s, "cq-drift-schedule"}
	f.open() // of a test that was killed
	s.Cleanup(f.open)
	return f
}

func (f *firewall) open() {
	for _, args := range [][]string{{"-D", "INPUT", "-i", f.bridge, "-j", f.chain}, {"-D", "FORWARD", "-i", f.bridge, "-j", f.chain}, {"-F", f.chain}, {"-X", f.chain}} {
		_ = exec.Command("iptables", args...).Run()
	}
}

func (f *firewall) iptables(args ...string) string {
	f.Helper()
	out, err := exec.Command("iptables", args...).CombinedOutput()
	if err != nil {
		f.Fatalf("iptables %v: %v\n%s", args, err, out)
	}
	return string(out)
}

// enforce takes the policies as they are in the cluster now.
func (f *firewall) enforce() {
	f.Helper()
	f.open()
	f.iptables("-N", f.chain)
	var list networkingv1.NetworkPolicyList
	f.decode(f.kubectl("-n", "clawql-drift", "get", "networkpolicies", "-o", "json"), &list)
	if len(list.Items) != 2 {
		f.Fatalf("%d NetworkPolicies", len(list.Items))
	}
	for _, policy := range list.Items {
		for _, rule := range policy.Spec.Egress {
			f.allow(rule)
		}
	}
	f.iptables("-A", f.chain, "-p", "tcp", "--syn", "-j", "REJECT", "--reject-with", "tcp-reset")
	f.iptables("-A", f.chain, "-p", "udp", "-j", "REJECT")
	for _, chain := range []string{"INPUT", "FORWARD"} {
		f.iptables("-I", chain, "-i", f.bridge, "-j", f.chain)
	}
}

// allow lets new connections through that the rule allows. Peers by label are
// the cluster's DNS, which the sandbox does not have.
func (f *firewall) allow(rule networkingv1.NetworkPolicyEgressRule) {
	f.Helper()
	if len(rule.To) != 1 || len(rule.Ports) == 0 {
		f.Fatalf("not one peer and its ports: %+v", rule)
	}
	block := rule.To[0].IPBlock
	if block == nil {
		return
	}
	for _, port := range rule.Ports {
		f.iptables("-A", f.chain, "-p", strings.ToLower(string(*port.Protocol)), "--syn", "-d", block.CIDR, "--dport", port.Port.String(), "-j", "RETURN")
	}
}

// refused is how many packets were, and begun how many connections went
// through, since enforce.
func (f *firewall) counted() (begun, refused int) {
	f.Helper()
	for _, line := range strings.Split(f.iptables("-L", f.chain, "-v", "-n", "-x"), "\n") {
		fields := strings.Fields(line)
		if len(fields) < 3 {
			continue
		}
		packets, err := strconv.Atoi(fields[0])
		switch {
		case err != nil:
		case fields[2] == "RETURN":
			begun += packets
		case fields[2] == "REJECT":
			refused += packets
		default:
			f.Fatal(fmt.Sprint("unknown target: ", line))
		}
	}
	return begun, refused
}

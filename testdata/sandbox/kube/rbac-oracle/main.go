// Command rbac-oracle answers what Kubernetes' own RBAC authorizer says: an
// oracle for the tests of shared/drift/rbac. As `rbac-oracle webhooks` it says
// which requests the rules of an admission webhook match, for shared/drift/webhook.
//
// Each line of its input is JSON with objects and requests; each line of its
// output the list of which of them are allowed, or match.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	"k8s.io/kubernetes/pkg/registry/rbac/validation"
	"k8s.io/kubernetes/plugin/pkg/auth/authorizer/rbac"
)

type inquiry struct {
	ClusterRoles        []*rbacv1.ClusterRole
	ClusterRoleBindings []*rbacv1.ClusterRoleBinding
	Roles               []*rbacv1.Role
	RoleBindings        []*rbacv1.RoleBinding
	Ask                 []struct {
		User                               string
		Groups                             []string
		Verb, Group, Resource, Subresource string
		Namespace, Name, Path              string
	}
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<26)
	out := json.NewEncoder(os.Stdout)
	for in.Scan() {
		var q interface{ answer() []bool } = &inquiry{}
		if len(os.Args) > 1 && os.Args[1] == "webhooks" {
			q = &webhookInquiry{}
		}
		err := json.Unmarshal(in.Bytes(), q)
		if err == nil {
			err = out.Encode(q.answer())
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	if err := in.Err(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func (q inquiry) answer() []bool {
	_, static := validation.NewTestRuleResolver(q.Roles, q.RoleBindings, q.ClusterRoles, q.ClusterRoleBindings)
	judge := rbac.New(static, static, static, static)
	allowed := []bool{}
	for _, r := range q.Ask {
		decision, _, _ := judge.Authorize(context.Background(), authorizer.AttributesRecord{
			User: &user.DefaultInfo{Name: r.User, Groups: r.Groups}, Verb: r.Verb, Namespace: r.Namespace, APIGroup: r.Group, APIVersion: "v1",
			Resource: r.Resource, Subresource: r.Subresource, Name: r.Name, ResourceRequest: r.Path == "", Path: r.Path,
		})
		allowed = append(allowed, decision == authorizer.DecisionAllow)
	}
	return allowed
}

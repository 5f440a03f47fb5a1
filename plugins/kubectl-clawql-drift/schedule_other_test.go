package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
)

// otherContext has a slash, as contexts of clouds have it.
const otherContext = "arn:cloud/staging"

// anotherCluster is a staging that is reached by a kubeconfig of the user's: in
// the pod it comes from a Secret, with the schedule's own token for it. (It is
// the same server behind it; the run does not know.)
func (t *scheduleTrial) anotherCluster() {
	var config map[string]any
	t.decode(t.kubectl("config", "view", "--raw", "--minify", "--flatten", "-o", "json"), &config)
	named := func(key string, at int) map[string]any { return config[key].([]any)[at].(map[string]any) }
	named("contexts", 0)["name"], config["current-context"] = otherContext, otherContext
	for _, key := range []string{"clusters", "users"} {
		named(key, 0)["name"] = "other"
	}
	named("contexts", 0)["context"] = map[string]any{"cluster": "other", "user": "other"}
	file := filepath.Join(t.TempDir(), "other")
	t.write(file, string(must(json.Marshal(config))))
	t.Setenv("KUBECONFIG", t.scheduleSandbox.kubeconfig+":"+file)

	project := string(must(os.ReadFile("clawql.yaml")))
	defer t.write("clawql.yaml", project)
	t.write("clawql.yaml", strings.Replace(project, "staging: {context: "+t.context, "staging: {context: "+otherContext, 1))
	t.expect("no kubeconfig", 2, "the run needs a kubeconfig for it", t.schedule()...)
	t.expect("two clusters", 0, "\n  in context "+otherContext+"\n", t.schedule("--kubeconfig-secret", "staging")...)

	// What the pod gets: the same, by the Service's address and with a token that may only read.
	named("clusters", 0)["cluster"].(map[string]any)["server"] = "https://" + t.kubectl("get", "service", "kubernetes", "-n", "default", "-o", "jsonpath={.spec.clusterIP}")
	named("users", 0)["user"] = map[string]any{"token": strings.TrimSpace(t.kubectl("-n", "clawql-drift", "create", "token", "clawql-drift"))}
	t.write(file+"-pod", string(must(json.Marshal(config))))
	t.kubectl("-n", "clawql-drift", "create", "secret", "generic", "staging", "--from-file=kubeconfig="+file+"-pod")
	t.runs("clawql-drift", "two-clusters", 1, "pager: nothing new")
	t.expect("one cluster again", 2, "the run needs a kubeconfig for it", t.schedule()...)
	t.write("clawql.yaml", project)
	t.must("kubectl-clawql-drift", t.schedule()...)
}

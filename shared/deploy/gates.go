package deploy

import (
	"context"
	"fmt"
	"time"

	"github.com/clawql/clawql-workbench/shared/changegate"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/gate"
	"github.com/clawql/clawql-workbench/shared/supplychain"
	"github.com/clawql/clawql-workbench/shared/supplygate"
)

// wantedGates must all have passed, each once. A gate that is not in the
// list of results has not passed.
var wantedGates = []string{changegate.Name, supplygate.Name}

// runGates asks every gate and gives an error that names the first that did
// not pass: exit 1 for a no, 3 for one that could not run.
func (e *engine) runGates(ctx context.Context, l *loaded, lastDeployed string) ([]gate.Result, time.Duration, error) {
	started := time.Now()
	results := gate.RunAll(ctx, e.Now, []gate.Gate{
		changegate.New(l.repo, changegate.Policy{
			ProtectedBranch: e.project.Change.ProtectedBranch, Remote: e.project.Change.Remote,
			AllowedSigners: e.project.Change.AllowedSigners, LastDeployed: lastDeployed, Commit: l.head.ID,
		}),
		supplygate.New(imagesOf(l.hardened.Objects), supplychain.NewClient(0)),
	})
	return results, time.Since(started), refusal(results)
}

func refusal(results []gate.Result) error {
	if gate.AllPassed(results, wantedGates) {
		return nil
	}
	for _, r := range results {
		if r.OK() {
			continue
		}
		err := fault.No("gate %s failed: %s", r.Gate, r.Summary)
		if r.Verdict == gate.CouldNotRun {
			err = fault.Unable("gate %s could not run: %s", r.Gate, r.Summary)
		}
		for _, hint := range r.Hints {
			err.Hint("%s", hint)
		}
		return err.Hint("nothing was applied")
	}
	return fault.Unable("not every gate was asked")
}

// imagesOf lists every image of every container, and where it stands.
func imagesOf(objects []*object) []supplygate.ImageUse {
	var uses []supplygate.ImageUse
	seen := map[string]bool{}
	for _, o := range objects {
		walk(o.Object, func(fields map[string]any) {
			image, _ := fields["image"].(string)
			name, named := fields["name"].(string)
			if image == "" || !named || seen[image] {
				return
			}
			seen[image] = true
			uses = append(uses, supplygate.ImageUse{Ref: image, Where: fmt.Sprintf("%s/%s container %s", o.GetKind(), o.GetName(), name)})
		})
	}
	return uses
}

// walk visits the containers of any workload: lists named containers,
// initContainers and ephemeralContainers below a pod spec.
func walk(node any, visit func(map[string]any)) {
	fields, ok := node.(map[string]any)
	if !ok {
		return
	}
	for key, value := range fields {
		if list, ok := value.([]any); ok && (key == "containers" || key == "initContainers" || key == "ephemeralContainers") {
			for _, entry := range list {
				if container, ok := entry.(map[string]any); ok {
					visit(container)
				}
			}
			continue
		}
		walk(value, visit)
	}
}

// Package image says which images run, and who decides that. A digest names
// content: two references with one digest run the same thing, whatever they
// call it. A tag is a name that whoever may push to its repository can move, so
// a side that runs a tag lets somebody change what runs who on the other side
// cannot.
//
// References are read as the kubelet reads them (github.com/distribution/reference):
// "nginx" is docker.io/library/nginx:latest, and of a reference with a tag and
// a digest the digest counts.
package image

import (
	"github.com/clawql/clawql-workbench/shared/drift/verdict"
	"github.com/clawql/clawql-workbench/shared/finding"
)

// Control of the findings.
const Control = "Image"

// Side is what one side runs, an object at most once.
type Side struct{ Workloads []Workload }

// Workload is what makes pods.
type Workload struct {
	Object     finding.Object
	Containers []Container
	Changed    *finding.Change // nil where it is not known
}

// Container is one container of any kind of a pod.
type Container struct {
	Place string   // path of its image from the root of the object; tells containers apart
	Name  string   // as a person calls it
	Image string   // the reference
	Runs  []string // digests that its pods report to run, sorted; none is not known
}

// Result also counts what cannot be told.
type Result struct {
	verdict.Result
	// Untold are containers with one tag on both sides: what that tag was when
	// a node pulled it is not known.
	Untold int
}

package image

import "runtime"

// architecture is that of the machine: the binaries are built on it, for it.
const architecture = runtime.GOARCH

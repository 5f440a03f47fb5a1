// Command driftbench times `kubectl clawql drift` on generated environments of
// 1,000 to 50,000 objects a side, of which none, 1 % or 20 % differ: from folders,
// beside the plain parsing of the same folders, `dyff between` and kube-compare;
// and from a real API server, beside `kubectl get -o json` of the same kinds. It
// holds the findings against what it seeded. At last it compares 100 MB of
// manifests a side. It prints a table and ends with one line of JSON.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

func main() {
	var err error
	switch {
	case len(os.Args) > 4 && os.Args[1] == childWord:
		err = runOne(os.Args[2], os.Args[3], os.Args[4:])
	case len(os.Args) > 3 && os.Args[1] == parseWord:
		err = parse(os.Args[2], os.Args[3:])
	default:
		err = start()
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "driftbench: error: %v\n", err)
		os.Exit(3)
	}
}

// bench is one run of the program.
type bench struct {
	bin     string // folder of the programs
	dir     string // temporary
	sizes   []int
	parts   string
	all     []*outcome
	tooSlow map[string]bool // what reached the cap is not asked about larger inputs
}

func start() error {
	sizes := flag.String("sizes", "1000,10000,50000", "how many objects a side has, `N,N,...`")
	parts := flag.String("parts", "folders,rivals,live,scale", "what to measure, of these `WORDS`")
	only := flag.String("make", "", "only write the folders of the first size into `DIR`")
	changed := flag.Float64("changed", 1, "percent that differ, for -make")
	flag.Parse()
	b := &bench{bin: flag.Arg(0), parts: *parts, tooSlow: map[string]bool{}}
	for _, text := range strings.Split(*sizes, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 100 || n > 200_000 {
			return fmt.Errorf("-sizes %q: numbers from 100 to 200000, with commas", *sizes)
		}
		b.sizes = append(b.sizes, n)
	}
	if *only != "" {
		return generate(b.sizes[0], *changed/100, rendered).write(*only)
	}
	if flag.NArg() != 1 {
		return fmt.Errorf("usage: driftbench [-sizes N,N] [-parts WORDS] BIN")
	}
	return b.run()
}

func (b *bench) run() (err error) {
	if b.bin, err = filepath.Abs(b.bin); err != nil {
		return err
	}
	if b.dir, err = os.MkdirTemp("", "driftbench-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	head()
	if strings.Contains(b.parts, "folders") {
		if err := b.folders(); err != nil {
			return err
		}
	}
	if strings.Contains(b.parts, "live") {
		if err := b.live(); err != nil {
			return err
		}
	}
	if strings.Contains(b.parts, "scale") {
		if err := b.scale(); err != nil {
			return err
		}
	}
	return b.summary()
}

// percents of the objects differ.
var percents = []float64{0, 1, 20}

// summary is the ratios that the aims are about, and all as JSON.
func (b *bench) summary() error {
	ratios := map[string]float64{}
	for _, one := range b.all {
		if !strings.HasPrefix(one.Command, "kubectl clawql drift") {
			continue
		}
		for _, other := range b.all {
			if other != one && other.Input == one.Input && other.Objects == one.Objects && other.Changed == one.Changed && other.Seconds > 0 {
				name := fmt.Sprintf("%s, %d objects a side, %g %% changed: drift / %s", one.Input, one.Objects, one.Changed, other.Command)
				ratios[name] = one.Seconds / other.Seconds
				fmt.Printf("%s: %.2f\n", name, ratios[name])
			}
		}
		fmt.Printf("%s, %d objects a side, %g %% changed: precision %.3f, recall %.3f of %d seeded\n", one.Input, one.Objects, one.Changed, one.Precision, one.Recall, one.Seeded)
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]any{"bench": "drift", "machine": machine(), "capSeconds": limit.Seconds(), "outcomes": b.all, "ratios": ratios})
}

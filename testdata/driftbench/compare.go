package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// runsOf an input of a size. The largest take so long that a busy moment of the
// machine is a small part of them.
func runsOf(objects int) int {
	switch {
	case objects > 10_000:
		return 1
	case objects > 1_000:
		return 3
	}
	return 5
}

// folders measures all sizes from folders.
func (b *bench) folders() error {
	for _, objects := range b.sizes {
		for _, percent := range percents {
			if err := b.folder(objects, percent); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *bench) folder(objects int, percent float64) error {
	dir := filepath.Join(b.dir, fmt.Sprintf("%d-%g", objects, percent))
	in := generate(objects, percent/100, rendered)
	if err := in.write(dir); err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	self, err := os.Executable()
	if err != nil {
		return err
	}
	from, to := filepath.Join(dir, sideNames[0]), filepath.Join(dir, sideNames[1])
	row := func(command string, argv ...string) *outcome {
		return &outcome{Input: "folders", Objects: objects, Changed: percent, Command: command, argv: [][]string{argv}}
	}
	ours := row("kubectl clawql drift", b.ours("dir:"+from, "dir:"+to)...)
	threads := fmt.Sprint(runtime.NumCPU())
	all := []*outcome{ours, row("parse alone, 1 thread", self, parseWord, "1", from, to), row("parse alone, "+threads+" threads", self, parseWord, threads, from, to)}
	judged := func(out string) error {
		got, err := judge(out, in.want)
		ours.truth = &got
		return err
	}
	if err := measure(dir, runsOf(objects), all, judged); err != nil {
		return err
	}
	if strings.Contains(b.parts, "rivals") {
		others, err := b.rivals(dir, row)
		if err != nil {
			return err
		}
		all = append(all, others...)
	}
	b.keep(all)
	return nil
}

// rivals are measured once: they are far from the speed of the others.
func (b *bench) rivals(dir string, row func(string, ...string) *outcome) ([]*outcome, error) {
	all := []*outcome{
		row("dyff between", filepath.Join(b.bin, "dyff"), "between", "--omit-header", filepath.Join(dir, sideNames[0]+".yaml"), filepath.Join(dir, sideNames[1]+".yaml")),
		row("kube-compare", filepath.Join(b.bin, "kube-compare"), "-r", filepath.Join(dir, "reference", "metadata.yaml"), "-f", filepath.Join(dir, "single"), "-o", "json"),
	}
	for _, one := range all {
		one.rival, one.Capped = true, b.tooSlow[one.Command]
	}
	err := measure(dir, 1, all, nil)
	for _, one := range all {
		b.tooSlow[one.Command] = one.Capped
	}
	return all, err
}

func (b *bench) keep(all []*outcome) {
	for _, one := range all {
		one.row()
	}
	b.all = append(b.all, all...)
}

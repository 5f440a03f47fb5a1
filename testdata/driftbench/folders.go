package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// sideNames are how the folders and the namespaces of the sides are called.
var sideNames = [2]string{"staging", "production"}

// appsOfSpace live in one namespace of a folder: some 450 objects.
const appsOfSpace = 40

// rendered is how overlays are rendered for two clusters: the namespaces have
// the same names in both.
func rendered(_, app int) string { return fmt.Sprintf("team-%03d", app/appsOfSpace) }

// renamed is one namespace a side, each with a name of its own.
func renamed(side, _ int) string { return sideNames[side] }

// write makes three things of both sides: a folder, of two files an application,
// for us; one file for dyff; a folder of one object a file for kube-compare, with
// those of `to` as a reference configuration.
func (in input) write(dir string) error {
	for side, documents := range in.sides {
		if err := writeFolder(filepath.Join(dir, sideNames[side]), documents); err != nil {
			return err
		}
		if err := writeWhole(filepath.Join(dir, sideNames[side]+".yaml"), documents); err != nil {
			return err
		}
	}
	if err := writeSingles(filepath.Join(dir, "single"), in.sides[0]); err != nil {
		return err
	}
	if err := writeSingles(filepath.Join(dir, "reference"), in.sides[1]); err != nil {
		return err
	}
	return writeReference(filepath.Join(dir, "reference", "metadata.yaml"), len(in.sides[1]))
}

func writeFolder(dir string, documents []document) error {
	texts := map[string]string{}
	var names []string
	for i, d := range documents {
		name := filepath.Join(d.space, "namespace.yaml")
		if d.app >= 0 {
			name = filepath.Join(d.space, fmt.Sprintf("%s-%d.yaml", appName(d.app), i%2))
		}
		if texts[name] == "" {
			names = append(names, name)
		}
		texts[name] += "---\n" + d.text
	}
	for _, name := range names {
		if err := put(filepath.Join(dir, name), texts[name]); err != nil {
			return err
		}
	}
	return nil
}

func put(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(text), 0o644)
}

func writeWhole(path string, documents []document) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(file)
	for _, d := range documents {
		fmt.Fprintf(out, "---\n%s", d.text) // Flush tells
	}
	return errors.Join(out.Flush(), file.Close())
}

func writeSingles(dir string, documents []document) error {
	for i, d := range documents {
		if err := put(filepath.Join(dir, fmt.Sprintf("object-%05d.yaml", i)), d.text); err != nil {
			return err
		}
	}
	return nil
}

func writeReference(path string, objects int) error {
	text := "apiVersion: v2\nparts:\n  - name: environment\n    components:\n      - name: all\n        allOf:\n"
	for i := range objects {
		text += fmt.Sprintf("          - path: object-%05d.yaml\n", i)
	}
	return put(path, text)
}

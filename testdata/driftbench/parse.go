package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// parseWord makes this program the yardstick: it parses folders as a plain
// program does that has sigs.k8s.io/yaml, and does nothing else with them.
const parseWord = "parse"

// parse reads all .yaml files of the folders into objects that it keeps, with a
// number of files at once. It prints how many objects there were.
func parse(threads string, folders []string) error {
	n, err := strconv.Atoi(threads)
	if err != nil {
		return err
	}
	var files []string
	for _, folder := range folders {
		err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
			if err == nil && filepath.Ext(path) == ".yaml" {
				files = append(files, path)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	read := make([][]*unstructured.Unstructured, len(files))
	var work errgroup.Group
	work.SetLimit(n)
	for i, path := range files {
		work.Go(func() (err error) {
			read[i], err = parseFile(path)
			return err
		})
	}
	if err := work.Wait(); err != nil {
		return err
	}
	var objects int
	for _, list := range read {
		objects += len(list)
	}
	fmt.Println(objects)
	return nil
}

func parseFile(path string) (list []*unstructured.Unstructured, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	documents := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			return nil, err
		}
		object := &unstructured.Unstructured{}
		if err := yaml.Unmarshal(document, &object.Object); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if len(object.Object) > 0 {
			list = append(list, object)
		}
	}
}

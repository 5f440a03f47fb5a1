// Command oracle-kyverno answers what Kyverno's own admission webhook says of
// objects that are created: its policy cache, its handlers and its engine, as
// v1.19.1 links them, fed with admission requests as the API server sends them.
// Only what they read from a cluster is given here: namespaces, the kinds of
// the API, no exceptions, no images.
//
// One line of JSON in, one out: {"policies": [...], "namespaces": {"name":
// {"label": "value"}}, "ask": [objects]} is answered by a list with "" for an
// object that is admitted, else the reason; `invalid: ...` for each, where Kyverno
// would not let one of the policies in. A line that cannot be read ends the
// program with exit code 2.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

type question struct {
	Policies   []json.RawMessage            `json:"policies"`
	Namespaces map[string]map[string]string `json:"namespaces"`
	Ask        []map[string]any             `json:"ask"`
}

func main() {
	klog.SetLogger(logr.Discard())
	log.SetLogger(logr.Discard())
	if err := answer(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "oracle-kyverno: error:", err)
		os.Exit(2)
	}
}

func answer(in io.Reader, out io.Writer) error {
	ctx := context.Background()
	lines := bufio.NewReaderSize(in, 1<<20)
	for {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF && len(line) == 0 {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading a question: %w", err)
		}
		var q question
		if err := json.Unmarshal(line, &q); err != nil {
			return fmt.Errorf("reading a question: %w", err)
		}
		answers, err := q.answers(ctx)
		if err != nil {
			return err
		}
		if err := json.NewEncoder(out).Encode(answers); err != nil {
			return err
		}
	}
}

func (q question) answers(ctx context.Context) ([]string, error) {
	answers := make([]string, len(q.Ask))
	w, err := newWebhook(ctx, q)
	if invalid := (invalidError{}); errors.As(err, &invalid) {
		for i := range answers {
			answers[i] = "invalid: " + err.Error()
		}
		return answers, nil
	}
	if err != nil {
		return nil, err
	}
	for i, object := range q.Ask {
		if answers[i], err = w.create(ctx, object, time.Now()); err != nil {
			return nil, err
		}
	}
	return answers, nil
}

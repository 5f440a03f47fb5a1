// Package supplygate is the gate that asks whether every image of a deploy is
// named by digest, and whether that digest is in its registry.
package supplygate

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/gate"
	"github.com/clawql/clawql-workbench/shared/supplychain"
)

// Name is the gate's name in results and records.
const Name = "supply chain"

// ImageUse is an image, and where it is written.
type ImageUse struct {
	Ref   string // such as "ghcr.io/acme/mcp@sha256:..."
	Where string // such as "deploy/overlays/prod/kustomization.yaml:11", or ""
}

// atOnce bounds the questions that run side by side.
const atOnce = 8

// New is the gate over all images of a deploy. The same image is asked for
// once. Without any image it could not run.
func New(images []ImageUse, registry *supplychain.Client) gate.Gate {
	return gate.Gate{Name: Name, Timeout: time.Minute, Check: func(ctx context.Context) (gate.Finding, error) {
		uses := unique(images)
		if len(uses) == 0 {
			return gate.Finding{}, errors.New("there is no image to look at")
		}
		return finding(askAll(ctx, uses, registry))
	}}
}

// unique joins the places of images that are named alike.
func unique(images []ImageUse) []ImageUse {
	var uses []ImageUse
	at := map[string]int{}
	for _, use := range images {
		i, known := at[use.Ref]
		switch {
		case !known:
			at[use.Ref] = len(uses)
			uses = append(uses, use)
		case use.Where != "" && !strings.Contains(uses[i].Where, use.Where):
			uses[i].Where = strings.TrimPrefix(uses[i].Where+", "+use.Where, ", ")
		}
	}
	return uses
}

// seen is the answer about one image.
type seen struct {
	use        ImageUse
	descriptor supplychain.Descriptor
	err        error
}

func askAll(ctx context.Context, uses []ImageUse, registry *supplychain.Client) []seen {
	answers := make([]seen, len(uses))
	slots := make(chan struct{}, atOnce)
	var wait sync.WaitGroup
	for i, use := range uses {
		wait.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			answers[i] = ask(ctx, use, registry)
		})
	}
	wait.Wait()
	return answers
}

func ask(ctx context.Context, use ImageUse, registry *supplychain.Client) seen {
	ref, err := supplychain.Parse(use.Ref)
	if err == nil && !ref.ByDigest() {
		return seen{use: use, err: tagError(ctx, use, ref, registry)}
	}
	d, err := registry.Present(ctx, use.Ref)
	return seen{use, d, err}
}

// tagError refuses a tag, and names the digest that it stands for today.
func tagError(ctx context.Context, use ImageUse, ref supplychain.Reference, registry *supplychain.Client) error {
	err := fault.No("image %s is a tag; production takes digests%s", use.Ref, in(use.Where))
	digest, lookup := registry.Digest(ctx, use.Ref)
	if lookup != nil {
		return err.Hint("kustomize edit set image %s@sha256:...   (what the tag is today could not be told: %v)", ref.Repository, lookup)
	}
	return err.Hint("kustomize edit set image %s   (today the tag is %s)", ref.With(digest), digest)
}

func in(where string) string {
	if where == "" {
		return ""
	}
	return " (" + where + ")"
}

// finding weighs the answers: one no is a failure, whatever else could not be
// told; else anything untold is an error.
func finding(answers []seen) (gate.Finding, error) {
	var f gate.Finding
	var failures []string
	var unknown error
	for _, a := range answers {
		f.Evidence = append(f.Evidence, evidence(a))
		if a.err == nil {
			continue
		}
		f.Hints = append(f.Hints, fault.Hints(a.err)...)
		if code := fault.Code(a.err); code == fault.CodeNo || code == fault.CodeUsage {
			failures = append(failures, a.err.Error())
		} else if unknown == nil {
			unknown = errors.New(a.err.Error()) // its hints are noted above
		}
	}
	switch {
	case len(failures) > 0:
		f.Summary = strings.Join(failures, "; ")
		return f, nil
	case unknown != nil:
		return f, unknown
	}
	f.Passed = true
	f.Summary = fmt.Sprintf("%s by digest, in the registry", console.Count(len(answers), "image"))
	return f, nil
}

func evidence(a seen) gate.Evidence {
	e := gate.Evidence{Subject: "image " + a.use.Ref, Details: map[string]string{"where": a.use.Where}}
	if a.err != nil {
		e.Fact = a.err.Error()
		return e
	}
	d := a.descriptor
	e.Fact = fmt.Sprintf("in its registry, %s%s", strings.Join(d.Platforms, " "), in(a.use.Where))
	e.Details["digest"], e.Details["mediaType"] = d.Digest, d.MediaType
	return e
}

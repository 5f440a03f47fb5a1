// Package clusterread reads what decides in an environment from an API server,
// with read rights only. What it may not read, or what a server could not
// answer, is listed: a reading with such a list is not whole.
package clusterread

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// Source is where to read.
type Source struct {
	Kubeconfig string // path; empty: as kubectl finds it
	Context    string // of the kubeconfig; empty: its current one
	Namespaces []string
	// Each sees each object before it is kept, and says whether to keep it; it
	// is called by several goroutines, and may change the object. nil keeps all.
	Each func(*unstructured.Unstructured) (keep bool, err error)
	// Owned sees each object that a controller made from another one, which is
	// all that is done with it; it is called by several goroutines. nil is nobody.
	Owned func(*unstructured.Unstructured)
	// Progress hears of work that goes on; nil is silence.
	Progress func(objects, lists, ofLists int)
	// Timeout is for one request with its retries; 0 is Patience.
	Timeout time.Duration
}

// Reading is what was read.
type Reading struct {
	Objects    []*unstructured.Unstructured // sorted by kind, namespace and name
	Incomplete []string                     // what could not be read, and why
	Context    string
	Version    string   // of the server
	Requests   int      // lists and pages that were asked for
	Kinds      []Listed // that the server had to list
}

// pageSize is that of kubectl.
const pageSize = 500

// parallel lists at once: the server's own limit for one user is higher.
const parallel = 8

// Read reads all objects of the namespaces, and those without a namespace that
// decide who may do what. A context that is not in the kubeconfig is
// fault.Usage; a server that does not answer, and a namespace that is not
// there, are fault.Unable.
func Read(ctx context.Context, s Source) (*Reading, error) {
	client, err := open(s)
	if err != nil {
		return nil, err
	}
	r := &reader{source: s, client: client, reading: &Reading{Context: client.context}}
	if r.reading.Version, err = client.version(ctx); err != nil {
		return nil, err
	}
	if err := r.namespaces(ctx); err != nil {
		return nil, err
	}
	resources, problems, err := client.resources(ctx)
	if err != nil {
		return nil, err
	}
	r.reading.Incomplete, r.reading.Kinds = append(r.reading.Incomplete, problems...), listed(resources)
	if err := r.lists(ctx, resources); err != nil {
		return nil, err
	}
	slices.SortFunc(r.reading.Objects, compare)
	slices.Sort(r.reading.Incomplete)
	return r.reading, nil
}

func compare(a, b *unstructured.Unstructured) int {
	return cmp.Or(cmp.Compare(a.GetKind(), b.GetKind()), cmp.Compare(a.GetNamespace(), b.GetNamespace()),
		cmp.Compare(a.GetName(), b.GetName()), cmp.Compare(a.GetAPIVersion(), b.GetAPIVersion()))
}

// reader is one run.
type reader struct {
	source  Source
	client  *client
	lock    sync.Mutex
	reading *Reading
	done    int // lists
	seen    int // objects
	replicas
}

// namespaces reads the namespaces themselves, by name.
func (r *reader) namespaces(ctx context.Context) error {
	for _, name := range r.source.Namespaces {
		ns, err := patiently(ctx, r.client, func(ctx context.Context) (*unstructured.Unstructured, error) {
			return r.client.dynamic.Resource(namespaces).Get(ctx, name, metav1.GetOptions{})
		})
		r.reading.Requests++
		switch {
		case apierrors.IsNotFound(err):
			return fault.Unable("read %s: namespace %q does not exist there", r.client.context, name).Hint("kubectl --context %s get namespaces", r.client.context)
		case apierrors.IsForbidden(err), apierrors.IsUnauthorized(err):
			r.missed(fmt.Sprintf("%s: no right to get namespace %s", r.client.context, name))
			continue
		case err != nil:
			return r.client.explain("read namespace "+name, err)
		case ns.GetKind() != "Namespace" || ns.GetName() != name:
			return fault.Unable("read namespace %s: context %q, %s: the answer is a %q named %q", name, r.client.context, r.client.server, ns.GetKind(), ns.GetName())
		case ns.GetDeletionTimestamp() != nil:
			r.missed(fmt.Sprintf("%s: namespace %s is being deleted: what was in it may be gone", r.client.context, name))
		}
		if err := r.keep(ns); err != nil {
			return err
		}
	}
	return nil
}

// target is one list to read.
type target struct {
	resource
	namespace string
}

// lists reads all lists, several at a time.
func (r *reader) lists(ctx context.Context, resources []resource) error {
	var targets []target
	for _, one := range resources {
		if !one.namespaced {
			targets = append(targets, target{resource: one})
			continue
		}
		for _, ns := range r.source.Namespaces {
			targets = append(targets, target{one, ns})
		}
	}
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(parallel)
	for _, one := range targets {
		work.Go(func() error { return r.list(ctx, one, len(targets)) })
	}
	if err := work.Wait(); err != nil {
		return err
	}
	return r.waiting()
}

// list reads the pages of one list. A page that cannot be had makes the reading
// incomplete; a connection that breaks ends it.
func (r *reader) list(ctx context.Context, t target, ofLists int) error {
	var client dynamic.ResourceInterface = r.client.dynamic.Resource(t.GroupVersionResource)
	if t.namespace != "" {
		client = r.client.dynamic.Resource(t.GroupVersionResource).Namespace(t.namespace)
	}
	options := metav1.ListOptions{Limit: pageSize}
	for {
		page, err := patiently(ctx, r.client, func(ctx context.Context) (*unstructured.UnstructuredList, error) { return client.List(ctx, options) })
		r.asked()
		if reason := unreadable(err); reason != "" {
			r.missed(fmt.Sprintf("%s: %s in %s: %s", r.client.context, t.GroupResource(), place(t.namespace), reason))
			return nil
		}
		if err != nil {
			return r.client.explain("list "+t.GroupResource().String(), err)
		}
		if !answers(page, t, options) {
			return fault.Unable("list %s: context %q, %s: the answer is no list of them, but %q of %q", t.GroupResource(), r.client.context, r.client.server, page.GetKind(), page.GetAPIVersion())
		}
		for i := range page.Items {
			if err := r.keep(&page.Items[i]); err != nil {
				return err
			}
		}
		options.Continue = page.GetContinue()
		r.read(len(page.Items), options.Continue == "", ofLists)
		if options.Continue == "" {
			return nil
		}
	}
}

// answers says whether a page is one of the list that was asked for. client-go
// takes any other object, such as a Status with the code 200 of a proxy, for a
// list of nothing; and a page that leads to itself never ends.
func answers(page *unstructured.UnstructuredList, t target, asked metav1.ListOptions) bool {
	name, _, _ := unstructured.NestedString(page.Object, "metadata", "name")
	next := page.GetContinue()
	return page.GetKind() != "Status" && name == "" && page.GetAPIVersion() == t.GroupVersion().String() && (next == "" || next != asked.Continue)
}

func place(namespace string) string {
	if namespace == "" {
		return "the cluster"
	}
	return "namespace " + namespace
}

// unreadable tells errors that leave out one list from those that end all.
func unreadable(err error) string {
	switch {
	case err == nil:
		return ""
	case apierrors.IsForbidden(err):
		return "no right to list"
	case apierrors.IsNotFound(err), apierrors.IsMethodNotSupported(err):
		return "the server no longer serves it"
	case apierrors.IsServiceUnavailable(err), apierrors.IsResourceExpired(err), apierrors.IsInternalError(err):
		return "the server could not answer"
	}
	return ""
}

func (r *reader) keep(o *unstructured.Unstructured) error {
	if Owned(o) {
		r.owned(o)
		return nil
	}
	r.lock.Lock()
	waits := r.replicas.see(o)
	r.lock.Unlock()
	if waits {
		return nil
	}
	return r.judged(o)
}

// waiting judges the replicas whose maker was not read.
func (r *reader) waiting() error {
	for _, o := range r.replicas.waiting {
		if maker, _ := byInstalled(o); r.replicas.makers[maker] {
			r.owned(o)
		} else if err := r.judged(o); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) owned(o *unstructured.Unstructured) {
	if r.source.Owned != nil {
		r.source.Owned(o)
	}
}

// judged keeps an object that is no replica of another.
func (r *reader) judged(o *unstructured.Unstructured) error {
	if r.source.Each != nil {
		if keep, err := r.source.Each(o); err != nil || !keep {
			return err
		}
	}
	r.lock.Lock()
	defer r.lock.Unlock()
	r.reading.Objects = append(r.reading.Objects, o)
	return nil
}

func (r *reader) missed(what string) {
	r.lock.Lock()
	defer r.lock.Unlock()
	r.reading.Incomplete = append(r.reading.Incomplete, what)
}

func (r *reader) asked() {
	r.lock.Lock()
	defer r.lock.Unlock()
	r.reading.Requests++
}

// read tells of a page, and whether it was the last one of its list.
func (r *reader) read(objects int, last bool, ofLists int) {
	r.lock.Lock()
	defer r.lock.Unlock()
	if r.seen += objects; last {
		r.done++
	}
	if r.source.Progress != nil {
		r.source.Progress(r.seen, r.done, ofLists)
	}
}

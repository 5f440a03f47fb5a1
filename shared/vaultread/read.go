package vaultread

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/clawql/clawql-workbench/shared/drift/vaultauth"
)

func compare(a, b string) int { return cmp.Compare(a, b) }

// reader is one run.
type reader struct {
	client  *client
	lock    sync.Mutex
	reading *Reading
}

// all reads the policies and the auth methods side by side, then what is below
// each method.
func (r *reader) all(ctx context.Context) error {
	var jobs []func(context.Context) error
	names, err := r.names(ctx, "sys/policies/acl", AllPolicies)
	if err != nil {
		return err
	}
	for _, name := range names {
		jobs = append(jobs, func(ctx context.Context) error { return r.policy(ctx, name) })
	}
	mounts, err := r.mounts(ctx)
	if err != nil {
		return err
	}
	for _, m := range mounts {
		more, err := r.below(ctx, m)
		if err != nil {
			return err
		}
		jobs = append(jobs, more...)
	}
	more, err := r.identities(ctx)
	if err != nil {
		return err
	}
	jobs = append(jobs, more...)
	if err := r.extra(ctx); err != nil {
		return err
	}
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(parallel)
	for _, job := range jobs {
		work.Go(func() error { return job(ctx) })
	}
	if err := work.Wait(); err != nil {
		return err
	}
	r.reading.Mounts = make([]vaultauth.Mount, len(mounts))
	for i, m := range mounts {
		r.reading.Mounts[i] = *m
	}
	return nil
}

// mounts are the auth methods, with nothing of what is below them.
func (r *reader) mounts(ctx context.Context) (list []*vaultauth.Mount, err error) {
	data, err := r.get(ctx, "sys/auth", false)
	if data == nil {
		return nil, r.missed("sys/auth", err, AllMounts)
	}
	for name, value := range data {
		fields, is := value.(map[string]any)
		kind, has := fields["type"].(string)
		if !is || !has || !strings.HasSuffix(name, "/") {
			continue // before Vault 1.9 the answer's own fields stood beside the methods
		}
		list = append(list, &vaultauth.Mount{Path: strings.Trim(name, "/"), Type: kind})
	}
	if len(list) == 0 { // every Vault has token
		return nil, r.missed("sys/auth", unread("no auth method is in the answer"), AllMounts)
	}
	return list, nil
}

// below are the jobs that read a method's settings and its roles.
func (r *reader) below(ctx context.Context, m *vaultauth.Mount) (jobs []func(context.Context) error, err error) {
	// sys/auth/PATH/tune says the same and wants sudo
	jobs = append(jobs, func(ctx context.Context) error { return r.tune(ctx, m) })
	known, is := methods[m.Type]
	if !is {
		r.note("auth/" + m.Path + ": its roles were not read: methods of type " + m.Type + " are not known")
	}
	if known.config {
		jobs = append(jobs, func(ctx context.Context) error { return r.config(ctx, m) })
	}
	for _, one := range known.lists {
		names, err := r.names(ctx, "auth/"+m.Path+"/"+one.path, UnreadMount(m.Path))
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			jobs = append(jobs, func(ctx context.Context) error {
				return r.role(ctx, vaultauth.Role{Mount: m.Path, Name: one.prefix + name}, "auth/"+m.Path+"/"+one.path+"/"+name)
			})
		}
	}
	return jobs, nil
}

func (r *reader) policy(ctx context.Context, name string) error {
	at := "sys/policies/acl/" + name
	if name == "root" { // it has no text, allows everything, and is the same everywhere
		return nil
	}
	data, err := r.get(ctx, at, false)
	text, is := data["policy"].(string)
	if !is {
		return r.missed(at, err, UnreadPolicy(name))
	}
	r.lock.Lock()
	defer r.lock.Unlock()
	r.reading.Policies[name] = text
	return nil
}

// config of a method: nothing at its path is a method that was not set up.
func (r *reader) config(ctx context.Context, m *vaultauth.Mount) error {
	data, err := r.get(ctx, "auth/"+m.Path+"/config", false)
	if errors.Is(err, errAbsent) {
		return nil
	}
	if data == nil {
		return r.missed("auth/"+m.Path+"/config", err, UnreadMount(m.Path))
	}
	m.Config = data
	return nil
}

func (r *reader) tune(ctx context.Context, m *vaultauth.Mount) error {
	at := "sys/mounts/auth/" + m.Path + "/tune"
	data, err := r.get(ctx, at, false)
	if data == nil {
		return r.missed(at, err, UnreadMount(m.Path))
	}
	m.Tune = data
	return nil
}

func (r *reader) role(ctx context.Context, role vaultauth.Role, at string) error {
	data, err := r.get(ctx, at, false)
	if data == nil {
		return r.missed(at, err, UnreadRole(role.Mount, role.Name))
	}
	role.Fields = data
	r.lock.Lock()
	defer r.lock.Unlock()
	r.reading.Roles = append(r.reading.Roles, role)
	return nil
}

// names of a list. One that is empty has none; one that may not be read is
// noted, as what is not whole without it, and has none either.
func (r *reader) names(ctx context.Context, at, what string) (names []string, err error) {
	data, err := r.get(ctx, at, true)
	if errors.Is(err, errAbsent) {
		return nil, nil
	}
	keys, is := data["keys"].([]any)
	if !is {
		return nil, r.missed(at, err, what)
	}
	for i, key := range keys {
		name, _ := key.(string)
		switch {
		case i >= most:
			return names, r.missed(at, unread(fmt.Sprintf("it has %d names; %d are read", len(keys), most)), what)
		case name == "" || strings.HasSuffix(name, "/") || path.Clean("/"+name) != "/"+name:
			_ = r.missed(at+"/"+name, unread("it is a folder, or a name that no path can hold"), what)
		default:
			names = append(names, name)
		}
	}
	return names, nil
}

// get reads a path, or lists it. Its data have no secrets. Without data there
// is an error: errAbsent, an unread, or one that ends the reading.
func (r *reader) get(ctx context.Context, at string, list bool) (map[string]any, error) {
	params := map[string][]string{}
	if list {
		params["list"] = []string{"true"}
	}
	response, err := r.client.api.Logical().ReadRawWithDataWithContext(ctx, at, params)
	if response != nil {
		defer response.Body.Close()
	}
	if err = r.client.judge("read "+at, err); err != nil {
		return nil, err
	}
	var answer struct {
		Data map[string]any `json:"data"`
	}
	decoder := json.NewDecoder(response.Body)
	decoder.UseNumber()
	if err := decoder.Decode(&answer); err != nil || answer.Data == nil {
		return nil, unread("the answer is not one of Vault")
	}
	return WithoutSecrets(answer.Data), nil
}

// missed notes what could not be read, and what is unread by that; an error
// that ends the reading passes.
func (r *reader) missed(at string, err error, what string) error {
	var reason unread
	switch {
	case err == nil:
		reason = "the answer is not one of Vault"
	case errors.Is(err, errAbsent):
		reason = "there is nothing"
	case !errors.As(err, &reason):
		return err
	}
	r.note(at + ": " + string(reason))
	r.lock.Lock()
	defer r.lock.Unlock()
	if !slices.Contains(r.reading.Unread, what) {
		r.reading.Unread = append(r.reading.Unread, what)
	}
	return nil
}

func (r *reader) note(what string) {
	r.lock.Lock()
	defer r.lock.Unlock()
	r.reading.Incomplete = append(r.reading.Incomplete, "Vault "+r.client.address+": "+what)
}

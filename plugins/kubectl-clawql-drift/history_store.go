package main

import (
	"context"
	"strings"
	"time"

	"github.com/clawql/clawql-workbench/shared/drifthistory"
	"github.com/clawql/clawql-workbench/shared/driftstore"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/urfave/cli/v2"
)

// scheduleNamespace is where the scheduled run and its history live: a
// namespace of their own, so that they are no part of what is compared.
const scheduleNamespace = "clawql-drift"

func historyFlag() cli.Flag {
	return &cli.StringFlag{Name: "history", Usage: "`WHERE` the history is: CONTEXT/NAMESPACE, or file:PATH (default the context of --to, namespace " + scheduleNamespace + ")"}
}

// historyStore is the place that --history names.
func historyStore(o options, where string) (driftstore.Store, error) {
	if path, isFile := strings.CutPrefix(where, "file:"); isFile {
		if path == "" {
			return nil, fault.Usage("--history %q names no file", where)
		}
		return driftstore.File{Path: path}, nil
	}
	if where == "" {
		if o.to.context == "" {
			return nil, fault.Usage("--to %q is no cluster, so it does not say where the history is", o.to.name).
				Hint("name the place: --history file:PATH, or --history CONTEXT/NAMESPACE")
		}
		where = o.to.context + "/" + scheduleNamespace
	}
	at := strings.LastIndex(where, "/")
	if at <= 0 || at == len(where)-1 {
		return nil, fault.Usage("--history %q is no place; write CONTEXT/NAMESPACE or file:PATH", where)
	}
	cluster, err := driftstore.Open(o.kubeconfig, where[:at])
	if err != nil {
		return nil, err
	}
	return driftstore.ConfigMap{Cluster: cluster, Namespace: where[at+1:]}, nil
}

// changeHistory loads the history, or begins one, lets f change it, and saves.
func changeHistory(ctx context.Context, store driftstore.Store, o options, now time.Time, f func(*drifthistory.History)) (h *drifthistory.History, err error) {
	err = driftstore.Change(ctx, store, func(old []byte) ([]byte, error) {
		if h, err = decodeHistory(store, o, old); err != nil {
			return nil, err
		}
		if h == nil {
			h = drifthistory.New(o.from.name, o.to.name, now)
		}
		f(h)
		return h.Encode(now)
	})
	return h, err
}

// decodeHistory reads the history of this pair; nil where there is none.
func decodeHistory(store driftstore.Store, o options, text []byte) (*drifthistory.History, error) {
	if len(text) == 0 {
		return nil, nil
	}
	h, err := drifthistory.Decode(text)
	if err != nil {
		return nil, err
	}
	if h.From != o.from.name || h.To != o.to.name {
		return nil, fault.Usage("the history in %s is that of %s -> %s, not of %s -> %s", store, h.From, h.To, o.from.name, o.to.name).
			Hint("each pair has a history of its own: --history names another place")
	}
	return h, nil
}

package commitverify

import (
	"context"
	"runtime"
	"sync"

	"github.com/clawql/clawql-workbench/shared/gitchange"
)

// A chunk of commits goes to one processor; few chunks wait at a time, so that
// memory does not grow with history.
const (
	chunkSize   = 64
	chunksAhead = 16
)

type chunk struct {
	items []item
	done  chan struct{}
}

// each reads the commits through one child of git, takes them apart on all
// processors, and hands them to judge in the order of ids.
func each(ctx context.Context, repo *gitchange.Repo, ids []string, judge func(*item) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	work, order := make(chan *chunk, chunksAhead), make(chan *chunk, chunksAhead)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for c := range work {
				for i := range c.items {
					c.items[i].open()
				}
				close(c.done)
			}
		})
	}
	read := make(chan error, 1)
	go func() {
		defer close(order)
		defer close(work)
		read <- readChunks(ctx, repo, ids, func(c *chunk) error { return send(ctx, c, work, order) })
	}()
	err := judgeAll(order, judge)
	if err != nil {
		stop()
		for range order { // lets the reader end
		}
	}
	workers.Wait()
	if failed := <-read; err == nil {
		err = failed
	}
	return err
}

func send(ctx context.Context, c *chunk, to ...chan<- *chunk) error {
	for _, one := range to {
		select {
		case one <- c:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func judgeAll(order <-chan *chunk, judge func(*item) error) error {
	for c := range order {
		<-c.done
		for i := range c.items {
			if err := c.items[i].err; err != nil {
				return err
			}
			if err := judge(&c.items[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// readChunks asks for each commit and its root tree.
func readChunks(ctx context.Context, repo *gitchange.Repo, ids []string, out func(*chunk) error) error {
	names := make([]string, 0, 2*len(ids))
	for _, id := range ids {
		names = append(names, id, id+"^{tree}")
	}
	at, c := 0, newChunk()
	err := repo.Stream(ctx, names, maxObject, func(one gitchange.Object) error {
		at++
		if at%2 == 1 {
			c.items = append(c.items, item{id: one.Name, raw: one})
			return nil
		}
		c.items[len(c.items)-1].tree = one
		if len(c.items) < chunkSize {
			return nil
		}
		full := c
		c = newChunk()
		return out(full)
	})
	if err == nil && len(c.items) > 0 {
		err = out(c)
	}
	return err
}

func newChunk() *chunk {
	return &chunk{items: make([]item, 0, chunkSize), done: make(chan struct{})}
}

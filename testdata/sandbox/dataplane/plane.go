package dataplane

import (
	"context"
	"log"
	"sync/atomic"
	"time"
)

// Plane joins the parts: watch, compile, put in force, report.
type Plane struct {
	proxy     *Proxy
	history   *History
	compiler  *Compiler
	watcher   *Watcher
	listeners *Listeners
	reporter  *Reporter
	ready     atomic.Bool
	log       *log.Logger
}

// Run follows the cluster until ctx ends; ready is called once, when the first
// configuration is in force.
func (p *Plane) Run(ctx context.Context, ready func() error) error {
	defer p.listeners.Close()
	if err := p.watcher.Start(ctx); err != nil {
		return nil // told to stop before the first view
	}
	go p.reporter.Run(ctx)
	p.apply()
	if err := ready(); err != nil {
		return err
	}
	p.ready.Store(true)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-p.watcher.changed:
			p.apply()
		}
	}
}

// apply compiles the present view, puts it in force, and then has it reported.
// The order matters: a status says what is so.
func (p *Plane) apply() {
	objects, err := p.watcher.Objects()
	if err != nil {
		p.log.Printf("read the view: %v", err)
		return
	}
	result := p.compiler.Compile(objects)
	p.proxy.Use(result.Table)
	now := time.Now()
	for _, change := range p.history.Record(result.Table, now.UTC()) {
		p.log.Printf("in force: %s", change)
	}
	failures := p.listeners.Set(result.Ports)
	for port, err := range failures {
		p.log.Printf("port %d: %v; trying again", port, err)
		p.watcher.pokeIn(time.Second)
	}
	p.reporter.Tell(report{result, p.watcher.Class(), failures})
}

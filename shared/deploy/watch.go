package deploy

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"sync"
	"time"

	"github.com/clawql/clawql-workbench/shared/canary"
	"github.com/clawql/clawql-workbench/shared/cluster"
	"github.com/clawql/clawql-workbench/shared/project"
	"github.com/clawql/clawql-workbench/shared/signals"
)

// watcher looks at the gateway pods of both sides: counters once a tick,
// logs all the time. Its events arrive the moment a line is read.
type watcher struct {
	cluster  *cluster.Cluster
	gateway  project.Gateway
	signals  project.Signals
	sides    map[canary.Side]map[string]string // labels of each side's pods
	newTrack func(cluster.Pod) bool            // a stable pod that already runs the new version
	events   chan canary.Event

	restart map[string]int32 // by pod; only looks read and write it

	mu      sync.Mutex
	clients map[string]*http.Client // by pod
	follows map[string]*follow      // by pod
	errors  map[canary.Side]int
	trouble string    // why the last tick was not whole
	silence time.Time // since when no canary pod is ready; zero while one is
	why     string    // what is wrong with a canary pod that is not ready
}

// follow is one log that is being read.
type follow struct {
	connected bool
	last      time.Time // of the newest error line, so that none counts twice
	cancel    context.CancelFunc
}

func newWatcher(c *cluster.Cluster, p *project.Project, stable, canaryPods map[string]string, isNew func(cluster.Pod) bool) *watcher {
	return &watcher{cluster: c, gateway: p.Gateway, signals: p.Signals, newTrack: isNew, events: make(chan canary.Event, 1024),
		sides:   map[canary.Side]map[string]string{canary.Baseline: stable, canary.Canary: canaryPods},
		clients: map[string]*http.Client{}, follows: map[string]*follow{}, errors: map[canary.Side]int{}, restart: map[string]int32{}}
}

// look lists and scrapes all pods once. What could not be read is in the
// tick as not OK: the judge decides what that means.
func (w *watcher) look(ctx context.Context, now time.Time) canary.Tick {
	tick := canary.Tick{At: now}
	var work sync.WaitGroup
	var mu sync.Mutex
	w.setTrouble("")
	present := map[string]bool{}
	for side, selector := range w.sides {
		pods, err := w.cluster.Pods(ctx, selector, w.gateway.Name)
		if err != nil {
			w.setTrouble(err.Error())
			return canary.Tick{At: now}
		}
		if side == canary.Canary {
			w.noteSilence(pods, now)
		}
		for _, pod := range pods {
			present[pod.Name] = true
			actual := side
			if side == canary.Baseline && w.newTrack(pod) {
				actual = canary.Canary
			}
			w.noteRestart(actual, pod) // of a pod that is not ready too: a crash makes it so
			if !pod.Started.IsZero() && !pod.Ending {
				w.followLog(ctx, actual, pod)
			}
			if pod.Ending || !pod.Ready {
				continue
			}
			client := w.client(pod.Name)
			work.Go(func() {
				sample := w.scrape(ctx, client, pod)
				mu.Lock()
				defer mu.Unlock()
				if actual == canary.Canary {
					tick.Canary = append(tick.Canary, sample)
				} else {
					tick.Baseline = append(tick.Baseline, sample)
				}
			})
		}
	}
	work.Wait()
	w.forget(present)
	tick.LogsFollowed = w.allFollowed(tick.Canary)
	return tick
}

func (w *watcher) scrape(ctx context.Context, client *http.Client, pod cluster.Pod) canary.PodSample {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	sample := canary.PodSample{Pod: pod.Name, Instance: pod.Instance, Started: pod.Started}
	counts, err := signals.Scrape(ctx, client, fmt.Sprintf("http://%s:%d/metrics", pod.Name, w.gateway.Port),
		metric(w.signals.Requests), metric(w.signals.Blocks))
	if err != nil {
		w.setTrouble(fmt.Sprintf("pod %s: %v", pod.Name, err))
		return sample
	}
	sample.OK, sample.Counters = true, canary.Counters{Requests: counts.Requests, Blocks: counts.Blocks}
	return sample
}

func metric(m project.MetricSignal) signals.Metric {
	return signals.Metric{Name: m.Metric, Labels: m.Labels}
}

func (w *watcher) client(pod string) *http.Client {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.clients[pod] == nil {
		w.clients[pod] = w.cluster.PodHTTP(pod)
	}
	return w.clients[pod]
}

// noteSilence keeps since when the canary has no ready pod.
func (w *watcher) noteSilence(pods []cluster.Pod, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.why = ""
	for _, pod := range pods {
		if pod.Ready && !pod.Ending {
			w.silence = time.Time{}
			return
		}
		if pod.Problem != "" {
			w.why = "pod " + pod.Name + ": " + pod.Problem
		}
	}
	if w.silence.IsZero() {
		w.silence = now
	}
}

// silent says since when no canary pod is ready, and why; zero while one is.
func (w *watcher) silent() (since time.Time, why string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.silence, w.why
}

// noteRestart reports a pod whose process began anew since the last look.
func (w *watcher) noteRestart(side canary.Side, pod cluster.Pod) {
	before, known := w.restart[pod.Name]
	w.restart[pod.Name] = pod.Restarts
	if pod.Restarts > before && (known || side == canary.Canary) {
		w.send(canary.Event{At: time.Now(), Kind: canary.Restarted, Side: side, Pod: pod.Name,
			Text: fmt.Sprintf("container restarted %d times", pod.Restarts)})
	}
}

// followLog reads a pod's log in the background, again and again until ctx
// ends: the canary's from its first line, the baseline's from now on.
func (w *watcher) followLog(ctx context.Context, side canary.Side, pod cluster.Pod) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.follows[pod.Name] != nil {
		return // it goes on over a restart of the container
	}
	ctx, cancel := context.WithCancel(ctx)
	f := &follow{cancel: cancel}
	if side == canary.Baseline {
		f.last = time.Now()
	}
	w.follows[pod.Name] = f
	go func() {
		for ctx.Err() == nil {
			w.readLog(ctx, side, pod.Name, f)
			select {
			case <-ctx.Done():
			case <-time.After(300 * time.Millisecond):
			}
		}
	}()
}

func (w *watcher) readLog(ctx context.Context, side canary.Side, pod string, f *follow) {
	stream, err := w.cluster.Logs(ctx, pod, w.gateway.Name, f.last)
	if err != nil {
		w.setTrouble(err.Error())
		return
	}
	defer stream.Close()
	w.connect(f, true)
	defer w.connect(f, false)
	_ = signals.Errors(stream, w.signals.Errors.Line, func(line signals.ErrorLine) {
		if !line.At.After(f.last) && !line.At.IsZero() {
			return // read before the connection was cut
		}
		f.last = line.At
		w.count(side)
		w.send(canary.Event{At: line.At, Kind: canary.Unhandled500, Side: side, Pod: pod, Text: line.Text})
	})
}

// send never blocks: the first event of a kind decides, a flood of them
// must not hold up the reader. Half of the room is kept for the canary, whose
// one event must not be lost in the baseline's flood.
func (w *watcher) send(e canary.Event) {
	if e.Side == canary.Baseline && len(w.events) > cap(w.events)/2 {
		return
	}
	select {
	case w.events <- e:
	default:
	}
}

func (w *watcher) connect(f *follow, connected bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f.connected = connected
}

func (w *watcher) count(side canary.Side) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.errors[side]++
}

func (w *watcher) setTrouble(text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.trouble = text
}

func (w *watcher) state() (errors map[canary.Side]int, trouble string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return maps.Clone(w.errors), w.trouble
}

func (w *watcher) allFollowed(pods []canary.PodSample) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, pod := range pods {
		if f := w.follows[pod.Pod]; f == nil || !f.connected {
			return false
		}
	}
	return true
}

// forget drops the connections and followers of pods that are gone.
func (w *watcher) forget(present map[string]bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for pod, client := range w.clients {
		if !present[pod] {
			client.CloseIdleConnections()
			delete(w.clients, pod)
		}
	}
	for pod, f := range w.follows {
		if !present[pod] {
			f.cancel()
			delete(w.follows, pod)
		}
	}
}

// close ends what forget would end, for every pod.
func (w *watcher) close() { w.forget(nil) }

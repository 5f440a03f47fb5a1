package posture

import "strings"

// drain lets a rollout end the old pods' sessions in peace. It fills in only
// what the overlay leaves out; a strategy that stops every pod at once is a
// violation.
func (j *judge) drain(w workload, container *place) {
	root := &place{j: j, on: w.template.on, fields: w.object.Object}
	strategy := root.in("spec", "strategy")
	strategy.never(Drain, "type", "RollingUpdate", "Recreate ends every session at once", "Recreate")
	if j.off(Drain, root.on) || strategy.value("type") == "Recreate" {
		return
	}
	j.surge(strategy)
	spec := w.spec()
	j.unset(spec, "terminationGracePeriodSeconds", graceSeconds)
	grace, _ := spec.value("terminationGracePeriodSeconds").(int64)
	if hook := container.in("lifecycle", "preStop"); hook.fields == nil {
		if seconds := min(preStopSeconds, grace/2); seconds > 0 {
			j.unset(hook, "sleep", map[string]any{"seconds": seconds})
		}
	}
}

// surge starts a new pod before it ends an old one. With an explicit maxSurge
// of 0 Kubernetes wants maxUnavailable above 0, so it is left alone.
func (j *judge) surge(strategy *place) {
	j.unset(strategy, "type", "RollingUpdate")
	update := strategy.in("rollingUpdate")
	j.unset(update, "maxSurge", int64(1))
	if surge := strings.TrimSuffix(text(update.value("maxSurge")), "%"); surge != "0" {
		j.unset(update, "maxUnavailable", int64(0))
	}
}

// unset fills in a field that the overlay leaves out.
func (j *judge) unset(p *place, key string, want any) {
	if have := p.value(key); have != nil {
		j.did(Drain, p.on, p.field(key), have, have, Kept)
		return
	}
	p.write(key, want)
	j.did(Drain, p.on, p.field(key), nil, want, New)
}

package deploy

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/clawql/clawql-workbench/shared/cluster"
	"github.com/clawql/clawql-workbench/shared/fault"
)

// journal is the record of the running deploy and the right to write it.
type journal struct {
	cluster *cluster.Cluster
	lock    *cluster.Lock
	stored  *cluster.Stored
	now     func() time.Time
	tell    func(Step)

	*Record
}

// begin writes the record of a new deploy in phase Planned.
func begin(ctx context.Context, c *cluster.Cluster, lock *cluster.Lock, record *Record, now func() time.Time, tell func(Step)) (*journal, error) {
	j := &journal{cluster: c, lock: lock, now: now, tell: tell, Record: record}
	j.note(Planned, "")
	data, err := j.encode()
	if err != nil {
		return nil, err
	}
	j.stored, err = c.CreateRecord(ctx, record.Number, data)
	return j, err
}

// reopen takes over the record of a deploy whose process is gone.
func reopen(c *cluster.Cluster, lock *cluster.Lock, stored *cluster.Stored, now func() time.Time, tell func(Step)) (*journal, error) {
	record, err := decodeRecord(stored)
	if err != nil {
		return nil, fault.Unable("record of deploy %d cannot be read: %w", stored.Number, err).
			Hint("kubectl -n %s get configmap clawql-deploy-%d -o yaml", c.Namespace, stored.Number)
	}
	return &journal{cluster: c, lock: lock, stored: stored, now: now, tell: tell, Record: record}, nil
}

// enter writes that phase begins. Nothing of the phase may be done before.
// The lock is asked afterwards: what follows may be a write that no fence
// guards. Entering a phase again, because the write failed, is no new line.
func (j *journal) enter(ctx context.Context, phase Phase, reason string) error {
	if last := j.last(); last.Phase != phase || last.Note != reason || last.Fence != j.lock.Fence {
		j.note(phase, reason)
		j.tell(Step{Phase: phase, Detail: reason})
	}
	if err := j.save(ctx); err != nil {
		return err
	}
	if err := j.lock.Check(ctx); errors.Is(err, cluster.ErrDeposed) {
		return err
	}
	return nil
}

func (j *journal) last() PhaseChange {
	if len(j.Phases) == 0 {
		return PhaseChange{}
	}
	return j.Phases[len(j.Phases)-1]
}

func (j *journal) note(phase Phase, reason string) {
	j.Phase = phase
	j.Phases = append(j.Phases, PhaseChange{Phase: phase, At: j.now().UTC(), Fence: j.lock.Fence, Note: reason})
	if phase.Ended() || phase == Unverified {
		j.Reason, j.Ended = reason, j.now().UTC()
	}
}

func (j *journal) save(ctx context.Context) error {
	data, err := j.encode()
	if err != nil {
		return err
	}
	j.stored.Data = data
	return j.cluster.UpdateRecord(ctx, j.lock, j.stored)
}

func (j *journal) encode() (map[string]string, error) {
	body, err := json.MarshalIndent(j.Record, "", " ")
	if err != nil {
		return nil, err
	}
	return map[string]string{recordKey: string(body)}, nil
}

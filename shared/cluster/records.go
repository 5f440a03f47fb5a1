package cluster

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	recordLabel  = "clawql.io/record"
	numberLabel  = "clawql.io/deploy"
	recordPrefix = "clawql-deploy-"
)

// Stored is the record of one deploy as the cluster keeps it.
type Stored struct {
	Number int64
	Data   map[string]string
	object *corev1.ConfigMap
}

// Records lists the deploys of this namespace, newest first.
func (c *Cluster) Records(ctx context.Context) ([]*Stored, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	list, err := c.typed.CoreV1().ConfigMaps(c.Namespace).List(ctx, metav1.ListOptions{LabelSelector: recordLabel + "=deploy"})
	if err != nil {
		return nil, c.Explain("reading the records of earlier deploys", err)
	}
	var all []*Stored
	for i := range list.Items {
		object := &list.Items[i]
		number, err := strconv.ParseInt(object.Labels[numberLabel], 10, 64)
		if err != nil {
			continue // not one of ours: the label's value is no number
		}
		all = append(all, &Stored{number, object.Data, object})
	}
	slices.SortFunc(all, func(a, b *Stored) int { return cmp.Compare(b.Number, a.Number) })
	return all, nil
}

// CreateRecord writes the record of deploy number; it must not exist yet.
func (c *Cluster) CreateRecord(ctx context.Context, number int64, data map[string]string) (*Stored, error) {
	object := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{
		Name: fmt.Sprint(recordPrefix, number), Namespace: c.Namespace,
		Labels: map[string]string{recordLabel: "deploy", numberLabel: strconv.FormatInt(number, 10), "app.kubernetes.io/managed-by": FieldManager},
	}, Data: data}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	written, err := c.typed.CoreV1().ConfigMaps(c.Namespace).Create(ctx, object, metav1.CreateOptions{FieldManager: FieldManager})
	if err != nil {
		return nil, c.Explain("writing the deploy's record", err)
	}
	return &Stored{number, data, written}, nil
}

// UpdateRecord writes s.Data as the holder of lock. When somebody else wrote
// since, the lock decides: the record's only writer is its holder, so that
// another holder is ErrDeposed; anything else (a label set by hand, an answer
// of ours that was lost on the way) is written over. A record that somebody
// deleted is written anew: without it, no successor would know of the canary.
func (c *Cluster) UpdateRecord(ctx context.Context, lock *Lock, s *Stored) error {
	for {
		err := again(ctx, func() error { return c.updateRecord(ctx, s) })
		if !apierrors.IsConflict(err) && !apierrors.IsNotFound(err) {
			return err
		}
		if err := lock.Check(ctx); err != nil {
			return fmt.Errorf("writing record %d: %w", s.Number, err)
		}
		if err := c.refresh(ctx, s); err != nil {
			return err
		}
	}
}

func (c *Cluster) updateRecord(ctx context.Context, s *Stored) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	next := s.object.DeepCopy()
	next.Data = s.Data
	written, err := c.typed.CoreV1().ConfigMaps(c.Namespace).Update(ctx, next, metav1.UpdateOptions{FieldManager: FieldManager})
	if err != nil {
		return c.Explain("writing the deploy's record", err)
	}
	s.object = written
	return nil
}

// refresh takes over what others changed of the record, apart from its data.
func (c *Cluster) refresh(ctx context.Context, s *Stored) error {
	name := s.object.Name
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	live, err := c.typed.CoreV1().ConfigMaps(c.Namespace).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return c.restoreRecord(ctx, s)
	}
	if err != nil {
		return c.Explain("reading the deploy's record", err)
	}
	s.object = live
	return nil
}

// restoreRecord writes a record that is gone. One that somebody else has
// written meanwhile is left to the next look.
func (c *Cluster) restoreRecord(ctx context.Context, s *Stored) error {
	restored, err := c.CreateRecord(ctx, s.Number, s.Data)
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	if err == nil {
		s.object = restored.object
	}
	return err
}

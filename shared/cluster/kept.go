package cluster

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"strconv"

	"github.com/clawql/clawql-workbench/shared/fault"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// KeptName is the Secret that holds what a rollback of the running deploy
// restores. Live objects carry environment values, so that they belong into a
// Secret and not into the record, which many may read.
const KeptName = "clawql-deploy-before"

const (
	keptObjects = "objects.json.gz"
	keptMost    = 16 << 20 // unpacked
)

// Keep writes content as the state before deploy number, in place of that of
// an earlier one.
func (c *Cluster) Keep(ctx context.Context, number int64, content []byte) error {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = w.Write(content) // a bytes.Buffer takes everything
	_ = w.Close()
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: KeptName, Namespace: c.Namespace,
			Labels: map[string]string{numberLabel: strconv.FormatInt(number, 10), "app.kubernetes.io/managed-by": FieldManager}},
		Type: "clawql.io/deploy", Data: map[string][]byte{keptObjects: packed.Bytes()}}
	return again(ctx, func() error {
		ctx, cancel := context.WithTimeout(ctx, callTimeout)
		defer cancel()
		secrets := c.typed.CoreV1().Secrets(c.Namespace)
		_, err := secrets.Update(ctx, secret, metav1.UpdateOptions{FieldManager: FieldManager})
		if apierrors.IsNotFound(err) {
			_, err = secrets.Create(ctx, secret, metav1.CreateOptions{FieldManager: FieldManager})
		}
		return c.Explain("keeping the state before the deploy in Secret "+KeptName, err)
	})
}

// Kept reads what Keep wrote for deploy number; a Secret that is gone or of
// another deploy is fault.Unable.
func (c *Cluster) Kept(ctx context.Context, number int64) (content []byte, err error) {
	err = again(ctx, func() error {
		content, err = c.kept(ctx, number)
		return err
	})
	return content, err
}

func (c *Cluster) kept(ctx context.Context, number int64) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	secret, err := c.typed.CoreV1().Secrets(c.Namespace).Get(ctx, KeptName, metav1.GetOptions{})
	if err != nil {
		return nil, c.Explain("reading the state before the deploy", err)
	}
	if of := secret.Labels[numberLabel]; of != strconv.FormatInt(number, 10) {
		return nil, fault.Unable("Secret %s holds the state before deploy %s, not before deploy %d", KeptName, of, number)
	}
	r, err := gzip.NewReader(bytes.NewReader(secret.Data[keptObjects]))
	if err != nil {
		return nil, fault.Unable("Secret %s cannot be unpacked: %w", KeptName, err)
	}
	return io.ReadAll(io.LimitReader(r, keptMost))
}

// DropKept removes the Secret of deploy number, which has ended; that of a
// later deploy stays.
func (c *Cluster) DropKept(ctx context.Context, number int64) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	secrets := c.typed.CoreV1().Secrets(c.Namespace)
	secret, err := secrets.Get(ctx, KeptName, metav1.GetOptions{})
	if err != nil || secret.Labels[numberLabel] != strconv.FormatInt(number, 10) {
		return nil
	}
	err = secrets.Delete(ctx, KeptName, metav1.DeleteOptions{Preconditions: metav1.NewUIDPreconditions(string(secret.UID))})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return c.Explain("removing Secret "+KeptName, err)
}

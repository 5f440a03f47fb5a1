package cluster

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/utils/ptr"
)

// Pod is what a deploy must know of one gateway pod.
type Pod struct {
	Name     string
	Instance string    // changes when the gateway's process starts anew, and its counters with it
	Started  time.Time // of that process; zero where unknown
	Ready    bool
	Ending   bool
	Restarts int32
	Image    string // as the pod's spec asks
	ImageID  string // as the node reports it running
	Labels   map[string]string
	Problem  string // why it is not ready, for people; empty where unknown
}

// Pods lists the pods that carry all of labels. container is the gateway's.
func (c *Cluster) Pods(ctx context.Context, selector map[string]string, container string) ([]Pod, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	list, err := c.typed.CoreV1().Pods(c.Namespace).List(ctx, metav1.ListOptions{LabelSelector: labels.SelectorFromSet(selector).String()})
	if err != nil {
		return nil, c.Explain("listing pods", err)
	}
	pods := make([]Pod, 0, len(list.Items))
	for i := range list.Items {
		pods = append(pods, podOf(&list.Items[i], container))
	}
	return pods, nil
}

func podOf(p *corev1.Pod, container string) Pod {
	pod := Pod{Name: p.Name, Labels: p.Labels, Instance: string(p.UID), Ending: p.DeletionTimestamp != nil, Problem: condition(p)}
	for _, c := range p.Spec.Containers {
		if c.Name == container {
			pod.Image = c.Image
		}
	}
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue {
			pod.Ready = true
		}
	}
	for _, s := range p.Status.ContainerStatuses {
		if s.Name == container {
			pod.Instance, pod.Restarts, pod.ImageID = string(p.UID)+"/"+s.ContainerID, s.RestartCount, s.ImageID
			if s.State.Running != nil {
				pod.Started = s.State.Running.StartedAt.Time
			}
		}
		if problem := containerProblem(s); problem != "" {
			pod.Problem = problem
		}
	}
	return pod
}

func condition(p *corev1.Pod) string {
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse {
			return c.Reason + ": " + c.Message
		}
	}
	return ""
}

func containerProblem(s corev1.ContainerStatus) string {
	switch {
	case s.State.Waiting != nil && s.State.Waiting.Reason != "ContainerCreating" && s.State.Waiting.Reason != "PodInitializing":
		return strings.TrimSuffix(s.State.Waiting.Reason+": "+s.State.Waiting.Message, ": ")
	case s.State.Terminated != nil:
		return fmt.Sprintf("container %s ended with exit code %d (%s)", s.Name, s.State.Terminated.ExitCode, s.State.Terminated.Reason)
	case !s.Ready && s.State.Running != nil:
		return fmt.Sprintf("container %s runs since %s, but is not ready", s.Name, s.State.Running.StartedAt.UTC().Format(time.TimeOnly))
	}
	return ""
}

// Rollout is how far a Deployment has come.
type Rollout struct {
	Desired, Updated, Ready, Total int32
	Observed                       bool   // the controller has seen the newest spec
	Stuck                          string // the controller's own verdict that it does not progress
}

// Done says whether every replica is of the newest spec and ready, and none is left of an older one.
func (r Rollout) Done() bool {
	return r.Observed && r.Updated == r.Desired && r.Ready == r.Desired && r.Total == r.Desired
}

// Rollout reads a Deployment's progress; nil where there is no such Deployment.
func (c *Cluster) Rollout(ctx context.Context, name string) (*Rollout, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	d, err := c.typed.AppsV1().Deployments(c.Namespace).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, c.Explain("reading Deployment "+name, err)
	}
	r := &Rollout{Desired: ptr.Deref(d.Spec.Replicas, 1), Updated: d.Status.UpdatedReplicas, Ready: d.Status.ReadyReplicas,
		Total: d.Status.Replicas, Observed: d.Status.ObservedGeneration >= d.Generation}
	for _, condition := range d.Status.Conditions {
		switch {
		case condition.Type == appsv1.DeploymentReplicaFailure && condition.Status == corev1.ConditionTrue,
			condition.Type == appsv1.DeploymentProgressing && condition.Reason == "ProgressDeadlineExceeded":
			r.Stuck = condition.Message
		}
	}
	return r, nil
}

// Logs follows the log of a pod's container from since on, each line with
// its time before it, until ctx ends or the container does.
func (c *Cluster) Logs(ctx context.Context, pod, container string, since time.Time) (io.ReadCloser, error) {
	options := &corev1.PodLogOptions{Container: container, Follow: true, Timestamps: true}
	if !since.IsZero() {
		options.SinceTime = &metav1.Time{Time: since}
	}
	stream, err := c.typed.CoreV1().Pods(c.Namespace).GetLogs(pod, options).Stream(ctx)
	return stream, c.Explain("following the log of pod "+pod, err)
}

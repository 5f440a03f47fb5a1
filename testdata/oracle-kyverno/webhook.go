package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/go-logr/logr"
	kyvernov1 "github.com/kyverno/kyverno/api/kyverno/v1"
	fakekyverno "github.com/kyverno/kyverno/pkg/client/clientset/versioned/fake"
	kyvernoinformers "github.com/kyverno/kyverno/pkg/client/informers/externalversions"
	"github.com/kyverno/kyverno/pkg/clients/dclient"
	"github.com/kyverno/kyverno/pkg/config"
	"github.com/kyverno/kyverno/pkg/engine"
	"github.com/kyverno/kyverno/pkg/engine/adapters"
	"github.com/kyverno/kyverno/pkg/engine/context/resolvers"
	"github.com/kyverno/kyverno/pkg/engine/factories"
	"github.com/kyverno/kyverno/pkg/engine/jmespath"
	"github.com/kyverno/kyverno/pkg/event"
	"github.com/kyverno/kyverno/pkg/exceptions"
	imageverifycache "github.com/kyverno/kyverno/pkg/image/verification/cache"
	"github.com/kyverno/kyverno/pkg/metrics"
	"github.com/kyverno/kyverno/pkg/policycache"
	reportutils "github.com/kyverno/kyverno/pkg/utils/report"
	"github.com/kyverno/kyverno/pkg/webhooks/handlers"
	"github.com/kyverno/kyverno/pkg/webhooks/resource"
	"github.com/kyverno/kyverno/pkg/webhooks/updaterequest"
	"github.com/kyverno/sdk/extensions/registryclient"
	admissionv1 "k8s.io/api/admission/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	kubeinformers "k8s.io/client-go/informers"
	kubefake "k8s.io/client-go/kubernetes/fake"
)

// validator is the part of Kyverno's handlers that is asked.
type validator interface {
	Validate(context.Context, logr.Logger, handlers.AdmissionRequest, string, time.Time) handlers.AdmissionResponse
}

type webhook struct {
	validator
}

// newWebhook makes Kyverno's handlers for some policies and namespaces.
func newWebhook(ctx context.Context, q question) (webhook, error) {
	cache := policycache.NewCache()
	for _, text := range q.Policies {
		if err := store(cache, text); err != nil {
			return webhook{}, err
		}
	}
	cluster := kubefake.NewSimpleClientset()
	informers := kubeinformers.NewSharedInformerFactory(cluster, 0)
	namespaces := informers.Core().V1().Namespaces()
	for name, labels := range q.Namespaces {
		labels["kubernetes.io/metadata.name"] = name
		if err := namespaces.Informer().GetStore().Add(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}}); err != nil {
			return webhook{}, err
		}
	}
	own := kyvernoinformers.NewSharedInformerFactory(fakekyverno.NewSimpleClientset(), 0)
	configuration := config.NewDefaultConfiguration(false)
	jp := jmespath.New(configuration)
	client := dclient.NewEmptyFakeClient()
	maps, err := resolvers.NewClientBasedResolver(cluster)
	if err != nil {
		return webhook{}, err
	}
	_ = reportutils.NewReportingConfig(nil)
	judge := engine.NewEngine(configuration, jp, adapters.Client(client),
		factories.DefaultRegistryClientFactory(adapters.RegistryClient(registryclient.New()), nil), imageverifycache.DisabledImageVerifyCache(),
		factories.DefaultContextLoaderFactory(maps), exceptions.New(own.Kyverno().V2().PolicyExceptions().Lister()), nil)
	return webhook{resource.NewHandlers(judge, client, fakekyverno.NewSimpleClientset(), configuration, metrics.NewFakeMetricsConfig(), cache,
		namespaces.Lister(), own.Kyverno().V2().UpdateRequests().Lister().UpdateRequests(config.KyvernoNamespace()),
		own.Kyverno().V1().ClusterPolicies(), own.Kyverno().V1().Policies(), updaterequest.NewFake(), event.NewFake(), false, "", "", jp, 1, 1000)}, nil
}

// invalidError is of a policy that Kyverno would not let into a cluster.
type invalidError struct{ error }

// store puts a policy into the cache as Kyverno's controller does: only what is
// for admission, and is asked about by its common webhooks.
func store(cache policycache.Cache, text []byte) error {
	var kind metav1.TypeMeta
	if err := json.Unmarshal(text, &kind); err != nil {
		return fmt.Errorf("reading a policy: %w", err)
	}
	var policy kyvernov1.PolicyInterface = &kyvernov1.ClusterPolicy{}
	if kind.Kind == "Policy" {
		policy = &kyvernov1.Policy{}
	}
	strict := json.NewDecoder(bytes.NewReader(text))
	strict.DisallowUnknownFields()
	if err := strict.Decode(policy); err != nil {
		return fmt.Errorf("reading a policy: %w", err)
	}
	if _, errs := policy.Validate(nil); len(errs) > 0 {
		return invalidError{fmt.Errorf("policy %s: %w", policy.GetName(), errs.ToAggregate())}
	}
	if !policy.AdmissionProcessingEnabled() {
		return nil
	}
	if policy.GetSpec().CustomWebhookMatchConditions() {
		return errors.New("match conditions are for the API server, which is not here")
	}
	key := policy.GetName()
	if namespace := policy.GetNamespace(); namespace != "" {
		key = namespace + "/" + key
	}
	return cache.Set(key, policy, api{})
}

// create asks both of Kyverno's webhooks about the creation of an object, and
// gives the reason of the first that refuses.
func (w webhook) create(ctx context.Context, object map[string]any, now time.Time) (string, error) {
	raw, err := json.Marshal(object)
	if err != nil {
		return "", err
	}
	var head struct {
		metav1.TypeMeta
		Metadata metav1.ObjectMeta
	}
	if err := json.Unmarshal(raw, &head); err != nil {
		return "", err
	}
	gvk := head.GroupVersionKind()
	one, err := find(gvk)
	if err != nil {
		return "", err
	}
	request := handlers.AdmissionRequest{GroupVersionKind: gvk, AdmissionRequest: admissionv1.AdmissionRequest{
		UID: "1", Kind: metav1.GroupVersionKind(gvk), Resource: metav1.GroupVersionResource(gvk.GroupVersion().WithResource(one.plural)),
		Namespace: head.Metadata.Namespace, Name: head.Metadata.Name, Operation: admissionv1.Create,
		UserInfo: authenticationv1.UserInfo{Username: "somebody", Groups: []string{"system:authenticated"}}, Object: runtime.RawExtension{Raw: raw},
	}}
	if gvk.Kind == "Namespace" {
		request.Namespace = head.Metadata.Name // as the API server says it
	}
	for _, failurePolicy := range []string{"fail", "ignore"} {
		if response := w.Validate(ctx, logr.Discard(), request, failurePolicy, now); !response.Allowed {
			return "refused: " + response.Result.Message, nil
		}
	}
	return "", nil
}

// gvks is a resource of Kubernetes' API.
type gvks struct {
	schema.GroupVersionKind
	plural string
}

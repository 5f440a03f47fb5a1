package dataplane

import (
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// ControllerName is the data plane's name in statuses and GatewayClasses.
const ControllerName = "clawql.io/sandbox-dataplane"

func condition(kind string, holds bool, reason, text string) metav1.Condition {
	status := metav1.ConditionFalse
	if holds {
		status = metav1.ConditionTrue
	}
	return metav1.Condition{Type: kind, Status: status, Reason: reason, Message: text}
}

func accepted() metav1.Condition {
	return condition(string(gatewayv1.RouteConditionAccepted), true, string(gatewayv1.RouteReasonAccepted), "")
}

func refused(reason gatewayv1.RouteConditionReason, text string) metav1.Condition {
	return condition(string(gatewayv1.RouteConditionAccepted), false, string(reason), text)
}

// setCondition keeps lastTransitionTime as long as the status stays the same.
func setCondition(conditions *[]metav1.Condition, generation int64, c metav1.Condition) {
	c.ObservedGeneration = generation
	meta.SetStatusCondition(conditions, c)
}

// parentStatus begins with the conditions that the route has from us already.
func parentStatus(r *gatewayv1.HTTPRoute, ref gatewayv1.ParentReference, verdict metav1.Condition) gatewayv1.RouteParentStatus {
	status := gatewayv1.RouteParentStatus{ParentRef: ref, ControllerName: ControllerName}
	for _, p := range r.Status.Parents {
		if p.ControllerName == ControllerName && sameParent(p.ParentRef, ref) {
			status.Conditions = append(status.Conditions, p.Conditions...)
		}
	}
	setCondition(&status.Conditions, r.Generation, verdict)
	return status
}

func sameParent(a, b gatewayv1.ParentReference) bool {
	return a.Name == b.Name && deref(a.Namespace, "") == deref(b.Namespace, "") &&
		deref(a.SectionName, "") == deref(b.SectionName, "") && deref(a.Port, 0) == deref(b.Port, 0)
}

// withParents replaces our entries of a status and keeps other controllers'.
func withParents(old []gatewayv1.RouteParentStatus, ours []gatewayv1.RouteParentStatus) []gatewayv1.RouteParentStatus {
	list := []gatewayv1.RouteParentStatus{}
	for _, p := range old {
		if p.ControllerName != ControllerName {
			list = append(list, p)
		}
	}
	return append(list, ours...)
}

// gatewayStatus is a Gateway's status when its ports listen; failures says of
// which ports why they do not.
func gatewayStatus(g GatewayResult, failures map[int32]error) gatewayv1.GatewayStatus {
	gw := g.Gateway
	status := *gw.Status.DeepCopy()
	address := gatewayv1.IPAddressType
	status.Addresses = []gatewayv1.GatewayStatusAddress{{Type: &address, Value: loopback}}
	programmed := condition(string(gatewayv1.GatewayConditionProgrammed), true, string(gatewayv1.GatewayReasonProgrammed), "")
	listeners := make([]gatewayv1.ListenerStatus, 0, len(gw.Spec.Listeners))
	for _, l := range gw.Spec.Listeners {
		s := listenerStatus(gw, l, g.Attached[l.Name], failures[int32(l.Port)])
		if c := meta.FindStatusCondition(s.Conditions, string(gatewayv1.ListenerConditionProgrammed)); c.Status != metav1.ConditionTrue {
			programmed = condition(programmed.Type, false, string(gatewayv1.GatewayReasonInvalid), "listener "+string(l.Name)+": "+c.Message)
		}
		listeners = append(listeners, s)
	}
	status.Listeners = listeners
	setCondition(&status.Conditions, gw.Generation, condition(string(gatewayv1.GatewayConditionAccepted), true, string(gatewayv1.GatewayReasonAccepted), ""))
	setCondition(&status.Conditions, gw.Generation, programmed)
	return status
}

func listenerStatus(gw *gatewayv1.Gateway, l gatewayv1.Listener, attached int32, failure error) gatewayv1.ListenerStatus {
	s := gatewayv1.ListenerStatus{Name: l.Name, AttachedRoutes: attached,
		SupportedKinds: []gatewayv1.RouteGroupKind{{Group: new(gatewayv1.Group(gatewayv1.GroupName)), Kind: "HTTPRoute"}}}
	for _, old := range gw.Status.Listeners {
		if old.Name == l.Name {
			s.Conditions = append(s.Conditions, old.Conditions...)
		}
	}
	ok := condition(string(gatewayv1.ListenerConditionAccepted), true, string(gatewayv1.ListenerReasonAccepted), "")
	programmed := condition(string(gatewayv1.ListenerConditionProgrammed), true, string(gatewayv1.ListenerReasonProgrammed), "")
	switch {
	case l.Protocol != gatewayv1.HTTPProtocolType:
		ok = condition(ok.Type, false, string(gatewayv1.ListenerReasonUnsupportedProtocol), "only HTTP is supported")
		programmed = condition(programmed.Type, false, string(gatewayv1.ListenerReasonInvalid), ok.Message)
	case failure != nil:
		programmed = condition(programmed.Type, false, string(gatewayv1.ListenerReasonPending), failure.Error())
	}
	setCondition(&s.Conditions, gw.Generation, ok)
	setCondition(&s.Conditions, gw.Generation, programmed)
	setCondition(&s.Conditions, gw.Generation, condition(string(gatewayv1.ListenerConditionResolvedRefs), true, string(gatewayv1.ListenerReasonResolvedRefs), ""))
	return s
}

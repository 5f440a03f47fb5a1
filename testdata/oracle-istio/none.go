package main

import (
	"istio.io/istio/pilot/pkg/model"
	"istio.io/istio/pkg/config/host"
	"istio.io/istio/pkg/config/labels"
)

// none is a mesh without services: the policies asked about select pods.
type none struct{ model.NetworkGatewaysHandler }

func (none) NetworkGateways() []model.NetworkGateway                   { return nil }
func (none) Services() []*model.Service                                { return nil }
func (none) GetService(host.Name) *model.Service                       { return nil }
func (none) GetProxyServiceTargets(*model.Proxy) []model.ServiceTarget { return nil }
func (none) GetProxyWorkloadLabels(*model.Proxy) labels.Instance       { return nil }
func (none) MCSServices() []model.MCSServiceInfo                       { return nil }

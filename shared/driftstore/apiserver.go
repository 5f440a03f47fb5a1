package driftstore

import (
	"context"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// APIServer gives the address of the Service default/kubernetes, which pods
// connect to, and all at which a network may see them do it: those behind the
// Service, and its own, for networks that judge before they translate.
func (c *Cluster) APIServer(ctx context.Context) (service netip.AddrPort, all []netip.AddrPort, err error) {
	behind, err := c.behindService(ctx)
	if err != nil {
		return service, nil, err
	}
	own, err := c.ownAddresses(ctx)
	if err != nil {
		return service, nil, err
	}
	if len(own) == 0 || len(behind) == 0 {
		return service, nil, fault.Unable("read the addresses of the API server: context %q: Service default/kubernetes has none", c.Context)
	}
	all = slices.Concat(behind, own)
	slices.SortFunc(all, netip.AddrPort.Compare)
	return own[0], slices.Compact(all), nil
}

func (c *Cluster) behindService(ctx context.Context) (all []netip.AddrPort, err error) {
	found, err := c.List(ctx, "EndpointSlice", "default", "kubernetes.io/service-name=kubernetes")
	if err != nil {
		return nil, err
	}
	for _, one := range found {
		var slice discoveryv1.EndpointSlice
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(one.Object, &slice); err != nil {
			return nil, c.explain("read the addresses of the API server", err)
		}
		all = append(all, addresses(slice)...)
	}
	return all, nil
}

// ownAddresses are those of the Service, the one of its first family first.
func (c *Cluster) ownAddresses(ctx context.Context) (all []netip.AddrPort, err error) {
	service, err := c.Get(ctx, "Service", "default", "kubernetes")
	if err != nil || service == nil {
		return nil, err
	}
	var own corev1.Service
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(service.Object, &own); err != nil {
		return nil, c.explain("read the addresses of the API server", err)
	}
	for _, ip := range own.Spec.ClusterIPs {
		for _, port := range own.Spec.Ports {
			all = appendAddress(all, ip, port.Port)
		}
	}
	return all, nil
}

func addresses(slice discoveryv1.EndpointSlice) (all []netip.AddrPort) {
	for _, endpoint := range slice.Endpoints {
		for _, ip := range endpoint.Addresses {
			for _, port := range slice.Ports {
				if port.Port != nil {
					all = appendAddress(all, ip, *port.Port)
				}
			}
		}
	}
	return all
}

func appendAddress(all []netip.AddrPort, ip string, port int32) []netip.AddrPort {
	address, err := netip.ParseAddr(ip)
	if err != nil || port < 1 || port > 65535 {
		return all
	}
	return append(all, netip.AddrPortFrom(address, uint16(port)))
}

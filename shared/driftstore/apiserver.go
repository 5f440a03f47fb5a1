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

// APIServer gives the addresses at which pods reach the API server: those
// behind the Service default/kubernetes, which network policies see, and its
// own, for networks that judge before they translate.
func (c *Cluster) APIServer(ctx context.Context) (all []netip.AddrPort, err error) {
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
	service, err := c.Get(ctx, "Service", "default", "kubernetes")
	if err != nil {
		return nil, err
	}
	if service != nil {
		var own corev1.Service
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(service.Object, &own); err != nil {
			return nil, c.explain("read the addresses of the API server", err)
		}
		for _, ip := range own.Spec.ClusterIPs {
			for _, port := range own.Spec.Ports {
				all = appendAddress(all, ip, port.Port)
			}
		}
	}
	if len(all) == 0 {
		return nil, fault.Unable("read the addresses of the API server: context %q: Service default/kubernetes has none", c.Context)
	}
	slices.SortFunc(all, netip.AddrPort.Compare)
	return slices.Compact(all), nil
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

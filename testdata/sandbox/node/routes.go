package node

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strconv"
	"strings"
)

// Taken lists the IPv4 networks that the machine's own addresses and routes occupy.
func Taken() ([]*net.IPNet, error) {
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return nil, fmt.Errorf("listing the machine's addresses: %w", err)
	}
	var taken []*net.IPNet
	for _, address := range addresses {
		if n, ok := address.(*net.IPNet); ok && n.IP.To4() != nil {
			taken = append(taken, n)
		}
	}
	routes, err := routes("/proc/net/route")
	if errors.Is(err, fs.ErrNotExist) { // not Linux: the addresses have to do
		return taken, nil
	}
	return append(taken, routes...), err
}

// routes reads the networks of a file in the format of /proc/net/route: a head line, then
// device, destination, gateway, ..., mask as eighth field, in hexadecimal of the machine's byte
// order. The default route is left out.
func routes(file string) ([]*net.IPNet, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading the routes: %w", err)
	}
	var found []*net.IPNet
	for _, line := range strings.Split(string(data), "\n")[1:] {
		fields := strings.Fields(line)
		if len(fields) < 8 {
			continue
		}
		destination, err := hexIP(fields[1])
		if err != nil {
			return nil, err
		}
		mask, err := hexIP(fields[7])
		if err != nil {
			return nil, err
		}
		if destination.Equal(net.IPv4zero) {
			continue
		}
		found = append(found, &net.IPNet{IP: destination, Mask: net.IPMask(mask.To4())})
	}
	return found, nil
}

func hexIP(s string) (net.IP, error) {
	n, err := strconv.ParseUint(s, 16, 32)
	if err != nil {
		return nil, fmt.Errorf("reading the routes: address %q: %w", s, err)
	}
	ip := make(net.IP, 4)
	binary.NativeEndian.PutUint32(ip, uint32(n))
	return ip, nil
}

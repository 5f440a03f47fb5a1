package vaultauth

import (
	"net/netip"
	"slices"
)

// inBlocks says whether an address is in one of the blocks; where there are
// none, every address is.
func inBlocks(list []netip.Prefix, address netip.Addr) bool {
	return len(list) == 0 || slices.ContainsFunc(list, func(block netip.Prefix) bool { return block.Contains(address) })
}

// likely addresses, taken where there is a choice: those that RFC 5737 and RFC
// 3849 set aside for documents.
var likely = []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("198.51.100.1"), netip.MustParseAddr("2001:db8::1")}

// everywhere is both versions.
var everywhere = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}

// edges are addresses of which one is in a and not in b, if any is: a set of
// addresses that a has and b lacks begins where a block of a begins, or after
// the end of one of b.
func edges(a, b []netip.Prefix) []netip.Addr {
	list := slices.Clone(likely)
	for _, block := range slices.Concat(a, everywhere, b) {
		list = append(list, block.Addr())
	}
	for _, block := range b {
		if next := lastOf(block).Next(); next.IsValid() {
			list = append(list, next)
		}
	}
	return list
}

// lastOf the addresses of a block.
func lastOf(block netip.Prefix) netip.Addr {
	bytes := block.Masked().Addr().AsSlice()
	for bit := block.Bits(); bit < len(bytes)*8; bit++ {
		bytes[bit/8] |= 1 << (7 - bit%8)
	}
	last, _ := netip.AddrFromSlice(bytes)
	return last
}

// addressBeyond is one in a and not in b.
func addressBeyond(a, b []netip.Prefix) (netip.Addr, reach) {
	for _, address := range edges(a, b) {
		if inBlocks(a, address) && !inBlocks(b, address) {
			return address, found
		}
	}
	return netip.Addr{}, none
}

// addressIn is one of a, of b too where there is one.
// It is left open where neither has any blocks.
func addressIn(a, b []netip.Prefix) (netip.Addr, reach) {
	if len(a)+len(b) == 0 {
		return netip.Addr{}, found
	}
	list := edges(b, a)
	for _, also := range [][]netip.Prefix{b, nil} {
		for _, address := range list {
			if inBlocks(a, address) && inBlocks(also, address) {
				return address, found
			}
		}
	}
	return netip.Addr{}, none
}

package netpol

import (
	"net/netip"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// cidr of a block as the other side has it. A mapped network that lies within
// the block is left alone when it stays within it: the block is then the same.
// Mapped networks lie apart, so that their order decides nothing.
func (m Mapping) cidr(text *string) error {
	block, err := prefixOf(*text)
	if err != nil {
		return err
	}
	for old, renamed := range m.CIDRs {
		switch {
		case old.Masked().Contains(block.Addr()) && old.Bits() <= block.Bits():
			*text = netip.PrefixFrom(move(block.Addr(), old, renamed), block.Bits()).String()
			return nil
		case block.Overlaps(old) && !(block.Contains(renamed.Addr()) && block.Bits() <= renamed.Bits()):
			return fault.Unable("block %s: only its part %s would become %s", block, old, renamed)
		}
	}
	return nil
}

func (m Mapping) addr(addr netip.Addr) netip.Addr {
	for old, renamed := range m.CIDRs {
		if old.Contains(addr.Unmap()) {
			return move(addr.Unmap(), old, renamed)
		}
	}
	return addr
}

// move keeps the address's place within its network.
func move(addr netip.Addr, old, renamed netip.Prefix) netip.Addr {
	bytes, network := addr.AsSlice(), renamed.Addr().AsSlice()
	for i := range bytes {
		host := byte(0xff)
		if bits := old.Bits() - 8*i; bits >= 8 {
			host = 0
		} else if bits > 0 {
			host >>= bits
		}
		bytes[i] = bytes[i]&host | network[i]&^host
	}
	moved, _ := netip.AddrFromSlice(bytes)
	return moved
}

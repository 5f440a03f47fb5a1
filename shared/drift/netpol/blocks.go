package netpol

import (
	"fmt"
	"net/netip"
	"slices"

	"go4.org/netipx"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// addrCell is a set of addresses of one family that the same ipBlocks of a
// list match. Without blocks to tell addresses apart there is one cell without
// ranges: an address that nothing asks for.
type addrCell struct {
	v6      bool
	ranges  []netipx.IPRange
	matched map[int]bool
}

func (c addrCell) anything() bool { return len(c.ranges) == 0 }

// blockOf is an ipBlock as a set.
func blockOf(block *networkingv1.IPBlock) (*netipx.IPSet, error) {
	cidr, err := prefixOf(block.CIDR)
	if err != nil {
		return nil, err
	}
	var set netipx.IPSetBuilder
	set.AddPrefix(cidr)
	for _, text := range block.Except {
		except, err := prefixOf(text)
		if err != nil {
			return nil, err
		}
		if except.Bits() < cidr.Bits() || !cidr.Contains(except.Addr()) {
			return nil, fault.Unable("except %s: it must lie within %s", text, block.CIDR)
		}
		set.RemovePrefix(except)
	}
	return set.IPSet()
}

func prefixOf(text string) (netip.Prefix, error) {
	cidr, err := netip.ParsePrefix(text)
	if err != nil || cidr.Addr().Is4In6() {
		return netip.Prefix{}, fault.Unable("CIDR %q: it must be like 10.0.0.0/8 or 2001:db8::/32", text)
	}
	return cidr.Masked(), nil
}

// allAddrs is every address of both families.
var allAddrs = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}

// addrCells cuts the addresses of within into cells. Blocks are numbered by
// the keys of the map; order lists the keys that matter.
func addrCells(within *netipx.IPSet, blocks []*netipx.IPSet, order []int) []addrCell {
	if len(order) == 0 {
		return []addrCell{{}}
	}
	var cells []addrCell
	index := map[string]int{}
	for _, piece := range pieces(within, blocks, order) {
		matched, key := map[int]bool{}, familyKey(piece.From())
		for _, i := range order {
			if blocks[i].Contains(piece.From()) {
				matched[i] = true
				key = key.with(i + 1)
			}
		}
		at, seen := index[key.key()]
		if !seen {
			at = len(cells)
			index[key.key()] = at
			cells = append(cells, addrCell{v6: piece.From().Is6(), matched: matched})
		}
		cells[at].ranges = append(cells[at].ranges, piece)
	}
	return cells
}

// cut is a question to addrCells.
type cut struct {
	within *netipx.IPSet
	order  string
}

// mostCuts are remembered: few policies name blocks, and most pods have the
// same addresses.
const mostCuts = 4096

// addrCells remembers what it was asked: for most pairs of classes it is the
// same.
func (e *engine) addrCells(within *netipx.IPSet, order []int) []addrCell {
	if len(order) == 0 {
		return []addrCell{{}}
	}
	question := cut{within, fmt.Sprint(order)}
	cells, known := e.cuts[question]
	if !known {
		cells = addrCells(within, e.blocks, order)
		if e.cuts == nil || len(e.cuts) >= mostCuts {
			e.cuts = map[cut][]addrCell{}
		}
		e.cuts[question] = cells
	}
	return cells
}

func familyKey(addr netip.Addr) bits {
	if addr.Is6() {
		return bits{}.with(0)
	}
	return nil
}

// pieces are the ranges of within, cut wherever a block begins or ends.
func pieces(within *netipx.IPSet, blocks []*netipx.IPSet, order []int) []netipx.IPRange {
	var starts []netip.Addr
	for _, i := range order {
		for _, r := range blocks[i].Ranges() {
			starts = append(starts, r.From(), r.To().Next())
		}
	}
	slices.SortFunc(starts, netip.Addr.Compare)
	starts = slices.Compact(starts)
	var cut []netipx.IPRange
	for _, r := range within.Ranges() {
		from := r.From()
		first, _ := slices.BinarySearchFunc(starts, from, netip.Addr.Compare)
		for _, start := range starts[first:] {
			if start.IsValid() && from.Less(start) && start.Compare(r.To()) <= 0 && start.BitLen() == from.BitLen() {
				cut = append(cut, netipx.IPRangeFrom(from, start.Prev()))
				from = start
			}
		}
		cut = append(cut, netipx.IPRangeFrom(from, r.To()))
	}
	return cut
}

// readableAddrs come first when a witness needs an address: those that RFC 5737
// and RFC 3849 keep for examples.
var readableAddrs = []netip.Addr{
	netip.MustParseAddr("203.0.113.7"), netip.MustParseAddr("198.51.100.7"), netip.MustParseAddr("192.0.2.7"),
	netip.MustParseAddr("10.0.0.7"), netip.MustParseAddr("2001:db8::7"),
}

// readable is the address of the cell that is best to read.
func (c addrCell) readable() netip.Addr {
	if c.anything() {
		return readableAddrs[0]
	}
	for _, addr := range readableAddrs {
		if slices.ContainsFunc(c.ranges, func(r netipx.IPRange) bool { return r.Contains(addr) }) {
			return addr
		}
	}
	first := c.ranges[0]
	if next := first.From().Next(); next.IsValid() && first.Contains(next) {
		return next // the first is a network's own address
	}
	return first.From()
}

// setOf is prefixes as a set; every address when there are none.
func setOf(prefixes []netip.Prefix) *netipx.IPSet {
	if len(prefixes) == 0 {
		prefixes = allAddrs
	}
	var b netipx.IPSetBuilder
	for _, p := range prefixes {
		b.AddPrefix(p)
	}
	set, err := b.IPSet()
	if err != nil { // only an invalid prefix is one, and Compare refuses those
		return &netipx.IPSet{}
	}
	return set
}

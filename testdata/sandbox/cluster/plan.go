package cluster

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"syscall"

	"github.com/clawql/clawql-workbench/testdata/sandbox/ledger"
	"github.com/clawql/clawql-workbench/testdata/sandbox/nest"
	"github.com/clawql/clawql-workbench/testdata/sandbox/node"
)

// Ports that a sandbox needs, all on loopback but the kubelet's, which is on the bridge.
var portNames = []string{"etcd", "etcdPeer", "apiServer", "kubelet", "registry", "gateway", "admin", "traffic"}

// Ports are taken from here: above the well-known ones, below Linux's usual range for outgoing
// connections (32768 to 60999), so that none of those takes a port between choice and use.
const firstPort, lastPort = 20000, 29999

var validName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,30}[a-z0-9])?$`)

// Folder is where the sandbox of that name is found: ${TMPDIR:-/tmp}/clawql-sandbox-NAME.
func Folder(name string) string { return filepath.Join(os.TempDir(), "clawql-sandbox-"+name) }

// CheckName refuses a name that cannot be part of a folder, a cgroup and a node's name.
func CheckName(name string) error {
	if !validName.MatchString(name) {
		return Usage("sandbox name %q: use 1 to 32 lower-case letters, digits and dashes, none of them first or last a dash", name)
	}
	return nil
}

// plan chooses everything that two sandboxes on one machine must not share. The caller holds
// lockPlanning until the plan is in a ledger.
func plan(name, dir, mode string) (*ledger.Ledger, error) {
	if err := checkFolder(dir); err != nil {
		return nil, err
	}
	others := neighbours()
	ports, err := choosePorts(others)
	if err != nil {
		return nil, err
	}
	id := make([]byte, 12)
	_, _ = rand.Read(id) // never fails (crypto/rand)
	l := &ledger.Ledger{ID: hex.EncodeToString(id), Name: name, Dir: dir, Mode: mode, Ports: ports}
	if mode == External {
		return l, nil
	}
	taken, err := node.Taken()
	if err != nil {
		return nil, err
	}
	if l.Network, err = chooseNetwork(others, taken); err != nil {
		return nil, err
	}
	if mode == Real {
		l.Bridge = BridgeName(name)
		l.Links, l.Cgroups = []string{l.Bridge}, []string{cgroupName(l)}
	}
	return l, nil
}

// checkFolder refuses a folder in which the sandbox could not work.
func checkFolder(dir string) error {
	socket := filepath.Join(dir, "containerd.sock.ttrpc") // the longest of its sockets
	if limit := 107; len(socket) > limit {
		return Usage("folder %s is too long: the path of a unix socket in it would have %d of at most %d letters", dir, len(socket), limit)
	}
	if nest.Hides(dir) {
		return Usage("folder %s: choose one outside /run, /var/lib and /var/log, which are the sandbox's own inside", dir)
	}
	return nil
}

// BridgeName is the name of a sandbox's network link, which has at most 15 letters.
func BridgeName(name string) string {
	full := "cq-" + name
	if len(full) <= 15 {
		return full
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(name))
	return fmt.Sprintf("cq-%08x", h.Sum32())
}

// neighbours reads the ledgers of the other sandboxes of this user.
func neighbours() []*ledger.Ledger {
	dirs, _ := filepath.Glob(Folder("*"))
	var found []*ledger.Ledger
	for _, dir := range dirs {
		if l, err := ledger.Load(dir); err == nil {
			found = append(found, l)
		}
	}
	return found
}

// choosePorts picks free ports in random order.
func choosePorts(others []*ledger.Ledger) (map[string]int, error) {
	taken := map[int]bool{}
	for _, other := range others {
		for _, port := range other.Ports {
			taken[port] = true
		}
	}
	ports := map[string]int{}
	for _, name := range portNames {
		port, err := freePort(taken)
		if err != nil {
			return nil, err
		}
		ports[name], taken[port] = port, true
	}
	return ports, nil
}

func freePort(taken map[int]bool) (int, error) {
	for range 1000 {
		var b [2]byte
		_, _ = rand.Read(b[:])
		port := firstPort + (int(b[0])<<8|int(b[1]))%(lastPort-firstPort+1)
		if taken[port] {
			continue
		}
		if l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			_ = l.Close()
			return port, nil
		}
	}
	return 0, fmt.Errorf("no free port between %d and %d on 127.0.0.1", firstPort, lastPort)
}

// chooseNetwork picks 10.N.0.0/24 for pods and 10.N.1.0/24 for Services, where neither the
// machine nor another sandbox uses anything of 10.N.0.0/16.
func chooseNetwork(others []*ledger.Ledger, taken []*net.IPNet) (ledger.Network, error) {
	for _, other := range others {
		if _, n, err := net.ParseCIDR(other.Network.PodCIDR); err == nil {
			taken = append(taken, n)
		}
	}
	for n := 144; n < 255; n++ {
		wide := &net.IPNet{IP: net.IPv4(10, byte(n), 0, 0).To4(), Mask: net.CIDRMask(16, 32)}
		if !overlaps(wide, taken) {
			return ledger.Network{
				PodCIDR:     fmt.Sprintf("10.%d.0.0/24", n),
				Gateway:     fmt.Sprintf("10.%d.0.1", n),
				ServiceCIDR: fmt.Sprintf("10.%d.1.0/24", n),
				ServiceIP:   fmt.Sprintf("10.%d.1.1", n),
			}, nil
		}
	}
	return ledger.Network{}, fmt.Errorf("no network between 10.144.0.0/16 and 10.254.0.0/16 is free")
}

func overlaps(n *net.IPNet, taken []*net.IPNet) bool {
	for _, t := range taken {
		if n.Contains(t.IP) || t.Contains(n.IP) {
			return true
		}
	}
	return false
}

// lockPlanning makes choosing and writing down one step among all sandboxes of the machine. The
// lock is on the temp folder itself: it leaves no file, and the kernel drops it with the process.
func lockPlanning() (unlock func(), err error) {
	dir, err := os.Open(os.TempDir())
	if err != nil {
		return nil, fmt.Errorf("opening the temp folder: %w", err)
	}
	if err := syscall.Flock(int(dir.Fd()), syscall.LOCK_EX); err != nil {
		_ = dir.Close()
		return nil, fmt.Errorf("locking the temp folder: %w", err)
	}
	return func() { _ = dir.Close() }, nil
}

// nodeSpec says how this sandbox's node differs from others.
func nodeSpec(l *ledger.Ledger, pause string) node.Spec {
	return node.Spec{
		Dir: l.Dir, Name: nodeName(l), Bridge: l.Bridge, PodCIDR: l.Network.PodCIDR,
		Gateway: l.Network.Gateway, Port: l.Ports["kubelet"], PauseImage: pause,
		CgroupRoot: cgroupName(l),
		ClientCA:   l.Path("pki", "ca.crt"), Cert: l.Path("pki", "kubelet.crt"), Key: l.Path("pki", "kubelet.key"),
	}
}

func nodeName(l *ledger.Ledger) string   { return "clawql-sandbox-" + l.Name }
func cgroupName(l *ledger.Ledger) string { return "/clawql-sandbox-" + l.Name }

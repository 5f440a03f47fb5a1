// Package driftcheck compares two environments whole. It reads a side, gives
// each kind of object to the comparer that knows what it means (shared/drift),
// and what no comparer knows to a structural one (typediff). One difference is
// one finding: where a comparer of meaning has a verdict, the structural one
// is silent about the same object.
//
// What could not be read or understood is listed, and a report with such a
// list is incomplete: never equal.
package driftcheck

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/clawql/clawql-workbench/shared/clusterread"
	"github.com/clawql/clawql-workbench/shared/finding"
	"github.com/clawql/clawql-workbench/shared/manifests"
)

// Side is one environment.
type Side struct {
	Name       string // how a person calls it
	Objects    []*Object
	Policies   map[string]string         // Vault policies by name
	Auth       *VaultAuth                // who may log in to its Vault; nil is not known
	Partial    bool                      // objects may exist that are not listed, as with a folder
	Incomplete []string                  // what could not be read
	Namespaces []string                  // that make up the side; none is all that it holds
	Values     string                    // names the key that sealed the values of its Secrets
	Server     string                    // version of Kubernetes
	Kinds      []string                  // that somebody added to the API, as name.group; nil is not known
	Running    []Run                     // what its pods report, where there are any
	Requests   int                       // that were made of an API server
	Files      map[finding.Object]string // of a folder: where an object stands; without its apiVersion
	localVault bool                      // its Vault is a development server of this machine, see standing
}

// Reader reads both sides of one comparison: what it seals in the one can be
// compared with what it seals in the other, and with nothing else.
type Reader struct {
	sealer  *sealer
	folders *manifests.Reader[manifest]
}

// NewReader makes a reader with a key of its own.
func NewReader() *Reader { return readerWith(newSealer()) }

func readerWith(s *sealer) *Reader {
	r := &Reader{sealer: s}
	r.folders = manifests.NewReader(r.manifest)
	return r
}

// Folder reads a folder of manifests as a side. The errors are those of
// manifests.Read. An object of a kind that has a namespace and names none is
// in "default", as kubectl would put it. progress hears, now and then, how many
// files of how many were read; nil is silence.
func (r *Reader) Folder(ctx context.Context, dir string, progress func(files, of int)) (Side, error) {
	folder, err := r.folders.Read(ctx, dir, progress)
	if err != nil {
		return Side{}, err
	}
	side := Side{Name: dir, Policies: folder.Policies, Partial: true, Values: r.sealer.values(), Files: map[finding.Object]string{}}
	for _, skipped := range folder.Skipped {
		side.Incomplete = append(side.Incomplete, dir+": "+skipped)
	}
	for _, one := range folder.Objects {
		if one.Value.vault != nil {
			if err := side.manifest(one.Value.vault, one.File); err != nil {
				return Side{}, err
			}
			continue
		}
		o := one.Value.object
		side.Objects = append(side.Objects, o)
		side.Files[finding.Object{Kind: o.kind, Namespace: o.namespace, Name: o.name}] = one.File
	}
	side.Objects = withoutDrawn(side.Objects, false)
	return side, nil
}

// manifest is what is kept of one: an object, or a mount or role of Vault.
type manifest struct {
	object *Object
	vault  *unstructured.Unstructured
}

// manifest is take for folders.
func (r *Reader) manifest(o *unstructured.Unstructured) (manifest, bool, error) {
	if ofVault(o) {
		return manifest{vault: o}, true, nil
	}
	if o.GetNamespace() == "" && inNamespace(o) {
		o.SetNamespace("default")
	}
	if keep, err := r.take(o); err != nil || !keep {
		return manifest{}, false, err
	}
	object, err := newObject(o)
	return manifest{object: object}, true, err
}

// Cluster reads namespaces of a cluster as a side. The errors are those of
// clusterread.Read.
func (r *Reader) Cluster(ctx context.Context, s clusterread.Source) (Side, error) {
	seen := &runs{owners: map[[3]string]owner{}}
	var lock sync.Mutex
	var objects []*Object
	s.Owned = seen.see
	s.Each = func(o *unstructured.Unstructured) (bool, error) {
		if keep, err := r.take(o); err != nil || !keep {
			return false, err
		}
		object, err := newObject(o)
		lock.Lock()
		defer lock.Unlock()
		objects = append(objects, object)
		return false, err // the tree is used up
	}
	reading, err := clusterread.Read(ctx, s)
	if err != nil {
		return Side{}, err
	}
	objects = withoutDrawn(objects, true)
	slices.SortFunc(objects, byPlace)
	return Side{
		Name: reading.Context + "/" + strings.Join(s.Namespaces, ","), Objects: objects,
		Incomplete: reading.Incomplete, Namespaces: s.Namespaces, Requests: reading.Requests, Running: seen.list(),
		Values: r.sealer.values(), Server: reading.Version, Kinds: added(reading.Kinds),
	}, nil
}

// global are the kinds of the built-in API groups that have no namespace. Of
// other groups a folder does not tell: what names none is taken to have none.
var global = map[string]bool{
	"Namespace": true, "Node": true, "PersistentVolume": true, "ClusterRole": true, "ClusterRoleBinding": true,
	"CustomResourceDefinition": true, "StorageClass": true, "CSIDriver": true, "CSINode": true, "VolumeAttachment": true,
	"PriorityClass": true, "RuntimeClass": true, "IngressClass": true, "APIService": true, "FlowSchema": true,
	"PriorityLevelConfiguration": true, "CertificateSigningRequest": true, "ClusterTrustBundle": true,
	"MutatingWebhookConfiguration": true, "ValidatingWebhookConfiguration": true, "DeviceClass": true, "ResourceSlice": true,
	"ValidatingAdmissionPolicy": true, "ValidatingAdmissionPolicyBinding": true, "ServiceCIDR": true, "IPAddress": true,
	"MutatingAdmissionPolicy": true, "MutatingAdmissionPolicyBinding": true, "VolumeAttributesClass": true,
}

func inNamespace(o *unstructured.Unstructured) bool {
	group := o.GroupVersionKind().Group
	builtIn := !strings.Contains(group, ".") || strings.HasSuffix(group, ".k8s.io") && !strings.HasPrefix(group, "gateway.")
	return builtIn && !global[o.GetKind()]
}

// sealer replaces values by keyed hashes, so that equal ones stay equal and no
// report holds one. The key lives as long as one comparison.
type sealer struct {
	key       [32]byte
	valueless bool
}

func newSealer() *sealer {
	s := &sealer{}
	_, _ = rand.Read(s.key[:]) // it never fails, see its documentation
	return s
}

// seal is the same text for the same value, within one comparison.
func (s *sealer) seal(value string) string {
	if s.valueless {
		return noValue
	}
	mac := hmac.New(sha256.New, s.key[:])
	mac.Write([]byte(value))
	return sealedValue + hex.EncodeToString(mac.Sum(nil))[:12] + "]"
}

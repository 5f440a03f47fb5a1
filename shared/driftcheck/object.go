package driftcheck

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"sync"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	kjson "sigs.k8s.io/json"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/finding"
	"github.com/clawql/clawql-workbench/shared/typediff"
)

// Object is one object of a side: where it stands, and what it says. A tree of
// fields takes ten times the memory of its text, and two environments hold most
// objects alike. So an object is kept as text with a hash of what is compared,
// beside what comparers of meaning ask of it; only where two differ is the text
// made a tree again. An Object does not change.
type Object struct {
	key
	apiVersion string
	*content
}

// content is what an object says, whatever its namespace is called. Objects of
// both sides may share one.
type content struct {
	text     []byte            // JSON, without metadata.namespace
	sum      [sha256.Size]byte // of the projection, see strip
	misfit   error             // the projection does not fit its type
	changed  *finding.Change
	config   string // its configLabel
	typed    any    // a pointer to its type, for the kinds of typedKinds
	untyped  error  // why it has none
	template *corev1.PodTemplateSpec
	unread   error // why it has none
}

// differ knows the schema of the built-in types.
var differ = sync.OnceValue(typediff.New)

// typedKinds are read as types while their tree is there.
var typedKinds = map[schema.GroupKind]func(*unstructured.Unstructured) (any, error){
	{Kind: "Namespace"}: reads[corev1.Namespace],
	{Group: networkingv1.GroupName, Kind: "NetworkPolicy"}: reads[networkingv1.NetworkPolicy],
	{Group: rbacv1.GroupName, Kind: "Role"}:                reads[rbacv1.Role],
	{Group: rbacv1.GroupName, Kind: "ClusterRole"}:         reads[rbacv1.ClusterRole],
	{Group: rbacv1.GroupName, Kind: "RoleBinding"}:         reads[rbacv1.RoleBinding],
	{Group: rbacv1.GroupName, Kind: "ClusterRoleBinding"}:  reads[rbacv1.ClusterRoleBinding],
}

func reads[T any](o *unstructured.Unstructured) (any, error) { return as[T](o) }

// newObject makes an Object of a tree, which it uses up.
func newObject(tree *unstructured.Unstructured) (*Object, error) {
	o := &Object{keyOf(tree), tree.GetAPIVersion(), &content{}}
	metadata, _ := tree.Object["metadata"].(map[string]any)
	if metadata["managedFields"] != nil {
		o.changed = finding.LastChange(tree.GetManagedFields())
	}
	if o.kind == "ConfigMap" {
		o.config = tree.GetLabels()[configLabel]
	}
	if read := typedKinds[schema.GroupKind{Group: o.group, Kind: o.kind}]; read != nil {
		o.typed, o.untyped = read(tree)
	}
	o.template, o.unread = templateOf(tree)
	if o.namespace != "" {
		delete(metadata, "namespace")
	}
	if err := o.write(tree); err != nil {
		return nil, fault.Unable("read %s: %w", o, err)
	}
	o.misfit = differ().Fits(tree)
	return o, nil
}

// buffers for texts that are being written.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// write makes the text and the sum, and leaves of the tree its projection.
func (c *content) write(o *unstructured.Unstructured) (err error) {
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	if *buffer, err = appendJSON((*buffer)[:0], o.Object); err != nil {
		return err
	}
	c.text = bytes.Clone(*buffer)
	strip(o)
	*buffer, err = appendJSON((*buffer)[:0], o.Object)
	c.sum = sha256.Sum256(*buffer)
	return err
}

// Objects packs trees, which it uses up.
func Objects(trees []*unstructured.Unstructured) ([]*Object, error) {
	list := make([]*Object, len(trees))
	for i, o := range trees {
		var err error
		if list[i], err = newObject(o); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Trees are the objects as trees of their own.
func Trees(objects []*Object) []*unstructured.Unstructured {
	list := make([]*unstructured.Unstructured, len(objects))
	for i, o := range objects {
		list[i] = o.Tree()
	}
	return list
}

// Tree is the object as a tree, anew at each call.
func (o *Object) Tree() *unstructured.Unstructured {
	tree := &unstructured.Unstructured{}
	if err := kjson.UnmarshalCaseSensitivePreserveInts(o.text, &tree.Object); err != nil {
		panic("driftcheck: what appendJSON wrote cannot be read: " + firstLine(err))
	}
	if o.namespace != "" {
		tree.SetNamespace(o.namespace)
	}
	return tree
}

// groupKind is the kind, whatever its version.
func (o *Object) groupKind() key { return key{group: o.group, kind: o.kind} }

// object is how findings call it.
func (o *Object) object() finding.Object {
	return finding.Object{APIVersion: o.apiVersion, Kind: o.kind, Namespace: o.namespace, Name: o.name}
}

// String names it in errors.
func (o *Object) String() string {
	if o.namespace == "" {
		return o.kind + " " + o.name
	}
	return o.kind + " " + o.namespace + "/" + o.name
}

// in is the object in another namespace.
func (o *Object) in(namespace string) *Object {
	moved := *o
	moved.namespace = namespace
	return &moved
}

func (o *Object) isNamespace() bool { return o.kind == "Namespace" && o.group == "" }
func (o *Object) isSecret() bool    { return o.kind == "Secret" && o.group == "" }

// isConfig says whether it is a ConfigMap of ClawQL's security.
func (o *Object) isConfig(label string) bool {
	return o.kind == "ConfigMap" && o.group == "" && o.config == label
}

// byPlace is the order of a cluster's objects.
func byPlace(a, b *Object) int {
	return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.namespace, b.namespace), cmp.Compare(a.name, b.name), cmp.Compare(a.apiVersion, b.apiVersion))
}

package finding

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// LastChange is the newest entry of an object's managedFields, nil when there
// is none with a time. Writes to the status subresource do not count: they
// change no control.
func LastChange(fields []metav1.ManagedFieldsEntry) *Change {
	var last *Change
	for _, entry := range fields {
		if entry.Time == nil || entry.Subresource == "status" {
			continue
		}
		if last == nil || entry.Time.After(last.Time) {
			last = &Change{Manager: entry.Manager, Time: entry.Time.Time}
		}
	}
	return last
}

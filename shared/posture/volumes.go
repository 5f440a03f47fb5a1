package posture

import (
	"fmt"
	"path"
	"strings"
)

// podVolumes are the sources that a restricted pod may have.
var podVolumes = map[string]bool{
	"configMap": true, "csi": true, "downwardAPI": true, "emptyDir": true, "ephemeral": true,
	"image": true, "persistentVolumeClaim": true, "projected": true, "secret": true,
}

// volumes judges a pod's volumes, then gives every container a writable /tmp.
func (j *judge) volumes(w workload) {
	for _, volume := range w.spec().members("volumes") {
		j.volume(volume)
	}
	if j.off(ReadOnlyRoot, w.template.on) {
		return
	}
	for _, key := range []string{"initContainers", "containers"} {
		for _, container := range w.spec().members(key) {
			if mountAt(container, "/tmp") == nil {
				j.mountEmpty(w, container, ReadOnlyRoot, "tmp-"+container.str("name"), "/tmp")
			}
		}
	}
}

func (j *judge) volume(volume *place) {
	sources := 0
	for _, key := range sortedKeys(volume.fields) {
		switch {
		case key == "name" || volume.value(key) == nil:
			continue
		case key == "hostPath":
			volume.refuse(HostNamespaces, key, "a volume of the pod's own, such as emptyDir",
				"a path of the node (docker.sock above all) gives the node away")
		case !podVolumes[key]:
			volume.refuse(PodSecurity, key, "configMap, secret, emptyDir, projected, persistentVolumeClaim, csi, ephemeral, image or downwardAPI",
				"mount it through a persistentVolumeClaim")
		}
		sources++
	}
	if sources == 0 { // the API server makes it an emptyDir: say so
		volume.write("emptyDir", map[string]any{})
	}
	if image := volume.in("image"); image.fields != nil {
		j.image(image, "reference")
	}
}

// mountAt finds a container's mount of a folder.
func mountAt(container *place, folder string) *place {
	for _, mount := range container.members("volumeMounts") {
		if path.Clean(mount.str("mountPath")) == folder {
			return mount
		}
	}
	return nil
}

// mountEmpty mounts a fresh emptyDir into a container.
func (j *judge) mountEmpty(w workload, container *place, control, volume, folder string) {
	spec := w.spec()
	volume = freeVolume(spec, volume)
	spec.add("volumes", map[string]any{"name": volume, "emptyDir": map[string]any{}})
	container.add("volumeMounts", map[string]any{"name": volume, "mountPath": folder})
	j.did(control, container.on, append(container.field("volumeMounts"), "[name="+volume+"]"), nil, "emptyDir at "+folder, New)
}

// freeVolume makes a volume's name that is legal and not taken.
func freeVolume(spec *place, name string) string {
	name = strings.Trim(name[:min(len(name), 60)], "-")
	taken := map[string]bool{}
	for _, volume := range spec.members("volumes") {
		taken[volume.str("name")] = true
	}
	for i, free := 2, name; ; i++ {
		if !taken[free] {
			return free
		}
		free = fmt.Sprintf("%s-%d", name, i)
	}
}

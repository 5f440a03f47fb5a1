package image

import "strings"

// Push is an image that somebody pushes, under a tag.
type Push struct{ Repository, Tag string }

// Evaluate says whether a pod that is started after the push, on a node that
// has no image yet, runs what was pushed, given the reference that its container
// names. It reads the reference by itself, character by character, by the rules
// of https://github.com/distribution/reference (Kubernetes' documentation,
// "Images", says which part counts).
func Evaluate(image string, p Push) bool {
	if strings.Contains(image, "@") {
		return false // content that a digest names cannot be replaced
	}
	repository, tag := image, "latest"
	if colon := strings.LastIndexByte(image, ':'); colon > strings.LastIndexByte(image, '/') {
		repository, tag = image[:colon], image[colon+1:]
	}
	host, path, has := strings.Cut(repository, "/")
	switch isHost := strings.ContainsAny(host, ".:") || host == "localhost" || host != strings.ToLower(host); {
	case !has:
		repository = "docker.io/library/" + repository
	case !isHost:
		repository = "docker.io/" + repository
	case host == "index.docker.io" || host == "docker.io":
		repository = "docker.io/" + path
		if !strings.Contains(path, "/") {
			repository = "docker.io/library/" + path
		}
	}
	return repository == p.Repository && tag == p.Tag
}

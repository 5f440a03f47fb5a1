package vaultauth

import (
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// cluster stands in for a Kubernetes API server: it answers TokenReviews, and
// shows namespaces with labels. It knows every service account. What is tested
// is Vault's own decision, so it takes every token, of the audiences it has.
type cluster struct {
	server *httptest.Server
	mutex  sync.Mutex
	labels map[string]map[string]string // by namespace
}

func startCluster(t *testing.T) *cluster {
	t.Helper()
	c := &cluster{labels: map[string]map[string]string{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /apis/authentication.k8s.io/v1/tokenreviews", c.review)
	mux.HandleFunc("GET /api/v1/namespaces/{name}", c.namespace)
	c.server = httptest.NewTLSServer(mux)
	t.Cleanup(c.server.Close)
	return c
}

// authority signs its certificate.
func (c *cluster) authority() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.server.Certificate().Raw}))
}

type accountClaims struct {
	Audiences  []string `json:"aud"`
	Kubernetes struct {
		Namespace string `json:"namespace"`
		Account   struct {
			Name string `json:"name"`
			UID  string `json:"uid"`
		} `json:"serviceaccount"`
	} `json:"kubernetes.io"`
}

func (c *cluster) review(w http.ResponseWriter, r *http.Request) {
	var review struct {
		Spec struct {
			Token     string   `json:"token"`
			Audiences []string `json:"audiences"`
		} `json:"spec"`
	}
	var claims accountClaims
	err := json.NewDecoder(r.Body).Decode(&review)
	parts := strings.Split(review.Spec.Token, ".")
	if err == nil && len(parts) == 3 {
		var text []byte
		if text, err = base64.RawURLEncoding.DecodeString(parts[1]); err == nil {
			err = json.Unmarshal(text, &claims)
		}
	}
	if err != nil || len(parts) != 3 {
		http.Error(w, "no token", http.StatusBadRequest)
		return
	}
	k := claims.Kubernetes
	answer(w, table{"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "status": table{
		"authenticated": true,
		"audiences":     slices.DeleteFunc(slices.Clone(review.Spec.Audiences), func(one string) bool { return !slices.Contains(claims.Audiences, one) }),
		"user":          table{"username": "system:serviceaccount:" + k.Namespace + ":" + k.Account.Name, "uid": k.Account.UID},
	}})
}

func (c *cluster) namespace(w http.ResponseWriter, r *http.Request) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	name := r.PathValue("name")
	labels := table{nameLabel: name}
	for key, value := range c.labels[name] {
		labels[key] = value
	}
	answer(w, table{"apiVersion": "v1", "kind": "Namespace", "metadata": table{"name": name, "labels": labels}})
}

func (c *cluster) label(namespace string, labels map[string]string) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.labels[namespace] = labels
}

func answer(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(body); err != nil {
		panic(err)
	}
}

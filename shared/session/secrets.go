package session

import (
	"encoding/base64"
	"io"
	"net/http"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// LongestValue is the number of bytes that a secret's value may have.
const LongestValue = 8 << 20

// valueField holds a secret's value in Vault, base64 since a value may be any
// bytes.
const valueField = "value_base64"

func (s *supervisor) secretRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /v1/secrets", s.answerList)
	mux.HandleFunc("GET /v1/secrets/{name...}", s.answerGet)
	mux.HandleFunc("PUT /v1/secrets/{name...}", s.answerPut)
	mux.HandleFunc("DELETE /v1/secrets/{name...}", s.answerDelete)
}

func (s *supervisor) answerList(w http.ResponseWriter, r *http.Request) {
	names, err := s.vault.Keeper.List(r.Context())
	if err != nil {
		fail(w, err)
		return
	}
	answer(w, names)
}

func (s *supervisor) answerGet(w http.ResponseWriter, r *http.Request) {
	value, err := s.value(r)
	if err != nil {
		fail(w, err)
		return
	}
	s.wrote(r, "get", r.PathValue("name"))
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Write(value)
}

// value reads with the command's token: the project's policies decide.
func (s *supervisor) value(r *http.Request) ([]byte, error) {
	if err := requireInside(peerOf(r)); err != nil {
		return nil, err
	}
	fields, err := s.vault.Command.Read(r.Context(), r.PathValue("name"))
	if err != nil {
		return nil, err
	}
	text, _ := fields[valueField].(string)
	value, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, fault.Unable("reading %s: its value is damaged", r.PathValue("name"))
	}
	return value, nil
}

func (s *supervisor) answerPut(w http.ResponseWriter, r *http.Request) {
	value, err := io.ReadAll(http.MaxBytesReader(w, r.Body, LongestValue))
	if err != nil {
		fail(w, fault.Usage("the value is longer than %d bytes, or broke off", LongestValue))
		return
	}
	name := r.PathValue("name")
	if err := s.vault.Keeper.Write(r.Context(), name, map[string]any{valueField: base64.StdEncoding.EncodeToString(value)}); err != nil {
		fail(w, err)
		return
	}
	s.wrote(r, "put", name)
	answer(w, struct{}{})
}

func (s *supervisor) answerDelete(w http.ResponseWriter, r *http.Request) {
	if err := s.vault.Keeper.Delete(r.Context(), r.PathValue("name")); err != nil {
		fail(w, err)
		return
	}
	s.wrote(r, "delete", r.PathValue("name"))
	answer(w, struct{}{})
}

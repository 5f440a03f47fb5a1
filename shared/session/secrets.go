package session

import (
	"encoding/base64"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// LongestValue is the number of bytes that a secret's value may have.
const LongestValue = 4 << 20

// The fields of a secret in Vault: text as `vault kv get -field=value` shows
// it, any other bytes in base64.
const (
	textField   = "value"
	binaryField = "value_base64"
)

// notSecretParameter marks a value that no commit is refused for.
const notSecretParameter = "notSecret"

func (s *supervisor) secretRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /v1/secrets", s.answerList)
	mux.HandleFunc("GET /v1/secrets/{name...}", s.answerGet)
	mux.HandleFunc("PUT /v1/secrets/{name...}", s.answerPut)
	mux.HandleFunc("DELETE /v1/secrets/{name...}", s.answerDelete)
	mux.HandleFunc("GET /v1/values", s.answerValues)
}

func (s *supervisor) answerList(w http.ResponseWriter, r *http.Request) {
	names, err := s.vault.Keeper.List(r.Context())
	if err != nil {
		fail(w, err)
		return
	}
	if names == nil {
		names = []string{}
	}
	answer(w, names)
}

// answerGet reads with the command's token: the project's policies decide.
func (s *supervisor) answerGet(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	if err := requireInside(peerOf(r)); err != nil {
		s.wrote(r, "get", name, err)
		fail(w, err)
		return
	}
	fields, err := s.vault.Command.Read(r.Context(), name)
	var value []byte
	if err == nil {
		value, err = valueOf(name, r.URL.Query().Get("field"), fields)
	}
	s.wrote(r, "get", name, err)
	if err != nil {
		fail(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Write(value)
}

// fieldsOf is how a value is kept.
func fieldsOf(value []byte) map[string]any {
	if utf8.Valid(value) {
		return map[string]any{textField: string(value)}
	}
	return map[string]any{binaryField: base64.StdEncoding.EncodeToString(value)}
}

// valueOf takes one field of a secret, "" for that of put. Others come from
// programs that write to Vault themselves.
func valueOf(name, field string, fields map[string]any) ([]byte, error) {
	if field == "" {
		if text, ok := fields[binaryField].(string); ok {
			value, err := base64.StdEncoding.DecodeString(text)
			if err != nil {
				return nil, fault.Unable("reading %s: its value is damaged", name)
			}
			return value, nil
		}
		field = textField
	}
	if text, ok := fields[field].(string); ok {
		return []byte(text), nil
	}
	known := slices.Sorted(maps.Keys(fields))
	return nil, fault.No("reading %s: it has no text in a field %q; its fields: %s", name, field, strings.Join(known, ", ")).
		Hint("clawql-vault-session get --field FIELD %s reads another", name)
}

func (s *supervisor) answerPut(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	value, err := io.ReadAll(http.MaxBytesReader(w, r.Body, LongestValue))
	if err != nil {
		err = fault.Usage("the value of %s is longer than %d bytes, or broke off", name, LongestValue)
	} else {
		err = s.vault.Keeper.Write(r.Context(), name, fieldsOf(value))
	}
	s.known.changed(name, r.URL.Query().Has(notSecretParameter) && err == nil)
	s.wrote(r, "put", name, err)
	if err != nil {
		fail(w, err)
		return
	}
	answer(w, struct{}{})
}

func (s *supervisor) answerDelete(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	_, err := s.vault.Keeper.Read(r.Context(), name) // Vault does not say that there was nothing
	if err == nil {
		err = s.vault.Keeper.Delete(r.Context(), name)
	}
	s.known.changed(name, false)
	s.wrote(r, "delete", name, err)
	if err != nil {
		fail(w, err)
		return
	}
	answer(w, struct{}{})
}

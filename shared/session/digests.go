package session

import "net/http"

func (s *supervisor) digestRoutes(*http.ServeMux) {}

package oidc

import (
	"net/http"
	"strings"
)

// AllowBrowsers answers the cross-origin questions of browser-based clients
// (Fetch standard, CORS protocol) on endpoints that look at no cookie: any
// origin may call them, none may send credentials, so an answer never depends
// on who is logged in in that browser.
func AllowBrowsers(next http.HandlerFunc, methods ...string) http.HandlerFunc {
	allowed := strings.Join(append(methods, http.MethodOptions), ", ")
	return func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h["Access-Control-Allow-Origin"] = []string{"*"}
		if r.Method == http.MethodOptions {
			h.Set("Access-Control-Allow-Methods", allowed)
			h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type")
			h.Set("Access-Control-Max-Age", "3600")
			h.Set("Allow", allowed)
			w.WriteHeader(http.StatusNoContent)
			return
		}
		h["Access-Control-Expose-Headers"] = []string{"WWW-Authenticate, Retry-After"}
		next(w, r)
	}
}

package oidc

import "net/http"

// CrossOrigin lets scripts of other sites call an endpoint (Fetch standard,
// section 3.2): metadata, JWKS, token, userinfo, revocation. Never with
// cookies: those endpoints know nobody by a cookie.
func CrossOrigin(next http.Handler, methods string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		// Said to everybody, asked or not: an answer that a cache keeps must
		// serve the next one, who may ask from a script.
		h["Access-Control-Allow-Origin"] = anyOrigin
		if r.Method == http.MethodOptions {
			h.Set("Access-Control-Allow-Methods", methods)
			h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type")
			h.Set("Access-Control-Max-Age", "3600")
			w.WriteHeader(http.StatusNoContent)
			return
		}
		h["Access-Control-Expose-Headers"] = exposed
		next.ServeHTTP(w, r)
	})
}

var anyOrigin, exposed = []string{"*"}, []string{"WWW-Authenticate, Retry-After"}

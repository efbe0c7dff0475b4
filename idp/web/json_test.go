package web_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"surety/idp/web"
)

func TestWantsJSON(t *testing.T) {
	t.Parallel()
	for accept, want := range map[string]bool{
		"":                      false,
		"*/*":                   false,
		"application/json":      true,
		"Application/JSON; q=1": true,
		"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8": false,
		"application/json, text/plain, */*;q=0.5":                         true,
		"application/json, text/html;q=0.9":                               true,
		"text/html, application/json;q=0.5":                               false,
		"application/json;q=0":                                            false,
		"application/json;q=x":                                            false,
		"application/*, text/html;q=0.1":                                  true,
	} {
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Accept", accept)
		if got := web.WantsJSON(w, r); got != want {
			t.Errorf("%q: %v", accept, got)
		}
		if w.Header().Get("Vary") != "Accept" {
			t.Error("caches are not told")
		}
	}
}

package web_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"surety/idp/throttle"
	"surety/idp/web"
)

// TestFloodOfFormsIsTurnedAway: one address that sends forms without end is
// told when to come again, before anything else is done; another is not.
func TestFloodOfFormsIsTurnedAway(t *testing.T) {
	t.Parallel()
	at := now
	h := build(t, https, func(c *web.Config) {
		c.Clock, c.Flood = func() time.Time { return at }, throttle.NewFlood(1, 3)
	})
	send := func(address string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodPost, "/form", strings.NewReader(""))
		r.RemoteAddr = address
		w := httptest.NewRecorder()
		h.mux.ServeHTTP(w, r)
		return w
	}
	for range 3 {
		if w := send("192.0.2.1:999"); w.Code == http.StatusTooManyRequests {
			t.Fatal("turned away within the burst")
		}
	}
	w := send("192.0.2.1:999")
	if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "1" {
		t.Errorf("a flood gets %d, Retry-After %q", w.Code, w.Header().Get("Retry-After"))
	}
	if w := send("192.0.2.2:999"); w.Code == http.StatusTooManyRequests {
		t.Error("another address is turned away with it")
	}
	at = at.Add(time.Second)
	if w := send("192.0.2.1:999"); w.Code == http.StatusTooManyRequests {
		t.Error("still turned away when it may come again")
	}
}

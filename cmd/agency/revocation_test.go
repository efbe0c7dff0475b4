package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// poll gives the events that a test sends (RFC 8936). One that may wait waits
// for the next.
func (p *provider) poll(w http.ResponseWriter, r *http.Request) {
	id, secret, _ := r.BasicAuth()
	var q struct {
		AtOnce bool     `json:"returnImmediately"`
		Ack    []string `json:"ack"`
	}
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil || id != testClient || secret != url.QueryEscape(testSecret) || r.URL.Query().Get("stream") == "" {
		p.t.Errorf("poll of %q for stream %q: %v", id, r.URL.Query().Get("stream"), err)
	}
	p.acked <- q.Ack
	sets := map[string]string{}
	if !q.AtOnce {
		select {
		case e := <-p.events:
			jti := rand.Text()
			sets[jti] = sign(p.t, jose.ES256, p.key, "secevent+jwt", map[string]any{
				"iss": p.server.URL, "aud": testClient, "jti": jti, "iat": time.Now().Unix(), "sub_id": e,
				"events": map[string]any{"https://schemas.openid.net/secevent/caep/event-type/session-revoked": map[string]any{}},
			})
		case <-r.Context().Done():
		}
	}
	p.json(w, map[string]any{"sets": sets})
}

// TestR10_TheAPIClosesWhenSuretySaysSo: for the person that it says, and for
// nobody else.
func TestR10_TheAPIClosesWhenSuretySaysSo(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.provider.claims = func(c map[string]any) { c["auth_time"] = time.Now().Unix() }
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { w.agency.Listen(ctx) })
	defer func() { stop(); running.Wait() }()
	w.get("/procedures/1.10.01")
	token := w.provider.access
	tell := func(sub string) {
		w.provider.events <- map[string]any{"format": "iss_sub", "iss": w.provider.server.URL, "sub": sub}
		for len(<-w.provider.acked) == 0 { // until the agency has taken it
		}
	}
	tell("bob")
	if status, _ := w.api("1.10.01", token); status != http.StatusOK {
		t.Errorf("somebody else logged out: %d", status)
	}
	tell("anna")
	if status, _ := w.api("1.10.01", token); status != http.StatusUnauthorized {
		t.Errorf("the person logged out: %d", status)
	}
}

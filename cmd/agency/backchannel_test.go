package main

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// logout makes valid claims of a logout token for the session of the tests.
func (w *town) logout(change func(map[string]any)) map[string]any {
	c := map[string]any{
		"iss": w.provider.server.URL, "aud": testClient, "iat": time.Now().Unix(), "exp": time.Now().Add(2 * time.Minute).Unix(),
		"jti": "event-1", "sub": "anna", "sid": "sid-1", "events": map[string]any{logoutEvent: map[string]any{}},
	}
	if change != nil {
		change(c)
	}
	return c
}

func (w *town) deliver(token string) int {
	w.t.Helper()
	// Surety's own call: no cookies.
	resp, err := http.PostForm(w.url+"/backchannel-logout", url.Values{"logout_token": {token}})
	status, _ := w.read(resp, err)
	return status
}

func (w *town) signed(change func(map[string]any)) string {
	return sign(w.t, jose.ES256, w.provider.key, "logout+jwt", w.logout(change))
}

func TestBackchannelLogoutEndsTheSessionAndSaysSo(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(map[string]any){
		"session and subject": nil,
		"session alone":       func(c map[string]any) { delete(c, "sub") },
		"subject alone":       func(c map[string]any) { delete(c, "sid") },
		"several audiences":   func(c map[string]any) { c["aud"] = []string{"other", testClient} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newTown(t)
			w.logIn()
			if got := w.deliver(w.signed(change)); got != http.StatusOK {
				t.Fatalf("answer %d", got)
			}
			_, page := w.get("/")
			if !strings.Contains(page, `id="told"`) || strings.Contains(page, `id="logout"`) {
				t.Errorf("the page does not say so:\n%s", page)
			}
			if _, page := w.post("/refresh", nil); strings.Contains(page, `id="logout"`) {
				t.Error("a refresh brought it back")
			}
			w.logIn()
			if _, page := w.get("/"); strings.Contains(page, `id="told"`) {
				t.Error("still told after a new login")
			}
		})
	}
}

func TestBackchannelLogoutLeavesOthersAlone(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.logIn()
	for i, change := range []func(map[string]any){
		func(c map[string]any) { c["sub"], c["sid"] = "boris", "sid-2" },
		func(c map[string]any) { c["sid"] = "sid-2" },
		func(c map[string]any) { c["sub"] = "boris" },
	} {
		got := w.deliver(w.signed(func(c map[string]any) { change(c); c["jti"] = strconv.Itoa(i) }))
		if got != http.StatusOK || !w.signedIn() {
			t.Errorf("%d: answer %d, signed in %t", i, got, w.signedIn())
		}
	}
}

func TestLogoutTokenAttacks(t *testing.T) {
	t.Parallel()
	set := func(name string, value any) func(*town) string {
		return func(w *town) string { return w.signed(func(c map[string]any) { c[name] = value }) }
	}
	drop := func(names ...string) func(*town) string {
		return func(w *town) string {
			return w.signed(func(c map[string]any) {
				for _, name := range names {
					delete(c, name)
				}
			})
		}
	}
	for name, forge := range map[string]func(*town) string{
		"another key":        func(w *town) string { return sign(w.t, jose.ES256, newKey(w.t), "logout+jwt", w.logout(nil)) },
		"no signature":       unsigned,
		"public key as hmac": hmacWithPublicKey,
		"signature cut off":  func(w *town) string { return w.signed(nil)[:strings.LastIndexByte(w.signed(nil), '.')+1] },
		"payload changed":    changed,
		"an ID token":        func(w *town) string { return w.provider.idToken("access-1", "n") },
		"plain JWT type":     func(w *town) string { return sign(w.t, jose.ES256, w.provider.key, "JWT", w.logout(nil)) },
		"no type":            func(w *town) string { return sign(w.t, jose.ES256, w.provider.key, "", w.logout(nil)) },
		"access token type":  func(w *town) string { return sign(w.t, jose.ES256, w.provider.key, "at+jwt", w.logout(nil)) },
		"another issuer":     set("iss", "https://evil.example"),
		"no issuer":          drop("iss"),
		"another audience":   set("aud", "other"),
		"no audience":        drop("aud"),
		"expired":            set("exp", time.Now().Add(-time.Minute).Unix()),
		"no expiry":          drop("exp"),
		"issued tomorrow":    set("iat", time.Now().Add(time.Hour).Unix()),
		"issued long ago":    set("iat", time.Now().Add(-time.Hour).Unix()),
		"no iat":             drop("iat"),
		"lives for a year":   set("exp", time.Now().Add(365*24*time.Hour).Unix()),
		"no jti":             drop("jti"),
		"endless jti":        set("jti", strings.Repeat("x", 300)),
		"no events":          drop("events"),
		"other event":        set("events", map[string]any{"http://schemas.openid.net/event/other": map[string]any{}}),
		"event is true":      set("events", map[string]any{logoutEvent: true}),
		"event is null":      set("events", map[string]any{logoutEvent: nil}),
		"a nonce":            set("nonce", "n"),
		"an empty nonce":     set("nonce", ""),
		"nobody":             drop("sub", "sid"),
		"nonsense":           func(*town) string { return "a.b.c" },
		"nothing":            func(*town) string { return "" },
		"sixteen kilobytes":  func(*town) string { return strings.Repeat("x", maxLogoutForm) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newTown(t)
			w.logIn()
			if got := w.deliver(forge(w)); got != http.StatusBadRequest {
				t.Errorf("answer %d, want 400", got)
			}
			if !w.signedIn() {
				t.Error("the session ended")
			}
		})
	}
}

func encode(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

func unsigned(w *town) string {
	return encode(w.t, map[string]string{"alg": "none", "typ": "logout+jwt"}) + "." + encode(w.t, w.logout(nil)) + "."
}

func hmacWithPublicKey(w *town) string {
	der, err := x509.MarshalPKIXPublicKey(w.provider.key.Public())
	if err != nil {
		w.t.Fatal(err)
	}
	return sign(w.t, jose.HS256, der, "logout+jwt", w.logout(nil))
}

func changed(w *town) string {
	parts := strings.Split(w.signed(nil), ".")
	parts[1] = encode(w.t, w.logout(func(c map[string]any) { c["jti"] = "another" }))
	return strings.Join(parts, ".")
}

func TestLogoutTokenCountsOnce(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.logIn()
	token := w.signed(nil)
	answers := make(chan int, 16)
	var all sync.WaitGroup
	for range cap(answers) {
		all.Go(func() { answers <- w.deliver(token) })
	}
	all.Wait()
	close(answers)
	taken := 0
	for status := range answers {
		if status == http.StatusOK {
			taken++
		}
	}
	if taken != 1 {
		t.Errorf("taken %d times", taken)
	}
	w.logIn()
	if got := w.deliver(token); got != http.StatusBadRequest || !w.signedIn() {
		t.Errorf("played back after a new login: %d", got)
	}
}

func TestLogoutTokenComesByPostAlone(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.logIn()
	token := url.QueryEscape(w.signed(nil))
	if status, _ := w.get("/backchannel-logout?logout_token=" + token); status != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d", status)
	}
	if status, _ := w.post("/backchannel-logout?logout_token="+token, nil); status != http.StatusBadRequest {
		t.Errorf("in the address: %d", status)
	}
	if status, _ := w.post("/backchannel-logout", url.Values{"logout_token": {w.signed(nil), w.signed(nil)}}); status != http.StatusBadRequest {
		t.Errorf("twice in one form: %d", status)
	}
	if !w.signedIn() {
		t.Error("the session ended")
	}
}

func TestLogoutTokenWaitsForSurety(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	token := w.signed(nil)
	w.provider.server.Close()
	if got := w.deliver(token); got != http.StatusServiceUnavailable {
		t.Errorf("Surety away: %d, want 503 so that it comes again", got)
	}
}

func TestReplaysAreBounded(t *testing.T) {
	t.Parallel()
	now := time.Unix(1e9, 0)
	r := &replays{seen: map[string]time.Time{}}
	for i := range maxSeen {
		if err := r.take(strconv.Itoa(i), now.Add(time.Minute), now); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.take("one more", now.Add(time.Minute), now); err != errFull {
		t.Errorf("full: %v", err)
	}
	if err := r.take("0", now.Add(time.Minute), now); err != errReplayed {
		t.Errorf("known: %v", err)
	}
	if err := r.take("later", now.Add(time.Hour), now.Add(time.Minute)); err != nil || len(r.seen) != 1 {
		t.Errorf("after their end: %v, %d kept", err, len(r.seen))
	}
}

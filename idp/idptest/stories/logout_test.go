package stories_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"surety/idp/idptest/world"
)

// listener is an agency's back-channel, on a port of this test.
type listener struct {
	uri string
	got chan logoutCall
}

type logoutCall struct {
	token   string
	kind    string // Content-Type
	refused int
}

// listen starts a back-channel that answers its first calls with a refusal.
func listen(t *testing.T, refusals int) listener {
	t.Helper()
	on, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := listener{uri: "http://" + on.Addr().String() + "/logout", got: make(chan logoutCall, 10)}
	calls := 0
	s := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if calls++; calls <= refusals {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		l.got <- logoutCall{token: r.PostFormValue("logout_token"), kind: r.Header.Get("Content-Type"), refused: calls - 1}
	})}
	go func() { _ = s.Serve(on) }()
	t.Cleanup(func() { _ = s.Close() })
	return l
}

// wait returns the next call.
func (l listener) wait(t *testing.T) logoutCall {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	select {
	case c := <-l.got:
		return c
	case <-ctx.Done():
		t.Fatal("no logout token came")
		return logoutCall{}
	}
}

// wantLogout verifies a logout token as an agency does (Back-Channel Logout
// 1.0, section 2.6).
func (a *agency) wantLogout(c logoutCall, idToken map[string]any) {
	a.Helper()
	provider, err := oidc.NewProvider(a.Context(), a.Issuer)
	if err != nil {
		a.Fatal(err)
	}
	algs := oidc.Config{ClientID: a.id, SkipExpiryCheck: false, SupportedSigningAlgs: []string{"ES256", "RS256"}}
	if _, err := provider.Verifier(&algs).Verify(a.Context(), c.token); err != nil {
		a.Fatalf("logout token: %v", err)
	}
	got := a.claims(c.token)
	events, _ := got["events"].(map[string]any)
	if _, ok := events["http://schemas.openid.net/event/backchannel-logout"]; !ok || got["nonce"] != nil || got["jti"] == nil ||
		got["sub"] != idToken["sub"] || got["sid"] != idToken["sid"] || got["sid"] == nil || c.kind != "application/x-www-form-urlencoded" {
		a.Errorf("logout token %v for ID token %v", got, idToken)
	}
}

// TestLogOut ends the session in this browser, tells the agencies, and leaves
// the person's other browsers alone.
func TestLogOut(t *testing.T) {
	t.Parallel()
	w := house(t)
	b, login := entered(w)
	other := person(w)
	logIn(other, other.Get("/sign-in"), login)
	l := listen(t, 0)
	a := newAgency(w, `, "backchannel_logout_uri": "`+l.uri+`", "backchannel_logout_session_required": true`)
	tokens := a.redeem(b.Submit(b.Get(a.authorize()), "allow"))
	secret := cookies(b)["session"]
	page := b.Submit(b.Get("/account"), "logout")
	wantPath(t, page, "/signed-out")
	want(t, page, http.StatusOK, "You are logged out")
	if _, there := cookies(b)["session"]; there {
		t.Error("the cookie stays")
	}
	a.wantLogout(l.wait(t), a.claims(tokens.text("id_token")))
	if got := a.refresh(tokens); got.Status != http.StatusBadRequest || got.text("error") != "invalid_grant" {
		t.Errorf("refresh: %d %s", got.Status, got.Body)
	}
	wantPath(t, b.Get("/account"), "/sign-in")
	plant(b, "session", secret) // the back button of a browser that kept it
	wantPath(t, b.Get("/account"), "/sign-in")
	wantPath(t, other.Get("/account"), "/account")
	// To nobody logging out is no error.
	wantPath(t, b.Get("/logout"), "/signed-out")
}

// TestLogOut_AStrangersLinkOnlyAsks: an image on another page must not log
// anybody out, nor a form on another site.
func TestLogOut_AStrangersLinkOnlyAsks(t *testing.T) {
	t.Parallel()
	w := house(t)
	b, _ := entered(w)
	page := b.Get("/logout")
	want(t, page, http.StatusOK, "Log out?")
	wantPath(t, b.Submit(page, "stay"), "/account")
	for _, header := range []http.Header{{"Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://evil.example.test"}}, {"Origin": {"null"}}, {}} {
		got := send(b, http.MethodPost, "/logout", url.Values{"logout": {"1"}}, header)
		if got.Status == http.StatusSeeOther {
			want(t, b.Get(got.Header.Get("Location")), http.StatusOK, "Log out?")
		}
		wantPath(t, b.Get("/account"), "/account")
	}
	action, form := b.Form(page, "logout")
	wantPath(t, person(w).Post(action, form), "/signed-out") // another browser's answer is its own
	wantPath(t, b.Get("/account"), "/account")
	wantPath(t, b.Submit(page, "logout"), "/signed-out")
}

// TestLogOut_ThroughTheAgency: its logout link brings the person back to it,
// without a question when it can name the session.
func TestLogOut_ThroughTheAgency(t *testing.T) {
	t.Parallel()
	w := house(t)
	b, _ := entered(w)
	a := newAgency(w, "")
	tokens := a.redeem(b.Submit(b.Get(a.authorize()), "allow"))
	bye := a.redirect[:len(a.redirect)-len("cb")] + "bye"
	link := func(q url.Values) string { return "/logout?" + q.Encode() }
	page := b.Get(link(url.Values{"client_id": {a.id}, "post_logout_redirect_uri": {bye}, "state": {"x"}}))
	want(t, page, http.StatusOK, "You have left "+a.name)
	hint := tokens.text("id_token")
	page = b.Get(link(url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {bye + "/elsewhere"}}))
	want(t, page, http.StatusOK, "Log out?")
	page = b.Get(link(url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {bye}, "state": {"a b&c"}}))
	if !page.Away || page.URL.String() != bye+"?state=a+b%26c" {
		t.Errorf("after the logout at %s", page.URL)
	}
	wantPath(t, b.Get("/account"), "/sign-in")
}

// TestLogOutEverywhere: the other browser is out, every agency is told by a
// token that it can verify, and its refresh token is void, the one included
// that was to outlive the session.
func TestLogOutEverywhere(t *testing.T) {
	t.Parallel()
	w := house(t)
	b, login := entered(w)
	other := person(w)
	logIn(other, other.Get("/sign-in"), login)
	bystander, _ := entered(w)
	first, second := listen(t, 0), listen(t, 0)
	a := newAgency(w, `, "backchannel_logout_uri": "`+first.uri+`", "backchannel_logout_session_required": true`)
	c := newAgency(w, `, "backchannel_logout_uri": "`+second.uri+`", "id_token_signed_response_alg": "ES256"`)
	tokens := a.redeem(b.Submit(b.Get(a.authorize("scope", "openid email")), "allow"))
	offline := c.redeem(other.Submit(other.Get(c.authorize("scope", "openid offline_access")), "allow"))
	kept := c.redeem(bystander.Submit(bystander.Get(c.authorize("scope", "openid offline_access")), "allow"))
	page := b.Get("/account")
	want(t, page, http.StatusOK, a.name, c.name, "Firefox, Linux", "this device")
	page = b.Submit(page, "logout-everywhere")
	wantPath(t, page, "/signed-out")
	want(t, page, http.StatusOK, "You are logged out on all devices")
	wantPath(t, b.Get("/account"), "/sign-in")
	wantPath(t, other.Get("/account"), "/sign-in")
	a.wantLogout(first.wait(t), a.claims(tokens.text("id_token")))
	c.wantLogout(second.wait(t), c.claims(offline.text("id_token")))
	for _, got := range []back{a.refresh(tokens), c.refresh(offline)} {
		if got.Status != http.StatusBadRequest || got.text("error") != "invalid_grant" {
			t.Errorf("refresh: %d %s", got.Status, got.Body)
		}
	}
	if got := a.userinfo(tokens); got.Status != http.StatusUnauthorized {
		t.Errorf("userinfo: %d %s", got.Status, got.Body)
	}
	wantPath(t, bystander.Get("/account"), "/account")
	if got := c.refresh(kept); got.Status != http.StatusOK {
		t.Errorf("somebody else's refresh: %d %s", got.Status, got.Body)
	}
	// The person logs in again, and the old tokens stay void.
	wantPath(t, logIn(b, b.Get("/sign-in"), login), "/account")
	if got := c.refresh(offline); got.text("error") != "invalid_grant" {
		t.Errorf("refresh after logging in again: %d %s", got.Status, got.Body)
	}
}

// TestAccountPage shows the person what is known and who gets it, in masked
// form where others might look on, and is nobody else's.
func TestAccountPage(t *testing.T) {
	t.Parallel()
	w := house(t)
	b, login := entered(w)
	w.AddContact(w.Seed(login).AccountID, "phone", secret("+375331234567"))
	page := b.Get("/account")
	want(t, page, http.StatusOK, "Hanna Piatrouna Kavalenka", "Basic", login, "•••", "67", "Password", "Firefox, Linux", "this device",
		"No agency has received anything yet")
	lacks(t, page, "331234567", "127.")
	a := newAgency(w, "")
	consent := b.Get(a.authorize("scope", "openid profile email"))
	want(t, consent, http.StatusOK, login, "Kavalenka")
	a.wantBack(b.Submit(consent, "allow"))
	page = b.Get("/account")
	want(t, page, http.StatusOK, a.name, "https://"+mustParse(t, a.redirect).Host+"/home")
	wantPath(t, person(w).Get("/account"), "/sign-in")
	wantPath(t, b.Get("/"), "/account")
	if got := fmt.Sprint(page.Header.Values("Cache-Control")); got != "[no-store]" {
		t.Errorf("Cache-Control %s", got)
	}
}

// TestAccountPage_ListsEverySession, page by page, newest first.
func TestAccountPage_ListsEverySession(t *testing.T) {
	t.Parallel()
	w := house(t)
	first, login := entered(w)
	first.Client.Transport = from(t, "127.9.9.9", "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0")
	wantPath(t, logIn(first, first.Get("/sign-in"), login), "/account")
	var b *world.Browser
	for range 20 {
		b = person(w)
		wantPath(t, logIn(b, b.Get("/sign-in"), login), "/account")
	}
	page := b.Get("/account")
	lacks(t, page, "Windows")
	page = b.Get(linkOf(t, page, "earlier"))
	want(t, page, http.StatusOK, "Firefox, Windows")
	lacks(t, page, "Firefox, Linux", "this device", `id="earlier"`)
	stranger, _ := entered(w)
	lacks(t, stranger.Get("/account?"+page.URL.RawQuery), "Windows")
	for _, broken := range []string{"x", "%00", "MjAyNi0xMS0yMVQyMjo0MjoyOVog", ""} {
		if p := b.Get("/account?after=" + broken); p.Status >= 500 {
			t.Errorf("after %q: %d", broken, p.Status)
		}
	}
}

func mustParse(t *testing.T, address string) *url.URL {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

package conformance

import (
	"crypto/tls"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"sync/atomic"
	"testing"
	"time"

	"surety/idp/idptest/world"

	"github.com/go-jose/go-jose/v4"
)

// listener is an agency's back-channel logout address.
type listener struct {
	*httptest.Server
	got chan call
	// answer is what it says to the n-th call; nil means 200.
	answer func(n int, w http.ResponseWriter, r *http.Request)
}

// call is one request as it came.
type call struct {
	header http.Header
	method string
	query  string
	form   url.Values
	tls    uint16 // version
}

// patience is how long a test waits for what must come.
const patience = 30 * time.Second

func listen(t *testing.T, answer func(n int, w http.ResponseWriter, r *http.Request)) *listener {
	t.Helper()
	l := &listener{got: make(chan call, 20), answer: answer}
	var n atomic.Int64
	l.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		form, err := url.ParseQuery(string(body))
		if err != nil {
			t.Errorf("logout token in %q: %v", body, err)
		}
		at := int(n.Add(1))
		l.got <- call{r.Header, r.Method, r.URL.RawQuery, form, r.TLS.Version}
		if l.answer != nil {
			l.answer(at, w, r)
		}
	}))
	t.Cleanup(l.Close)
	return l
}

// next waits for a call.
func (l *listener) next(t testing.TB) call {
	t.Helper()
	select {
	case c := <-l.got:
		return c
	case <-time.After(patience):
		t.Fatal("nobody called")
		return call{}
	}
}

// told is an agency that wants to know when sessions end.
type told struct {
	*rp
	listener *listener
}

func (o *op) told(l *listener, metadata object) told {
	o.Helper()
	all := object{"backchannel_logout_uri": l.URL + "/logout?from=surety", "backchannel_logout_session_required": true}
	for name, value := range metadata {
		all[name] = value
	}
	return told{o.register(all), l}
}

// wantToken holds a call to OpenID Connect Back-Channel Logout 1.0, sections
// 2.4 and 2.5, and returns the token's jti.
func (r told) wantToken(c call, id object) string {
	r.Helper()
	if c.method != http.MethodPost || c.header.Get("Content-Type") != "application/x-www-form-urlencoded" || c.query != "from=surety" ||
		len(c.form) != 1 || len(c.form["logout_token"]) != 1 {
		r.Fatalf("%s %s %v %v", c.method, c.query, c.header, c.form)
	}
	if c.tls < tls.VersionTLS12 {
		r.Errorf("sent over %s", tls.VersionName(c.tls))
	}
	header, token := r.verify(c.form.Get("logout_token"), r.alg)
	if header.ExtraHeaders[jose.HeaderType] != "logout+jwt" {
		r.Errorf("typ %v", header.ExtraHeaders[jose.HeaderType])
	}
	iat, _ := token["iat"].(float64)
	exp, _ := token["exp"].(float64)
	now := r.world.Now()
	if token["iss"] != r.world.Issuer || token["aud"] != r.id || token["sub"] != id["sub"] || token["sid"] != id["sid"] || id["sid"] == nil {
		r.Errorf("logout token %v for the ID token %v", token, id)
	}
	if now.Sub(time.Unix(int64(iat), 0)).Abs() > skew || !time.Unix(int64(exp), 0).After(now) || exp-iat > 120 {
		r.Errorf("iat %v and exp %v at %d", iat, exp, now.Unix())
	}
	want := map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}}
	if !reflect.DeepEqual(token["events"], want) {
		r.Errorf("events %v", token["events"])
	}
	if _, there := token["nonce"]; there {
		r.Error("a nonce: an ID token could pass for a logout token, and the other way round")
	}
	jti, _ := token["jti"].(string)
	if jti == "" {
		r.Error("no jti")
	}
	return jti
}

// TestBackchannelLogout is the plan of that name, and what we ask besides.
func TestBackchannelLogout(t *testing.T) {
	t.Parallel()
	anyone := httptest.NewTLSServer(nil) // all test servers have the same certificate
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: anyone.Certificate().Raw})
	anyone.Close()
	o := start(t, world.WithAuthority(authority))
	for name, test := range map[string]func(*testing.T, *op){
		"oidcc-backchannel-logout-discovery-endpoint-verification": backchannelDiscovery,
		"oidcc-backchannel-rp-initiated-logout":                    backchannelLogout,
		"one logout reaches every client of the session":           everyClient,
		"logging out everywhere reaches every session":             everySession,
		"retry on failure": retry,
		"a client that does not answer does not hold up the person": silentClient,
	} {
		t.Run(name, func(t *testing.T) { t.Parallel(); test(t, o.on(t)) })
	}
	// Not offered, and so not claimed: front-channel logout and session management.
	t.Run("oidcc-frontchannel-rp-initiated-logout", func(t *testing.T) {
		if o.meta["frontchannel_logout_supported"] == true || o.meta["frontchannel_logout_session_supported"] == true {
			t.Error("front-channel logout is claimed: then it must be tested here")
		}
	})
	t.Run("oidcc-session-management-rp-initiated-logout", func(t *testing.T) {
		if o.meta["check_session_iframe"] != nil {
			t.Error("session management is claimed: then it must be tested here")
		}
	})
}

func backchannelDiscovery(_ *testing.T, o *op) {
	if o.meta["backchannel_logout_supported"] != true || o.meta["backchannel_logout_session_supported"] != true {
		o.Errorf("metadata %v", o.meta)
	}
	o.endpoint("end_session_endpoint")
}

func backchannelLogout(t *testing.T, o *op) {
	for _, alg := range []string{"RS256", "ES256", "PS256", "EdDSA"} {
		r := o.told(listen(t, nil), object{"id_token_signed_response_alg": alg})
		v := o.visitor()
		id := v.flow(r.rp).id
		e := ending{r.rp, v, v.flow(r.rp).hint, http.MethodGet}
		e.back(e.send("id_token_hint", e.hint, "post_logout_redirect_uri", r.logout, "state", "s"), "s")
		r.wantToken(r.listener.next(o), id)
	}
}

// everyClient: one session, three clients, one of whom wants to know nothing;
// and another session of the same person, whose client hears nothing.
func everyClient(t *testing.T, o *op) {
	first, second := o.told(listen(t, nil), nil), o.told(listen(t, nil), object{"subject_type": "public"})
	silent, elsewhere := o.register(nil), o.told(listen(t, nil), nil)
	v := o.visitor()
	other := o.visitorAs(v.login)
	one, two := v.flow(first.rp), v.flow(second.rp)
	v.flow(silent)
	stays := other.flow(elsewhere.rp)
	otherOfFirst := other.flow(first.rp)
	if one.id["sid"] == otherOfFirst.id["sid"] || one.id["sid"] == two.id["sid"] {
		o.Error("two sessions, or two clients, have the same sid")
	}
	e := ending{silent, v, "", http.MethodGet}
	e.signedOut(v.browser.Submit(e.send(), "logout"))
	first.wantToken(first.listener.next(o), one.id)
	second.wantToken(second.listener.next(o), two.id)
	// Tokens of the session that ended are worth nothing, those of the other are.
	first.wantUserInfo(one.access, http.StatusUnauthorized)
	first.wantFault(first.refresh(one.refresh), "invalid_grant")
	elsewhere.wantUserInfo(stays.access, http.StatusOK)
	// What agencies hear next is the end of the other session: of the first
	// one none was told twice, or told in error.
	e = ending{silent, other, "", http.MethodGet}
	e.signedOut(other.browser.Submit(other.browser.Get("/account"), "logout"))
	elsewhere.wantToken(elsewhere.listener.next(o), stays.id)
	first.wantToken(first.listener.next(o), otherOfFirst.id)
}

func everySession(t *testing.T, o *op) {
	r := o.told(listen(t, nil), nil)
	here := o.visitor()
	there := o.visitorAs(here.login)
	ids := map[any]object{}
	for _, v := range []*visitor{here, there} {
		id := v.flow(r.rp).id
		ids[id["sid"]] = id
	}
	here.browser.Submit(here.browser.Get("/account"), "logout-everywhere")
	for range ids {
		c := r.listener.next(o)
		_, claims := claimsOf(o, c.form.Get("logout_token"))
		id := ids[claims["sid"]]
		if id == nil {
			o.Fatalf("a session that never was, or twice: %v", claims)
		}
		delete(ids, claims["sid"])
		r.wantToken(c, id)
	}
	if here.loggedIn(r.rp) || there.loggedIn(r.rp) {
		o.Error("still logged in somewhere")
	}
}

// retry: an agency that is down is told again, with a token that says the
// same under the same jti, until it has taken it.
func retry(t *testing.T, o *op) {
	l := listen(t, func(n int, w http.ResponseWriter, r *http.Request) {
		if n == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	r, v := o.told(l, nil), o.visitor()
	t1 := v.flow(r.rp)
	e := ending{r.rp, v, t1.hint, http.MethodGet}
	e.back(e.send("id_token_hint", e.hint, "post_logout_redirect_uri", r.logout), "")
	failed := r.wantToken(l.next(o), t1.id)
	if again := r.wantToken(l.next(o), t1.id); again != failed {
		o.Errorf("jti %q, on the first try %q", again, failed)
	}
}

// silentClient never answers. The person and the other agencies do not wait for it.
func silentClient(t *testing.T, o *op) {
	release := make(chan struct{})
	hangs := o.told(listen(t, func(_ int, _ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}), nil)
	defer close(release)
	answers, v := o.told(listen(t, nil), nil), o.visitor()
	stuck := v.flow(hangs.rp)
	quick := v.flow(answers.rp)
	e := ending{hangs.rp, v, stuck.hint, http.MethodGet}
	e.back(e.send("id_token_hint", e.hint, "post_logout_redirect_uri", hangs.logout), "")
	hangs.wantToken(hangs.listener.next(o), stuck.id) // it has the token and says nothing
	answers.wantToken(answers.listener.next(o), quick.id)
	// Somebody else's logout at the same agencies is told as well.
	other := o.visitor()
	there := other.flow(answers.rp)
	e = ending{answers.rp, other, there.hint, http.MethodPost}
	e.back(e.send("id_token_hint", e.hint, "post_logout_redirect_uri", answers.logout), "")
	answers.wantToken(answers.listener.next(o), there.id)
}

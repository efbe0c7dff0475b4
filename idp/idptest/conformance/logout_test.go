package conformance

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"surety/idp/idptest/world"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/net/html"
)

// ending is a person who is logged in at a client and about to log out.
type ending struct {
	*rp
	v      *visitor
	hint   string
	method string // of the logout request
}

// TestRPInitiatedLogout is the plan of that name. Agencies send people by GET
// or by POST; both must come to the same.
func TestRPInitiatedLogout(t *testing.T) {
	t.Parallel()
	o := start(t)
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		for name, test := range map[string]func(*ending){
			"":                              logoutPlain,
			"-bad-post-logout-redirect-uri": logoutBadRedirect,
			"-query-added-to-post-logout-redirect-uri": logoutQueryAdded,
			"-modified-id-token-hint":                  logoutModifiedHint,
			"-bad-id-token-hint":                       logoutBadHint,
			"-no-id-token-hint":                        logoutNoHint,
			"-no-params":                               logoutNoParams,
			"-only-state":                              logoutOnlyState,
			"-no-post-logout-redirect-uri":             logoutNoRedirect,
			"-no-state":                                logoutNoState,
		} {
			t.Run(method+"/oidcc-rp-initiated-logout"+name, func(t *testing.T) {
				t.Parallel()
				o := o.on(t)
				test(o.begin(method))
			})
		}
	}
	t.Run("oidcc-rp-initiated-logout-discovery-endpoint-verification", func(t *testing.T) {
		o := o.on(t)
		if u, err := url.Parse(o.endpoint("end_session_endpoint")); err != nil || !strings.HasPrefix(u.String(), o.world.Issuer+"/") {
			t.Errorf("end_session_endpoint %v", u)
		}
	})
	t.Run("an expired ID token is still a good hint", func(t *testing.T) {
		t.Parallel()
		o := start(t)
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			e := o.begin(method)
			o.world.Advance(10 * time.Minute)
			logoutPlain(e)
		}
	})
	t.Run("a session that is over already", func(t *testing.T) {
		t.Parallel()
		e := o.on(t).begin(http.MethodGet)
		e.back(e.send("id_token_hint", e.hint, "post_logout_redirect_uri", e.logout), "")
		e.back(e.send("id_token_hint", e.hint, "post_logout_redirect_uri", e.logout), "")
	})
	t.Run("another site cannot answer the question", func(t *testing.T) { t.Parallel(); logoutForged(o.on(t)) })
}

// begin logs somebody in at a new client.
func (o *op) begin(method string) *ending {
	o.Helper()
	r, v := o.register(nil), o.visitor()
	t := v.flow(r)
	if !v.loggedIn(r) {
		o.Fatal("not logged in")
	}
	return &ending{r, v, t.hint, method}
}

// send sends the person to the end session endpoint, from the agency's page.
func (e *ending) send(pairs ...string) world.Page {
	e.Helper()
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	if e.method == http.MethodGet {
		return e.v.browser.Get(e.endpoint("end_session_endpoint") + "?" + form.Encode())
	}
	sent := e.post(e.endpoint("end_session_endpoint"), form, crossSite(e.origin)...)
	if sent.StatusCode != http.StatusSeeOther || len(sent.Cookies()) > 0 {
		e.Fatalf("POST: %d with cookies %v: %s", sent.StatusCode, sent.Cookies(), sent.body)
	}
	to := sent.Header.Get("Location")
	if !strings.HasPrefix(to, "/") {
		e.Fatalf("POST is sent on to %s before anybody looked who it is", to)
	}
	return e.v.browser.Get(to)
}

// wantOut fails if the person is still logged in.
func (e *ending) wantOut() {
	e.Helper()
	if e.v.loggedIn(e.rp) {
		e.Error("still logged in")
	}
}

// back is the return to the client: with the state and nothing else.
func (e *ending) back(p world.Page, state string) {
	e.Helper()
	want := e.logout
	if state != "" {
		want += "?" + url.Values{"state": {state}}.Encode()
	}
	if !p.Away || p.URL.String() != want {
		e.Fatalf("at %s (%d), want %s:\n%s", p.URL, p.Status, want, p.Body)
	}
	e.wantOut()
}

// asked is a page with the question whether to log out; the answer yes leads
// to the page that says so, never to the client.
func (e *ending) asked(p world.Page) {
	e.Helper()
	if p.Away || p.Status != http.StatusOK || !hasButton(p, "logout") {
		e.Fatalf("no question, but %s (%d):\n%s", p.URL, p.Status, p.Body)
	}
	if !e.v.loggedIn(e.rp) {
		e.Error("logged out before the person said so")
	}
	e.signedOut(e.v.browser.Submit(p, "logout"))
}

// signedOut is the page that says "you are logged out".
func (e *ending) signedOut(p world.Page) {
	e.Helper()
	if p.Away || p.Status != http.StatusOK || p.URL.Path != "/signed-out" {
		e.Fatalf("at %s (%d), want the page that says so:\n%s", p.URL, p.Status, p.Body)
	}
	e.wantOut()
}

func hasButton(p world.Page, name string) bool {
	return element(p, func(n *html.Node) bool { return n.Data == "button" && attribute(n, "name") == name }) != nil
}

func logoutPlain(e *ending) {
	e.back(e.send("id_token_hint", e.hint, "post_logout_redirect_uri", e.logout, "state", "st&te+ü"), "st&te+ü")
}

func logoutBadRedirect(e *ending) {
	e.asked(e.send("id_token_hint", e.hint, "post_logout_redirect_uri", e.origin+"/"+world.Random(), "state", "s"))
}

func logoutQueryAdded(e *ending) {
	e.asked(e.send("id_token_hint", e.hint, "post_logout_redirect_uri", e.logout+"?foo=bar", "state", "s"))
}

func logoutModifiedHint(e *ending) {
	_, claims := claimsOf(e, e.hint)
	text, _ := json.Marshal(claims)
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + base64.RawURLEncoding.EncodeToString(text) + "."
	e.asked(e.send("id_token_hint", none, "post_logout_redirect_uri", e.logout, "state", "s"))
}

// logoutBadHint has the right kid and the right claims, and a stranger's signature.
func logoutBadHint(e *ending) {
	header, claims := claimsOf(e, e.hint)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		e.Fatal(err)
	}
	options := (&jose.SignerOptions{}).WithType("JWT").WithHeader("kid", header["kid"])
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: key}, options)
	if err != nil {
		e.Fatal(err)
	}
	text, _ := json.Marshal(claims)
	signed, err := signer.Sign(text)
	if err != nil {
		e.Fatal(err)
	}
	hint, err := signed.CompactSerialize()
	if err != nil {
		e.Fatal(err)
	}
	e.asked(e.send("id_token_hint", hint, "post_logout_redirect_uri", e.logout, "state", "s"))
}

// logoutNoHint: without a hint the address belongs to nobody. With client_id
// it does, and then the person is asked first.
func logoutNoHint(e *ending) {
	e.asked(e.send("post_logout_redirect_uri", e.logout, "state", "s"))
	e.v.flow(e.rp)
	p := e.send("client_id", e.id, "post_logout_redirect_uri", e.logout, "state", "s")
	if p.Away || !hasButton(p, "logout") || !e.v.loggedIn(e.rp) {
		e.Fatalf("client_id alone leads to %s (%d) without asking", p.URL, p.Status)
	}
	e.back(e.v.browser.Submit(p, "logout"), "s")
}

func logoutNoParams(e *ending) { e.asked(e.send()) }

func logoutOnlyState(e *ending) { e.asked(e.send("state", "s")) }

func logoutNoRedirect(e *ending) { e.signedOut(e.send("id_token_hint", e.hint, "state", "s")) }

func logoutNoState(e *ending) {
	e.back(e.send("id_token_hint", e.hint, "post_logout_redirect_uri", e.logout), "")
}

// logoutForged: what the question's form sends is worth nothing from another
// site or another browser, nor does a hint of somebody else's end a session
// without asking.
func logoutForged(o *op) {
	mine, other := o.begin(http.MethodGet), o.begin(http.MethodGet)
	action, form := mine.v.browser.Form(mine.send(), "logout")
	if sent := o.post(action, form, crossSite("https://evil.example")...); sent.StatusCode < 300 {
		o.Errorf("POST from another site: %d", sent.StatusCode)
	}
	if p := other.v.browser.Post(action, form); !hasButton(p, "logout") && p.Status < 400 {
		o.Errorf("another browser's form: %s (%d)", p.URL, p.Status)
	}
	theirs := o.visitorAs(byPhone).flow(mine.rp)
	if p := mine.send("id_token_hint", theirs.hint, "post_logout_redirect_uri", mine.logout); p.Away || !hasButton(p, "logout") {
		o.Errorf("another person's hint leads to %s (%d)", p.URL, p.Status)
	}
	if !mine.v.loggedIn(mine.rp) || !other.v.loggedIn(other.rp) {
		o.Error("logged out by somebody else")
	}
}

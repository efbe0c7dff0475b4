package conformance

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"surety/idp"
	"surety/idp/client"
	"surety/idp/flow/operator"
	"surety/idp/idptest/world"

	"golang.org/x/net/html"
)

// module is one row of the list. Those that wait move the world's time, so
// they have a world that nobody else is in, and run one by one.
type module struct {
	name  string // without the prefix oidcc-
	test  func(*op)
	waits bool
}

var basic = []module{
	{name: "server", test: happyFlow},
	{name: "response-type-missing", test: responseTypeMissing},
	{name: "idtoken-signature", test: idTokenSignature},
	{name: "idtoken-unsigned", test: idTokenUnsigned},
	{name: "userinfo-get", test: userInfoGet},
	{name: "userinfo-post-header", test: userInfoPostHeader},
	{name: "userinfo-post-body", test: userInfoPostBody},
	{name: "ensure-request-without-nonce-succeeds-for-code-flow", test: withoutNonce},
	{name: "scope-profile", test: scopeProfile},
	{name: "scope-email", test: scopeEmail},
	{name: "scope-address", test: scopeAddress},
	{name: "scope-phone", test: scopePhone},
	{name: "scope-all", test: scopeAll},
	{name: "alternate-happy-flow", test: alternateHappyFlow},
	{name: "display-page", test: func(o *op) { o.visitor().flow(o.register(nil), "display", "page") }},
	{name: "display-popup", test: func(o *op) { o.visitor().flow(o.register(nil), "display", "popup") }},
	{name: "prompt-login", test: promptLogin, waits: true},
	{name: "prompt-none-not-logged-in", test: promptNoneNotLoggedIn},
	{name: "prompt-none-logged-in", test: promptNoneLoggedIn, waits: true},
	{name: "max-age-1", test: maxAge1, waits: true},
	{name: "max-age-10000", test: maxAge10000, waits: true},
	{name: "ensure-request-with-unknown-parameter-succeeds", test: func(o *op) { o.visitor().flow(o.register(nil), "extra", "foobar") }},
	{name: "id-token-hint", test: idTokenHint},
	{name: "login-hint", test: loginHint},
	{name: "ui-locales", test: uiLocales},
	{name: "claims-locales", test: func(o *op) { o.visitor().flow(o.register(nil), "claims_locales", "se be") }},
	{name: "ensure-request-with-acr-values-succeeds", test: acrValues},
	{name: "codereuse", test: codeReuse},
	{name: "codereuse-30seconds", test: codeReuse30Seconds, waits: true},
	{name: "ensure-registered-redirect-uri", test: registeredRedirectURI},
	{name: "ensure-post-request-succeeds", test: postRequest},
	{name: "server-client-secret-post", test: clientSecretPost},
	{name: "request-uri-unsigned-supported-correctly-or-rejected-as-unsupported", test: requestURI},
	{name: "unsigned-request-object-supported-correctly-or-rejected-as-unsupported", test: requestObject},
	{name: "claims-essential", test: claimsEssential},
	{name: "test-claims-parameter-identity-claims", test: identityClaims},
	{name: "ensure-request-object-with-redirect-uri", test: requestObjectWithRedirectURI},
	{name: "refresh-token", test: refreshToken},
	{name: "ensure-request-with-valid-pkce-succeeds", test: validPKCE},
}

// TestBasic is the basic plan, and the form post plan, which is the same
// again with response_mode=form_post.
func TestBasic(t *testing.T) {
	t.Parallel()
	for name, m := range map[string]mode{"default": "", "form_post": formPost} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shared := start(t)
			shared.mode = m
			for _, row := range basic {
				if !row.waits {
					t.Run("oidcc-"+row.name, func(t *testing.T) { t.Parallel(); row.test(shared.on(t)) })
				}
			}
		})
		t.Run(name+" in time", func(t *testing.T) {
			t.Parallel()
			alone := start(t)
			alone.mode = m
			for _, row := range basic {
				if row.waits {
					t.Run("oidcc-"+row.name, func(t *testing.T) { row.test(alone.on(t)) })
				}
			}
		})
	}
}

func happyFlow(o *op) {
	first, second := o.register(nil), o.register(nil)
	v := o.visitor()
	one, two, again := v.flow(first), v.flow(second), v.flow(first)
	if one.id["sub"] != again.id["sub"] || one.access == again.access || one.hint == again.hint {
		o.Errorf("the same person twice at one client: %v and %v", one.id, again.id)
	}
	if one.id["sub"] == two.id["sub"] {
		o.Error("two clients know the person by the same pairwise subject")
	}
}

func responseTypeMissing(o *op) {
	r, v := o.register(nil), o.visitor()
	v.refused(r, r.ask("response_type", ""), "unsupported_response_type", "invalid_request")
}

func idTokenSignature(o *op) {
	t := o.visitor().flow(o.register(nil)) // no algorithm registered
	if header, _ := claimsOf(o, t.hint); header["alg"] != "RS256" || header["kid"] == "" || header["kid"] == nil {
		o.Errorf("header %v", header)
	}
}

// idTokenUnsigned: Surety signs every ID token, so it registers nobody for none.
func idTokenUnsigned(o *op) {
	docs, err := client.ParseImport(strings.NewReader(`{"redirect_uris": ["https://a.example.test/cb"], "id_token_signed_response_alg": "none"}`))
	if err == nil {
		_, err = o.world.Operator.AddClients(o.Context(), "test", []operator.Registration{{Metadata: docs[0].Metadata}}, false)
	}
	if idp.CodeOf(err) != idp.CodeInvalid {
		o.Errorf("registered for unsigned ID tokens: %v", err)
	}
	if slices.Contains(o.lists("id_token_signing_alg_values_supported"), "none") {
		o.Error("none is offered")
	}
}

func userInfoGet(o *op) {
	r := o.register(nil)
	t := o.visitor().flow(r)
	r.checkUserInfo(o.get(o.endpoint("userinfo_endpoint"), "Authorization", "Bearer "+t.access), t.id["sub"])
}

func userInfoPostHeader(o *op) {
	r := o.register(nil)
	t := o.visitor().flow(r)
	r.checkUserInfo(o.post(o.endpoint("userinfo_endpoint"), nil, "Authorization", "Bearer "+t.access), t.id["sub"])
	r.checkUserInfo(o.send(o.request(http.MethodPost, o.endpoint("userinfo_endpoint"), nil, "Authorization", "bearer "+t.access)), t.id["sub"])
}

func userInfoPostBody(o *op) {
	r := o.register(nil)
	t := o.visitor().flow(r)
	r.checkUserInfo(o.post(o.endpoint("userinfo_endpoint"), url.Values{"access_token": {t.access}}), t.id["sub"])
}

func withoutNonce(o *op) { o.visitor().flow(o.register(nil), "nonce", "") }

func scopeProfile(o *op) {
	t := o.visitor().flow(o.register(nil), "scope", "openid profile")
	t.has(o, "name", "family_name", "given_name", "updated_at", "locale")
	t.hasNo(o, "email", "email_verified", "phone_number", "address")
}

func scopeEmail(o *op) {
	v := o.visitor()
	t := v.flow(o.register(nil), "scope", "openid email")
	t.has(o, "email_verified")
	t.hasNo(o, "name", "phone_number", "address")
	if t.person["email"] != v.login {
		o.Errorf("email %v, want %s", t.person["email"], v.login)
	}
}

// scopeAddress: Surety knows no addresses yet. It says so in the metadata, and
// a scope that it does not know does no harm (OpenID Connect Core 1.0, section
// 3.1.2.1).
func scopeAddress(o *op) {
	if slices.Contains(o.lists("scopes_supported"), "address") || slices.Contains(o.lists("claims_supported"), "address") {
		o.Fatal("address is offered: then the claim must be tested here")
	}
	t := o.visitor().flow(o.register(nil), "scope", "openid address")
	t.hasNo(o, "address")
	if t.scope != "openid" {
		o.Errorf("scope %q is said to be granted", t.scope)
	}
}

func scopePhone(o *op) {
	t := o.visitorAs(byPhone).flow(o.register(nil), "scope", "openid phone")
	t.has(o, "phone_number_verified")
	t.hasNo(o, "name", "email")
	if t.person["phone_number"] != byPhone {
		o.Errorf("phone_number %v", t.person["phone_number"])
	}
	// Who has no telephone has no such claims.
	o.visitor().flow(o.register(nil), "scope", "openid phone").hasNo(o, "phone_number", "phone_number_verified")
}

func scopeAll(o *op) {
	t := o.visitorAs(withBoth).flow(o.register(nil), "scope", strings.Join(o.lists("scopes_supported"), " "))
	t.has(o, "name", "family_name", "given_name", "patronymic", "locale", "updated_at", "email", "email_verified", "phone_number", "phone_number_verified")
	if t.person["email"] != withBoth || t.person["phone_number"] != bothPhone || t.person["patronymic"] != "Piatrouna" {
		o.Errorf("userinfo %v", t.person)
	}
}

func alternateHappyFlow(o *op) {
	r, v := o.register(nil), o.visitor()
	first := v.flow(r, "scope", "openid profile email")
	// The same parameters, each written before the one that came before it.
	request := r.ask("scope", "email profile openid")
	var parts []string
	for _, name := range []string{"nonce", "state", "scope", "redirect_uri", "client_id", "response_type", "response_mode"} {
		if request.Has(name) {
			parts = append(parts, url.Values{name: {request.Get(name)}}.Encode())
		}
	}
	p := v.browser.Get(o.endpoint("authorization_endpoint") + "?" + strings.Join(parts, "&"))
	again := r.redeem(r.answer(v.atOnce(p), request), request)
	if len(first.person) != len(again.person) || first.id["sub"] != again.id["sub"] {
		o.Errorf("in the other order the person is %v, before %v", again.person, first.person)
	}
}

func wantLater(o *op, before, after tokens) {
	o.Helper()
	if after.id["auth_time"].(float64) <= before.id["auth_time"].(float64) || after.id["sub"] != before.id["sub"] {
		o.Errorf("after the new login %v, before it %v", after.id, before.id)
	}
}

func wantSame(o *op, before, after tokens) {
	o.Helper()
	if after.id["auth_time"] != before.id["auth_time"] || after.id["sub"] != before.id["sub"] {
		o.Errorf("without a new login %v, before %v", after.id, before.id)
	}
}

func promptNoneNotLoggedIn(o *op) {
	r, v := o.register(nil), o.visitor()
	request := r.ask("prompt", "none")
	r.wantError(r.answer(v.atOnce(v.open(request)), request), "login_required", "interaction_required", "account_selection_required", "consent_required")
}

func promptNoneLoggedIn(o *op) {
	r, v := o.register(nil), o.visitor()
	before := v.flow(r)
	o.world.Advance(2 * time.Second)
	wantSame(o, before, v.silent(r, "prompt", "none"))
}

func idTokenHint(o *op) {
	r, v := o.register(nil), o.visitor()
	before := v.flow(r)
	wantSame(o, before, v.silent(r, "prompt", "none", "id_token_hint", before.hint))
	// Somebody else is not who is expected.
	other := o.visitorAs(byPhone)
	other.flow(r)
	other.refused(r, r.ask("prompt", "none", "id_token_hint", before.hint), "login_required")
}

func loginHint(o *op) {
	r, v := o.register(nil), o.visitor()
	request := r.ask("login_hint", v.login)
	p := v.open(request)
	field := element(p, func(n *html.Node) bool { return n.Data == "input" && attribute(n, "name") == "login" })
	if field == nil || attribute(field, "value") != v.login {
		o.Errorf("the page does not fill in %s", v.login)
	}
	r.redeem(r.answer(v.through(p), request), request)
	v.silent(r, "login_hint", "not an address at all")
}

func uiLocales(o *op) {
	r, v := o.register(nil), o.visitor()
	for locales, want := range map[string]string{"uk": "uk", "se be-BY en": "be", "xx": "en"} {
		v := &visitor{o, o.world.Browser(), v.login}
		request := r.ask("ui_locales", locales)
		p := v.open(request)
		if got := languageOf(p); got != want {
			o.Errorf("ui_locales=%s: the page is in %q", locales, got)
		}
		r.redeem(r.answer(v.through(p), request), request)
	}
}

// languageOf is the language of a page.
func languageOf(p world.Page) string {
	n := element(p, func(n *html.Node) bool { return n.Data == "html" })
	if n == nil {
		return ""
	}
	return attribute(n, "lang")
}

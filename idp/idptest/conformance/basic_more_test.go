package conformance

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"surety/idp/idptest/world"
)

func (t tokens) hasNo(o *op, claims ...string) {
	o.Helper()
	for _, c := range claims {
		if v, there := t.person[c]; there {
			o.Errorf("userinfo has %s %v, which was not asked for", c, v)
		}
	}
}

func codeReuse(o *op) { o.reuse(0) }

func codeReuse30Seconds(o *op) { o.reuse(30 * time.Second) }

// reuse brings a code a second time: refused, and what came of the first time ends.
func (o *op) reuse(after time.Duration) {
	o.Helper()
	for _, format := range []string{"jwt", "opaque"} {
		r := o.register(object{"access_token_format": format})
		t := o.visitor().flow(r)
		if after > 0 {
			o.world.Advance(after)
		}
		r.wantUserInfo(t.access, http.StatusOK)
		r.wantFault(r.exchange(t.code), "invalid_grant")
		r.wantUserInfo(t.access, http.StatusUnauthorized)
		r.wantActive(t.access, false)
		r.wantFault(r.refresh(t.refresh), "invalid_grant")
	}
}

func registeredRedirectURI(o *op) {
	r, v := o.register(nil), o.visitor()
	for _, uri := range []string{
		"https://evil.example/cb", r.redirect + "/", r.redirect + "?foo=bar", strings.ToUpper(r.redirect), r.origin, "",
		strings.Replace(r.redirect, "/cb", "/x/../cb", 1), strings.Replace(r.redirect, "https://", "https://evil.example@", 1), r.redirect + "#f",
	} {
		v.wantErrorPage(v.open(r.ask("redirect_uri", uri)))
		v.wantErrorPage(v.open(r.ask("redirect_uri", uri, "prompt", "none")))
	}
	v.wantErrorPage(v.open(r.ask("client_id", "nobody")))
}

// postRequest: the suite posts from a page of its own; browsers then leave our
// cookies at home, and bring them along on the redirect that follows.
func postRequest(o *op) {
	r, v := o.register(nil), o.visitor()
	before := v.flow(r)
	for _, prompt := range []string{"", "login"} {
		request := r.ask("prompt", prompt)
		sent := o.post(o.endpoint("authorization_endpoint"), request, crossSite(r.origin)...)
		if sent.StatusCode != http.StatusSeeOther || len(sent.Cookies()) > 0 {
			o.Fatalf("POST: %d with cookies %v: %s", sent.StatusCode, sent.Cookies(), sent.body)
		}
		p := v.browser.Get(sent.Header.Get("Location"))
		if prompt == "login" && (p.Away || p.URL.Path != "/sign-in") {
			o.Fatalf("not asked to log in, but at %s", p.URL)
		}
		after := r.redeem(r.answer(v.through(p), request), request)
		if after.id["sub"] != before.id["sub"] {
			o.Errorf("subject %v, before %v", after.id["sub"], before.id["sub"])
		}
	}
	// Somebody who was never here before, too; and an error as by GET.
	stranger, request := o.visitor(), r.ask()
	sent := o.post(o.endpoint("authorization_endpoint"), request, crossSite(r.origin)...)
	r.redeem(r.answer(stranger.through(stranger.browser.Get(sent.Header.Get("Location"))), request), request)
	request = r.ask("response_type", "token")
	p := v.browser.Post(o.endpoint("authorization_endpoint"), request)
	r.wantError(r.answer(p, request), "unsupported_response_type")
}

func clientSecretPost(o *op) {
	r := o.register(object{"token_endpoint_auth_method": "client_secret_post"})
	o.visitor().flow(r)
	r.secret += "x"
	r.wantFault(r.exchange("x"), "invalid_client")
}

func requestURI(o *op) {
	r, v := o.register(nil), o.visitor()
	if o.meta["request_uri_parameter_supported"] != false {
		o.Errorf("request_uri_parameter_supported is %v", o.meta["request_uri_parameter_supported"])
	}
	v.refused(r, r.ask("request_uri", r.origin+"/request.jwt"), "request_uri_not_supported")
	v.refused(r, r.ask("request_uri", "urn:ietf:params:oauth:request_uri:"+world.Random()), "request_uri_not_supported")
}

// unsigned is a request object without a signature.
func unsigned(claims object) string {
	text, _ := json.Marshal(claims)
	return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + base64.RawURLEncoding.EncodeToString(text) + "."
}

func requestObject(o *op) {
	r, v := o.register(nil), o.visitor()
	if o.meta["request_parameter_supported"] != false {
		o.Errorf("request_parameter_supported is %v", o.meta["request_parameter_supported"])
	}
	v.refused(r, r.ask("request", unsigned(object{"client_id": r.id, "nonce": "other"})), "request_not_supported")
	v.flow(r) // and it broke nothing
	v.refused(r, r.ask("request", unsigned(object{"client_id": r.id, "nonce": "other"})), "request_not_supported")
}

// requestObjectWithRedirectURI: no request object is read, so the address
// outside alone counts, and nothing is ever sent to the one inside.
func requestObjectWithRedirectURI(o *op) {
	r, v := o.register(nil), o.visitor()
	inside := unsigned(object{"client_id": r.id, "redirect_uri": r.redirect})
	v.wantErrorPage(v.open(r.ask("request", inside, "redirect_uri", r.origin+"/"+world.Random())))
	elsewhere := unsigned(object{"client_id": r.id, "redirect_uri": r.origin + "/other"})
	v.refused(r, r.ask("request", elsewhere), "request_not_supported")
}

// identityClaims asks for claims in each place where they can be asked for:
// they come in the ID token or from UserInfo, and unknown ones are ignored.
func identityClaims(o *op) {
	request := `{"userinfo":{"given_name":null,"unheard_of":null,` + askVerified + `},"id_token":{"family_name":{"essential":true},"unheard_of":null,` + askVerified + `}}`
	t := o.visitorAs(proven).flow(o.register(nil), "claims", request)
	t.has(o, "given_name", "family_name")
	t.hasNo(o, "birthdate", "unheard_of")
	for where, said := range map[string]any{"userinfo": t.person["verified_claims"], "ID token": t.id["verified_claims"]} {
		text, _ := json.Marshal(said)
		if string(text) != `{"claims":{"birthdate":"1984-02-29"},"verification":{"assurance_level":"confirmed","trust_framework":"surety_demo"}}` {
			o.Errorf("%s says %s", where, text)
		}
	}
	// Of who has proven nothing, nothing is verified.
	t = o.visitor().flow(o.register(nil), "claims", request)
	t.has(o, "given_name", "family_name")
	t.hasNo(o, "verified_claims")
	if t.id["verified_claims"] != nil {
		o.Errorf("ID token %v", t.id)
	}
}

const askVerified = `"verified_claims":{"verification":{"trust_framework":null,"assurance_level":null,"unheard_of":null},"claims":{"birthdate":null,"unheard_of":null}}`

func refreshToken(o *op) {
	first, second, v := o.register(nil), o.register(nil), o.visitor()
	for _, scope := range []string{"openid", "openid offline_access"} {
		mine, theirs := v.flow(first, "scope", scope), v.flow(second, "scope", scope)
		if mine.refresh == "" || theirs.refresh == "" {
			o.Fatalf("scope %s: no refresh token", scope)
		}
		again := first.read(first.refresh(mine.refresh), "")
		if again.access == mine.access || again.hint == mine.hint || again.scope != mine.scope {
			o.Error("the tokens are not new, or for another scope")
		}
		for _, claim := range []string{"iss", "sub", "aud", "auth_time"} {
			if again.id[claim] != mine.id[claim] {
				o.Errorf("%s was %v and is %v", claim, mine.id[claim], again.id[claim])
			}
		}
		first.wantFault(first.refresh(theirs.refresh), "invalid_grant")
		second.read(second.refresh(theirs.refresh), "") // and it broke nothing
	}
}

func validPKCE(o *op) {
	r, v := o.register(nil), o.visitor()
	v.flow(r, "code_challenge", challenge, "code_challenge_method", "S256")
	// The challenge is worth something only if it is looked at.
	request := r.ask("code_challenge", challenge, "code_challenge_method", "S256")
	code := r.answer(v.open(request), request).Get("code")
	r.wantFault(r.exchange(code, "code_verifier", strings.Repeat("x", 43)), "invalid_grant")
	r.wantFault(r.exchange(code), "invalid_grant")
	r.read(r.exchange(code, "code_verifier", verifier), request.Get("nonce"))
}

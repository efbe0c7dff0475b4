package conformance

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// TestClients makes every kind of client do all that it may: the ways to
// authenticate, the algorithms of ID tokens, the subject types and the forms
// of access tokens, so that each two of them meet.
func TestClients(t *testing.T) {
	t.Parallel()
	o := start(t)
	subjects, formats := []string{"pairwise", "public"}, []string{"jwt", "opaque"}
	for i, method := range []string{"client_secret_basic", "client_secret_post", "private_key_jwt", "none"} {
		for j, alg := range []string{"ES256", "RS256", "PS256", "EdDSA"} {
			subject, format := subjects[(i+j)%2], formats[(i+j/2)%2]
			t.Run(strings.Join([]string{method, alg, subject, format}, " "), func(t *testing.T) {
				t.Parallel()
				o := o.on(t)
				r := o.register(object{
					"token_endpoint_auth_method": method, "id_token_signed_response_alg": alg, "subject_type": subject, "access_token_format": format,
				})
				fullLife(r, format)
			})
		}
	}
	t.Run("client credentials", func(t *testing.T) { t.Parallel(); clientCredentials(o.on(t)) })
	t.Run("public subjects are the same everywhere, pairwise ones nowhere", func(t *testing.T) { t.Parallel(); subjectTypes(o.on(t)) })
	t.Run("token errors", func(t *testing.T) { t.Parallel(); tokenErrors(o.on(t)) })
	t.Run("PKCE is demanded unless registered otherwise", func(t *testing.T) { t.Parallel(); demandedPKCE(o.on(t)) })
}

// fullLife is what happens to tokens: they are used, looked at, renewed, and
// ended by the client, access and refresh token each for itself.
func fullLife(r *rp, format string) {
	v := r.visitor()
	t := v.flow(r, "scope", "openid profile email")
	r.checkAccess(t, format)
	next := r.read(r.refresh(t.refresh), "")
	if next.id["sub"] != t.id["sub"] || next.id["sid"] != t.id["sid"] {
		r.Errorf("after refresh %v, before %v", next.id, t.id)
	}
	if r.method != "none" {
		got := r.wantActive(next.access, true)
		if got.text("sub") != t.id["sub"] || got.text("client_id") != r.id || got.text("scope") != t.scope || got.text("iss") != r.world.Issuer {
			r.Errorf("introspection: %s", got.body)
		}
		r.wantActive(next.refresh, true)
		r.wantActive("nonsense", false)
	} else {
		r.wantFault(r.call("introspection_endpoint", url.Values{"token": {next.access}}), "invalid_client")
	}
	r.revoke(next.access)
	r.wantUserInfo(next.access, http.StatusUnauthorized)
	r.wantUserInfo(t.access, http.StatusOK)
	last := r.read(r.refresh(next.refresh), "")
	r.revoke(last.refresh)
	r.wantUserInfo(last.access, http.StatusUnauthorized) // it goes with the grant
	r.wantUserInfo(t.access, http.StatusUnauthorized)
	r.wantFault(r.refresh(last.refresh), "invalid_grant")
	if r.method != "none" {
		r.wantActive(last.access, false)
		r.wantActive(last.refresh, false)
	}
	r.revoke("nonsense") // is answered the same (RFC 7009, section 2.2)
}

// checkAccess holds an access token to its form.
func (r *rp) checkAccess(t tokens, format string) {
	r.Helper()
	if format == "opaque" {
		if strings.Contains(t.access, ".") || len(t.access) < 32 {
			r.Errorf("access token %q is not opaque, or short", t.access)
		}
		return
	}
	head, _ := claimsOf(r, t.access)
	header, claims := r.verify(t.access, head["alg"].(string))
	if header.ExtraHeaders["typ"] != "at+jwt" {
		r.Errorf("typ %v (RFC 9068, section 2.1)", header.ExtraHeaders["typ"])
	}
	for _, required := range []string{"iss", "exp", "aud", "sub", "client_id", "iat", "jti", "auth_time", "acr", "scope"} {
		if claims[required] == nil {
			r.Errorf("the access token has no %s (RFC 9068, section 2.2)", required)
		}
	}
	if claims["sub"] != t.id["sub"] || claims["client_id"] != r.id || claims["iss"] != r.world.Issuer || claims["scope"] != t.scope {
		r.Errorf("access token %v", claims)
	}
}

// revoke ends a token (RFC 7009).
func (r *rp) revoke(token string) {
	r.Helper()
	if got := r.call("revocation_endpoint", url.Values{"token": {token}}); got.StatusCode != http.StatusOK {
		r.Errorf("revocation answers %d: %s", got.StatusCode, got.body)
	}
}

func clientCredentials(o *op) {
	for _, method := range []string{"client_secret_basic", "client_secret_post", "private_key_jwt"} {
		for _, format := range []string{"jwt", "opaque"} {
			r := o.register(object{
				"token_endpoint_auth_method": method, "access_token_format": format, "grant_types": []string{"client_credentials"}, "response_types": []string{},
				"redirect_uris": []string{}, "require_pkce": nil, "resources": []string{"https://api.example.test"}, "scope": "register.read",
			})
			t := r.read(r.call("token_endpoint", url.Values{"grant_type": {"client_credentials"}, "scope": {"register.read"}, "resource": {"https://api.example.test"}}), "")
			if t.refresh != "" || t.hint != "" || t.scope != "register.read" {
				o.Errorf("%s %s: %+v", method, format, t)
			}
			if got := r.wantActive(t.access, true); got.text("sub") != r.id || got.text("aud") != "https://api.example.test" {
				o.Errorf("introspection: %s", got.body)
			}
			r.wantUserInfo(t.access, http.StatusUnauthorized) // it stands for nobody
			r.revoke(t.access)
			r.wantActive(t.access, false)
		}
	}
}

func subjectTypes(o *op) {
	v := o.visitor()
	sub := func(subjectType string) any { return v.flow(o.register(object{"subject_type": subjectType})).id["sub"] }
	if one, two := sub("public"), sub("public"); one != two {
		o.Errorf("public subjects %v and %v", one, two)
	}
	one, two, public := sub("pairwise"), sub("pairwise"), sub("public")
	if one == two || one == public {
		o.Errorf("pairwise subjects %v and %v, public %v", one, two, public)
	}
}

// tokenErrors are the errors of the token endpoint, each by each way to
// authenticate.
func tokenErrors(o *op) {
	for _, method := range []string{"client_secret_basic", "client_secret_post", "private_key_jwt", "none"} {
		r := o.register(object{"token_endpoint_auth_method": method})
		r.wantFault(r.call("token_endpoint", url.Values{"grant_type": {"password"}, "username": {"a"}, "password": {"b"}}), "unsupported_grant_type")
		r.wantFault(r.call("token_endpoint", url.Values{}), "invalid_request")
		r.wantFault(r.call("token_endpoint", url.Values{"grant_type": {"authorization_code"}}), "invalid_request")
		r.wantFault(r.call("token_endpoint", url.Values{"grant_type": {"client_credentials"}}), "unauthorized_client")
		r.wantFault(r.exchange("nonsense"), "invalid_grant")
		r.wantFault(r.refresh("nonsense"), "invalid_grant")
		// Another client's code, and another redirect URI.
		other, v := o.register(object{"token_endpoint_auth_method": method}), o.visitor()
		request := other.ask()
		code := other.answer(v.through(v.open(request)), request).Get("code")
		r.wantFault(r.exchange(code), "invalid_grant")
		other.wantFault(other.exchange(code, "redirect_uri", r.redirect), "invalid_grant")
		other.read(other.exchange(code), request.Get("nonce"))
		wrong := *r
		wrong.secret, wrong.id = wrong.secret+"x", map[bool]string{true: "nobody", false: wrong.id}[method == "none"]
		if method == "private_key_jwt" {
			wrong.key = o.register(object{"token_endpoint_auth_method": method}).key
		}
		wrong.wantFault(wrong.exchange("nonsense"), "invalid_client")
	}
	// Neither by another way than the registered one, nor by none, nor by two.
	r := o.register(nil)
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"x"}}
	r.wantFault(r.post(r.endpoint("token_endpoint"), form), "invalid_client")
	form.Set("client_id", r.id)
	r.wantFault(r.post(r.endpoint("token_endpoint"), form), "invalid_client")
	form.Set("client_secret", r.secret)
	r.wantFault(r.post(r.endpoint("token_endpoint"), form), "invalid_client")
	r.wantFault(r.call("token_endpoint", form), "invalid_request")
}

func demandedPKCE(o *op) {
	for _, r := range []*rp{o.register(object{"require_pkce": nil}), o.register(object{"token_endpoint_auth_method": "none"})} {
		v := o.visitor()
		v.refused(r, r.ask("code_challenge", "", "code_challenge_method", ""), "invalid_request")
		v.refused(r, r.ask("code_challenge", verifier, "code_challenge_method", "plain"), "invalid_request")
		v.refused(r, r.ask("code_challenge", challenge, "code_challenge_method", ""), "invalid_request")
		v.flow(r, "code_challenge", challenge, "code_challenge_method", "S256")
	}
}

// TestCrossOrigin is what scripts of other sites may call, and what not.
func TestCrossOrigin(t *testing.T) {
	t.Parallel()
	o := start(t)
	const site = "https://app.example.test"
	discovery := o.world.Issuer + "/.well-known/openid-configuration"
	for address, method := range map[string]string{
		discovery: "GET", o.endpoint("jwks_uri"): "GET", o.endpoint("token_endpoint"): "POST", o.endpoint("userinfo_endpoint"): "GET", o.endpoint("revocation_endpoint"): "POST",
	} {
		asked := o.send(o.request(http.MethodOptions, address, nil,
			"Origin", site, "Access-Control-Request-Method", method, "Access-Control-Request-Headers", "authorization,content-type"))
		allowed := asked.Header.Get("Access-Control-Allow-Origin")
		names := strings.Split(strings.ToLower(strings.ReplaceAll(asked.Header.Get("Access-Control-Allow-Headers"), " ", "")), ",")
		if asked.StatusCode/100 != 2 || allowed != "*" && allowed != site || !strings.Contains(asked.Header.Get("Access-Control-Allow-Methods"), method) ||
			!slices.Contains(names, "authorization") || !slices.Contains(names, "content-type") {
			t.Errorf("preflight of %s: %d %v", address, asked.StatusCode, asked.Header)
		}
		got := o.send(o.request(method, address, nil, "Origin", site, "Content-Type", "application/x-www-form-urlencoded"))
		if allowed := got.Header.Get("Access-Control-Allow-Origin"); allowed != "*" && allowed != site {
			t.Errorf("%s: a script cannot read the answer (%d)", address, got.StatusCode)
		}
		if asked.Header.Get("Access-Control-Allow-Credentials") != "" || got.Header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s wants cookies", address)
		}
	}
	for _, address := range []string{o.endpoint("authorization_endpoint"), o.endpoint("end_session_endpoint"), o.endpoint("introspection_endpoint"), o.world.Issuer + "/account"} {
		got := o.send(o.request(http.MethodGet, address, nil, "Origin", site))
		asked := o.send(o.request(http.MethodOptions, address, nil, "Origin", site, "Access-Control-Request-Method", "GET"))
		if got.Header.Get("Access-Control-Allow-Origin") != "" || asked.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s may be read by other sites", address)
		}
	}
	// A whole flow by a script: public client, every call with an Origin.
	r := o.register(object{"token_endpoint_auth_method": "none"})
	request, v := r.ask(), o.visitor()
	code := r.answer(v.through(v.open(request)), request).Get("code")
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {r.redirect}, "code_verifier": {verifier}, "client_id": {r.id}}
	got := o.post(o.endpoint("token_endpoint"), form, "Origin", r.origin)
	r.read(got, request.Get("nonce"))
	if got.Header.Get("Access-Control-Allow-Origin") == "" {
		t.Error("a script cannot read its tokens")
	}
	refused := o.post(o.endpoint("token_endpoint"), form, "Origin", r.origin)
	r.wantFault(refused, "invalid_grant")
	if refused.Header.Get("Access-Control-Allow-Origin") == "" {
		t.Error("a script cannot read the error")
	}
	away := o.get(o.endpoint("userinfo_endpoint"), "Origin", r.origin, "Authorization", "Bearer x")
	if !strings.Contains(away.Header.Get("Access-Control-Expose-Headers"), "WWW-Authenticate") {
		t.Errorf("a script cannot read why: %v", away.Header)
	}
}

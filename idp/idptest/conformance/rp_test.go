package conformance

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"surety/idp/idptest/world"

	"github.com/go-jose/go-jose/v4"
)

// object is JSON metadata.
type object map[string]any

// rp is a relying party.
type rp struct {
	*op
	id, secret string
	origin     string // of its site
	redirect   string
	logout     string // its post_logout_redirect_uri
	method     string // token_endpoint_auth_method
	alg        string // of its ID tokens
	key        *ecdsa.PrivateKey
}

// register adds a client as the suite's own are registered: confidential,
// without a demand for PKCE. Metadata replace what is there.
func (o *op) register(metadata object) *rp {
	o.Helper()
	origin := "https://" + world.Random() + ".example.test"
	r := &rp{op: o, origin: origin, redirect: origin + "/cb", logout: origin + "/logged-out", method: "client_secret_basic", alg: "RS256"}
	all := object{
		"client_name": "Agency " + origin[8:14], "redirect_uris": []string{r.redirect}, "post_logout_redirect_uris": []string{r.logout},
		"grant_types": []string{"authorization_code", "refresh_token"}, "require_pkce": false,
	}
	maps.Copy(all, metadata)
	if m, ok := all["token_endpoint_auth_method"].(string); ok {
		r.method = m
	}
	if a, ok := all["id_token_signed_response_alg"].(string); ok {
		r.alg = a
	}
	switch r.method {
	case "private_key_jwt":
		var err error
		if r.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
			o.Fatal(err)
		}
		all["jwks"] = jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: r.key.Public(), KeyID: "1", Algorithm: "ES256", Use: "sig"}}}
	case "none":
		delete(all, "require_pkce") // a public client cannot go without
	}
	text, err := json.Marshal(all)
	if err != nil {
		o.Fatal(err)
	}
	made := o.world.Register(string(text))
	r.id, r.secret = string(made.Client.ID), made.Secret
	return r
}

// verifier is the PKCE verifier of every request that has one; challenge is
// its S256 challenge.
var (
	verifier  = strings.Repeat("verifier.", 6)
	challenge = s256(verifier)
)

// ask makes an authorization request in the mode of the test. Pairs are names
// and values that replace or add; the value "" takes a parameter out.
func (r *rp) ask(pairs ...string) url.Values {
	request := url.Values{
		"response_type": {"code"}, "client_id": {r.id}, "redirect_uri": {r.redirect}, "scope": {"openid"},
		"state": {"st&te+" + world.Random()}, "nonce": {"n-0S6_" + world.Random()},
	}
	if r.mode != "" {
		request.Set("response_mode", string(r.mode))
	}
	if r.method == "none" {
		request.Set("code_challenge", challenge)
		request.Set("code_challenge_method", "S256")
	}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			request.Del(pairs[i])
		} else {
			request.Set(pairs[i], pairs[i+1])
		}
	}
	return request
}

// authenticate adds the client's credentials to a form, and returns headers.
func (r *rp) authenticate(form url.Values) []string {
	r.Helper()
	switch r.method {
	case "client_secret_basic":
		req := http.Request{Header: http.Header{}}
		req.SetBasicAuth(url.QueryEscape(r.id), url.QueryEscape(r.secret))
		return []string{"Authorization", req.Header.Get("Authorization")}
	case "client_secret_post":
		form.Set("client_id", r.id)
		form.Set("client_secret", r.secret)
	case "private_key_jwt":
		form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
		form.Set("client_assertion", r.assertion())
	case "none":
		form.Set("client_id", r.id)
	}
	return nil
}

// assertion proves the client by its key.
func (r *rp) assertion() string {
	r.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: r.key}, (&jose.SignerOptions{}).WithHeader("kid", "1"))
	if err != nil {
		r.Fatal(err)
	}
	now := r.world.Now()
	claims, _ := json.Marshal(object{
		"iss": r.id, "sub": r.id, "aud": r.world.Issuer, "jti": world.Random(), "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(),
	})
	signed, err := signer.Sign(claims)
	if err != nil {
		r.Fatal(err)
	}
	compact, err := signed.CompactSerialize()
	if err != nil {
		r.Fatal(err)
	}
	return compact
}

// call posts a form to an endpoint with the client's credentials.
func (r *rp) call(endpoint string, form url.Values) reply {
	r.Helper()
	header := r.authenticate(form)
	return r.post(r.endpoint(endpoint), form, header...)
}

// exchange brings a code to the token endpoint.
func (r *rp) exchange(code string, pairs ...string) reply {
	r.Helper()
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {r.redirect}}
	if r.method == "none" {
		form.Set("code_verifier", verifier)
	}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return r.call("token_endpoint", form)
}

// refresh brings a refresh token to the token endpoint.
func (r *rp) refresh(token string) reply {
	r.Helper()
	return r.call("token_endpoint", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}})
}

// wantFault holds an error of the token endpoint to section 0.
func (r *rp) wantFault(got reply, code string) {
	r.Helper()
	status, challenge := http.StatusBadRequest, got.Header.Get("WWW-Authenticate")
	if code == "invalid_client" {
		status = http.StatusUnauthorized
	}
	r.wantJSON(got, status)
	if got.text("error") != code || got.Header.Get("Cache-Control") != "no-store" || !printable(got.text("error_description")) {
		r.Errorf("want %s, got %s with Cache-Control %q", code, got.body, got.Header.Get("Cache-Control"))
	}
	if _, there := got.json["access_token"]; there {
		r.Error("an error with a token beside it")
	}
	if code == "invalid_client" && got.Request.Header.Get("Authorization") != "" && !strings.HasPrefix(challenge, "Basic ") {
		r.Errorf("WWW-Authenticate is %q", challenge)
	}
}

// wantActive asks introspection whether a token is good.
func (r *rp) wantActive(token string, want bool) reply {
	r.Helper()
	got := r.call("introspection_endpoint", url.Values{"token": {token}})
	r.wantJSON(got, http.StatusOK)
	if got.json["active"] != want || !want && len(got.json) != 1 {
		r.Errorf("introspection: %s, want active %t", got.body, want)
	}
	return got
}

// wantUserInfo asks userinfo whether an access token is good.
func (r *rp) wantUserInfo(token string, status int) {
	r.Helper()
	got := r.get(r.endpoint("userinfo_endpoint"), "Authorization", "Bearer "+token)
	if got.StatusCode != status {
		r.Errorf("userinfo answers %d, want %d", got.StatusCode, status)
	}
	if status == http.StatusUnauthorized && !strings.Contains(got.Header.Get("WWW-Authenticate"), `error="invalid_token"`) {
		r.Errorf("WWW-Authenticate is %q", got.Header.Get("WWW-Authenticate"))
	}
}

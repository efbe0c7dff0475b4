package oidc_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"surety/idp/client"
)

// The tests of this file make the attacks of FOSITE.md, A7, one by one, and
// show that they fail.

func TestA7_1_PKCEDowngrade(t *testing.T) {
	t.Parallel()
	w, a, b := setup(t, func(m *client.Metadata) { m.TokenEndpointAuthMethod = client.AuthNone })
	code := b.code(a.request())
	wrong := strings.Repeat("x", 50)
	a.exchange(code, "code_verifier", wrong).want(http.StatusBadRequest, "invalid_grant")
	a.exchange(code, "code_verifier", "").want(http.StatusBadRequest, "invalid_grant")
	a.exchange(code).want(http.StatusOK, "")

	// The challenge cannot be left out or weakened at the authorization endpoint either.
	for _, change := range [][]string{{"code_challenge", ""}, {"code_challenge_method", ""}, {"code_challenge_method", "plain"}, {"code_challenge", "short"}} {
		if got := answerOf(t, b.authorize(a.request(change...))); got.Get("error") != "invalid_request" || got.Has("code") {
			t.Errorf("%v: %v", change, got)
		}
	}

	// A client that may go without: a verifier where there was no challenge
	// means that somebody took the challenge out on the way.
	no := false
	free := w.agency(func(m *client.Metadata) { m.RequirePKCE = &no })
	w.agree(accountOf(b), free, "openid", "profile")
	code = b.code(free.request("code_challenge", "", "code_challenge_method", ""))
	free.exchange(code).want(http.StatusBadRequest, "invalid_grant")
	free.exchange(code, "code_verifier", "").want(http.StatusOK, "")
	// And one that sends a challenge is held to it.
	code = b.code(free.request())
	free.exchange(code, "code_verifier", "").want(http.StatusBadRequest, "invalid_grant")
	free.exchange(code).want(http.StatusOK, "")
}

func TestA7_2_CodeRedeemedByManyAtOnce(t *testing.T) {
	t.Parallel()
	_, a, b := setup(t, nil)
	code := b.code(a.request())
	const many = 64
	replies := make([]reply, many)
	start := make(chan struct{})
	var group sync.WaitGroup
	for i := range many {
		group.Go(func() {
			<-start
			replies[i] = a.exchange(code)
		})
	}
	close(start)
	group.Wait()
	var won []reply
	for _, r := range replies {
		if r.status == http.StatusOK {
			won = append(won, r)
			continue
		}
		r.want(http.StatusBadRequest, "invalid_grant")
	}
	if len(won) != 1 {
		t.Fatalf("%d redemptions succeeded, want 1", len(won))
	}
	if a.active(won[0].text("access_token")) {
		t.Error("the winner's access token is still good")
	}
	a.refresh(won[0].text("refresh_token")).want(http.StatusBadRequest, "invalid_grant")
}

func TestA7_3_CodesAreNotStoredAsTheyAre(t *testing.T) {
	t.Parallel()
	w, a, b := setup(t, func(m *client.Metadata) { m.AccessTokenFormat = client.TokenOpaque })
	code := b.code(a.request())
	r := a.exchange(code)
	r.want(http.StatusOK, "")
	for _, table := range []string{"auth_code", "refresh_token", "access_token", "oauth_grant", "audit_event"} {
		var dump string
		if err := w.DB.QueryRow(t.Context(), `SELECT coalesce(string_agg(x::text, ' '), '') FROM `+table+` x`).Scan(&dump); err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{code, r.text("access_token"), r.text("refresh_token"), a.secret} {
			if strings.Contains(dump, secret) {
				t.Errorf("%s holds a secret", table)
			}
		}
	}
}

func TestA7_5_RequestObjects(t *testing.T) {
	t.Parallel()
	_, a, b := setup(t, nil)
	unsigned := "eyJhbGciOiJub25lIn0.eyJyZWRpcmVjdF91cmkiOiJodHRwczovL2V2aWwuZXhhbXBsZS8ifQ."
	for _, c := range []struct{ name, value, scope, want string }{
		{"request", unsigned, "openid", "request_not_supported"},
		{"request", "garbage", "profile", "request_not_supported"}, // also without openid
		{"request_uri", "https://agency.example/request.jwt", "openid", "request_uri_not_supported"},
		{"request_uri", "urn:ietf:params:oauth:request_uri:x", "openid", "request_uri_not_supported"},
		{"registration", "{}", "openid", "registration_not_supported"},
	} {
		rec := b.authorize(a.request(c.name, c.value, "scope", c.scope))
		got := answerOf(t, rec)
		if got.Get("error") != c.want || got.Get("state") != "st&te+1" || got.Get("iss") != issuer {
			t.Errorf("%s: %v", c.name, got)
		}
		if !strings.HasPrefix(rec.Header().Get("Location"), a.RedirectURIs[0]+"?") {
			t.Errorf("%s: sent to %s", c.name, rec.Header().Get("Location"))
		}
	}
}

func TestA7_6_RequestWithoutState(t *testing.T) {
	t.Parallel()
	_, a, b := setup(t, nil)
	for _, state := range []string{"", "x", "st&te=\"<é>"} {
		rec := b.authorize(a.request("state", state))
		got := answerOf(t, rec)
		if got.Get("code") == "" || got.Get("state") != state || got.Has("state") != (state != "") {
			t.Errorf("state %q: %v", state, got)
		}
	}
	// Errors invent no state either, and a short or missing nonce is as good as another.
	if got := answerOf(t, b.authorize(a.request("state", "", "response_type", "token"))); got.Has("state") || got.Get("error") == "" {
		t.Errorf("error without state: %v", got)
	}
	for _, nonce := range []string{"", "n"} {
		r := a.tokens(b, "nonce", nonce)
		_, id := payload(t, r.text("id_token"))
		if got, _ := id["nonce"].(string); got != nonce {
			t.Errorf("nonce %q came back as %q", nonce, got)
		}
	}
}

func TestA7_7_RequestParametersAreHonoured(t *testing.T) {
	t.Parallel()
	w, a, b := setup(t, func(m *client.Metadata) { m.Resources = []string{"https://api.agency.example/v1"} })
	w.advance(time.Second)
	// max_age=0 is not ignored: the login of a second ago does not do.
	if got := answerOf(t, b.authorize(a.request("max_age", "0", "prompt", "none"))); got.Get("error") != "login_required" {
		t.Errorf("max_age=0: %v", got)
	}
	if to := b.authorize(a.request("max_age", "0")).Header().Get("Location"); !strings.HasPrefix(to, "/sign-in?interaction=") {
		t.Errorf("max_age=0 led to %s", to)
	}
	if got := answerOf(t, b.authorize(a.request("max_age", "1"))); got.Get("code") == "" {
		t.Errorf("max_age=1 within its time: %v", got)
	}
	for _, age := range []string{"-1", "x", "1.5", "99999999999", "+1", " 1"} {
		if got := answerOf(t, b.authorize(a.request("max_age", age))); got.Get("error") != "invalid_request" {
			t.Errorf("max_age=%q: %v", age, got)
		}
	}
	// acr_values is a wish, an essential acr is a demand.
	_, id := payload(t, a.tokens(b, "acr_values", acrSubstantial+" "+acrBasic).text("id_token"))
	if id["acr"] != acrBasic {
		t.Errorf("acr %v", id["acr"])
	}
	essential := `{"id_token":{"acr":{"essential":true,"values":["` + acrSubstantial + `"]}}}`
	if got := answerOf(t, b.authorize(a.request("claims", essential))); got.Get("error") != "unmet_authentication_requirements" {
		t.Errorf("essential acr: %v", got)
	}
	// resource ends up in aud, and only what is registered.
	r := a.tokens(b, "resource", "https://api.agency.example/v1")
	_, at := payload(t, r.text("access_token"))
	if b, _ := json.Marshal(at["aud"]); string(b) != `["https://api.agency.example/v1","`+issuer+`"]` {
		t.Errorf("aud %s", b)
	}
	if got := answerOf(t, b.authorize(a.request("resource", "https://other.example/"))); got.Get("error") != "invalid_target" {
		t.Errorf("resource: %v", got)
	}
	// A refresh may ask for less, for both, and never for more.
	less := a.refresh(r.text("refresh_token"), "scope", "openid", "resource", issuer)
	less.want(http.StatusOK, "")
	_, at = payload(t, less.text("access_token"))
	if less.text("scope") != "openid" || at["scope"] != "openid" || at["aud"] != issuer {
		t.Errorf("narrowed to %v %v", at["scope"], at["aud"])
	}
	if info := w.userInfo(less.text("access_token")); info.status != http.StatusOK || info.body["name"] != nil {
		t.Errorf("UserInfo gives %v", info.body)
	}
	// A token for the resource alone does not open UserInfo.
	api := a.refresh(less.text("refresh_token"), "resource", "https://api.agency.example/v1")
	w.userInfo(api.text("access_token")).want(http.StatusUnauthorized, "invalid_token")
	less = api
	a.refresh(less.text("refresh_token"), "scope", "openid email").want(http.StatusBadRequest, "invalid_scope")
	a.refresh(less.text("refresh_token"), "resource", "https://other.example/").want(http.StatusBadRequest, "invalid_target")
	// Narrowing once takes nothing away for good.
	if all := a.refresh(less.text("refresh_token")); !hasScope(all.text("scope"), "profile") {
		t.Errorf("afterwards: %v", all.body)
	}
}

func TestA7_8_AccessTokenAndFrozenIat(t *testing.T) {
	t.Parallel()
	w, a, b := setup(t, nil)
	r := a.tokens(b)
	head, at := payload(t, r.text("access_token"))
	if head["typ"] != "at+jwt" || head["alg"] != "ES256" || at["client_id"] != string(a.ID) || at["scope"] != "openid profile" {
		t.Errorf("%v %v", head, at)
	}
	if _, list := at["scp"]; list || at["aud"] != issuer || at["iss"] != issuer || at["acr"] != acrBasic || at["method"] != "password" {
		t.Errorf("%v", at)
	}
	for _, claim := range []string{"sub", "exp", "iat", "jti", "auth_time", "amr", "sid"} {
		if at[claim] == nil {
			t.Errorf("no %s", claim)
		}
	}
	later := w.advance(2 * time.Minute)
	next := a.refresh(r.text("refresh_token"))
	_, at2 := payload(t, next.text("access_token"))
	_, id2 := payload(t, next.text("id_token"))
	if at2["iat"] != float64(later.Unix()) || id2["iat"] != float64(later.Unix()) || at2["jti"] == at["jti"] {
		t.Errorf("iat %v, want %d; jti %v", at2["iat"], later.Unix(), at2["jti"])
	}
	if at2["auth_time"] != at["auth_time"] {
		t.Errorf("auth_time went from %v to %v without a login", at["auth_time"], at2["auth_time"])
	}
}

func TestA7_9_UnknownGrantType(t *testing.T) {
	t.Parallel()
	w, a, _ := setup(t, nil)
	for grantType, want := range map[string]string{
		"password": "unsupported_grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer": "unsupported_grant_type",
		"authorization_code refresh_token": "unsupported_grant_type", "": "invalid_request",
		"client_credentials": "unauthorized_client", // known, and this client is not registered for it
	} {
		a.post("/token", url.Values{"grant_type": {grantType}}).want(http.StatusBadRequest, want)
	}
	// A client is not let in by the grant type's door before it has shown who it is.
	r := w.call(t.Context(), "/token", ownForm(), nil)
	r.want(http.StatusUnauthorized, "invalid_client")
}

func TestA7_13_RefreshHasAnAbsoluteEnd(t *testing.T) {
	t.Parallel()
	w, a, b := setup(t, nil)
	r := a.tokens(b, "scope", "openid offline_access", "prompt", "")
	refresh := r.text("refresh_token")
	for range 3 {
		w.advance(9 * 24 * time.Hour)
		next := a.refresh(refresh)
		next.want(http.StatusOK, "")
		refresh = next.text("refresh_token")
	}
	w.advance(3 * 24 * time.Hour) // the 30th day
	a.refresh(refresh).want(http.StatusBadRequest, "invalid_grant")
}

func TestA7_14_TokensAreRandomAndPlain(t *testing.T) {
	t.Parallel()
	_, a, b := setup(t, func(m *client.Metadata) { m.AccessTokenFormat = client.TokenOpaque })
	seen := map[string]bool{}
	for range 5 {
		code := b.code(a.request())
		r := a.exchange(code)
		for _, secret := range []string{code, r.text("access_token"), r.text("refresh_token")} {
			if len(secret) != 43 || strings.ContainsAny(secret, "._ ") && strings.HasPrefix(secret, "ory") || seen[secret] {
				t.Errorf("secret of %d characters, or seen before", len(secret))
			}
			seen[secret] = true
		}
	}
}

func TestA7_15_ExplicitResponseModeAndNoScopeInRedirect(t *testing.T) {
	t.Parallel()
	w, a, b := setup(t, nil)
	rec := b.authorize(a.request("response_mode", "query"))
	if got := answerOf(t, rec); got.Get("code") == "" || got.Has("scope") || len(got) != 3 {
		t.Errorf("query: %v", got)
	}
	b.authorize(a.request("response_mode", "form_post"))
	if f := w.pages.formPost; f.Fields.Get("code") == "" || f.Action != a.RedirectURIs[0] || len(f.Fields) != 3 {
		t.Errorf("form_post: %+v", f)
	}
	for _, mode := range []string{"fragment", "jwt", "web_message"} {
		if got := answerOf(t, b.authorize(a.request("response_mode", mode))); got.Get("error") != "invalid_request" || got.Has("code") {
			t.Errorf("%s: %v", mode, got)
		}
	}
}

// A8: a slow hash would be run before anything else, for anybody. What is
// stored is the fast keyed one, by its scheme, and fosite's own hasher refuses
// to compare at all (store.TestFositeComparesNoSecrets).
func TestA8_SecretsAreNotHashedSlowly(t *testing.T) {
	t.Parallel()
	w, _, _ := setup(t, nil)
	own := w.agency(serviceClient)
	w.call(t.Context(), "/token", ownForm(), http.Header{"Authorization": {basic(string(own.ID), "wrong")}}).
		want(http.StatusUnauthorized, "invalid_client")
	var stored string
	if err := w.DB.QueryRow(t.Context(), `SELECT secret_hash FROM client WHERE client_id = $1`, string(own.ID)).Scan(&stored); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(stored, "hmac:") {
		t.Errorf("the secret is stored as %.8s...", stored)
	}
	// A client without a secret has an empty hash in its row, which nothing matches.
	w.exec(`UPDATE client SET secret_hash = '' WHERE client_id = $1`, string(own.ID))
	w.advance(6 * time.Second) // the client cache
	for _, secret := range []string{"", own.secret} {
		w.call(t.Context(), "/token", ownForm(), http.Header{"Authorization": {basic(string(own.ID), secret)}}).
			want(http.StatusUnauthorized, "invalid_client")
	}
}

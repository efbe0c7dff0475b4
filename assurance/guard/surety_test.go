package guard_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"surety/assurance"
	"surety/assurance/guard"
	"surety/idp/keys"
	"surety/idp/oidc/claims"
	"surety/idp/oidc/details"
	"surety/idp/oidc/metadata"
)

// TestAcceptsWhatSuretySigns joins the guard with the provider's own keys,
// metadata and claims, so that neither can change without the other. Only
// tests know the provider: the package itself must not.
func TestAcceptsWhatSuretySigns(t *testing.T) {
	t.Parallel()
	var all []keys.SigningKey
	for _, alg := range keys.Algorithms() {
		key, err := keys.NewSigningKey(alg, start)
		if err != nil {
			t.Fatal(err)
		}
		key.PublishedAt, key.ActiveAt = start, start
		all = append(all, key)
	}
	set, err := keys.NewSet(all, start)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	defer server.Close()
	surety, err := metadata.New(metadata.Config{
		Issuer: server.URL, ACRs: func() []string { return levels }, Proofings: func() []assurance.ProofingMethod { return nil },
	}, set.JWKS)
	if err != nil {
		t.Fatal(err)
	}
	mux.HandleFunc(metadata.PathConfiguration, surety.Configuration)
	mux.HandleFunc(metadata.PathJWKS, surety.Keys)
	g := newGuard(t, guard.Config{Issuer: server.URL, Audience: api, Clock: func() time.Time { return start }})

	sign := func(alg, typ string, v any) string {
		payload, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		token, err := set.Sign(alg, typ, payload)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	end, scopes := start.Add(5*time.Minute).Unix(), []string{claims.ScopeOpenID}
	person := claims.Access{
		Issuer: server.URL, Subject: "a", Audience: claims.AudienceOf(server.URL, []string{api}, scopes), Expires: end, Issued: start.Unix(),
		JTI: claims.NewJTI("grant"), ClientID: "portal", Scope: claims.ScopeOpenID, AuthTime: start.Unix(), ACR: substantial, AMR: []string{"pwd", "otp", "mfa"},
	}
	declaring := person
	declaring.ACR, declaring.Details = levels[0], details.Granted("portal", []string{"3.77.01"})
	machine := claims.Access{
		Issuer: server.URL, Subject: "portal", Audience: claims.Audience{api}, Expires: end, Issued: start.Unix(), JTI: claims.NewJTI(""), ClientID: "portal",
	}
	userInfoOnly := person
	userInfoOnly.Audience = claims.AudienceOf(server.URL, nil, scopes)
	id := claims.IDToken{Issuer: server.URL, Subject: "a", Audience: "portal", Expires: end, Issued: start.Unix(), AuthTime: start.Unix(), ACR: high}
	level := guard.Requirement{Level: substantial, MaxAge: time.Minute}
	procedure := guard.Requirement{Procedure: "3.77.01", Agency: "portal", MaxAge: time.Minute}
	for _, alg := range keys.Algorithms() {
		expect(t, call(g, level, sign(alg, claims.TypeAccess, person)), 200, "")
		expect(t, call(g, procedure, sign(alg, claims.TypeAccess, declaring)), 200, "")
		expect(t, call(g, procedure, sign(alg, claims.TypeAccess, person)), 401, "insufficient_user_authentication")
		expect(t, call(g, level, sign(alg, claims.TypeAccess, declaring)), 401, "insufficient_user_authentication")
		expect(t, call(g, guard.Requirement{}, sign(alg, claims.TypeAccess, machine)), 200, "")
		expect(t, call(g, level, sign(alg, claims.TypeAccess, machine)), 401, "insufficient_user_authentication")
		expect(t, call(g, level, sign(alg, claims.TypeAccess, userInfoOnly)), 401, "invalid_token")
		expect(t, call(g, guard.Requirement{}, sign(alg, claims.TypeID, id)), 401, "invalid_token")
	}
}

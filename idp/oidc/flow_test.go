package oidc_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"surety/assurance"
	"surety/idp/oidc/claims"
	"surety/idp/postgres/db"

	"github.com/go-jose/go-jose/v4"
)

// TestRoundTrips counts what each flow costs the database (DESIGN §10): no
// more for a procedure than without, and one more for verified claims in an ID
// token: the person is read.
func TestRoundTrips(t *testing.T) {
	t.Parallel()
	t.Run("plain", func(t *testing.T) {
		t.Parallel()
		countTrips(t, 0)
	})
	t.Run("for procedures", func(t *testing.T) {
		t.Parallel()
		countTrips(t, 0, "authorization_details", forProcedures("one", "two"), "acr_values", acrSubstantial)
	})
	t.Run("for verified claims", func(t *testing.T) {
		t.Parallel()
		countTrips(t, 0, "claims", `{"userinfo":`+proof+`}`)
	})
	t.Run("for verified claims in the ID token", func(t *testing.T) {
		t.Parallel()
		countTrips(t, 1, "claims", `{"id_token":`+proof+`}`)
	})
}

// countTrips allows that many more for an ID token.
func countTrips(t *testing.T, more int, request ...string) {
	w, a, b := setup(t, ofTax)
	w.confirm(accountOf(b))
	w.agreeTo(accountOf(b), a, append(claims.Names([]string{"profile", "email", "phone"}, claims.Request{}), "verified_claims")...)
	w.publish("one", substantial)
	w.publish("two", assurance.Requirement{MaxAge: time.Hour})
	first := a.tokens(b, request...) // prepares the statements, fills the caches

	ctx, trips := db.Count(t.Context())
	r := httpGet(ctx, "/authorize?"+a.request(request...).Encode())
	code := answerOf(t, b.send(r)).Get("code")
	if trips.Trips() != 3 || code == "" {
		t.Errorf("authorize: %d trips (%s), code %q", trips.Trips(), trips, code)
	}

	ctx, trips = db.Count(t.Context())
	got := a.postCtx(ctx, "/token", codeForm(a, code))
	got.want(http.StatusOK, "")
	if trips.Trips() != 2+more {
		t.Errorf("code: %d trips (%s)", trips.Trips(), trips)
	}

	ctx, trips = db.Count(t.Context())
	a.postCtx(ctx, "/token", refreshForm(first.text("refresh_token"))).want(http.StatusOK, "")
	if trips.Trips() != 2+more {
		t.Errorf("refresh: %d trips (%s)", trips.Trips(), trips)
	}

	own := w.agency(serviceClient)
	own.post("/token", ownForm()).want(http.StatusOK, "")
	ctx, trips = db.Count(t.Context())
	own.postCtx(ctx, "/token", ownForm()).want(http.StatusOK, "")
	if trips.Trips() != 0 {
		t.Errorf("client credentials: %d trips (%s)", trips.Trips(), trips)
	}

	// A client that signs its requests pays one more, for using up the jti.
	key := newSigner(t, jose.ES256, "k", "sig")
	signing := w.agency(keyClient(key.jwks))
	prove(signing, key.assertion(claimsFor(signing))).want(http.StatusOK, "")
	ctx, trips = db.Count(t.Context())
	form := ownForm()
	form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
	form.Set("client_assertion", key.assertion(claimsFor(signing)))
	w.call(ctx, "/token", form, nil).want(http.StatusOK, "")
	if trips.Trips() != 1 {
		t.Errorf("client assertion: %d trips (%s)", trips.Trips(), trips)
	}

	ctx, trips = db.Count(t.Context())
	a.postCtx(ctx, "/introspect", tokenForm(got.text("access_token"))).want(http.StatusOK, "")
	if trips.Trips() != 1 {
		t.Errorf("introspect: %d trips (%s)", trips.Trips(), trips)
	}
	ctx, trips = db.Count(t.Context())
	w.call(ctx, "/userinfo", url.Values{}, http.Header{"Authorization": {"Bearer " + got.text("access_token")}}).want(http.StatusOK, "")
	if trips.Trips() != 1 {
		t.Errorf("userinfo: %d trips (%s)", trips.Trips(), trips)
	}
	ctx, trips = db.Count(t.Context())
	a.postCtx(ctx, "/revoke", tokenForm(got.text("access_token"))).want(http.StatusOK, "")
	if trips.Trips() != 1 {
		t.Errorf("revoke: %d trips (%s)", trips.Trips(), trips)
	}
}

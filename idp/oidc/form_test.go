package oidc_test

import (
	"net/url"
	"testing"

	"surety/idp/oidc"
)

// TestParametersWithoutValueAreOmitted (RFC 6749, section 3.1).
func TestParametersWithoutValueAreOmitted(t *testing.T) {
	form := url.Values{"max_age": {""}, "state": {""}, "scope": {"openid"}}
	if f := oidc.CheckParameters(form); f != nil {
		t.Fatal(f)
	}
	if form.Has("max_age") || form.Has("state") || form.Get("scope") != "openid" {
		t.Errorf("the form is %v", form)
	}
	if f := oidc.CheckParameters(url.Values{"scope": {"", "openid"}}); f == nil {
		t.Error("a parameter that is there twice passes when one is empty")
	}
}

// TestEmptyMaxAgeIsNoMaxAge goes the whole way: a live session answers at once.
func TestEmptyMaxAgeIsNoMaxAge(t *testing.T) {
	t.Parallel()
	_, a, b := setup(t, nil)
	a.tokens(b, "max_age", "")
}

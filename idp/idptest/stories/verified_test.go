package stories_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"surety/idp/idptest/world"
)

// TestR10_AnAgencyAsksForWhatIsVerified: the page says what will be sent and how
// the identity was confirmed, in the person's language; the person may leave
// that out, and then nothing is said to be verified.
func TestR10_AnAgencyAsksForWhatIsVerified(t *testing.T) {
	t.Parallel()
	w := house(t)
	a := newAgency(w, "")
	const ask = `{"userinfo":{"verified_claims":{"verification":{"trust_framework":null,"assurance_level":null},"claims":{"given_name":null,"family_name":null}}}}`
	visit := func(confirmed bool, pairs ...string) (*world.Browser, world.Page) {
		login := world.Random() + "@example.test"
		made := w.Seed(login)
		if confirmed {
			w.Confirm(made.AccountID, false)
		}
		b := w.Browser()
		page := logIn(b, b.Get(a.authorize(append(pairs, "scope", "openid", "claims", ask)...)), login)
		wantPath(t, page, "/consent")
		return b, page
	}
	verified := func(p world.Page) string {
		told, err := json.Marshal(a.userinfo(a.redeem(p)).values["verified_claims"])
		if err != nil {
			t.Fatal(err)
		}
		return string(told)
	}

	b, page := visit(true)
	want(t, page, http.StatusOK, "How your identity was confirmed", "Visit to a counter", "Kavalenka", "Hanna")
	if got := verified(b.Submit(page, "allow")); got != `{"claims":{"family_name":"Kavalenka","given_name":"Hanna"},"verification":{"assurance_level":"confirmed","trust_framework":"surety_demo"}}` {
		t.Errorf("told %s", got)
	}

	b, page = visit(true, "ui_locales", "be")
	want(t, page, http.StatusOK, "Візіт у пункт абслугоўвання")
	action, form := b.Form(page, "allow")
	form["share"] = []string{"given_name", "family_name"}
	if got := verified(b.Post(action, form)); got != "null" {
		t.Errorf("left out, and told %s", got)
	}

	// Nothing is known of how, so there is no box for it.
	b, page = visit(false)
	want(t, page, http.StatusOK, "Kavalenka")
	if got := verified(b.Submit(page, "allow")); got != "null" {
		t.Errorf("nobody proved anything, and told %s", got)
	}
}

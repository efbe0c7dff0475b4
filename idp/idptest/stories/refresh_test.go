package stories_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"surety/assurance"
	"surety/idp/flow/account"
	"surety/idp/flow/operator"
	"surety/idp/idptest/world"
	"surety/idp/procedure"
	"surety/idp/profile"
)

// bureau is an agency that offers the sample procedures, without any program of
// its own: for worlds whose time goes on, which no other program's does.
func bureau(w *world.World) *office {
	w.Helper()
	shop := &world.Agency{URL: "https://town.example.test", API: "https://town.example.test/api", ID: "agency"}
	o := newOffice(w, shop, "")
	shop.Offers = w.Offer(shop.URL)
	return o
}

// kept is an authorization that outlives the session: for the services with
// these codes, of a person who has an app and shows it where asked to.
func (o *office) kept(c citizen, codes ...string) back {
	o.Helper()
	page := c.comes(o.plain("scope", "openid offline_access", "authorization_details", wanting(codes...)))
	if page.URL.Path == "/step-up" {
		page = c.Submit(c.Get("/step-up/otp"+interactionOf(page)), "continue", "code", c.app.Code())
	}
	return o.redeem(c.agrees(page))
}

// renews has a refresh token renewed, and fails unless the level is this one.
func (o *office) renews(what string, tokens back, want string) back {
	o.Helper()
	got := o.refresh(tokens)
	if got.Status != http.StatusOK {
		o.Fatalf("%s: %d %s", what, got.Status, got.Body)
	}
	if acr := level(o.claims(got.text("access_token"))["acr"].(string)); acr != want {
		o.Errorf("%s: the level is %s, want %s", what, acr, want)
	}
	known := o.post("/introspect", "token", got.text("access_token"))
	if known.values["active"] != true || level(known.text("acr")) != want {
		o.Errorf("%s: introspection says %s", what, known.Body)
	}
	return got
}

// ends fails unless the refresh is refused, in words that say why.
func (o *office) ends(what string, tokens back, why string) {
	o.Helper()
	got := o.refresh(tokens)
	if got.Status != http.StatusBadRequest || got.text("error") != "invalid_grant" || !strings.Contains(got.text("error_description"), why) {
		o.Errorf("%s: %d %s", what, got.Status, got.Body)
	}
}

// notMet is what a refresh says when somebody must log in again.
const notMet = "no longer met"

// TestR3_ADocumentEndsUnderARefreshToken: what wanted a current document is
// refused from the day after, what lives with its grace goes on for that long,
// what renews the document goes on, and the level is told as it is.
func TestR3_ADocumentEndsUnderARefreshToken(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	o := bureau(w)
	proven := provenBy(w.Now(), assurance.ProofingCounter, assurance.StageConfirmed, 1000, 7)
	all := citizens(w, 4, func(s *account.Seed) { proven(s); s.TOTP = appKey })
	current, usual, renewal, easy := o.kept(all[0], "3.50.01"), o.kept(all[1], "3.30.01"), o.kept(all[2], "3.50.02"), o.kept(all[3], "1.10.01")
	current = o.renews("before the document ends", current, "substantial")
	w.Advance(8 * 24 * time.Hour)
	o.ends("a current document is asked for", current, notMet)
	usual, renewal = o.renews("within the grace", usual, "substantial"), o.renews("renewal", renewal, "substantial")
	easy = o.renews("the lowest level", easy, "checked") // the log-in was by password alone
	// Refresh tokens end before any grace does; so the grace ends by the operator's word.
	exec1(w, `UPDATE proofing SET document_until = $2 WHERE account_id = $1`, all[1].id, w.Now().AddDate(0, 0, -181))
	exec1(w, `UPDATE proofing SET document_until = $2 WHERE account_id = $1`, all[2].id, w.Now().AddDate(0, 0, -181))
	exec1(w, `UPDATE proofing SET document_until = $2 WHERE account_id = $1`, all[3].id, w.Now().AddDate(0, 0, -181))
	o.ends("beyond the grace", usual, notMet)
	o.renews("beyond the grace, for what renews the document", renewal, "substantial")
	o.renews("beyond the grace, at the lowest level", easy, "basic")
}

// TestRefresh_AsksForTheSameAgain: a proofing that is taken back, a requirement
// that was raised, a service that is no longer offered: refused; what still
// holds goes on at the level that is left.
func TestRefresh_AsksForTheSameAgain(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	o, c := bureau(w), confirmedCitizen(w, true)
	both := o.kept(c, "3.30.01")
	lower := o.kept(c, "2.20.01")
	lowest := o.kept(c, "1.10.01")
	two := o.kept(c, "1.10.01", "3.30.01")
	lower = o.renews("nothing has changed", lower, "substantial")

	exec1(w, `UPDATE proofing SET revoked_at = $2 WHERE account_id = $1`, c.id, w.Now())
	o.ends("the identity is not proven any more", both, notMet)
	o.ends("nor is it for less", lower, notMet)
	lowest = o.renews("what needs no proof", lowest, "basic")
	o.ends("of two services", two, notMet)
	// A token for the one that is still open can be had (RFC 9396, section 6.1).
	part := o.post("/token", "grant_type", "refresh_token", "refresh_token", two.text("refresh_token"), "authorization_details", wanting("1.10.01"))
	if part.Status != http.StatusOK || level(o.claims(part.text("access_token"))["acr"].(string)) != "basic" {
		t.Errorf("for the open one: %d %s", part.Status, part.Body)
	}

	raised := strings.Replace(one(t, "1.10.01"), "requirement: {level: basic}", "requirement: {level: checked}", 1)
	w.Publish(raised)
	o.hears(c, "1.10.01", "interaction_required")
	o.ends("the service asks for more by now", lowest, notMet)
	w.Publish(strings.Replace(raised, "{level: checked}", "{level: basic}", 1))
	o.hears(c, "1.10.01", "")
	lowest = o.renews("and for less again", lowest, "basic")
	if _, err := w.Operator.SetProcedureDisabled(w.Context(), operator.ActorCommand, procedure.Key{Agency: "agency", Code: "1.10.01"}, true, false); err != nil {
		t.Fatal(err)
	}
	o.hears(c, "1.10.01", "invalid_authorization_details")
	o.ends("the service is not offered any more", lowest, "not offered any more")
}

// hears waits until the house has heard of a change: a silent request of the
// person for the service ends so.
func (o *office) hears(c citizen, code, ends string) {
	o.Helper()
	o.Until(code+" ends with "+ends, func() bool {
		return o.wantBack(c.Get(o.asking(code, "prompt", "none"))).Get("error") == ends
	})
}

// one is the sample procedure with the code, as a file of its own.
func one(t *testing.T, code string) string {
	t.Helper()
	p, err := profile.Load("demo")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range strings.Split("\n"+string(p.Procedures), "\n- ")[1:] {
		if strings.Contains(entry, "code: "+code+"\n") {
			return "- " + strings.ReplaceAll(entry, "{agency}", "https://town.example.test")
		}
	}
	t.Fatalf("no sample procedure %s", code)
	return ""
}

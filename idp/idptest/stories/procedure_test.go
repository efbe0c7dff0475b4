package stories_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"surety/assurance"
	"surety/idp/idptest/world"
)

// fair is the sample agency of the shared house.
var fair struct {
	once sync.Once
	shop *world.Agency
}

// town is the shared house with the sample agency in it.
func town(t *testing.T) (*world.World, *world.Agency) {
	t.Helper()
	w := house(t)
	fair.once.Do(func() {
		k := &shared.keeper
		fair.shop = shared.world.StartAgency(world.BuildAgency(k, k.TempDir()))
	})
	if fair.shop == nil {
		t.Fatal("the sample agency did not start")
	}
	return w, fair.shop
}

// TestStory5_AProcedureThatNeedsMore: somebody whose identity is confirmed, and
// who logs in with a password, opens a service that needs substantial. They are
// shown the ways, add an app that a code to the phone confirmed at proofing
// binds, and land in the service. The agency's API refused them before and lets
// them in after, by the token alone.
func TestStory5_AProcedureThatNeedsMore(t *testing.T) {
	t.Parallel()
	w, shop := town(t)
	o, c := newOffice(w, shop, ""), confirmedCitizen(w, false)
	c.Also = hostOf(t, shop.URL)

	page := c.Get(shop.URL + "/procedures/3.30.01") // the agency's page, which asks the agency's API
	wantPath(t, page, "/sign-in")
	want(t, page, http.StatusOK, "Town registry office")
	page = logIn(c.Browser, page, c.login)
	wantPath(t, page, "/step-up")
	want(t, page, http.StatusOK, "Town registry office", "Copy of a birth certificate", "Checked", "Substantial",
		"Add an authenticator app", "Add a passkey", "Enter a code from a text message", "You can also do this without an account", "1 Main Street")
	before := o.redeem(tab(c.Browser).Submit(c.Get(o.plain()), "allow")).text("access_token")
	o.turnsAway("3.30.01", before)

	page = c.Get("/methods/otp" + interactionOf(page))
	wantPath(t, page, "/methods/bind") // what it takes for the app to count
	page = c.Submit(c.Submit(page, "send"), "continue", "code", c.code(0))
	wantPath(t, page, "/methods/otp")
	app := w.ScanApp(page)
	page = c.Submit(page, "continue", "code", app.Code())
	if n := len(page.RecoveryCodes()); n != 10 {
		t.Errorf("%d recovery codes:\n%s", n, page.Body)
	}
	want(t, page, http.StatusOK, "counts wherever")
	page = c.Get(linkOf(t, page, "continue"))
	wantPath(t, page, "/consent") // nothing else is asked
	page = c.Submit(page, "allow")
	if page.URL.Host != c.Also || page.URL.Path != "/procedures/3.30.01" {
		t.Fatalf("not in the service but at %s (%d):\n%s", page.URL, page.Status, page.Body)
	}
	want(t, page, http.StatusOK, `id="open"`, `data-code="3.30.01"`, "https://surety.example/demo/level/substantial", "Kavalenka")

	after := o.redeem(c.agrees(c.Get(o.asking("3.30.01")))).text("access_token")
	if d := o.letsIn("3.30.01", after); level(d.ACR) != "substantial" {
		t.Errorf("the API reads the level %s", d.ACR)
	}
	o.turnsAway("3.30.01", before) // the person has risen, and that token has not
	o.turnsAway("3.40.01", after)  // nor does it say anything about another service
}

// TestStory5_WhoIsNotConfirmedIsShownWhatItWillTake, with time and cost, and what
// they can do without any of it; the agency learns no more than what is missing.
func TestStory5_WhoIsNotConfirmedIsShownWhatItWillTake(t *testing.T) {
	t.Parallel()
	w, shop := town(t)
	c := citizens(w, 1, provenBy(w.Now(), assurance.ProofingRegistry, assurance.StageStandard, 100, 0))[0]
	c.Also = hostOf(t, shop.URL)
	page := c.comes(shop.URL + "/procedures/3.30.01")
	wantPath(t, page, "/step-up")
	want(t, page, http.StatusOK, "Your identity must be confirmed", "Checked", "Substantial", "Visit a counter", "Order a letter with a code", "2.50 BYN",
		"5 weeks", "Town registry office", "You can also do this without an account", "1 Main Street")
	// The same before anything is begun.
	path := c.Get("/procedures/agency/3.30.01/path")
	want(t, path, http.StatusOK, "Visit a counter", "2.50 BYN", "You can also do this without an account")

	page = c.Submit(page, "decline")
	if page.URL.Host != c.Also {
		t.Fatalf("not back at the agency but at %s", page.URL)
	}
	want(t, page, http.StatusOK, `id="unmet"`, `data-missing="missing_login"`, `data-missing="missing_identity"`, "unmet_authentication_requirements")
	lacks(t, page, "Kavalenka", c.login, "checked")
	// The service that is open to them is theirs all the same.
	page = c.agrees(c.Get(shop.URL + "/procedures/2.20.01"))
	want(t, page, http.StatusOK, `id="open"`, "level/checked")
}

// TestStepUp_AsksOnlyForWhatIsMissing in a live session, and what was shown once
// is not asked for again; asking for less lowers nothing.
func TestStepUp_AsksOnlyForWhatIsMissing(t *testing.T) {
	t.Parallel()
	w, shop := town(t)
	o, c := newOffice(w, shop, ""), confirmedCitizen(w, true)
	o.redeem(c.agrees(c.comes(o.asking("2.20.01"))))
	page := c.Get(o.asking("3.30.01"))
	wantPath(t, page, "/step-up") // and not the log-in page
	page = c.Get("/step-up/otp" + interactionOf(page))
	session := cookies(c.Browser)["session"]
	first := o.redeem(c.agrees(c.Submit(page, "continue", "code", c.app.Code())))
	o.letsIn("3.30.01", first.text("access_token"))
	if cookies(c.Browser)["session"] == session {
		t.Error("the session has the same secret at a higher level")
	}
	o.letsIn("3.50.01", o.redeem(c.agrees(c.Get(o.asking("3.50.01")))).text("access_token"))
	// Less is asked for: the ID token says that much, the token to the API what is.
	less := o.redeem(c.agrees(c.Get(o.asking("1.10.01", "acr_values", "https://surety.example/demo/level/basic"))))
	id, access := o.claims(less.text("id_token")), o.claims(less.text("access_token"))
	if level(id["acr"].(string)) != "basic" || level(access["acr"].(string)) != "substantial" {
		t.Errorf("ID token %v, access token %v", id["acr"], access["acr"])
	}
	o.letsIn("3.30.01", o.redeem(c.Get(o.asking("3.30.01", "prompt", "none"))).text("access_token"))
	// Of several services the strictest counts, and one page asks for all.
	other := confirmedCitizen(w, true)
	page = other.comes(o.plain("authorization_details", wanting("1.10.01", "3.50.02", "2.20.01")))
	wantPath(t, page, "/step-up")
	want(t, page, http.StatusOK, "Book an appointment", "Replace an identity document", "My entries in the register")
	page = other.Submit(other.Get("/step-up/otp"+interactionOf(page)), "continue", "code", other.app.Code())
	all := o.redeem(other.agrees(page)).text("access_token")
	for _, code := range []string{"1.10.01", "3.50.02", "2.20.01"} {
		o.letsIn(code, all)
	}
	o.turnsAway("3.50.01", all)
}

// TestStepUp_AFreshLogIn: a service that wants a log-in of the last five minutes
// gets one, all of it, and only that service does. The world begins in the past,
// because the agency's clock is the real one.
func TestStepUp_AFreshLogIn(t *testing.T) {
	t.Parallel()
	const ago = 6 * time.Minute
	w := world.New(t, world.Behind(ago))
	o, c := newOffice(w, w.StartAgency(world.BuildAgency(t, t.TempDir())), ""), confirmedCitizen(w, true)
	page := c.comes(o.asking("3.30.02"))
	page = c.Submit(c.Get("/step-up/otp"+interactionOf(page)), "continue", "code", c.app.Code())
	old := o.redeem(c.agrees(page))
	usual := o.redeem(c.agrees(c.Get(o.asking("3.30.01"))))
	w.Advance(ago)

	// The log-in is too old for that service, by whatever token, and for no other.
	if got := o.refresh(old); got.Status != http.StatusBadRequest || got.text("error") != "invalid_grant" {
		t.Errorf("refresh for a service that wants a fresh log-in: %d %s", got.Status, got.Body)
	}
	renewed := o.refresh(usual)
	o.letsIn("3.30.01", renewed.text("access_token"))
	asked := o.turnsAway("3.30.02", renewed.text("access_token"))
	if asked["max_age"] != "300" {
		t.Errorf("challenge %v", asked)
	}
	o.letsIn("3.30.01", o.redeem(c.Get(o.asking("3.30.01"))).text("access_token")) // without any page

	for _, request := range []string{o.asking("3.30.02", "max_age", asked["max_age"]), o.asking("3.30.02")} {
		page = c.Get(request)
		wantPath(t, page, "/sign-in")
		want(t, page, http.StatusOK, "Town registry")
	}
	none := c.Get(o.asking("3.30.02", "prompt", "none"))
	o.wantBack(none, "error", "login_required")
	page = logIn(c.Browser, page, c.login)
	if page.Away || !strings.HasPrefix(page.URL.Path, "/step-up") {
		t.Fatalf("the password alone: %s (%d)", page.URL, page.Status) // the app's use is as old as the first log-in
	}
	began := w.Now()
	page = c.Submit(c.Get("/step-up/otp"+interactionOf(page)), "continue", "code", c.app.Code())
	fresh := o.redeem(c.agrees(page))
	d := o.letsIn("3.30.02", fresh.text("access_token"))
	if began.Sub(d.AuthTime) > time.Minute || d.AuthTime.After(w.Now()) {
		t.Errorf("the API reads a log-in of %s, now %s", d.AuthTime, began)
	}
}

// TestR10_GoingBackIsAnAnswer: the agency gets the error, and once, by its own
// credentials, what was missing. Nobody else gets anything.
func TestR10_GoingBackIsAnAnswer(t *testing.T) {
	t.Parallel()
	w, shop := town(t)
	o, c := newOffice(w, shop, ""), confirmedCitizen(w, false)
	o.redeem(c.agrees(c.comes(o.plain())))
	page := c.Submit(c.Get(o.asking("3.30.01")), "decline")
	q := o.wantBack(page, "error", "unmet_authentication_requirements")
	uri := q.Get("error_uri")
	lacks(t, world.Page{URL: page.URL, Body: page.URL.String()}, c.login, "checked", "missing", "substantial")
	if !strings.HasPrefix(uri, w.Issuer+"/outcomes/") || q.Has("code") {
		t.Fatalf("back with %s", page.URL)
	}
	for name, other := range map[string]*agency{
		"another office": newOffice(w, shop, "").agency, "another agency": newAgency(w, ""), "a wrong secret": {World: w, id: o.id, secret: "guess"},
	} {
		got, _ := other.fetch(uri)
		if status := map[bool]int{true: http.StatusUnauthorized, false: http.StatusNotFound}[other.secret == "guess"]; got.Status != status {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
	}
	got, told := o.fetch(uri)
	if got.Status != http.StatusOK || told.Outcome != "declined" || told.Procedure != "3.30.01" || told.Required.Level != "substantial" ||
		len(told.Missing) != 1 || told.Missing[0].Axis != "login" || told.Held == nil || told.Held.Level != "checked" {
		t.Errorf("%d %s", got.Status, got.Body)
	}
	if got, _ := o.fetch(uri); got.Status != http.StatusGone {
		t.Errorf("a second time: %d %s", got.Status, got.Body)
	}
	// Who went back is logged in as before, and may change their mind.
	wantPath(t, c.Get(o.asking("3.30.01")), "/step-up")
	// Before any consent the agency does not learn what is held.
	stranger := confirmedCitizen(w, false)
	q = o.wantBack(stranger.Submit(stranger.comes(o.asking("3.30.01")), "decline"))
	if got, told := o.fetch(q.Get("error_uri")); told.Held != nil || told.Outcome != "declined" {
		t.Errorf("without consent: %s", got.Body)
	}
}

// TestBadInput_AuthorizationDetails: whatever an agency sends is answered at its
// own address with what is wrong, before anybody is asked for anything, and the
// request that is as it should be goes on.
func TestBadInput_AuthorizationDetails(t *testing.T) {
	t.Parallel()
	w, shop := town(t)
	o, c := newOffice(w, shop, ""), confirmedCitizen(w, false)
	many := make([]string, 1000)
	for i := range many {
		many[i] = "1.10.01"
	}
	for name, value := range map[string]string{
		"not JSON": "procedure", "an object": `{"type":"procedure","code":"1.10.01"}`, "an empty list": "[]", "null": "null", "a number": "[1]",
		"no type": `[{"code":"1.10.01"}]`, "no code": `[{"type":"procedure"}]`, "another type": `[{"type":"payment_initiation"}]`,
		"a level of its own": `[{"type":"procedure","code":"3.30.01","level":"basic"}]`, "an agency of its own": `[{"type":"procedure","code":"1.10.01","agency":"agency"}]`,
		"a member twice": `[{"type":"procedure","code":"1.10.01","code":"3.30.01"}]`, "an entry twice": wanting("1.10.01", "1.10.01"),
		"an unknown code": wanting("9.99.99"), "a code of one's own making": wanting("1.10.01' OR 1=1"),
		"more behind it": wanting("1.10.01") + "]", "a deep nest": strings.Repeat("[", 300) + strings.Repeat("]", 300),
	} {
		q := o.wantBack(c.Get(o.plain("authorization_details", value)), "error", "invalid_authorization_details")
		if text := q.Get("error_description"); text == "" || len(text) > 300 || q.Has("error_uri") {
			t.Errorf("%s: %q", name, text)
		}
	}
	// What is too long for any reading is refused as a whole, as an address or a form.
	for name, value := range map[string]string{
		"a thousand entries": wanting(many...), "a nest that is deeper": strings.Repeat("[", 10_000), "a megabyte": "[" + strings.Repeat(" ", 1<<20) + "]",
	} {
		request := o.request("scope", "openid", "authorization_details", value)
		for _, got := range []answer{
			send(c.Browser, http.MethodPost, "/authorize", request, nil), send(c.Browser, http.MethodGet, "/authorize?"+request.Encode(), nil, nil),
		} {
			back := got.Header.Get("Location")
			if !strings.Contains(back, "error=invalid_authorization_details") && (back != "" || got.Status < 400 || got.Status >= 500) || len(got.Body) > 20_000 {
				t.Errorf("%s: %d to %.100s with %d bytes", name, got.Status, back, len(got.Body))
			}
		}
	}
	// Another agency's services are not this one's to ask for.
	a := newAgency(w, "")
	a.wantBack(c.Get(a.authorize("authorization_details", wanting("1.10.01"))), "error", "invalid_authorization_details")
	o.letsIn("1.10.01", o.redeem(c.agrees(c.comes(o.asking("1.10.01")))).text("access_token"))
}

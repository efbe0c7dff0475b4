package stepup_test

import (
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"surety/idp/flow/operator"
	"surety/idp/idptest/authenticator"
	"surety/idp/idptest/world"
	"surety/idp/profile"
)

const substantialOnly = `, "minimum_level": "substantial"`

// TestR1_TheWaysAreShownAndLeadOn: a person whose identity is confirmed, logged
// in with a password, is told why, shown the ways, adds an app bound by a code
// to the phone that was confirmed, and lands where they wanted to go.
func TestR1_TheWaysAreShownAndLeadOn(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	a := newAgency(w, substantialOnly)
	p := confirmed(w)
	page := p.comes(a.authorize())
	wantPath(t, page, "/step-up")
	wantText(t, page, "Tax office must be surer that it is you", "Checked", "Substantial", `id="ways"`, "/step-up/sms?interaction=", "/methods/otp?interaction=",
		"/methods/passkey?interaction=", "Back to Tax office", "You can also do this without an account")
	page = p.Get("/methods/otp?interaction=" + page.URL.Query().Get("interaction"))
	wantPath(t, page, "/methods/bind")
	wantText(t, page, "Tax office", "not somebody who found out your password", "the level “Checked” at most", "may not be enough for Tax office")
	_, page = p.addApp(page)
	wantPath(t, page, "/methods/otp")
	if codes := page.RecoveryCodes(); len(codes) != 10 {
		t.Errorf("%d recovery codes are shown:\n%s", len(codes), page.Body)
	}
	wantText(t, page, "The app is added.", "It counts wherever")
	page = p.Submit(p.goes(page, "continue"), "allow")
	wantBack(t, a, page, "code", "")
}

// TestR1_TheOneLogInThatIsMissingIsAskedForAtOnce: nobody chooses from a list of
// one. The page says why itself, and the other ways are one step away.
func TestR1_TheOneLogInThatIsMissingIsAskedForAtOnce(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	a := newAgency(w, substantialOnly)
	p := confirmed(w)
	page := p.comes("/sign-in?return=/methods/otp")
	app, page := p.addApp(page)
	codes := page.RecoveryCodes()
	w.Anchor(p.id, zero)
	noPhones(w, p)

	p.Browser = w.Browser()
	page = p.comes(a.authorize())
	wantPath(t, page, "/step-up/otp")
	wantText(t, page, "Tax office must be surer that it is you", "You can also do this without an account", "you have 10 left")
	wantPath(t, p.goes(page, "others"), "/step-up")
	wrong := p.Submit(page, "continue", "code", "000000")
	wantText(t, wrong, "Tax office must be surer", `id="code-fault"`)
	if wrong.Status != http.StatusUnprocessableEntity || !strings.Contains(wrong.Header.Get("Content-Security-Policy"), a.home) {
		t.Errorf("a wrong code: %d, %s", wrong.Status, wrong.Header.Get("Content-Security-Policy"))
	}
	used := p.Submit(wrong, "continue", "code", app.Code())
	wantText(t, used, "already been used")
	wantPath(t, p.Submit(used, "continue", "code", app.Next()), "/consent")

	// Without the app, by one of the codes on paper, once.
	for i, ends := range []string{"/consent", "/step-up/otp"} {
		p.Browser = w.Browser()
		page = p.goes(p.comes(a.authorize()), "swap")
		wantText(t, page, "Recovery code")
		page = p.Submit(page, "continue", "code", strings.ToLower(codes[3]))
		wantPath(t, page, ends)
		if i == 1 {
			wantText(t, page, `name="recovery"`, `id="code-fault"`)
		}
	}
}

// TestStepUp_BySMS: nothing is sent before the person says so; what is sent is
// good once, in this browser.
func TestStepUp_BySMS(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	a := newAgency(w, substantialOnly)
	p := confirmed(w)
	page := p.comes(a.authorize())
	page = p.Get("/step-up/sms?" + page.URL.RawQuery)
	wantText(t, page, "We will send a code to", p.phone[len(p.phone)-2:], "Tax office")
	if p.Submit(page, "send", "contact", "\x00").Status != http.StatusUnprocessableEntity {
		t.Error("no number was chosen, and it is taken for one")
	}
	page = p.Submit(page, "send")
	wantPath(t, page, "/step-up/sms/code")
	first := p.code(0)
	soon := p.Submit(page, "resend")
	if soon.Status != http.StatusTooManyRequests || soon.Header.Get("Retry-After") == "" && !soon.Has("30 seconds") {
		t.Errorf("sent again at once: %d\n%s", soon.Status, soon.Body)
	}
	wantText(t, soon, "Tax office must be surer")
	w.Advance(31 * 1e9)
	page = p.Submit(page, "resend")
	wantText(t, page, "We have sent a new code")
	second := p.code(first.ID)
	old := p.Submit(page, "continue", "code", first.Code)
	if first.Code != second.Code {
		wantText(t, old, `id="code-fault"`)
	}

	thief := somebody(w)
	thief.comes("/account")
	stolen := thief.Get(page.URL.RequestURI())
	if stolen.Has("We sent a text message") || stolen.URL.Path == "/step-up/sms/code" {
		t.Errorf("another browser sees the code's page: %s\n%s", stolen.URL, stolen.Body)
	}
	page = p.Submit(page, "continue", "code", second.Code)
	wantPath(t, page, "/consent")
	again := p.Get(old.URL.String())
	if again.URL.Path == "/step-up/sms/code" {
		t.Error("the page of a code that was used asks for it again")
	}
}

// TestStepUp_IsOfOneBrowserAndOfItsTime: no page of it can be opened for a
// request of another browser, for none, or when nothing is missing.
func TestStepUp_IsOfOneBrowserAndOfItsTime(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	a, easy := newAgency(w, substantialOnly), newAgency(w, "")
	p, thief := confirmed(w), confirmed(w)
	page := p.comes(a.authorize())
	pending := "?interaction=" + page.URL.Query().Get("interaction")
	thief.comes("/account")
	done := thief.comes(easy.authorize())
	wantPath(t, done, "/consent")
	for _, path := range []string{"/step-up", "/step-up/otp", "/step-up/sms", "/step-up/passkey", "/step-up/sms/code"} {
		got := thief.Get(path + pending)
		if got.URL.Path != "/continue" || got.Has("surer") {
			t.Errorf("another browser sees %s: %s\n%s", path, got.URL, got.Body)
		}
		if got := thief.Get(path + "?" + done.URL.RawQuery); got.URL.Path != "/consent" {
			t.Errorf("%s is shown although nothing is missing: %s", path, got.URL)
		}
		nobody := w.Browser().Get(path)
		if nobody.URL.Path != "/sign-in" && path != "/step-up" {
			t.Errorf("%s without anybody: %s", path, nobody.URL)
		}
	}
	// A factor that the person does not have leads to those that they have.
	wantPath(t, p.Get("/step-up/otp"+pending), "/step-up")
	wantPath(t, p.Get("/step-up/passkey"+pending), "/step-up")
	wantPath(t, p.Get("/step-up/otp"), "/methods")
	// The decision to leave is the browser's own as well.
	action, form := p.Form(page, "decline")
	form.Set("csrf", "x")
	if got := p.Post(action, form); got.Status != http.StatusForbidden {
		t.Errorf("a forged decision: %d", got.Status)
	}
	if got := p.Submit(page, "decline", "decline", "\x00"); got.Status != http.StatusBadRequest {
		t.Errorf("a form without a decision: %d", got.Status)
	}
	wantBack(t, a, p.Submit(page, "decline"), "error", "unmet_authentication_requirements")
}

// TestR1_WhatTakesAVisitIsSaidAndNotPromised: a person whose identity is not
// confirmed is shown what it takes, and nothing to press that leads nowhere.
func TestR1_WhatTakesAVisitIsSaidAndNotPromised(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	a := newAgency(w, "")
	p := somebody(w)
	page := p.comes(a.authorize("claims", `{"id_token":{"acr":{"essential":true,"values":["`+substantial+`"]}}}`))
	wantPath(t, page, "/step-up")
	wantText(t, page, "Your identity must be confirmed", "Basic", "Substantial", "begin again at Tax office", "You can also do this without an account")
	if page.Has("/step-up/otp") || page.Has("/step-up/sms") {
		t.Errorf("a factor is offered that opens nothing:\n%s", page.Body)
	}
	wantBack(t, a, p.Submit(page, "decline"), "error", "unmet_authentication_requirements")
}

// TestWish_MayBeDeclined: what the agency only wished for is offered once, and
// who goes on without it goes on.
func TestWish_MayBeDeclined(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	a := newAgency(w, "")
	p := confirmed(w)
	page := p.comes(a.authorize("acr_values", substantial))
	wantPath(t, page, "/step-up")
	wantText(t, page, "would like to be surer", "Continue without it")
	wantPath(t, p.Submit(page, "decline"), "/consent")
}

// TestR1_TheServiceIsNamedAndWhatAWayWillNotOpen: before a way is chosen it
// says what else of the agency it leaves closed, and how to do without it all.
func TestR1_TheServiceIsNamedAndWhatAWayWillNotOpen(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	demo, err := profile.Load("demo")
	if err != nil {
		t.Fatal(err)
	}
	a := newAgency(w, "")
	source := strings.NewReplacer("{agency}", a.home, "agency: agency", "agency: "+a.id).Replace(string(demo.Procedures))
	if _, err := w.Operator.ImportProcedures(t.Context(), operator.ActorCommand, "procedures.yaml", []byte(source), false); err != nil {
		t.Fatal(err)
	}
	p := somebody(w)
	page := p.comes(a.authorize("authorization_details", `[{"type":"procedure","code":"3.30.01"}]`))
	wantPath(t, page, "/step-up")
	wantText(t, page, "The service: <strong>Copy of a birth certificate</strong>", "This does not open:", "Tax service: certificate that nothing is owed",
		"Town registry office, 1 Main Street")
	if page.Has("This does not open: Copy of a birth certificate") {
		t.Errorf("a way is said not to open what it leads to:\n%s", page.Body)
	}
}

// TestStepUp_ByPasskey: the page says why, and what to do without scripts; the
// answer of somebody else's passkey, or one given before, opens nothing.
func TestStepUp_ByPasskey(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	a := newAgency(w, substantialOnly)
	p, other := confirmed(w), confirmed(w)
	device, others := authenticator.New(w.Issuer), authenticator.New(w.Issuer)
	p.addPasskey(device)
	other.addPasskey(others)

	p.Browser = w.Browser()
	page := p.comes(a.authorize())
	wantPath(t, page, "/step-up")
	page = p.Get("/step-up/passkey?" + page.URL.RawQuery)
	wantText(t, page, "Tax office must be surer", "<noscript>", `id="others"`)
	without := p.Submit(page, "passkey")
	if without.Status != http.StatusUnprocessableEntity || !without.Has("Tax office must be surer") {
		t.Errorf("without an answer: %d\n%s", without.Status, without.Body)
	}
	page = p.Submit(without, "passkey", "credential", answerOf(t, others, without))
	wantPath(t, page, "/step-up/passkey")
	wantText(t, page, "The passkey was not accepted")
	answer := answerOf(t, device, page)
	action, form := p.Form(page, "passkey")
	form.Set("credential", answer)
	wantPath(t, p.Post(action, form), "/consent")
	p.Browser = w.Browser()
	again := p.comes(a.authorize())
	form.Set("interaction", again.URL.Query().Get("interaction"))
	_, own := p.Form(again, "decline")
	form.Set("csrf", own.Get("csrf"))
	if got := p.Post("/step-up/passkey", form); got.URL.Path == "/consent" {
		t.Errorf("an answer counts twice: %s", got.URL)
	}
}

var question = regexp.MustCompile(`data-options="([^"]+)"`)

// answerOf is what the device answers to the question of the page.
func answerOf(t *testing.T, d *authenticator.Device, page world.Page) string {
	t.Helper()
	m := question.FindStringSubmatch(page.Body)
	if m == nil {
		t.Fatalf("no question at %s:\n%s", page.URL, page.Body)
	}
	answer, err := d.Get([]byte(html.UnescapeString(m[1])))
	if err != nil {
		t.Fatal(err)
	}
	return string(answer)
}

// addPasskey adds a passkey that is bound by a code to the phone.
func (p person) addPasskey(d *authenticator.Device) {
	p.Helper()
	page := p.comes("/sign-in?return=/methods/passkey")
	page = p.Submit(page, "send", "contact", contactAt(page, "+375"))
	page = p.Submit(page, "continue", "code", p.code(0).Code)
	answer, err := d.Create([]byte(html.UnescapeString(question.FindStringSubmatch(page.Body)[1])))
	if err != nil {
		p.Fatal(err)
	}
	page = p.Submit(page, "passkey", "credential", string(answer))
	if page.URL.Path != "/methods" {
		p.Fatalf("the passkey is not added: %s\n%s", page.URL, page.Body)
	}
}

package stories_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"surety/idp/idptest/world"
)

// wrong is a code that is not the one.
func wrong(code string) string {
	if code == "000000" {
		return "000001"
	}
	return "000000"
}

func TestR6_RegisterByEmailCode(t *testing.T) {
	t.Parallel()
	w := house(t)
	b, contact := person(w), email()
	typed := strings.ToUpper(contact[:3]) + contact[3:]
	page := begin(b, typed, "")
	mail := w.Mail(contact, 0)
	if mail.Code == "" || len(mail.Links) != 1 || !strings.HasPrefix(mail.Links[0], w.Issuer+"/register/link?t=") {
		t.Fatalf("the e-mail has no code, or no link as text: %+v", mail)
	}
	page = b.Submit(page, "continue", "code", "12345")
	want(t, page, http.StatusUnprocessableEntity, "The code has 6 digits")
	page = b.Submit(page, "continue", "code", wrong(mail.Code))
	want(t, page, http.StatusUnprocessableEntity, "You have 5 tries left")
	page = b.Submit(page, "continue", "code", " "+mail.Code[:3]+"-"+mail.Code[3:])
	want(t, page, http.StatusOK, "You will log in with: "+typed)
	page = b.Submit(page, "continue", names...)
	wantPath(t, page, "/account")
	want(t, page, http.StatusOK, "Hanna Kavalenka", "Basic", typed)
	other := person(w)
	wantPath(t, logIn(other, other.Get("/sign-in"), contact), "/account")
}

func TestR6_RegisterByEmailLinkInTheMiddleOfARequest(t *testing.T) {
	t.Parallel()
	w := house(t)
	a, b, contact := newAgency(w, ""), person(w), email()
	page := b.Get(a.authorize())
	begin(b, contact, interactionOf(page))
	link := w.Mail(contact, 0).Links[0]
	page = b.Get(link)
	want(t, page, http.StatusOK, `id="continue"`, "Confirm the address")
	page = b.Submit(page, "continue")
	want(t, page, http.StatusOK, `id="family_name"`, a.name)
	page = b.Submit(page, "continue", names...)
	want(t, page, http.StatusOK, a.name+" asks for your data", contact, "Hanna Kavalenka")
	info := a.userinfo(a.redeem(b.Submit(page, "allow")))
	if info.text("email") != contact || info.text("name") != "Hanna Kavalenka" || info.values["email_verified"] != true {
		t.Errorf("the agency got %s", info.Body)
	}
}

func TestR6_RegisterByPhoneCode(t *testing.T) {
	t.Parallel()
	w := house(t)
	b, number := person(w), phone()
	national := "8 (0" + number[4:6] + ") " + number[6:9] + "-" + number[9:11] + "-" + number[11:]
	page := begin(b, national, "")
	want(t, page, http.StatusOK, "text message", "10 minutes")
	sms := w.Mail(number, 0)
	if sms.Code == "" || len(sms.Links) != 0 || sms.Channel != "sms" {
		t.Fatalf("SMS hold a code and no links: %+v", sms)
	}
	page = b.Submit(page, "continue", "code", sms.Code)
	page = b.Submit(page, "continue", names...)
	wantPath(t, page, "/account")
	for _, spelling := range []string{number, national} {
		other := person(w)
		wantPath(t, logIn(other, other.Get("/sign-in"), spelling), "/account")
	}
}

// TestR6_AStrangersAddress: somebody else's address is registered by a
// stranger. Its owner gets one message, and nothing else happens to anybody.
func TestR6_AStrangersAddress(t *testing.T) {
	t.Parallel()
	w := house(t)
	owner, login := entered(w)
	nobody := email()
	answers := map[string]string{}
	for _, contact := range []string{login, nobody} {
		stranger := person(w)
		before := lastTo(w, contact)
		page := begin(stranger, contact, "")
		answers[contact] = likeness(page, contact)
		page = stranger.Submit(page, "continue", "code", "123456")
		answers[contact+" wrong"] = likeness(page, contact)
		mail := w.Mail(contact, before)
		// The owner presses the button in their own browser: they see the code,
		// and neither browser is any further.
		reader := person(w)
		pressed := reader.Submit(reader.Get(mail.Links[0]), "continue")
		want(t, pressed, http.StatusOK, mail.Code)
		wantPath(t, reader.Get("/account"), "/sign-in")
		attempt := page.URL.Query().Get("attempt")
		if attempt == "" {
			_, form := stranger.Form(page, "continue")
			attempt = form.Get("attempt")
		}
		want(t, stranger.Get("/register/details?attempt="+attempt), http.StatusNotFound)
		wantPath(t, stranger.Get("/account"), "/sign-in")
		if n := len(messages(w, contact)); n != map[string]int{login: 2, nobody: 1}[contact] { // the known one got one when it logged in
			t.Errorf("%d messages to the owner: %+v", n, messages(w, contact))
		}
	}
	if answers[login] != answers[nobody] || answers[login+" wrong"] != answers[nobody+" wrong"] {
		t.Errorf("a known address is answered otherwise:\n%s\n%s", answers[login], answers[nobody])
	}
	want(t, owner.Get("/account"), http.StatusOK, "Hanna Piatrouna Kavalenka")
	again := person(w)
	p := logIn(again, again.Get("/sign-in"), nobody)
	want(t, p, http.StatusUnprocessableEntity)
}

// likeness is a page without what differs by chance: tokens, ids, the contact
// that was typed.
func likeness(p world.Page, typed string) string {
	body := strings.NewReplacer(typed, "TYPED", strings.ReplaceAll(typed, "+", "&#43;"), "TYPED", url.QueryEscape(typed), "TYPED").Replace(p.Body)
	body = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`).ReplaceAllString(body, "ID")
	body = regexp.MustCompile(`name="csrf" value="[^"]+"`).ReplaceAllString(body, "CSRF")
	body = regexp.MustCompile(`(name="asked" value|data-options)="[^"]+"`).ReplaceAllString(body, "QUESTION")
	body = regexp.MustCompile(`\b[A-Z2-7]{5}-[A-Z2-7]{5}\b`).ReplaceAllString(body, "REFERENCE")
	// How much of a half minute is left when the page is made, a busy machine decides.
	body = regexp.MustCompile(`\b(?:[12]?\d|30) seconds?\b`).ReplaceAllString(body, "SECONDS")
	return http.StatusText(p.Status) + " " + p.URL.Path + "\n" + body
}

func TestR6_TermsAreAcceptedWithTheirVersion(t *testing.T) {
	t.Parallel()
	w := house(t)
	b, contact := person(w), email()
	page := b.Submit(b.Get("/register"), "continue", "contact", contact)
	want(t, page, http.StatusUnprocessableEntity, "you must accept the terms of use", `value="`+contact+`"`)
	page = b.Submit(page, "continue", "terms", "1", "terms_version", "1999-01-01")
	want(t, page, http.StatusUnprocessableEntity, "The terms of use have just changed", `value="`+contact+`"`)
	if n := len(messages(w, contact)); n != 0 {
		t.Errorf("%d messages before the terms were accepted", n)
	}
	_, form := b.Form(page, "continue")
	version := form.Get("terms_version")
	want(t, b.Get("/terms"), http.StatusOK, "Version "+version)
	page = b.Submit(page, "continue", "terms", "1")
	page = b.Submit(page, "continue", "code", w.Mail(contact, 0).Code)
	wantPath(t, b.Submit(page, "continue", names...), "/account")
	_, form = b.Form(page, "continue")
	n := count(w, `
		SELECT count(*)
		FROM account a
		JOIN terms_acceptance t USING (account_id)
		JOIN contact_proof p USING (account_id)
		WHERE a.terms_version = $1 AND t.version = $1 AND p.proof_id = $2`, version, form.Get("attempt"))
	if n != 1 {
		t.Errorf("%d records of the version that was accepted", n)
	}
}

// TestR6_NewTermsAreShownBeforeAnythingIsGiven: whoever accepted other terms
// reads the new ones in the middle of the request, and may rather leave.
func TestR6_NewTermsAreShownBeforeAnythingIsGiven(t *testing.T) {
	t.Parallel()
	w := house(t)
	a, b, login := newAgency(w, ""), person(w), email()
	seeded := w.Seed(login)
	exec1(w, `UPDATE account SET terms_version = '1999-01-01' WHERE account_id = $1`, seeded.AccountID)
	page := logIn(b, b.Get(a.authorize()), login)
	wantPath(t, page, "/terms/accept")
	want(t, page, http.StatusOK, "The terms of use have changed", a.name)
	page = b.Submit(page, "continue")
	want(t, page, http.StatusUnprocessableEntity, "you must accept the terms of use", a.name)
	if policy := page.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "form-action 'self' https://"+mustParse(t, a.redirect).Host) {
		t.Errorf("the form may not end at the agency: %s", policy)
	}
	page = b.Submit(page, "continue", "terms", "1", "terms_version", "1999-01-01")
	want(t, page, http.StatusUnprocessableEntity, "The terms of use have just changed", a.name)
	wantPath(t, b.Get("/consent"+interactionOf(page)), "/terms/accept")
	page = b.Submit(page, "continue", "terms", "1")
	wantPath(t, page, "/consent")
	a.wantBack(b.Submit(page, "allow"))
	exec1(w, `UPDATE account SET terms_version = '1999-01-01' WHERE account_id = $1`, seeded.AccountID)
	page = b.Submit(b.Get(a.authorize()), "logout")
	wantPath(t, page, "/logout")
	wantPath(t, b.Submit(page, "logout"), "/signed-out")
	wantPath(t, b.Get("/account"), "/sign-in")
}

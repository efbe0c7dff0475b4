package stories_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"surety/idp"
	"surety/idp/idptest/world"
)

// forgot sends the contact of a recovery and returns the page that asks for
// the code.
func forgot(b *world.Browser, contact, query string) world.Page {
	b.Helper()
	page := b.Submit(b.Get("/recover"+query), "continue", "contact", contact)
	want(b, page, http.StatusOK, `id="code"`)
	return page
}

// TestR7_ForgottenPasswordByEmail: the person is in, everybody else is out,
// the old password is void, and the other contacts are told.
func TestR7_ForgottenPasswordByEmail(t *testing.T) {
	t.Parallel()
	w := house(t)
	thief, login := entered(w)
	number, b := phone(), person(w)
	w.AddContact(w.Seed(login).AccountID, idp.ContactPhone, number)
	a := newAgency(w, "")
	tokens := a.redeem(thief.Submit(thief.Get(a.authorize("scope", "openid")), "allow"))
	before := lastTo(w, login)
	page := forgot(b, login, interactionOf(b.Get(a.authorize("scope", "openid"))))
	want(t, page, http.StatusOK, a.name)
	mail := w.Mail(login, before)
	if len(mail.Links) != 1 || mail.Code == "" {
		t.Errorf("code or link is not in %+v", mail)
	}
	page = b.Submit(page, "continue", "code", wrong(mail.Code))
	want(t, page, http.StatusUnprocessableEntity, "You have 5 tries left")
	page = b.Submit(page, "continue", "code", mail.Code)
	want(t, page, http.StatusOK, "Choose a new password", "You will be logged out on all other devices")
	wantPath(t, thief.Get("/account"), "/account") // nothing has happened yet
	page = b.Submit(page, "continue", "password", "short")
	want(t, page, http.StatusUnprocessableEntity, "at least 12 characters")
	page = b.Submit(page, "continue", "password", newPassword)
	want(t, page, http.StatusOK, "Your password is changed", login)
	told := w.Mail(number, 0)
	if !strings.Contains(told.Text, "your password was changed") || told.Code != "" || len(told.Links) != 0 {
		t.Errorf("the other contact got %+v", told)
	}
	wantPath(t, thief.Get("/account"), "/sign-in")
	if got := a.refresh(tokens); got.text("error") != "invalid_grant" {
		t.Errorf("refresh after the reset: %d %s", got.Status, got.Body)
	}
	// The request goes on; the person has consented before.
	a.redeem(b.Get(linkOf(t, page, "continue")))
	want(t, try(person(w), login, world.Password), http.StatusUnprocessableEntity)
	wantPath(t, try(person(w), login, newPassword), "/account")
	want(t, b.Get(mail.Links[0]), http.StatusGone)
}

func TestR7_ForgottenPasswordByPhone(t *testing.T) {
	t.Parallel()
	w := house(t)
	number, b := phone(), person(w)
	w.Seed(number)
	page := forgot(b, number, "")
	sms := w.Mail(number, 0)
	if len(sms.Links) != 0 {
		t.Errorf("an SMS with links: %+v", sms)
	}
	page = b.Submit(page, "continue", "code", sms.Code)
	page = b.Submit(page, "continue", "password", newPassword)
	want(t, page, http.StatusOK, "Your password is changed")
	wantPath(t, b.Get(linkOf(t, page, "continue")), "/account")
	wantPath(t, try(person(w), number, newPassword), "/account")
}

// TestR7_ByWhicheverContactIsConfirmed: an account whose login name is one
// address gets back in by its other.
func TestR7_ByWhicheverContactIsConfirmed(t *testing.T) {
	t.Parallel()
	w := house(t)
	login, second := email(), email()
	w.AddContact(w.Seed(login).AccountID, idp.ContactEmail, second)
	b := person(w)
	page := b.Submit(forgot(b, second, ""), "continue", "code", w.Mail(second, 0).Code)
	want(t, b.Submit(page, "continue", "password", newPassword), http.StatusOK, login)
	if told := w.Mail(login, 0); told.Subject != "Your password was changed" || len(told.Links) != 1 {
		t.Errorf("the other contact got %+v", told)
	}
	wantPath(t, try(person(w), login, newPassword), "/account")
}

func TestR7_ByLinkInItsOwnBrowserAlone(t *testing.T) {
	t.Parallel()
	w := house(t)
	login := email()
	w.Seed(login)
	b, reader := person(w), person(w)
	page := forgot(b, login, "")
	mail := w.Mail(login, 0)
	opened := reader.Get(mail.Links[0])
	want(t, opened, http.StatusOK, "You began in another browser")
	lacks(t, opened, mail.Code)
	shown := reader.Submit(opened, "continue")
	want(t, shown, http.StatusOK, mail.Code)
	lacks(t, shown, `id="password"`)
	// What names the attempt is worth nothing in the reader's browser.
	_, form := b.Form(page, "continue")
	want(t, reader.Get("/recover/password?attempt="+form.Get("attempt")), http.StatusNotFound)
	want(t, b.Get("/recover/password?attempt="+form.Get("attempt")), http.StatusNotFound) // nothing is proven yet
	page = b.Submit(b.Get(mail.Links[0]), "continue")
	want(t, page, http.StatusOK, "Choose a new password")
	want(t, b.Submit(page, "continue", "password", newPassword), http.StatusOK, "Your password is changed")
	wantPath(t, reader.Get("/account"), "/sign-in")
	want(t, b.Submit(page, "continue", "password", world.Password), http.StatusGone)
	want(t, reader.Submit(opened, "continue"), http.StatusGone)
}

// TestR7_KnownAndUnknownAreAnsweredAlike; only the owner of the address reads
// which it is.
func TestR7_KnownAndUnknownAreAnsweredAlike(t *testing.T) {
	t.Parallel()
	w := house(t)
	known, unknown := email(), email()
	w.Seed(known)
	shapes := map[string]string{}
	for _, contact := range []string{known, unknown} {
		b := person(w)
		page := forgot(b, contact, "")
		shapes[contact] = likeness(page, contact)
		for range 6 {
			page = b.Submit(page, "continue", "code", wrong(w.Mail(contact, 0).Code))
			shapes[contact] += likeness(page, contact)
		}
		shapes[contact] += likeness(b.Submit(page, "resend"), contact)
	}
	if shapes[known] != shapes[unknown] {
		t.Errorf("answered otherwise:\n%s\n%s", shapes[known], shapes[unknown])
	}
	if !strings.Contains(shapes[known], "Too many wrong codes") {
		t.Error("six wrong codes are no end")
	}
	if m := w.Mail(unknown, 0); m.Code != "" || m.Subject != "No account with this address" {
		t.Errorf("the unknown address got %+v", m)
	}
}

// TestR7_ASharedContactAsksWhichAccount, and tells nothing of the others.
func TestR7_ASharedContactAsksWhichAccount(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	contact := email()
	registered(w, person(w), contact, "")
	w.Advance(31 * time.Second)
	made := another(w, contact)
	w.Advance(31 * time.Second)
	b, before := person(w), lastTo(w, contact)
	page := b.Submit(forgot(b, contact, ""), "continue", "code", w.Mail(contact, before).Code)
	want(t, page, http.StatusOK, "Which account?")
	lacks(t, page, "Kavalenka", "Hanna", contact, made)
	page = b.Submit(page, "continue", "password", newPassword)
	want(t, page, http.StatusUnprocessableEntity, "Choose an account")
	choices := regexp.MustCompile(`name="account" value="([^"]+)"`).FindAllStringSubmatch(page.Body, -1)
	if len(choices) != 2 {
		t.Fatalf("choices %v", choices)
	}
	want(t, b.Submit(page, "continue", "account", "other", "password", newPassword), http.StatusUnprocessableEntity)
	page = b.Submit(page, "continue", "account", choices[1][1], "password", newPassword)
	want(t, page, http.StatusOK, made)
	wantPath(t, try(person(w), made, newPassword), "/account")
	wantPath(t, try(person(w), contact, world.Password), "/account") // the other account is as it was
}

// TestR7_AFreshPasswordFreesTheLockedOutPerson where they are, and leaves the
// strangers out.
func TestR7_AFreshPasswordFreesTheLockedOutPerson(t *testing.T) {
	t.Parallel()
	w := house(t)
	login := email()
	w.Seed(login)
	b, stranger := person(w), person(w)
	for range 7 {
		try(b, login, "wrong")
		try(stranger, login, "wrong")
	}
	page := b.Submit(forgot(b, login, ""), "continue", "code", w.Mail(login, 0).Code)
	b.Submit(page, "continue", "password", newPassword)
	b.Submit(b.Get("/account"), "logout")
	wantPath(t, try(b, login, newPassword), "/account")
	want(t, try(stranger, login, newPassword), http.StatusTooManyRequests)
}

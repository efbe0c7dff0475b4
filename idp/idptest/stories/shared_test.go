package stories_test

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"surety/idp/idptest/world"
)

var loginName = regexp.MustCompile(`id="login-name">([^<]+)<`)

// TestR6_ASharedContact: up to five accounts share an address; the others log
// in by a name that is made up for them. A sixth is refused, and whoever does
// not own the address learns nothing of any of it.
func TestR6_ASharedContact(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	contact, made := email(), []string{}
	b := person(w)
	wantPath(t, registered(w, b, contact, ""), "/account")
	for n := 2; n <= 5; n++ {
		w.Advance(31 * time.Second) // one message to an address in 30 seconds
		made = append(made, another(w, contact))
	}
	w.Advance(31 * time.Second)
	stranger, before := person(w), lastTo(w, contact)
	page := begin(stranger, contact, "")
	full := w.Mail(contact, before)
	if full.Code != "" || !strings.Contains(full.Text, "as many accounts as allowed") {
		t.Errorf("the sixth got %+v", full)
	}
	unknown := email()
	if got, usual := likeness(page, contact), likeness(begin(person(w), unknown, ""), unknown); got != usual {
		t.Errorf("the page tells that the address is full:\n%s\n%s", got, usual)
	}
	page = stranger.Submit(page, "continue", "code", "123456")
	want(t, page, http.StatusUnprocessableEntity, "You have 5 tries left")
	if n := count(w, `SELECT count(*) FROM account`); n != 5 {
		t.Errorf("%d accounts", n)
	}
	// The first logs in by the address, the others by their names, in any
	// case and with or without hyphens.
	slices.Sort(made)
	if len(slices.Compact(slices.Clone(made))) != 4 {
		t.Errorf("names %q", made)
	}
	for i, login := range append(made, contact, strings.ToUpper(made[0]), strings.ReplaceAll(made[1], "-", "")) {
		p := person(w)
		wantPath(t, logIn(p, p.Get("/sign-in"), login), "/account")
		if account := p.Get("/account"); i < 4 && !account.Has(login) {
			t.Errorf("the account page does not tell the login name %s:\n%s", login, account.Body)
		}
	}
}

// another registers one more account with a contact that is in use, and
// returns its login name.
func another(w *world.World, contact string) string {
	w.Helper()
	b, before := person(w), lastTo(w, contact)
	page := b.Submit(begin(b, contact, ""), "continue", "code", w.Mail(contact, before).Code)
	wantPath(w, page, "/register/used")
	want(w, page, http.StatusOK, "An account already uses this ")
	// The step cannot be left out.
	wantPath(w, b.Get("/register/details?"+page.URL.RawQuery), "/register/used")
	page = b.Submit(page, "continue")
	want(w, page, http.StatusUnprocessableEntity, "Choose one of the answers")
	page = b.Submit(page, "continue", "choice", "new")
	lacks(w, page, "You will log in with")
	before = lastTo(w, contact)
	page = b.Submit(page, "continue", names...)
	found := loginName.FindStringSubmatch(page.Body)
	if found == nil {
		w.Fatalf("no login name on the last page:\n%s", page.Body)
	}
	secret(found[1])
	want(w, page, http.StatusOK, "Write this name down")
	if mail := w.Mail(contact, before); !strings.Contains(mail.Text, found[1]) || mail.Code != "" {
		w.Errorf("the name does not come by e-mail: %+v", mail)
	}
	return found[1]
}

// TestR6_WhoHasAnAccountIsLedToIt: after the proof, and not before, the owner
// of an address in use may rather log in or set a new password.
func TestR6_WhoHasAnAccountIsLedToIt(t *testing.T) {
	t.Parallel()
	w := house(t)
	for choice, path := range map[string]string{"sign-in": "/sign-in", "recover": "/recover"} {
		_, login := entered(w)
		a, b, before := newAgency(w, ""), person(w), lastTo(w, login)
		page := begin(b, login, interactionOf(b.Get(a.authorize())))
		page = b.Submit(page, "continue", "code", w.Mail(login, before).Code)
		wantPath(t, page, "/register/used")
		page = b.Submit(page, "continue", "choice", choice)
		wantPath(t, page, path)
		want(t, page, http.StatusOK, a.name) // the request goes along
	}
}

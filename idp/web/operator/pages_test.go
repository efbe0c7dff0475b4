package operator_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"surety/idp/flow/operator"
	"surety/idp/idptest/authenticator"
	"surety/idp/idptest/world"

	"golang.org/x/net/html"
)

// options reads what the page gives to the passkey script.
func options(t *testing.T, p world.Page) []byte {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(p.Body))
	if err != nil {
		t.Fatal(err)
	}
	for n := range doc.Descendants() {
		for _, a := range n.Attr {
			if a.Key == "data-options" {
				return []byte(a.Val)
			}
		}
	}
	t.Fatalf("no passkey form at %s (status %d):\n%s", p.URL, p.Status, p.Body)
	return nil
}

// invitation is the link of a fresh bootstrap invitation.
func invitation(t *testing.T, w *world.World) string {
	t.Helper()
	made, err := w.Operator.Bootstrap(t.Context(), "Anna", true, false)
	if err != nil {
		t.Fatal(err)
	}
	return made.Link
}

func create(t *testing.T, d *authenticator.Device, p world.Page) string {
	t.Helper()
	answer, err := d.Create(options(t, p))
	if err != nil {
		t.Fatal(err)
	}
	return string(answer)
}

func get(t *testing.T, d *authenticator.Device, p world.Page) string {
	t.Helper()
	answer, err := d.Get(options(t, p))
	if err != nil {
		t.Fatal(err)
	}
	return string(answer)
}

// join takes up an invitation and returns the operator's home page.
func join(t *testing.T, b *world.Browser, d *authenticator.Device, link, name string) world.Page {
	t.Helper()
	page := b.Get(link)
	return b.Submit(page, "continue", "name", name, "credential", create(t, d, page))
}

func TestR5_FirstOperatorInvitesTheSecond(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	anna, phone := w.Browser(), authenticator.New(w.Issuer)
	home := join(t, anna, phone, invitation(t, w), "Anna Kowal")
	if home.URL.Path != "/operator" || !home.Has("Anna Kowal") {
		t.Fatalf("after joining at %s (%d):\n%s", home.URL, home.Status, home.Body)
	}

	// The link is on the page that answers, and on no other.
	made := anna.Submit(home, "continue", "name", "Boris")
	link := between(made.Body, `<code id="invitation">`, `</code>`)
	if made.Status != http.StatusOK || !strings.HasPrefix(link, w.Issuer+"/operator/invite?token=") {
		t.Fatalf("invitation %q (%d)", link, made.Status)
	}
	if again := anna.Get("/operator"); again.Has(link) || !again.Has("Boris") {
		t.Error("the list shows the link again, or not who was invited")
	}
	boris := w.Browser()
	if home := join(t, boris, authenticator.New(w.Issuer), link, "Boris"); home.URL.Path != "/operator" {
		t.Fatalf("the second operator is at %s (%d)", home.URL, home.Status)
	}
	if p := w.Browser().Get(link); p.Status != http.StatusGone {
		t.Errorf("the used link answers %d", p.Status)
	}

	// Out, and in again by passkey.
	out := anna.Submit(anna.Get("/operator"), "logout")
	if out.URL.Path != "/operator/sign-in" {
		t.Fatalf("after logging out at %s", out.URL)
	}
	if p := anna.Get("/operator"); p.URL.Path != "/operator/sign-in" {
		t.Fatalf("logged out, but at %s", p.URL)
	}
	page := anna.Get("/operator/sign-in")
	if in := anna.Submit(page, "continue", "credential", get(t, phone, page)); in.URL.Path != "/operator" || !in.Has("Boris") {
		t.Errorf("after logging in at %s (%d)", in.URL, in.Status)
	}
}

func between(s, before, after string) string {
	_, s, _ = strings.Cut(s, before)
	s, _, _ = strings.Cut(s, after)
	return s
}

func TestPages_BadInput(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	b, d := w.Browser(), authenticator.New(w.Issuer)
	link := invitation(t, w)

	if p := b.Get("/operator/invite?token=nonsense"); p.Status != http.StatusNotFound {
		t.Errorf("no invitation: %d", p.Status)
	}
	if p := b.Get("/operator/invite"); p.Status != http.StatusNotFound {
		t.Errorf("no token: %d", p.Status)
	}
	// Without the script's answer, without a name: the same page with what is wrong.
	page := b.Get(link)
	if p := b.Submit(page, "continue", "name", "Anna"); p.Status != http.StatusUnprocessableEntity || !p.Has("Make a passkey to continue") {
		t.Errorf("no passkey: %d", p.Status)
	}
	page = b.Get(link)
	p := b.Submit(page, "continue", "name", " ", "credential", create(t, d, page))
	if p.Status != http.StatusUnprocessableEntity || !p.Has(`href="#name"`) {
		t.Errorf("no name: %d\n%s", p.Status, p.Body)
	}
	// The page that comes again is good to go on with.
	if p = b.Submit(p, "continue", "name", "Anna", "credential", create(t, authenticator.New(w.Issuer), p)); p.URL.Path != "/operator" {
		t.Errorf("from the page that came again: %s (%d)", p.URL, p.Status)
	}
	// Nobody is let in by a wrong answer, and nobody else's passkey is told apart.
	page = b.Get("/operator/sign-in")
	for _, answer := range []string{"{", `{"id":"AAAA"}`, get(t, authenticatorOfNobody(t, w), page)} {
		in := w.Browser()
		page := in.Get("/operator/sign-in")
		if p := in.Submit(page, "continue", "credential", answer); p.Status != http.StatusUnprocessableEntity || !p.Has("The passkey was not accepted") {
			t.Errorf("answer %.20s: %s (%d)", answer, p.URL, p.Status)
		}
	}
}

// authenticatorOfNobody has a passkey for the site that no row knows.
func authenticatorOfNobody(t *testing.T, w *world.World) *authenticator.Device {
	t.Helper()
	d := authenticator.New(w.Issuer)
	create(t, d, w.Browser().Get(invitation(t, w)))
	return d
}

// A session of an operator must not be made to invite by another site, and a
// citizen's cookie opens nothing here.
func TestPages_FormsAreTheirOwn(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	b := w.Browser()
	home := join(t, b, authenticator.New(w.Issuer), invitation(t, w), "Anna")
	action, form := b.Form(home, "continue")
	form.Set("name", "Eve")
	form.Set("csrf", "forged")
	if p := b.Post(action, form); p.Status != http.StatusForbidden {
		t.Errorf("a forged form: %d", p.Status)
	}
	stranger := w.Browser()
	page := stranger.Get("/operator/sign-in")
	csrf := url.Values{"csrf": {between(page.Body, `name="csrf" value="`, `"`)}, "name": {"Eve"}}
	if p := stranger.Post("/operator/invitations", csrf); p.URL.Path != "/operator/sign-in" {
		t.Errorf("a stranger invites: %s (%d)", p.URL, p.Status)
	}
	_, rows, err := w.Operator.ListOperators(t.Context(), "")
	if err == nil || len(rows) > 0 {
		t.Errorf("listed for nobody: %v", rows)
	}
}

func TestSession_EndsByIdleness(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	b := w.Browser()
	join(t, b, authenticator.New(w.Issuer), invitation(t, w), "Anna")
	w.Advance(16 * time.Minute)
	if p := b.Get("/operator"); p.URL.Path != "/operator/sign-in" {
		t.Errorf("after 16 minutes: %s", p.URL)
	}
	w.Advance(operator.InviteLife)
	if p := b.Get("/operator"); p.URL.Path != "/operator/sign-in" {
		t.Errorf("after a day: %s", p.URL)
	}
}

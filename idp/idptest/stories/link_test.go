package stories_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"surety/idp/idptest/world"
)

// TestR6_NoGETChangesAnything: mail scanners open links in every way but the
// button, again and again, and so do browsers ahead of time. The person's own
// browser opens it as well. Nothing that is stored changes, nobody is told the
// code, and then the link works.
func TestR6_NoGETChangesAnything(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	b, contact, login := person(w), email(), email()
	w.Seed(login)
	recovering := person(w)
	begin(b, contact, "")
	recovering.Submit(recovering.Get("/recover"), "continue", "contact", login)
	mail, recovery := w.Mail(contact, 0), w.Mail(login, 0)
	before := contents(w)
	for _, m := range []struct{ link, code string }{{mail.Links[0], mail.Code}, {recovery.Links[0], recovery.Code}} {
		for _, opener := range []*world.Browser{person(w), b, recovering} {
			scan(t, opener, m.link, m.code)
		}
	}
	wantUnchanged(w, before, "opening links")
	page := b.Submit(b.Get(mail.Links[0]), "continue")
	want(t, page, http.StatusOK, `id="family_name"`)
	page = recovering.Submit(recovering.Get(recovery.Links[0]), "continue")
	want(t, page, http.StatusOK, "Choose a new password")
}

// scan opens a link as programs do.
func scan(t *testing.T, b *world.Browser, link, code string) {
	t.Helper()
	for _, header := range []http.Header{
		{}, {"Purpose": {"prefetch"}}, {"Sec-Purpose": {"prefetch;prerender"}}, {"X-Moz": {"prefetch"}},
		{"User-Agent": {"Mozilla/5.0 (compatible; MailScanner/1.0)"}, "Sec-Fetch-Site": {"cross-site"}, "Sec-Fetch-Mode": {"navigate"}},
		{"Range": {"bytes=0-10"}}, {"Accept": {"image/*"}},
	} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			got := send(b, method, link, nil, header)
			if got.Status != http.StatusOK || strings.Contains(got.Body, code) || strings.Contains(got.Body, code[:3]+" "+code[3:]) {
				t.Errorf("%s %v: %d, with the code: %v", method, header, got.Status, strings.Contains(got.Body, code))
			}
			if (method == http.MethodHead) != (got.Body == "") {
				t.Errorf("%s has a body of %d", method, len(got.Body))
			}
		}
	}
	for _, method := range []string{http.MethodOptions, http.MethodPut, http.MethodDelete, http.MethodPatch, "PROPFIND", "TRACE"} {
		if got := send(b, method, link, nil, nil); got.Status != http.StatusMethodNotAllowed {
			t.Errorf("%s: %d", method, got.Status)
		}
	}
	// A scanner that sends forms, too, has neither page nor origin.
	token := link[strings.Index(link, "t=")+2:]
	for _, header := range []http.Header{{}, {"Sec-Fetch-Site": {"cross-site"}}, {"Origin": {"https://scanner.example.test"}}} {
		if got := send(b, http.MethodPost, link, url.Values{"token": {token}, "continue": {"1"}}, header); got.Status != http.StatusForbidden {
			t.Errorf("POST without the page: %d", got.Status)
		}
	}
}

// TestR6_ALinkInAnotherBrowserShowsTheCodeAfterTheButton and never more: that
// browser is not logged in, and the code is of use only where it began.
func TestR6_ALinkInAnotherBrowserShowsTheCodeAfterTheButton(t *testing.T) {
	t.Parallel()
	w := house(t)
	b, reader, contact := person(w), person(w), email()
	page := begin(b, contact, "")
	mail := w.Mail(contact, 0)
	opened := reader.Get(mail.Links[0])
	want(t, opened, http.StatusOK, "You began in another browser", `id="continue"`)
	lacks(t, opened, mail.Code)
	shown := reader.Submit(opened, "continue")
	want(t, shown, http.StatusOK, mail.Code)
	again := reader.Submit(reader.Get(mail.Links[0]), "continue")
	want(t, again, http.StatusOK, mail.Code)
	wantPath(t, reader.Get("/account"), "/sign-in")
	// The other browser knows code and link, but not the attempt of the first.
	action, form := b.Form(page, "continue")
	_, own := reader.Form(reader.Get("/register"), "continue")
	form.Set("csrf", own.Get("csrf"))
	form.Set("code", mail.Code)
	want(t, reader.Post(action, form), http.StatusNotFound)
	want(t, b.Submit(page, "continue", "code", mail.Code), http.StatusOK, `id="family_name"`)
}

func TestR6_AUsedLinkIsOver(t *testing.T) {
	t.Parallel()
	w := house(t)
	b, reader, contact := person(w), person(w), email()
	begin(b, contact, "")
	link := w.Mail(contact, 0).Links[0]
	opened, elsewhere := b.Get(link), reader.Get(link)
	page := b.Submit(opened, "continue")
	// Pressed twice in its own browser it leads on; elsewhere it is over.
	wantPath(t, b.Submit(opened, "continue"), "/register/details")
	want(t, reader.Submit(elsewhere, "continue"), http.StatusGone, "used already, or it is too old")
	want(t, reader.Get(link), http.StatusGone)
	wantPath(t, b.Submit(page, "continue", names...), "/account")
	for _, p := range []world.Page{b.Get(link), reader.Get(link), b.Submit(opened, "continue"), reader.Submit(elsewhere, "continue")} {
		want(t, p, http.StatusGone, `id="reference"`)
	}
	// So is the form that was sent, and the step before it.
	want(t, b.Submit(page, "continue", names...), http.StatusGone)
	if n := len(messages(w, contact)); n != 1 {
		t.Errorf("%d messages", n)
	}
	for _, broken := range []string{"", "x", link[len(link)-43:] + "A", strings.Repeat("A", 43), strings.Repeat("A", 5000), "%00", "%ff"} {
		if p := b.Get("/register/link?t=" + broken); p.Status != http.StatusGone && p.Status != http.StatusBadRequest {
			t.Errorf("link %q: %d", broken, p.Status)
		}
	}
}

// TestR6_ANewerMessageReplacesTheOlder, and both end by time.
func TestR6_ANewerMessageReplacesTheOlder(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	b, contact := person(w), email()
	page := begin(b, contact, "")
	first := w.Mail(contact, 0)
	soon := b.Submit(page, "resend")
	want(t, soon, http.StatusTooManyRequests, "next one can be sent in")
	if wait := soon.Header.Get("Retry-After"); wait == "" || wait == "0" {
		t.Errorf("Retry-After %q", wait)
	}
	w.Advance(31 * time.Second)
	page = b.Submit(soon, "resend")
	want(t, page, http.StatusOK, "We have sent a new code")
	second := w.Mail(contact, first.ID)
	want(t, b.Get(first.Links[0]), http.StatusGone)
	if first.Code != second.Code {
		want(t, b.Submit(page, "continue", "code", first.Code), http.StatusUnprocessableEntity)
	}
	want(t, b.Get(second.Links[0]), http.StatusOK)
	opened, elsewhere := b.Get(second.Links[0]), person(w)
	abroad := elsewhere.Get(second.Links[0])
	w.Advance(24 * time.Hour)
	want(t, b.Get(second.Links[0]), http.StatusGone, "too old")
	want(t, b.Submit(opened, "continue"), http.StatusGone)
	want(t, elsewhere.Submit(abroad, "continue"), http.StatusGone)
	want(t, b.Submit(page, "continue", "code", second.Code), http.StatusGone)
}

// TestR6_ASMSCodeEndsAfterTenMinutes.
func TestR6_ASMSCodeEndsAfterTenMinutes(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	b, number := person(w), phone()
	page := begin(b, number, "")
	first := w.Mail(number, 0)
	w.Advance(10*time.Minute + time.Second)
	want(t, b.Submit(page, "continue", "code", first.Code), http.StatusUnprocessableEntity, "This code is too old")
	page = b.Submit(page, "resend")
	want(t, b.Submit(page, "continue", "code", w.Mail(number, first.ID).Code), http.StatusOK, `id="family_name"`)
}

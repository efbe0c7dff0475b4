package methods_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"surety/idp"
	"surety/idp/idptest/world"
)

// TestMethods_EverythingWithAPage: a person adds an app and passkeys, names
// them, makes new codes, and removes what they no longer want.
func TestMethods_EverythingWithAPage(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	p := somebody(w)
	page := p.logIn("/methods")
	wantPath(t, page, "/methods")
	wantText(t, page, "Password", "Add an authenticator app", "Add a passkey")

	_, page = p.addApp()
	codes := page.RecoveryCodes()
	wantText(t, page, "you reach the level “Basic” at most", "I have written them down")
	if len(codes) != 10 {
		t.Errorf("%d recovery codes", len(codes))
	}
	page = p.addPasskey(p.Get("/methods/passkey"), "My phone")
	wantPath(t, page, "/methods")
	wantText(t, page, "The passkey is added.", "Passkey: My phone", "Authenticator app", "You have 10 codes left.", "You added it while logged in at that level", "level “Basic”")

	rename := link(t, page, "/methods/[0-9a-f-]+/rename")
	page = p.Get(rename)
	wantText(t, page, `value="My phone"`)
	long := p.Submit(page, "continue", "name", strings.Repeat("a", 200))
	if long.Status != http.StatusUnprocessableEntity || !long.Has("aaaaaaaa") {
		t.Errorf("a name of 200 letters: %d", long.Status)
	}
	page = p.Submit(page, "continue", "name", `<b>Key</b> "2"`)
	wantText(t, page, "The new name is saved.", "&lt;b&gt;Key&lt;/b&gt;")

	page = p.Get("/methods/recovery-codes")
	wantText(t, page, "The 10 codes that you have left stop working at once.")
	fresh := p.Submit(page, "continue").RecoveryCodes()
	if len(fresh) != 10 || fresh[0] == codes[0] {
		t.Errorf("%d new recovery codes", len(fresh))
	}
	page = p.Get(link(t, p.Get("/methods"), "/methods/[0-9a-f-]+/remove"))
	wantText(t, page, "Remove this way to log in?", "Its recovery codes stop working")
	page = p.Submit(page, "remove")
	wantText(t, page, "The way to log in is removed.", "Add an authenticator app")
	if page.Has("codes left") {
		t.Error("recovery codes outlive the app")
	}
}

// TestMethods_NeedAFreshLogInAndComeBack: everything that changes something
// leads to the log-in page when the log-in is old, says why, and is there after.
func TestMethods_NeedAFreshLogInAndComeBack(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	p := somebody(w)
	p.logIn("/methods")
	page := p.addPasskey(p.Get("/methods/passkey"), "Key")
	remove := link(t, page, "/methods/[0-9a-f-]+/remove")
	w.Advance(stale)
	for _, path := range []string{"/methods/otp", "/methods/passkey"} {
		page = p.Get(path)
		wantPath(t, page, "/sign-in")
		wantText(t, page, "Please log in once more")
		wrong := p.Submit(page, "continue", "login", p.login, "password", "wrong wrong wrong 1")
		wantPath(t, wrong, "/sign-in")
		wantPath(t, p.Submit(wrong, "continue", "login", p.login, "password", world.Password), path)
		w.Advance(stale)
	}
	// The form of a page that was opened in time, sent too late.
	p.logInAgain("/methods/otp")
	page = p.Get("/methods/otp")
	app := w.ScanApp(page)
	w.Advance(stale)
	wantPath(t, p.Submit(page, "continue", "code", app.Code()), "/sign-in")
	page = p.Submit(p.Get(remove), "remove")
	wantPath(t, page, "/sign-in")
	page = p.Submit(page, "continue", "login", p.login, "password", world.Password)
	wantPath(t, page, remove)
	wantText(t, p.Submit(page, "remove"), "The way to log in is removed.")
}

func (p person) logInAgain(page string) {
	p.Helper()
	p.Submit(p.Get("/sign-in?"+url.Values{"return": {page}}.Encode()), "continue", "login", p.login, "password", world.Password)
}

// TestMethods_TheLastWayIsNotRemovedUnawares: who could not log in any more has
// to say that they know.
func TestMethods_TheLastWayIsNotRemovedUnawares(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	p := somebody(w)
	p.logIn("/methods")
	page := p.addPasskey(p.Get("/methods/passkey"), "Key")
	if _, err := w.DB.Owner(t).Exec(t.Context(), `DELETE FROM credential WHERE account_id = $1 AND method = 'password'`, p.id); err != nil {
		t.Fatal(err)
	}
	page = p.Get(link(t, page, "/methods/[0-9a-f-]+/remove"))
	wantText(t, page, "It is your last way to log in.", "I know that I cannot log in without it")
	page = p.Submit(page, "remove")
	if page.Status != http.StatusUnprocessableEntity || !page.Has(`id="confirm-fault"`) {
		t.Errorf("without a tick: %d\n%s", page.Status, page.Body)
	}
	page = p.Submit(page, "remove", "confirm", "1")
	if page.URL.Path != "/methods" && page.URL.Path != "/signed-out" && page.URL.Path != "/sign-in" {
		t.Errorf("removed, and at %s (%d)", page.URL, page.Status)
	}
}

// TestMethods_AreOneselfsOwn: nobody opens or sends the pages of another's
// methods, or without being logged in.
func TestMethods_AreOneselfsOwn(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	p, thief := somebody(w), somebody(w)
	p.logIn("/methods")
	page := p.addPasskey(p.Get("/methods/passkey"), "Key of Hanna")
	rename, remove := link(t, page, "/methods/[0-9a-f-]+/rename"), link(t, page, "/methods/[0-9a-f-]+/remove")
	renaming, removing := p.Get(rename), p.Get(remove)
	thief.logIn("/methods")
	for _, path := range []string{rename, remove, "/methods/not-an-id/remove", "/methods/" + idp.NewID() + "/rename"} {
		if got := thief.Get(path); got.Status != http.StatusNotFound || got.Has("Hanna") {
			t.Errorf("%s of somebody else: %d\n%s", path, got.Status, got.Body)
		}
	}
	_, own := thief.Form(thief.Get("/methods/passkey"), "passkey")
	for _, page := range []world.Page{renaming, removing} {
		form := url.Values{"csrf": own["csrf"], "name": {"mine"}, "confirm": {"1"}}
		if got := thief.Post(page.URL.String(), form); got.Status != http.StatusNotFound {
			t.Errorf("%s sent by somebody else: %d", page.URL, got.Status)
		}
		if got := w.Browser().Get(page.URL.String()); got.URL.Path != "/sign-in" || got.URL.Query().Get("return") != page.URL.Path {
			t.Errorf("%s for nobody: %s", page.URL, got.URL)
		}
	}
	// The secret of a form belongs to the session that opened it.
	page = p.Get("/methods/otp")
	_, form := p.Form(page, "continue")
	form.Set("csrf", own.Get("csrf"))
	form.Set("code", w.ScanApp(page).Code())
	if got := thief.Post("/methods/otp", form); got.Has("recovery codes") || !got.Has("begin again") {
		t.Errorf("another's secret was taken: %d\n%s", got.Status, got.Body)
	}
	wantText(t, p.Get("/methods"), "Key of Hanna")
}

// TestMethods_AnAppIsReplacedByWhoHasIt: a second app takes the place of the
// first only in a session that shows the first, or a code on paper.
func TestMethods_AnAppIsReplacedByWhoHasIt(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	p := somebody(w)
	p.logIn("/methods")
	app, page := p.addApp()
	codes := page.RecoveryCodes()
	p.Browser = w.Browser()
	page = p.logIn("/methods/otp")
	wantPath(t, page, "/step-up/otp")
	wantText(t, page, "You have an authenticator app already")
	page = p.Submit(page, "continue", "code", app.Next())
	wantPath(t, page, "/methods/otp")
	wantText(t, page, "stops working as soon as this one is added")
	second := w.ScanApp(page)
	wrong := p.Submit(page, "continue", "code", "000000")
	if w.ScanApp(wrong) != second {
		t.Error("a wrong code changes the key that the app has taken over")
	}
	page = p.Submit(wrong, "continue", "code", second.Code())
	if fresh := page.RecoveryCodes(); len(fresh) != 10 || fresh[0] == codes[0] {
		t.Errorf("%d recovery codes of the new app:\n%s", len(fresh), page.Body)
	}
}

// TestR6_ACodeToTheConfirmedContactLiftsTheLimit: with it what is added counts
// fully; skipped, it counts as far as the log-in did, and the page says so.
func TestR6_ACodeToTheConfirmedContactLiftsTheLimit(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	p := somebody(w)
	p.phone = "+37529120" + w.Now().Format("0405")
	w.AddContact(p.id, idp.ContactPhone, p.phone)
	w.Confirm(p.id, true)
	page := p.logIn("/methods/passkey")
	wantPath(t, page, "/methods/bind")
	wantText(t, page, "not somebody who found out your password", "the level “Checked” at most", `name="contact"`)
	skipped := p.Get(link(t, page, `/methods/passkey\?skip=1`))
	wantText(t, skipped, "you will reach the level “Checked” at most")

	page = p.Submit(page, "send", "contact", choice(page, "+375"))
	wantPath(t, page, "/methods/bind/code")
	first := p.code(0)
	soon := p.Submit(page, "resend")
	if soon.Status != http.StatusTooManyRequests {
		t.Errorf("sent again at once: %d\n%s", soon.Status, soon.Body)
	}
	w.Advance(31 * time.Second)
	page = p.Submit(soon, "resend")
	wantText(t, page, "We have sent a new code")
	second := p.code(first.ID)
	thief := somebody(w)
	thief.logIn("/methods")
	if got := thief.Get(page.URL.RequestURI()); got.URL.Path == "/methods/bind/code" {
		t.Errorf("another browser asks for the code: %s", got.URL)
	}
	wrong := p.Submit(page, "continue", "code", "abc")
	wantText(t, wrong, `id="code-fault"`, `name="for" value="passkey"`)
	page = p.Submit(wrong, "continue", "code", second.Code)
	wantPath(t, page, "/methods/passkey")
	wantText(t, page, "It will count wherever")
	page = p.addPasskey(page, "Key")
	wantText(t, page, "It counts wherever")
	if page.Has("Counts up to") {
		t.Errorf("it counts only so far:\n%s", page.Body)
	}
}

func choice(page world.Page, begins string) string {
	for _, part := range strings.Split(page.Body, `name="contact" value="`)[1:] {
		value, rest, _ := strings.Cut(part, `"`)
		_, label, _ := strings.Cut(rest, "<strong>")
		if strings.HasPrefix(strings.ReplaceAll(label, "&#43;", "+"), begins) {
			return value
		}
	}
	return ""
}

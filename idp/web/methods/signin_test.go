package methods_test

import (
	"net/http"
	"testing"

	"surety/idp/idptest/world"
)

// TestSignIn_ByPasskey: one press on the log-in page, nothing typed; who has no
// scripts is told so and led to the other ways; an answer counts once.
func TestSignIn_ByPasskey(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	p := somebody(w)
	p.logIn("/methods")
	p.addPasskey(p.Get("/methods/passkey"), "Key")

	p.Browser = w.Browser()
	page := p.Get("/methods/otp") // asks to log in, and comes back
	wantPath(t, page, "/sign-in")
	noScript := p.Submit(page, "passkey")
	wantPath(t, noScript, "/sign-in/passkey")
	wantText(t, noScript, "<noscript>", "Log in with a password", `name="return" value="/methods/otp"`)
	answer, err := p.device.Get(p.options(page))
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := w.Browser()
	stolen := elsewhere.Submit(elsewhere.Get("/sign-in"), "passkey", "credential", string(answer))
	if stolen.Status != http.StatusUnprocessableEntity || stolen.URL.Path != "/sign-in/passkey" {
		t.Errorf("the answer in another browser: %d %s", stolen.Status, stolen.URL)
	}
	action, form := p.Form(page, "passkey")
	form.Set("credential", string(answer))
	wantPath(t, p.Post(action, form), "/methods/otp")
	p.Get("/account")
	if again := p.Post(action, form); again.Status == http.StatusOK {
		t.Errorf("the same answer twice: %d %s", again.Status, again.URL)
	}

	p.Browser = w.Browser()
	page = p.usePasskey(p.Get("/sign-in"), "shared", "1")
	wantPath(t, page, "/account")
	wantText(t, page, "shared computer")
	garbage := p.Submit(p.Get("/sign-in/passkey"), "passkey", "credential", `{"id":1}`)
	if garbage.Status != http.StatusUnprocessableEntity || !garbage.Has("The passkey was not accepted") {
		t.Errorf("garbage for an answer: %d\n%s", garbage.Status, garbage.Body)
	}
}

// TestSignIn_BySMS: the same page and the same answer for a number that nobody
// logs in with; the code is good once and in one browser.
func TestSignIn_BySMS(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	p := somebody(w)
	p.phone = "+37529130" + w.Now().Format("0405")
	p.id, p.login = w.Seed(p.phone).AccountID, p.phone
	page := p.Get("/sign-in/sms?return=/methods")
	wantText(t, page, "Log in with a code by text message")
	if empty := p.Submit(page, "send", "phone", ""); empty.Status != http.StatusUnprocessableEntity || !empty.Has(`id="phone-fault"`) {
		t.Errorf("no number: %d\n%s", empty.Status, empty.Body)
	}
	wantText(t, p.Submit(page, "send", "phone", "anna@example.test"), `value="anna@example.test"`, `id="phone-fault"`)
	page = p.Submit(page, "send", "phone", p.phone)
	wantPath(t, page, "/sign-in/sms/code")
	unknown := w.Browser()
	other := unknown.Submit(unknown.Get("/sign-in/sms"), "send", "phone", "+375291399999")
	wantPath(t, other, "/sign-in/sms/code")
	wantText(t, other, "We sent a text message to")

	code := p.code(0)
	if got := w.Browser().Get(page.URL.RequestURI()); got.URL.Path != "/sign-in/sms" {
		t.Errorf("another browser asks for the code: %s", got.URL)
	}
	wantText(t, p.Submit(page, "continue", "code", "12"), `id="code-fault"`)
	page2 := p.Submit(page, "continue", "code", code.Code)
	wantPath(t, page2, "/methods")
	if again := p.Submit(page, "continue", "code", code.Code); again.URL.Path == "/sign-in/sms/code" && again.Status == http.StatusOK {
		t.Errorf("the same code twice: %d %s", again.Status, again.URL)
	}
}

// TestSignIn_ComesBackToPagesOfOursOnly: whatever the link says.
func TestSignIn_ComesBackToPagesOfOursOnly(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	for _, to := range []string{"https://evil.example/", "//evil.example/", `/\evil.example`, "javascript:alert(1)"} {
		p := somebody(w)
		page := p.Get("/sign-in?return=" + to)
		wantPath(t, p.Submit(page, "continue", "login", p.login, "password", world.Password), "/account")
	}
}
